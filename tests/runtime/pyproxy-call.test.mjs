/** Calling Python from JavaScript: every way to pass arguments, keywords and `this`. */
import { test } from '../harness/body.mjs';

/** `f` must throw a Python exception of that type; gives its last line. */
const raises = (t, py, f, type) => {
  const error = t.throws(f);
  t.ok(error instanceof py.ffi.PythonError, `a PythonError, not ${error}`);
  t.equal(error.type, type);
  return error.message.trimEnd().split('\n').at(-1);
};

/** Python functions that say what they were called with. */
const FUNCTIONS = `
def anything(*args, **kwargs): return repr((args, kwargs))
def one(a): return repr(a)
def two(a, b=5): return repr((a, b))
def mixed(a, /, b, *, c=3): return repr((a, b, c))
`;

const functions = async (load) => {
  const py = await load();
  py.runPython(FUNCTIONS);
  const [anything, one, two, mixed] = ['anything', 'one', 'two', 'mixed'].map((name) => py.globals.get(name));
  return { py, anything, one, two, mixed };
};

test('arguments and results', async (load, t) => {
  const { py, anything, one } = await functions(load);
  t.equal(anything(), '((), {})');
  t.equal(anything(1, 'a', undefined, true, 1.5, 2n ** 70n), `((1, 'a', None, True, 1.5, ${2n ** 70n}), {})`);
  t.match(raises(t, py, () => one(), 'TypeError'), /one\(\).*missing.*a/);
  t.match(raises(t, py, () => one(1, 2), 'TypeError'), /one\(\).*takes 1/);
  const identity = py.runPython('lambda x: x');
  for (const value of [{}, [], null, undefined, NaN, '', '🐍', 2n ** 80n, Symbol('s'), () => 1, new Map()]) {
    t.equal(identity(value), value);
  }
  const list = py.runPython('kept = [1]\nkept');
  t.equal(py.runPython('lambda x: x is kept')(list), true, 'a proxy arrives as its object');
  t.equal(py.runPython('lambda x: x[0] is kept')([list]), true, 'inside an array, too');
  t.equal(list.toString(), '[1]', 'and is not destroyed');
  t.equal(anything(...Array(1000).fill(1)).length, 3006);
});

test('call, apply and Reflect.apply', async (load, t) => {
  const { anything } = await functions(load);
  t.equal(anything.call(null, 1, 2), '((1, 2), {})');
  t.equal(anything.call(), '((), {})');
  t.equal(anything.apply(null, [1, 2]), '((1, 2), {})');
  t.equal(anything.apply({}, { length: 2, 0: 'a', 1: 'b' }), "(('a', 'b'), {})");
  t.equal(anything.apply(null), '((), {})');
  t.equal(anything.apply(null, null), '((), {})');
  t.ok(t.throws(() => anything.apply(null, 5)) instanceof TypeError);
  t.equal(Reflect.apply(anything, undefined, [1]), '((1,), {})');
  t.equal(Function.prototype.call.call(anything, null, 1), '((1,), {})');
  t.equal(Function.prototype.apply.call(anything, null, [1]), '((1,), {})');
});

test('callKwargs', async (load, t) => {
  const { py, anything, one, mixed } = await functions(load);
  t.equal(anything.callKwargs({ a: 1 }), "((), {'a': 1})");
  t.equal(anything.callKwargs(1, 2, { a: undefined, b: 'x' }), "((1, 2), {'a': None, 'b': 'x'})");
  t.equal(anything.callKwargs(1, {}), '((1,), {})');
  t.equal(mixed.callKwargs(1, { c: 9, b: 2 }), '(1, 2, 9)');
  t.equal(anything.callKwargs({ list: py.runPython('[1]') }), "((), {'list': [1]})");
  t.equal(anything.callKwargs(Object.assign(Object.create(null), { a: 1 })), "((), {'a': 1})");
  t.equal(anything.callKwargs({ 'no name': 1, [Symbol('s')]: 2 }), "((), {'no name': 1})");
  t.match(raises(t, py, () => one.callKwargs({ b: 1 }), 'TypeError'), /unexpected keyword argument 'b'/);
  t.match(raises(t, py, () => one.callKwargs(1, { a: 1 }), 'TypeError'), /multiple values/);
  raises(t, py, () => mixed.callKwargs({ a: 1, b: 2 }), 'TypeError');
  const error = new RangeError('getter');
  t.equal(t.throws(() => anything.callKwargs({ get a() { throw error; } })), error);
});

test('callKwargs: the last argument must be a plain object', async (load, t) => {
  const { py, anything } = await functions(load);
  t.ok(t.throws(() => anything.callKwargs()) instanceof TypeError);
  for (const last of [1, 'abc', null, undefined, [1], new Map(), new Date(0), () => 1, py.runPython('{"a": 1}')]) {
    const error = t.throws(() => anything.callKwargs(1, last));
    t.ok(error instanceof TypeError, `${typeof last}: ${error}`);
  }
});

test('callRelaxed leaves out what does not fit', async (load, t) => {
  const { py, anything, one, two } = await functions(load);
  t.equal(one.callRelaxed(1, 2, 3), '1');
  t.equal(two.callRelaxed(1), '(1, 5)');
  t.equal(two.callRelaxed(1, 2, 3), '(1, 2)');
  t.equal(anything.callRelaxed(1, 2, 3), '((1, 2, 3), {})');
  t.match(raises(t, py, () => one.callRelaxed(), 'TypeError'), /missing.*a/);
  t.equal(py.runPython('len').callRelaxed(py.runPython('[1]'), 3), 1, 'builtins with a signature');
  t.equal(py.runPython('class X:\n    def __init__(self, a): self.a = a\nX').callRelaxed(1, 2).a, 1, 'classes');
  t.equal(py.runPython('class M:\n    def m(self, a): return a\nM().m').callRelaxed(1, 2), 1, 'methods');
});

test('callKwargsRelaxed', async (load, t) => {
  const { py, one, mixed } = await functions(load);
  t.equal(mixed.callKwargsRelaxed(1, 2, 3, { c: 7 }), '(1, 2, 7)');
  t.equal(one.callKwargsRelaxed(1, { zz: 6 }), '1');
  raises(t, py, () => one.callKwargsRelaxed({}), 'TypeError');
  t.match(raises(t, py, () => one.callKwargsRelaxed(1, { a: 5 }), 'TypeError'), /multiple values/);
  t.ok(t.throws(() => one.callKwargsRelaxed()) instanceof TypeError);
});

test('callWithOptions', async (load, t) => {
  const { anything, one, mixed } = await functions(load);
  t.equal(anything.callWithOptions({}, 1, 2), '((1, 2), {})');
  t.equal(anything.callWithOptions({ kwargs: true }, 1, { a: 2 }), "((1,), {'a': 2})");
  t.equal(anything.callWithOptions({ kwargs: false }, 1, 'x'), "((1, 'x'), {})");
  t.equal(one.callWithOptions({ relaxed: true }, 1, 2), '1');
  t.equal(mixed.callWithOptions({ relaxed: true, kwargs: true }, 1, 2, 3, { c: 4, d: 5 }), '(1, 2, 4)');
  t.ok(t.throws(() => anything.callWithOptions({ kwargs: true })) instanceof TypeError);
  t.ok(t.throws(() => anything.callWithOptions()) instanceof TypeError);
});

test('callPromising resolves to the result', async (load, t) => {
  const { py, anything } = await functions(load);
  if (typeof WebAssembly.Suspending !== 'function') {
    // An engine without stack switching: the value or an error, but no dead interpreter.
    const outcome = await Promise.resolve().then(() => anything.callPromising(1)).catch((error) => error);
    t.ok(outcome === '((1,), {})' || outcome instanceof Error, String(outcome));
    return;
  }
  const promise = anything.callPromising(1, 2);
  t.ok(promise instanceof Promise);
  t.equal(await promise, '((1, 2), {})');
  t.equal(await anything.callPromisingKwargs(1, { a: 2 }), "((1,), {'a': 2})");
  t.equal(await anything.callWithOptions({ promising: true }, 1), '((1,), {})');
  const error = await t.rejects(() => py.runPython('lambda: {}["missing"]').callPromising());
  t.equal(error.type, 'KeyError');
});

test('this is not passed on unless captureThis asks for it', async (load, t) => {
  const { anything } = await functions(load);
  const object = { toString: () => 'the object', plain: anything, method: anything.captureThis() };
  t.equal(object.plain(1), '((1,), {})');
  t.equal(object.method(1), '((the object, 1), {})');
  t.equal(object.method(), '((the object,), {})');
  t.equal(object.method.call('other', 1), "(('other', 1), {})");
  t.equal(object.method.apply('other', [1, 2]), "(('other', 1, 2), {})");
  const { method } = object;
  t.equal(method(1), '((None, 1), {})');
  t.equal(anything(1), '((1,), {})', 'the original is as it was');
});

test('captureThis: methods of JavaScript objects in Python', async (load, t) => {
  const py = await load();
  const object = { a: 7 };
  object.read = py.runPython('def read(self): return self.a\nread').captureThis();
  t.equal(object.read(), 7);
  class Counter {
    count = 0;
  }
  Counter.prototype.add = py.runPython('def add(self, by):\n    self.count += by\n    return self\nadd').captureThis();
  const counter = new Counter();
  t.equal(counter.add(2), counter);
  t.equal(counter.add(3).count, 5);
});

test('bind: arguments go first, this only with captureThis', async (load, t) => {
  const { py, anything } = await functions(load);
  const bound = anything.bind('this', 1, 2);
  t.ok(bound instanceof py.ffi.PyCallable);
  t.equal(bound(3), '((1, 2, 3), {})');
  t.equal(bound.call('other', 4), '((1, 2, 4), {})');
  t.equal(bound.bind('again', 9)(3), '((1, 2, 9, 3), {})');
  t.equal(anything(3), '((3,), {})');
  const capturing = anything.captureThis().bind('this', 1);
  t.equal(capturing(2), "(('this', 1, 2), {})");
  t.equal(capturing.call('other', 2), "(('this', 1, 2), {})", 'bound once and for all');
  t.equal(capturing.bind('again', 9)(2), "(('this', 1, 9, 2), {})");
  t.equal({ f: capturing }.f(2), "(('this', 1, 2), {})");
});

test('classes, instances with __call__ and bound methods', async (load, t) => {
  const py = await load();
  const Thing = py.runPython(`
class Thing:
    def __init__(self, *args, **kwargs): self.args, self.kwargs = args, kwargs
    def __call__(self, *args): return repr(args)
    def method(self, *args): return repr((self.args, args))
Thing`);
  const thing = Thing(1, 2);
  t.equal(thing(3), '(3,)');
  t.equal(thing.method(4), '((1, 2), (4,))');
  t.equal(Thing.callKwargs({ a: 5 }).kwargs.get('a'), 5);
  t.equal(py.runPython('import functools\nfunctools.partial(lambda *a: repr(a), 1)')(2), '(1, 2)');
  t.equal(py.runPython('[]').append(1), undefined);
});

test('as a callback of JavaScript\'s own functions', async (load, t) => {
  const py = await load();
  t.same([1, 2, 3].map(py.runPython('lambda x, *rest: x * 2')), [2, 4, 6]);
  t.same([3, 1, 2].sort(py.runPython('lambda a, b: a - b')), [1, 2, 3]);
  t.equal('abc'.replace(/b/, py.runPython('lambda match, *rest: match.upper()')), 'aBc');
  t.equal(await Promise.resolve(4).then(py.runPython('lambda x: x + 1')), 5);
  t.equal(await new Promise(py.runPython('lambda resolve, reject: resolve(3)')), 3);
  const seen = new Promise((resolve) => setTimeout(py.runPython('lambda call, value: call(value)'), 1, resolve, 'late'));
  t.equal(await seen, 'late');
});

test('exceptions of the function arrive, those of arguments\' conversion too', async (load, t) => {
  const { py, anything } = await functions(load);
  t.match(raises(t, py, () => py.runPython('def fail(x): raise LookupError(x)\nfail')('why'), 'LookupError'), /why/);
  const gone = py.runPython('[1]');
  gone.destroy();
  for (const f of [() => anything(1, gone), () => anything.callKwargs({ a: gone }), () => anything.callRelaxed(gone)]) {
    const error = t.throws(f);
    t.ok(error instanceof Error);
    t.match(error.message, /destroyed/);
  }
  t.equal(anything(1), '((1,), {})');
});

test('calls nest: Python, JavaScript, Python', async (load, t) => {
  const py = await load();
  const down = py.runPython('def down(n): return n if n == 0 else 1 + across(n - 1)\ndown');
  py.globals.set('across', (n) => down(n));
  t.equal(down(30), 30);
});
