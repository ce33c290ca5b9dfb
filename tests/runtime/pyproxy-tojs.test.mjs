/** toJs: deep copies of Python data, and its options. */
import { test } from '../harness/body.mjs';

/** `f` must throw a Python exception of that type; gives its text. */
const raises = (t, py, f, type) => {
  const error = t.throws(f);
  t.ok(error instanceof py.ffi.PythonError, `a PythonError, not ${error}`);
  t.equal(error.type, type);
  return error.message;
};

const COUNTED = `
class Counted:
    alive = 0
    def __init__(self): Counted.alive += 1
    def __del__(self): Counted.alive -= 1
`;
const alive = (py) => py.runPython('Counted.alive');

test('lists, tuples, dicts, sets and buffers', async (load, t) => {
  const py = await load();
  const cases = {
    '[1, [2, "x"], (None, True)]': [1, [2, 'x'], [undefined, true]],
    '()': [],
    '{"a": 1, "b": {"c": [2]}}': { a: 1, b: { c: [2] } },
    '{1, 2}': new Set([1, 2]),
    'b"ab"': Uint8Array.of(97, 98),
    'bytearray(b"ab")': Uint8Array.of(97, 98),
    '[2**60, -2**70, 1.5]': [2n ** 60n, -(2n ** 70n), 1.5],
    '[b"a", {"x": bytearray(b"b")}]': [Uint8Array.of(97), { x: Uint8Array.of(98) }],
  };
  for (const [code, wanted] of Object.entries(cases)) t.same(py.runPython(code).toJs(), wanted, code);
  t.equal(Object.getPrototypeOf(py.runPython('{"a": 1}').toJs()), Object.prototype, 'a dict becomes a plain object');
  t.equal(Array.isArray(py.runPython('(1,)').toJs()), true);
});

test('subclasses convert, other classes become proxies', async (load, t) => {
  const py = await load();
  py.runPython('import collections');
  t.same(py.runPython('class L(list): pass\nL([1])').toJs(), [1]);
  t.same(py.runPython('collections.namedtuple("P", "x y")(1, 2)').toJs(), [1, 2]);
  t.same(py.runPython('collections.OrderedDict(a=1)').toJs(), { a: 1 });
  for (const code of ['object()', 'iter([1])', 'len', '{}.keys()']) {
    const proxy = py.runPython(code);
    const result = proxy.toJs();
    t.ok(result instanceof py.ffi.PyProxy, code);
    result.destroy();
    t.equal(typeof proxy.toString(), 'string', `${code}: a proxy of its own`);
  }
});

test('buffers: copies, nested by dimension, strides followed', async (load, t) => {
  const py = await load();
  py.runPython('import array');
  const bytes = py.runPython('source = bytearray(b"abc")\nsource');
  const copy = bytes.toJs();
  copy[0] = 1;
  t.equal(py.runPython('source[0]'), 97);
  t.equal(copy.buffer.byteLength, 3, 'no view of the interpreter\'s memory');
  t.same(py.runPython('array.array("d", [1.5, 2])').toJs(), Float64Array.of(1.5, 2));
  t.same(py.runPython('array.array("q", [1, -2])').toJs(), BigInt64Array.of(1n, -2n));
  t.same(py.runPython('memoryview(bytearray(range(6)))[::-2]').toJs(), Uint8Array.of(5, 3, 1));
  t.same(py.runPython('memoryview(bytes(range(6))).cast("B", (2, 3))').toJs(), [Uint8Array.of(0, 1, 2), Uint8Array.of(3, 4, 5)]);
  t.same(py.runPython('memoryview(bytes(range(6))).cast("B", (3, 2))[::-2]').toJs(), [Uint8Array.of(4, 5), Uint8Array.of(0, 1)]);
  t.same(py.runPython('memoryview(b"\\0\\1").cast("?")').toJs(), [false, true]);
});

test('depth', async (load, t) => {
  const py = await load();
  const list = py.runPython('[1, [2, [3]]]');
  const one = list.toJs({ depth: 1 });
  t.equal(one[0], 1);
  t.equal(one[1].toString(), '[2, [3]]');
  const two = list.toJs({ depth: 2 });
  t.same([two[1][0], two[1][1].toString()], [2, '[3]']);
  t.ok(list.toJs({ depth: 0 }) instanceof py.ffi.PyProxy);
  t.same(list.toJs({ depth: -1 }), [1, [2, [3]]]);
  t.same(list.toJs({ depth: 9 }), [1, [2, [3]]]);
  t.equal(py.runPython('{"a": {"b": 1}}').toJs({ depth: 1 }).a.get('b'), 1);
  py.runPython('deep = []\nfor _ in range(100): deep = [deep]');
  let level = py.runPython('deep').toJs();
  let levels = 0;
  for (; level.length > 0; [level] = level) levels++;
  t.equal(levels, 100);
});

test('structure: shared and circular parts', async (load, t) => {
  const py = await load();
  const shared = py.runPython('x = [1]\n[x, x, {"x": x}]').toJs();
  t.ok(shared[0] === shared[1] && shared[0] === shared[2].x, 'once in Python is once in JavaScript');
  const list = py.runPython('x = [1]\nx.append(x)\nx').toJs();
  t.equal(list[1], list);
  const dict = py.runPython('x = {}\nx["self"] = x\nx').toJs();
  t.equal(dict.self, dict);
  const object = {};
  py.globals.set('object_of_js', object);
  t.equal(py.runPython('[object_of_js]').toJs()[0], object, 'JavaScript objects come back');
});

test('pyproxies collects the proxies it makes', async (load, t) => {
  const py = await load();
  py.runPython(COUNTED);
  const source = py.runPython('[Counted(), [Counted(), 1], {"f": len}]');
  const pyproxies = [];
  const result = source.toJs({ pyproxies });
  t.equal(pyproxies.length, 3);
  t.ok(pyproxies.includes(result[0]) && pyproxies.includes(result[1][0]) && pyproxies.includes(result[2].f));
  for (const proxy of pyproxies) proxy.destroy();
  source.destroy();
  t.equal(alive(py), 0);
  const none = [];
  py.runPython('[1, {"a": (2,)}]').toJs({ pyproxies: none });
  t.same(none, []);
});

test('create_pyproxies: false refuses', async (load, t) => {
  const py = await load();
  t.same(py.runPython('[1, {"a": (1, b"x")}]').toJs({ create_pyproxies: false }), [1, { a: [1, Uint8Array.of(120)] }]);
  for (const code of ['object()', '[1, [object()]]', '{"f": len}']) {
    raises(t, py, () => py.runPython(code).toJs({ create_pyproxies: false }), 'ConversionError');
  }
});

test('keys and elements that JavaScript would not tell apart', async (load, t) => {
  const py = await load();
  t.match(raises(t, py, () => py.runPython('{(1, 2): 3}').toJs(), 'ConversionError'), /\(1, 2\)/);
  t.match(raises(t, py, () => py.runPython('{(1, 2)}').toJs(), 'ConversionError'), /\(1, 2\)/);
});

test('dict_converter', async (load, t) => {
  const py = await load();
  const dict = py.runPython('{"a": {"b": 1}, "c": [{}]}');
  t.same(dict.toJs({ dict_converter: Object.fromEntries }), { a: { b: 1 }, c: [{}] });
  t.same(dict.toJs({ dict_converter: (entries) => new Map(entries) }), new Map([['a', new Map([['b', 1]])], ['c', [new Map()]]]));
  t.same(dict.toJs({ dict_converter: Array.from }), [['a', [['b', 1]]], ['c', [[]]]]);
  const error = t.throws(() => dict.toJs({ dict_converter: () => { throw new RangeError('from the converter'); } }));
  t.match(error.message, /RangeError: from the converter/);
});

test('default_converter: for what has no conversion', async (load, t) => {
  const py = await load();
  py.runPython('class Pair:\n    def __init__(self, a, b): self.a, self.b = a, b');
  const pairs = (object, convert, cache) => {
    if (object.type !== 'Pair') throw new TypeError(`no conversion for ${object.type}`);
    const result = [];
    cache(object, result);
    result.push(convert(object.a), convert(object.b));
    return result;
  };
  t.same(py.runPython('{"p": Pair(1, [Pair("x", (2,))]), "n": None}').toJs({ default_converter: pairs }), {
    p: [1, [['x', [2]]]],
    n: undefined,
  });
  const loop = py.runPython('p = Pair(1, 2)\np.b = p\np').toJs({ default_converter: pairs });
  t.equal(loop[1], loop, 'cache makes loops possible');
  t.match(t.throws(() => py.runPython('[len]').toJs({ default_converter: pairs })).message, /no conversion for builtin/);
  t.same(py.runPython('[len, 1]').toJs({ default_converter: () => undefined }), [undefined, 1]);
});

test('eager_converter: before the conversions of containers', async (load, t) => {
  const py = await load();
  const seen = [];
  const result = py.runPython('[(1, 2), {"a": {3}}, "s", 4, None, True, 1.5]').toJs({
    eager_converter: (object, convert) => {
      seen.push(object.type);
      return object.type === 'tuple' ? 'a tuple' : convert(object);
    },
  });
  t.same(result, ['a tuple', { a: new Set([3]) }, 's', 4, undefined, true, 1.5]);
  t.same(seen, ['list', 'tuple', 'dict', 'set'], 'values that cross by copy are not asked about');
  const error = t.throws(() => py.runPython('[1]').toJs({ eager_converter: () => { throw new RangeError('eager'); } }));
  t.match(error.message, /RangeError: eager/);
});

test('objects that raise while they are converted', async (load, t) => {
  const py = await load();
  const broken = py.runPython('class B:\n    def __buffer__(self, flags): raise OSError("no buffer")\n[B()]');
  const error = t.throws(() => broken.toJs());
  t.ok(error instanceof py.ffi.PythonError);
  t.match(error.message, /no buffer/);
  t.equal(py.runPython('6 * 7'), 42);
});

test('nothing stays alive after a conversion, whether it worked or not', async (load, t) => {
  const py = await load();
  py.runPython(COUNTED);
  const source = py.runPython('[Counted(), [Counted()], {"a": Counted()}]');
  source.toJs({ default_converter: () => 'replaced' });
  source.toJs({ eager_converter: (object, convert) => (object.type === 'Counted' ? 'x' : convert(object)) });
  t.throws(() => source.toJs({ create_pyproxies: false }));
  const pyproxies = [];
  t.throws(() => source.toJs({ pyproxies, dict_converter: () => { throw new Error('late'); } }));
  for (const proxy of pyproxies) proxy.destroy();
  source.destroy();
  py.runPython('import sys\nsys.last_exc = sys.last_value = sys.last_traceback = sys.last_type = None');
  t.equal(alive(py), 0);
});
