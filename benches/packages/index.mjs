/**
 * A package index on this machine: what it is asked for the first time it gets from the index that pip uses and keeps
 * below FERROPY_CACHE; from then on nothing leaves the machine. Its pages are JSON and METADATA can be had apart, as
 * from the large public index, whatever the recorded index does.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE } from '../../tests/harness/pins.mjs';
import { startServer } from '../../tests/harness/server.mjs';

const FOLDER = join(CACHE, 'bench', 'index');

/** Reads a wheel's METADATA, whose place Python's zipfile finds. */
const METADATA = `
import sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
name = min((n for n in wheel.namelist() if n.endswith(".dist-info/METADATA")), key=len)
sys.stdout.buffer.write(wheel.read(name))
`;

/** The index that pip uses: its configuration's, else the one it has built in. */
export function pipIndex() {
  const ask = `
import os
from pip._internal.configuration import Configuration
from pip._internal.models.index import PyPI
found = Configuration(isolated=False)
found.load()
told = dict(found.items())
print(os.environ.get("PIP_INDEX_URL") or told.get("download.index-url") or told.get("global.index-url") or PyPI.simple_url)
`;
  return execFileSync('python3', ['-c', ask], { encoding: 'utf8' }).trim().replace(/\/*$/, '/');
}

const unescape = (text) => text.replaceAll('&gt;', '>').replaceAll('&lt;', '<').replaceAll('&quot;', '"').replaceAll('&amp;', '&');

/** The files of an index's HTML page, as its JSON page has them. @param {string} html @param {string} base its address */
function filesOf(html, base) {
  return [...html.matchAll(/<a\s([^>]*)>([^<]*)<\/a>/g)].map(([, attributes, filename]) => {
    const attribute = (name) => {
      const found = new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1];
      return found === undefined ? undefined : unescape(found);
    };
    const url = new URL(attribute('href'), base);
    const sha256 = /sha256=([0-9a-f]+)/.exec(url.hash)?.[1];
    url.hash = '';
    return {
      filename,
      url: url.href,
      hashes: sha256 ? { sha256 } : {},
      'requires-python': attribute('data-requires-python'),
      yanked: attribute('data-yanked') ?? false,
      'core-metadata': filename.endsWith('.whl'),
    };
  });
}

/** @param {Response} response */
async function insist(response) {
  if (!response.ok) throw new Error(`${new URL(response.url).pathname}: the index answered ${response.status}`);
  return response;
}

/** What is kept under a key, else what `make` gives. */
async function kept(key, make) {
  const path = join(FOLDER, createHash('sha256').update(key).digest('hex').slice(0, 24));
  if (!existsSync(path)) {
    mkdirSync(FOLDER, { recursive: true });
    const content = await make();
    writeFileSync(`${path}.${process.pid}`, content);
    renameSync(`${path}.${process.pid}`, path);
  }
  return path;
}

/**
 * Gives each version that has wheels for Linux only one of them under a pure wheel's name: graphs can then be resolved,
 * though not installed, for which the browser has no wheels.
 */
function calledPure(files) {
  const version = (file) => file.filename.split('-')[1];
  const pure = new Set(files.filter(({ filename }) => filename.endsWith('-none-any.whl')).map(version));
  const made = files.filter((file) => {
    if (!/-(cp313-cp313|cp\d+-abi3)-manylinux\S*_x86_64\S*\.whl$/.test(file.filename) || pure.has(version(file))) return false;
    pure.add(version(file));
    return true;
  });
  const rename = (file) => ({ ...file, filename: `${file.filename.split('-').slice(0, 2).join('-')}-py3-none-any.whl` });
  return [...files, ...made.map(rename)];
}

/**
 * @returns {Promise<{url: string, pureUrl: string, close: () => Promise<void>}>} `url` is the index's, without a slash at
 *   its end; `pureUrl` that of the same index with more pure wheels, see `calledPure`.
 */
export async function startIndex() {
  const upstream = pipIndex();
  /** Answers by path: a request then costs this process next to nothing. */
  const answers = new Map();
  let own;

  const page = async (name, more) => {
    const file = await kept(`page ${name}`, async () => {
      const response = await insist(await fetch(`${upstream}${name}/`, { headers: { Accept: 'text/html' } }));
      return JSON.stringify(filesOf(await response.text(), response.url));
    });
    const files = more(JSON.parse(readFileSync(file, 'utf8')));
    for (const one of files) one.url = `${own}/files/${encodeURIComponent(one.url)}/${one.filename}`;
    const versions = [...new Set(files.map((one) => one.filename.split('-')[1]?.replace(/\.tar\.gz$/, '')))];
    return JSON.stringify({ meta: { 'api-version': '1.1' }, name, versions, files });
  };
  const wheel = (address) => kept(`file ${address}`, async () => Buffer.from(await (await insist(await fetch(address))).arrayBuffer()));
  const metadata = (address) => kept(`metadata ${address}`, async () => execFileSync('python3', ['-c', METADATA, await wheel(address)]));

  const make = async (path) => {
    const [, kind, name] = /^\/(simple|pure)\/([^/]+)\/$/.exec(path) ?? [];
    if (name !== undefined) {
      const content = await page(name, kind === 'pure' ? calledPure : (files) => files);
      return ['application/vnd.pypi.simple.v1+json', Buffer.from(content)];
    }
    const [, address, apart] = /^\/files\/(.*?)\/[^/]*?(\.metadata)?$/.exec(path) ?? [];
    if (address === undefined) return undefined;
    const original = decodeURIComponent(address);
    return ['application/octet-stream', readFileSync(await (apart ? metadata : wheel)(original))];
  };
  const server = await startServer({
    mounts: [],
    async handle(request, response) {
      // Not the decoded path: addresses of files lie in it as one part.
      const { pathname } = new URL(request.url, 'http://host');
      if (!answers.has(pathname)) answers.set(pathname, await make(pathname));
      const answer = answers.get(pathname);
      if (answer === undefined) return false;
      response.setHeader('Access-Control-Allow-Origin', '*');
      response.writeHead(200, { 'Content-Type': answer[0], 'Content-Length': answer[1].length }).end(answer[1]);
      return true;
    },
  });
  own = server.url;
  return { url: `${own}/simple`, pureUrl: `${own}/pure`, close: server.close };
}
