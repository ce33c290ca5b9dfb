/**
 * Calls across the border, in nanoseconds each. What a distribution cannot do yet is left out, so that those
 * figures compare which both have.
 */

/** JavaScript drives: name → set-up, returns the function that is measured. */
const FROM_JS = {
  'runPython("1")': (py) => () => py.runPython('1'),
  'runPython("x = 1")': (py) => () => py.runPython('x = 1'),
  'globals.get: int': (py) => (py.runPython('i = 7'), () => py.globals.get('i')),
  'globals.get: float': (py) => (py.runPython('f = 1.5'), () => py.globals.get('f')),
  'globals.get: str of 20': (py) => (py.runPython('s = "x" * 20'), () => py.globals.get('s')),
  'globals.get: str of 10,000': (py) => (py.runPython('s = "é" * 10_000'), () => py.globals.get('s')),
  'globals.set: number': (py) => () => py.globals.set('v', 7),
  'globals.set: str of 20': (py) => () => py.globals.set('v', 'xxxxxxxxxxxxxxxxxxxx'),
  'copy of a list of 100 ints': (py) => (
    py.runPython('l = list(range(100))'),
    () => {
      const value = py.globals.get('l');
      if (Array.isArray(value)) return;
      value.toJs();
      value.destroy();
    }
  ),
  'copy of bytes of 1 MB': (py) => (
    py.runPython('b = bytes(1_000_000)'),
    () => {
      const value = py.globals.get('b');
      if (value instanceof Uint8Array) return;
      value.toJs();
      value.destroy();
    }
  ),
  'toPy([100 ints])': (py) => {
    const list = Array.from({ length: 100 }, (_, i) => i);
    return () => py.toPy(list)?.destroy?.();
  },
  'JS→Py g()': (py) => {
    const g = py.runPython('lambda: None');
    if (typeof g !== 'function') throw new Error('no callable');
    return () => g();
  },
  'JS→Py h(1)': (py) => {
    const h = py.runPython('lambda x: x');
    if (typeof h !== 'function') throw new Error('no callable');
    return () => h(1);
  },
  'JS→Py h(str of 20)': (py) => {
    const h = py.runPython('lambda x: x');
    if (typeof h !== 'function') throw new Error('no callable');
    return () => h('xxxxxxxxxxxxxxxxxxxx');
  },
};

/** Python drives: name → [value for the global `o`, expression]. */
const FROM_PYTHON = {
  'Py→JS f()': [() => undefined, 'o()'],
  'Py→JS f(1)': [(x) => x, 'o(1)'],
  'Py→JS f(str of 20)': [(x) => x, 'o("xxxxxxxxxxxxxxxxxxxx")'],
  'Py→JS f(obj)': [{ f: (x) => x, o: {} }, 'f(q)', 'f = o.f; q = o.o'],
  'Py→JS o.a': [{ a: 1 }, 'o.a'],
  'Py→JS o.m()': [{ m() {} }, 'o.m()'],
};

const LOOP = `
def _ffi_time(code, setup, n):
    import time
    space = {"o": o}
    exec(setup, space)
    exec(f"def run(n):\\n for _ in range(n):\\n  {code}", space | {}, space)
    fn = eval("run", space)
    import types
    fn = types.FunctionType(fn.__code__, space)
    begin = time.perf_counter()
    fn(n)
    return time.perf_counter() - begin
`;

/**
 * Repeats `once(n)` (seconds for n calls) with growing n, then takes the best of a few: an interruption only
 * ever adds time. Returns nanoseconds per call.
 */
function settle(once, target) {
  once(10);
  let n = 10;
  let best = once(n);
  while (best < target && n < 1e7) {
    n *= 4;
    best = once(n);
  }
  for (let repeat = 0; repeat < 4; repeat++) best = Math.min(best, once(n));
  return (best / n) * 1e9;
}

/** @returns {Record<string, number>} nanoseconds per call */
export function measureFfi(py, quick) {
  const target = quick ? 0.02 : 0.1;
  const results = {};
  for (const [name, setUp] of Object.entries(FROM_JS)) {
    try {
      const call = setUp(py);
      call();
      results[name] = settle((n) => {
        const begin = performance.now();
        for (let i = 0; i < n; i++) call();
        return (performance.now() - begin) / 1000;
      }, target);
    } catch {
      // Not there yet: the caller compares only what both have.
    }
  }
  for (const [name, [value, code, setup = 'pass']] of Object.entries(FROM_PYTHON)) {
    try {
      py.globals.set('o', value);
      py.runPython(LOOP);
      const once = (n) => py.runPython(`_ffi_time(${JSON.stringify(code)}, ${JSON.stringify(setup)}, ${n})`);
      once(1);
      results[name] = settle(once, target);
    } catch {
      // As above.
    }
  }
  return results;
}
