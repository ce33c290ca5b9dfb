/** Items of mappings, sequences and sets: get, set, delete, has, length; and the keys of a dict as properties. */
import { test } from '../harness/body.mjs';

/** `f` must throw a Python exception of that type; gives its last line. */
const raises = (t, py, f, type) => {
  const error = t.throws(f);
  t.ok(error instanceof py.ffi.PythonError, `a PythonError, not ${error}`);
  t.equal(error.type, type);
  return error.message.trimEnd().split('\n').at(-1);
};

test('get, set, delete, has and length of a dict', async (load, t) => {
  const py = await load();
  const dict = py.runPython('d = {"a": 1, 2: "two", None: "none", (1, 2): "pair", True: "yes"}\nd');
  t.equal(dict.length, 5);
  t.same([dict.get('a'), dict.get(2), dict.get(undefined), dict.get(true)], [1, 'two', 'none', 'yes']);
  t.equal(dict.get(py.runPython('(1, 2)')), 'pair', 'keys compare as in Python');
  t.equal(dict.get('missing'), undefined);
  t.same([dict.has('a'), dict.has(2), dict.has('2'), dict.has('missing')], [true, true, false, false]);
  t.equal(dict.set('b', 1), undefined);
  t.equal(py.runPython('d["b"]'), 1);
  t.equal(dict.delete('b'), undefined);
  t.equal(py.runPython('"b" in d'), false);
  t.match(raises(t, py, () => dict.delete('b'), 'KeyError'), /b/);
});

test('a missing key is undefined, another exception of __getitem__ arrives', async (load, t) => {
  const py = await load();
  const object = py.runPython(`
class Lookup:
    def __getitem__(self, key): raise {"k": KeyError, "i": IndexError, "v": ValueError, "l": LookupError}[key](key)
Lookup()`);
  t.equal(object.get('k'), undefined);
  t.equal(object.get('i'), undefined);
  raises(t, py, () => object.get('v'), 'ValueError');
  raises(t, py, () => object.get('l'), 'LookupError');
  t.equal(py.runPython('import collections\ncollections.defaultdict(lambda: 5)').get('new'), 5);
  t.equal(py.runPython('class M(dict):\n    def __missing__(self, key): return key * 2\nM()').get('ab'), 'abab');
});

test('keys that cannot be keys', async (load, t) => {
  const py = await load();
  const dict = py.runPython('{}');
  const list = py.runPython('[1]');
  for (const key of [list, Symbol('x')]) {
    raises(t, py, () => dict.get(key), 'TypeError');
    raises(t, py, () => dict.set(key, 1), 'TypeError');
    raises(t, py, () => dict.has(key), 'TypeError');
    raises(t, py, () => dict.delete(key), 'TypeError');
  }
  t.equal(dict.length, 0);
});

test('__hash__, __eq__, __contains__ and __len__ that raise', async (load, t) => {
  const py = await load();
  py.runPython(`
class NoHash:
    def __hash__(self): raise RuntimeError("no hash")
class NoEq:
    def __hash__(self): return 1
    def __eq__(self, other): raise RuntimeError("no eq")
class NoContains:
    def __contains__(self, item): raise RuntimeError("no contains")
class NoLen:
    def __init__(self, answer): self.answer = answer
    def __len__(self):
        if self.answer is None: raise RuntimeError("no len")
        return self.answer`);
  t.match(raises(t, py, () => py.runPython('{}').get(py.runPython('NoHash()')), 'RuntimeError'), /no hash/);
  t.match(raises(t, py, () => py.runPython('{NoEq(): 1}').get(py.runPython('NoEq()')), 'RuntimeError'), /no eq/);
  t.match(raises(t, py, () => py.runPython('NoContains()').has(1), 'RuntimeError'), /no contains/);
  t.match(raises(t, py, () => py.runPython('NoLen(None)').length, 'RuntimeError'), /no len/);
  raises(t, py, () => py.runPython('NoLen(-1)').length, 'ValueError');
  raises(t, py, () => py.runPython('NoLen("three")').length, 'TypeError');
  raises(t, py, () => py.runPython('NoLen(2**80)').length, 'OverflowError');
  t.equal(py.runPython('NoLen(2**31 - 1)').length, 2 ** 31 - 1);
  t.equal(py.runPython('class Any:\n    def __contains__(self, item): return [item]\nAny()').has(1), true);
});

test('get, set, delete and has of a list', async (load, t) => {
  const py = await load();
  const list = py.runPython('l = [1, "two", None]\nl');
  t.same([list.get(0), list.get(1), list.get(2), list.get(-2)], [1, 'two', undefined, 'two']);
  t.equal(list.get(10), undefined);
  raises(t, py, () => list.get('one'), 'TypeError');
  raises(t, py, () => list.get(1.5), 'TypeError');
  list.set(0, 'first');
  list.delete(1);
  t.equal(py.runPython('l == ["first", None]'), true);
  t.same([list.has('first'), list.has(5)], [true, false]);
  raises(t, py, () => list.set(9, 1), 'IndexError');
  raises(t, py, () => list.delete(9), 'IndexError');
});

test('values round-trip: JavaScript objects stay the same, Python objects too', async (load, t) => {
  const py = await load();
  const dict = py.runPython('d = {}\nd');
  const object = { x: 1 };
  const symbol = Symbol('s');
  for (const [key, value] of [['o', object], ['s', symbol], ['f', t.ok], ['n', null], ['é🐍\0', '\ud800'], ['i', 2n ** 90n]]) {
    dict.set(key, value);
    t.equal(dict.get(key), value, key);
  }
  const list = py.runPython('l = []\nl');
  dict.set('l', list);
  t.equal(py.runPython('d["l"] is l'), true);
  t.equal(dict.get(-0), undefined);
  py.runPython('d[0] = "zero"');
  t.same([dict.get(0), dict.get(-0), dict.get(false), dict.get(0n)], ['zero', 'zero', 'zero', 'zero']);
});

test('keys of a dict are properties where no attribute has the name', async (load, t) => {
  const py = await load();
  const dict = py.runPython('d = {"a": 1, "nested": {"k": [7]}, "none": None, "items": "hidden", "two words": 2}\nd');
  t.equal(dict.a, 1);
  t.equal(dict['two words'], 2);
  t.equal(dict.nested.k[0], 7);
  t.equal(dict.none, undefined);
  t.equal(dict.missing, undefined);
  t.equal(typeof dict.items, 'function', 'attributes come first');
  t.equal(dict.get('items'), 'hidden');
  t.equal(typeof dict.get, 'function');
  t.same(['a' in dict, 'none' in dict, 'missing' in dict, 'get' in dict], [true, true, false, true]);
  dict.fresh = 5;
  dict.a = 10;
  t.equal(py.runPython('(d["fresh"], d["a"]) == (5, 10)'), true);
  t.equal(delete dict.a, true);
  t.equal(py.runPython('"a" in d'), false);
  t.ok(t.throws(() => delete dict.a) instanceof Error, 'a key that is not there');
  raises(t, py, () => { dict.items = 1; }, 'AttributeError');
});

test('keys of a dict enumerate: spread, destructuring, Object.entries', async (load, t) => {
  const py = await load();
  const dict = py.runPython('{"a": 1, "b": "two", "c": None, (1, 2): 3}');
  t.same(Object.keys(dict), ['a', 'b', 'c']);
  t.same(Object.entries(dict), [['a', 1], ['b', 'two'], ['c', undefined]]);
  t.same({ ...dict }, { a: 1, b: 'two', c: undefined });
  t.same(Object.assign({ z: 0 }, dict), { z: 0, a: 1, b: 'two', c: undefined });
  const { a, missing, ...rest } = dict;
  t.same([a, missing, rest], [1, undefined, { b: 'two', c: undefined }]);
  t.same([Object.hasOwn(dict, 'a'), Object.hasOwn(dict, 'missing')], [true, false]);
  t.same(Object.getOwnPropertyDescriptor(dict, 'a'), { value: 1, writable: true, enumerable: true, configurable: true });
  t.ok(Object.getOwnPropertyNames(dict).includes('items'), 'dir() is there as well');
});

test('whole numbers as keys of a dict', async (load, t) => {
  const py = await load();
  const dict = py.runPython('n = {5: "int", "7": "str"}\nn');
  t.equal(dict[5], 'int');
  t.equal(dict[7], 'str');
  t.equal(5 in dict, true);
  t.equal(6 in dict, false);
  dict[7] = 'changed';
  dict[5] = 'also';
  t.equal(py.runPython('n == {5: "also", "7": "changed"}'), true);
  t.equal(delete dict[5], true);
  t.equal(py.runPython('5 in n'), false);
});

test('only a dict itself has its keys as properties', async (load, t) => {
  const py = await load();
  py.runPython('import collections, types');
  for (const code of ['class D(dict): pass\nD(a=1)', 'collections.OrderedDict(a=1)', 'types.MappingProxyType({"a": 1})']) {
    const mapping = py.runPython(code);
    t.equal(mapping.a, undefined, code);
    t.equal('a' in mapping, false, code);
    t.equal(mapping.get('a'), 1, code);
    t.same(Object.keys(mapping), [], code);
  }
});

test('methods of dict', async (load, t) => {
  const py = await load();
  const dict = py.runPython('{"a": 1}');
  t.equal(dict.items().toString(), "dict_items([('a', 1)])");
  t.same([...dict.keys()], ['a']);
  t.same([...dict.values()], [1]);
  t.equal(dict.setdefault('b', 2), 2);
  dict.update.callKwargs({ c: 3 });
  t.equal(dict.pop('a'), 1);
  t.equal(dict.toString(), "{'b': 2, 'c': 3}");
  t.same(Object.fromEntries(dict.items()), { b: 2, c: 3 });
  t.equal(new Map(dict.items()).get('c'), 3);
});

test('sets', async (load, t) => {
  const py = await load();
  const set = py.runPython('{1, "two"}');
  t.same([set.length, set.has(1), set.has('two'), set.has(3)], [2, true, true, false]);
  set.add(3);
  set.discard(1);
  t.same(new Set(set), new Set(['two', 3]));
});

test('globals', async (load, t) => {
  const py = await load();
  py.globals.set('from_js', 5);
  t.equal(py.runPython('from_js'), 5);
  py.runPython('from_py = [1]');
  t.equal(py.globals.get('from_py').toString(), '[1]');
  t.equal(py.globals.from_js, 5);
  t.equal(py.globals.has('from_py'), true);
  py.globals.delete('from_py');
  t.equal(py.globals.has('from_py'), false);
  t.equal(py.globals.get('from_py'), undefined);
});
