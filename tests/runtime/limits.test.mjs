/**
 * Recursion and memory limits: an exception in Python, never a dead interpreter. Each body has an instance of
 * its own, so that one that dies does not take the others along.
 */
import { test } from '../harness/body.mjs';

const PEER = { skip: { peer: 'ends the peer with a fatal error, or may' }, timeout: 120 };

/** Code that recurses without end, each through another part of the interpreter. */
const ENDLESS = {
  'a Python function': 'def f():\n    return f()\nf()',
  'a Python function after setrecursionlimit(10**6)': 'import sys\nsys.setrecursionlimit(10**6)\ndef f():\n    return f()\nf()',
  'a method through __getattr__': 'class A:\n    def __getattr__(self, name):\n        return getattr(self, name)\nA().x',
  '__repr__ that calls repr': 'class A:\n    def __repr__(self):\n        return repr(self)\nrepr(A())',
  '__eq__ through list comparison': 'class A:\n    def __eq__(self, other):\n        return [self] == [other]\nA() == A()',
  '__call__ of a class': 'class A:\n    def __call__(self):\n        return self()\nA()()',
  'sorted with a key that sorts': 'def key(x):\n    return sorted([1, 2], key=key)\nsorted([1], key=key)',
  'map inside map': 'def f(x):\n    return list(map(f, [x]))\nf(1)',
  'functools.partial': 'import functools\ndef f():\n    return functools.partial(f)()\nf()',
  'a generator that iterates itself': 'def g():\n    yield from g()\nlist(g())',
  'import hooks': 'class C:\n    def __init_subclass__(cls):\n        type("D", (cls,), {})\nclass E(C): pass',
};

for (const [what, code] of Object.entries(ENDLESS)) {
  test(`endless recursion is a RecursionError: ${what}`, PEER, async (load, t) => {
    const py = await load({});
    const error = t.throws(() => py.runPython(code));
    t.equal(error.type, 'RecursionError', String(error.message).slice(-300));
    t.equal(py.runPython('6 * 7'), 42, 'the interpreter goes on');
  });
}

const NEST = 'x = []\nfor i in range(100_000):\n    x = [x]\n';

/** Code that goes deep in C; either answer is fine, as in native Python, a dead interpreter is not. */
const DEEP = {
  'json.loads of 100,000 brackets': ['import json\njson.loads("[" * 100_000)', /^(RecursionError|JSONDecodeError)$/],
  'json.dumps of a deep list': [`import json\n${NEST}json.dumps(x)`, /^RecursionError$/],
  'repr of a deep list': [`${NEST}repr(x)`, /^RecursionError$/],
  'pickle of a deep list': [`import pickle\n${NEST}pickle.dumps(x)`, /^(RecursionError|none)$/],
  'copy.deepcopy of a deep list': [`import copy\n${NEST}copy.deepcopy(x)`, /^RecursionError$/],
  'comparing deep lists': [`${NEST}y = []\nfor i in range(100_000):\n    y = [y]\nx == y`, /^RecursionError$/],
  'marshal of a deep list': [`import marshal\n${NEST}marshal.dumps(x)`, /^(ValueError|RecursionError)$/],
  'hash of a deep tuple': ['x = ()\nfor i in range(100_000):\n    x = (x,)\nhash(x)', /^(RecursionError|none)$/],
  'freeing a deep list': [`${NEST}del x`, /^none$/],
  'compiling 100,000 parentheses': ['compile("(" * 100_000 + ")" * 100_000, "f", "eval")', /^(SyntaxError|MemoryError|RecursionError)$/],
  'compiling 100,000 unary minuses': ['compile("-" * 100_000 + "1", "f", "eval")', /^(MemoryError|RecursionError|SyntaxError)$/],
  'compiling a sum of 10,000 terms': ['eval("+".join(["1"] * 10_000))', /^(RecursionError|MemoryError|none)$/],
  'ast.literal_eval of deep brackets': ['import ast\nast.literal_eval("[" * 5_000 + "]" * 5_000)', /^(SyntaxError|MemoryError|RecursionError)$/],
  're with 20,000 groups': ['import re\nre.compile("(" * 20_000 + ")" * 20_000)', /^(RecursionError|OverflowError|error|PatternError|none)$/],
  'ElementTree of 200,000 levels': ['import xml.etree.ElementTree as e\ne.fromstring("<a>" * 200_000 + "</a>" * 200_000)\n0', /^(ParseError|RecursionError|MemoryError|none)$/],
  'isinstance with deep tuples': ['t = (int,)\nfor i in range(100_000):\n    t = (t,)\nisinstance("", t)', /^RecursionError$/],
};

for (const [what, [code, wanted]] of Object.entries(DEEP)) {
  test(`deep C recursion leaves the interpreter alive: ${what}`, PEER, async (load, t) => {
    const py = await load({});
    let outcome = 'none';
    try {
      py.runPython(code);
    } catch (error) {
      outcome = String(error.type ?? `${error.name}: ${error.message}`).split('.').pop();
    }
    t.match(outcome, wanted);
    t.equal(py.runPython('6 * 7'), 42, 'the interpreter goes on');
  });
}

test('a hundred RecursionErrors in a row do not wear the interpreter out', PEER, async (load, t) => {
  const py = await load({});
  t.equal(
    py.runPython(`
def f(): return f()
caught = 0
for _ in range(100):
    try: f()
    except RecursionError: caught += 1
caught`),
    100,
  );
});

test('the default recursion limit can be used to the full', { timeout: 120 }, async (load, t) => {
  const py = await load({});
  t.equal(py.runPython('import sys\ndef depth(n): return 0 if n == 0 else 1 + depth(n - 1)\nsys.getrecursionlimit()'), 1000);
  t.equal(py.runPython('depth(900)'), 900);
});

test('an impossible size is a MemoryError at once', { timeout: 120 }, async (load, t) => {
  const py = await load({});
  t.match(t.throws(() => py.runPython('b"x" * (1 << 33)')).type, /^(MemoryError|OverflowError)$/);
  t.equal(t.throws(() => py.runPython('bytearray(2**31 - 1)')).type, 'MemoryError');
  t.match(t.throws(() => py.runPython('[0] * (1 << 30)')).type, /^MemoryError$/);
  t.equal(py.runPython('6 * 7'), 42);
});

test('filling the memory is a MemoryError, and what is freed can be used again', { timeout: 300 }, async (load, t) => {
  const py = await load({});
  t.match(
    py.runPython(`
def fill():
    blocks = []
    try:
        while True:
            blocks.append(bytearray(1 << 26))
    except MemoryError:
        return len(blocks)
first, second = fill(), fill()
f"{first >= 8} {second >= first - 2}"`),
    /^True True$/,
  );
});

test('a MemoryError that nobody catches reaches JavaScript', { timeout: 300 }, async (load, t) => {
  const py = await load({});
  const error = t.throws(() => py.runPython('blocks = []\nwhile True:\n    blocks.append(bytearray(1 << 26))'));
  t.equal(error.type, 'MemoryError');
  py.runPython('blocks.clear()');
  t.equal(py.runPython('6 * 7'), 42);
});

test('starting a thread is an ordinary error', async (load, t) => {
  const py = await load();
  const error = t.throws(() => py.runPython('import threading; threading.Thread(target=print).start()'));
  t.equal(error.type, 'RuntimeError');
  t.match(error.message, /can't start new thread/);
  t.equal(py.runPython('with threading.Lock(): pass\nthreading.current_thread().name'), 'MainThread');
});

test('processes and sockets are ordinary errors', async (load, t) => {
  const py = await load();
  t.match(t.throws(() => py.runPython('import subprocess; subprocess.run(["ls"])')).type, /^(OSError|BlockingIOError|NotImplementedError|RuntimeError)$/);
  t.match(t.throws(() => py.runPython('import os; os.fork()')).type, /^(OSError|AttributeError|BlockingIOError|NotImplementedError)$/);
  t.equal(py.runPython('6 * 7'), 42);
});
