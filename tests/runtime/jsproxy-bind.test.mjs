/** bind_sig and bind_class: what Python annotations say about JavaScript functions and objects. */
import { raises, raisesAsync, seen, seenAsync } from '../harness/bridge.mjs';
import { test } from '../harness/body.mjs';

const PRELUDE = `
from typing import Annotated, Any
from _pyodide.jsbind import BindClass, Deep, Default, Js2PyConverterMeta, Json, Py2JsConverterMeta
`;

const bound = (py, names, code) => seen(py, names, PRELUDE + code);
const boundAsync = (py, names, code) => seenAsync(py, names, PRELUDE + code);
const refused = (t, py, names, code, ...rest) => raises(t, py, names, PRELUDE + code, ...rest);
const refusedAsync = (t, py, names, code, ...rest) => raisesAsync(t, py, names, PRELUDE + code, ...rest);

/** What each argument is: an Array, a borrowed Python object, plain data. */
const kind = (a) => (Array.isArray(a) ? `Array${JSON.stringify(a)}` : a?.type ? `py:${a.type}` : JSON.stringify(a));
const kinds = (...args) => args.map(kind).join(' ');

test('the bound proxy is a copy that stands for the same object', async (load, t) => {
  const py = await load();
  t.equal(
    bound(py, { kinds }, 'def f(a, b, /): ...\ng = kinds.bind_sig(f)\ng == kinds, g is kinds, g(1, [2]), kinds([1])'),
    "(True, False, '1 py:list', 'py:list')",
  );
  t.equal(bound(py, { same: (x) => x === kinds, kinds }, 'def f(a, /): ...\nsame(kinds.bind_sig(f))'), 'True');
});

test('arguments are checked against the signature', async (load, t) => {
  const py = await load();
  const define = 'def f(a, b=3, /, *, c=5, d): ...\ng = kinds.bind_sig(f)\n';
  t.equal(bound(py, { kinds }, `${define}g(1, 2, d=4), g(1, d=1)`), `('1 2 {"d":4,"c":5}', '1 3 {"d":1,"c":5}')`);
  refused(t, py, { kinds }, `${define}g(1)`, 'TypeError', /'d'/);
  refused(t, py, { kinds }, `${define}g(d=1)`, 'TypeError', /'a'/);
  refused(t, py, { kinds }, `${define}g(1, 2, 3, d=1)`, 'TypeError', /positional/);
  refused(t, py, { kinds }, `${define}g(1, d=1, zz=2)`, 'TypeError', /zz/);
  refused(t, py, { kinds }, 'def f(a, /): ...\nkinds.bind_sig(f)(a=1)', 'TypeError', /'a'|positional/);
});

test('variable arguments', async (load, t) => {
  const py = await load();
  t.equal(bound(py, { kinds }, 'def f(*args: Annotated[Any, Deep]): ...\nkinds.bind_sig(f)([1], [2])'), "'Array[1] Array[2]'");
  t.equal(bound(py, { kinds }, 'def f(*args, **kwargs): ...\nkinds.bind_sig(f)([1], x=2)'), `'py:list {"x":2}'`);
  t.equal(
    bound(py, { f: (o) => Array.isArray(o.x) }, 'def s(**kwargs: Annotated[Any, Deep]): ...\nf.bind_sig(s)(x=[1])'),
    'True',
  );
});

test('Deep: arguments and results are converted all the way down', async (load, t) => {
  const py = await load();
  t.equal(
    bound(py, { kinds }, 'def f(a: Annotated[list, Deep], b, /): ...\nkinds.bind_sig(f)([1, [2]], [3])'),
    "'Array[1,[2]] py:list'",
  );
  t.equal(
    bound(py, { kinds }, 'def f(a, b: Annotated[list, Deep] = [3], /): ...\nkinds.bind_sig(f)(1)'),
    "'1 Array[3]'",
    'defaults, too',
  );
  t.equal(bound(py, { f: () => [1, { a: [2] }] }, 'def s() -> Annotated[Any, Deep]: ...\nf.bind_sig(s)()'), "[1, {'a': [2]}]");
  t.equal(
    bound(py, { f: () => [1] }, 'def s() -> list[int]: ...\nisinstance(f.bind_sig(s)(), JsArray)'),
    'True',
    'plain annotations convert nothing',
  );
});

test('Json and Default', async (load, t) => {
  const py = await load();
  t.equal(
    bound(
      py,
      { f: (o) => JSON.stringify(o) + o.x.length },
      'def s(a: Annotated[Any, Json], /): ...\nf.bind_sig(s)({"x": [1, 2]})',
    ),
    `'{"x":[1,2]}2'`,
  );
  t.equal(bound(py, { f: () => ({ x: { y: 1 } }) }, 'def s() -> Annotated[Any, Json]: ...\nf.bind_sig(s)()["x"]["y"]'), '1');
  t.equal(bound(py, { kinds }, 'def s(a: Annotated[Any, Default], /): ...\nkinds.bind_sig(s)([1])'), "'py:list'");
  t.equal(bound(py, { f: () => [1] }, 'def s() -> Annotated[Any, Default]: ...\nisinstance(f.bind_sig(s)(), JsArray)'), 'True');
});

test('async functions', async (load, t) => {
  const py = await load();
  t.equal(
    await boundAsync(py, { f: async () => [1, [2]] }, 'async def s() -> Annotated[Any, Deep]: ...\nawait f.bind_sig(s)()'),
    '[1, [2]]',
  );
  t.equal(
    await boundAsync(
      py,
      { f: async (a) => Array.isArray(a) },
      'async def s(a: Annotated[Any, Deep], /) -> bool: ...\nawait f.bind_sig(s)([1])',
    ),
    'True',
  );
  await refusedAsync(
    t,
    py,
    { f: async () => { throw new RangeError('later'); } },
    'async def s() -> Annotated[Any, Deep]: ...\nawait f.bind_sig(s)()',
    'JsException',
    /later/,
  );
  await refusedAsync(
    t,
    py,
    { f: () => 5 },
    'async def s() -> Annotated[Any, Deep]: ...\nawait f.bind_sig(s)()',
    'TypeError',
    /promise/i,
  );
});

const CLASSES = `
class Inner(BindClass):
    z: Annotated[Any, Deep]

class Outer(BindClass):
    x: Annotated[list[int], Deep]
    y: int
    inner: Inner
    def method(self, a: Annotated[Any, Deep], /) -> Annotated[Any, Deep]: ...
    def make(self) -> Inner: ...
    async def later(self, a: Annotated[Any, Deep], /) -> Inner: ...
`;

const outer = () => ({
  x: [1, [2]],
  y: 5,
  inner: { z: [1] },
  method(a) {
    return [Array.isArray(a), this.y];
  },
  make: () => ({ z: [5] }),
  later: async (a) => ({ z: [Array.isArray(a)] }),
  other: [1],
});

test('bind_sig with a class: attributes and methods', async (load, t) => {
  const py = await load();
  t.equal(
    await boundAsync(py, { o: outer() }, `${CLASSES}o = o.bind_sig(Outer)\no.x, o.y, o.method([1])`),
    '([1, [2]], 5, [True, 5])',
  );
  t.equal(
    await boundAsync(py, { o: outer() }, `${CLASSES}o = o.bind_sig(Outer)\no.inner.z, o.make().z, (await o.later([1])).z`),
    '([1], [5], [True])',
  );
  t.equal(
    bound(py, { o: outer() }, `${CLASSES}o = o.bind_sig(Outer)\nisinstance(o.other, JsArray), hasattr(o, "nope")`),
    '(True, False)',
  );
  refused(t, py, { o: outer() }, `${CLASSES}o.bind_sig(Outer).method(1, 2)`, 'TypeError', /positional/);
  refused(t, py, { o: outer() }, `${CLASSES}o.bind_sig(Outer).method()`, 'TypeError', /'a'/);
  refused(t, py, { o: outer() }, `${CLASSES}o.bind_sig(Outer).nope`, 'AttributeError', /nope/);
});

test('bind_sig with __call__', async (load, t) => {
  const py = await load();
  const code = `
class Callable(BindClass):
    def __call__(self, a: Annotated[Any, Deep], /) -> Annotated[Any, Deep]: ...
f.bind_sig(Callable)([1])`;
  t.equal(bound(py, { f: (a) => [Array.isArray(a)] }, code), '[True]');
});

test('bind_class: calling makes an instance', async (load, t) => {
  const py = await load();
  class Thing {
    constructor(a) {
      this.wasArray = Array.isArray(a);
      this.made = new.target === Thing;
      this.x = [1];
    }
    method(a) {
      return [Array.isArray(a)];
    }
  }
  const define = `
class Thing(BindClass):
    x: Annotated[Any, Deep]
    def __init__(self, a: Annotated[Any, Deep], /): ...
    def method(self, a: Annotated[Any, Deep], /) -> Annotated[Any, Deep]: ...
Bound = JsThing.bind_class(Thing)
`;
  t.equal(
    bound(py, { JsThing: Thing }, `${define}i = Bound([1])\ni.wasArray, i.made, i.x, i.method([2]), Bound == JsThing`),
    '(True, True, [1], [True], True)',
  );
  refused(t, py, { JsThing: Thing }, `${define}Bound()`, 'TypeError', /'a'/);
  refused(t, py, { JsThing: Thing }, `${define}Bound(1, 2)`, 'TypeError', /positional/);
});

test('converters of one\'s own', async (load, t) => {
  const py = await load();
  const define = `
class Up(metaclass=Js2PyConverterMeta):
    def post_convert(value): return ("up", value)
class Down(metaclass=Py2JsConverterMeta):
    def pre_convert(value): return value * 2
def f(x: Annotated[Any, Down], /) -> Annotated[Any, Up]: ...
class Holder(BindClass):
    v: Annotated[Any, Up]
`;
  t.equal(bound(py, { echo: (x) => x }, `${define}echo.bind_sig(f)(21)`), "('up', 42)");
  t.equal(bound(py, { o: { v: 1 } }, `${define}o.bind_sig(Holder).v`), "('up', 1)");
});

test('converters that throw, signatures that are none', async (load, t) => {
  const py = await load();
  const define = `
class Before(metaclass=Py2JsConverterMeta):
    def pre_convert(value): raise LookupError("before")
class After(metaclass=Js2PyConverterMeta):
    def post_convert(value): raise LookupError("after")
def before(x: Annotated[Any, Before], /): ...
def after(x, /) -> Annotated[Any, After]: ...
`;
  const names = { echo: (x) => x, bad: () => { throw new RangeError('inside'); } };
  refused(t, py, names, `${define}echo.bind_sig(before)(5)`, 'LookupError', /before/);
  refused(t, py, names, `${define}echo.bind_sig(after)(5)`, 'LookupError', /after/);
  refused(
    t,
    py,
    names,
    'def s(x: Annotated[Any, Deep], /) -> Annotated[Any, Deep]: ...\nbad.bind_sig(s)([1])',
    'JsException',
    /inside/,
  );
  refused(t, py, names, 'def s(x: "Undefined", /): ...\necho.bind_sig(s)(1)', 'NameError', /Undefined/);
  for (const signature of ['5', 'None']) refused(t, py, names, `echo.bind_sig(${signature})()`, 'TypeError', /callable/);
  refused(t, py, names, 'echo.bind_sig()', 'TypeError', /argument/);
});
