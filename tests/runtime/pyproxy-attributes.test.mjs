/** Attributes of Python objects as JavaScript properties, and the names that stay JavaScript's own. */
import { test } from '../harness/body.mjs';

/** `f` must throw a Python exception of that type; gives its last line. */
const raises = (t, py, f, type) => {
  const error = t.throws(f);
  t.ok(error instanceof py.ffi.PythonError, `a PythonError, not ${error}`);
  t.equal(error.type, type);
  return error.message.trimEnd().split('\n').at(-1);
};

test('reading: values by copy, the rest as proxies', async (load, t) => {
  const py = await load();
  const object = py.runPython(`
class Values:
    shared = "class"
    def __init__(self):
        self.flag, self.whole, self.huge, self.real, self.text = True, 3, 2**70, 1.5, "é🐍"
        self.nothing, self.items = None, [1]
    def method(self, *args): return len(args)
    @property
    def computed(self): return self.whole * 2
Values()`);
  t.same(
    [object.flag, object.whole, object.huge, object.real, object.text, object.nothing, object.shared],
    [true, 3, 2n ** 70n, 1.5, 'é🐍', undefined, 'class'],
  );
  t.ok(object.items instanceof py.ffi.PyProxy, 'a list is a proxy');
  t.equal(object.items.toString(), '[1]');
  t.equal(object.method('a', 'b'), 2);
  t.equal(object.computed, 6);
  const { method } = object;
  t.equal(method(1), 1, 'methods are bound');
  t.equal(object.missing, undefined);
  t.ok(t.throws(() => object.missing()) instanceof TypeError);
});

test('reading: modules, classes and instances', async (load, t) => {
  const py = await load();
  const math = py.runPython('import math\nmath');
  t.equal(math.pi, Math.PI);
  t.equal(math.gcd(12, 18), 6);
  const Point = py.runPython(`
class Point:
    zero = 0
    def __init__(self, x): self.x = x
    @classmethod
    def origin(cls): return cls(cls.zero)
    @staticmethod
    def double(x): return 2 * x
    @property
    def twice(self): return self.x * 2
    @twice.setter
    def twice(self, value): self.x = value / 2
Point`);
  const point = Point(5);
  t.same([point.x, point.twice, Point.zero, Point.double(4), Point.origin().x], [5, 10, 0, 8, 0]);
  point.twice = 7;
  t.equal(point.x, 3.5);
});

test('the same attribute is the same proxy until it changes', async (load, t) => {
  const py = await load();
  const object = py.runPython('class C:\n    def m(self): pass\nc = C()\nc.items = [1]\nc');
  t.equal(object.items, object.items);
  t.equal(object.m, object.m);
  const before = object.items;
  py.runPython('c.items = [2]');
  t.equal(object.items.toString(), '[2]');
  t.ok(object.items !== before);
});

test('in asks hasattr', async (load, t) => {
  const py = await load();
  const object = py.runPython('class C:\n    shared = None\n    def m(self): pass\nc = C()\nc.own = None\nc');
  t.same(['own' in object, 'shared' in object, 'm' in object, '__class__' in object, 'missing' in object], [true, true, true, true, false]);
  t.same(['toString' in object, 'destroy' in object, 'type' in object], [true, true, true]);
});

test('writing and deleting reach the object', async (load, t) => {
  const py = await load();
  const object = py.runPython('class C:\n    shared = 1\nc = C()\nc');
  object.number = 5;
  t.equal(py.runPython('c.number'), 5);
  object.shared = 2;
  t.equal(py.runPython('(c.shared, C.shared) == (2, 1)'), true);
  const f = () => 4;
  object.f = f;
  t.equal(object.f, f, 'a JavaScript function comes back as itself');
  t.equal(py.runPython('c.f()'), 4);
  const list = py.runPython('shared_list = [1]\nshared_list');
  object.list = list;
  list.destroy();
  t.equal(py.runPython('c.list is shared_list'), true, 'a proxy arrives as its object, which stays alive');
  object.undefined = undefined;
  t.equal(py.runPython('c.undefined is None'), true);
  t.equal(delete object.number, true);
  t.equal(py.runPython('hasattr(c, "number")'), false);
  t.equal('number' in object, false);
});

test('writing and deleting what Python refuses', async (load, t) => {
  const py = await load();
  const slots = py.runPython('class S:\n    __slots__ = ("a",)\nS()');
  slots.a = 1;
  t.equal(slots.a, 1);
  t.match(raises(t, py, () => { slots.b = 1; }, 'AttributeError'), /b/);
  raises(t, py, () => { py.runPython('int').b = 1; }, 'TypeError');
  raises(t, py, () => { py.runPython('class R:\n    @property\n    def p(self): pass\nR()').p = 1; }, 'AttributeError');
  t.match(raises(t, py, () => delete slots.missing, 'AttributeError'), /missing/);
  const picky = py.runPython(`
class Picky:
    def __setattr__(self, name, value): raise RuntimeError("set " + name)
    def __delattr__(self, name): raise KeyError("delete " + name)
Picky()`);
  t.match(raises(t, py, () => { picky.x = 1; }, 'RuntimeError'), /set x/);
  t.match(raises(t, py, () => delete picky.x, 'KeyError'), /delete x/);
});

test('getattr that raises: AttributeError is undefined, everything else arrives', async (load, t) => {
  const py = await load();
  const object = py.runPython(`
class Fragile:
    @property
    def absent(self): raise AttributeError("inner")
    @property
    def broken(self): raise ValueError("broken property")
    def __getattr__(self, name):
        if name == "made": return "up"
        if name == "lookup": raise KeyError(name)
        raise AttributeError(name)
Fragile()`);
  t.equal(object.absent, undefined);
  t.equal('absent' in object, false);
  t.equal(object.made, 'up');
  t.equal('made' in object, true);
  t.equal(object.other, undefined);
  t.equal('other' in object, false);
  t.match(raises(t, py, () => object.broken, 'ValueError'), /broken property/);
  t.match(raises(t, py, () => object.lookup, 'KeyError'), /lookup/);
  t.equal(py.runPython('6 * 7'), 42);
});

test('names of PyProxy win over attributes; $ reaches the attribute', async (load, t) => {
  const py = await load();
  const object = py.runPython(`
class Shadow:
    type = "its type"
    length = "its length"
    def destroy(self): return "its destroy"
    def copy(self): return "its copy"
    def toString(self): return "its toString"
    def toJs(self): return "its toJs"
    def __str__(self): return "text of Shadow"
Shadow()`);
  t.equal(object.type, 'Shadow');
  t.equal(object.$type, 'its type');
  t.equal(object.toString(), 'text of Shadow');
  t.equal(object.$toString(), 'its toString');
  t.equal(object.$destroy(), 'its destroy');
  t.equal(object.$copy(), 'its copy');
  t.equal(object.$toJs(), 'its toJs');
  t.equal(object.length, 'its length', 'without __len__ the name is free');
  t.equal(object.$length, 'its length');
  t.same(['$copy' in object, '$type' in object, '$missing' in object], [true, true, false]);
  t.equal(object.$missing, undefined);
  t.equal(typeof object.copy().destroy, 'function', 'the method of the proxy itself');
  object.destroy();
  t.ok(t.throws(() => object.$copy) instanceof Error, 'and destroy was the proxy\'s, too');
});

test('$ writes and deletes', async (load, t) => {
  const py = await load();
  const object = py.runPython('class C: pass\nc = C()\nc');
  object.$copy = 'new';
  t.equal(py.runPython('c.copy'), 'new');
  t.equal(object.$copy, 'new');
  t.equal(typeof object.copy, 'function');
  t.equal(delete object.$copy, true);
  t.equal(py.runPython('hasattr(c, "copy")'), false);
  object.$plain = 1;
  t.equal(object.plain, 1);
});

test('$ on lists and dicts: the method of Python beside that of Array and Map', async (load, t) => {
  const py = await load();
  const list = py.runPython('[3, 1, 2]');
  t.equal(list.$pop(0), 3, 'list.pop takes an index');
  t.equal(list.pop(0), 2, 'Array.pop does not');
  t.equal(list.$copy().toString(), '[1]');
  t.equal(list.append(9), undefined);
  t.equal(list.index(9), 1);
  t.equal(list.toString(), '[1, 9]');
  const dict = py.runPython('{"a": 1}');
  t.equal(dict.$get('missing', 'default'), 'default');
  t.equal(dict.get('missing', 'default'), undefined);
  t.same(['$pop' in list, '$get' in dict, '$append' in list, '$missing' in list], [true, true, true, false]);
});

test('attributes whose own name begins with $', async (load, t) => {
  const py = await load();
  const object = py.runPython('class C: pass\nc = C()\nsetattr(c, "$price", 8)\nc');
  t.equal(object.$$price, 8);
  t.equal(object.$price, undefined, 'one $ is taken off');
});

test('toString, string conversion and comparison', async (load, t) => {
  const py = await load();
  const object = py.runPython(`
class Words:
    def __str__(self): return "its str"
    def __repr__(self): return "its repr"
Words()`);
  t.equal(object.toString(), 'its str');
  t.equal(String(object), 'its str');
  t.equal(`${object}`, 'its str');
  t.equal(object + '!', 'its str!');
  t.equal(py.runPython('class R:\n    def __repr__(self): return "only repr"\nR()').toString(), 'only repr');
  t.equal(py.runPython('"abc".upper')(), 'ABC');
  t.equal(py.runPython('[1, "two", None]').toString(), "[1, 'two', None]");
  t.equal(py.runPython('int').toString(), "<class 'int'>");
  t.equal(Number(py.runPython('import decimal\ndecimal.Decimal("2.5")')), 2.5);
  t.match(raises(t, py, () => String(py.runPython('class B:\n    def __str__(self): raise OSError("no str")\nB()')), 'OSError'), /no str/);
  raises(t, py, () => String(py.runPython('class B:\n    def __str__(self): return 5\nB()')), 'TypeError');
  t.equal(object.valueOf(), object);
});

test('getOwnPropertyNames is dir()', async (load, t) => {
  const py = await load();
  const object = py.runPython('class C:\n    shared = 1\n    def m(self): pass\nc = C()\nc.own = 2\nc');
  const names = Object.getOwnPropertyNames(object);
  for (const name of ['own', 'shared', 'm', '__init__', '__class__']) t.ok(names.includes(name), name);
  t.equal(names.includes('missing'), false);
  const chosen = py.runPython('class D:\n    def __dir__(self): return ["b", "a"]\nD()');
  t.same(Object.getOwnPropertyNames(chosen).sort(), ['a', 'b']);
  const raising = py.runPython('class E:\n    def __dir__(self): raise OSError("no dir")\nE()');
  t.match(raises(t, py, () => Object.getOwnPropertyNames(raising), 'OSError'), /no dir/);
});

test('attributes are not enumerable own properties', async (load, t) => {
  const py = await load();
  const object = py.runPython('class C: pass\nc = C()\nc.own = 2\nc');
  t.same(Object.keys(object), []);
  t.same(Object.entries(object), []);
  t.same({ ...object }, {});
  t.equal(JSON.stringify(object), '{}');
});

test('symbols are JavaScript\'s alone', async (load, t) => {
  const py = await load();
  const object = py.runPython(`
asked = []
class Asked:
    def __getattr__(self, name):
        asked.append(name)
        raise AttributeError(name)
Asked()`);
  const mine = Symbol('mine');
  t.equal(object[mine], undefined);
  t.equal(mine in object, false);
  t.equal(object[Symbol.iterator], undefined);
  t.equal(object[Symbol.toPrimitive], undefined);
  t.equal(Symbol.iterator in object, false);
  Object.prototype.toString.call(object);
  t.ok(`${object}`.includes('Asked'));
  try {
    object[mine] = 1;
  } catch (error) {
    t.ok(error instanceof TypeError, 'refused, or kept on the proxy');
  }
  t.equal(py.runPython('"".join(asked)'), '', 'Python was never asked');
});

test('names with every kind of character', async (load, t) => {
  const py = await load();
  const object = py.runPython('class C: pass\nodd = C()\nodd');
  for (const name of ['', 'é', '🐍', 'a\0b', '\ud800', 'not an identifier', '0', '-1', 'from', 'class', '한국어']) {
    object[name] = name.length;
    t.equal(object[name], name.length, JSON.stringify(name));
    t.equal(name in object, true, JSON.stringify(name));
    py.globals.set('name', name);
    t.equal(py.runPython('getattr(odd, name)'), name.length, JSON.stringify(name));
    t.equal(delete object[name], true);
    t.equal(name in object, false);
  }
});

test('properties with fixed meaning cannot be assigned', async (load, t) => {
  const py = await load();
  const list = py.runPython('[1]');
  t.ok(t.throws(() => { list.type = 'x'; }) instanceof TypeError);
  t.ok(t.throws(() => { list.length = 0; }) instanceof TypeError);
  t.equal(Reflect.set(list, 'length', 0), false);
  t.equal(list.length, 1);
});

test('a proxy works as a key and as a prototype', async (load, t) => {
  const py = await load();
  const object = py.runPython('class C: pass\nc = C()\nc.x = 5\nc');
  t.equal(new WeakMap([[object, 1]]).get(object), 1);
  t.equal(new Map([[object, 2]]).get(object), 2);
  t.equal(Object.create(object).x, 5);
  t.equal(Reflect.get(object, 'x'), 5);
  t.equal(Reflect.has(object, 'x'), true);
});

test('function attributes: those of the Python object, not of Function', async (load, t) => {
  const py = await load();
  const f = py.runPython('def named(): pass\nnamed');
  t.same([f.name, f.length, f.prototype, f.arguments, f.caller], [undefined, undefined, undefined, undefined, undefined]);
  t.equal(f.__name__, 'named');
  f.tag = 1;
  t.equal(py.runPython('named.tag'), 1);
  const Shadow = py.runPython('class Shadow:\n    name, length, arguments = "n", 4, "a"\nShadow');
  t.same([Shadow.name, Shadow.length, Shadow.arguments], ['n', 4, 'a']);
  t.same([Shadow.$name, Shadow.$length], ['n', 4]);
});
