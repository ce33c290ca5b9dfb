/** to_py and pyodide.toPy: depth, cycles, shared references, converters, keys that cannot be. */
import { raises, run, seen } from '../harness/bridge.mjs';
import { test } from '../harness/body.mjs';

class Pair {
  constructor(first, second) {
    this.first = first;
    this.second = second;
  }
}

const PAIR = `
def pair(value, convert, cache):
    result = []
    cache(value, result)
    result.append(convert(value.first))
    result.append(convert(value.second))
    return result
`;

test('what is converted', async (load, t) => {
  const py = await load();
  const copied = (o) => seen(py, { o }, 'o.to_py()');
  t.equal(copied([1, 'two', [3.5, null, undefined, true]]), "[1, 'two', [3.5, jsnull, None, True]]");
  t.equal(copied({ a: 1, b: { c: [new Map([['k', new Set([1])]])] } }), "{'a': 1, 'b': {'c': [{'k': {1}}]}}");
  t.equal(
    copied(new Map([[1, 'x'], ['y', new Map()], [null, 2], [undefined, 3], [1.5, 4], [false, 5]])),
    "{1: 'x', 'y': {}, jsnull: 2, None: 3, 1.5: 4, False: 5}",
  );
  t.equal(copied({ [Symbol('s')]: 1, a: 2 }), "{'a': 2}");
  t.equal(copied(Object.defineProperty({ a: 1 }, 'hidden', { value: 2 })), "{'a': 1}");
  t.equal(copied(Object.assign(Object.create(null), { a: 1 })), "{'a': 1}");
  t.equal(seen(py, { o: [10n] }, 'type(o.to_py()[0]) is JsBigInt'), 'True');
  t.equal(run(py, { o: Array.from({ length: 50_000 }, (_, i) => i) }, 'o.to_py() == list(range(50_000))'), true);
});

test('what stays a proxy', async (load, t) => {
  const py = await load();
  const others = [new Date(0), () => 1, new Error('x'), Symbol('s'), /a/, new WeakMap(), new Pair(1, 2), [1].values(), (function* () {})()];
  for (const o of others) t.equal(run(py, { o }, 'o.to_py() == o'), true, String(o));
  t.equal(seen(py, { o: [new Pair(1, 2), new Date(0)] }, '[isinstance(v, JsProxy) for v in o.to_py()]'), '[True, True]');
});

test('subclasses of containers convert as their base', async (load, t) => {
  const py = await load();
  class A extends Array {}
  class M extends Map {}
  class S extends Set {}
  t.equal(
    seen(py, { a: A.from([1]), m: new M([[1, 2]]), s: new S([1]) }, 'a.to_py(), m.to_py(), s.to_py()'),
    '([1], {1: 2}, {1})',
  );
});

test('depth', async (load, t) => {
  const py = await load();
  const o = [1, [2, [3]]];
  t.equal(
    seen(py, { o }, 'o.to_py(depth=-1), o.to_py(depth=3), o.to_py(depth=-7)'),
    '([1, [2, [3]]], [1, [2, [3]]], [1, [2, [3]]])',
  );
  t.equal(seen(py, { o }, 'isinstance(o.to_py(depth=0), JsProxy)'), 'True');
  t.equal(
    seen(py, { o }, 'r = o.to_py(depth=1)\ntype(r) is list, isinstance(r[1], JsProxy), r[1] == o[1]'),
    '(True, True, True)',
  );
  t.equal(seen(py, { o }, 'r = o.to_py(depth=2)\nr[1][0], isinstance(r[1][1], JsProxy)'), '(2, True)');
  t.equal(seen(py, { o: new Map([['k', { a: 1 }]]) }, 'isinstance(o.to_py(depth=1)["k"], JsProxy)'), 'True');
  for (const depth of ['"x"', '1.5', 'None']) raises(t, py, { o }, `o.to_py(depth=${depth})`, 'TypeError', /integer/);
  raises(t, py, { o }, 'o.to_py(1)', 'TypeError', /positional/);
});

test('cycles and shared references', async (load, t) => {
  const py = await load();
  const list = [1];
  list.push(list);
  t.equal(run(py, { list }, 'r = list.to_py()\nr[1] is r'), true);
  const object = { x: 1 };
  object.self = object;
  object.in = [object];
  t.equal(run(py, { object }, 'r = object.to_py()\nr["self"] is r and r["in"][0] is r'), true);
  const map = new Map();
  map.set('m', map);
  t.equal(run(py, { map }, 'r = map.to_py()\nr["m"] is r'), true);
  const shared = { z: 1 };
  t.equal(run(py, { o: [shared, shared, { shared }] }, 'r = o.to_py()\nr[0] is r[1] and r[2]["shared"] is r[0]'), true);
});

test('Python objects inside come back as themselves', async (load, t) => {
  const py = await load();
  t.equal(
    run(py, { wrap: (x) => ({ x: x.copy(), l: [x.copy()] }) }, 'd = {}\nr = wrap(d).to_py()\nr["x"] is d and r["l"][0] is d'),
    true,
  );
});

test('keys that would not be the same keys in Python', async (load, t) => {
  const py = await load();
  const refused = 'ConversionError|JsException';
  for (const key of [{}, [1], new Date(0), () => 1, Symbol('s'), new Set()]) {
    raises(t, py, { o: new Map([[key, 1]]) }, 'o.to_py()', refused, /key/);
    raises(t, py, { o: [new Set([key])] }, 'o.to_py()', refused, /key/);
    raises(t, py, { o: new Map([[key, 1]]) }, 'o.to_py(depth=1)', refused, /key/);
  }
  for (const pair of [[1, true], [0, false]]) {
    raises(t, py, { o: new Map(pair.map((key) => [key, 'v'])) }, 'o.to_py()', refused, /key|both/);
    raises(t, py, { o: new Set(pair) }, 'o.to_py()', refused, /key|both/);
  }
  t.equal(seen(py, { o: new Set([1, 'a', 1.5]) }, 'o.to_py() == {1, "a", 1.5}'), 'True');
});

test('default_converter: for what has no conversion', async (load, t) => {
  const py = await load();
  const names = { o: [new Date(5), { d: new Date(6) }, 7] };
  t.equal(
    seen(py, names, 'o.to_py(default_converter=lambda v, convert, cache: ("date", v.getTime()))'),
    "[('date', 5), {'d': ('date', 6)}, 7]",
  );
  t.equal(seen(py, { o: [new Date(5)] }, 'o.to_py(default_converter=lambda v, convert, cache: v)[0] == o[0]'), 'True');
  t.equal(seen(py, { o: [new Date(5)] }, 'o.to_py(default_converter=lambda v, convert, cache: None)'), '[None]');
  t.equal(seen(py, { o: new Date(5) }, 'o.to_py(default_converter=lambda v, convert, cache: "top")'), "'top'");
  t.equal(
    seen(py, { o: [() => 1, new Error('x')] }, 'o.to_py(default_converter=lambda v, convert, cache: v.constructor.name)'),
    "['Function', 'Error']",
  );
  t.equal(seen(py, { o: [new Date(5)] }, 'o.to_py(default_converter=None)[0] == o[0]'), 'True');
  t.equal(seen(py, { o: [new Date(5)], c: () => 'from JavaScript' }, 'o.to_py(default_converter=c)'), "['from JavaScript']");
});

test('default_converter: convert and cache', async (load, t) => {
  const py = await load();
  t.equal(
    seen(py, { o: new Pair(1, { x: new Pair(2, [3]) }) }, `${PAIR}\no.to_py(default_converter=pair)`),
    "[1, {'x': [2, [3]]}]",
  );
  const own = new Pair(0, 0);
  own.first = own;
  own.second = [own];
  t.equal(run(py, { own }, `${PAIR}\np = own.to_py(default_converter=pair)\np[0] is p and p[1][0] is p`), true);
  const one = new Pair(1, 2);
  t.equal(run(py, { o: [one, one] }, `${PAIR}\nr = o.to_py(default_converter=pair)\nr[0] is r[1]`), true);
  t.equal(
    seen(
      py,
      { o: [new Date(5)] },
      'o.to_py(default_converter=lambda v, convert, cache: [convert(5), convert([1]), convert(None)])',
    ),
    '[[5, [1], None]]',
  );
  t.equal(
    seen(py, { o: [new Date(5)], inner: [1, [2]] }, 'o.to_py(default_converter=lambda v, convert, cache: convert(inner))'),
    '[[1, [2]]]',
  );
});

test('default_converter: errors', async (load, t) => {
  const py = await load();
  const names = { o: [new Date(5)], bad: () => { throw new RangeError('converter'); } };
  raises(t, py, names, 'def c(*args): raise LookupError("converter")\no.to_py(default_converter=c)', 'LookupError', /converter/);
  raises(t, py, names, 'o.to_py(default_converter=bad)', 'JsException', /converter/);
  raises(t, py, names, 'o.to_py(default_converter=lambda v: v)', 'TypeError', /positional/);
  raises(t, py, names, 'o.to_py(default_converter=5)', 'TypeError|JsException');
  raises(t, py, names, 'o.to_py(nope=1)', 'TypeError', /nope|keyword/);
});

test('default_converter: one that never ends', { timeout: 120, skip: { peer: 'the peer dies of it in workers' } }, async (load, t) => {
  const py = await load();
  const code = 'o.to_py(default_converter=lambda v, convert, cache: convert(v))';
  raises(t, py, { o: [new Date(5)] }, code, 'JsException|RecursionError|ConversionError');
});

test('hostile contents', async (load, t) => {
  const py = await load();
  raises(t, py, { o: { get a() { throw new RangeError('getter'); } } }, 'o.to_py()', 'JsException', /getter/);
  raises(t, py, { o: { get constructor() { throw new RangeError('ctor'); } } }, 'o.to_py()', 'JsException', /ctor/);
  const trap = new Proxy([1, 2], { get(target, key) { if (key === '1') throw new RangeError('trap'); return target[key]; } });
  raises(t, py, { o: [trap] }, 'o.to_py()', 'JsException', /trap/);
  let deep = [];
  for (let i = 0; i < 200_000; i++) deep = [deep];
  raises(t, py, { deep }, 'deep.to_py()', 'JsException|RecursionError', /stack|recursion/i);
  let fine = [];
  for (let i = 0; i < 300; i++) fine = [fine];
  t.equal(seen(py, { fine }, 'r = fine.to_py()\nn = 0\nwhile r: r = r[0]; n += 1\nn'), '300');
});

test('a length that lies does not fool to_py', { skip: { peer: 'the peer answers with a SystemError' } }, async (load, t) => {
  const py = await load();
  const p = new Proxy([1, 2], { get: (target, key) => (key === 'length' ? -1 : Reflect.get(target, key)) });
  raises(t, py, { p }, 'p.to_py()', 'ValueError|JsException');
});

test('pyodide.toPy: what is converted and what is handed back', async (load, t) => {
  const py = await load();
  for (const value of [1, 1.5, 'x', true, null, undefined, 5n]) t.equal(py.toPy(value), value);
  for (const value of [() => 1, new Date(0), Symbol('s'), new Error('x'), new Pair(1, 2)]) t.equal(py.toPy(value), value, String(value));
  const d = py.runPython('{}');
  t.equal(py.toPy(d), d, 'a proxy of Python');
  const types = [[1], { a: 1 }, new Map(), new Set([1]), new Uint8Array(2)].map((value) => py.toPy(value).type);
  t.same(types, ['list', 'dict', 'dict', 'set', 'memoryview']);
  const ours = py.runPython('[1]');
  t.equal(run(py, { got: py.toPy({ deep: [ours] }), ours }, 'got["deep"][0] is ours'), true);
});

test('pyodide.toPy: depth and cycles', async (load, t) => {
  const py = await load();
  const o = [[1], { a: [2] }];
  t.equal(py.toPy(o, { depth: 0 }), o);
  t.equal(py.toPy(o, { depth: 1 }).get(0), o[0]);
  t.equal(seen(py, { r: py.toPy(o, { depth: 2 }) }, 'r[0], isinstance(r[1]["a"], JsProxy)'), '([1], True)');
  t.equal(seen(py, { r: py.toPy(o, { depth: -1 }) }, 'r'), "[[1], {'a': [2]}]");
  const cycle = { list: [] };
  cycle.list.push(cycle);
  t.equal(run(py, { r: py.toPy(cycle) }, 'r["list"][0] is r'), true);
});

test('pyodide.toPy: defaultConverter', async (load, t) => {
  const py = await load();
  const date = new Date(5);
  const convertWith = (defaultConverter, value = [date]) => seen(py, { r: py.toPy(value, { defaultConverter }) }, 'r');
  t.equal(convertWith((value) => `date ${value.getTime()}`), "['date 5']");
  t.equal(convertWith((value, convert) => convert([1, [2]])), '[[1, [2]]]');
  t.equal(convertWith(() => py.toPy({ a: 1 })), "[{'a': 1}]");
  t.equal(convertWith((value) => value.getTime(), { d: date }), "{'d': 5}");
  const own = new Pair(1, 2);
  own.first = own;
  const toPair = (value, convert, cacheConversion) => {
    const list = py.globals.get('list')();
    cacheConversion(value, list);
    list.append(convert(value.first));
    list.append(convert(value.second));
    return list;
  };
  t.equal(seen(py, { r: py.toPy(own, { defaultConverter: toPair }) }, 'r[0] is r, r[1]'), '(True, 2)');
});

test('pyodide.toPy: errors are JavaScript\'s', async (load, t) => {
  const py = await load();
  const thrown = new RangeError('converter');
  t.equal(t.throws(() => py.toPy([new Date(5)], { defaultConverter: () => { throw thrown; } })), thrown);
  t.equal(t.throws(() => py.toPy({ get a() { throw thrown; } })), thrown);
  t.ok(t.throws(() => py.toPy([new Date(5)], { defaultConverter: 5 })) instanceof Error);
  for (const value of [new Map([[{}, 1]]), new Set([[]]), new Map([[1, 'a'], [true, 'b']]), new Set([0, false])]) {
    const error = t.throws(() => py.toPy(value));
    t.ok(error instanceof Error);
    t.match(error.message, /key|both/);
  }
  let deep = [];
  for (let i = 0; i < 200_000; i++) deep = [deep];
  t.match(t.throws(() => py.toPy(deep)).message, /stack|recursion/i);
  t.equal(py.runPython('6 * 7'), 42);
});
