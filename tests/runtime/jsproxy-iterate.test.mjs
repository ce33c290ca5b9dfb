/** JsProxy: iterables, iterators, generators; context managers of Symbol.dispose. */
import { raises, run, seen } from '../harness/bridge.mjs';
import { test } from '../harness/body.mjs';

test('iterables of every kind', async (load, t) => {
  const py = await load();
  const list = (o) => seen(py, { o }, 'list(o)');
  t.equal(list([1, 2]), '[1, 2]');
  t.equal(list(new Set([1, 'a'])), "[1, 'a']");
  t.equal(list(new Map([['k', 1]])), "['k']", 'a Map iterates its keys, as a dict does');
  t.equal(list(Uint8Array.of(7)), '[7]');
  t.equal(list(new String('a🐍')), "['a', '🐍']");
  t.equal(seen(py, { o: new Map([['k', 1]]).entries() }, '[list(e) for e in o]'), "[['k', 1]]");
  t.equal(list({ *[Symbol.iterator]() { yield 1; yield 2; return 3; } }), '[1, 2]');
  t.equal(list({ [Symbol.iterator]: () => [5][Symbol.iterator]() }), '[5]');
});

test('iterators: next, StopIteration with its value, send', async (load, t) => {
  const py = await load();
  const counter = () => ({
    n: 0,
    next(sent) {
      this.n += 1;
      return this.n > 3 ? { done: true, value: 'end' } : { done: false, value: sent ?? this.n };
    },
  });
  t.equal(seen(py, { it: counter() }, 'next(it), it.send(9), list(it)'), '(1, 9, [3])');
  t.equal(seen(py, { it: counter() }, 'iter(it) == it, list(it)'), '(True, [1, 2, 3])');
  const stop = 'try: next(it)\nexcept StopIteration as e: r = e.value\nr';
  t.equal(seen(py, { it: { next: () => ({ done: true, value: 'end' }) } }, stop), "'end'");
  t.equal(seen(py, { it: { next: () => ({ done: true }) } }, stop), 'None');
  t.equal(seen(py, { it: [][Symbol.iterator]() }, 'next(it, "default")'), "'default'");
  t.equal(seen(py, { it: { next: () => ({ done: 0, value: 3 }) } }, 'next(it)'), '3', 'done is any truth value');
});

test('iterators that break the protocol', async (load, t) => {
  const py = await load();
  const boom = () => {
    throw new RangeError('inside');
  };
  raises(t, py, { it: { next: () => 5 } }, 'next(it)', 'TypeError', /object/);
  raises(t, py, { it: { next: () => undefined } }, 'next(it)', 'TypeError', /object/);
  raises(t, py, { it: { next: () => ({ value: 1 }) } }, 'next(it)', 'TypeError', /done/);
  raises(t, py, { it: { next: boom } }, 'next(it)', 'JsException', /inside/);
  raises(t, py, { it: { next: 5 } }, 'next(it)', 'TypeError', /iterator/);
  raises(t, py, { o: { [Symbol.iterator]: 5 } }, 'iter(o)', 'TypeError', /iterable/);
  for (const made of [5, {}, null]) raises(t, py, { o: { [Symbol.iterator]: () => made } }, 'list(o)', 'TypeError', /iterator/);
  raises(t, py, { o: { [Symbol.iterator]: boom } }, 'list(o)', 'JsException', /inside/);
  raises(t, py, { o: { [Symbol.iterator]: () => ({ next: boom }) } }, 'list(o)', 'JsException', /inside/);
  raises(t, py, { o: { *[Symbol.iterator]() { yield 1; boom(); } } }, 'list(o)', 'JsException', /inside/);
});

test('iterators with throwing getters', { skip: { peer: 'the peer answers with a SystemError' } }, async (load, t) => {
  const py = await load();
  const boom = (what) => ({ get: () => { throw new RangeError(what); } });
  const withGetter = (name, rest) => ({ next: () => Object.defineProperty({ ...rest }, name, boom(name)) });
  raises(t, py, { it: { next: () => null } }, 'next(it)', 'TypeError', /object|null/);
  raises(t, py, { it: withGetter('done', {}) }, 'next(it)', 'JsException', /done/);
  raises(t, py, { it: withGetter('value', { done: false }) }, 'next(it)', 'JsException', /value/);
  raises(t, py, { it: withGetter('value', { done: true }) }, 'next(it)', 'JsException', /value/);
});

test('generators: next and send', async (load, t) => {
  const py = await load();
  function* talk() {
    const a = yield 1;
    const b = yield a * 2;
    return b;
  }
  t.equal(seen(py, { g: talk() }, 'next(g), g.send(5)'), '(1, 10)');
  t.equal(
    seen(py, { g: talk() }, 'next(g)\ng.send(5)\ntry: g.send(7)\nexcept StopIteration as e: r = e.value\nr, list(g)'),
    '(7, [])',
  );
  t.equal(
    seen(py, { talk }, 'g = talk()\nisinstance(g, JsGenerator), isinstance(g, JsIterator), isinstance(g, JsIterable)'),
    '(True, True, True)',
  );
  t.equal(seen(py, { g: (function* () { yield* [1, 2, 3]; })() }, 'list(g), list(g)'), '([1, 2, 3], [])');
  const o = {};
  t.equal(
    seen(py, { g: (function* () { yield [1]; yield o; yield null; })(), o }, 'a, b, c = g\na[0], b == o, c'),
    '(1, True, jsnull)',
  );
});

test('generators: throw', async (load, t) => {
  const py = await load();
  const log = [];
  function* patient() {
    try {
      yield 1;
    } catch (error) {
      yield `${error.constructor.name} ${error.type ?? error.message}`;
    } finally {
      log.push('finally');
    }
  }
  t.equal(seen(py, { g: patient() }, 'next(g), g.throw(KeyError("k")), list(g)'), "(1, 'PythonError KeyError', [])");
  t.same(log, ['finally']);
  t.equal(seen(py, { g: patient(), error: new RangeError('js') }, 'next(g), g.throw(error)'), "(1, 'RangeError js')");
  t.equal(seen(py, { g: patient() }, 'next(g), g.throw(LookupError)'), "(1, 'PythonError LookupError')");
  function* plain() {
    yield 1;
  }
  t.equal(
    seen(py, { g: plain() }, 'next(g)\nmine = ValueError("mine")\ntry: g.throw(mine)\nexcept ValueError as e: r = e is mine\nr'),
    'True',
  );
  raises(t, py, { g: plain() }, 'g.throw(ValueError("early"))', 'ValueError', /early/);
  raises(t, py, { g: plain() }, 'g.throw(ValueError, "old form")', 'ValueError', /old form/);
  raises(t, py, { g: plain() }, 'g.throw(5)', 'TypeError', /BaseException/);
  raises(t, py, { g: plain() }, 'g.throw()', 'TypeError', /argument/);
  function* other() {
    try {
      yield 1;
    } catch {
      throw new RangeError('other');
    }
  }
  raises(t, py, { g: other() }, 'next(g)\ng.throw(KeyError("k"))', 'JsException', /RangeError: other/);
  function* quiet() {
    try {
      yield 1;
    } catch {
      return 5;
    }
  }
  t.equal(seen(py, { g: quiet() }, 'next(g)\ntry: g.throw(KeyError("k"))\nexcept StopIteration as e: r = e.value\nr'), '5');
});

test('generators: close', async (load, t) => {
  const py = await load();
  const log = [];
  function* careful() {
    try {
      yield 1;
    } finally {
      log.push('closed');
    }
  }
  t.equal(seen(py, { g: careful() }, 'next(g), g.close(), g.close(), list(g)'), '(1, None, None, [])');
  t.same(log, ['closed']);
  t.equal(seen(py, { g: careful() }, 'g.close(), list(g)'), '(None, [])');
  function* stubborn() {
    try {
      yield 1;
    } finally {
      yield 2;
    }
  }
  raises(t, py, { g: stubborn() }, 'next(g)\ng.close()', 'RuntimeError', /ignored/);
  function* angry() {
    try {
      yield 1;
    } finally {
      throw new RangeError('on the way out');
    }
  }
  raises(t, py, { g: angry() }, 'next(g)\ng.close()', 'JsException', /on the way out/);
});

test('generators: yield from', async (load, t) => {
  const py = await load();
  const log = [];
  function* inner() {
    try {
      const a = yield 1;
      yield a;
      return 9;
    } catch (error) {
      yield `caught ${error.type}`;
    } finally {
      log.push('done');
    }
  }
  const outer = 'def outer(g):\n    r = yield from g\n    yield ("returned", r)\ny = outer(g)\n';
  t.equal(seen(py, { g: inner() }, `${outer}next(y), y.send(4), next(y)`), "(1, 4, ('returned', 9))");
  t.equal(seen(py, { g: inner() }, `${outer}next(y), y.throw(KeyError("k"))`), "(1, 'caught KeyError')");
  t.equal(seen(py, { g: inner() }, `${outer}next(y), y.close()`), '(1, None)');
  t.same(log, ['done', 'done']);
});

test('for loops, comprehensions and itertools over JavaScript', async (load, t) => {
  const py = await load();
  function* squares(n) {
    for (let i = 0; i < n; i++) yield i * i;
  }
  t.equal(run(py, { squares }, 'sum(squares(1000))'), 332_833_500);
  t.equal(
    seen(py, { squares }, 'import itertools\nlist(itertools.islice(squares(10**9), 3)), [x for x in squares(4) if x % 2]'),
    '([0, 1, 4], [1, 9])',
  );
  t.equal(seen(py, { a: ['x', 'y'] }, '{k: i for i, k in enumerate(a)}, "-".join(a), max(a)'), "({'x': 0, 'y': 1}, 'x-y', 'y')");
});

test('Symbol.dispose makes a context manager', async (load, t) => {
  const py = await load();
  const log = [];
  const o = { v: 1, [Symbol.dispose]() { log.push(this === o); return true; } };
  t.equal(seen(py, { o }, 'with o as x: r = (x == o, x.v)\nr'), '(True, 1)');
  t.same(log, [true]);
  raises(t, py, { o }, 'with o: 1 / 0', 'ZeroDivisionError');
  t.same(log, [true, true], 'disposed, and nothing is swallowed');
  t.equal(
    seen(
      py,
      { o },
      `
import contextlib
with contextlib.ExitStack() as stack: stack.enter_context(o)
isinstance(o, contextlib.AbstractContextManager)`,
    ),
    'True',
  );
  t.equal(log.length, 3);
});

test('Symbol.dispose that throws, and objects without it', async (load, t) => {
  const py = await load();
  const bad = { [Symbol.dispose]() { throw new RangeError('dispose'); } };
  raises(t, py, { bad }, 'with bad: pass', 'JsException', /RangeError: dispose/);
  t.equal(
    seen(py, { bad }, 'try:\n    with bad: 1 / 0\nexcept JsException as e: r = type(e.__context__).__name__\nr'),
    "'ZeroDivisionError'",
  );
  raises(t, py, { o: {} }, 'with o: pass', 'TypeError', /context manager/);
  raises(t, py, { o: { [Symbol.dispose]: 5 } }, 'with o: pass', 'TypeError', /context manager/);
});
