/** `pylock.toml` (PEP 751) as the lock file: from an address and as text; what is wrong with one is said. */
import { test } from '../harness/body.mjs';

const OURS = { skip: { peer: 'the peer reads no such file' }, timeout: 120 };
const QUIET = { messageCallback: () => {}, errorCallback: () => {} };

const withLock = (load, t, which = '', more = {}) => load({ lockFileURL: t.assetUrl(`pylock${which}.toml`), ...more });
const text = async (t, which = '') => new TextDecoder().decode(await t.asset(`pylock${which}.toml`));

test('packages and what they need, by name', OURS, async (load, t) => {
  const py = await withLock(load, t);
  const loaded = await py.loadPackage('Ferropy_Needy', QUIET);
  t.same(loaded.map(({ name, version, packageType }) => [name, version, packageType]).sort(), [
    ['ferropy-needy', '1.0', 'package'],
    ['ferropy-tool', '1.0', 'package'],
  ]);
  t.equal(py.runPython('import ferropy_needy; ferropy_needy.ferropy_tool.main()'), 7);
  t.same({ ...py.loadedPackages }, { 'ferropy-needy': 'default channel', 'ferropy-tool': 'default channel' });
  t.match((await t.rejects(() => py.loadPackage('ferropy-absent', QUIET))).message, /ferropy-absent.*not in the lock file/);
  const { info, packages } = py.lockfile;
  t.equal(info.arch, 'wasm32');
  t.same(packages['ferropy-needy'].depends, ['ferropy-tool']);
});

test('packages by the modules that a program imports', OURS, async (load, t) => {
  const py = await withLock(load, t);
  await py.loadPackagesFromImports('import json, ferropy_extra', QUIET);
  t.same(Object.keys(py.loadedPackages), ['ferropy-tool']);
  t.match(t.throws(() => py.runPython('import ferropy_needy')).message, /The lock file has it in the package "ferropy-needy"/);
});

test('install on import', OURS, async (load, t) => {
  const py = await withLock(load, t, '', { installOnImport: true });
  t.equal(py.runPython('import ferropy_needy; ferropy_needy.ferropy_tool.main()'), 7);
});

test('micropip takes packages of the lock file first', OURS, async (load, t) => {
  const py = await withLock(load, t);
  const index = t.assetUrl('index/{package_name}.json').replace('%7B', '{').replace('%7D', '}');
  py.globals.set('index', index);
  await py.runPythonAsync('import micropip\nawait micropip.install(["ferropy-needy", "idx-lib"], index_urls=index)');
  t.same({ ...py.loadedPackages, idx_lib: undefined }, { 'ferropy-needy': 'default channel', 'ferropy-tool': 'default channel', idx_lib: undefined });
  const again = await load({ lockFileContents: py.runPython('micropip.freeze()'), packageBaseUrl: t.assetUrl('') });
  await again.loadPackage(['ferropy-needy', 'idx-lib'], QUIET);
  t.equal(again.runPython('import ferropy_needy, idx_lib; idx_lib.VERSION'), '1.2');
});

test('given as text', OURS, async (load, t) => {
  const contents = await text(t);
  const py = await load({ lockFileContents: contents, packageBaseUrl: t.assetUrl('') });
  await py.loadPackage('ferropy-tool', QUIET);
  t.equal(py.runPython('import ferropy_tool; ferropy_tool.main()'), 7);
  const later = await load({ lockFileContents: Promise.resolve(`\n# ours\r\n${contents}`), packageBaseUrl: t.assetUrl('') });
  await later.loadPackage('ferropy-tool', QUIET);
  const nowhere = await load({ lockFileContents: contents });
  t.match((await t.rejects(() => nowhere.loadPackage('ferropy-tool', QUIET))).message, /packageBaseUrl/);
});

test('files of other tools: what a package needs comes out of its wheel', OURS, async (load, t) => {
  const py = await withLock(load, t, '-others');
  await py.loadPackage('ferropy-needy', QUIET);
  t.equal(py.runPython('import ferropy_needy; ferropy_needy.ferropy_tool.main()'), 7);
  t.same(Object.keys(py.loadedPackages).sort(), ['ferropy-needy', 'ferropy-tool']);
  t.match((await t.rejects(() => py.loadPackage('colour', QUIET))).message, /colour.*not in the lock file/);
});

const WRONG = {
  '-other-abi': [/pylock-other-abi\.toml/, /2020_0/, /pyemscripten_2026_5_wasm32/],
  '-newer': [/pylock-newer\.toml, lock-version: .*version 2\.0 .*only 1/s, /renew ferropy/],
  '-newer-schema': [/tool\.ferropy\.schema: a newer ferropy wrote it, in schema 2/, /hint: renew/],
  '-other-python': [/requires-python: it wants Python >=3\.99, and this is 3\.15/],
  '-other-system': [/for other environments/, /emscripten/],
  '-short-hash': [/packages\[1\]\.wheels\[0\]\.hashes\.sha256: «abc» is no sha256: .*64 hexadecimal digits/],
  '-above': [/packages\[1\]\.wheels\[0\]\.path: .*leads out of the lock file's folder/],
  '-cut': [/pylock-cut\.toml, line \d+, column \d+: /, /ferropy lock/],
  '-foreign': [/packages\[0\]: no wheel of ferropy-sample fits this Python/, /manylinux/, /pyemscripten/, /hint: lock a version/],
  '-source': [/packages\[0\]: ferropy-tool is there only as a source \(`sdist`\)/, /hint: build a wheel/],
  '-vcs': [/ferropy-tool is there only as a source \(`vcs`\)/],
  '-missing': [/nobody is needed and not in the file/],
};

test('files of other tools: micropip knows what their packages need', OURS, async (load, t) => {
  const py = await withLock(load, t, '-others');
  await py.runPythonAsync('import micropip\nawait micropip.install("ferropy-needy", index_urls=[])');
  t.same({ ...py.loadedPackages }, { 'ferropy-needy': 'default channel', 'ferropy-tool': 'default channel' });
  const alone = await withLock(load, t, '-others');
  await alone.runPythonAsync('import micropip\nawait micropip.install("ferropy-needy", index_urls=[], deps=False)');
  t.same({ ...alone.loadedPackages }, { 'ferropy-needy': 'default channel' });
});

test('what is wrong with a file is said when it is used, with place and remedy', OURS, async (load, t) => {
  for (const [which, reasons] of Object.entries(WRONG)) {
    const py = await withLock(load, t, which);
    t.equal(py.runPython('1 + 1'), 2);
    const { message, name } = await t.rejects(() => py.loadPackage('ferropy-tool', QUIET), which);
    t.equal(name, 'PackageError', which);
    for (const reason of reasons) t.match(message, reason, which);
    t.throws(() => py.lockfile, which);
  }
});

test('what is wrong with a text is said, too; what is neither format is neither', OURS, async (load, t) => {
  const py = await load({ lockFileContents: await text(t, '-newer') });
  t.match((await t.rejects(() => py.loadPackage('ferropy-tool', QUIET))).message, /lockFileContents, lock-version: /);
  const other = await load({ lockFileContents: 'lock-versions' });
  t.match((await t.rejects(() => other.loadPackage('ferropy-tool', QUIET))).message, /lockFileContents cannot be loaded: the lock file is neither JSON nor a pylock\.toml/);
  const absent = await withLock(load, t, '-absent');
  t.match((await t.rejects(() => absent.loadPackage('ferropy-tool', QUIET))).message, /pylock-absent\.toml could not be loaded: the server answered 404/);
});

test('a file with another hash than the lock says', OURS, async (load, t) => {
  const py = await withLock(load, t, '-wrong-hash');
  const { message } = await t.rejects(() => py.loadPackage('ferropy-needy', QUIET));
  t.match(message, /ferropy_needy-1\.0-py3-none-any\.whl cannot be loaded: it has the sha256 [0-9a-f]{64}, and 0{64} is wanted/);
  t.same({ ...py.loadedPackages }, {});
});

test('other lock files load nothing for it', { ...OURS, skip: { ...OURS.skip, node: 'resource timing' } }, async (load, t) => {
  const entries = () => performance.getEntriesByType('resource').filter(({ name }) => /\/dist\/(resolver\.wasm|packages\.)/.test(name));
  const before = entries().length;
  await load({ lockFileURL: t.assetUrl('lock-two.json') });
  t.equal(entries().length, before);
});
