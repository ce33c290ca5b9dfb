/** Standard streams: the loader's options and setStdin/setStdout/setStderr. */
import { test } from '../harness/body.mjs';

test('stdout and stderr options get whole lines', async (load, t) => {
  const out = [];
  const err = [];
  const py = await load({ stdout: (line) => out.push(line), stderr: (line) => err.push(line) });
  out.length = 0;
  err.length = 0;
  py.runPython('print("one"); print("two", "three"); print("é🐍"); print("a\\nb")');
  py.runPython('import sys; print("wrong", file=sys.stderr)');
  t.same(out, ['one', 'two three', 'é🐍', 'a', 'b']);
  t.same(err, ['wrong']);
});

test('stdin option is asked line by line', async (load, t) => {
  const lines = ['first', 'second\n', 'drei 🐍'];
  const py = await load({ stdin: () => lines.shift(), stdout: () => {} });
  t.equal(py.runPython('input()'), 'first');
  t.equal(py.runPython('input("prompt> ")'), 'second');
  t.equal(py.runPython('import sys; sys.stdin.readline()'), 'drei 🐍\n');
  t.equal(py.runPython('sys.stdin.readline()'), '', 'end of file');
  t.equal(t.throws(() => py.runPython('input()')).type, 'EOFError');
});

test('setStdout: batched, by line', async (load, t) => {
  const py = await load();
  const lines = [];
  py.setStdout({ batched: (text) => lines.push(text) });
  t.after(() => py.setStdout());
  py.runPython('print("line one")\nprint("line two")');
  t.same(lines, ['line one', 'line two']);
});

test('setStdout: raw gets bytes', async (load, t) => {
  const py = await load();
  const bytes = [];
  py.setStdout({ raw: (byte) => bytes.push(byte) });
  t.after(() => py.setStdout());
  py.runPython('import sys; sys.stdout.buffer.write(b"\\x00\\xff\\n"); sys.stdout.flush()');
  t.same(bytes, [0, 255, 10]);
});

test('setStdout: write gets chunks and says how much it took', async (load, t) => {
  const py = await load();
  const chunks = [];
  py.setStdout({
    write: (buffer) => {
      const taken = Math.min(buffer.length, 1000);
      chunks.push(buffer.slice(0, taken));
      return taken;
    },
  });
  t.after(() => py.setStdout());
  py.runPython('import sys; sys.stdout.write("x" * 4500 + "\\n"); sys.stdout.flush()');
  t.equal(chunks.reduce((n, c) => n + c.length, 0), 4501);
  t.ok(chunks.every((c) => c instanceof Uint8Array && c.length <= 1000));
});

test('setStdout: isatty', async (load, t) => {
  const py = await load();
  t.after(() => py.setStdout());
  py.setStdout({ write: (buffer) => buffer.length, isatty: true });
  t.equal(py.runPython('import os; os.isatty(1)'), true);
  py.setStdout({ write: (buffer) => buffer.length, isatty: false });
  t.equal(py.runPython('os.isatty(1)'), false);
});

test('setStderr gets warnings and unraisable errors', async (load, t) => {
  const py = await load();
  const lines = [];
  py.setStderr({ batched: (text) => lines.push(text) });
  t.after(() => py.setStderr());
  py.runPython('import warnings, sys; warnings.warn("careful"); sys.stderr.flush()');
  py.runPython('class D:\n    def __del__(self): raise ValueError("lost")\nd = D()\ndel d\nsys.stderr.flush()');
  t.match(lines.join('\n'), /UserWarning: careful/);
  t.match(lines.join('\n'), /ValueError: lost/);
});

test('setStdin: a function that gives text, then end of file', async (load, t) => {
  const py = await load();
  let lines = ['eins', 'zwei'];
  py.setStdin({ stdin: () => lines.shift() ?? null });
  t.after(() => py.setStdin({ error: true }));
  t.equal(py.runPython('import sys; sys.stdin.read()'), 'eins\nzwei\n');
  lines = ['x'];
  t.equal(py.runPython('input()'), 'x');
});

test('setStdin: read fills a buffer', async (load, t) => {
  const py = await load();
  const data = new TextEncoder().encode('some bytes\n');
  let at = 0;
  py.setStdin({
    read: (buffer) => {
      const n = Math.min(3, buffer.length, data.length - at);
      buffer.set(data.subarray(at, at + n));
      at += n;
      return n;
    },
  });
  t.after(() => py.setStdin({ error: true }));
  t.equal(py.runPython('import sys; sys.stdin.readline()'), 'some bytes\n');
});

test('setStdin: error gives OSError', async (load, t) => {
  const py = await load();
  py.setStdin({ error: true });
  t.equal(t.throws(() => py.runPython('input()')).type, 'OSError');
});

test('a lot of output arrives complete and in order', { timeout: 120 }, async (load, t) => {
  const py = await load();
  let bytes = 0;
  let last = '';
  py.setStdout({
    write: (buffer) => {
      bytes += buffer.length;
      last = new TextDecoder().decode(buffer.slice(-20));
      return buffer.length;
    },
  });
  t.after(() => py.setStdout());
  py.runPython('for i in range(20):\n    print("y" * 500_000)\nprint("the end", flush=True)');
  t.equal(bytes, 20 * 500_001 + 8);
  t.match(last, /the end\n$/);
});

test('output without a newline is not lost', async (load, t) => {
  const lines = [];
  const py = await load();
  py.setStdout({ batched: (text) => lines.push(text) });
  t.after(() => py.setStdout());
  py.runPython('import sys; print("no newline", end=""); sys.stdout.flush(); print()');
  t.equal(lines.join(''), 'no newline');
});

test('invalid UTF-8 output does not break the stream', { skip: { peer: 'the peer makes lone surrogates of it' } }, async (load, t) => {
  const py = await load();
  const lines = [];
  py.setStdout({ batched: (text) => lines.push(text) });
  t.after(() => py.setStdout());
  py.runPython('import sys; sys.stdout.buffer.write(b"a\\xff\\xfeb\\n"); sys.stdout.flush(); print("after")');
  t.equal(lines.length, 2);
  t.match(lines[0], /^a\ufffd+b$/);
  t.equal(lines[1], 'after');
});

test('an exception in the callback becomes an error in Python, not a crash', async (load, t) => {
  const py = await load();
  py.setStdout({
    write: () => {
      throw new Error('the sink is full');
    },
  });
  t.after(() => py.setStdout());
  const error = t.throws(() => py.runPython('import os; os.write(1, b"x")'));
  t.ok(error instanceof Error);
  py.setStdout();
  t.equal(py.runPython('1 + 1'), 2);
});
