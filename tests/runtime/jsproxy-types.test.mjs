/** JsProxy: isinstance and issubclass against pyodide.ffi and collections.abc; jsnull and JsBigInt. */
import { raises, run, seen } from '../harness/bridge.mjs';
import { test } from '../harness/body.mjs';

/** One value of each kind. */
const values = () => ({
  object: {},
  bare: Object.create(null),
  array: [1],
  func: () => 1,
  map: new Map(),
  set: new Set(),
  weakMap: new WeakMap(),
  typed: new Uint8Array(1),
  buffer: new ArrayBuffer(1),
  view: new DataView(new ArrayBuffer(1)),
  error: new Error('x'),
  holder: { promise: Promise.resolve(1) },
  generator: (function* () {})(),
  asyncGenerator: (async function* () {})(),
  entries: [1].entries(),
  iterable: { [Symbol.iterator]: () => [][Symbol.iterator]() },
  asyncIterable: { [Symbol.asyncIterator]: () => ({}) },
  boxed: new String('abc'),
  date: new Date(0),
  symbol: Symbol('s'),
  mapLike: { get: () => 1, size: 1, [Symbol.iterator]: () => [][Symbol.iterator]() },
  mutableMapLike: { get: () => 1, set() {}, has: () => true, size: 1, [Symbol.iterator]: () => [][Symbol.iterator]() },
});

/** Which of `classes` of Python module `module` each value belongs to. */
const belongs = (py, module, classes, name) => {
  const { holder, ...rest } = values();
  const value = name === 'promise' ? 'holder.promise' : name;
  const code = `import ${module} as module\n[n for n in ${JSON.stringify(classes)} if isinstance(${value}, getattr(module, n))]`;
  return seen(py, { holder, ...rest }, code).replace(/['[\],]/g, '');
};

test('isinstance: the abstract types of pyodide.ffi', async (load, t) => {
  const py = await load();
  const classes = [
    'JsArray', 'JsTypedArray', 'JsBuffer', 'JsMap', 'JsMutableMap', 'JsIterable', 'JsIterator', 'JsGenerator',
    'JsAsyncIterable', 'JsAsyncIterator', 'JsAsyncGenerator', 'JsCallable', 'JsPromise', 'JsException',
    'JsDoubleProxy',
  ];
  const expected = {
    object: '', bare: '', date: '', symbol: '', weakMap: '',
    array: 'JsArray JsIterable',
    func: 'JsCallable',
    map: 'JsMap JsMutableMap JsIterable',
    set: 'JsIterable',
    typed: 'JsArray JsTypedArray JsBuffer JsIterable',
    buffer: 'JsBuffer',
    view: 'JsBuffer',
    error: 'JsException',
    promise: 'JsPromise',
    generator: 'JsIterable JsIterator JsGenerator',
    asyncGenerator: 'JsAsyncIterable JsAsyncIterator JsAsyncGenerator',
    entries: 'JsIterable JsIterator',
    iterable: 'JsIterable',
    asyncIterable: 'JsAsyncIterable',
    boxed: 'JsArray JsIterable',
    mapLike: 'JsMap JsIterable',
    mutableMapLike: 'JsMap JsMutableMap JsIterable',
  };
  for (const [name, names] of Object.entries(expected)) t.equal(belongs(py, 'pyodide.ffi', classes, name), names, name);
});

test('isinstance: collections.abc', async (load, t) => {
  const py = await load();
  const classes = [
    'Sequence', 'MutableSequence', 'Mapping', 'MutableMapping', 'Callable', 'Iterator', 'Generator',
    'AsyncIterator', 'AsyncGenerator', 'Awaitable',
  ];
  const expected = {
    object: '', bare: '', date: '', set: '', weakMap: '', error: '', buffer: '',
    array: 'Sequence MutableSequence',
    typed: 'Sequence MutableSequence',
    func: 'Callable',
    map: 'Mapping MutableMapping',
    promise: 'Awaitable',
    generator: 'Iterator Generator',
    asyncGenerator: 'AsyncIterator AsyncGenerator',
    entries: 'Iterator',
    mapLike: 'Mapping',
    mutableMapLike: 'Mapping MutableMapping',
  };
  for (const [name, names] of Object.entries(expected)) t.equal(belongs(py, 'collections.abc', classes, name), names, name);
  const protocols = ['Iterable', 'Sized', 'Container', 'AsyncIterable'];
  const container = 'Iterable Sized Container';
  const supported = {
    object: '', array: container, map: container, set: container, weakMap: 'Container', iterable: 'Iterable',
    asyncIterable: 'AsyncIterable',
  };
  for (const [name, names] of Object.entries(supported)) t.equal(belongs(py, 'collections.abc', protocols, name), names, name);
});

test('everything is a JsProxy, nothing of Python is', async (load, t) => {
  const py = await load();
  for (const [name, value] of Object.entries(values())) t.equal(run(py, { value }, 'isinstance(value, JsProxy)'), true, name);
  t.equal(
    seen(py, {}, '[isinstance(v, JsProxy) for v in (1, "x", None, jsnull, [], {}, ValueError(), lambda: 1)]'),
    `[${Array(8).fill('False').join(', ')}]`,
  );
  t.equal(
    seen(
      py,
      {},
      'isinstance([], JsArray), isinstance({}, JsMap), isinstance(print, JsCallable), isinstance(ValueError(), JsException)',
    ),
    '(False, False, False, False)',
  );
});

test('issubclass of the types that proxies have', async (load, t) => {
  const py = await load();
  const names = { a: [1], b: [2], o: {}, m: new Map(), f: () => 1, u: new Uint8Array(1), e: new Error('x') };
  t.equal(
    seen(
      py,
      names,
      'issubclass(type(a), JsArray), issubclass(type(a), JsIterable), issubclass(type(a), JsMap), issubclass(type(o), JsArray)',
    ),
    '(True, True, False, False)',
  );
  t.equal(
    seen(
      py,
      names,
      'issubclass(type(m), JsMutableMap), issubclass(type(m), JsMap), issubclass(type(f), JsCallable), issubclass(type(u), JsTypedArray), issubclass(type(u), JsBuffer)',
    ),
    '(True, True, True, True, True)',
  );
  t.equal(
    seen(py, names, 'all(issubclass(type(v), JsProxy) for v in (a, o, m, f, u, e)), issubclass(int, JsProxy)'),
    '(True, False)',
  );
  t.equal(
    seen(py, names, 'type(a) is type(b), type(a) is type(o), type(e) is JsException, issubclass(type(a), type(o))'),
    '(True, False, True, True)',
  );
  t.equal(
    seen(
      py,
      names,
      'import collections.abc as c\nissubclass(type(a), c.MutableSequence), issubclass(type(m), c.MutableMapping), issubclass(type(o), c.Mapping)',
    ),
    '(True, True, False)',
  );
});

test('the public classes and how they relate', async (load, t) => {
  const py = await load();
  const code = 'import pyodide.ffi as ffi\nall(issubclass(getattr(ffi, n), JsProxy) for n in ffi.__all__ if n.startswith("Js") and n not in ("JsNull", "JsBigInt"))';
  t.equal(run(py, {}, code), true);
  t.equal(
    seen(
      py,
      {},
      'import collections.abc as c\nissubclass(JsArray, c.MutableSequence), issubclass(JsMap, c.Mapping), issubclass(JsMutableMap, c.MutableMapping), issubclass(JsException, Exception)',
    ),
    '(True, True, True, True)',
  );
  t.equal(
    seen(
      py,
      {},
      'issubclass(JsArray, JsIterable), issubclass(JsGenerator, JsIterable), issubclass(JsTypedArray, JsBuffer), issubclass(ConversionError, Exception)',
    ),
    '(True, True, True, True)',
  );
  t.equal(
    seen(py, {}, 'JsArray[int], JsMap[str, int], JsPromise[int], JsDoubleProxy[int]\n1'),
    '1',
    'they can be subscripted in annotations',
  );
});

test('the classes cannot be instantiated', async (load, t) => {
  const py = await load();
  for (const code of ['JsProxy()', 'JsProxy(o)', 'JsArray()', 'JsMap({})', 'JsPromise()', 'type(o)()', 'type(o)(5)']) {
    raises(t, py, { o: {} }, code, 'TypeError', /instan/);
  }
  raises(t, py, { o: {} }, 'class Sub(type(o)): pass', 'TypeError', /base type/);
});

test('everything the public modules promise is there', async (load, t) => {
  const py = await load();
  const ffi = `
    ConversionError JsArray JsAsyncGenerator JsAsyncIterable JsAsyncIterator JsBigInt JsBuffer JsCallable
    JsCallableDoubleProxy JsDomElement JsDoubleProxy JsException JsFetchResponse JsGenerator JsIterable
    JsIterator JsMap JsMutableMap JsNull JsOnceCallable JsPromise JsProxy JsTypedArray JsWeakRef
    create_once_callable create_proxy destroy_proxies jsnull register_js_module run_sync to_js
    unregister_js_module IN_PYODIDE`;
  t.equal(seen(py, { names: ffi }, 'import pyodide.ffi\n[n for n in names.split() if not hasattr(pyodide.ffi, n)]'), '[]');
  t.equal(seen(py, { names: ffi }, 'import pyodide.ffi\n[n for n in names.split() if n not in pyodide.ffi.__all__]'), '[]');
  const wrappers = 'add_event_listener remove_event_listener set_timeout clear_timeout set_interval clear_interval';
  t.equal(
    seen(
      py,
      { names: wrappers },
      'import pyodide.ffi.wrappers as w\nsorted(w.__all__) == sorted(names.split()), all(callable(getattr(w, n)) for n in w.__all__)',
    ),
    '(True, True)',
  );
});

test('jsnull', async (load, t) => {
  const py = await load();
  t.equal(run(py, { x: null }, 'x is jsnull'), true);
  t.equal(run(py, {}, 'jsnull'), null);
  t.equal(
    seen(py, {}, 'repr(jsnull), bool(jsnull), type(jsnull) is JsNull, JsNull() is jsnull, jsnull == None, jsnull.typeof'),
    "('jsnull', False, True, True, False, 'object')",
  );
  t.equal(
    seen(
      py,
      {},
      'import copy, pickle\ncopy.copy(jsnull) is jsnull, copy.deepcopy(jsnull) is jsnull, pickle.loads(pickle.dumps(jsnull)) is jsnull',
    ),
    '(True, True, True)',
  );
  t.equal(seen(py, {}, 'import json\njson.dumps([jsnull]), {jsnull: 1}[jsnull]'), "('[null]', 1)");
});

test('JsBigInt', async (load, t) => {
  const py = await load();
  const kind = (x) => `${typeof x} ${x}`;
  t.equal(
    seen(py, { five: 5n }, 'five, type(five) is JsBigInt, isinstance(five, int), five == 5, hash(five) == hash(5)'),
    '(5, True, True, True, True)',
  );
  t.equal(
    seen(py, { kind, five: 5n }, 'kind(five), kind(JsBigInt(7)), kind(7), kind(int(five)), kind(2**60)'),
    `('bigint 5', 'bigint 7', 'number 7', 'number 5', 'bigint ${2n ** 60n}')`,
  );
  t.equal(
    seen(
      py,
      { five: 5n },
      '[type(v) is JsBigInt for v in (five + five, five - five, five & five, -five, ~five, abs(five), five // 2, five % 3, five << 1, five >> 1, five ** 2)]',
    ),
    `[${Array(11).fill('True').join(', ')}]`,
  );
  t.equal(
    seen(py, { five: 5n }, '[type(v) is int for v in (2 // five, 7 % five, 1 << five, 2 ** five)], five / 2'),
    '([True, True, True, True], 2.5)',
  );
  t.equal(seen(py, { five: 5n }, 'five + 1, five * 3, 3 - five, divmod(five, 2)[0]'), '(6, 15, -2, 2)');
});
