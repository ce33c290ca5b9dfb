/** runPython: what it returns, where names live, how errors arrive. */
import { test } from '../harness/body.mjs';

test('the last expression is the value', async (load, t) => {
  const py = await load();
  t.equal(py.runPython('1 + 1'), 2);
  t.equal(py.runPython('x = 20\nx * 2 + 2'), 42);
  t.equal(py.runPython('# only a comment\n"text"\n\n# end'), 'text');
  t.equal(py.runPython('(\n 1 +\n 2\n)'), 3);
});

test('statements, empty code and a trailing semicolon give undefined', async (load, t) => {
  const py = await load();
  for (const code of ['x = 1', 'pass', '', '\n\n', '# nothing', 'def f(): return 1', 'for i in range(3): i', '1;', 'import sys']) {
    t.equal(py.runPython(code), undefined, code);
  }
});

test('indented code is dedented', async (load, t) => {
  const py = await load();
  t.equal(
    py.runPython(`
      def double(x):
          return 2 * x
      double(21)
    `),
    42,
  );
});

test('globals: get, set, has, delete', async (load, t) => {
  const py = await load();
  py.runPython('answer = 42');
  t.equal(py.globals.get('answer'), 42);
  t.equal(py.globals.has('answer'), true);
  py.globals.set('answer', 'forty-two');
  t.equal(py.runPython('answer'), 'forty-two');
  py.globals.delete('answer');
  t.equal(py.globals.has('answer'), false);
  t.equal(py.globals.get('answer'), undefined);
  t.match(t.throws(() => py.runPython('answer')).message, /NameError/);
  t.equal(py.globals.get('__name__'), '__main__');
});

test('globals: names are the module __main__', async (load, t) => {
  const py = await load();
  py.runPython('fresh_name = 5');
  t.equal(py.runPython('import __main__; __main__.fresh_name'), 5);
});

test('custom globals and locals', async (load, t) => {
  const py = await load();
  const globals = py.toPy({ a: 1 });
  t.equal(py.runPython('b = a + 1; b', { globals }), 2);
  t.equal(globals.get('b'), 2);
  t.equal(py.globals.has('b'), false, 'does not leak into the module');
  const locals = py.toPy({ a: 10 });
  t.equal(py.runPython('c = a + 1; c', { globals, locals }), 11);
  t.equal(locals.get('c'), 11);
  t.equal(globals.get('c'), undefined);
});

test('filename appears in tracebacks, with the source line', async (load, t) => {
  const py = await load();
  const error = t.throws(() => py.runPython('x = 1\nraise KeyError("gone")', { filename: 'my/script.py' }));
  t.match(error.message, /File "my\/script\.py", line 2/);
  t.match(error.message, /raise KeyError\("gone"\)/, 'the line itself');
});

test('exceptions arrive as PythonError with type and full traceback', async (load, t) => {
  const py = await load();
  const error = t.throws(() =>
    py.runPython('def inner():\n    raise ValueError("so wrong")\ndef outer():\n    inner()\nouter()'),
  );
  t.ok(error instanceof py.ffi.PythonError, 'a PythonError');
  t.ok(error instanceof Error, 'an Error');
  t.equal(error.name, 'PythonError');
  t.equal(error.type, 'ValueError');
  t.match(error.message, /^Traceback \(most recent call last\):/);
  t.match(error.message, /line 5, in <module>[\s\S]*line 4, in outer[\s\S]*line 2, in inner/);
  t.match(error.message, /ValueError: so wrong\s*$/);
});

test('chained exceptions and notes are in the text', async (load, t) => {
  const py = await load();
  const error = t.throws(() =>
    py.runPython(
      'try:\n    1/0\nexcept ZeroDivisionError as e:\n    new = RuntimeError("later")\n    new.add_note("a note")\n    raise new from e',
    ),
  );
  t.match(error.message, /ZeroDivisionError: division by zero/);
  t.match(error.message, /direct cause/);
  t.match(error.message, /RuntimeError: later\na note/);
});

test('exception groups', async (load, t) => {
  const py = await load();
  const error = t.throws(() => py.runPython('raise ExceptionGroup("many", [ValueError(1), TypeError("t")])'));
  t.equal(error.type, 'ExceptionGroup');
  t.match(error.message, /many \(2 sub-exceptions\)/);
  t.match(error.message, /TypeError: t/);
});

test('SyntaxError names line and place', async (load, t) => {
  const py = await load();
  const error = t.throws(() => py.runPython('x = 1\ny = = 2', { filename: 'bad.py' }));
  t.equal(error.type, 'SyntaxError');
  t.match(error.message, /File "bad\.py", line 2/);
  t.match(error.message, /y = = 2/);
  t.match(error.message, /\^/);
  t.match(error.message, /SyntaxError: invalid syntax/);
  t.equal(t.throws(() => py.runPython('if True:\npass')).type, 'IndentationError');
});

test('nothing runs when the code does not compile', async (load, t) => {
  const py = await load();
  py.runPython('ran = False');
  t.throws(() => py.runPython('ran = True\n)'));
  t.equal(py.runPython('ran'), false);
});

test('the interpreter goes on after every kind of error', async (load, t) => {
  const py = await load();
  for (const code of ['1/0', '(', 'raise SystemExit(3)', 'raise KeyboardInterrupt', 'raise BaseException("b")', 'import no_such_module']) {
    t.throws(() => py.runPython(code), code);
    t.equal(py.runPython('6 * 7'), 42, `after ${code}`);
  }
});

test('a wrong argument is an error, not a crash', async (load, t) => {
  const py = await load();
  t.throws(() => py.runPython(undefined));
  t.throws(() => py.runPython(42));
  t.equal(py.runPython('1'), 1);
});

test('sys and platform say what this is', async (load, t) => {
  const py = await load();
  t.equal(py.runPython('import sys; sys.platform'), 'emscripten');
  t.equal(py.runPython('sys.implementation.name'), 'cpython');
  t.equal(py.runPython('sys.version_info[:2] == (3, 15)'), true);
  t.equal(py.runPython('import platform; platform.machine()'), 'wasm32');
  t.equal(py.runPython('sys.maxsize'), 2 ** 31 - 1);
  t.equal(py.runPython('import sysconfig; sysconfig.get_config_var("EXT_SUFFIX")'), '.cpython-315-wasm32-emscripten.so');
  t.equal(typeof py.version, 'string');
});

test('UTF-8 is the default everywhere', async (load, t) => {
  const py = await load();
  t.equal(py.runPython('import sys; sys.getdefaultencoding() + sys.getfilesystemencoding()'), 'utf-8utf-8');
  t.equal(py.runPython('import locale; locale.getpreferredencoding().lower().replace("-", "")'), 'utf8');
  t.equal(py.runPython('open("/tmp/ü🐍.txt", "w").write("ä"); open("/tmp/ü🐍.txt").read()'), 'ä');
});

test('two interpreters do not share anything', { timeout: 120 }, async (load, t) => {
  const one = await load();
  const two = await load({ env: { WHICH: 'two' } });
  one.runPython('only_here = 1');
  t.equal(two.globals.has('only_here'), false);
  t.equal(two.runPython('import os; os.environ["WHICH"]'), 'two');
  one.FS.writeFile('/tmp/only-one', 'x');
  t.equal(two.FS.analyzePath('/tmp/only-one').exists, false);
  two.globals.set('v', one.runPython('"crossed"'));
  t.equal(two.runPython('v'), 'crossed');
});

test('args and env options', { timeout: 120 }, async (load, t) => {
  const py = await load({ env: { FLAVOUR: 'vanilla', HOME: '/home/me' }, args: ['-O'] });
  t.equal(py.runPython('import os; os.environ["FLAVOUR"]'), 'vanilla');
  t.equal(py.runPython('os.path.expanduser("~")'), '/home/me');
  t.equal(py.runPython('import sys; sys.flags.optimize'), 1);
});
