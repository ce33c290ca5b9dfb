/** Exceptions on their way through both languages: type, message and stacks survive. */
import { test } from '../harness/body.mjs';

const SETUP = `
import sys, traceback
class Custom(ValueError):
    def __init__(self, text):
        super().__init__(text)
        self.details = [1, 2]
def raising(): raise Custom("of Python")
def outer(f): return middle(f)
def middle(f): return call(f)
def catching(f):
    try: call(f)
    except BaseException as error: return error
`;
const setUp = async (load) => {
  const py = await load();
  py.globals.set('call', function callingBack(f) { return f(); });
  py.runPython(SETUP);
  return py;
};

/** All that an error tells about where it comes from. */
const story = (error) => `${error.message}\n${error.stack}`;

test('a PythonError: class, name, type, message', async (load, t) => {
  const py = await setUp(load);
  const error = t.throws(() => py.globals.get('raising')());
  t.ok(error instanceof py.ffi.PythonError);
  t.ok(error instanceof Error);
  t.equal(error.name, 'PythonError');
  t.equal(error.type, 'Custom');
  t.match(error.message, /^Traceback \(most recent call last\):\n/);
  t.match(error.message, /in raising\n/);
  t.equal(error.message.trimEnd().split('\n').at(-1), 'Custom: of Python');
  t.match(String(error), /^PythonError: Traceback/);
  t.ok(typeof error.stack === 'string' && error.stack.length > 0);
});

test('the type is the class\'s qualified name, the message its module\'s too', async (load, t) => {
  const py = await setUp(load);
  const last = (code) => {
    const error = t.throws(() => py.runPython(code), code);
    return [error.type, error.message.trimEnd().split('\n').at(-1)];
  };
  t.same(last('raise ValueError'), ['ValueError', 'ValueError']);
  t.same(last('raise ValueError("two\\nlines")'), ['ValueError', 'lines']);
  t.same(last('class Outer:\n    class Inner(Exception): pass\nraise Outer.Inner("x")'), ['Outer.Inner', 'Outer.Inner: x']);
  t.equal(last('import json\njson.loads("{")')[0], 'JSONDecodeError');
  t.match(last('json.loads("{")')[1], /^json\.decoder\.JSONDecodeError: /);
  t.equal(last('a b')[0], 'SyntaxError');
  t.equal(last('class B(Exception):\n    def __str__(self): raise OSError("no str")\nraise B')[0], 'B');
  t.match(last('raise ValueError("🐍 é")')[1], /🐍 é/);
});

test('chains, groups and notes are in the message', async (load, t) => {
  const py = await setUp(load);
  const message = (code) => t.throws(() => py.runPython(code)).message;
  const chain = message('try: {}["inner"]\nexcept KeyError as e: raise ValueError("outer") from e');
  t.match(chain, /KeyError: 'inner'[^]*direct cause[^]*ValueError: outer/);
  t.match(message('raise ExceptionGroup("group", [ValueError(1), KeyError(2)])'), /group[^]*ValueError: 1[^]*KeyError: 2/);
  t.match(message('e = ValueError("x")\ne.add_note("the note")\nraise e'), /the note/);
});

test('sys.last_exc is the exception', async (load, t) => {
  const py = await setUp(load);
  t.throws(() => py.globals.get('raising')());
  const last = py.runPython('(type(sys.last_exc).__name__, sys.last_exc.details, sys.last_value is sys.last_exc)');
  t.same(last.toJs(), ['Custom', [1, 2], true]);
  t.equal(py.runPython('sys.last_type is Custom and sys.last_traceback is not None'), true);
});

test('Python → JavaScript → Python: the same exception', async (load, t) => {
  const py = await setUp(load);
  t.equal(
    py.runPython(`
original = Custom("the one")
def raise_original(): raise original
catching(raise_original) is original and original.details == [1, 2]`),
    true,
  );
  for (const code of [
    'KeyError("k")', 'StopIteration(5)', 'GeneratorExit()', 'SystemExit(3)', 'KeyboardInterrupt("now")',
    'ExceptionGroup("g", [OSError(1)])',
  ]) {
    t.equal(py.runPython(`
thrown = ${code}
def throw(): raise thrown
catching(throw) is thrown`), true, code);
  }
});

test('Python → JavaScript → Python: the traceback has every function', async (load, t) => {
  const py = await setUp(load);
  const names = py.runPython(`
def innermost(): raise ValueError("x")
[frame.name for frame in traceback.extract_tb(catching(innermost).__traceback__)]`).toJs();
  t.equal(names[0], 'catching');
  t.equal(names.at(-1), 'innermost');
});

test('JavaScript → Python → JavaScript → Python → JavaScript: type, message, both stacks', async (load, t) => {
  const py = await setUp(load);
  const error = t.throws(() => py.globals.get('outer')(py.globals.get('raising')));
  t.ok(error instanceof py.ffi.PythonError);
  t.equal(error.type, 'Custom');
  t.match(error.message, /Custom: of Python/);
  for (const name of ['outer', 'middle', 'raising']) t.match(error.message, new RegExp(`in ${name}\\b`), name);
  t.ok(error.message.indexOf('in outer') < error.message.indexOf('in raising'), 'outermost first');
  t.match(story(error), /pyproxy-errors/, 'the place in JavaScript');
});

test('JavaScript\'s error through Python: message and both stacks', async (load, t) => {
  const py = await setUp(load);
  const thrower = function throwingInJavaScript() {
    throw new RangeError('of JavaScript');
  };
  const error = t.throws(() => py.globals.get('outer')(thrower));
  t.ok(error instanceof Error);
  t.match(error.message, /RangeError: of JavaScript/);
  for (const name of ['outer', 'middle']) t.match(error.message, new RegExp(`in ${name}\\b`), name);
  t.match(story(error), /throwingInJavaScript/, 'the function in JavaScript');
});

test('JavaScript\'s error in Python: an exception with its properties', async (load, t) => {
  const py = await setUp(load);
  const error = Object.assign(new RangeError('of JavaScript'), { extra: 42 });
  py.globals.set('is_it', (other) => other === error);
  py.globals.set('throw_it', () => { throw error; });
  t.equal(
    py.runPython(`
from pyodide.ffi import JsException
try: throw_it()
except JsException as caught:
    result = [isinstance(caught, Exception), caught.name, caught.message, str(caught), caught.extra, is_it(caught)]
" ".join(map(str, result))`),
    'True RangeError of JavaScript RangeError: of JavaScript 42 True',
  );
});

test('deep alternation', async (load, t) => {
  const py = await setUp(load);
  const down = py.runPython('def down(n):\n    if n == 0: raise LookupError("bottom")\n    return up(n - 1)\ndown');
  py.globals.set('up', (n) => down(n));
  const error = t.throws(() => down(20));
  t.equal(error.type, 'LookupError');
  t.match(error.message, /LookupError: bottom/);
  t.equal(error.message.split('in down').length - 1, 21, 'every level is in the traceback once');
});

test('JavaScript may catch, wrap, or throw the error on', async (load, t) => {
  const py = await setUp(load);
  const raising = py.globals.get('raising');
  const wrapping = () => {
    try {
      raising();
    } catch (cause) {
      throw new Error('wrapped', { cause });
    }
  };
  t.match(t.throws(() => py.globals.get('outer')(wrapping)).message, /Error: wrapped/);
  let first;
  const rethrowing = () => {
    try {
      raising();
    } catch (error) {
      first = error;
      throw error;
    }
  };
  t.equal(py.runPython('lambda f: type(catching(f)).__name__')(rethrowing), 'Custom', 'thrown on it is itself');
  const ignoring = () => {
    try {
      raising();
    } catch {
      return 'ignored';
    }
    return 'no error';
  };
  t.equal(py.globals.get('outer')(ignoring), 'ignored');
  const late = py.runPython('lambda f: str(catching(f))')(() => { throw first; });
  t.match(late, /of Python/, 'thrown much later it still tells what it was');
});

test('JavaScript throws what is no error', async (load, t) => {
  const py = await setUp(load);
  const values = ['text', 5, null, undefined, true, 10n, { a: 1 }, [1], Symbol('s'), () => 1, Object.create(null), py.runPython('[1]')];
  for (const value of values) {
    const name = typeof value;
    const thrower = () => { throw value; };
    const error = t.throws(() => py.globals.get('outer')(thrower), name);
    t.ok(error instanceof Error, name);
    t.match(error.message, /in middle/, name);
    t.equal(py.runPython('lambda f: isinstance(catching(f), Exception)')(thrower), true, name);
  }
  t.match(t.throws(() => py.globals.get('outer')(() => { throw 'the text'; })).message, /the text/);
});

test('errors with unusual shape', async (load, t) => {
  const py = await setUp(load);
  const errors = [
    new Error(), new Error('é🐍'), new Error('two\nlines'), new (class Own extends Error {})('own'),
    new AggregateError([new Error('a')], 'many'), new DOMException('dom', 'AbortError'),
    Object.assign(new Error('x'), { name: 'Odd' }), Object.assign(new Error('y'), { stack: undefined }),
    Object.assign(new Error('z'), { stack: 5 }),
  ];
  for (const error of errors) {
    const thrown = t.throws(() => py.globals.get('outer')(() => { throw error; }), error.message);
    t.ok(thrown instanceof Error);
    t.ok(thrown.message.includes(error.message), `${error.message} in ${thrown.message}`);
  }
  t.equal(py.runPython('6 * 7'), 42);
});

test('SystemExit and KeyboardInterrupt are exceptions of their type', async (load, t) => {
  const py = await setUp(load);
  const cases = {
    'raise SystemExit(3)': ['SystemExit', /3/],
    'raise SystemExit': ['SystemExit', /SystemExit/],
    'raise SystemExit("bye")': ['SystemExit', /bye/],
    'sys.exit(4)': ['SystemExit', /4/],
    'exit()': ['SystemExit', /SystemExit/],
    'raise KeyboardInterrupt': ['KeyboardInterrupt', /KeyboardInterrupt/],
    'raise GeneratorExit': ['GeneratorExit', /GeneratorExit/],
  };
  for (const [code, [type, text]] of Object.entries(cases)) {
    const error = t.throws(() => py.runPython(code), code);
    t.ok(error instanceof py.ffi.PythonError, code);
    t.equal(error.type, type, code);
    t.match(error.message, text);
    const nested = t.throws(() => py.globals.get('outer')(() => py.runPython(code)), code);
    t.equal(nested.type, type, `${code} through JavaScript`);
    t.equal(py.runPython('6 * 7'), 42, code);
  }
  const exit = py.runPython('def leave(): raise SystemExit(5)\nleave');
  t.equal(py.runPython('lambda f: catching(f).code')(exit), 5);
});

test('a timer\'s callback that raises reaches the engine as an error', async (load, t) => {
  const py = await setUp(load);
  const callback = py.runPython('lambda: 1 / 0');
  const outcome = await new Promise((resolve) => {
    setTimeout(() => {
      try {
        resolve(callback());
      } catch (error) {
        resolve(error);
      }
    }, 1);
  });
  t.equal(outcome.type, 'ZeroDivisionError');
});

test('try, finally and else around JavaScript', async (load, t) => {
  const py = await setUp(load);
  py.globals.set('throw_it', () => { throw new RangeError('x'); });
  const steps = py.runPython(`
steps = []
try:
    try: throw_it()
    except ZeroDivisionError: steps.append("wrong")
    else: steps.append("else")
    finally: steps.append("finally")
except Exception as error:
    steps.append(type(error).__name__)
    try: raise ValueError("outer") from error
    except ValueError as outer: steps.append(outer.__cause__ is error)
steps`).toJs();
  t.same(steps, ['finally', 'JsException', true]);
});
