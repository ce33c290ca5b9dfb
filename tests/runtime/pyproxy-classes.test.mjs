/** Which class a Python object's proxy has: one per ability, by what the object's type can do. */
import { test } from '../harness/body.mjs';

const SETUP = `
import array, asyncio, collections, ctypes, io, types
class Plain: pass
class Sized:
    def __len__(self): return 3
class Gets:
    def __getitem__(self, key): return key
class Sets:
    def __setitem__(self, key, value): pass
class Deletes:
    def __delitem__(self, key): pass
class Contains:
    def __contains__(self, item): return True
class Iterates:
    def __iter__(self): return iter([])
class Steps:
    def __next__(self): return 1
class AsyncIterates:
    def __aiter__(self): return self
class AsyncSteps:
    def __anext__(self): return self
class Awaits:
    def __await__(self): yield
class Calls:
    def __call__(self): pass
class Frozen(collections.abc.Sequence):
    def __len__(self): return 0
    def __getitem__(self, index): raise IndexError(index)
class Growing(collections.abc.MutableSequence):
    def __len__(self): return 0
    def __getitem__(self, index): raise IndexError(index)
    def __setitem__(self, index, value): pass
    def __delitem__(self, index): pass
    def insert(self, index, value): pass
class Sends(collections.abc.Generator):
    def send(self, value): return value
    def throw(self, *exc): raise StopIteration
class AsyncSends(collections.abc.AsyncGenerator):
    async def asend(self, value): return value
    async def athrow(self, *exc): raise StopAsyncIteration
class OfDict(dict): pass
class OfList(list): pass
class Everything(Sized, Gets, Sets, Contains, Iterates, Awaits, Calls): pass
def numbers(): yield 1
async def later(): yield 1
async def once(): pass
`;

/** Expression → its classes besides PyProxy. A `?` before a class: the peer's own answer is not asked for. */
const CLASSES = {
  'Plain()': '',
  'Sized()': 'PyProxyWithLength',
  'Gets()': 'PyProxyWithGet PyIterable',
  'Sets()': 'PyProxyWithSet',
  'Deletes()': 'PyProxyWithSet',
  'Contains()': 'PyProxyWithHas',
  'Iterates()': 'PyIterable',
  'Steps()': 'PyIterable PyIterator',
  'AsyncIterates()': 'PyAsyncIterable',
  'AsyncSteps()': 'PyAsyncIterable PyAsyncIterator',
  'Awaits()': 'PyAwaitable',
  'Calls()': 'PyCallable',
  Plain: 'PyCallable',
  len: 'PyCallable',
  'lambda: 1': 'PyCallable',
  '[].append': 'PyCallable',
  'Everything()':
    'PyProxyWithLength PyProxyWithGet PyProxyWithSet PyProxyWithHas PyIterable PyAwaitable PyCallable',
  'numbers()': 'PyIterable PyIterator PyGenerator',
  'Sends()': 'PyIterable PyIterator PyGenerator',
  'later()': 'PyAsyncIterable PyAsyncIterator PyAsyncGenerator',
  'AsyncSends()': 'PyAsyncIterable PyAsyncIterator PyAsyncGenerator',
  'asyncio.Event().wait()': 'PyAwaitable',
  'Frozen()': 'PyProxyWithLength PyProxyWithGet PyProxyWithHas PyIterable PySequence ?PyMutableSequence',
  'Growing()':
    'PyProxyWithLength PyProxyWithGet PyProxyWithSet PyProxyWithHas PyIterable PySequence PyMutableSequence',
  '[]': 'PyProxyWithLength PyProxyWithGet PyProxyWithSet PyProxyWithHas PyIterable PySequence PyMutableSequence',
  'OfList()':
    'PyProxyWithLength PyProxyWithGet PyProxyWithSet PyProxyWithHas PyIterable PySequence PyMutableSequence',
  '()': 'PyProxyWithLength PyProxyWithGet PyProxyWithHas PyIterable PySequence ?PyMutableSequence',
  'range(3)': 'PyProxyWithLength PyProxyWithGet PyProxyWithHas PyIterable PySequence ?PyMutableSequence',
  'collections.deque()':
    'PyProxyWithLength PyProxyWithGet PyProxyWithSet PyProxyWithHas PyIterable PySequence PyMutableSequence',
  '{}': 'PyProxyWithLength PyProxyWithGet PyProxyWithSet PyProxyWithHas PyDict PyIterable',
  'globals()': 'PyProxyWithLength PyProxyWithGet PyProxyWithSet PyProxyWithHas PyDict PyIterable',
  'OfDict()': 'PyProxyWithLength PyProxyWithGet PyProxyWithSet PyProxyWithHas PyIterable',
  'types.MappingProxyType({})': 'PyProxyWithLength PyProxyWithGet PyProxyWithHas PyIterable',
  '{}.keys()': 'PyProxyWithLength PyProxyWithHas PyIterable',
  '{}.values()': 'PyProxyWithLength PyIterable',
  'set()': 'PyProxyWithLength PyProxyWithHas PyIterable',
  'frozenset()': 'PyProxyWithLength PyProxyWithHas PyIterable',
  'iter([])': 'PyIterable PyIterator',
  'zip()': 'PyIterable PyIterator',
  'io.StringIO()': 'PyIterable PyIterator',
  'b""': 'PyProxyWithLength PyProxyWithGet PyProxyWithHas PyIterable PyBuffer PySequence ?PyMutableSequence',
  'bytearray()':
    'PyProxyWithLength PyProxyWithGet PyProxyWithSet PyProxyWithHas PyIterable PyBuffer PySequence PyMutableSequence',
  'array.array("i")':
    'PyProxyWithLength PyProxyWithGet PyProxyWithSet PyProxyWithHas PyIterable PyBuffer PySequence PyMutableSequence',
  'memoryview(b"")':
    'PyProxyWithLength PyProxyWithGet PyProxyWithSet PyIterable PyBuffer ?PySequence ?PyMutableSequence ?PyProxyWithHas',
  '(ctypes.c_int * 3)()': 'PyProxyWithLength PyProxyWithGet PyProxyWithSet PyIterable PyBuffer',
  '1j': '',
  types: '',
  'Exception("x")': '',
  'object()': '',
};

const NAMES = [
  'PyProxy', 'PyProxyWithLength', 'PyProxyWithGet', 'PyProxyWithSet', 'PyProxyWithHas', 'PyDict', 'PyIterable',
  'PyAsyncIterable', 'PyIterator', 'PyAsyncIterator', 'PyGenerator', 'PyAsyncGenerator', 'PyAwaitable', 'PyCallable',
  'PyBuffer', 'PySequence', 'PyMutableSequence',
];

test('ffi has every class, and none can be constructed', async (load, t) => {
  const { ffi } = await load();
  for (const name of [...NAMES, 'PyBufferView', 'PythonError']) {
    t.equal(typeof ffi[name], 'function', name);
    t.equal(ffi[name].name, name);
  }
  for (const name of [...NAMES, 'PyBufferView']) {
    t.ok(t.throws(() => new ffi[name](), name) instanceof TypeError, `new ${name}() is a TypeError`);
  }
  t.ok(Object.getPrototypeOf(ffi.PythonError) === Error, 'PythonError extends Error');
});

test('instanceof says what the object can do', async (load, t) => {
  const py = await load();
  py.runPython(SETUP);
  for (const [code, list] of Object.entries(CLASSES)) {
    const proxy = py.runPython(code);
    const wanted = list.split(' ').filter(Boolean);
    t.ok(proxy instanceof py.ffi.PyProxy, `${code} is a PyProxy`);
    for (const name of NAMES.slice(1)) {
      if (wanted.includes(`?${name}`)) continue;
      t.equal(proxy instanceof py.ffi[name], wanted.includes(name), `${code} instanceof ${name}`);
    }
    proxy.destroy();
  }
});

test('values that are no proxies are instances of nothing', async (load, t) => {
  const { ffi } = await load();
  for (const value of [undefined, null, 1, 'x', true, {}, [], () => 1, Symbol('x'), new Map(), Object.create(null)]) {
    for (const name of [...NAMES, 'PyBufferView', 'PythonError']) t.equal(value instanceof ffi[name], false, name);
  }
});

test('callables are functions, nothing else is', async (load, t) => {
  const py = await load();
  py.runPython(SETUP);
  for (const [code, list] of Object.entries(CLASSES)) {
    const proxy = py.runPython(code);
    const callable = list.includes('PyCallable');
    t.equal(typeof proxy, callable ? 'function' : 'object', code);
    t.equal(proxy instanceof Function, callable, `${code} instanceof Function`);
    t.equal(Array.isArray(proxy), false, `${code} is no Array`);
    proxy.destroy();
  }
});

test('toStringTag and constructor', async (load, t) => {
  const py = await load();
  for (const code of ['object()', '[]', '{}', 'len', 'iter([])']) {
    const proxy = py.runPython(code);
    t.equal(proxy[Symbol.toStringTag], 'PyProxy', code);
    t.equal(Object.prototype.toString.call(proxy), '[object PyProxy]', code);
    t.equal(proxy.constructor, py.ffi.PyProxy, code);
  }
});

test('what makes the class is the type, not the instance or what __class__ claims', async (load, t) => {
  const py = await load();
  const { PyProxyWithLength, PySequence } = py.ffi;
  const instance = py.runPython('class C: pass\nc = C()\nc.__len__ = lambda: 3\nc');
  t.equal(instance instanceof PyProxyWithLength, false);
  t.equal(instance.length, undefined);
  const liar = py.runPython('class Liar:\n    @property\n    def __class__(self): return list\nLiar()');
  t.equal(liar instanceof PySequence, false);
  t.equal(liar.type, 'Liar');
});

test('type is the name of the Python type', async (load, t) => {
  const py = await load();
  py.runPython('import array, collections, datetime\nclass Mine: pass');
  const types = {
    '[]': 'list',
    '{}': 'dict',
    '()': 'tuple',
    'b""': 'bytes',
    'set()': 'set',
    '1j': 'complex',
    len: 'builtin_function_or_method',
    int: 'type',
    'lambda: 1': 'function',
    '(x for x in [])': 'generator',
    'Mine()': 'Mine',
    Mine: 'type',
    'ValueError("x")': 'ValueError',
    'collections.deque()': 'collections.deque',
    'array.array("i")': 'array.array',
    'datetime.date(2020, 1, 2)': 'datetime.date',
  };
  for (const [code, type] of Object.entries(types)) t.equal(py.runPython(code).type, type, code);
});

test('abilities of other classes are absent', async (load, t) => {
  const py = await load();
  const plain = py.runPython('object()');
  for (const name of ['length', 'get', 'set', 'delete', 'has', 'next', 'then', 'apply', 'getBuffer', 'map', 'push']) {
    t.equal(plain[name], undefined, name);
    t.equal(name in plain, false, name);
  }
  t.equal(plain[Symbol.iterator], undefined);
  t.equal(plain[Symbol.asyncIterator], undefined);
  t.ok(t.throws(() => [...plain]) instanceof TypeError);
  const pair = py.runPython('(1, 2)');
  t.equal(pair.push, undefined, 'a tuple does not grow');
  t.equal(pair.set, undefined);
  const set = py.runPython('{1}');
  t.equal(set.get, undefined);
  t.equal(set.has(1), true);
  t.equal(set.length, 1);
});

test('values that cross by copy are not proxies', async (load, t) => {
  const py = await load();
  for (const code of ['1', '1.5', '"x"', 'True', 'None', '2**70']) {
    t.equal(py.runPython(code) instanceof py.ffi.PyProxy, false, code);
  }
  t.equal(py.runPython('class Text(str): pass\nText("x")'), 'x', 'subclasses of str are strings');
  t.equal(py.runPython('class Whole(int): pass\nWhole(5)'), 5, 'subclasses of int are numbers');
  t.equal(py.runPython('import enum\nclass Level(enum.IntEnum):\n    HIGH = 3\nLevel.HIGH'), 3);
});
