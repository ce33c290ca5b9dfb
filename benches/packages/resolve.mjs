/** Resolving requirements: inside the runtime beside micropip, and natively beside uv. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, REPO } from '../../tests/harness/pins.mjs';
import { order, say } from '../shared/sides.mjs';
import { pipIndex, startIndex } from './index.mjs';
import { inNode } from './measure.mjs';

/** Graphs of which every package has a pure wheel. */
const PURE = ['httpx[http2]', 'rich', 'sympy', 'requests', 'textual'];

/** Graphs as large as projects ask for them. In the runtime, each is resolved as if all its packages had pure wheels. */
const LARGE = ['jupyterlab', 'sphinx', 'fastapi[standard]'];

/** The peer's micropip. */
const MICROPIP = /^micropip-0\.11\..*\.whl$/;

/** @typedef {Record<string, {ferropy: number[], peer: number[]}>} Times */

/** @returns {Promise<{resolve: Times, install: Times, problems: Record<string, string>}>} */
export async function measureInRuntime(sides, { rounds, self, sets }) {
  const index = await startIndex();
  const results = { resolve: {}, install: {}, problems: {} };
  try {
    const { files } = await (await fetch(`${index.url}/micropip/`)).json();
    const micropip = files.filter(({ filename }) => MICROPIP.test(filename)).slice(-1).map(({ url }) => url);
    for (const graph of [...PURE, ...LARGE].filter((name) => sets.test(name))) {
      const address = PURE.includes(graph) ? index.url : index.pureUrl;
      for (const what of PURE.includes(graph) ? ['resolve', 'install'] : ['resolve']) {
        const times = { ferropy: [], peer: [] };
        const picks = {};
        try {
          // Round -1 records what the index is asked for, and is not counted.
          for (let round = what === 'resolve' ? -1 : 0; round < rounds; round++) {
            for (const side of order(round + 2)) {
              const wheel = side === 'peer' || self ? micropip : [];
              const request = { what, requirements: [graph], index: address, micropip: wheel };
              const figures = await inNode(sides[side], request);
              picks[side] = figures.picks;
              if (round >= 0) times[side].push(figures[what]);
            }
          }
          results[what][graph] = times;
          if (picks.ferropy !== picks.peer) results.problems[`${graph} in the runtime`] = `ferropy: ${picks.ferropy}; peer: ${picks.peer}`;
        } catch (error) {
          results.problems[`${what} ${graph} in the runtime`] = error.message;
        }
      }
      say(`resolving in Node: ${graph}`);
    }
  } finally {
    await index.close();
  }
  return results;
}

/** Runs a program; its seconds, starting included, and what it wrote. */
function timed(program, args, options) {
  const begin = performance.now();
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', cwd: REPO, ...options });
  const took = (performance.now() - begin) / 1000;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stderr}`);
  return { took, stdout };
}

/** uv, from the index that pip uses, in an environment of its own. */
function ensureUv() {
  const folder = join(CACHE, 'bench', 'uv');
  const uv = join(folder, 'bin', 'uv');
  if (!existsSync(uv)) {
    timed('python3', ['-m', 'venv', folder]);
    timed(join(folder, 'bin', 'pip'), ['-q', 'install', 'uv']);
  }
  return uv;
}

/** The native resolver: FERROPY_RESOLVE, or what cargo builds. */
function ensureResolver() {
  if (process.env.FERROPY_RESOLVE) return process.env.FERROPY_RESOLVE;
  const build = ['build', '--release', '--quiet', '-p', 'index', '--example', 'resolve', '--message-format=json'];
  const messages = timed('cargo', build, { maxBuffer: 1 << 28 }).stdout.trim().split('\n');
  return messages.map((line) => JSON.parse(line)).find(({ target, executable }) => executable && target.name === 'resolve').executable;
}

/** From warm caches, both. @returns {{times: Times, problems: Record<string, string>}} */
export function measureNatively({ rounds, sets }) {
  const uv = ensureUv();
  const resolver = ensureResolver();
  const certificates = process.env.PIP_CERT ? { SSL_CERT_FILE: process.env.PIP_CERT } : {};
  const compile = [
    'pip', 'compile', '-', '--only-binary', ':all:', '--no-header', '--no-annotate', '--quiet', '--index-url', pipIndex(),
    '--python-version', '3.13', '--python-platform', 'x86_64-manylinux_2_28', '--cache-dir', join(CACHE, 'bench', 'uv-cache'),
    // Otherwise it looks for one, and a version manager's shims take a second to answer.
    '--python', join(uv, '..', 'python'),
  ];
  const run = {
    ferropy: (graph) => timed(resolver, ['linux-x86_64-3.13', graph]),
    // What is measured needs no network, but uv asks whether pages that state no age are still true.
    peer: (graph, warm) => timed(uv, [...compile, ...(warm ? ['--offline'] : [])], { input: graph, env: { ...process.env, ...certificates } }),
  };
  const results = { times: {}, problems: {} };
  for (const graph of LARGE.filter((name) => sets.test(name))) {
    const times = { ferropy: [], peer: [] };
    const picks = {};
    // Round -1 fills the caches and is not counted.
    for (let round = -1; round < rounds * 3; round++) {
      for (const side of order(round + 2)) {
        const { took, stdout } = run[side](graph, round >= 0);
        picks[side] = stdout.trim().split('\n').sort();
        if (round >= 0) times[side].push(took);
      }
    }
    results.times[`${graph} (${picks.peer.length} packages)`] = times;
    const only = (one, other) => picks[one].filter((pick) => !picks[other].includes(pick));
    const differing = [...only('ferropy', 'peer'), ...only('peer', 'ferropy')];
    if (differing.length > 0) results.problems[`${graph} natively`] = `the picks differ: ${differing.join(' ')}`;
    say(`resolving natively: ${graph}`);
  }
  return results;
}
