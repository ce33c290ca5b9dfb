/** Installing by requirements: pyodide.installPackages and micropip, from a small index. */
import { test } from '../harness/body.mjs';

const OURS = { skip: { peer: 'the peer has no such function' }, timeout: 120 };

/** An interpreter of its own, whose micropip asks our index. */
async function start(load, t, options = {}) {
  const py = await load(options);
  const index = t.assetUrl('index/{package_name}.json').replace('%7B', '{').replace('%7D', '}');
  py.globals.set('index', index);
  py.runPython('import micropip, importlib.metadata as md\nmicropip.set_index_urls(index)');
  const install = (code) => py.runPythonAsync(`await micropip.install(${code})`);
  /** The words of the error that an installation ends with. */
  const refused = async (code, type = 'ValueError') => {
    const error = await t.rejects(() => install(code));
    t.equal(error.type, type);
    return error.message.slice(error.message.lastIndexOf(`${type}: `));
  };
  const versions = () => py.runPython('" ".join(sorted(f"{d.name}={d.version}" for d in md.distributions() if d.name.startswith("idx")))');
  return { py, index, install, refused, versions };
}

// The first one: a page compiles each module only once.
test('what could not be fetched is fetched again', { ...OURS, skip: { ...OURS.skip, node: 'a server matters only in browsers' } }, async (load, t) => {
  const { install, versions, refused } = await start(load, t);
  const { fetch } = globalThis;
  t.after(() => {
    globalThis.fetch = fetch;
  });
  const without = (missing) => (url, ...rest) => (missing.test(url) ? Promise.reject(new TypeError('no network')) : fetch(url, ...rest));
  globalThis.fetch = without(/(packages|resolver)\.wasm$/);
  t.match(await refused('"idx-lib"', 'OSError'), /packages\.wasm.*no network/);
  globalThis.fetch = without(/resolver\.wasm$/);
  t.match(await refused('"idx-lib"', 'OSError'), /resolver\.wasm.*no network/);
  globalThis.fetch = fetch;
  await install('"idx-lib"');
  t.equal(versions(), 'idx_lib=1.2');
});

test('installs the newest and what it needs', OURS, async (load, t) => {
  const { py, install, versions } = await start(load, t);
  await install('"idx-app"');
  t.equal(versions(), 'idx_app=1.1 idx_lib=1.2');
  t.equal(py.runPython('import idx_app, idx_lib; idx_app.VERSION + idx_lib.VERSION'), '1.11.2');
  t.match(py.loadedPackages.idx_lib, /idx_lib-1\.2-py3-none-any\.whl$/);
  t.equal(py.runPython('md.distribution("idx-app").read_text("REQUESTED")'), '');
  t.equal(py.runPython('md.distribution("idx-lib").read_text("REQUESTED")'), undefined);
  // Again: all is there.
  await install('["idx-app", "idx_lib>=1"]');
  t.equal(versions(), 'idx_app=1.1 idx_lib=1.2');
});

test('extras, markers, versions, pre-releases and URLs', OURS, async (load, t) => {
  const { py, install, versions } = await start(load, t);
  await install('["IDX_App[more]==1.1", "idx-source; sys_platform == \'win32\'"]');
  t.equal(versions(), 'idx_app=1.1 idx_extra=1.0 idx_lib=1.2');
  const other = await start(load, t);
  await other.install('"idx-app", pre=True');
  t.equal(other.versions(), 'idx_app=2.0rc1');
  py.globals.set('url', t.assetUrl('index/files/idx_cycle-1.0-py3-none-any.whl'));
  await install('url');
  t.equal(versions(), 'idx_app=1.1 idx_cycle2=1.0 idx_cycle=1.0 idx_extra=1.0 idx_lib=1.2');
});

test('a wheel in the file system, and deps=False', OURS, async (load, t) => {
  const { py, install, versions } = await start(load, t);
  const response = await fetch(t.assetUrl('index/files/idx_app-1.0-py3-none-any.whl'));
  py.FS.writeFile('/tmp/idx_app-1.0-py3-none-any.whl', new Uint8Array(await response.arrayBuffer()));
  await install('"emfs:/tmp/idx_app-1.0-py3-none-any.whl", deps=False');
  t.equal(versions(), 'idx_app=1.0');
});

test('yanked files and files for another Python', OURS, async (load, t) => {
  const { install, refused, versions } = await start(load, t);
  await install('"idx-lib>=1"');
  t.equal(versions(), 'idx_lib=1.2');
  t.match(await refused('"idx-lib>=1.9", reinstall=True'), /1\.9.*Python/s);
  const other = await start(load, t);
  await other.install('"idx-lib==1.5"');
  t.equal(other.versions(), 'idx_lib=1.5');
});

test('goes back to an older version where the newest cannot be', OURS, async (load, t) => {
  const { install, versions } = await start(load, t);
  await install('["idx-rival", "idx-lib"]');
  t.equal(versions(), 'idx_lib=1.0 idx_rival=1.0');
});

test('constraints', OURS, async (load, t) => {
  const { py, install, versions } = await start(load, t);
  py.runPython('micropip.set_constraints(["idx-lib<1.1", "idx-nothing>7"])');
  await install('"idx-app"');
  t.equal(versions(), 'idx_app=1.1 idx_lib=1.0');
  const other = await start(load, t);
  await other.install('"idx-app", constraints=["idx-app<1.1"]');
  t.equal(other.versions(), 'idx_app=1.0 idx_lib=1.2');
});

test('what is installed stays, and says so', OURS, async (load, t) => {
  const { install, refused, versions } = await start(load, t);
  await install('"idx-lib==1.0"');
  await install('"idx-app"');
  t.equal(versions(), 'idx_app=1.1 idx_lib=1.0');
  const message = await refused('"idx-lib>1"');
  t.match(message, /idx-lib/);
  t.match(message, /installed already: idx-lib 1\.0; reinstall=True/);
  await install('"idx-lib>1", reinstall=True');
  t.equal(versions(), 'idx_app=1.1 idx_lib=1.2');
});

test('what was to be replaced stays if its successor fails', OURS, async (load, t) => {
  const { py, install, versions } = await start(load, t);
  await install('["idx-lib==1.0", "idx-app==1.0"]');
  py.runPython(`
import _pyodide.packages as p
def failing(folders, real=p.installed):
    p.installed = real
    raise RuntimeError("at the last step")
p.installed = failing`);
  t.match((await t.rejects(() => install('["idx-lib>1", "idx-app>1"], reinstall=True'))).message, /at the last step/);
  t.equal(versions(), 'idx_app=1.0 idx_lib=1.0');
  t.same(Object.keys(py.loadedPackages).sort(), ['idx_app', 'idx_lib']);
  t.equal(py.runPython('import idx_app, idx_lib; idx_app.VERSION + idx_lib.VERSION'), '1.01.0');
  await install('["idx-lib>1", "idx-app>1"], reinstall=True');
  t.equal(versions(), 'idx_app=1.1 idx_lib=1.2');
  t.equal(py.runPython('import idx_app, idx_lib; idx_app.VERSION + idx_lib.VERSION'), '1.11.2');
});

test('errors say what stands in the way', OURS, async (load, t) => {
  const { refused, versions } = await start(load, t);
  const cases = {
    '"idx-nothing"': /idx-nothing/,
    '["idx-app<1.1", "idx-app>1"]': /idx-app<1\.1[^]*idx-app>1/,
    '["idx-rival==1.1"]': /idx-rival[^]*needs idx-lib>=2/,
    '"idx-source"': /only a source archive \(idx_source-1\.0\.tar\.gz\)/,
    '"idx-native"': /another platform[^]*win_amd64/,
    '"idx-lib=>1"': /a requirement cannot be read[^]*idx-lib=>1/,
    '"https://nowhere.invalid/a.whl"': /a\.whl/,
  };
  for (const [code, pattern] of Object.entries(cases)) t.match(await refused(code), pattern, code);
  t.equal(versions(), '');
});

test('indexes and files that are not what they should be', OURS, async (load, t) => {
  const { refused, install, versions } = await start(load, t);
  t.match(await refused('"idx-login"'), /idx-login cannot be read.*: .*column/s);
  t.match(await refused('"idx-future"'), /idx-future cannot be read.*version 2\.0/s);
  t.match(await refused('"idx-gone"', 'OSError'), /idx_gone-1\.0-py3-none-any\.whl/);
  t.match(await refused('["idx-lib", "idx-altered"]'), /idx_altered-1\.0-py3-none-any\.whl.*sha256/s);
  t.match(await refused('"idx-lying"'), /idx_lying-1\.0-py3-none-any\.whl\.metadata.*sha256/s);
  t.equal(versions(), '');
  // METADATA that was promised and is not there comes out of the wheel.
  await install('"idx-promising"');
  t.equal(versions(), 'idx_promising=1.0');
});

test('an index of HTML pages, and several indexes', OURS, async (load, t) => {
  const { py, index, install, versions } = await start(load, t);
  py.globals.set('pages', index.replace('index/', 'index/pages/').replace('.json', '.html'));
  await install('"idx-lib", index_urls=pages');
  t.equal(versions(), 'idx_lib=1.0');
  const other = await start(load, t);
  other.py.globals.set('pages', py.globals.get('pages'));
  await other.install('"idx-app", index_urls=[pages, index]');
  t.equal(other.versions(), 'idx_app=1.1 idx_lib=1.2');
});

test('list, freeze and the lock file that comes of it', OURS, async (load, t) => {
  const { py, install } = await start(load, t);
  await install('"idx-app"');
  py.runPython('found = micropip.list()');
  t.equal(py.runPython('"IDX.app" in found and found["idx_app"].version'), '1.1');
  t.match(py.runPython('repr(found)'), /^Name +\| Version +\| Source\n-+ \| -+ \| -+\nidx_app +\| 1\.1 +\| http/);
  const frozen = py.runPython('micropip.freeze()');
  const lock = JSON.parse(frozen);
  t.same(lock.packages['idx-app'].depends, ['idx-lib']);
  t.same(lock.packages['idx-app'].imports, ['idx_app']);
  t.match(lock.packages['idx-lib'].sha256, /^[0-9a-f]{64}$/);
  const again = await load({ lockFileContents: frozen });
  await again.loadPackage('idx-app', { messageCallback: () => {} });
  t.equal(again.runPython('import idx_app, idx_lib; idx_app.VERSION + idx_lib.VERSION'), '1.11.2');
});

test('packages of the lock file come first', OURS, async (load, t) => {
  const { install, py } = await start(load, t, { lockFileURL: t.assetUrl('lock-two.json') });
  await install('["ferropy-needy", "idx-lib"]');
  t.same({ ...py.loadedPackages, idx_lib: undefined }, { 'ferropy_needy': 'default channel', 'ferropy_tool': 'default channel', idx_lib: undefined });
  t.equal(py.runPython('import ferropy_needy, idx_lib; idx_lib.VERSION'), '1.2');
});

test('a lock file whose files have no address does not stand in the way', OURS, async (load, t) => {
  const response = await fetch(t.assetUrl('lock-two.json'));
  const { install, versions, refused } = await start(load, t, { lockFileContents: await response.text() });
  await install('"idx-app"');
  t.equal(versions(), 'idx_app=1.1 idx_lib=1.2');
  t.match(await refused('"ferropy-tool"'), /packageBaseUrl/);
});

test('what the index said is not asked again, for a while', OURS, async (load, t) => {
  const { install, versions } = await start(load, t);
  const { fetch } = globalThis;
  t.after(() => {
    globalThis.fetch = fetch;
  });
  const asked = [];
  globalThis.fetch = (url, ...rest) => {
    asked.push(String(url).split('/').at(-1));
    return fetch(url, ...rest);
  };
  await install('"idx-lib"');
  t.ok(asked.includes('idx-lib.json'), asked.join(' '));
  asked.length = 0;
  await install('"idx-app"');
  t.equal(versions(), 'idx_app=1.1 idx_lib=1.2');
  t.ok(asked.includes('idx-app.json') && !asked.includes('idx-lib.json'), asked.join(' '));
  asked.length = 0;
  await install('"idx-app<1.1", reinstall=True');
  t.equal(versions(), 'idx_app=1.0 idx_lib=1.2');
  t.equal(asked.filter((file) => file.endsWith('.json')).join(' '), '');
});

test('uninstall', OURS, async (load, t) => {
  const { py, install, versions } = await start(load, t);
  await install('"idx-app"');
  py.runPython('import idx_app, idx_lib');
  t.match(t.throws(() => py.runPython('micropip.uninstall("idx-lib")')).message, /ValueError: idx_lib cannot be unloaded: idx_app needs it/);
  py.runPython('micropip.uninstall(["idx-app", "idx_lib"])');
  t.equal(versions(), '');
  t.match(t.throws(() => py.runPython('import idx_app')).message, /ModuleNotFoundError/);
  t.equal(py.runPython('import warnings\nwith warnings.catch_warnings(record=True) as seen:\n  warnings.simplefilter("always")\n  micropip.uninstall("idx-app")\nstr(seen[0].message)'), 'idx-app is not installed');
  await install('"idx-app==1.0"');
  t.equal(py.runPython('import idx_app; idx_app.VERSION'), '1.0');
});

test('mock packages', OURS, async (load, t) => {
  const { py, install, versions } = await start(load, t);
  py.runPython(`
micropip.add_mock_package("idx-lib", "1.7", modules={"idx_lib": "VERSION = 'mock'", "idx_lib.sub": lambda m: setattr(m, "x", 1)})
import idx_lib.sub`);
  t.equal(py.runPython('idx_lib.VERSION + str(idx_lib.sub.x) + md.version("idx_lib")'), 'mock11.7');
  await install('"idx-app"');
  t.equal(versions(), 'idx-lib=1.7 idx_app=1.1');
  t.equal(py.runPython('micropip.list()["idx-lib"].source'), 'mock');
  py.runPython('micropip.add_mock_package("idx-files", "2", persistent=True)');
  t.equal(py.runPython('import idx_files; " ".join(sorted(micropip.list_mock_packages()))'), 'idx-files idx-lib');
  py.runPython('micropip.remove_mock_package("idx-lib"); micropip.remove_mock_package("idx-files")');
  t.equal(py.runPython('str(micropip.list_mock_packages())'), '[]');
  t.match(t.throws(() => py.runPython('import idx_files')).message, /ModuleNotFoundError/);
  for (const code of ['"bad name", "1"', '"idx-app", "1"', '"new", "one"', '"new", "1", modules={"new": 5}']) {
    t.match(t.throws(() => py.runPython(`micropip.add_mock_package(${code})`)).message, /(Value|Type)Error/, code);
  }
});

test('installPackages from JavaScript: messages, progress, errors', OURS, async (load, t) => {
  const { py, index } = await start(load, t);
  const messages = [];
  const phases = new Set();
  const installed = await py.installPackages(['idx-app'], {
    indexURLs: [index],
    messageCallback: (text) => messages.push(text),
    progressCallback: ({ phase }) => phases.add(phase),
  });
  t.same(installed.map(({ name, version }) => `${name} ${version}`).sort(), ['idx_app 1.1', 'idx_lib 1.2']);
  t.same(messages.slice(-2), ['Loading idx-app, idx-lib', 'Loaded idx_app 1.1, idx_lib 1.2']);
  t.same([...phases].sort(), ['check', 'download', 'install', 'resolve']);
  const heard = [];
  const options = { indexURLs: [index], errorCallback: (text) => heard.push(text) };
  const error = await t.rejects(() => py.installPackages('idx-source', options));
  t.equal(error.name, 'PackageError');
  t.same(heard, [error.message]);
  t.same(await py.installPackages(py.runPython('["idx-lib"]'), { indexURLs: [index] }), []);
});
