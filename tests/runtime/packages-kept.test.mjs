/** What is kept of packages, and what an installation leaves that does not come to its end: nothing that is half. */
import { test } from '../harness/body.mjs';

const OURS = { skip: { peer: 'the peer has no such cache' }, timeout: 120 };
const NODE = { ...OURS, only: { node: 'host folders exist only in Node' } };
const PAGES = { ...OURS, skip: { ...OURS.skip, node: 'pages and their workers exist only in browsers' } };
const QUIET = { messageCallback: () => {}, errorCallback: () => {} };
const BROWSERS_CACHE = 'ferropy-packages-1';

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** What a promise gives, if it does in time; `what` says what was waited for. */
function within(promise, what) {
  let timer;
  const late = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error(`no answer from ${what()}`)), 40_000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Waits until something is there. */
async function until(t, what, look) {
  for (let i = 0; i < 500; i++) {
    const found = await look();
    if (found) return found;
    await pause(20);
  }
  return t.ok(false, `${what} did not come`);
}

/** A new, empty place for packages: options that name it, and what is in it, by file name. */
async function place(t) {
  if (t.env.kind !== 'node') {
    await caches.delete(BROWSERS_CACHE);
    t.after(() => caches.delete(BROWSERS_CACHE));
    const cache = await caches.open(BROWSERS_CACHE);
    const find = async (file) => (await cache.keys()).find(({ url }) => url.endsWith(`/${file}`));
    return {
      options: {},
      label: "the browser's cache",
      files: async () => (await cache.keys()).map(({ url }) => url.split('/').at(-1)),
      read: async (file) => {
        const key = await find(file);
        const kept = key && (await cache.match(key));
        return kept && new Uint8Array(await kept.arrayBuffer());
      },
      write: async (file, bytes) => cache.put(await find(file), new Response(bytes)),
    };
  }
  const fs = await import('node:fs');
  const { tmpdir } = await import('node:os');
  const { join } = await import('node:path');
  const folder = fs.mkdtempSync(join(tmpdir(), 'ferropy-kept-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  return {
    options: { packageCacheDir: folder },
    label: folder,
    folder,
    files: async () => fs.readdirSync(folder),
    read: async (file) => (fs.existsSync(join(folder, file)) ? new Uint8Array(fs.readFileSync(join(folder, file))) : undefined),
    write: async (file, bytes) => fs.writeFileSync(join(folder, file), bytes),
  };
}

const flipped = (bytes, at) => bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));

test('a flipped byte in what is kept is noticed, told and mended', OURS, async (load, t) => {
  const kept = await place(t);
  const options = { lockFileURL: t.assetUrl('lock-two.json'), ...kept.options };
  const file = t.env.assetNames.tool;
  const good = await t.asset('tool');
  const whole = async () => (await kept.read(file))?.join() === good.join();
  await (await load(options)).loadPackage('ferropy-tool', QUIET);
  await until(t, 'the package', whole);
  t.same(await kept.files(), [file]);
  for (const bad of [flipped(good, 100), flipped(good, good.length - 1), good.slice(0, good.length >> 1), new Uint8Array(0)]) {
    await kept.write(file, bad);
    const py = await load(options);
    const messages = [];
    await py.loadPackage('ferropy-tool', { messageCallback: (text) => messages.push(text) });
    t.equal(py.runPython('import ferropy_tool; ferropy_tool.main()'), 7);
    const told = messages.filter((text) => text.includes('damaged'));
    t.equal(told.length, 1);
    t.ok(told[0].startsWith(`${file} in ${kept.label} is damaged (its sha256 is ${await sha256(bad)}, not ${await sha256(good)})`), told[0]);
    await until(t, 'the mended package', whole);
  }
  // And from there it comes: nobody serves it at this address.
  const contents = await (await fetch(t.assetUrl('lock-two.json'))).text();
  const nowhere = { lockFileContents: contents, packageBaseUrl: 'http://127.0.0.1:9/', ...kept.options };
  const messages = [];
  await (await load(nowhere)).loadPackage('ferropy-tool', { messageCallback: (text) => messages.push(text) });
  t.same(messages, ['Loading ferropy_tool', 'Loaded ferropy_tool 1.0']);
});

test('a flipped byte of an index: page, METADATA and wheel are named', OURS, async (load, t) => {
  const { fetch } = globalThis;
  t.after(() => {
    globalThis.fetch = fetch;
  });
  const indexURLs = [t.assetUrl('index/{package_name}.json').replace('%7B', '{').replace('%7D', '}')];
  const cases = [
    [/idx-app\.json$/, /idx-app cannot be read/],
    [/idx_app-1\.1-[^/]*\.metadata$/, /idx_app-1\.1-py3-none-any\.whl\.metadata cannot be loaded: it has the sha256 [0-9a-f]{64}, and its index says [0-9a-f]{64}/],
    [/idx_app-1\.1-[^/]*\.whl$/, /^idx_app-1\.1-py3-none-any\.whl cannot be loaded: it has the sha256 [0-9a-f]{64}, and [0-9a-f]{64} is wanted/],
  ];
  // Nothing may come from a cache, where the byte is not flipped.
  await place(t);
  for (const [address, reason] of cases) {
    const py = await load({});
    let hits = 0;
    globalThis.fetch = async (url, ...rest) => {
      const response = await fetch(url, ...rest);
      if (!address.test(String(url))) return response;
      hits += 1;
      const answer = new Response(flipped(new Uint8Array(await response.arrayBuffer()), 0), { headers: response.headers });
      return Object.defineProperty(answer, 'url', { value: response.url });
    };
    const error = await t.rejects(() => py.installPackages('idx-app', { ...QUIET, indexURLs }), String(address));
    globalThis.fetch = fetch;
    t.equal(error.name, 'PackageError');
    t.match(error.message, reason);
    t.ok(hits > 0, `${address} was not asked for`);
    t.same({ ...py.loadedPackages }, {});
    t.equal(py.runPython('import importlib.util as u; u.find_spec("idx_app") is u.find_spec("idx_lib") is None'), true);
  }
  const py = await load({});
  await py.installPackages('idx-app', { ...QUIET, indexURLs });
  t.equal(py.runPython('import idx_app; idx_app.VERSION'), '1.1');
});

/** What Python sees of installed packages, and the interpreter's own view of the import system. */
const SEEN = `
import os, sys, importlib.util, importlib.metadata, json
site = "/lib/python3.15/site-packages"
json.dumps([
    [[folder, sorted(folders), sorted(files)] for folder, folders, files in sorted(os.walk(site)) if "__pycache__" not in folder],
    sorted(os.listdir("/usr/lib")) if os.path.isdir("/usr/lib") else [],
    [name for name in NAMES if name in sys.modules or importlib.util.find_spec(name) is not None],
    sorted(one.name for one in importlib.metadata.distributions()),
    os.environ.get("LD_LIBRARY_PATH"),
])`;
const seen = (py) => JSON.parse(py.runPython(SEEN.replace('NAMES', '("ferropy_sample", "ferropy_tool", "ferropy_extra", "ferropy_hostile", "ferropy_native")')));

test('an installation that fails half-way leaves nothing', OURS, async (load, t) => {
  const py = await load({ lockFileURL: t.assetUrl('lock-two.json') });
  const empty = seen(py);
  const bad = t.assetUrl('wrongRecord/ferropy_hostile-1.0-py3-none-any.whl');
  t.match((await t.rejects(() => py.loadPackage([t.assetUrl('good'), bad, t.assetUrl('tool')], QUIET))).message, /ferropy_hostile/);
  t.same(seen(py), empty);
  // The second of three cannot be put in place: what was put there goes again, folders too.
  const site = '/lib/python3.15/site-packages';
  const ways = [
    [`${site}/ferropy_extra.py`, true, /^ferropy_tool-1\.0-py3-none-any\.whl cannot be loaded: .*ferropy_extra\.py is a folder, and the package has a file of this name/],
    [`${site}/ferropy_tool`, false, /^ferropy_tool-1\.0-py3-none-any\.whl cannot be loaded: .*ferropy_tool is a file, and the package has a folder of this name/],
  ];
  for (const [path, folder, reason] of ways) {
    if (folder) py.FS.mkdir(path);
    else py.FS.writeFile(path, 'mine');
    const before = seen(py);
    const error = await t.rejects(() => py.loadPackage([t.assetUrl('good'), t.assetUrl('tool'), t.assetUrl('native')], QUIET));
    t.equal(error.name, 'PackageError');
    t.match(error.message, reason);
    t.same(seen(py), before);
    t.same({ ...py.loadedPackages }, {});
    if (folder) py.FS.rmdir(path);
    else {
      t.equal(py.FS.readFile(path, { encoding: 'utf8' }), 'mine');
      py.FS.unlink(path);
    }
  }
  t.same(seen(py), empty);
  await py.loadPackage([t.assetUrl('good'), t.assetUrl('tool'), t.assetUrl('native')], QUIET);
  t.equal(py.runPython('import ferropy_sample, ferropy_tool, ferropy_native; ferropy_tool.main()'), 7);
});

test('what was imported of packages that then fail is forgotten', OURS, async (load, t) => {
  const py = await load({});
  const empty = seen(py);
  const { FS } = py;
  // The last step of an installation: packages are in place, and can be imported, when it fails.
  py.runPython(`
import _pyodide.packages as p
def failing(folders, real=p.installed):
    p.installed = real
    import ferropy_tool.sub.mod, ferropy_sample
    raise RuntimeError("at the last step")
p.installed = failing`);
  const error = await t.rejects(() => py.loadPackage([t.assetUrl('good'), t.assetUrl('tool')], QUIET));
  t.match(error.message, /at the last step/);
  t.same(seen(py), empty);
  t.equal(FS.analyzePath('/share').exists, false);
  t.same({ ...py.loadedPackages }, {});
  await py.loadPackage([t.assetUrl('good'), t.assetUrl('tool')], QUIET);
  t.equal(py.runPython('import ferropy_sample, ferropy_tool; ferropy_tool.main()'), 7);
});

/** A lock file with a wheel of some megabytes, whose writing takes a while. */
async function largeLock(t) {
  const url = t.wheelUrls('sympy').at(-1);
  const file = url.split('/').at(-1);
  const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
  const contents = await (await fetch(t.assetUrl('lock-two.json'))).json();
  const entry = { name: 'sympy', version: '1', file_name: `wheels/${file}`, install_dir: 'site', package_type: 'package' };
  contents.packages.sympy = { ...entry, sha256: await sha256(bytes), imports: ['sympy'], depends: ['ferropy-tool'], unvendored_tests: false };
  return { contents, file };
}

/** Begins a load in a worker or a frame; `tell` gets its steps. */
function begin(t, kind, what, tell) {
  const give = ({ data }) => {
    if (data.step === 'ready') target.postMessage(what);
    else tell(data);
  };
  let target;
  if (kind === 'worker') {
    target = new Worker(new URL('../harness/loading.mjs', import.meta.url), { type: 'module' });
    target.onmessage = give;
    return () => target.terminate();
  }
  const frame = document.createElement('iframe');
  frame.src = new URL('../harness/loading.html', import.meta.url).href;
  const listen = (event) => {
    if (event.source !== frame.contentWindow) return;
    target = frame.contentWindow;
    give(event);
  };
  addEventListener('message', listen);
  document.body.append(frame);
  const end = () => {
    removeEventListener('message', listen);
    frame.remove();
  };
  if (kind === 'closed page') return end;
  // Goes elsewhere; the frame stays.
  return async () => {
    removeEventListener('message', listen);
    await new Promise((done) => {
      frame.onload = done;
      frame.src = new URL('/assets/lock-two.json', location.origin).href;
    });
    frame.remove();
  };
}

test('a page or worker that is ended while it loads leaves nothing half', { ...PAGES, wheels: ['sympy'], timeout: 300 }, async (load, t) => {
  const kept = await place(t);
  const { contents, file } = await largeLock(t);
  const loader = new URL('ferropy.mjs', t.env.distUrl).href;
  const half = new URL(`/__half${new URL(t.env.assetsUrl).pathname}`, t.env.assetsUrl).href;
  // Where it is ended: before anything came, with half of it, while it is written, while it is put in place, at the end.
  const moments = [
    [half, ({ step }) => step === 'message', 0],
    [half, ({ step, received, total }) => step === 'download' && received > 0.4 * total, 0],
    [t.env.assetsUrl, ({ step }) => step === 'check', 0],
    [t.env.assetsUrl, ({ step }) => step === 'check', 5],
    [t.env.assetsUrl, ({ step }) => step === 'install', 0],
    [t.env.assetsUrl, ({ step }) => step === 'loaded', 0],
  ];
  const kinds = t.env.kind === 'window' ? ['worker', 'closed page', 'left page'] : ['worker'];
  for (const kind of kinds) {
    let entries = 0;
    for (const [base, when, later] of moments) {
      const cache = await caches.open(BROWSERS_CACHE);
      for (const key of await cache.keys()) await cache.delete(key);
      const what = { loader, options: { lockFileContents: contents, packageBaseUrl: base }, names: ['sympy'] };
      const steps = [];
      let end;
      const begun = new Promise((done, fail) => {
        end = begin(t, kind, what, (step) => {
          steps.push(step.step);
          if (step.step === 'failed') fail(new Error(step.text));
          if (when(step)) done();
        });
      });
      await within(begun, () => `a ${kind} that went no further than «${steps}»`);
      if (later > 0) await pause(later);
      await end();
      await pause(50);
      const ended = () => `the cache after a ${kind} that ended after «${steps}»`;
      for (const { url } of await within(cache.keys(), ended)) {
        const [wanted] = /[0-9a-f]{64}/.exec(url);
        const response = await within(cache.match(url), ended);
        t.equal(await sha256(await within(response.arrayBuffer(), ended)), wanted, `${kind} ended after ${steps}: ${url}`);
        entries += 1;
      }
    }
    t.ok(entries > 0, `nothing was ever kept by a ${kind}`);
  }
  const messages = [];
  const py = await load({ lockFileContents: contents, packageBaseUrl: t.env.assetsUrl });
  await py.loadPackage('sympy', { messageCallback: (text) => messages.push(text) });
  t.noMatch(messages.join('\n'), /damaged/);
  t.equal(py.runPython('import ferropy_tool; ferropy_tool.main()'), 7);
  await until(t, 'the package', async () => (await kept.files()).includes(file));
});

test('a process that is killed while it loads leaves nothing half', { ...NODE, wheels: ['sympy'], timeout: 300 }, async (load, t) => {
  const kept = await place(t);
  const { contents, file } = await largeLock(t);
  const { spawn } = await import('node:child_process');
  const { utimesSync } = await import('node:fs');
  const { join } = await import('node:path');
  const { fileURLToPath } = await import('node:url');
  const program = fileURLToPath(new URL('../harness/loading.mjs', import.meta.url));
  const options = { lockFileContents: contents, packageBaseUrl: t.env.assetsUrl, ...kept.options };
  const run = async (die) => {
    const what = { loader: new URL('ferropy.mjs', t.env.distUrl).href, options, names: ['sympy'], die };
    const child = spawn(process.execPath, [program, JSON.stringify(what)], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (data) => {
      output += data;
    });
    const [, signal] = await new Promise((done) => child.on('close', (...result) => done(result)));
    const steps = output.trim().split('\n').map((line) => JSON.parse(line));
    return { signal, steps };
  };
  const known = new Map(Object.values(contents.packages).map((one) => [one.file_name.split('/').at(-1), one.sha256]));
  for (const die of ['half-written', 'download', 'check', 'install', 'half-written']) {
    const { signal } = await run(die);
    t.equal(signal, 'SIGKILL', die);
    const names = await kept.files();
    for (const name of names.filter((one) => !one.endsWith('.part'))) t.equal(await sha256(await kept.read(name)), known.get(name), `${name} after ${die}`);
    if (die === 'half-written') t.ok(names.some((name) => name.endsWith('.part')), `nothing was being written: ${names}`);
  }
  // What the killed ones left goes when it is old; what another process may be writing stays.
  const [fresh, ...old] = (await kept.files()).filter((name) => name.endsWith('.part'));
  t.ok(old.length > 0);
  for (const name of old) utimesSync(join(kept.folder, name), 1, 1);
  const { signal, steps } = await run(undefined);
  t.equal(signal, null);
  t.equal(steps.at(-1).step, 'loaded');
  t.noMatch(JSON.stringify(steps), /damaged/);
  t.same((await kept.files()).sort(), [fresh, t.env.assetNames.tool, file].sort());
});
