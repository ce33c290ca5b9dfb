/**
 * Compares ferropy with the peer (npm `pyodide`) on this machine: load time, bytes, pure-Python speed, calls
 * across the border, and the command line. Everything is interleaved, so that a busy minute hits both.
 *
 *     node benches/peer/run.mjs [--quick] [--json FILE] [--only load,bytes,cli,ffi,python] [--rounds N]
 *                               [--dist DIR] [--self] [--native "CMD …"] [--no-doc]
 *
 * `--self` puts the peer in ferropy's place: what then differs from 1 is noise. Writes docs/benchmarks.md.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findBrowser, launchBrowser } from '../../tests/harness/engines.mjs';
import { CACHE, REPO, pin } from '../../tests/harness/pins.mjs';
import { startServer } from '../../tests/harness/server.mjs';
import { measureInNode } from '../ffi/measure.mjs';
import { Child, chooseSides, machine, order, say } from '../shared/sides.mjs';
import { printSummary, writeMarkdown } from './report.mjs';
import { QUICK, SCRIPTS, ensurePyperformance } from './scripts.mjs';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    only: { type: 'string', default: 'load,bytes,cli,ffi,python' },
    rounds: { type: 'string' },
    dist: { type: 'string' },
    self: { type: 'boolean', default: false },
    native: { type: 'string' },
    'no-doc': { type: 'boolean', default: false },
  },
});
const parts = new Set(options.only.split(','));
const rounds = Number(options.rounds ?? 7);
const here = (name) => fileURLToPath(new URL(name, import.meta.url));

const sides = chooseSides(options);

/** A native Python 3.15 that runs the same shim; its column shows what WebAssembly costs. */
class Native {
  constructor({ program, args, env }) {
    this.process = spawn(program, [...args, here('pyperf_shim.py')], {
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }

  async script({ benchmarks, folder, argv, budget }) {
    this.process.stdin.write(`${JSON.stringify({ path: join(benchmarks, folder, 'run_benchmark.py'), argv, budget })}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error('native Python ended');
    const { results, error } = JSON.parse(value);
    if (error) throw new Error(error);
    return results;
  }

  end() {
    this.process.kill('SIGKILL');
  }
}

/** `--native`, `python3.15` on PATH, or the one in the toolchain's Debian root. */
function findNative() {
  const name = `python${pin('abi', 'python')}`;
  if (options.native) {
    const [program, ...args] = options.native.split(' ');
    return { program, args, env: {} };
  }
  if (spawnSync(name, ['-V']).status === 0) return { program: name, args: [], env: {} };
  const roots = join(CACHE, 'root');
  for (const key of existsSync(roots) ? readdirSync(roots) : []) {
    for (const root of [join(roots, key), join(roots, key, 'rootfs')]) {
      const program = join(root, 'usr', 'bin', name);
      const loader = join(root, 'lib64', 'ld-linux-x86-64.so.2');
      if (!existsSync(program) || !existsSync(loader)) continue;
      // The root's own C library, through its own loader: no chroot, so no root rights.
      const libraries = join(root, 'usr', 'lib', 'x86_64-linux-gnu');
      return { program: loader, args: ['--library-path', libraries, program], env: { PYTHONHOME: join(root, 'usr') } };
    }
  }
  return undefined;
}

const results = { machine: machine(), options: { quick: options.quick, self: options.self, rounds } };

async function loadInNode() {
  const times = { ferropy: [], peer: [] };
  for (let round = 0; round < rounds; round++) {
    for (const side of order(round)) {
      const child = new Child(sides[side]);
      times[side].push(await child.load());
      child.end();
    }
    say(`load in Node, round ${round + 1}/${rounds}: ${times.ferropy.at(-1).toFixed(2)} s, ${times.peer.at(-1).toFixed(2)} s`);
  }
  return times;
}

/** Load time in a fresh page of a fresh context, through the same brotli server; and what was transferred. */
async function loadInBrowser(browserName, measureBytes) {
  const server = await startServer({
    mounts: [
      ['/ferropy/', sides.ferropy.dir],
      ['/peer/', sides.peer.dir],
      ['/page/', here('.')],
    ],
    brotli: 9,
  });
  const browser = await launchBrowser(browserName);
  const times = { ferropy: [], peer: [] };
  const bytes = {};
  const files = {};
  try {
    // Round -1 fills the server's cache of compressed files and is not counted.
    for (let round = -1; round < rounds; round++) {
      for (const side of order(round + 2)) {
        const context = await browser.createBrowserContext();
        const page = await context.newPage();
        server.resetCount();
        const query = new URLSearchParams({ dist: `/${side}/`, loader: sides[side].loader });
        await page.goto(`${server.url}/page/page.html?${query}`);
        await page.waitForFunction(() => /^(took|error) /.test(document.title), { timeout: 120_000, polling: 50 });
        const title = await page.title();
        const took = /^took (.+)$/.exec(title)?.[1];
        if (!took) throw new Error(`${side} in ${browserName}: ${title}`);
        const own = server.requests().filter((request) => request.path.startsWith(`/${side}/`));
        bytes[side] = own.reduce((sum, request) => sum + request.bytes, 0);
        files[side] = own.map(({ path, bytes: size }) => ({ path: path.slice(side.length + 2), bytes: size }));
        if (round >= 0) times[side].push(Number(took));
        await context.close();
      }
      if (round >= 0) {
        say(`load in ${browserName}, round ${round + 1}/${rounds}: ${times.ferropy.at(-1).toFixed(2)} s, ${times.peer.at(-1).toFixed(2)} s`);
      }
    }
  } finally {
    await browser.close();
    await server.close();
  }
  return measureBytes ? { times, bytes, files } : { times };
}

/** Wall time of whole commands: `ferropy run -c 'print(1)'` against a process that only loads the peer. */
function commandLine() {
  const binary = join(process.env.CARGO_TARGET_DIR ?? join(REPO, 'target'), 'release', 'ferropy');
  const peer = sides.peer;
  const script = `import(${JSON.stringify(`file://${peer.dir}/${peer.loader}`)}).then(m => m.loadPyodide()).then(() => process.exit(0))`;
  const commands = { peer: ['node', ['--input-type=module', '-e', script]] };
  if (options.self) commands.ferropy = commands.peer;
  else if (existsSync(binary)) commands.ferropy = [binary, ['run', '-c', 'print(1)']];
  else return undefined;
  const env = options.self || !options.dist ? process.env : { ...process.env, FERROPY_DIST: sides.ferropy.dir };
  const times = { ferropy: [], peer: [] };
  // The first, uncounted round may still build something.
  for (let round = -1; round < rounds; round++) {
    for (const side of order(round + 2)) {
      const begin = performance.now();
      execFileSync(commands[side][0], commands[side][1], { stdio: ['ignore', 'pipe', 'pipe'], env });
      if (round >= 0) times[side].push((performance.now() - begin) / 1000);
    }
    if (round >= 0) say(`command line, round ${round + 1}/${rounds}: ${times.ferropy.at(-1).toFixed(2)} s, ${times.peer.at(-1).toFixed(2)} s`);
  }
  return times;
}

async function pythonSpeed() {
  const benchmarks = ensurePyperformance();
  const scripts = SCRIPTS.slice(0, options.quick ? QUICK : undefined);
  const turns = options.quick ? 1 : 3;
  const budget = options.quick ? 0.8 : 1.5;
  const native = findNative();
  if (!native) say('no native Python for the third column (--native)');
  const figures = {};
  const problems = {};
  for (let round = 0; round < turns; round++) {
    const runtimes = {};
    const start = {
      ferropy: async () => {
        const child = new Child(sides.ferropy);
        await child.load();
        return child;
      },
      peer: async () => {
        const child = new Child(sides.peer);
        await child.load();
        return child;
      },
      native: async () => new Native(native),
    };
    for (const [script, ...argv] of scripts) {
      const request = { benchmarks, shim: here('pyperf_shim.py'), folder: `bm_${script}`, argv, budget };
      const names = [...order(round), ...(native ? ['native'] : [])];
      for (const name of names) {
        try {
          runtimes[name] ??= await start[name]();
          const table = await (name === 'native'
            ? runtimes[name].script(request)
            : runtimes[name].ask({ do: 'script', ...request }));
          for (const [figure, values] of Object.entries(table)) {
            figures[figure] ??= { ferropy: [], peer: [], native: [] };
            figures[figure][name].push(...values);
          }
        } catch (error) {
          problems[`${script} ${argv.join(' ')}`.trim()] = `${name}: ${error.message}`;
          // Whatever happened, the next script gets a fresh interpreter.
          runtimes[name]?.end();
          runtimes[name] = undefined;
        }
      }
      say(`python, round ${round + 1}/${turns}: ${script} ${argv.join(' ')}`);
    }
    for (const runtime of Object.values(runtimes)) runtime?.end();
  }
  return { figures, problems };
}

if (parts.has('load')) results.loadNode = await loadInNode();
if (parts.has('load') || parts.has('bytes')) {
  for (const browser of ['chromium', 'firefox']) {
    if (!findBrowser(browser)) {
      say(`${browser} is not installed: no load time in it`);
      continue;
    }
    const { times, bytes, files } = await loadInBrowser(browser, browser === 'chromium');
    (results.loadBrowser ??= {})[browser] = times;
    if (bytes) Object.assign(results, { bytes, files });
  }
  results.sizes = Object.fromEntries(Object.entries(sides).map(([side, { dir }]) => [side, folderSizes(dir)]));
}
if (parts.has('cli')) results.commandLine = commandLine();
if (parts.has('ffi')) results.calls = await measureInNode(sides, { quick: options.quick, rounds: options.quick ? 3 : 5 });
if (parts.has('python')) results.python = await pythonSpeed();

/** Plain sizes of a distribution's files. */
function folderSizes(dir) {
  return Object.fromEntries(
    readdirSync(dir)
      .filter((name) => statSync(join(dir, name)).isFile())
      .map((name) => [name, statSync(join(dir, name)).size]),
  );
}

if (options.json) writeFileSync(options.json, `${JSON.stringify(results, null, 1)}\n`);
if (!options['no-doc']) writeFileSync(join(REPO, 'docs', 'benchmarks.md'), writeMarkdown(results));
printSummary(results);
