/** JSON.stringify of proxies, and asJsJson: Python's JSON-like data as JavaScript's. */
import { test } from '../harness/body.mjs';

const SAMPLE = { a: 1, b: [1, 'two', { c: [true, 1.5] }], d: { e: { f: ['x'] } }, '10': 'ten' };

/** The sample as Python's json.loads makes it, adapted. */
const adapt = (py, value = SAMPLE) => {
  py.globals.set('text', JSON.stringify(value));
  return py.runPython('import json\nloaded = json.loads(text)\nloaded').asJsJson();
};

test('JSON.stringify of sequences', async (load, t) => {
  const py = await load();
  py.runPython('import array, collections');
  const texts = {
    '[1, "two", None, True, 2.5]': '[1,"two",null,true,2.5]',
    '[]': '[]',
    '(1, "b")': '[1,"b"]',
    'range(3)': '[0,1,2]',
    'b"ab"': '[97,98]',
    'array.array("i", [1, 2])': '[1,2]',
    'collections.deque([1])': '[1]',
    'collections.namedtuple("P", "x y")(1, 2)': '[1,2]',
  };
  for (const [code, text] of Object.entries(texts)) t.equal(JSON.stringify(py.runPython(code)), text, code);
  t.equal(JSON.stringify({ x: py.runPython('[1]') }), '{"x":[1]}');
  t.same(py.runPython('[1, "two"]').toJSON(), [1, 'two']);
});

test('JSON.stringify of a dict: its string keys', async (load, t) => {
  const py = await load();
  t.equal(JSON.stringify(py.runPython('{"a": 1, "b": {"c": "x"}}')), '{"a":1,"b":{"c":"x"}}');
  t.equal(JSON.stringify(py.runPython('{}')), '{}');
});

test('JSON.stringify of other objects', async (load, t) => {
  const py = await load();
  t.equal(JSON.stringify(py.runPython('object()')), '{}');
  t.equal(JSON.stringify(py.runPython('{1}')), '{}');
  t.equal(JSON.stringify(py.runPython('len')), undefined, 'a function');
  t.equal(JSON.stringify([py.runPython('len')]), '[null]');
  t.ok(t.throws(() => JSON.stringify(py.runPython('[2**70]'))) instanceof TypeError, 'a bigint');
});

test('asJsJson undoes json.loads', async (load, t) => {
  const py = await load();
  const samples = [
    SAMPLE, {}, [], [[]], [{}], [1, [2, [3, { a: [{ b: 'deep' }] }]]], { '': 1, 'é🐍': ['\0'] }, [true, false, 'x', -1.5, 1e300],
  ];
  for (const sample of samples) t.same(JSON.parse(JSON.stringify(adapt(py, sample))), sample);
});

test('asJsJson: items are properties, at any depth', async (load, t) => {
  const py = await load();
  const data = adapt(py);
  t.equal(data.a, 1);
  t.equal(data.b[1], 'two');
  t.equal(data.b[2].c[1], 1.5);
  t.equal(data.d.e.f[0], 'x');
  t.equal(data[10], 'ten');
  t.equal(data.missing, undefined);
  t.equal(data.b.length, 3);
  t.same(['a' in data, 'd' in data, 'missing' in data], [true, true, false]);
  t.ok(data instanceof py.ffi.PyProxy);
});

test('asJsJson: no attributes and no methods but copy, destroy, toString and constructor', async (load, t) => {
  const py = await load();
  const names = ['get', 'set', 'has', 'items', 'keys', 'length', 'type', 'then', 'toJs', 'toJSON', '__class__', 'hasOwnProperty', '$x'];
  const data = adapt(py, Object.fromEntries(names.map((name) => [name, `item ${name}`])));
  for (const name of names) {
    t.equal(data[name], `item ${name}`, name);
    t.equal(name in data, true, name);
  }
  const empty = adapt(py, {});
  for (const name of ['items', 'keys', 'values', '__class__', '$items', 'pop', 'update', 'callKwargs']) {
    t.equal(empty[name], undefined, name);
    t.equal(name in empty, false, name);
  }
  const reserved = adapt(py, { copy: 1, destroy: 2, toString: 3, constructor: 4 });
  t.equal(typeof reserved.copy, 'function');
  t.equal(typeof reserved.destroy, 'function');
  t.equal(typeof reserved.toString, 'function');
  t.equal(reserved.constructor, py.ffi.PyProxy);
  t.match(String(reserved), /'copy': 1/);
});

test('asJsJson: keys, entries, spread, destructuring', async (load, t) => {
  const py = await load();
  const data = adapt(py, { a: 1, items: 'x', b: 'y' });
  t.same(Object.keys(data), ['a', 'items', 'b']);
  t.same(Object.getOwnPropertyNames(data), ['a', 'items', 'b']);
  t.same(Object.entries(data), [['a', 1], ['items', 'x'], ['b', 'y']]);
  t.same({ ...data }, { a: 1, items: 'x', b: 'y' });
  const { a, ...rest } = data;
  t.same([a, rest], [1, { items: 'x', b: 'y' }]);
  t.same([Object.hasOwn(data, 'items'), Object.hasOwn(data, 'keys')], [true, false]);
  const odd = py.runPython('{"b": 1, (1, 2): 2, None: 3}').asJsJson();
  t.same(Object.keys(odd), ['b'], 'keys that cannot be names are left out');
});

test('asJsJson: writing and deleting', async (load, t) => {
  const py = await load();
  const data = py.runPython('target = {"a": {"b": 1}, "l": [1, {"x": 1}]}\ntarget').asJsJson();
  data.a.b = 5;
  data.items = 'new';
  data.length = 3;
  data.l[0] = 'first';
  data.l[1].x = 2;
  t.equal(py.runPython('target == {"a": {"b": 5}, "l": ["first", {"x": 2}], "items": "new", "length": 3}'), true);
  t.equal(delete data.items, true);
  t.equal(py.runPython('"items" in target'), false);
  t.equal('items' in data, false);
  t.equal(Reflect.deleteProperty(data, 'missing'), false);
});

test('asJsJson: lists and tuples', async (load, t) => {
  const py = await load();
  const list = py.runPython('[1, {"a": 2}, {"a": 3}, (4, {"a": 5})]').asJsJson();
  t.ok(list instanceof py.ffi.PySequence);
  t.same([list.length, list[0], list[1].a, list[3][1].a, list[9]], [4, 1, 2, 5, undefined]);
  t.same(list.map((item) => item.a), [undefined, 2, 3, undefined]);
  t.equal(list.at(-2).a, 3);
  t.equal(list.find((item) => item.a === 3).a, 3);
  t.same(list.slice(1, 3).map((item) => item.a), [2, 3]);
  t.same(list.filter((item) => item.a).map((item) => item.a), [2, 3]);
  const seen = [];
  for (const item of list) seen.push(item.a);
  t.same(seen, [undefined, 2, 3, undefined]);
  t.equal(JSON.stringify(list), '[1,{"a":2},{"a":3},[4,{"a":5}]]');
  t.equal(JSON.stringify(list.asJsJson()), JSON.stringify(list), 'adapting twice changes nothing');
  const target = py.runPython('grown = []\ngrown').asJsJson();
  target.push(1, 'x');
  t.equal(py.runPython('grown == [1, "x"]'), true);
});

test('asJsJson: mappings of other types', async (load, t) => {
  const py = await load();
  py.runPython('import collections, types');
  for (const code of [
    'collections.OrderedDict(a={"b": 1})', 'collections.UserDict(a={"b": 1})', 'types.MappingProxyType({"a": {"b": 1}})',
    'class D(dict): pass\nD(a={"b": 1})',
  ]) {
    const data = py.runPython(code).asJsJson();
    t.equal(data.a.b, 1, code);
    t.equal(JSON.stringify(data), '{"a":{"b":1}}', code);
  }
  for (const code of ['object()', 'len', '{1}', 'iter([])']) t.equal(py.runPython(code).asJsJson, undefined, code);
});

test('asJsJson: what JSON does not know', async (load, t) => {
  const py = await load();
  t.equal(JSON.stringify(py.runPython('{"none": None, "x": 1}').asJsJson()), '{"x":1}', 'None is undefined');
  t.equal(JSON.stringify(py.runPython('[None]').asJsJson()), '[null]');
  t.equal(JSON.stringify(py.runPython('[float("nan")]').asJsJson()), '[null]');
  t.equal(JSON.stringify(py.runPython('{1: 2, "x": {3: 4}}').asJsJson()), '{"1":2,"x":{"3":4}}', 'whole numbers as keys');
  t.ok(t.throws(() => JSON.stringify(py.runPython('{"a": 2**70}').asJsJson())) instanceof TypeError);
});

test('asJsJson shares the life of its original', async (load, t) => {
  const py = await load();
  const first = py.runPython('{"a": 1}');
  const adapted = first.asJsJson();
  first.destroy();
  t.ok(t.throws(() => adapted.a) instanceof Error);
  const second = py.runPython('{"a": 1}');
  second.asJsJson().destroy();
  t.ok(t.throws(() => second.a) instanceof Error);
});

test('asJsJson: Python gets the object itself', async (load, t) => {
  const py = await load();
  const data = py.runPython('original = {"a": [1]}\noriginal').asJsJson();
  t.equal(py.runPython('lambda x: x is original')(data), true);
  t.equal(py.runPython('lambda x: x is original["a"]')(data.a), true);
  t.equal(data.a, data.a, 'the same list is the same proxy');
});

test('JSON.stringify leaves nothing alive', async (load, t) => {
  const py = await load();
  const data = py.runPython(`
class Node(dict):
    alive = 0
    def __init__(self, **items):
        super().__init__(items)
        Node.alive += 1
    def __del__(self): Node.alive -= 1
{"a": Node(b=1), "l": [Node(), Node(c=Node())]}`);
  const adapted = data.asJsJson();
  t.equal(JSON.stringify(adapted), '{"a":{"b":1},"l":[{},{"c":{}}]}');
  t.equal(py.runPython('Node.alive'), 4);
  adapted.destroy();
  t.equal(py.runPython('Node.alive'), 0);
});

test('toJSON and replacers that throw', async (load, t) => {
  const py = await load();
  const data = adapt(py);
  const error = new RangeError('from the replacer');
  t.equal(t.throws(() => JSON.stringify(data, () => { throw error; })), error);
  t.equal(JSON.stringify(data, ['a', 'b'], 1), '{\n "a": 1,\n "b": [\n  1,\n  "two",\n  {}\n ]\n}');
  const raising = py.runPython('class R(list):\n    def __iter__(self): raise OSError("iter")\nR([1])');
  t.match(t.throws(() => JSON.stringify(raising)).message, /iter/);
});
