/**
 * Runs the runtime tests: every body in every engine.
 *
 *     node run.mjs [--engine NAME,…] [--filter REGEX] [--file NAME] [--dist DIR | --peer] [--jobs N]
 *                 [--json FILE] [--no-isolation] [--list]
 *
 * Prints one line per test and, last, `N passed, N failed, N skipped`; exits with 1 when anything failed. A skip
 * must be listed with its reason in docs/testing.md, otherwise it counts as a failure.
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { NAMES, makeAssets } from './harness/assets.mjs';
import { ferropyDist, peerDist } from './harness/dist.mjs';
import { BrowserEngine, ENGINES, NodeEngine, findBrowser } from './harness/engines.mjs';
import { Extras } from './harness/extras.mjs';
import { serveNpm } from './harness/npm.mjs';
import { fussy } from './harness/fussy.mjs';
import { REPO } from './harness/pins.mjs';
import { Report } from './harness/report.mjs';
import { startServer } from './harness/server.mjs';
import { ensureWheels } from './harness/wheels.mjs';

const { values: options } = parseArgs({
  options: {
    engine: { type: 'string', multiple: true },
    filter: { type: 'string' },
    file: { type: 'string' },
    dist: { type: 'string' },
    peer: { type: 'boolean', default: false },
    jobs: { type: 'string', default: '2' },
    json: { type: 'string' },
    'no-isolation': { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});

const TESTS = join(REPO, 'tests');
const files = readdirSync(join(TESTS, 'runtime'))
  .filter((name) => name.endsWith('.test.mjs'))
  .filter((name) => !options.file || name.includes(options.file))
  .sort();
if (files.length === 0) throw new Error(`no test file matches '${options.file}'`);
const engines = options.engine?.flatMap((name) => name.split(',')) ?? Object.keys(ENGINES);
for (const name of engines) {
  if (!ENGINES[name]) throw new Error(`no engine '${name}'; there are ${Object.keys(ENGINES).join(', ')}`);
}
if (options.list) {
  console.log([...files, ...engines].join('\n'));
  process.exit(0);
}

const dist = options.peer ? peerDist() : ferropyDist(options.dist);
const wheels = ensureWheels();
const scratch = await mkdtemp(join(tmpdir(), 'ferropy-tests-'));
await makeAssets(scratch, JSON.parse(readFileSync(join(dist.dir, 'pyodide-lock.json'), 'utf8')));
const serveFussy = fussy(scratch);
const report = new Report({ peer: dist.peer });

/** Browser runs in flight: what each page asks for and where its events go. */
const runs = {
  next: 1,
  map: new Map(),
  open(plan, onEvent) {
    const id = String(this.next++);
    this.map.set(id, { plan, onEvent });
    return id;
  },
  close(id) {
    this.map.delete(id);
  },
};

async function handle(request, response, path) {
  if (await extras.handle(request, response, path)) return true;
  const [, kind, id] = /^\/__(plan|event)\/(\d+)$/.exec(path) ?? [];
  if (!kind) return (await serveFussy(request, response, path)) || serveNpm(request, response, path);
  const run = runs.map.get(id);
  if (!run) {
    response.writeHead(410).end();
  } else if (kind === 'plan') {
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(run.plan));
  } else {
    let body = '';
    for await (const chunk of request) body += chunk;
    run.onEvent(JSON.parse(body));
    response.writeHead(204).end();
  }
  return true;
}

const mounts = [
  ['/dist/', dist.dir],
  ['/some/folder far/down/', dist.dir],
  ['/tests/', TESTS],
  ['/assets/wheels/', wheels.folder],
  ['/assets/', scratch],
];
const extras = new Extras(mounts);
const server = await startServer({
  mounts,
  handle,
  isolated: !options['no-isolation'],
});

const common = { peer: dist.peer, loader: dist.loader, wheels: wheels.sets, assetNames: NAMES, filter: options.filter };
const nodeContext = { distDir: dist.dir, repo: REPO, assetsUrl: `${server.url}/assets/` };
const browserContext = { dist: '/dist/' };

/** Runs one file to its end, however often the engine dies on the way. */
async function runFile(engine, name, file) {
  const settled = [];
  for (;;) {
    let current;
    let done = false;
    let timer;
    let reason;
    const crashes = [];
    const settle = (event) => {
      clearTimeout(timer);
      current = undefined;
      settled.push(event.name);
      report.add(name, file, event);
    };
    const onEvent = (event) => {
      if (event.type === 'start') {
        current = event.name;
        timer = setTimeout(() => {
          reason = `no answer within ${event.timeout} s`;
          engine.kill();
        }, event.timeout * 1000);
      } else if (event.type === 'pass' || event.type === 'fail' || event.type === 'skip') {
        settle(event);
      } else if (event.type === 'done') {
        done = true;
      } else if (event.type === 'crash') {
        crashes.push(event.message);
      } else if (event.type === 'exit' && !done) {
        crashes.push(`${engine.constructor.name} ended: ${event.signal ?? event.code}\n${event.output}`);
      }
    };
    // Loading the file itself may hang, too.
    const whole = setTimeout(() => {
      reason = 'the file did not finish within 20 minutes';
      engine.kill();
    }, 20 * 60_000);
    const context = ENGINES[name].kind === 'node' ? nodeContext : browserContext;
    try {
      await engine.run({ ...common, ...context, file, skip: settled }, onEvent);
    } catch (error) {
      crashes.push(String(error.stack ?? error));
    }
    clearTimeout(whole);
    clearTimeout(timer);
    if (done) return;
    const message = reason ?? crashes.join('\n');
    if (current === undefined) {
      report.add(name, file, { type: 'fail', name: '(the file itself)', message });
      return;
    }
    settle({ type: 'fail', name: current, message, seconds: undefined });
  }
}

async function runEngine(name) {
  const { browser, kind } = ENGINES[name];
  if (kind !== 'node' && !findBrowser(browser)) {
    report.add(name, '-', { type: 'fail', name: `start ${browser}`, message: `${browser} is not installed` });
    return;
  }
  const engine = kind === 'node' ? new NodeEngine() : new BrowserEngine(name, server.url, runs);
  for (const file of files) await runFile(engine, name, file);
  await engine.close();
}

const queue = [...engines];
await Promise.all(
  Array.from({ length: Math.max(1, Number(options.jobs)) }, async () => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) await runEngine(name);
  }),
);
await extras.close();
await server.close();
await rm(scratch, { recursive: true, force: true });

const unlisted = dist.peer ? [] : report.unlistedSkips(readFileSync(join(REPO, 'docs', 'testing.md'), 'utf8'));
for (const skip of unlisted) {
  report.add(skip.engine, skip.file, {
    type: 'fail',
    name: `${skip.name} (skip)`,
    message: `its reason is not in docs/testing.md: ${skip.reason}`,
  });
}
if (options.json) writeFileSync(options.json, `${JSON.stringify(report.results, null, 1)}\n`);
report.printSummary();
process.exit(report.count('fail') > 0 ? 1 : 0);
