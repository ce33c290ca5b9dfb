/** Exceptions that cross the border: type, text, cause and stacks at any depth of alternation. Waiting for promises: errors-async. */
import { test } from '../harness/body.mjs';

/** What `f` throws, or what it returns. */
const outcome = (f) => {
  try {
    return { value: f() };
  } catch (error) {
    return { error };
  }
};

/**
 * The JavaScript error that Python passed on: itself, or the cause of the PythonError that tells Python's part of
 * the story.
 */
const original = (py, error) => (error instanceof py.ffi.PythonError ? error.cause : error);

const PEER_WRAPS = { skip: { peer: 'the peer throws a PythonError that does not hold the error' } };

test('a Python exception: PythonError with type, traceback and a JavaScript stack', async (load, t) => {
  const py = await load();
  py.runPython('def inner():\n    raise LookupError("so deep")\ndef outer():\n    inner()');
  const proxy = py.globals.get('outer');
  const error = t.throws(function callsPython() {
    proxy();
  });
  t.ok(error instanceof py.ffi.PythonError && error instanceof Error);
  t.same([error.name, error.type], ['PythonError', 'LookupError']);
  t.match(error.message, /^Traceback \(most recent call last\):\n[\s\S]*line 4, in outer[\s\S]*line 2, in inner\nLookupError: so deep\n?$/);
  t.noMatch(error.message, /runPython|eval_code/, 'called directly: nothing of ours in between');
  t.match(error.stack, /callsPython/);
  t.match(String(error), /^PythonError: Traceback/);
});

test('type is the qualified name of the class', async (load, t) => {
  const py = await load();
  py.runPython('class My(Exception): pass\nclass Outer:\n    class In(Exception): pass\nimport json, asyncio');
  const cases = {
    'My("x")': 'My',
    'Outer.In("x")': 'Outer.In',
    'json.JSONDecodeError("m", "d", 0)': 'JSONDecodeError',
    'asyncio.CancelledError()': 'CancelledError',
    'ExceptionGroup("g", [ValueError(1)])': 'ExceptionGroup',
    'BaseException("b")': 'BaseException',
    'GeneratorExit()': 'GeneratorExit',
    'StopIteration(5)': 'StopIteration',
  };
  for (const [code, type] of Object.entries(cases)) t.equal(t.throws(() => py.runPython(`raise ${code}`)).type, type, code);
});

test('texts: empty, several lines, all of Unicode, lone surrogates, a broken __str__', async (load, t) => {
  const py = await load();
  t.match(t.throws(() => py.runPython('raise ValueError')).message, /\nValueError\n?$/);
  t.match(t.throws(() => py.runPython('raise ValueError("one\\ntwo")')).message, /\nValueError: one\ntwo\n?$/);
  t.match(t.throws(() => py.runPython('raise ValueError("é€🐍")')).message, /ValueError: é€🐍\n?$/);
  t.match(t.throws(() => py.runPython('raise ValueError("a\\ud800")')).message, /ValueError: a.*(\\ud800|\ud800|\ufffd)\n?$/);
  t.match(
    t.throws(() => py.runPython('class Broken(Exception):\n    def __str__(self): raise ValueError\nraise Broken')).message,
    /Broken: <exception str\(\) failed>/,
  );
});

test('causes, contexts, notes and groups are in the message', async (load, t) => {
  const py = await load();
  const { message } = t.throws(() => py.runPython('try:\n    {}["k"]\nexcept KeyError as e:\n    raise ValueError("later") from e'));
  t.match(message, /KeyError: 'k'[\s\S]*direct cause[\s\S]*ValueError: later/);
  t.match(
    t.throws(() => py.runPython('try:\n    1/0\nexcept Exception:\n    None.x')).message,
    /ZeroDivisionError[\s\S]*During handling[\s\S]*AttributeError/,
  );
  t.match(t.throws(() => py.runPython('e = ValueError("v"); e.add_note("noted")\nraise e')).message, /ValueError: v\nnoted/);
});

test('a JavaScript error in Python: a JsException with its fields', async (load, t) => {
  const py = await load();
  const error = new RangeError('too far');
  py.globals.set('thrower', function namedThrower() {
    throw error;
  });
  py.globals.set('error', error);
  t.equal(
    py.runPython(`
from pyodide.ffi import JsException, JsProxy
try:
    thrower()
except JsException as e:
    caught = e
repr((str(caught), caught.name, caught.message, isinstance(caught, Exception), isinstance(caught, JsProxy), caught == error, type(caught).__name__, isinstance(caught.stack, str)))`),
    "('RangeError: too far', 'RangeError', 'too far', True, True, True, 'JsException', True)",
  );
  t.equal(py.globals.get('caught'), error, 'as a value it is the very same object');
  t.equal(py.runPython('lambda: caught')(), error);
  t.same(py.runPython('[caught]').toJs(), [error]);
});

test('a JavaScript error that Python does not catch', async (load, t) => {
  const py = await load();
  py.globals.set('thrower', function namedThrower() {
    throw new RangeError('too far');
  });
  py.runPython('def middle():\n    thrower()');
  for (const error of [t.throws(() => py.runPython('middle()')), t.throws(() => py.globals.get('middle')())]) {
    t.match(`${error.message}\n${error.stack}`, /RangeError: too far|too far/);
    t.match(`${error.message}\n${error.stack}`, /middle/, "Python's frames");
    t.match(`${error.message}\n${error.stack}`, /namedThrower/, "JavaScript's frames");
  }
});

test('a JavaScript error that Python does not catch is the very same for its caller', PEER_WRAPS, async (load, t) => {
  const py = await load();
  const error = new RangeError('mine');
  py.globals.set('thrower', () => {
    throw error;
  });
  py.runPython(
    'def through(): thrower()\ndef again():\n    try:\n        thrower()\n    except BaseException:\n        raise\ndef other():\n    raise kept',
  );
  for (const name of ['through', 'again']) t.equal(original(py, t.throws(py.globals.get(name))), error, name);
  t.equal(
    original(
      py,
      t.throws(() => py.runPython('thrower()')),
    ),
    error,
  );
  py.globals.set('kept', error);
  t.equal(original(py, t.throws(py.globals.get('other'))), error, 'raised by Python itself');
  const deep = py.runPython('lambda f: f()');
  t.equal(
    original(
      py,
      t.throws(() => deep(() => deep(() => deep(py.globals.get('through'))))),
    ),
    error,
    'through three more layers',
  );
});

test('a Python exception that comes back to Python is the very same', async (load, t) => {
  const py = await load();
  let between;
  py.globals.set('call', function through(f) {
    try {
      return f();
    } catch (error) {
      between = error;
      throw error;
    }
  });
  t.equal(
    py.runPython(`
import traceback
problem = KeyError("mine")
def raiser(): raise problem
def deeper(): call(raiser)
try:
    call(deeper)
except KeyError as e:
    caught = e
repr((caught is problem, caught.__cause__, caught.__context__))`),
    '(True, None, None)',
  );
  t.same([between.type, between instanceof py.ffi.PythonError], ['KeyError', true]);
  const frames = py.runPython('[f.name for f in traceback.extract_tb(caught.__traceback__)]').toJs();
  t.same(
    frames.filter((name) => /deeper|raiser|module/.test(name)),
    ['<module>', 'deeper', 'raiser'],
  );
  t.equal(frames.filter((name) => /through/.test(name)).length, 2, 'with the frames of the functions in between');
});

test('a Python exception that comes back has its own cause and traceback', async (load, t) => {
  const py = await load();
  py.globals.set('call', (f) => f());
  t.equal(
    py.runPython(`
root = ZeroDivisionError("root")
def raiser():
    try:
        raise root
    except ZeroDivisionError as e:
        raise ValueError("leaf") from e
try:
    call(lambda: call(lambda: call(raiser)))
except ValueError as e:
    result = repr((e.__cause__ is root, str(e), e.__traceback__ is not None))
result`),
    "(True, 'leaf', True)",
  );
});

test(
  'a Python exception that comes back after another one is still the very same',
  { skip: { peer: 'the peer looks at sys.last_exc only' } },
  async (load, t) => {
    const py = await load();
    const raiser = py.runPython('problem = ValueError("kept alive")\ndef raiser(): raise problem\nraiser');
    const error = t.throws(() => raiser());
    t.throws(() => py.runPython('1/0'));
    py.globals.set('rethrow', () => {
      throw error;
    });
    t.equal(py.runPython('try:\n    rethrow()\nexcept BaseException as e:\n    result = e is problem\nresult'), true);
  },
);

test('a Python exception that comes back after Python has forgotten it keeps its text', async (load, t) => {
  const py = await load();
  const error = t.throws(() => py.runPython('def f(): raise ValueError("forgotten")\nf()'));
  py.runPython('import sys, gc\nsys.last_exc = sys.last_value = sys.last_traceback = None\ngc.collect()');
  py.globals.set('rethrow', () => {
    throw error;
  });
  t.match(
    py.runPython('try:\n    rethrow()\nexcept BaseException as e:\n    result = type(e).__name__ + ": " + str(e)\nresult'),
    /^(JsException|ValueError)[\s\S]*forgotten/,
  );
});

test('a PythonError as a value is an Error, not an exception of Python', async (load, t) => {
  const py = await load();
  const error = t.throws(() => py.runPython('raise ValueError("v")'));
  py.globals.set('error', error);
  t.equal(
    py.runPython('repr((type(error).__name__, error.name, error.type, "ValueError: v" in error.message))'),
    "('JsException', 'PythonError', 'ValueError', True)",
  );
  t.equal(py.globals.get('error'), error);
});

test('JavaScript wraps what Python threw: the cause stays', async (load, t) => {
  const py = await load();
  let wrapped;
  py.globals.set('call', (f) => {
    try {
      return f();
    } catch (cause) {
      wrapped = new RangeError('wrapped', { cause });
      throw wrapped;
    }
  });
  t.equal(
    py.runPython(`
def raiser(): raise ValueError("inside")
try:
    call(raiser)
except BaseException as e:
    result = repr((str(e), e.cause.type, "ValueError: inside" in e.cause.message))
result`),
    "('RangeError: wrapped', 'ValueError', True)",
  );
  t.ok(wrapped.cause instanceof py.ffi.PythonError);
});

test('Python wraps what JavaScript threw: the cause stays', async (load, t) => {
  const py = await load();
  const error = new RangeError('inside');
  py.globals.set('thrower', () => {
    throw error;
  });
  py.globals.set('error', error);
  const thrown = t.throws(() => py.runPython('try:\n    thrower()\nexcept Exception as e:\n    raise ValueError("wrapped") from e'));
  t.equal(thrown.type, 'ValueError');
  t.match(thrown.message, /RangeError: inside[\s\S]*direct cause[\s\S]*ValueError: wrapped/);
  t.equal(py.runPython('import sys\nsys.last_exc.__cause__ == error'), true);
});

test('twenty layers: every frame of both languages, in order', async (load, t) => {
  const py = await load();
  let call = function bottomOfAll() {
    throw new RangeError('bottom');
  };
  for (let i = 0; i < 20; i++) {
    py.globals.set(`js${i}`, call);
    const next = py.runPython(`def python${i}():\n    return js${i}()\npython${i}`);
    call = { [`script${i}`]: () => next() }[`script${i}`];
  }
  const error = t.throws(call);
  const text = `${error.message}\n${error.stack}`;
  t.match(text, /RangeError: bottom/);
  const found = [...text.matchAll(/in python(\d+)/g)].map((match) => Number(match[1]));
  t.same(
    found.slice(0, 20),
    Array.from({ length: 20 }, (_, i) => 19 - i),
  );
  t.match(text, /bottomOfAll/);
  t.match(text, /python5[\s\S]*script4[\s\S]*python4/);
});

test('what JavaScript throws that is no Error', async (load, t) => {
  const py = await load();
  const values = {
    text: 'words',
    number: 5,
    undefined,
    null: null,
    object: { a: 1 },
    array: [1],
    bigint: 5n,
    symbol: Symbol('q'),
    function: () => 1,
    false: false,
    'no prototype': Object.create(null),
  };
  for (const [name, value] of Object.entries(values)) {
    py.globals.set('thrower', () => {
      throw value;
    });
    t.equal(
      py.runPython('from pyodide.ffi import JsException\ntry:\n    thrower()\nexcept JsException as e:\n    result = "caught"\nresult'),
      'caught',
      name,
    );
    t.ok('error' in outcome(() => py.runPython('thrower()')), name);
    t.equal(py.runPython('6 * 7'), 42);
  }
  py.globals.set('thrower', () => {
    throw 'some words';
  });
  t.match(py.runPython('try:\n    thrower()\nexcept JsException as e:\n    result = str(e)\nresult'), /some words/);
});

test('subclasses of Error and AggregateError keep name and message', async (load, t) => {
  const py = await load();
  class MyError extends TypeError {
    get name() {
      return 'MyError';
    }
  }
  for (const [error, text] of [
    [new MyError('m'), 'MyError: m'],
    [new AggregateError([new Error('1')], 'all'), 'AggregateError: all'],
    [new Error(''), 'Error'],
    [new Error('é🐍'), 'Error: é🐍'],
  ]) {
    py.globals.set('thrower', () => {
      throw error;
    });
    py.globals.set('error', error);
    t.equal(
      py.runPython(
        'from pyodide.ffi import JsException\ntry:\n    thrower()\nexcept JsException as e:\n    result = str(e)\n    same = e == error\nresult',
      ),
      text,
    );
    t.equal(py.globals.get('same'), true);
  }
});

test(
  'a DOMException keeps name and message',
  { skip: { peer: 'in browsers the peer takes it for something else than an Error' } },
  async (load, t) => {
    const py = await load();
    const error = new DOMException('stop', 'AbortError');
    py.globals.set('thrower', () => {
      throw error;
    });
    py.globals.set('error', error);
    t.equal(
      py.runPython(
        'from pyodide.ffi import JsException\ntry:\n    thrower()\nexcept JsException as e:\n    result = (str(e), e.name, e == error)\nrepr(result)',
      ),
      "('AbortError: stop', 'AbortError', True)",
    );
  },
);

test('SystemExit and KeyboardInterrupt are exceptions like others', async (load, t) => {
  const py = await load();
  let between;
  py.globals.set('call', (f) => {
    try {
      return f();
    } catch (error) {
      between = error;
      throw error;
    }
  });
  for (const code of [
    'SystemExit(3)',
    'KeyboardInterrupt("k")',
    'GeneratorExit("g")',
    'MemoryError("m")',
    'RecursionError("r")',
    'StopIteration(5)',
  ]) {
    const type = code.split('(')[0];
    py.runPython(`problem = ${code}\ndef raiser(): raise problem`);
    t.equal(t.throws(() => py.runPython('raiser()')).type, type);
    t.equal(t.throws(py.globals.get('raiser')).type, type);
    t.equal(py.runPython('try:\n    call(raiser)\nexcept BaseException as e:\n    result = e is problem\nresult'), true, type);
    t.equal(between.type, type);
    t.equal(py.runPython('6 * 7'), 42);
  }
  t.match(t.throws(() => py.runPython('import sys; sys.exit(3)')).message, /SystemExit: 3/);
});

test('sys.last_exc is the exception that JavaScript saw last', async (load, t) => {
  const py = await load();
  t.throws(() => py.runPython('problem = ValueError("one")\nraise problem'));
  t.equal(
    py.runPython(
      'import sys\nsys.last_exc is problem and sys.last_value is problem and sys.last_type is ValueError and sys.last_traceback is not None',
    ),
    true,
  );
  t.throws(py.runPython('problem = KeyError("two")\ndef f(): raise problem\nf'));
  t.equal(py.runPython('sys.last_exc is problem'), true, 'from a callback');
  const error = new RangeError('three');
  py.globals.set('thrower', () => {
    throw error;
  });
  py.globals.set('error', error);
  t.throws(() => py.runPython('thrower()'));
  t.equal(py.runPython('sys.last_exc == error'), true, 'from JavaScript');
});
