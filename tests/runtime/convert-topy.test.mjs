/** toPy and to_py: containers of JavaScript become containers of Python. Buffers: convert-buffers; errors: convert-errors. */
import { test } from '../harness/body.mjs';

/** What Python sees of the conversion: its type and its repr. */
const seen = (py, value, options) => {
  const converted = py.toPy(value, options);
  py.globals.set('value', converted);
  if (converted !== value) converted?.destroy?.();
  return py.runPython('f"{type(value).__name__} {value!r}"');
};

/** Converts and asks Python about `value`. */
const ask = (py, value, question, options) => {
  seen(py, value, options);
  return py.runPython(question);
};

class Pair {
  constructor(first, second) {
    this.first = first;
    this.second = second;
  }
}

test('toPy: Array, object, Map and Set, nested', async (load, t) => {
  const py = await load();
  t.equal(seen(py, [1, 'x', null, undefined, true, 1.5, 5n, [[]]]), "list [1, 'x', jsnull, None, True, 1.5, 5, [[]]]");
  t.equal(seen(py, { a: 1, b: { c: [new Map([[1, new Set([2])]])] } }), "dict {'a': 1, 'b': {'c': [{1: {2}}]}}");
  t.equal(
    seen(
      py,
      new Map([
        [1, 2],
        ['a', new Map()],
        [null, 1],
        [undefined, 2],
        [1.5, 3],
      ]),
    ),
    "dict {1: 2, 'a': {}, jsnull: 1, None: 2, 1.5: 3}",
  );
  t.equal(seen(py, new Set(['a'])), "set {'a'}");
  t.equal(
    ask(py, new Set([1, 'a', null, undefined, 2n ** 60n]), 'from pyodide.ffi import jsnull\nvalue == {1, "a", jsnull, None, 2**60}'),
    true,
  );
  t.equal(seen(py, [new Set(), {}, new Map(), []]), 'list [set(), {}, {}, []]');
});

test('toPy: objects keep their order, their own enumerable names only', async (load, t) => {
  const py = await load();
  const symbol = Symbol('s');
  t.equal(
    seen(py, { z: 1, a: 2, 1: 3, '': 4, '🐍': 5, '\ud800': '\udc00' }),
    "dict {'1': 3, 'z': 1, 'a': 2, '': 4, '🐍': 5, '\\ud800': '\\udc00'}",
  );
  t.equal(seen(py, Object.defineProperty({ a: 1, [symbol]: 2 }, 'hidden', { value: 3 })), "dict {'a': 1}");
  t.equal(
    seen(py, {
      get a() {
        return 7;
      },
    }),
    "dict {'a': 7}",
  );
  t.equal(seen(py, Object.assign(Object.create(null), { a: 1 })), "dict {'a': 1}");
  t.equal(seen(py, Object.create({ inherited: 1 })), 'dict {}');
  t.equal(seen(py, Object.freeze({ a: 1 })), "dict {'a': 1}");
  t.equal(seen(py, JSON.parse('{"__proto__": 1, "toString": 2}')), "dict {'__proto__': 1, 'toString': 2}");
});

test('toPy: an object with a key "constructor"', { skip: { peer: 'the peer takes it for an instance of a class' } }, async (load, t) => {
  const py = await load();
  t.equal(seen(py, { constructor: 5, a: 1 }), "dict {'constructor': 5, 'a': 1}");
});

test('toPy: holes, subclasses and engine proxies', async (load, t) => {
  const py = await load();
  t.equal(seen(py, [1, , 3]), 'list [1, None, 3]');
  t.equal(seen(py, new (class extends Array {})(2)), 'list [None, None]');
  t.equal(seen(py, new (class extends Map {})([[1, 2]])), 'dict {1: 2}');
  t.equal(seen(py, new Proxy({ a: 1 }, {})), "dict {'a': 1}");
  t.equal(seen(py, new Proxy([1], {})), 'list [1]');
});

test('toPy: everything else stays what it is', async (load, t) => {
  const py = await load();
  const others = [
    () => 1,
    new Date(0),
    /a/,
    new Pair(1, 2),
    Symbol('s'),
    Promise.resolve(1),
    new WeakMap(),
    Object(5),
    new Error('e'),
    class {},
  ];
  for (const value of others) {
    t.equal(py.toPy(value), value);
    const list = py.toPy([value]);
    t.equal(list.get(0), value);
    list.destroy();
  }
  for (const value of [5, 'x', null, undefined, true, 5n, 1.5, NaN]) t.equal(py.toPy(value), value);
});

test('toPy: proxies of Python objects are those objects', async (load, t) => {
  const py = await load();
  const proxy = py.runPython('original = [1]; original');
  t.equal(py.toPy(proxy), proxy);
  t.equal(
    ask(
      py,
      [proxy, { a: proxy }, new Map([['k', proxy]])],
      'value[0] is original and value[1]["a"] is original and value[2]["k"] is original',
    ),
    true,
  );
  const key = py.runPython('key = (1, 2); key');
  t.equal(ask(py, new Map([[key, 3]]), 'repr(value)'), '{(1, 2): 3}', 'hashable ones can be keys');
  t.equal(ask(py, new Set([key]), 'repr(value)'), '{(1, 2)}');
  proxy.destroy();
  key.destroy();
  t.match(t.throws(() => py.toPy([proxy])).message, /destroyed/);
});

test('toPy: depth counts containers', async (load, t) => {
  const py = await load();
  const value = [[[1]], { a: { b: 1 } }, new Map([[1, [2]]]), new Set([1])];
  const types = (depth) =>
    ask(
      py,
      value,
      'def names(x):\n    if isinstance(x, list): return [names(y) for y in x]\n    if isinstance(x, dict): return [names(y) for y in x.values()]\n    return type(x).__name__\nrepr(names(value))',
      { depth },
    );
  for (const depth of [-1, undefined, 4, 1000]) t.equal(types(depth), "[[['int']], [['int']], [['int']], 'set']", `depth ${depth}`);
  t.equal(types(0), "'JsProxy'");
  t.equal(types(1), "['JsProxy', 'JsProxy', 'JsProxy', 'JsProxy']");
  t.equal(types(2), "[['JsProxy'], ['JsProxy'], ['JsProxy'], 'set']");
  t.equal(py.toPy(value, { depth: 0 }), value);
});

test('toPy: what is shared stays shared, and cycles', async (load, t) => {
  const py = await load();
  for (const value of [[1], { a: 1 }, new Map(), new Set()]) t.equal(ask(py, [value, [value]], 'value[0] is value[1][0]'), true);
  const list = [1];
  list.push(list);
  t.equal(ask(py, list, 'value[1] is value'), true);
  const object = {};
  object.self = object;
  t.equal(ask(py, object, 'value["self"] is value'), true);
  const map = new Map();
  map.set(1, map);
  t.equal(ask(py, map, 'value[1] is value'), true);
  const mutual = { list: [] };
  mutual.list.push(new Map([['up', mutual]]));
  t.equal(ask(py, mutual, 'value["list"][0]["up"] is value'), true);
});

test('toPy: what a getter or a trap throws arrives', async (load, t) => {
  const py = await load();
  const error = new RangeError('mine');
  const thrower = () => {
    throw error;
  };
  t.equal(
    t.throws(() =>
      py.toPy([
        {
          get a() {
            return thrower();
          },
        },
      ]),
    ),
    error,
  );
  t.equal(
    t.throws(() => py.toPy([new Proxy({}, { ownKeys: thrower })])),
    error,
  );
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  t.ok(t.throws(() => py.toPy(proxy)) instanceof TypeError);
});

test('defaultConverter: called for what would stay a JavaScript object', async (load, t) => {
  const py = await load();
  const calls = [];
  const defaultConverter = (value, convert, cacheConversion) => {
    calls.push([value, typeof convert, typeof cacheConversion]);
    return 'converted';
  };
  const [f, pair, symbol] = [() => 1, new Pair(1, 2), Symbol('s')];
  t.equal(
    seen(py, [1, 'x', null, undefined, 5n, [2], f, { p: pair }, symbol], { defaultConverter }),
    "list [1, 'x', jsnull, None, 5, [2], 'converted', {'p': 'converted'}, 'converted']",
  );
  t.same(
    calls.map((call) => call.slice(1)),
    Array.from({ length: 3 }, () => ['function', 'function']),
  );
  t.same(
    calls.map(([value]) => value === f || value === pair || value === symbol),
    [true, true, true],
  );
  t.equal(py.toPy(pair, { defaultConverter }), 'converted');
  t.equal(seen(py, [pair, pair], { defaultConverter: () => undefined }), 'list [None, None]');
  t.equal(seen(py, [pair], { defaultConverter: () => null }), 'list [jsnull]');
  t.equal(ask(py, [pair], 'type(value[0]).__name__', { defaultConverter: (value) => value }), 'JsProxy');
});

test('defaultConverter: convert, cacheConversion and cycles', async (load, t) => {
  const py = await load();
  t.equal(
    seen(py, new Pair(1, [2, new Pair(3, { a: 4 })]), { defaultConverter: (value, convert) => convert([value.first, value.second]) }),
    "list [1, [2, [3, {'a': 4}]]]",
  );
  const proxies = [];
  const defaultConverter = (value, convert, cacheConversion) => {
    const list = py.runPython('[]');
    cacheConversion(value, list);
    for (const part of [value.first, value.second]) {
      const converted = convert(part);
      list.append(converted);
      converted?.destroy?.();
    }
    proxies.push(list);
    return list;
  };
  const pair = new Pair(0, [2]);
  pair.first = pair;
  t.equal(
    ask(py, [pair, pair], 'repr((value[0] is value[1], value[0][0] is value[0], value[0][1]))', { defaultConverter }),
    '(True, True, [2])',
  );
  t.equal(proxies.length, 1, 'cached: converted once');
  let calls = 0;
  ask(py, [pair, pair], '0', { defaultConverter: () => ++calls });
  t.equal(calls, 2, 'not cached: converted each time');
});

test('defaultConverter: what it throws arrives', async (load, t) => {
  const py = await load();
  const error = new RangeError('mine');
  const defaultConverter = () => {
    throw error;
  };
  t.equal(
    t.throws(() => py.toPy([new Pair(1, 2)], { defaultConverter })),
    error,
  );
  t.throws(() => py.toPy([new Pair(1, 2)], { defaultConverter: 5 }));
});

test('to_py: the same from Python, with a Python converter', async (load, t) => {
  const py = await load();
  py.globals.set('holder', { a: [1, { b: 2 }], p: new Pair(3, [4]) });
  t.equal(py.runPython('repr(holder.to_py()["a"])'), "[1, {'b': 2}]");
  t.equal(py.runPython('holder.to_py()["p"] == holder.p'), true);
  t.equal(py.runPython('type(holder.to_py(depth=1)["a"]).__name__'), 'JsProxy');
  t.equal(py.runPython('type(holder.to_py(depth=2)["a"]).__name__ + type(holder.to_py(depth=2)["a"][1]).__name__'), 'listJsProxy');
  t.equal(py.runPython('holder.to_py(depth=0) == holder'), true);
  t.equal(
    py.runPython('repr(holder.to_py(default_converter=lambda value, convert, cache: (value.first, convert(value.second))))'),
    "{'a': [1, {'b': 2}], 'p': (3, [4])}",
  );
  const pair = new Pair(1, 2);
  pair.first = pair;
  py.globals.set('pair', pair);
  t.equal(
    py.runPython(`
def converter(value, convert, cache):
    result = []
    cache(value, result)
    result += [convert(value.first), convert(value.second)]
    return result
r = pair.to_py(default_converter=converter)
repr((r[0] is r, r[1]))`),
    '(True, 2)',
  );
  t.equal(
    py.runPython(`
problem = ValueError("mine")
def converter(value, convert, cache):
    raise problem
try:
    pair.to_py(default_converter=converter)
except BaseException as error:
    result = error is problem
result`),
    true,
  );
  for (const call of ['holder.to_py(1)', 'holder.to_py(nope=1)', 'holder.to_py(depth="x")'])
    t.equal(t.throws(() => py.runPython(call)).type, 'TypeError', call);
});

test('as_py_json and to_py see the same', async (load, t) => {
  const py = await load();
  const value = { a: [1, { b: [true, null, 'x'] }], c: {} };
  py.globals.set('value', value);
  t.equal(
    py.runPython(`
import json
from pyodide.ffi import jsnull
j = value.as_py_json()
repr((j["a"][1]["b"][2], j["a"][0], j["a"][1]["b"][1] is jsnull, list(j), len(j), dict(j["c"]), value.to_py()["a"][1]["b"][2]))`),
    "('x', 1, True, ['a', 'c'], 2, {}, 'x')",
  );
  t.equal(py.runPython('json.dumps(value.to_py())'), '{"a": [1, {"b": [true, null, "x"]}], "c": {}}');
});

test('toPy: hundreds of levels', async (load, t) => {
  const py = await load();
  let value = [];
  for (let i = 0; i < 500; i++) value = [value];
  t.equal(ask(py, value, 'depth = 0\nwhile value:\n    value, depth = value[0], depth + 1\ndepth'), 500);
});

test('toPy: a hundred thousand levels are an error, not the end', { timeout: 120 }, async (load, t) => {
  const py = await load({});
  let value = [];
  for (let i = 0; i < 100_000; i++) value = [value];
  let object = {};
  for (let i = 0; i < 100_000; i++) object = { a: object };
  for (const deep of [value, object]) {
    try {
      py.toPy(deep).destroy();
    } catch (error) {
      t.match(`${error.type} ${error.name}`, /RecursionError|ConversionError|RangeError|InternalError/);
    }
    t.equal(py.runPython('6 * 7'), 42);
  }
});
