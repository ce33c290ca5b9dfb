/** Proxies whose life Python decides: create_proxy, create_once_callable, destroy_proxies. */
import { test } from '../harness/body.mjs';

const SETUP = `
import gc, sys
from pyodide.ffi import JsDoubleProxy, create_once_callable, create_proxy, destroy_proxies, to_js
class Counted:
    alive = 0
    def __init__(self): Counted.alive += 1
    def __del__(self): Counted.alive -= 1
    def method(self, *args): return len(args)
`;
/** The interpreter, and what Python last gave to its function `keep`. */
const setUp = async (load) => {
  const py = await load();
  const box = { kept: undefined };
  py.globals.set('keep', (x) => { box.kept = x; });
  py.globals.set('same', (x) => x);
  py.runPython(SETUP);
  return { py, box };
};
const alive = (py) => py.runPython('gc.collect()\nCounted.alive');
const forgetException = 'sys.last_exc = sys.last_value = sys.last_traceback = sys.last_type = None';

test('create_proxy: lives until destroy', async (load, t) => {
  const { py, box } = await setUp(load);
  py.runPython('proxy = create_proxy(Counted())\nkeep(proxy)');
  t.ok(box.kept instanceof py.ffi.PyProxy);
  t.equal(box.kept.type, 'Counted');
  t.equal(box.kept.method(1), 1);
  py.runPython('keep(proxy)');
  t.equal(box.kept.method(1, 2), 2, 'no call ends it');
  t.equal(alive(py), 1);
  py.runPython('proxy.destroy()');
  t.match(t.throws(() => box.kept.method()).message, /destroyed/);
  t.ok(t.throws(() => py.runPython('proxy.unwrap()')) instanceof py.ffi.PythonError);
  py.runPython('proxy.destroy()');
  t.equal(alive(py), 0, 'twice does no harm');
});

test('create_proxy: destroyed from JavaScript', async (load, t) => {
  const { py, box } = await setUp(load);
  py.runPython('proxy = create_proxy(Counted())\nkeep(proxy)');
  box.kept.destroy();
  t.equal(alive(py), 0);
  t.match(t.throws(() => py.runPython('proxy.method()')).message, /destroyed/);
  py.runPython('proxy.destroy()');
});

test('create_proxy: JavaScript keeps what Python has forgotten', async (load, t) => {
  const { py, box } = await setUp(load);
  py.runPython('keep(create_proxy(Counted()))');
  t.equal(alive(py), 1);
  t.equal(box.kept.method(), 0);
  box.kept.destroy();
  t.equal(alive(py), 0);
});

test('create_proxy in Python: a JsDoubleProxy with unwrap', async (load, t) => {
  const { py } = await setUp(load);
  py.runPython('inner = Counted()\nproxy = create_proxy(inner)');
  t.equal(py.runPython('isinstance(proxy, JsDoubleProxy)'), true);
  t.equal(py.runPython('isinstance(to_js([1]), JsDoubleProxy)'), false);
  t.equal(py.runPython('proxy.unwrap() is inner'), true);
  t.equal(py.runPython('proxy.method(1, 2, 3)'), 3);
  t.equal(py.runPython('proxy.type'), 'Counted');
  t.equal(py.runPython('len(create_proxy([1, 2]))'), 2);
  t.equal(py.runPython('create_proxy(5).unwrap()'), 5, 'even of what would cross by copy');
  py.runPython('proxy.destroy()\ndel inner');
  t.equal(alive(py), 0);
});

test('create_proxy comes back as the proxy, or unwrapped with roundtrip=False', async (load, t) => {
  const { py, box } = await setUp(load);
  py.runPython('inner = Counted()\nproxy = create_proxy(inner)\nback = same(proxy)');
  t.equal(py.runPython('isinstance(back, JsDoubleProxy) and back.unwrap() is inner'), true);
  py.runPython('keep(proxy)');
  t.equal(py.runPython('lambda x: x is inner')(box.kept), false);
  t.equal(box.kept.method(), 0, 'coming back does not destroy it');
  py.runPython('plain = create_proxy(inner, roundtrip=False)\nkeep(plain)');
  t.equal(py.runPython('lambda x: x is inner')(box.kept), true);
  t.equal(box.kept.method(), 0);
  py.runPython('proxy.destroy()\nplain.destroy()\ndel inner, back');
  t.equal(alive(py), 0);
});

test('create_proxy: capture_this', async (load, t) => {
  const { py, box } = await setUp(load);
  py.runPython('proxy = create_proxy(lambda this, x: this.base + x, capture_this=True)\nkeep(proxy)');
  const object = { base: 40, add: box.kept };
  t.equal(object.add(2), 42);
  py.runPython('proxy.destroy()');
  t.match(t.throws(() => object.add(2)).message, /destroyed/);
});

test('callbacks of timers', async (load, t) => {
  const { py } = await setUp(load);
  py.globals.set('later', (f, ms) => { setTimeout(f, ms); });
  py.runPython(`
fired = []
proxy = create_proxy(lambda: fired.append("many"))
later(proxy, 1)
later(proxy, 2)
later(create_once_callable(lambda: fired.append("once")), 3)`);
  for (let i = 0; i < 100 && py.runPython('len(fired)') < 3; i++) await new Promise((resolve) => setTimeout(resolve, 10));
  t.equal(py.runPython('sorted(fired) == ["many", "many", "once"]'), true);
  py.runPython('proxy.destroy()');
});

test('create_once_callable: one call, then the object is gone', async (load, t) => {
  const { py, box } = await setUp(load);
  py.runPython('once = create_once_callable(Counted().method)\nkeep(once)\ndel once');
  t.equal(typeof box.kept, 'function');
  t.equal(alive(py), 1);
  t.equal(box.kept(1, 2), 2);
  t.equal(alive(py), 0);
  const error = t.throws(() => box.kept());
  t.ok(error instanceof Error);
  t.match(error.message, /once/);
});

test('create_once_callable: the call may fail, give a proxy or a coroutine', async (load, t) => {
  const { py, box } = await setUp(load);
  py.runPython('def fail(): raise KeyError("why")\nkeep(create_once_callable(fail))');
  const error = t.throws(() => box.kept());
  t.equal(error.type, 'KeyError');
  t.match(t.throws(() => box.kept()).message, /once/, 'it was a call all the same');
  py.runPython(`${forgetException}\nkeep(create_once_callable(lambda: Counted()))`);
  const result = box.kept();
  t.equal(result.method(), 0, 'the result is the caller\'s');
  result.destroy();
  t.equal(alive(py), 0);
  py.runPython('async def later(): return 3\nkeep(create_once_callable(later))');
  t.equal(await box.kept(), 3);
});

test('create_once_callable: destroy instead of a call', async (load, t) => {
  const { py, box } = await setUp(load);
  py.runPython('once = create_once_callable(Counted().method)\nkeep(once)');
  box.kept.destroy();
  t.equal(alive(py), 0);
  t.ok(t.throws(() => box.kept()) instanceof Error);
  py.runPython('once = create_once_callable(Counted().method)\nkeep(once)\nonce.destroy()');
  t.equal(alive(py), 0);
  t.ok(t.throws(() => box.kept()) instanceof Error);
  t.ok(t.throws(() => py.runPython('once()')) instanceof py.ffi.PythonError);
});

test('create_once_callable: called from Python', async (load, t) => {
  const { py } = await setUp(load);
  t.equal(py.runPython('once = create_once_callable(Counted().method)\nonce(1, 2, 3)'), 3);
  t.equal(alive(py), 0);
  t.match(t.throws(() => py.runPython('once()')).message, /once/);
});

test('destroy_proxies: what to_js and toJs collected', async (load, t) => {
  const { py, box } = await setUp(load);
  const pyproxies = [];
  py.globals.set('pyproxies', pyproxies);
  py.runPython('keep(to_js([Counted(), [Counted()], {"c": Counted()}], pyproxies=pyproxies))');
  t.equal(pyproxies.length, 3);
  t.equal(box.kept[1][0].method(), 0, 'proxies of to_js outlive the call');
  t.equal(alive(py), 3);
  py.runPython('destroy_proxies(pyproxies)');
  t.equal(alive(py), 0);
  t.match(t.throws(() => box.kept[0].method()).message, /destroyed/);
  py.runPython('destroy_proxies(to_js([]))');
});

test('destroy_proxies of something else is an error', async (load, t) => {
  const { py } = await setUp(load);
  for (const code of ['destroy_proxies(1)', 'destroy_proxies(to_js([1, "x"]))']) {
    t.ok(t.throws(() => py.runPython(code), code) instanceof py.ffi.PythonError, code);
  }
  t.equal(py.runPython('6 * 7'), 42);
});
