/** loadPackage: a wheel by URL or as a file, and every way it can be wrong. */
import { test } from '../harness/body.mjs';

const STRICT = { skip: { peer: 'the peer reports such wheels elsewhere, or not at all' }, timeout: 60 };
const QUIET = { messageCallback: () => {}, errorCallback: () => {} };

test('a wheel by URL', async (load, t) => {
  const py = await load({});
  await py.loadPackage(t.assetUrl('good'), QUIET);
  t.equal(py.runPython('import ferropy_sample; ferropy_sample.greet("you")'), 'hello you');
  t.equal(py.runPython('import importlib.metadata as m; m.version("ferropy_sample")'), '1.2.3');
  t.equal(py.runPython('import importlib.resources as r; (r.files("ferropy_sample") / "data.txt").read_text()'), 'data beside the code\n');
});

test('a list of URLs, and the same wheel twice', async (load, t) => {
  const py = await load({});
  await py.loadPackage([t.assetUrl('good')], QUIET);
  await py.loadPackage([t.assetUrl('good'), t.assetUrl('good')], QUIET);
  t.equal(py.runPython('import ferropy_sample; ferropy_sample.VALUE'), 42);
});

test('a wheel as a File', STRICT, async (load, t) => {
  const py = await load({});
  const name = t.env.assetNames.good;
  const file = new File([await t.asset('good')], name);
  await py.loadPackage(file, QUIET);
  t.equal(py.runPython('import ferropy_sample; ferropy_sample.VALUE'), 42);
});

test('a wheel by its path', { ...STRICT, only: { node: 'host paths exist only in Node' } }, async (load, t) => {
  const { mkdtempSync, rmSync, writeFileSync } = await import('node:fs');
  const { tmpdir } = await import('node:os');
  const { join } = await import('node:path');
  const { pathToFileURL } = await import('node:url');
  const folder = mkdtempSync(join(tmpdir(), 'ferropy-wheel-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, t.env.assetNames.good);
  writeFileSync(path, await t.asset('good'));
  const byPath = await load({});
  await byPath.loadPackage(path, QUIET);
  t.equal(byPath.runPython('import ferropy_sample; ferropy_sample.VALUE'), 42);
  const byUrl = await load({});
  await byUrl.loadPackage(pathToFileURL(path).href, QUIET);
  t.equal(byUrl.runPython('import ferropy_sample; ferropy_sample.VALUE'), 42);
});

/** Loads a bad wheel; wants a rejection, nothing importable and a living interpreter. */
async function refused(load, t, source) {
  const py = await load({});
  const error = await t.rejects(() => py.loadPackage(source, QUIET));
  t.equal(py.runPython('import importlib.util as u; u.find_spec("ferropy_sample") is None'), true, 'nothing half-installed');
  return error.message;
}

test('a wheel for another platform: the error names its tags and ours', STRICT, async (load, t) => {
  const message = await refused(load, t, t.assetUrl('foreignPlatform'));
  t.match(message, /manylinux_2_28_x86_64/);
  t.match(message, /pyemscripten_\d+_\d+_wasm32/);
});

test('a wheel for another Python: the error names its tags and ours', STRICT, async (load, t) => {
  const message = await refused(load, t, t.assetUrl('foreignPython'));
  t.match(message, /cp39/);
  t.match(message, /cp315/);
});

test('a file that is no zip', STRICT, async (load, t) => {
  const message = await refused(load, t, t.assetUrl('broken'));
  t.match(message, /ferropy_broken-1\.0-py3-none-any\.whl/);
  t.match(message, /zip/i);
});

test('half a zip', STRICT, async (load, t) => {
  t.match(await refused(load, t, t.assetUrl('truncated')), /zip/i);
});

test('a zip that writes outside', STRICT, async (load, t) => {
  const py = await load({});
  const error = await t.rejects(() => py.loadPackage(t.assetUrl('outside'), QUIET));
  t.match(error.message, /escaped\.txt|outside/);
  t.equal(py.runPython('import pathlib; any(pathlib.Path("/lib").rglob("escaped.txt"))'), false);
});

test('a URL that answers 404: the error names it and the status', STRICT, async (load, t) => {
  const message = await refused(load, t, t.assetUrl('missing'));
  t.match(message, /ferropy_missing/);
  t.match(message, /404/);
});

test('a host that does not answer', STRICT, async (load, t) => {
  const message = await refused(load, t, 'http://127.0.0.1:9/x-1.0-py3-none-any.whl');
  t.match(message, /127\.0\.0\.1:9/);
});

test('a name that is no wheel', STRICT, async (load, t) => {
  t.match(await refused(load, t, t.assetUrl('fruit.xlsx')), /fruit\.xlsx|wheel/);
  t.match(await refused(load, t, 'no-such-package-at-all'), /no-such-package-at-all/);
});

test('a package of the lock file, hash checked', STRICT, async (load, t) => {
  const py = await load({ lockFileURL: t.assetUrl('lock-good.json') });
  await py.loadPackage('ferropy-sample', QUIET);
  t.equal(py.runPython('import ferropy_sample; ferropy_sample.VALUE'), 42);
});

test('a wrong hash in the lock file: refused, both hashes named', STRICT, async (load, t) => {
  const py = await load({ lockFileURL: t.assetUrl('lock-wrong-hash.json') });
  const error = await t.rejects(() => py.loadPackage('ferropy-sample', QUIET));
  t.match(error.message, /sha256|hash|integrity/i);
  t.match(error.message, /ferropy_sample-1\.2\.3/);
  t.equal(py.runPython('import importlib.util as u; u.find_spec("ferropy_sample") is None'), true);
});

test('a lock file that is not JSON', STRICT, async (load, t) => {
  const error = await t.rejects(async () => {
    const py = await load({ lockFileURL: t.assetUrl('lock-not-json.json') });
    await py.loadPackage('anything', QUIET);
  });
  t.match(error.message, /JSON|lock/i);
});

test('the packages option loads at start', STRICT, async (load, t) => {
  const py = await load({ packages: [t.assetUrl('good')] });
  t.equal(py.runPython('import ferropy_sample; ferropy_sample.VALUE'), 42);
});
