/**
 * What the tests of the bridge share: Python code in which JavaScript values are names, and what came of it.
 *
 * Pages refuse `eval`, so the bodies make their JavaScript values themselves; nothing here uses run_js.
 */

/** A namespace with `names` and everything pyodide.ffi offers. */
function scopeOf(py, names) {
  const scope = py.toPy({});
  py.runPython('from pyodide.ffi import *', { globals: scope });
  for (const [name, value] of Object.entries(names)) scope.set(name, value);
  return scope;
}

/** The value of `code`, in a namespace of its own in which `names` exist. */
export function run(py, names, code) {
  const globals = scopeOf(py, names);
  try {
    return py.runPython(code, { globals });
  } finally {
    globals.destroy();
  }
}

/** The same for code with `await`. */
export async function runAsync(py, names, code) {
  const globals = scopeOf(py, names);
  try {
    return await py.runPythonAsync(code, { globals });
  } finally {
    globals.destroy();
  }
}

/** What Python's `repr` says of the value of `code`; no proxy crosses the border. */
export function seen(py, names, code) {
  return run(py, { ...names, source_: code }, 'from pyodide.code import eval_code\nrepr(eval_code(source_, globals()))');
}

/** The same for code with `await`. */
export function seenAsync(py, names, code) {
  return runAsync(
    py,
    { ...names, source_: code },
    'from pyodide.code import eval_code_async\nrepr(await eval_code_async(source_, globals()))',
  );
}

/**
 * Wants `code` to raise, and the interpreter to live on.
 * @param {string} type the exception's class; alternatives are separated by `|`
 * @param {RegExp} [words] must be in its text
 * @returns the PythonError
 */
export function raises(t, py, names, code, type, words) {
  const error = t.throws(() => run(py, names, code), `nothing was raised by ${code}`);
  return judge(t, py, error, code, type, words);
}

/** The same for code with `await`. */
export async function raisesAsync(t, py, names, code, type, words) {
  const error = await t.rejects(() => runAsync(py, names, code), `nothing was raised by ${code}`);
  return judge(t, py, error, code, type, words);
}

function judge(t, py, error, code, type, words) {
  t.ok(error instanceof py.ffi.PythonError, `not a PythonError: ${error} (by ${code})`);
  t.ok(type.split('|').includes(error.type), `${error.type} instead of ${type} by ${code}: ${lastLines(error)}`);
  if (words) t.match(lastLines(error), words, `by ${code}`);
  t.equal(py.runPython('6 * 7'), 42, 'the interpreter lives');
  return error;
}

/** The message without the frames of the traceback. */
function lastLines(error) {
  const lines = error.message.trimEnd().split('\n');
  const last = lines.findLastIndex((line) => line.startsWith('  '));
  return lines.slice(last + 1).join('\n') || error.message;
}

/** The globals of another realm: of a node:vm context in Node, of an iframe in pages. Workers have none. */
export async function otherRealm(t) {
  if (t.env.kind === 'node') {
    const { createContext, runInContext } = await import('node:vm');
    return runInContext('globalThis', createContext({}));
  }
  const frame = document.createElement('iframe');
  document.body.append(frame);
  t.after(() => frame.remove());
  return frame.contentWindow;
}
