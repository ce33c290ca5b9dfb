/**
 * Properties of the border, with random values. Seeds are fixed; a failure prints seed, path and the smallest value
 * that fails.
 */
import { test } from '../harness/body.mjs';

const SEED = 20261121;

/** fast-check and arbitraries of what crosses the border. */
async function tools(t) {
  const fc = await t.env.importPackage('fast-check');
  const { peer } = t.env;
  /** Every sequence of UTF-16 code units: most of them well formed, some not. */
  const codeUnits = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 30 }).map((units) => String.fromCharCode(...units));
  const string = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ maxLength: 40 }), codeUnits);
  // The peer makes an int of -0, and its toJs takes inherited names for collisions.
  const number = fc.double().filter((value) => !(peer && Object.is(value, -0)));
  // The last safe integers may come back as either; values.test.mjs says so.
  const integer = fc.oneof(fc.integer(), fc.maxSafeInteger()).filter((value) => Math.abs(value) < Number.MAX_SAFE_INTEGER);
  const bigint = fc.oneof(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), fc.bigInt({ min: -(2n ** 2000n), max: 2n ** 2000n }));
  const key = string.filter((name) => !peer || !(name in Object.prototype));
  const names = peer ? key : fc.oneof(key, fc.constantFrom('__proto__', 'constructor', 'toString', 'length', 'size', 'then'));
  const dictionary = (value) => fc.array(fc.tuple(names, value), { maxLength: 5 }).map((entries) => Object.fromEntries(entries));
  const leaf = fc.oneof(string, number, integer, fc.boolean(), fc.constant(null));
  const { json } = fc.letrec((tie) => ({
    json: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, fc.array(tie('json'), { maxLength: 5 }), dictionary(tie('json'))),
  }));
  const check = (property, numRuns) => fc.assert(property, { seed: SEED, numRuns, includeErrorInReport: true });
  return { fc, string, number, integer, bigint, json, names, check };
}

test('any string survives, both ways', async (load, t) => {
  const py = await load();
  const { fc, string, check } = await tools(t);
  const identity = py.runPython('lambda text: text');
  const points = py.runPython('lambda text: ",".join(str(ord(c)) for c in text)');
  const make = py.runPython('lambda points: "".join(chr(int(p)) for p in points.split(",") if p)');
  check(
    fc.property(string, (text) => {
      t.equal(identity(text), text);
      const expected = [...text].map((c) => c.codePointAt(0)).join(',');
      t.equal(points(text), expected);
      t.equal(make(expected), text);
    }),
    2000,
  );
});

test('any int survives, both ways', async (load, t) => {
  const py = await load();
  const { fc, bigint, integer, check } = await tools(t);
  const identity = py.runPython('lambda n: n');
  const text = py.runPython('import sys; sys.set_int_max_str_digits(0)\nlambda n: f"{n:x}"');
  const make = py.runPython('lambda digits: int(digits, 16)');
  check(
    fc.property(bigint, (value) => {
      t.equal(identity(value), value);
      t.equal(text(value), value.toString(16));
      t.equal(BigInt(make(value.toString(16))), value);
    }),
    1000,
  );
  check(
    fc.property(integer, (value) => {
      t.equal(identity(value), value);
      t.equal(text(value), value.toString(16).replace(/^-?0$/, '0'));
      t.equal(make(value.toString(16)), value);
    }),
    1000,
  );
});

test('any number survives', async (load, t) => {
  const py = await load();
  const { fc, number, check } = await tools(t);
  const identity = py.runPython('lambda x: x');
  const hex = py.runPython('lambda x: float(x).hex()');
  const make = py.runPython('lambda text: float.fromhex(text)');
  check(
    fc.property(number, (value) => {
      t.equal(identity(value), value);
      if (Number.isFinite(value)) t.equal(make(hex(value)), value);
    }),
    1000,
  );
});

test('any JSON-like value survives toPy and toJs', async (load, t) => {
  const py = await load();
  const { fc, json, check } = await tools(t);
  check(
    fc.property(json, (value) => {
      const converted = py.toPy(value);
      const back = value !== null && typeof value === 'object' ? converted.toJs({ create_pyproxies: false }) : converted;
      if (back !== converted) converted.destroy();
      t.same(back, value);
    }),
    500,
  );
});

/** Python functions that compare what came back with what json.loads reads. */
const COMPARE = `
import json
from pyodide.ffi import JsProxy, jsnull, to_js

def number(digits): return int(digits) if len(digits) < 16 else float(digits)

def same(a, b):
    if isinstance(b, dict): return isinstance(a, dict) and list(a) == list(b) and all(same(a[k], b[k]) for k in b)
    if isinstance(b, list): return isinstance(a, list) and len(a) == len(b) and all(map(same, a, b))
    return a == b and isinstance(a, bool) == isinstance(b, bool)

def plain(value):
    if value is jsnull: return None
    if value is None or isinstance(value, (str, int, float)): return value
    if hasattr(value, "keys"): return {key: plain(value[key]) for key in value}
    return [plain(item) for item in value]

def nulls(text):
    def replace(value):
        if isinstance(value, list): return [replace(item) for item in value]
        if isinstance(value, dict): return {key: replace(item) for key, item in value.items()}
        return jsnull if value is None else value
    return replace(json.loads(text, parse_int=number))

def survives(text):
    value = json.loads(text)
    js = to_js(value, create_pyproxies=False, dict_converter=Map.new)
    return same(js.to_py() if isinstance(js, JsProxy) else js, value)

def looks_like(proxy, text):
    return same(plain(proxy.as_py_json()), json.loads(text, parse_int=number))`;

test('any JSON-like value survives to_js and to_py', async (load, t) => {
  const py = await load();
  const { fc, json, check } = await tools(t);
  py.globals.set('Map', Map);
  py.runPython(COMPARE);
  const survives = py.globals.get('survives');
  check(
    fc.property(json, (value) => t.equal(survives(JSON.stringify(value)), true)),
    500,
  );
});

test('any JSON-like value looks the same through as_py_json and asJsJson', async (load, t) => {
  const py = await load();
  const { fc, json, check } = await tools(t);
  py.runPython(COMPARE);
  const looksLike = py.globals.get('looks_like');
  const loads = py.runPython('nulls');
  check(
    fc.property(fc.oneof(fc.array(json, { maxLength: 4 }), fc.record({ a: json, b: json })), (value) => {
      const text = JSON.stringify(value);
      const plain = JSON.parse(text);
      t.equal(looksLike(plain, text), true);
      const proxy = loads(text);
      const adaptor = proxy.asJsJson();
      t.same(JSON.parse(JSON.stringify(adaptor)), plain);
      proxy.destroy();
    }),
    200,
  );
});

test('any typed array survives toPy and toJs', async (load, t) => {
  const py = await load();
  const { fc, check } = await tools(t);
  const size = { maxLength: 40 };
  const arrays = fc.oneof(
    fc.int8Array(size),
    fc.uint8Array(size),
    fc.int16Array(size),
    fc.uint16Array(size),
    fc.int32Array(size),
    fc.uint32Array(size),
    fc.float32Array(size),
    fc.float64Array(size),
    fc.bigInt64Array(size),
    fc.bigUint64Array(size),
  );
  const list = py.runPython('lambda view: view.tolist() if view.nbytes else []');
  check(
    fc.property(arrays, fc.nat(40), (whole, start) => {
      const array = whole.subarray(Math.min(start, whole.length));
      const view = py.toPy(array);
      const back = view.toJs();
      const values = list(view);
      const copied = values.toJs();
      values.destroy();
      view.destroy();
      t.same(back, array);
      t.equal(copied.length, array.length);
      copied.forEach((value, i) => t.ok(Object.is(Number(value), Number(array[i])) || (array[i] === 0 && value === 0), `element ${i}`));
    }),
    500,
  );
});

test('any Map and Set of values that differ in Python survives', async (load, t) => {
  const py = await load();
  const { fc, string, check } = await tools(t);
  const keys = fc.oneof(
    string,
    fc.integer({ min: 2 }),
    fc.double({ noInteger: true, noNaN: true }),
    fc.constantFrom(null, undefined, true, false),
  );
  check(
    fc.property(fc.uniqueArray(fc.tuple(keys, keys), { selector: ([key]) => key }), (entries) => {
      const map = new Map(entries);
      const set = new Set(map.keys());
      const proxy = py.toPy([map, set]);
      const back = proxy.toJs({ dict_converter: (pairs) => new Map(pairs) });
      proxy.destroy();
      t.same(back[0], map);
      t.equal(back[1].size, set.size);
      for (const key of set) t.ok(back[1].has(key));
    }),
    300,
  );
});

test('any interleaving of copy, destroy and use raises at worst', async (load, t) => {
  const py = await load();
  const { fc, check } = await tools(t);
  const make = {
    list: py.runPython('lambda: [1, [2], {"k": 3}]'),
    dict: py.runPython('lambda: {"k": [1], "n": None}'),
    function: py.runPython('lambda: (lambda *args: len(args))'),
    object: py.runPython('class Thing:\n    def __init__(self): self.part = [1]\nThing'),
    generator: py.runPython('lambda: (x for x in [1, [2], 3])'),
    bytes: py.runPython('lambda: b"abc"'),
  };
  // next() of a destroyed generator ends the peer.
  const kinds = Object.keys(make).filter((kind) => !(t.env.peer && kind === 'generator'));
  const keep = py.runPython('kept = []\ndef keep(x):\n    kept.append(x)\n    del kept[:-3]\n    return x\nkeep');
  py.globals.set('take', (x) => (x?.toString?.(), x));
  const take = py.runPython('lambda x: take(x)');
  /** What can be done with a proxy of any kind; results that are proxies join the pool. */
  const uses = [
    (p) => p.toString(),
    (p) => p.type,
    (p) => p.length,
    (p) => p.toJs(),
    (p) => p.toJs({ depth: 1 }),
    (p) => p.get?.(0),
    (p) => p.get?.('k'),
    (p) => p(1, p),
    (p) => p.part,
    (p) => p.append?.(p),
    (p) => p.set?.('self', p),
    (p) => [...p].length,
    (p) => p.next?.(),
    (p) => 'part' in p,
    (p) => (p.part = 1),
    (p) => delete p.part,
    (p) => Object.keys(p).length,
    (p) => keep(p),
    (p) => take(p),
    (p) => py.toPy([p]),
    (p) => py.globals.set('latest', p),
    (p) => p.getBuffer?.().release(),
    (p) => p[Symbol.iterator]?.().next(),
    (p) => `${p}`,
    (p) => p.copy().destroy(),
  ];
  const step = fc.oneof(
    fc.record({ do: fc.constant('make'), kind: fc.nat(kinds.length - 1) }),
    fc.record({ do: fc.constantFrom('copy', 'destroy', 'destroy'), at: fc.nat(20) }),
    { weight: 4, arbitrary: fc.record({ do: fc.constant('use'), at: fc.nat(20), use: fc.nat(uses.length - 1) }) },
  );
  check(
    fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => {
      const pool = [{ proxy: make.list(), alive: true }];
      let broken;
      for (const one of steps) {
        if (one.do === 'make') {
          pool.push({ proxy: make[kinds[one.kind]](), alive: true });
          continue;
        }
        const entry = pool[one.at % pool.length];
        try {
          if (one.do === 'copy') pool.push({ proxy: entry.proxy.copy(), alive: true });
          else if (one.do === 'destroy') {
            entry.proxy.destroy();
            entry.alive = false;
          } else {
            const result = uses[one.use](entry.proxy);
            if (result instanceof py.ffi.PyProxy) pool.push({ proxy: result, alive: undefined });
            if (entry.alive === false && result !== undefined) broken = `${JSON.stringify(one)} worked on a destroyed proxy`;
          }
        } catch (error) {
          if (!(error instanceof Error) || /fatal/i.test(error.message) || error instanceof WebAssembly.RuntimeError) broken = error;
        }
        t.equal(broken, undefined);
        if (entry.alive) t.equal(typeof entry.proxy.type, 'string');
      }
      for (const { proxy } of pool) proxy.destroy();
      py.globals.set('latest', undefined);
      t.equal(py.runPython('kept.clear()\n6 * 7'), 42);
    }),
    1000,
  );
});
