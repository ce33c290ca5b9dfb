/** toJs and to_js: containers of Python become containers of JavaScript. Buffers: convert-buffers; errors: convert-errors. */
import { test } from '../harness/body.mjs';

/** The value of a Python expression, converted. */
const toJs = (py, code, options) => {
  const proxy = py.runPython(code);
  const result = proxy.toJs(options);
  proxy.destroy();
  return result;
};

const isProxy = (py, value) => value instanceof py.ffi.PyProxy;

/** Frees what a conversion left as proxies. */
const collect = (t) => {
  const pyproxies = [];
  t.after(() => pyproxies.forEach((proxy) => proxy.destroy()));
  return pyproxies;
};

test('toJs: list, tuple, dict and set, nested', async (load, t) => {
  const py = await load();
  t.same(toJs(py, '[[1, [2, (3, {4})]], {"a": {"b": [1]}}, None, True, 1.5, "x", 2**70]'), [
    [1, [2, [3, new Set([4])]]],
    { a: { b: [1] } },
    undefined,
    true,
    1.5,
    'x',
    2n ** 70n,
  ]);
  t.same(toJs(py, '[[], (), {}, set()]'), [[], [], {}, new Set()]);
  t.equal(toJs(py, '[1]').constructor, Array);
  t.same(toJs(py, 'from pyodide.ffi import jsnull, JsBigInt\n[jsnull, JsBigInt(3), None]'), [null, 3n, undefined]);
});

test('toJs: a dict becomes a plain object in its order', async (load, t) => {
  const py = await load();
  const object = toJs(py, '{"b": 1, "a": 2, "": 3, "\\ud800": 4, "a b": 5}');
  t.equal(Object.getPrototypeOf(object), Object.prototype);
  t.same(Object.keys(object), ['b', 'a', '', '\ud800', 'a b']);
  t.same(Object.getOwnPropertyDescriptor(object, 'b'), { value: 1, writable: true, enumerable: true, configurable: true });
});

test('toJs: keys of a dict that are values become names', async (load, t) => {
  const py = await load();
  t.same(toJs(py, '{1: "int", 2.5: "float", None: "none", True: "x", 2**60: "big"}'), {
    1: 'x',
    2.5: 'float',
    undefined: 'none',
    [String(2n ** 60n)]: 'big',
  });
  t.same(toJs(py, 'from pyodide.ffi import jsnull\n{False: 1, jsnull: 2}'), { false: 1, null: 2 });
});

test(
  "toJs: names of Object's own prototype are keys like others",
  { skip: { peer: 'the peer calls them a collision' } },
  async (load, t) => {
    const py = await load();
    const object = toJs(py, '{"constructor": 1, "toString": 2, "hasOwnProperty": 3, "__proto__": {"x": 4}}');
    t.same(Object.keys(object), ['constructor', 'toString', 'hasOwnProperty', '__proto__']);
    t.equal(Object.getPrototypeOf(object), Object.prototype);
    t.same(Object.getOwnPropertyDescriptor(object, '__proto__').value, { x: 4 });
  },
);

test('toJs: subclasses convert as their base', async (load, t) => {
  const py = await load();
  py.runPython(`
import collections, enum
class L(list): pass
class D(dict): pass
class S(set): pass
class T(tuple): pass
Point = collections.namedtuple("Point", "x y")
class Word(enum.StrEnum):
    YES = "yes"`);
  t.same(toJs(py, '[L([1]), D(a=1), S([1]), T([1]), Point(1, 2)]'), [[1], { a: 1 }, new Set([1]), [1], [1, 2]]);
  t.same(toJs(py, '[collections.OrderedDict(b=1, a=2), collections.defaultdict(int, x=1), collections.Counter("aab")]'), [
    { b: 1, a: 2 },
    { x: 1 },
    { a: 2, b: 1 },
  ]);
  t.same(toJs(py, '{Word.YES: 1}'), { yes: 1 });
});

test('toJs: sets', async (load, t) => {
  const py = await load();
  t.same(toJs(py, '{1, 2.5, "x", None, True}'), new Set([1, 2.5, 'x', undefined]));
  t.same(toJs(py, 'from pyodide.ffi import jsnull\n{jsnull, 2**60}'), new Set([null, 2n ** 60n]));
  t.same([...toJs(py, '{float("nan")}')], [NaN]);
  t.equal(toJs(py, '{1, 1.0, True}').size, 1);
});

test('toJs: what has no counterpart becomes a proxy', async (load, t) => {
  const py = await load();
  const codes = [
    'object()',
    'print',
    '1j',
    'range(2)',
    'iter([])',
    'frozenset([1])',
    '{}.keys()',
    'Exception("x")',
    'int',
    'Ellipsis',
    '(i for i in [])',
    '__import__("collections").deque([1])',
    '__import__("types").SimpleNamespace(a=1)',
  ];
  for (const code of codes) {
    const pyproxies = [];
    const [only] = toJs(py, `[${code}]`, { pyproxies });
    t.ok(isProxy(py, only), code);
    t.equal(pyproxies.length, 1);
    t.equal(pyproxies[0], only);
    only.destroy();
  }
});

test('toJs of such an object itself: a new proxy', async (load, t) => {
  const py = await load();
  const pyproxies = collect(t);
  const proxy = py.runPython('object()');
  const result = proxy.toJs({ pyproxies });
  t.ok(result !== proxy && isProxy(py, result));
  t.equal(pyproxies[0], result);
  proxy.destroy();
  t.equal(result.type, 'object', 'lives longer than the one it came from');
});

test('toJs: JavaScript objects inside come out as themselves', async (load, t) => {
  const py = await load();
  const object = { a: 1 };
  py.globals.set('thing', object);
  const result = toJs(py, '[thing, {"k": thing}, (thing,)]');
  t.equal(result[0], object);
  t.equal(result[1].k, object);
  t.equal(result[2][0], object);
});

test('toJs: depth counts containers', async (load, t) => {
  const py = await load();
  const code = '[[[1]], {"a": {"b": []}}, {1, 2}, (1, (2,)), 5]';
  const at = (depth) => toJs(py, code, { depth, pyproxies: collect(t) });
  const full = [[[1]], { a: { b: [] } }, new Set([1, 2]), [1, [2]], 5];
  for (const depth of [-1, -2, undefined, 4, 1000]) t.same(at(depth), full, `depth ${depth}`);
  const none = at(0);
  t.ok(isProxy(py, none) && none.type === 'list', 'depth 0');
  const one = at(1);
  t.same(
    one.map((value) => (isProxy(py, value) ? value.type : value)),
    ['list', 'dict', 'set', 'tuple', 5],
  );
  const two = at(2);
  t.ok(isProxy(py, two[0][0]) && isProxy(py, two[1].a));
  t.same(two[2], new Set([1, 2]));
  t.equal(two[3][0], 1);
  t.equal(two[3][1].type, 'tuple');
  const three = at(3);
  t.same(three[0], [[1]]);
  t.equal(three[1].a.b.type, 'list');
});

test('toJs: pyproxies gathers every proxy, create_pyproxies forbids them', async (load, t) => {
  const py = await load();
  const pyproxies = [];
  const result = toJs(py, '[object(), [object()], {"a": print}, {"b": [range(2)]}]', { pyproxies });
  t.same(
    pyproxies.map((proxy) => proxy.type),
    ['object', 'object', 'builtin_function_or_method', 'range'],
  );
  t.equal(result[3].b[0], pyproxies[3]);
  for (const proxy of pyproxies) proxy.destroy();
  t.throws(() => result[0].type);
  t.same(toJs(py, '[1, [2, {"a": (3,)}]]', { create_pyproxies: false }), [1, [2, { a: [3] }]]);
  for (const code of ['object()', '[object()]', '[[{"a": object()}]]']) {
    const made = [];
    t.equal(t.throws(() => toJs(py, code, { create_pyproxies: false, pyproxies: made })).type, 'ConversionError', code);
    t.equal(made.length, 0);
  }
});

test(
  'toJs: create_pyproxies forbids those at the depth limit, too',
  { skip: { peer: 'ends the peer with a fatal error' } },
  async (load, t) => {
    const py = await load();
    t.equal(t.throws(() => toJs(py, '[[1]]', { depth: 1, create_pyproxies: false })).type, 'ConversionError');
    t.equal(t.throws(() => toJs(py, '{"a": 1}', { depth: 0, create_pyproxies: false })).type, 'ConversionError');
    t.same(toJs(py, '[1]', { depth: 1, create_pyproxies: false }), [1]);
  },
);

test('toJs: an object that is shared stays shared', async (load, t) => {
  const py = await load();
  const shared = toJs(py, '(lambda l, d, s, u: [l, l, d, d, s, s, u, u])([1], {"a": 1}, {1}, (1,))');
  for (let i = 0; i < 8; i += 2) t.equal(shared[i], shared[i + 1], `pair ${i / 2}`);
  t.ok(shared[0] !== shared[6]);
  const converted = toJs(py, '(lambda d: [d, [d]])({"a": 1})', { dict_converter: Object.fromEntries });
  t.equal(converted[0], converted[1][0], 'what dict_converter returned is used again');
});

test('toJs: cycles', async (load, t) => {
  const py = await load();
  py.runPython('l = [1]; l.append(l)\nd = {}; d["d"] = d\nm = [{}]; m[0]["l"] = m\nu = ([],); u[0].append(u)');
  const list = toJs(py, 'l');
  t.equal(list[1], list);
  const dict = toJs(py, 'd');
  t.equal(dict.d, dict);
  const mixed = toJs(py, 'm');
  t.equal(mixed[0].l, mixed);
  const tuple = toJs(py, 'u');
  t.equal(tuple[0][0], tuple);
  const mapped = toJs(py, 'm', { dict_converter: (entries) => new Map(entries) });
  t.equal(mapped[0].get('l'), mapped, 'a list that is being made is known to dict_converter');
});

test(
  'toJs: a dict inside itself has no value yet for dict_converter',
  { skip: { peer: 'the peer drops the value or leaves a marker in its place' } },
  async (load, t) => {
    const py = await load();
    py.runPython('d = {}; d["d"] = d\nn = {"d": []}; n["d"].append(n)');
    for (const [code, inner] of [
      ['d', (map) => map.get('d')],
      ['n', (map) => map.get('d')[0]],
    ]) {
      let map;
      try {
        map = toJs(py, code, { dict_converter: (entries) => new Map(entries) });
      } catch (error) {
        t.equal(error.type, 'ConversionError');
        continue;
      }
      t.equal(inner(map), map, 'neither an error nor the cycle');
    }
  },
);

test('dict_converter: entries in, anything out', async (load, t) => {
  const py = await load();
  const calls = [];
  const dict_converter = (entries) => {
    const list = [...entries];
    calls.push(list);
    return new Map(list);
  };
  t.same(
    toJs(py, '{"a": {1: 2}, 1.5: [{None: True}]}', { dict_converter }),
    new Map([
      ['a', new Map([[1, 2]])],
      [1.5, [new Map([[undefined, true]])]],
    ]),
  );
  t.equal(calls.length, 3, 'inner ones first');
  t.same(calls[0], [[1, 2]]);
  t.same(toJs(py, '{"a": {"b": 1}}', { dict_converter: Object.fromEntries }), { a: { b: 1 } });
  t.same(toJs(py, '{"a": {"b": 1}}', { dict_converter: Array.from }), [['a', [['b', 1]]]]);
  t.same(
    toJs(py, '{1: 1, "1": 2}', { dict_converter: (entries) => new Map(entries) }),
    new Map([
      [1, 1],
      ['1', 2],
    ]),
    'no collision where there is none',
  );
  for (const value of [undefined, null, 0, 'text']) t.equal(toJs(py, '{"a": 1}', { dict_converter: () => value }), value);
  t.same(toJs(py, '[{"a": 1}]', { dict_converter: null }), [{ a: 1 }]);
  t.same(toJs(py, '[{"a": 1}]', { dict_converter: undefined }), [{ a: 1 }]);
  let called = false;
  const whole = toJs(py, '{"a": 1}', { depth: 0, pyproxies: collect(t), dict_converter: () => (called = true) });
  t.equal(whole.type, 'dict');
  t.equal(called, false, 'not below the depth');
});

test('default_converter: called for what would become a proxy', async (load, t) => {
  const py = await load();
  const seen = [];
  const default_converter = (object, convert, cacheConversion) => {
    seen.push([object.type, typeof convert, typeof cacheConversion]);
    return 'converted';
  };
  t.same(toJs(py, '[1, "x", None, [2], b"b", print, 1j, {"r": range(1)}]', { default_converter }), [
    1,
    'x',
    undefined,
    [2],
    new Uint8Array([98]),
    'converted',
    'converted',
    { r: 'converted' },
  ]);
  t.same(
    seen,
    ['builtin_function_or_method', 'complex', 'range'].map((type) => [type, 'function', 'function']),
  );
  t.equal(toJs(py, 'print', { default_converter }), 'converted');
  t.equal(toJs(py, '[1]', { default_converter, depth: 0 }), 'converted');
  t.same(toJs(py, '[[1], 2]', { default_converter, depth: 1 }), ['converted', 2]);
  t.same(toJs(py, '[print]', { default_converter, create_pyproxies: false }), ['converted']);
});

test('default_converter: convert, cacheConversion and cycles', async (load, t) => {
  const py = await load();
  py.runPython('class Pair:\n    def __init__(self, first, second):\n        self.first, self.second = first, second');
  const default_converter = (object, convert, cacheConversion) => {
    if (object.type !== 'Pair') return 'other';
    const result = [];
    cacheConversion(object, result);
    for (const name of ['first', 'second']) {
      const value = object[name];
      result.push(convert(value));
      value?.destroy?.();
    }
    return result;
  };
  t.same(toJs(py, '[Pair(Pair(1, [2]), {"a": 3}), print]', { default_converter }), [[[1, [2]], { a: 3 }], 'other']);
  const cyclic = toJs(py, 'p = Pair(1, 2); p.first = p; [p, p]', { default_converter });
  t.equal(cyclic[0], cyclic[1]);
  t.equal(cyclic[0][0], cyclic[0]);
  t.equal(cyclic[0][1], 2);
  let calls = 0;
  const uncached = toJs(py, 'r = range(1); [r, r]', { default_converter: () => ({ call: ++calls }) });
  t.equal(calls, 2, 'without cacheConversion each is converted');
  t.ok(uncached[0] !== uncached[1]);
});

test('default_converter: its argument is lent', async (load, t) => {
  const py = await load();
  let kept;
  toJs(py, '[range(3)]', { default_converter: (object) => ((kept = object), 1) });
  t.match(t.throws(() => kept.length).message, /destroyed/);
  const [copy] = toJs(py, '[range(3)]', { default_converter: (object) => object.copy() });
  t.equal(copy.length, 3);
  copy.destroy();
});

test('eager_converter: called before containers, not for values', async (load, t) => {
  const py = await load();
  const types = [];
  const eager_converter = (object, convert) => {
    types.push(object.type);
    return convert(object);
  };
  const code = '[1, "x", 1.5, None, True, 2**70, (1,), {"a": [2]}, {3}, b"x"]';
  t.same(toJs(py, code, { eager_converter }), toJs(py, code));
  t.same(types, ['list', 'tuple', 'dict', 'list', 'set', 'bytes']);
  t.equal(toJs(py, '[1, [2]]', { eager_converter: () => 'all' }), 'all');
  t.same(toJs(py, '[(1, 2), [3]]', { eager_converter: (object, convert) => (object.type === 'tuple' ? 'tuple' : convert(object)) }), [
    'tuple',
    [3],
  ]);
  const shared = toJs(py, 'x = [1]; [x, x]', { eager_converter: (object, convert) => convert(object) });
  t.equal(shared[0], shared[1]);
  const cyclic = toJs(py, 'x = [1]; x.append(x); x', { eager_converter: (object, convert) => convert(object) });
  t.equal(cyclic[1], cyclic);
  const order = [];
  toJs(py, '[range(1)]', {
    eager_converter: (object, convert) => (order.push(`eager ${object.type}`), convert(object)),
    default_converter: (object) => (order.push(`default ${object.type}`), 1),
  });
  t.same(order, ['eager list', 'eager range', 'default range']);
});

test('to_js: the same from Python, with Python converters', async (load, t) => {
  const py = await load();
  py.runPython('from pyodide.ffi import to_js, JsProxy, JsArray\nimport js');
  t.same(py.runPython('to_js([1, {"a": (2,)}, {3}])'), [1, { a: [2] }, new Set([3])]);
  t.equal(py.runPython('repr([to_js(x) is x for x in (5, "x", None, True, 2**60)])'), '[True, True, True, True, True]');
  t.equal(py.runPython('x = to_js([1]); repr((to_js(x) is x, to_js([x])[0] == x, isinstance(x, JsArray)))'), '(True, True, True)');
  t.same(py.runPython('to_js({"a": {"b": 1}}, dict_converter=js.Map.new)'), new Map([['a', new Map([['b', 1]])]]));
  t.same(py.runPython('to_js({"a": 1}, dict_converter=lambda entries: "/".join(f"{k}={v}" for k, v in entries))'), 'a=1');
  t.same(py.runPython('to_js([range(2), 2, 1j], default_converter=lambda o, convert, cache: type(o).__name__)'), ['range', 2, 'complex']);
  t.same(py.runPython('to_js([range(2)], default_converter=lambda o, convert, cache: convert(list(o)))'), [[0, 1]]);
  t.same(py.runPython('to_js([1, (2,)], eager_converter=lambda o, convert, cache: "tuple" if isinstance(o, tuple) else convert(o))'), [
    1,
    'tuple',
  ]);
  t.equal(
    py.runPython(`
class Pair:
    def __init__(self, first, second):
        self.first, self.second = first, second
def converter(value, convert, cache):
    result = js.Array.new()
    cache(value, result)
    result.push(convert(value.first), convert(value.second))
    return result
p = Pair(1, [2]); p.first = p
r = to_js([p, p], default_converter=converter)
repr((r[0] == r[1], r[0][0] == r[0], r[0][1][0]))`),
    '(True, True, 2)',
  );
  t.equal(
    py.runPython(
      'from pyodide.ffi import destroy_proxies\npyproxies = js.Array.new()\nr = to_js([print, [len]], pyproxies=pyproxies)\nn = len(pyproxies)\ndestroy_proxies(pyproxies)\nn',
    ),
    2,
  );
  t.equal(t.throws(() => py.runPython('to_js([1], 1)')).type, 'TypeError');
  t.equal(t.throws(() => py.runPython('to_js([1], nope=1)')).type, 'TypeError');
  t.equal(t.throws(() => py.runPython('to_js([print], pyproxies=[])')).type, 'TypeError');
});

test('toJs and to_js: a thousand levels', async (load, t) => {
  const py = await load();
  let list = toJs(py, 'x = []\nfor _ in range(999): x = [x]\nx');
  let depth = 0;
  for (; list.length === 1; [list] = list) depth++;
  t.equal(depth, 999);
});

test(
  'toJs: a hundred thousand levels are an error, not the end',
  { skip: { peer: 'ends the peer with a fatal error' } },
  async (load, t) => {
    const py = await load({});
    for (const code of ['x = [x]', 'x = {"a": x}', 'x = (x,)']) {
      py.runPython(`x = []\nfor _ in range(100_000): ${code}`);
      const proxy = py.globals.get('x');
      try {
        proxy.toJs();
      } catch (error) {
        t.match(`${error.type} ${error.name}`, /RecursionError|ConversionError|RangeError/);
      }
      t.equal(py.runPython('6 * 7'), 42, code);
    }
  },
);

test('option toJsLiteralMap: a dict is a Map whose string keys are properties, too', { timeout: 120 }, async (load, t) => {
  const py = await load({ toJsLiteralMap: true });
  const map = toJs(py, '{"a": 1, "b": {"c": [2]}}');
  t.ok(map instanceof Map);
  t.equal(map.constructor.name, 'LiteralMap');
  t.same([map.size, map.a, map.get('a'), map.has('a'), 'a' in map, map.b.c, map.get('b').get('c')], [2, 1, 1, true, true, [2], [2]]);
  t.same(Object.keys(map), ['a', 'b']);
  t.equal(JSON.stringify(map), '{"a":1,"b":{"c":[2]}}');
  t.same({ ...map }.a, 1);
  map.a = 5;
  map.z = 7;
  map.set('q', 3);
  t.same([map.get('a'), map.get('z'), map.q], [5, 7, 3]);
  delete map.a;
  t.same([map.has('a'), map.a, [...map.keys()]], [false, undefined, ['b', 'z', 'q']]);
  const mixed = toJs(py, '{1: 2, "1": 3, None: 4}');
  t.same(
    [...mixed],
    [
      [1, 2],
      ['1', 3],
      [undefined, 4],
    ],
  );
  t.same([mixed.get(1), mixed.get('1'), mixed[1], Object.keys(mixed)], [2, 3, 3, ['1']]);
  const shadowed = toJs(py, '{"get": 1, "size": 2}');
  t.same([typeof shadowed.get, shadowed.size, shadowed.get('get'), shadowed.get('size')], ['function', 2, 1, 2]);
  const cyclic = toJs(py, 'd = {}; d["d"] = d; d');
  t.equal(cyclic.d, cyclic);
  t.same(toJs(py, '{"a": 1}', { dict_converter: Object.fromEntries }), { a: 1 });
  t.equal(
    py.runPython('from pyodide.ffi import to_js\nx = to_js({"a": 1})\nrepr((x.a, x["a"], x.to_py(), len(x)))'),
    "(1, 1, {'a': 1}, 1)",
  );
});
