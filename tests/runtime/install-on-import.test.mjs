/** `installOnImport`: an `import` that nobody can serve installs the package that the lock file names, or says it. */
import { test } from '../harness/body.mjs';

const OURS = { skip: { peer: 'the peer has no such option' }, timeout: 120 };
const NODE = { ...OURS, only: { node: 'host folders exist only in Node' } };
const QUIET = { messageCallback: () => {}, errorCallback: () => {} };

const opted = (load, t, more = {}) => load({ lockFileURL: t.assetUrl('lock-imports.json'), installOnImport: true, ...more });

/** What an import ends with: class, message, name and cause of the exception. */
const FAILURE = `
def failure(name):
    try:
        __import__(name)
    except ImportError as error:
        return [type(error).__name__, str(error), error.name, type(error.__cause__).__name__]
`;

const sha256 = async (bytes) => {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
};

test('a package and what it needs', OURS, async (load, t) => {
  const py = await opted(load, t);
  t.same({ ...py.loadedPackages }, {});
  t.equal(py.runPython('import ferropy_needy; ferropy_needy.ferropy_tool.main()'), 7);
  t.same({ ...py.loadedPackages }, { ferropy_needy: 'default channel', ferropy_tool: 'default channel' });
  t.equal(py.runPython('from ferropy_tool.sub import mod; import ferropy_extra; mod.NAME'), 'ferropy_tool.sub.mod');
  t.equal(py.runPython('import importlib.metadata as m; m.version("ferropy-needy")'), '1.0');
  py.runPython('import ferropy_needy');
  t.same(await py.loadPackage('ferropy-needy', QUIET), []);
});

test('in asynchronous code, in a function, by importlib, by pyimport', OURS, async (load, t) => {
  const py = await opted(load, t);
  t.equal(await py.runPythonAsync('import asyncio\nawait asyncio.sleep(0)\nimport ferropy_tool\nferropy_tool.main()'), 7);
  const other = await opted(load, t);
  t.equal(other.runPython('import importlib\n(lambda: importlib.import_module("ferropy_needy").ferropy_tool.main())()'), 7);
  const third = await opted(load, t);
  const module = third.pyimport('ferropy_tool.sub.mod');
  t.equal(module.NAME, 'ferropy_tool.sub.mod');
  module.destroy();
});

test('a package with libraries, and a library that others need', OURS, async (load, t) => {
  const py = await opted(load, t);
  const answer = py.runPython(`
import ctypes, os, ferropy_native
outer = ctypes.CDLL(os.path.join(os.path.dirname(ferropy_native.__file__), "outer.so")).outer()
[outer, ctypes.CDLL("libeverybodys.so").everybodys()] == [42, 5]`);
  t.equal(answer, true);
  t.same(Object.keys(py.loadedPackages).sort(), ['everybodys', 'ferropy_native']);
});

test('extension modules', { ...OURS, wheels: ['msgpack'] }, async (load, t) => {
  const [url] = t.wheelUrls('msgpack');
  const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
  const lock = JSON.parse(new TextDecoder().decode(await t.asset('lock-imports.json')));
  const entry = { name: 'msgpack', version: '1', file_name: url, install_dir: 'site', package_type: 'package', imports: ['msgpack'], depends: [] };
  lock.packages = { msgpack: { ...entry, sha256: await sha256(bytes) } };
  const py = await load({ lockFileContents: lock, installOnImport: true });
  t.equal(py.runPython('import msgpack\nfrom msgpack import _cmsgpack\nmsgpack.unpackb(msgpack.packb([1, "a"])) == [1, "a"]'), true);
});

test('a large library: windows that refuse it say so, and loadPackage helps', OURS, async (load, t) => {
  const py = await opted(load, t);
  const large = 'import ctypes, os, ferropy_large\nctypes.CDLL(os.path.join(os.path.dirname(ferropy_large.__file__), "large.so")).inner()';
  if (t.env.engine === 'chromium') {
    const error = t.throws(() => py.runPython(large));
    t.equal(error.type, 'ModuleNotFoundError');
    t.match(error.message, /ferropy_large cannot be loaded: large\.so has 9\.\d MiB, and this engine compiles so much only asynchronously/);
    t.match(error.message, /await pyodide\.loadPackage\("ferropy_large"\)/);
    t.same({ ...py.loadedPackages }, {});
    t.equal(py.FS.analyzePath('/lib/python3.15/site-packages/ferropy_large/large.so').exists, false);
    await py.loadPackage('ferropy_large', QUIET);
  }
  t.equal(py.runPython(large), 40);
});

test('what cannot be installed: the error says why, nothing stays, the interpreter goes on', OURS, async (load, t) => {
  const py = await opted(load, t);
  const failure = (name) => JSON.parse(py.runPython(`${FAILURE}\nimport json; json.dumps(failure("${name}"))`));
  const reasons = {
    wrong_hash: /^No module named 'wrong_hash': the package "wrong-hash" of the lock file .*ferropy_sample-1\.2\.3.* it has the sha256 [0-9a-f]{64}, and [0-9a-f]{64} is wanted/s,
    absent: /the package "absent" .*ferropy_missing-1\.0.* could not be loaded: the server answered 404/s,
    half_one: /the package "half" .*no-such-package cannot be loaded: it is not in the lock file, and half needs it/s,
  };
  for (const [name, reason] of Object.entries(reasons)) {
    const [type, message, module, cause] = failure(name);
    t.equal(type, 'ModuleNotFoundError');
    t.match(message, reason);
    t.match(message, /await pyodide\.loadPackage\("/);
    t.equal(module, name);
    t.equal(cause, 'JsException');
  }
  const { message: traceback } = t.throws(() => py.runPython('import wrong_hash'));
  t.match(traceback, /JsException: PackageError: .*\n\nThe above exception was the direct cause/);
  t.noMatch(traceback, /missing\.py|importlib/);
  t.same({ ...py.loadedPackages }, {});
  t.equal(py.runPython('import os; [n for n in os.listdir("/lib/python3.15/site-packages") if "ferropy" in n] == []'), true);
  t.equal(py.runPython('import ferropy_tool; ferropy_tool.main()'), 7);
  const [type, message] = failure('not_in_liar');
  t.equal(type, 'ModuleNotFoundError');
  t.match(message, /the package "liar" has it, .*no such module/);
});

test('modules of no package, and submodules, fail as ever', OURS, async (load, t) => {
  const py = await opted(load, t);
  const failure = (name) => JSON.parse(py.runPython(`${FAILURE}\nimport json; json.dumps(failure("${name}"))`));
  t.same(failure('no_such_module'), ['ModuleNotFoundError', "No module named 'no_such_module'", 'no_such_module', 'NoneType']);
  t.equal(failure('ferropy_tool.no_such')[1], "No module named 'ferropy_tool.no_such'");
  t.equal(failure('json.ferropy_tool')[1], "No module named 'json.ferropy_tool'");
});

test('not opted in: the error tells the package and both ways', OURS, async (load, t) => {
  const py = await load({ lockFileURL: t.assetUrl('lock-imports.json') });
  const error = t.throws(() => py.runPython('import ferropy_needy'));
  t.equal(error.type, 'ModuleNotFoundError');
  t.match(
    error.message,
    /No module named 'ferropy_needy'\. The lock file has it in the package "ferropy_needy": call `await pyodide\.loadPackage\("ferropy_needy"\)` before, or `loadPyodide\(\{ installOnImport: true \}\)`/,
  );
  t.match(error.message, /File "<exec>", line 1, in <module>\n(    .*\n)*ModuleNotFoundError: /);
  t.equal(py.runPython('import importlib.util as u; u.find_spec("ferropy_needy") is None'), true);
  t.equal(py.runPython('try:\n    import ferropy_needy\nexcept ImportError as e:\n    r = e.name\nr'), 'ferropy_needy');
  t.same({ ...py.loadedPackages }, {});
  await py.loadPackage('ferropy_needy', QUIET);
  t.equal(py.runPython('import ferropy_needy; ferropy_needy.ferropy_tool.main()'), 7);
});

test('find_spec installs nothing; what it gives does when it is loaded', OURS, async (load, t) => {
  const py = await opted(load, t);
  t.equal(py.runPython('import importlib.util as u\nspec = u.find_spec("ferropy_tool")\nspec.origin'), 'the package "ferropy_tool"');
  t.same({ ...py.loadedPackages }, {});
  const answer = py.runPython(`
import sys
module = u.module_from_spec(spec)
sys.modules["ferropy_tool"] = module
spec.loader.exec_module(module)
import ferropy_tool.sub.mod
[module.main(), ferropy_tool is module, module.__spec__.origin == module.__file__, type(module.__loader__).__name__] == [7, True, True, "SourceFileLoader"]`);
  t.equal(answer, true);
  t.same(Object.keys(py.loadedPackages), ['ferropy_tool']);
});

test('other finders come first, even those that come later', OURS, async (load, t) => {
  const py = await opted(load, t);
  py.registerJsModule('ferropy_tool', { main: () => 'mine' });
  t.equal(py.runPython('import ferropy_tool; ferropy_tool.main()'), 'mine');
  t.same({ ...py.loadedPackages }, {});
});

test('while loadPackage waits for its downloads', OURS, async (load, t) => {
  const py = await opted(load, t);
  const loading = py.loadPackage('ferropy_needy', QUIET);
  t.equal(py.runPython('import ferropy_tool; ferropy_tool.main()'), 7);
  const names = (await loading).map(({ name }) => name);
  t.ok(names.includes('ferropy_needy') && !names.includes('ferropy_tool'), `loaded ${names}`);
  t.equal(py.runPython('import ferropy_needy; ferropy_needy.ferropy_tool is ferropy_tool'), true);
  t.equal(py.runPython('ferropy_tool.__spec__.origin'), '/lib/python3.15/site-packages/ferropy_tool/__init__.py');
});

test('while loadPackage puts packages in place', OURS, async (load, t) => {
  const py = await opted(load, t);
  let message;
  await py.loadPackage('ferropy_tool', {
    ...QUIET,
    progressCallback: ({ phase }) => {
      if (phase === 'install') ({ message } = t.throws(() => py.runPython('import ferropy_native')));
    },
  });
  t.match(message, /ferropy_native cannot be loaded: other packages are being put in place at this moment; await that first/);
  t.equal(py.runPython('import ferropy_tool, ferropy_native; ferropy_tool.main()'), 7);
});

test('interrupts end the download', { ...OURS, only: { node: 'synchronous requests of browsers cannot be stopped' } }, async (load, t) => {
  const { createServer } = await import('node:net');
  // Connections are made, and nobody answers.
  const server = createServer(() => {});
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => server.close());
  const py = await opted(load, t, { packageBaseUrl: `http://127.0.0.1:${server.address().port}/` });
  const buffer = new Int32Array(new SharedArrayBuffer(4));
  py.setInterruptBuffer(buffer);
  await t.signalAfter(buffer, 300);
  t.equal(t.throws(() => py.runPython('import ferropy_tool')).type, 'KeyboardInterrupt');
  t.equal(py.runPython('1 + 1'), 2);
});

test('again and again, within one another and after unloading', OURS, async (load, t) => {
  const py = await opted(load, t);
  py.FS.writeFile('/home/pyodide/outer_module.py', 'import ferropy_needy\nimport inner_module\n');
  py.FS.writeFile('/home/pyodide/inner_module.py', 'import outer_module\nimport ferropy_native\nVALUE = 1\n');
  py.runPython('import sys; sys.path.insert(0, "/home/pyodide"); import outer_module');
  t.equal(Object.keys(py.loadedPackages).length, 4);
  py.unloadPackage('ferropy_needy');
  t.equal(py.runPython('import ferropy_needy; ferropy_needy.ferropy_tool.main()'), 7);
});

test('a lock file that is of no use', OURS, async (load, t) => {
  const error = await t.rejects(() => load({ lockFileURL: t.assetUrl('lock-not-json.json'), installOnImport: true }));
  t.match(error.message, /JSON/);
});

test('files of the disk, and the folder of packages', NODE, async (load, t) => {
  const { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } = await import('node:fs');
  const { tmpdir } = await import('node:os');
  const { join } = await import('node:path');
  const folder = mkdtempSync(join(tmpdir(), 'ferropy-import-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const tool = join(folder, t.env.assetNames.tool);
  writeFileSync(tool, await t.asset('tool'));
  const contents = new TextDecoder().decode(await t.asset('lock-imports.json'));
  const local = await load({ lockFileContents: contents, packageBaseUrl: folder, installOnImport: true });
  t.equal(local.runPython('import ferropy_tool; ferropy_tool.main()'), 7);
  t.match(t.throws(() => local.runPython('import ferropy_needy')).message, /ferropy_needy-1\.0.*ENOENT/);
  // The cache has the tool, and this address has nothing.
  const nowhere = { lockFileContents: contents, packageBaseUrl: 'http://127.0.0.1:9/', packageCacheDir: folder, installOnImport: true };
  const cached = await load(nowhere);
  t.equal(cached.runPython('import ferropy_tool; ferropy_tool.main()'), 7);
  t.match(t.throws(() => cached.runPython('import ferropy_needy')).message, /127\.0\.0\.1:9.*could not be loaded/);
  // What is damaged is got again, and what was got is kept.
  const cache = join(folder, 'cache');
  const first = await opted(load, t, { packageCacheDir: cache });
  first.runPython('import ferropy_tool');
  const kept = join(cache, t.env.assetNames.tool);
  for (let tries = 0; tries < 100 && !existsSync(kept); tries++) await new Promise((done) => setTimeout(done, 20));
  t.same(readFileSync(kept), readFileSync(tool));
  writeFileSync(kept, 'damaged');
  const second = await opted(load, t, { packageCacheDir: cache });
  t.equal(second.runPython('import ferropy_tool; ferropy_tool.main()'), 7);
});
