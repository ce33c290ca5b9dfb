/**
 * What is measured at the border between Python and JavaScript. Runs unchanged in Node and in pages.
 *
 * A case prepares itself on an interpreter and returns `run(n)`, which does the operation n times. Proxies that an
 * operation makes are destroyed in it.
 */

const TWENTY = 'x'.repeat(20);
const MEGABYTE = 1_000_000;

/** The nested JSON value of about 100 KB: objects, lists, strings and numbers as an API would send them. */
function nestedJson() {
  const record = (i) => ({
    id: i,
    name: `record number ${i}`,
    active: i % 3 === 0,
    score: i / 7,
    tags: ['alpha', 'beta', `tag ${i % 10}`],
    position: { x: i * 1.5, y: -i, label: null },
    children: [
      { id: i * 10, values: [i, i + 1, i + 2] },
      { id: i * 10 + 1, values: [] },
    ],
  });
  return { version: 2, records: Array.from({ length: 450 }, (_, i) => record(i)) };
}

let cases = 0;

/**
 * Python drives: `code` in a loop, with JavaScript's `values` as variables.
 * @param {string} code
 * @param {() => Record<string, unknown>} values
 * @param {string} [setup] Python, run once before
 */
const fromPython =
  (code, values = () => ({}), setup = '') =>
  (py) => {
    const name = `_case_${cases++}`;
    const globals = py.runPython('dict(__name__="bench")');
    for (const [key, value] of Object.entries(values())) globals.set(key, value);
    py.runPython(`${setup}\ndef ${name}(n):\n    for _ in range(n):\n        ${code}`, { globals });
    return globals.get(name);
  };

/** JavaScript drives. `python` is an expression (after statements); what it gives is passed to `loop`. */
const fromJs = (python, loop) => (py) => loop(py.runPython(python), py);

/** Calls a Python function n times with the arguments. */
const calling = (python, ...args) =>
  fromJs(python, (f) => {
    if (args.length === 0)
      return (n) => {
        for (let i = 0; i < n; i++) f();
      };
    const [argument] = args;
    return (n) => {
      for (let i = 0; i < n; i++) f(argument);
    };
  });

const toPy = (value) => (py) => (n) => {
  for (let i = 0; i < n; i++) py.toPy(value).destroy();
};

const toJs = (make) => (py) => {
  const proxy = make(py);
  return (n) => {
    for (let i = 0; i < n; i++) proxy.toJs();
  };
};

const HUNDRED = Array.from({ length: 100 }, (_, i) => i);

/** Name → preparation. The order is the order of the table. @type {Record<string, (py: any) => (n: number) => void>} */
export const CASES = {
  'Py→JS f()': fromPython('f()', () => ({ f: () => undefined })),
  'Py→JS f(1)': fromPython('f(1)', () => ({ f: (x) => x })),
  'Py→JS f("20 chars")': fromPython('f(text)', () => ({ f: (x) => x, text: TWENTY })),
  'Py→JS f(obj)': fromPython('f(obj)', () => ({ f: (x) => x, obj: { a: 1 } })),
  'Py→JS o.a (number)': fromPython('o.a', () => ({ o: { a: 1 } })),
  'Py→JS o.b (object)': fromPython('o.b', () => ({ o: { b: {} } })),
  'Py→JS o.m()': fromPython('o.m()', () => ({ o: { m() {} } })),
  'Py→JS list(JsArray of 10,000)': fromPython('list(a)', () => ({ a: Array.from({ length: 10_000 }, (_, i) => i) })),
  'Py→JS to_js(list of 10,000 floats)': fromPython(
    'to_js(floats)',
    undefined,
    'from pyodide.ffi import to_js\nfloats = [i + 0.5 for i in range(10_000)]',
  ),
  'Py→JS to_js(dict of 1,000)': fromPython(
    'to_js(table)',
    undefined,
    'from pyodide.ffi import to_js\ntable = {f"key {i}": i for i in range(1000)}',
  ),
  'JS→Py g()': calling('lambda: None'),
  'JS→Py h(1)': calling('lambda x: x', 1),
  'JS→Py h("20 chars")': calling('lambda x: x', TWENTY),
  'JS→Py h({})': calling('lambda x: x', {}),
  'JS→Py p.x (attribute)': fromJs('class P:\n    x = 5\nP()', (p) => (n) => {
    for (let i = 0; i < n; i++) p.x;
  }),
  'toPy(100 ints)': toPy(HUNDRED),
  'toJs of 100 ints': toJs((py) => py.toPy(HUNDRED)),
  'toPy(JSON of 100 KB)': toPy(nestedJson()),
  'toJs of JSON of 100 KB': toJs((py) => py.toPy(nestedJson())),
  'string of 1 MB to Python, ASCII': calling('lambda x: None', 'a'.repeat(MEGABYTE)),
  'string of 1 MB to Python, 2-byte': calling('lambda x: None', '한'.repeat(MEGABYTE / 2)),
  'string of 1 MB to JavaScript, ASCII': calling(`text = "a" * ${MEGABYTE}\nlambda: text`),
  'string of 1 MB to JavaScript, 2-byte': calling(`wide = "한" * ${MEGABYTE / 2}\nlambda: wide`),
  'runPython("1")': (py) => (n) => {
    for (let i = 0; i < n; i++) py.runPython('1');
  },
  'for…of a list proxy of 10,000': fromJs('list(range(10_000))', (list) => (n) => {
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (const value of list) sum += value;
      if (sum !== 49_995_000) throw new Error(`wrong sum ${sum}`);
    }
  }),
  'sum of a 1,000×1,000 float64 buffer': fromJs(
    'import array\nmemoryview(array.array("d", [0.5]) * 1_000_000).cast("B").cast("d", [1000, 1000])',
    (matrix) => (n) => {
      for (let i = 0; i < n; i++) {
        const buffer = matrix.getBuffer();
        const { data, offset, shape, strides } = buffer;
        let sum = 0;
        for (let row = 0; row < shape[0]; row++) {
          const begin = offset + row * strides[0];
          for (let column = 0; column < shape[1]; column++) sum += data[begin + column];
        }
        buffer.release();
        if (sum !== 500_000) throw new Error(`wrong sum ${sum}`);
      }
    },
  ),
  'toJs of bytes of 1 MB': toJs((py) => py.runPython(`bytes(${MEGABYTE})`)),
};

/** Measures cases on one interpreter; keeps what it prepared and found out from round to round. */
export class Measurer {
  constructor(py) {
    this.py = py;
    /** @type {Map<string, {run: (n: number) => void, n: number}>} */
    this.prepared = new Map();
  }

  /** @param {string} name @param {number} target seconds one measurement should take @returns {number} seconds per operation */
  measure(name, target) {
    let entry = this.prepared.get(name);
    if (!entry) {
      entry = { run: CASES[name](this.py), n: 1 };
      this.prepared.set(name, entry);
    }
    const once = () => {
      const begin = performance.now();
      entry.run(entry.n);
      return (performance.now() - begin) / 1000;
    };
    let best = once();
    while (best < target && entry.n < 1e7) {
      // At least doubled, at most by 32: one lucky measurement must not make the next one endless.
      entry.n = Math.ceil(entry.n * Math.min(32, Math.max(2, (1.2 * target) / Math.max(best, 1e-6))));
      best = once();
    }
    // An interruption only ever adds time.
    for (let repeat = 0; repeat < 2; repeat++) best = Math.min(best, once());
    return best / entry.n;
  }
}
