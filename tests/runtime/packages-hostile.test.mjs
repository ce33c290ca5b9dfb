/** loadPackage and wheels that nobody honest made: each is refused for its own reason and leaves nothing behind. */
import { test } from '../harness/body.mjs';

const SKIP = { skip: { peer: 'the peer trusts the wheels it is given' }, timeout: 120 };
const QUIET = { messageCallback: () => {}, errorCallback: () => {} };

/** What each wheel's error must say. */
const REASONS = {
  absolute: /absolute/,
  above: /leaves the folder/,
  backslash: /backslash/,
  symlink: /link/,
  twice: /same name/,
  twiceBySpelling: /shortest form/,
  fileAndFolder: /both a file and a folder/,
  notUtf8: /UTF-8/,
  encrypted: /encrypted/,
  zip64: /zip64/,
  otherMethod: /compression method 12/,
  tooLong: /another size/,
  tooShort: /another size/,
  otherHeader: /says something else/,
  wrongChecksum: /checksum/,
  damaged: /not a sound zip archive: x: /,
  bomb: /too large/,
  wrongRecord: /hash in RECORD/,
  unlisted: /does not list/,
  noRecord: /RECORD/,
  otherProject: /another project/,
};

test('hostile wheels are refused for their own reasons', SKIP, async (load, t) => {
  const py = await load({});
  const files = () => py.runPython('import os; repr(sorted(os.walk("/lib/python3.15/site-packages")) + sorted(os.listdir("/")))');
  const before = files();
  for (const [what, reason] of Object.entries(REASONS)) {
    const url = t.assetUrl(`${what}/ferropy_hostile-1.0-py3-none-any.whl`);
    const told = [];
    const error = await t.rejects(() => py.loadPackage(url, { ...QUIET, errorCallback: (text) => told.push(text) }), what);
    t.match(error.message, reason, what);
    t.match(error.message, /ferropy_hostile/, what);
    t.equal(told.length, 1, what);
    t.equal(files(), before, `${what} left something behind`);
  }
  t.equal(Object.keys(py.loadedPackages).length, 0);
});

test('one bad wheel among good ones: none is installed', SKIP, async (load, t) => {
  const py = await load({});
  const bad = t.assetUrl('wrongRecord/ferropy_hostile-1.0-py3-none-any.whl');
  await t.rejects(() => py.loadPackage([t.assetUrl('good'), bad, t.assetUrl('tool')], QUIET));
  t.equal(py.runPython('import importlib.util as u; [u.find_spec(n) is None for n in ("ferropy_sample", "ferropy_tool")] == [True, True]'), true);
  await py.loadPackage([t.assetUrl('good'), t.assetUrl('tool')], QUIET);
  t.equal(py.runPython('import ferropy_sample, ferropy_tool; ferropy_tool.main()'), 7);
});

test('a wheel that is refused without a name, too', SKIP, async (load, t) => {
  const py = await load({});
  const bytes = await t.asset('symlink/ferropy_hostile-1.0-py3-none-any.whl');
  const error = await t.rejects(() => py.loadPackage(bytes, QUIET));
  t.match(error.message, /link/);
  await py.loadPackage(await t.asset('tool'), QUIET);
  t.equal(py.runPython('import ferropy_tool; ferropy_tool.main()'), 7);
});

test('a hash in the URL is checked', SKIP, async (load, t) => {
  const py = await load({});
  const error = await t.rejects(() => py.loadPackage(`${t.assetUrl('good')}#sha256=${'0'.repeat(64)}`, QUIET));
  t.match(error.message, /0{64}/);
  t.equal(Object.keys(py.loadedPackages).length, 0);
});

test('lock files of another ABI and of a newer schema', SKIP, async (load, t) => {
  for (const [file, reasons] of [
    ['lock-other-abi.json', [/2020_0/, /pyemscripten_2026_5_wasm32/]],
    ['lock-newer.json', [/hologram/, /newer/]],
  ]) {
    const py = await load({ lockFileURL: t.assetUrl(file) });
    const error = await t.rejects(() => py.loadPackage('ferropy-tool', QUIET));
    for (const reason of reasons) t.match(error.message, reason);
    t.throws(() => py.lockfile);
  }
});

test('unpackArchive refuses what leaves the folder', SKIP, async (load, t) => {
  const py = await load({});
  for (const what of ['absolute', 'above', 'backslash', 'symlink', 'twice', 'bomb']) {
    const bytes = await t.asset(`${what}/ferropy_hostile-1.0-py3-none-any.whl`);
    t.throws(() => py.unpackArchive(bytes, 'zip', { extractDir: '/tmp/out' }), what);
    t.equal(py.FS.analyzePath('/tmp/out/ferropy_hostile.py').exists, false, what);
  }
  const tar = py.runPython(`
import io, tarfile
b = io.BytesIO()
with tarfile.open(fileobj=b, mode="w:gz") as t:
    info = tarfile.TarInfo("../evil"); info.size = 1
    t.addfile(info, io.BytesIO(b"x"))
b.getvalue()`).toJs();
  t.throws(() => py.unpackArchive(tar, 'gztar', { extractDir: '/tmp/out' }));
  t.equal(py.FS.analyzePath('/tmp/evil').exists, false);
});
