/** The ways a distribution is loaded: drop-in names, classic scripts, CommonJS, any folder, strict policy. */
import { test } from '../harness/body.mjs';

const works = (t, py) => t.equal(py.runPython('6 * 7'), 42);

test('pyodide.mjs exports the same', async (load, t) => {
  const module = await import(new URL('pyodide.mjs', t.env.distUrl).href);
  t.equal(typeof module.loadPyodide, 'function');
  t.equal(typeof module.version, 'string');
  works(t, await module.loadPyodide());
});

test('ferropy.mjs exports loadPyodide and version', { skip: { peer: 'the peer has no such file' } }, async (load, t) => {
  const module = await import(new URL('ferropy.mjs', t.env.distUrl).href);
  t.equal(typeof module.loadPyodide, 'function');
  t.match(module.version, /^\d+\.\d+\.\d+/);
});

test('an indexURL, with and without its final slash', { skip: { peer: 'tests ours' }, timeout: 120 }, async (load, t) => {
  const base = t.env.kind === 'node' ? t.env.distDir : t.env.distUrl.replace(/\/$/, '');
  works(t, await load({ indexURL: `${base}/` }));
  works(t, await load({ indexURL: base }));
});

test('from a nested folder with a space', { only: { window: 'a server matters only in browsers', worker: 'a server matters only in browsers' } }, async (load, t) => {
  const url = new URL(`/some/folder%20far/down/${t.env.peer ? 'pyodide' : 'ferropy'}.mjs`, t.env.distUrl).href;
  const { loadPyodide } = await import(url);
  works(t, await loadPyodide());
});

test('pyodide.js as a classic script', { only: { window: 'classic script elements exist only in windows' } }, async (load, t) => {
  const script = document.createElement('script');
  script.src = new URL('pyodide.js', t.env.distUrl).href;
  const loaded = new Promise((resolve, reject) => {
    script.onload = resolve;
    script.onerror = () => reject(new Error(`${script.src} did not load`));
  });
  document.head.append(script);
  t.after(() => script.remove());
  await loaded;
  t.equal(typeof globalThis.loadPyodide, 'function');
  works(t, await globalThis.loadPyodide());
});

test('pyodide.js through importScripts in a classic worker', { only: { window: 'started from the window once is enough' } }, async (load, t) => {
  const worker = new Worker(new URL('../harness/classic-worker.js', import.meta.url));
  t.after(() => worker.terminate());
  const answer = await new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage(new URL('pyodide.js', t.env.distUrl).href);
  });
  t.equal(answer, 42);
});

test('pyodide.js through require', { only: { node: 'require exists only in Node' } }, async (load, t) => {
  const { createRequire } = await import('node:module');
  const module = createRequire(`${t.env.distDir}/`)('./pyodide.js');
  works(t, await module.loadPyodide());
});

test('as an npm package by its name', { only: { node: 'npm packages are Node\'s' }, skip: { peer: 'tests ours' } }, async (load, t) => {
  const { execFileSync } = await import('node:child_process');
  const { mkdtempSync, mkdirSync, rmSync, symlinkSync, writeFileSync } = await import('node:fs');
  const { tmpdir } = await import('node:os');
  const { join } = await import('node:path');
  const folder = mkdtempSync(join(tmpdir(), 'ferropy-npm-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'node_modules'));
  const packed = JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json'], { cwd: t.env.distDir, encoding: 'utf8' }));
  const listed = packed[0].files.map((file) => file.path);
  for (const needed of ['ferropy.mjs', 'ferropy.asm.mjs', 'ferropy.asm.wasm', 'python_stdlib.zip', 'pyodide-lock.json', 'ferropy.d.ts', 'node/python.mjs']) {
    t.ok(listed.includes(needed), `npm pack leaves ${needed} out: ${listed}`);
  }
  symlinkSync(t.env.distDir, join(folder, 'node_modules', 'ferropy'));
  writeFileSync(join(folder, 'main.mjs'), "import { loadPyodide } from 'ferropy';\nconst py = await loadPyodide();\nconsole.log(py.runPython('6 * 7'));\n");
  t.equal(execFileSync(process.execPath, ['main.mjs'], { cwd: folder, encoding: 'utf8' }), '42\n');
});

test('nothing is fetched from another host', { only: { window: 'resource timing', worker: 'resource timing' } }, async (load, t) => {
  works(t, await load());
  const hosts = new Set(performance.getEntriesByType('resource').map((entry) => new URL(entry.name).host));
  t.same([...hosts].filter((host) => host !== location.host), []);
});

test('a missing distribution file is a clear error', { skip: { peer: 'tests ours' } }, async (load, t) => {
  const error = await t.rejects(() => load({ stdLibURL: new URL('no-such-stdlib.zip', t.env.distUrl).href }));
  t.match(error.message, /no-such-stdlib\.zip/);
});

test('the policy forbids eval here', { only: { window: 'policies are for pages', worker: 'policies are for pages' } }, async (load, t) => {
  // Proves that the other tests of this run did live under the policy.
  const error = t.throws(() => new Function('return 1')());
  t.match(error.name, /EvalError/);
});
