/** METADATA of wheels that no index serves beside them: by ranges where servers know them. And logins of indexes. */
import { test } from '../harness/body.mjs';

const OURS = { skip: { peer: 'the peer has no such function' }, timeout: 120 };

let next = 0;

/** An interpreter whose packages come from a fussy server (tests/harness/fussy.mjs). */
async function start(load, t) {
  const key = `${t.env.engine}-${Date.now()}-${next++}`;
  const at = (way, file = '', base = t.env.assetsUrl) => new URL(`../fussy/${key}/${way}/${file}`, base).href;
  const index = (way, base) => `${at(way, 'index/', base)}{package_name}.json`;
  // Where browsers keep packages: what is there is not asked for.
  await globalThis.caches?.delete('ferropy-packages-1');
  const py = await load({});
  const install = async (names, indexes, more = '') => {
    py.globals.set('indexes', py.toPy(indexes));
    await py.runPythonAsync(`import micropip\nawait micropip.install(${JSON.stringify(names)}, index_urls=indexes${more})`);
  };
  /** What the server was asked for that is a wheel. */
  const asked = async () => {
    const log = await (await fetch(new URL(`../fussy/${key}/log`, t.env.assetsUrl))).json();
    return { all: log, of: (name) => log.filter(({ file }) => file.endsWith(`/${name}-1.0-py3-none-any.whl`)) };
  };
  const versions = () =>
    py.runPython('import importlib.metadata as md\n" ".join(sorted(f"{d.name}={d.version}" for d in md.distributions() if d.name[:4] in ("idx_", "rng_")))');
  return { py, index, install, asked, versions };
}

const sum = (entries) => entries.reduce((all, { bytes }) => all + bytes, 0);

test('the end of a wheel, and what else is needed, comes before the wheel', OURS, async (load, t) => {
  for (const [name, ranges] of [['rng_late', 1], ['rng_early', 2], ['rng_many', 2]]) {
    const { index, install, asked, versions } = await start(load, t);
    // What it needs cannot be met: nothing but parts of it is got.
    const error = await t.rejects(() => install([name, 'idx-lib>1.1'], [index('ranges')]), name);
    t.match(error.message, new RegExp(`${name.replace('_', '-')}.*needs idx-lib<1\\.1`, 's'));
    const parts = (await asked()).of(name);
    t.equal(parts.length, ranges, name);
    t.ok(parts.every(({ range, bytes }) => range !== null && bytes < 150_000), name);
    t.ok(sum(parts) < 150_000, `${name} ${sum(parts)}`);
    await install(name, [index('ranges')]);
    t.equal(versions(), `idx_lib=1.0 ${name}=1.0`);
    const whole = (await asked()).of(name).filter(({ range }) => range === null);
    t.equal(whole.length, 1, name);
    t.ok(whole[0].bytes > 400_000, name);
  }
});

test('an index that tells no size: the server is asked for it', OURS, async (load, t) => {
  const { index, install, asked, versions } = await start(load, t);
  await install('rng-unsized', [index('ranges')]);
  t.equal(versions(), 'idx_lib=1.0 rng_unsized=1.0');
  const log = (await asked()).of('rng_unsized');
  t.same(log.map(({ method, range }) => [method, range !== null]), [['HEAD', false], ['GET', true], ['GET', false]]);
});

test('small wheels are got whole, and once', OURS, async (load, t) => {
  const { index, install, asked, versions } = await start(load, t);
  await install('rng-small', [index('ranges')]);
  t.equal(versions(), 'idx_lib=1.0 rng_small=1.0');
  t.same((await asked()).of('rng_small').map(({ range }) => range), [null]);
});

test('a server without ranges is asked for one once; wheels that were got are not got again', OURS, async (load, t) => {
  const { index, install, asked, versions } = await start(load, t);
  await install(['rng-late', 'rng-early'], [index('whole')]);
  t.equal(versions(), 'idx_lib=1.0 rng_early=1.0 rng_late=1.0');
  const log = await asked();
  for (const name of ['rng_late', 'rng_early']) t.equal(log.of(name).filter(({ range }) => range === null).length, 1, name);
  const another = log.all.length;
  await install('rng-many', [index('whole')]);
  const later = (await asked()).all.slice(another).filter(({ file }) => file.endsWith('.whl'));
  t.same(later.map(({ range }) => range), [null]);
});

test('parts that are not what they should be: the whole wheel is taken', OURS, async (load, t) => {
  for (const [way, name] of [
    ['ranges,lying', 'rng_late'],
    ['ranges,cut', 'rng_late'],
    ['ranges,refuse', 'rng_late'],
    ['ranges', 'rng_larger'],
    ['ranges', 'rng_smaller'],
  ]) {
    const { index, install, asked, versions } = await start(load, t);
    await install(name, [index(way)]);
    t.equal(versions(), `idx_lib=1.0 ${name}=1.0`, way);
    const log = (await asked()).of(name);
    t.same(log.map(({ range }) => range !== null), [true, false], `${way} ${name}`);
  }
});

test('ranges from another origin need no leave', { ...OURS, skip: { ...OURS.skip, node: 'a server matters only in browsers' } }, async (load, t) => {
  const { index, install, asked, versions } = await start(load, t);
  const other = new URL(t.env.assetsUrl);
  other.hostname = 'localhost';
  await install('rng-early', [index('ranges,open', other)]);
  t.equal(versions(), 'idx_lib=1.0 rng_early=1.0');
  const { all, of } = await asked();
  t.same(all.filter(({ method }) => method !== 'GET'), []);
  t.same(of('rng_early').map(({ range }) => range !== null), [true, true, false]);
});

test('indexes of one server, each with a login of its own', OURS, async (load, t) => {
  const { index, install, asked, versions } = await start(load, t);
  const login = (user) => index(`ranges,login-${user}`).replace('://', `://${user}:secret@`);
  await install(['rng-late', 'idx-app'], [login('one'), login('two')]);
  t.equal(versions(), 'idx_app=1.1 idx_lib=1.0 rng_late=1.0');
  await install('idx-extra', [index('ranges'), login('two'), login('one')], ', deps=False');
  const { all } = await asked();
  t.ok(all.some(({ way }) => way.endsWith('one')) && all.some(({ way }) => way.endsWith('two')));
  for (const { way, login: sent } of all) {
    const user = /login-(.*)$/.exec(way)?.[1];
    t.equal(sent, user === undefined ? null : `Basic ${btoa(`${user}:secret`)}`, way);
  }
});

test('a login that is wrong, or none: the error says where one goes', OURS, async (load, t) => {
  const { index, install } = await start(load, t);
  const wrong = index('login-one').replace('://', '://one:guess@');
  for (const address of [wrong, index('login-one')]) {
    const { message } = await t.rejects(() => install('idx-lib', [address]));
    t.match(message, /idx-lib\.json.*401.*https:\/\/USER:PASSWORD@/s);
    t.noMatch(message, /guess/);
  }
});
