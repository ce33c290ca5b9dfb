/** JsException: JavaScript's errors as Python exceptions, Python's through JavaScript and back. */
import { raises, run, seen } from '../harness/bridge.mjs';
import { test } from '../harness/body.mjs';

const throwIt = (error) => {
  throw error;
};

test('an Error is an exception', async (load, t) => {
  const py = await load();
  const error = new RangeError('msg');
  t.equal(
    seen(py, { error }, 'isinstance(error, Exception), isinstance(error, JsException), isinstance(error, JsProxy)'),
    '(True, True, True)',
  );
  t.equal(
    seen(py, { error }, 'error.name, error.message, str(error), repr(error), type(error).__name__, type(error).__module__'),
    "('RangeError', 'msg', 'RangeError: msg', 'RangeError: msg', 'JsException', 'pyodide.ffi')",
  );
  t.equal(run(py, { error }, 'error.stack'), error.stack);
  t.equal(
    seen(py, { error, again: error }, 'error == again, error.js_error == error, error.js_id == again.js_id, error.typeof'),
    "(True, True, True, 'object')",
  );
  t.equal(run(py, { error }, 'error'), error, 'goes back as the Error');
});

test('raise and except', async (load, t) => {
  const py = await load();
  const error = new RangeError('msg');
  const names = { error, throwIt };
  t.equal(seen(py, names, 'try: raise error\nexcept JsException as e: r = e is error\nr'), 'True');
  t.equal(
    seen(py, names, 'try: throwIt(error)\nexcept JsException as e: r = (e == error, e.js_error == error, e.message)\nr'),
    "(True, True, 'msg')",
  );
  t.equal(seen(py, names, 'try: throwIt(error)\nexcept Exception as e: r = type(e) is JsException\nr'), 'True');
  t.equal(
    seen(py, names, 'try: throwIt(error)\nexcept ValueError: r = 1\nexcept JsException: r = 2\nfinally: r = [r]\nr'),
    '[2]',
  );
  raises(t, py, { o: { name: 'x' } }, 'raise o', 'TypeError', /BaseException/);
});

test('attributes of the error, read and written', async (load, t) => {
  const py = await load();
  class MyError extends Error {
    name = 'MyError';
    info = { code: 42 };
    describe() {
      return `${this.message}!`;
    }
  }
  const error = new MyError('mine');
  t.equal(
    seen(py, { error }, 'error.name, error.info.code, error.describe(), str(error), hasattr(error, "nope")'),
    "('MyError', 42, 'mine!', 'MyError: mine', False)",
  );
  run(py, { error }, 'error.message = "changed"\nerror.extra = 1');
  t.equal(error.message, 'changed');
  t.equal(error.extra, 1);
  run(py, { error }, 'del error.extra');
  t.equal('extra' in error, false);
  const outer = new Error('outer', { cause: new TypeError('inner') });
  t.equal(seen(py, { outer }, 'outer.cause.message, isinstance(outer.cause, JsException)'), "('inner', True)");
  t.equal(seen(py, { all: new AggregateError([new Error('a')], 'agg') }, 'all.errors[0].message'), "'a'");
});

test('DOMException is one as well', async (load, t) => {
  const py = await load();
  const error = new DOMException('stopped', 'AbortError');
  t.equal(seen(py, { error }, 'isinstance(error, JsException), error.name, error.code'), "(True, 'AbortError', 20)");
  raises(t, py, { error }, 'raise error', 'JsException', /stopped/);
  raises(t, py, { signal: AbortSignal.abort() }, 'signal.throwIfAborted()', 'JsException', /abort/i);
});

test('chaining: from, from None, context, notes', async (load, t) => {
  const py = await load();
  const error = new RangeError('msg');
  const names = { error };
  t.equal(
    seen(
      py,
      names,
      `
try:
    try: 1 / 0
    except ZeroDivisionError: raise error from None
except JsException as e: r = (e.__suppress_context__, e.__cause__)
r`,
    ),
    '(True, None)',
  );
  t.equal(
    seen(
      py,
      { error: new Error('x') },
      `
try:
    try: 1 / 0
    except ZeroDivisionError as z: raise error from z
except JsException as e: r = type(e.__cause__).__name__
r`,
    ),
    "'ZeroDivisionError'",
  );
  t.equal(
    seen(
      py,
      names,
      `
try:
    try: raise error
    except JsException as z: raise ValueError("v") from z
except ValueError as e: r = e.__cause__ == error
r`,
    ),
    'True',
  );
  const noted = raises(t, py, names, 'error.add_note("a note")\nraise error', 'JsException');
  t.match(noted.message, /RangeError: msg\na note/);
  t.equal(seen(py, names, 'error.with_traceback(None) is error, error.__traceback__'), '(True, None)');
  t.equal(
    seen(
      py,
      names,
      `
try:
    raise ExceptionGroup("g", [error, ValueError(1)])
except* JsException as g: r = g.exceptions[0] == error
except* ValueError: pass
r`,
    ),
    'True',
  );
});

test('the traceback goes on through JavaScript', async (load, t) => {
  const py = await load();
  const deepest = () => {
    throw new TypeError('far down');
  };
  function between() {
    deepest();
  }
  const error = t.throws(() => {
    py.globals.set('between', between);
    py.runPython('def f():\n    between()\nf()', { filename: 'outer.py' });
  });
  t.match(
    error.message,
    /File "outer\.py", line 3, in <module>[\s\S]*line 2, in f[\s\S]*in between[\s\S]*in deepest[\s\S]*TypeError: far down\s*$/,
  );
  const code = `
import traceback
try: between()
except JsException as e: r = [frame.name for frame in traceback.extract_tb(e.__traceback__)]
r[-2:]`;
  t.equal(seen(py, { between }, code), "['between', 'deepest']");
  t.match(run(py, { between }, 'try: between()\nexcept JsException as e: r = e.stack\nr'), /deepest[\s\S]*between/);
});

test('Python\'s exceptions pass through JavaScript as themselves', async (load, t) => {
  const py = await load();
  const call = (f) => f();
  const define = 'class Mine(Exception): pass\nmine = Mine("own")\ndef f(): raise mine\n';
  t.equal(seen(py, { call }, `${define}try: call(f)\nexcept Mine as e: r = e is mine\nr`), 'True');
  raises(t, py, { call }, 'def f(): raise KeyError("k")\ncall(f)', 'KeyError', /k/);
  raises(t, py, { call }, 'def f(): raise SystemExit(3)\ncall(f)', 'SystemExit', /3/);
  raises(t, py, { call }, 'def f(): raise KeyboardInterrupt\ncall(f)', 'KeyboardInterrupt');
  const names = 'import traceback\ndef f(): raise mine\n';
  t.equal(
    seen(
      py,
      { call },
      `${define}${names}try: call(f)\nexcept Mine as e: r = [x.name for x in traceback.extract_tb(e.__traceback__)]\nr[0], r[-1]`,
    ),
    "('<module>', 'f')",
  );
});

test('JavaScript between sees a PythonError', async (load, t) => {
  const py = await load();
  const inspect = (f) => {
    try {
      f();
    } catch (error) {
      return [error instanceof py.ffi.PythonError, error instanceof Error, error.type, /KeyError: 'k'\s*$/.test(error.message)];
    }
    return [];
  };
  t.equal(seen(py, { inspect }, 'def f(): raise KeyError("k")\nlist(inspect(f))'), "[True, True, 'KeyError', True]");
  const keep = (f) => {
    try {
      return f();
    } catch (error) {
      return error;
    }
  };
  t.equal(
    seen(
      py,
      { keep },
      'def f(): raise KeyError("k")\ne = keep(f)\nisinstance(e, JsException), isinstance(e, KeyError), e.name, e.type',
    ),
    "(True, False, 'PythonError', 'KeyError')",
  );
  const wrap = (f) => {
    try {
      return f();
    } catch (error) {
      throw new TypeError('wrapped', { cause: error });
    }
  };
  t.equal(
    seen(py, { wrap }, 'def f(): raise KeyError("k")\ntry: wrap(f)\nexcept JsException as e: r = (str(e), e.cause.type)\nr'),
    "('TypeError: wrapped', 'KeyError')",
  );
});

test('JavaScript\'s errors through Python and back', async (load, t) => {
  const py = await load();
  const error = new RangeError('there and back');
  const call = (f) => f();
  t.equal(
    seen(py, { call, error, throwIt }, 'def f(): throwIt(error)\ntry: call(f)\nexcept JsException as e: r = e == error\nr'),
    'True',
  );
  const reached = t.throws(() => run(py, { error, throwIt }, 'throwIt(error)'));
  t.ok(reached instanceof py.ffi.PythonError, 'a PythonError');
  t.equal(reached.type, 'JsException');
  t.match(reached.message, /RangeError: there and back/);
});

test('deep nesting of calls across the border', async (load, t) => {
  const py = await load();
  const step = (f, n) => f(n);
  raises(
    t,
    py,
    { step },
    'def f(n):\n    if n == 0: raise LookupError("bottom")\n    step(f, n - 1)\nf(40)',
    'LookupError',
    /bottom/,
  );
  const endless = () => endless();
  raises(t, py, { endless }, 'endless()', 'JsException', /recursion|stack/i);
});

test('endless recursion across the border ends', { timeout: 120, skip: { peer: 'the peer dies of it' } }, async (load, t) => {
  const py = await load();
  raises(t, py, { step: (f) => f() }, 'def f(): return step(f)\nf()', 'RecursionError|JsException', /recursion|stack/i);
});

test('what is thrown need not be an Error', async (load, t) => {
  const py = await load();
  raises(t, py, { f: () => { throw 'text'; } }, 'f()', 'JsException', /text/);
  for (const thrown of [5, null, undefined, true, 5n, Symbol('s'), {}, [], () => 1, Object.create(null), new Date(0)]) {
    raises(t, py, { f: () => { throw thrown; } }, 'f()', 'JsException');
  }
  t.equal(
    seen(py, { f: () => { throw 'text'; } }, 'try: f()\nexcept JsException as e: r = (e.name, e.message)\nr'),
    "('Error', 'text')",
  );
});

test('hostile errors are still exceptions', { skip: { peer: 'the peer dies of it' } }, async (load, t) => {
  const py = await load();
  const boom = { get() { throw new RangeError('getter'); } };
  const withGetter = (name) => Object.defineProperty(new Error('x'), name, boom);
  const revoked = () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  };
  const hostile = [
    withGetter('message'), withGetter('stack'), withGetter('name'), revoked(), Object.setPrototypeOf(new Error('x'), null),
    new Proxy({}, { get() { throw 1; } }), new Proxy({}, { getPrototypeOf() { throw 1; } }),
    new Proxy(new Error('z'), { get() { throw new RangeError('inner'); } }),
    { get message() { throw 1; } }, { get [Symbol.toStringTag]() { throw 1; } }, { toString() { throw 1; } }, { toString: () => ({}) },
    { get name() { throw 1; }, message: 'b', stack: 'c' }, { name: 1, message: 2, stack: 3 },
  ];
  for (const [i, thrown] of hostile.entries()) {
    raises(t, py, { f: () => { throw thrown; } }, 'f()', 'JsException');
    t.equal(run(py, { f: () => { throw thrown; } }, 'try: f()\nexcept Exception: r = "caught"\nr'), 'caught', `number ${i}`);
    t.equal(
      run(py, { o: { get x() { throw thrown; } } }, 'try: o.x\nexcept Exception: r = "caught"\nr'),
      'caught',
      `getter ${i}`,
    );
  }
});

test('errors whose properties are odd', async (load, t) => {
  const py = await load();
  raises(t, py, { f: () => throwIt(Object.assign(new Error('x'), { stack: undefined })) }, 'f()', 'JsException', /x/);
  raises(t, py, { f: () => throwIt(Object.assign(new Error('x'), { stack: 5 })) }, 'f()', 'JsException', /x/);
  raises(t, py, { f: () => throwIt(Object.freeze(new Error('frozen'))) }, 'f()', 'JsException', /frozen/);
  raises(t, py, { f: () => throwIt(new Proxy(new Error('proxied'), {})) }, 'f()', 'JsException', /proxied/);
  raises(t, py, { f: () => throwIt(Object.assign(new Error('m'), { name: '' })) }, 'f()', 'JsException', /m/);
  raises(t, py, { f: () => throwIt(new Error('줄1\n줄2 \ud83d')) }, 'f()', 'JsException', /줄2/);
});

test('JsException made in Python', async (load, t) => {
  const py = await load();
  t.equal(
    seen(py, {}, 'e = JsException("RangeError", "made")\nstr(e), e.name, e.message, e.constructor.name'),
    "('RangeError: made', 'RangeError', 'made', 'RangeError')",
  );
  t.equal(run(py, { f: (e) => e instanceof RangeError && e.message === 'made' }, 'f(JsException("RangeError", "made"))'), true);
  t.equal(
    seen(py, {}, 'e = JsException("Custom", "m", "the stack")\ne.name, e.stack, str(e)'),
    "('Custom', 'the stack', 'Custom: m')",
  );
  raises(t, py, {}, 'raise JsException("TypeError", "raised")', 'JsException', /raised/);
  raises(t, py, {}, 'JsException()', 'TypeError', /argument/);
  raises(t, py, {}, 'JsException(5)', 'TypeError', /str/);
});

test('exceptions can be copied and pickled, by name, message and stack', async (load, t) => {
  const py = await load();
  const error = new RangeError('msg');
  for (const code of ['import copy; e = copy.copy(error)', 'import pickle; e = pickle.loads(pickle.dumps(error))']) {
    t.equal(
      seen(py, { error }, `${code}\ntype(e) is JsException, e.name, e.message, e == error`),
      "(True, 'RangeError', 'msg', False)",
      code,
    );
  }
});

test('log lines and formatting of exceptions', async (load, t) => {
  const py = await load();
  const error = new RangeError('msg');
  const code = `
import traceback
try: throwIt(error)
except JsException as e: r = traceback.format_exception_only(e), "".join(traceback.format_exception(e))`;
  t.match(run(py, { error, throwIt }, `${code}\nr[0][0]`), /JsException: RangeError: msg/);
  t.match(run(py, { error, throwIt }, `${code}\nr[1]`), /^Traceback[\s\S]*JsException: RangeError: msg\n$/);
});
