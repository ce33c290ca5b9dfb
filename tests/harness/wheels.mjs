/**
 * Strangers' wheels: downloads the sets that tests load from the package index this machine is configured for,
 * once, into FERROPY_CACHE, and checks each file against tests/wheels.lock.json.
 *
 *     node harness/wheels.mjs --update     pick the newest and rewrite the lock
 *     node harness/wheels.mjs              download what the lock names
 *
 * pip does index, configuration and hash work; nothing here knows a registry's address.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CACHE, pin } from './pins.mjs';

const LOCK = fileURLToPath(new URL('../wheels.lock.json', import.meta.url));

/** Set name → what pip is asked for. */
const REQUESTS = {
  msgpack: ['msgpack'],
  bitarray: ['bitarray'],
  'python-calamine': ['python-calamine'],
  librt: ['librt'],
  mypy: ['mypy'],
  rich: ['rich'],
  jinja2: ['jinja2'],
  sympy: ['sympy'],
  networkx: ['networkx'],
  beautifulsoup4: ['beautifulsoup4'],
};

/**
 * MarkupSafe publishes no wheel that any WebAssembly platform could use, but its source builds without the C
 * speed-ups when there is no compiler: that pure wheel is what jinja2 gets here.
 */
const PURE_FROM_SOURCE = { jinja2: ['markupsafe'] };

const digest = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');

function pip(args, env = {}) {
  const result = spawnSync('python3', ['-m', 'pip', '--disable-pip-version-check', '-q', ...args], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  if (result.error) throw new Error(`cannot run python3 -m pip: ${result.error.message}`);
  if (result.status !== 0) throw new Error(`pip ${args.join(' ')} failed:\n${result.stderr}`);
}

function download(folder, requests, extra = []) {
  const python = pin('abi', 'python');
  const tag = pin('abi', 'tag');
  pip([
    'download', '--only-binary=:all:', '--implementation=cp', `--abi=${tag}`, '--abi=none', `--python-version=${python}`,
    `--platform=${pin('abi', 'platform')}`, '--dest', folder, ...extra, ...requests,
  ]);
}

function buildPure(folder, requests) {
  pip(['wheel', '--no-deps', '--no-binary=:all:', '--wheel-dir', folder, ...requests], { CC: 'false' });
}

function update() {
  mkdirSync(CACHE, { recursive: true });
  const lock = {};
  for (const [set, requests] of Object.entries(REQUESTS)) {
    const folder = mkdtempSync(join(CACHE, 'wheels-update-'));
    const pure = PURE_FROM_SOURCE[set];
    const built = [];
    if (pure) {
      buildPure(folder, pure);
      built.push(...readdirSync(folder));
    }
    download(folder, requests, pure ? ['--find-links', folder] : []);
    lock[set] = readdirSync(folder)
      .sort()
      .map((file) => (built.includes(file) ? { file, source: true } : { file, sha256: digest(join(folder, file)) }));
    rmSync(folder, { recursive: true });
    console.error(`${set}: ${lock[set].map((w) => w.file).join(' ')}`);
  }
  writeFileSync(LOCK, `${JSON.stringify(lock, null, 2)}\n`);
}

/** `name==version` of a wheel's file name. */
const requirement = (file) => file.split('-').slice(0, 2).join('==');

/**
 * Makes sure every locked wheel is there.
 * @returns {{folder: string, sets: Record<string, string[]>}} the folder and the file names of each set
 */
export function ensureWheels() {
  const lock = JSON.parse(readFileSync(LOCK, 'utf8'));
  const folder = join(CACHE, 'test-wheels');
  mkdirSync(folder, { recursive: true });
  const sets = {};
  for (const [set, wheels] of Object.entries(lock)) {
    sets[set] = wheels.map((w) => w.file);
    for (const { file, sha256, source } of wheels) {
      const target = join(folder, file);
      if (existsSync(target)) continue;
      console.error(`# downloading ${file}`);
      const temporary = mkdtempSync(join(folder, '.part-'));
      try {
        if (source) buildPure(temporary, [requirement(file)]);
        else download(temporary, [requirement(file)], ['--no-deps']);
        const got = join(temporary, file);
        if (!existsSync(got)) throw new Error(`wanted ${file}, pip gave ${readdirSync(temporary)}`);
        if (sha256 && digest(got) !== sha256) {
          throw new Error(`${file}: sha256 is ${digest(got)}, tests/wheels.lock.json says ${sha256}`);
        }
        renameSync(got, target);
      } finally {
        rmSync(temporary, { recursive: true, force: true });
      }
    }
  }
  return { folder, sets };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--update')) update();
  console.log(JSON.stringify(ensureWheels(), null, 2));
}
