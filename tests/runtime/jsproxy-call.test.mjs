/** JsProxy: calls, `this`, keyword arguments, new, the life of arguments, double proxies, weak references. */
import { raises, raisesAsync, run, runAsync, seen, seenAsync } from '../harness/bridge.mjs';
import { test } from '../harness/body.mjs';

const kind = (x) => (x === null ? 'null' : typeof x);

test('positional arguments: converted or borrowed', async (load, t) => {
  const py = await load();
  const f = (...args) => args.map((a) => (a?.type ? `py:${a.type}` : `${kind(a)}:${String(a)}`)).join(' ');
  t.equal(run(py, { f }, 'f()'), '');
  t.equal(
    run(py, { f }, 'f(1, 2.5, "x", None, True, jsnull, 2**70)'),
    `number:1 number:2.5 string:x undefined:undefined boolean:true null:null bigint:${2n ** 70n}`,
  );
  t.equal(run(py, { f }, 'f([1], {}, (1,), {1}, b"x", object)'), 'py:list py:dict py:tuple py:set py:bytes py:type');
  t.equal(run(py, { f: (...args) => args.length }, 'f(*range(1000))'), 1000);
  t.equal(run(py, { f: (a, b = 7) => a + b }, 'f(1) + f(1, None) + f(1, 1)'), 18);
});

test('proxies go back as the objects they stand for', async (load, t) => {
  const py = await load();
  const o = { a: 1 };
  t.equal(run(py, { o, f: (x) => x === o }, 'f(o)'), true);
  t.equal(seen(py, { o, f: (x) => x }, 'f(o) == o'), 'True');
  t.equal(run(py, { f: (x) => x }, 'l = []\nf(l) is l'), true);
  t.equal(run(py, { f: (x) => x.append(5) }, 'l = []\nf(l)\nl == [5]'), true);
  t.equal(run(py, { o }, 'o'), o);
});

test('results: converted like every value', async (load, t) => {
  const py = await load();
  const names = { u: () => undefined, n: () => null, i: () => 5, x: () => 1.5, s: () => 's', b: () => true, big: () => 5n, o: () => ({}) };
  t.equal(
    seen(py, names, 'u(), n(), i(), x(), s(), b(), big(), type(big()).__name__'),
    "(None, jsnull, 5, 1.5, 's', True, 5, 'JsBigInt')",
  );
  t.equal(seen(py, names, 'isinstance(o(), JsProxy), o() == o()'), '(True, False)');
});

test('keyword arguments become a last object', async (load, t) => {
  const py = await load();
  const f = (...args) => JSON.stringify(args);
  t.equal(run(py, { f }, 'f(a=1, b="x", c=True, d=jsnull)'), '[{"a":1,"b":"x","c":true,"d":null}]');
  t.equal(run(py, { f }, 'f(1, 2, k=3)'), '[1,2,{"k":3}]');
  t.equal(run(py, { f }, 'f(**{"class": 1, "a b": 2})'), '[{"class":1,"a b":2}]');
  t.equal(run(py, { f }, 'f(from_=1)'), '[{"from_":1}]', 'names are taken as they are');
  t.equal(run(py, { f: (o) => Object.keys(o).join() }, 'f(b=1, a=2)'), 'b,a');
  t.equal(run(py, { f: (o) => Object.getPrototypeOf(o) === Object.prototype && o.x.type === 'list' }, 'f(x=[1])'), true);
  t.equal(run(py, { f }, 'f()'), '[]', 'none, no object');
});

test('this: methods are bound, functions are not', async (load, t) => {
  const py = await load();
  const o = { n: 1, me() { return this; }, add(x) { return this.n + x; } };
  t.equal(seen(py, { o }, 'o.me() == o'), 'True');
  t.equal(run(py, { o }, 'm = o.add\nm(2)'), 3);
  t.equal(run(py, { f: function () { return this === undefined; } }, 'f()'), true);
  t.equal(run(py, { f: o.me, o }, 'f.call(o) == o and f.bind(o)() == o'), true);
  t.equal(run(py, { f: o.add, o, none: [] }, 'f.call(o, 5) + f.apply(o, [4])'), 11);
  t.equal(run(py, { Thing: class { static me() { return this; } } }, 'Thing.me() == Thing'), true);
});

test('functions as methods of Python classes: this is the instance', async (load, t) => {
  const py = await load();
  const define = 'class K:\n    n = 5\n    m = f\nk = K()\n';
  t.equal(run(py, { f: function (x) { return this.n + x; } }, `${define}k.m(1)`), 6);
  t.equal(seen(py, { f: function () { return this; } }, `${define}k.m() is k, K.m == f`), '(True, True)');
  t.equal(run(py, { f: (...args) => args.length }, `${define}k.m(1, 2)`), 2);
});

test('new', async (load, t) => {
  const py = await load();
  class Point {
    constructor(x, y = 0) {
      this.x = x;
      this.y = y;
      this.target = new.target === Point;
    }
    sum() {
      return this.x + this.y;
    }
  }
  t.equal(seen(py, { Point }, 'p = Point.new(1, 2)\np.x, p.sum(), p.target, p.constructor == Point'), '(1, 3, True, True)');
  t.equal(run(py, { Point }, 'Point.new(1, k=2).y.k'), 2);
  t.equal(run(py, { Date }, 'Date.new(0).toISOString()'), '1970-01-01T00:00:00.000Z');
  t.equal(run(py, { Object }, 'Object.new(a=1).a'), 1);
  t.equal(run(py, { Map }, 'm = Map.new()\nm["k"] = 1\nlen(m)'), 1);
  t.equal(run(py, { Old: function (x) { this.x = x; } }, 'Old.new(3).x'), 3);
  raises(t, py, { Point }, 'Point(1)', 'JsException', /TypeError/);
  raises(t, py, { f: () => 1 }, 'f.new()', 'JsException', /TypeError/);
  raises(
    t,
    py,
    { Bad: class { constructor() { throw new RangeError('inside'); } } },
    'Bad.new()',
    'JsException',
    /RangeError: inside/,
  );
  raises(t, py, { o: {} }, 'o.new', 'AttributeError', /new/);
});

test('functions are callable objects with JavaScript\'s attributes', async (load, t) => {
  const py = await load();
  function named(a, b) {
    return a + b;
  }
  t.equal(seen(py, { named }, 'callable(named), named.name, named.length, named.typeof'), "(True, 'named', 2, 'function')");
  t.equal(seen(py, { o: {} }, 'callable(o)'), 'False');
  raises(t, py, { named }, 'len(named)', 'TypeError', /len/);
  t.equal(run(py, { named }, 'import functools\nfunctools.partial(named, 1)(2)'), 3);
  t.equal(seen(py, { f: (x) => x * 2 }, 'list(map(f, [1, 2, 3])), sorted([3, 1], key=f)'), '([2, 4, 6], [1, 3])');
});

test('Python functions as callbacks', async (load, t) => {
  const py = await load();
  t.equal(seen(py, { a: [3, 1, 2] }, 'list(a.map(lambda x, *rest: x * 10))'), '[30, 10, 20]');
  t.equal(seen(py, { a: [3, 1, 2] }, 'list(a.sort(lambda x, y: x - y))'), '[1, 2, 3]');
  t.equal(run(py, { f: (g) => g(20) + 1 }, 'f(lambda x: x * 2)'), 41);
  t.equal(run(py, { f: (g, n) => (n === 0 ? 'deep' : g(n - 1)) }, 'def g(n): return f(g, n)\ng(50)'), 'deep');
  raises(t, py, { f: (g) => g(1, 2) }, 'f(lambda x: x)', 'TypeError', /positional/);
});

test('arguments are borrowed: destroyed when the call is over', async (load, t) => {
  const py = await load();
  let kept;
  const keep = (x) => {
    kept = x;
  };
  run(py, { keep }, 'keep([1, 2])');
  t.match(t.throws(() => kept.length).message, /destroyed/);
  run(py, { keep: (o) => keep(o.x) }, 'keep(x=[1, 2])');
  t.match(t.throws(() => kept.length).message, /destroyed/, 'keyword arguments, too');
  run(py, { keep: (x) => keep(x.copy()) }, 'keep([1, 2])');
  t.equal(kept.length, 2, 'a copy lives');
  kept.destroy();
  raises(t, py, { f: (x) => ({ x }) }, 'f([1]).x', 'JsException', /destroyed/);
  raises(t, py, { f: (x) => { keep(x); throw new Error('out'); } }, 'f([1])', 'JsException', /out/);
  t.match(t.throws(() => kept.length).message, /destroyed/, 'after an error as well');
});

test('an argument lives until the promise of the call is settled', async (load, t) => {
  const py = await load();
  let kept;
  const slow = async (x) => {
    kept = x;
    await new Promise((resolve) => setTimeout(resolve, 5));
    return x.length;
  };
  t.equal(await runAsync(py, { slow }, 'await slow([1, 2, 3])'), 3);
  t.match(t.throws(() => kept.length).message, /destroyed/);
  t.equal(await runAsync(py, { f: async (x) => x }, 'l = []\n(await f(l)) is l'), true);
  t.equal(await runAsync(py, { f: async (o) => o.k.length }, 'await f(k=[1, 2])'), 2);
});

test('an argument lives until the generator of the call is through', async (load, t) => {
  const py = await load();
  let kept;
  function* each(x) {
    kept = x;
    yield x.length;
    yield x.length + 1;
  }
  t.equal(seen(py, { each }, 'g = each([1, 2])\nnext(g), next(g), list(g), isinstance(g, JsGenerator)'), '(2, 3, [], True)');
  t.match(t.throws(() => kept.length).message, /destroyed/);
  async function* eachLater(x) {
    yield x.length;
    yield x;
  }
  t.equal(await seenAsync(py, { eachLater }, 'l = [1]\ng = eachLater(l)\nawait anext(g), (await anext(g)) is l'), '(1, True)');
});

test('create_proxy: lives until destroyed', async (load, t) => {
  const py = await load();
  let kept;
  const keep = (x) => {
    kept = x;
  };
  t.equal(
    seen(py, { keep }, `
d = {1: 2}
p = create_proxy(d)
keep(p)
p.unwrap() is d, isinstance(p, JsDoubleProxy), isinstance(p, JsProxy), p.type`),
    "(True, True, True, 'dict')",
  );
  t.equal(kept.get(1), 2);
  kept.destroy();
  const dead = 'p = create_proxy({})\np.destroy()\n';
  for (const code of ['p.unwrap()', 'p.type', 'repr(p)', 'p.to_py()']) raises(t, py, {}, dead + code, 'JsException', /destroyed/);
  raises(t, py, { f: (x) => x }, `${dead}f(p)`, 'JsException', /destroyed/);
  t.equal(seen(py, {}, `${dead}p.destroy()`), 'None', 'twice is harmless');
  raises(t, py, { kill: (x) => x.destroy() }, 'p = create_proxy({})\nkill(p)\np.unwrap()', 'JsException', /destroyed/);
});

test('create_proxy in a with statement is destroyed at its end', async (load, t) => {
  const py = await load();
  t.equal(seen(py, { size: (x) => x.length }, 'with create_proxy([1, 2]) as p: n = size(p)\nn'), '2');
  raises(t, py, {}, 'with create_proxy([1]) as p: pass\np.unwrap()', 'JsException', /destroyed/);
});

test('create_proxy releases what it holds', async (load, t) => {
  const py = await load();
  const code = `
import sys
o = object()
before = sys.getrefcount(o)
p = create_proxy(o)
held = sys.getrefcount(o) > before
p.destroy()
held, sys.getrefcount(o) - before`;
  t.equal(seen(py, {}, code), '(True, 0)');
});

test('create_proxy of every kind of value', async (load, t) => {
  const py = await load();
  t.equal(
    seen(py, {}, '[create_proxy(v).unwrap() for v in (5, 1.5, "x", None, True, (1,), b"x", [1])]'),
    "[5, 1.5, 'x', None, True, (1,), b'x', [1]]",
  );
  t.equal(run(py, { f: (x) => x.type }, 'f(create_proxy(5)) + f(create_proxy("x"))'), 'intstr');
  raises(t, py, {}, 'create_proxy()', 'TypeError', /argument/);
  raises(t, py, {}, 'create_proxy(1, 2)', 'TypeError', /argument/);
});

test('double proxies reach through to Python', async (load, t) => {
  const py = await load();
  const code = 'class A:\n    x = 5\n    def m(self, y): return self.x + y\na = A()\np = create_proxy(a)\n';
  t.equal(seen(py, {}, `${code}p.x = 6\np.x, a.x, p.m(1), hasattr(p, "nope")`), '(6, 6, 7, False)');
  raises(t, py, {}, `${code}p.nope`, 'AttributeError', /nope/);
  t.equal(seen(py, {}, 'p = create_proxy([1, 2])\np[0], len(p), 2 in p'), '(1, 2, True)');
  t.equal(seen(py, {}, 'p = create_proxy({"k": 1})\np.has("k"), "k" in p, p.length'), '(True, True, 1)');
  t.equal(
    seen(py, {}, 'f = create_proxy(lambda x, y=1: x + y)\nf(1), f(1, 5), callable(f), isinstance(f, JsCallableDoubleProxy)'),
    '(2, 6, True, True)',
  );
});

test('roundtrip: a proxy again, or the object', async (load, t) => {
  const py = await load();
  const echo = (x) => x;
  t.equal(
    seen(py, { echo }, 'd = {}\np = create_proxy(d)\nr = echo(p)\nisinstance(r, JsDoubleProxy), r == p, r.unwrap() is d'),
    '(True, True, True)',
  );
  t.equal(run(py, { echo }, 'd = {}\necho(create_proxy(d, roundtrip=False)) is d'), true);
  t.equal(run(py, { o: {} }, 'd = {}\no.d = create_proxy(d)\no.d.unwrap() is d'), true);
  t.equal(run(py, { o: {} }, 'd = {}\no.d = create_proxy(d, roundtrip=False)\no.d is d'), true);
  raises(t, py, { o: {} }, 'o.d = create_proxy({})\no.d.destroy()\no.d', 'JsException', /destroyed/);
});

test('capture_this', async (load, t) => {
  const py = await load();
  const o = { v: 9, through(x) { return this.f(x); } };
  t.equal(run(py, { o }, 'o.f = create_proxy(lambda this, x: this.v + x, capture_this=True)\no.through(1)'), 10);
  t.equal(run(py, { o }, 'o.f = create_proxy(lambda x: x, capture_this=False)\no.through(1)'), 1);
  t.equal(run(py, { call: (f) => f.call({ v: 1 }, 2) }, 'call(create_proxy(lambda this, x: this.v + x, capture_this=True))'), 3);
});

test('create_once_callable', async (load, t) => {
  const py = await load();
  t.equal(
    seen(py, {}, 'f = create_once_callable(lambda x: x + 1)\nisinstance(f, JsOnceCallable), callable(f), f(4)'),
    '(True, True, 5)',
  );
  raises(t, py, {}, 'f = create_once_callable(lambda: 1)\nf()\nf()', 'JsException', /once/);
  raises(t, py, {}, 'f = create_once_callable(lambda: 1)\nf.destroy()\nf()', 'JsException', /once|destroyed/);
  raises(t, py, {}, 'f = create_once_callable(lambda: 1 / 0)\nf()', 'ZeroDivisionError');
  let kept;
  run(py, { keep: (f) => { kept = f; } }, 'keep(create_once_callable(lambda x: x * 2))');
  t.equal(kept(21), 42);
  t.throws(() => kept(21));
});

test('destroy_proxies', async (load, t) => {
  const py = await load();
  const made = [];
  run(py, { made }, 'to_js([lambda: 1, object()], pyproxies=made)');
  t.equal(made.length, 2);
  run(py, { made }, 'destroy_proxies(made)');
  for (const proxy of made) t.match(t.throws(() => proxy.toString()).message, /destroyed/);
  raises(t, py, {}, 'destroy_proxies([1])', 'TypeError', /JsProxy|[Aa]rray/);
  raises(t, py, { o: {} }, 'destroy_proxies(o)', 'TypeError', /[Aa]rray/);
  raises(t, py, { o: [1] }, 'destroy_proxies(o)', 'JsException|TypeError');
});

test('to_weakref and deref', async (load, t) => {
  const py = await load();
  const o = { a: 1 };
  t.equal(seen(py, { o }, 'w = o.to_weakref()\nw.deref() == o, w.deref().a'), '(True, 1)');
  t.equal(
    seen(
      py,
      { f: () => 1, a: [1], e: new Error('x') },
      'f.to_weakref().deref()(), a.to_weakref().deref()[0], e.to_weakref().deref().message',
    ),
    "(1, 1, 'x')",
  );
  const weak = run(py, { o }, 'o.to_weakref()');
  t.ok(weak instanceof WeakRef && weak.deref() === o, 'a WeakRef of the engine');
  raises(t, py, { s: Symbol.for('x') }, 's.to_weakref()', 'JsException', /TypeError/);
});

test('event handlers and timers by hand', async (load, t) => {
  const py = await load();
  const target = new EventTarget();
  const log = [];
  const names = { target, log, Event };
  await runAsync(
    py,
    names,
    `
    def on(event): log.push(event.type)
    p = create_proxy(on)
    target.addEventListener("ping", p)
    target.dispatchEvent(Event.new("ping"))
    target.removeEventListener("ping", p)
    target.dispatchEvent(Event.new("ping"))
    p.destroy()`,
  );
  t.same(log, ['ping']);
  await raisesAsync(
    t,
    py,
    { wait: () => new Promise((_, reject) => setTimeout(() => reject(new TypeError('late')), 1)) },
    'await wait()',
    'JsException',
    /late/,
  );
});
