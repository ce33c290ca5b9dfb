/** JsProxy of Map, Set, WeakMap and their like; as_object_map and as_py_json. */
import { raises, run, seen } from '../harness/bridge.mjs';
import { test } from '../harness/body.mjs';

const sample = () => new Map([['a', 1], ['b', 2], [3, 'c']]);

/** Runs `code` on a fresh Map `m`; what the Map holds afterwards. */
const after = (py, code, names = {}) => {
  const m = sample();
  run(py, { m, ...names }, code);
  return m;
};

test('Map: get, set, delete, len, in', async (load, t) => {
  const py = await load();
  t.equal(seen(py, { m: sample() }, 'm["a"], m[3], len(m), "a" in m, "z" in m, 1 in m'), "(1, 'c', 3, True, False, False)");
  t.same(after(py, 'm["a"] = 10\nm["new"] = None\ndel m["b"]'), new Map([['a', 10], [3, 'c'], ['new', undefined]]));
  for (const code of ['m["z"]', 'del m["z"]', 'm.pop("z")']) raises(t, py, { m: sample() }, code, 'KeyError', /'z'/);
  t.equal(run(py, { m: sample() }, 'l = []\nm["l"] = l\nm["l"] is l'), true);
  t.equal(seen(py, { m: sample() }, 'm["u"] = None\n"u" in m, m["u"], m.get("u", 5)'), '(True, None, None)');
});

test('Map: keys are JavaScript\'s', async (load, t) => {
  const py = await load();
  const m = new Map([
    [1, 'number'], [1n, 'bigint'], ['1', 'string'], [true, 'bool'], [null, 'null'], [undefined, 'undefined'], [NaN, 'nan'],
    [0, 'zero'],
  ]);
  t.equal(
    seen(py, { m }, '[m[k] for k in (1, JsBigInt(1), "1", True, jsnull, None, float("nan"), 0, 0.0, -0.0)]'),
    "['number', 'bigint', 'string', 'bool', 'null', 'undefined', 'nan', 'zero', 'zero', 'zero']",
  );
  const key = {};
  t.equal(seen(py, { m: new Map([[key, 1]]), key, other: {} }, 'm[key], key in m, other in m'), '(1, True, False)');
});

test('Map: get, keys, values, items, iteration', async (load, t) => {
  const py = await load();
  const m = sample();
  t.equal(seen(py, { m }, 'm.get("a"), m.get("z"), m.get("z", 7)'), '(1, None, 7)');
  t.equal(
    seen(py, { m }, 'list(m), list(m.keys()), list(m.values()), list(m.items())'),
    "(['a', 'b', 3], ['a', 'b', 3], [1, 2, 'c'], [('a', 1), ('b', 2), (3, 'c')])",
  );
  t.equal(seen(py, { m }, 'dict(m), {**m} == dict(m)'), "({'a': 1, 'b': 2, 3: 'c'}, True)");
  t.equal(
    seen(py, { m }, '"a" in m.keys(), ("a", 1) in m.items(), 2 in m.values(), m.keys() & {"a", "q"}'),
    "(True, True, True, {'a'})",
  );
  t.equal(
    seen(
      py,
      { m },
      'import collections.abc as c\nisinstance(m.keys(), c.KeysView), isinstance(m.items(), c.ItemsView), isinstance(m.values(), c.ValuesView)',
    ),
    '(True, True, True)',
  );
  raises(t, py, { m }, 'm.get()', 'TypeError', /argument/);
});

test('Map: pop, popitem, setdefault, update, clear', async (load, t) => {
  const py = await load();
  const m = sample();
  t.equal(seen(py, { m }, 'm.pop("a"), m.pop("a", 5), m.pop("z", None), m.popitem(), len(m)'), "(1, 5, None, ('b', 2), 1)");
  raises(t, py, { m: new Map() }, 'm.popitem()', 'KeyError');
  t.equal(
    seen(py, { m: sample() }, 'm.setdefault("a", 9), m.setdefault("n", 8), m.setdefault("u"), m["n"], m["u"]'),
    '(1, 8, None, 8, None)',
  );
  t.same(after(py, 'm.clear()'), new Map());
  t.same(
    after(py, 'm.clear()\nm.update({"k": 1}, w=2)\nm.update([("p", 3)])\nm.update(u=4)'),
    new Map([['k', 1], ['w', 2], ['p', 3], ['u', 4]]),
  );
  t.same(
    after(py, 'm.clear()\nm.update(o)\nm.update(pairs)', { o: new Map([['q', 1]]), pairs: [['r', 2]] }),
    new Map([['q', 1], ['r', 2]]),
  );
  raises(t, py, { m: sample() }, 'm.update(5)', 'TypeError', /iterable/);
});

test('Map: JavaScript\'s own attributes remain', async (load, t) => {
  const py = await load();
  t.equal(seen(py, { m: sample() }, 'm.size, m.has("a"), m.delete("a"), m.size, m.set("y", 2) == m'), '(3, True, True, 2, True)');
  t.equal(seen(py, { m: sample() }, '[list(e) for e in m.entries()][0]'), "['a', 1]");
  t.equal(seen(py, { m: sample() }, 'm == m, m == {"a": 1}'), '(True, False)');
});

test('Set and WeakSet', async (load, t) => {
  const py = await load();
  const s = new Set([1, 'a', null]);
  t.equal(
    seen(py, { s }, 'len(s), 1 in s, "a" in s, jsnull in s, None in s, 5 in s, list(s)'),
    "(3, True, True, True, False, False, [1, 'a', jsnull])",
  );
  t.equal(
    seen(py, { s }, 's.add(5) == s, s.has(5), s.delete(5), len(s), set(s) == {1, "a", jsnull}'),
    '(True, True, True, 3, True)',
  );
  raises(t, py, { s }, 's[0]', 'TypeError', /subscript/);
  const key = {};
  t.equal(seen(py, { w: new WeakSet([key]), key, other: {} }, 'key in w, other in w'), '(True, False)');
});

test('WeakMap: items without iteration or length', async (load, t) => {
  const py = await load();
  const key = {};
  const w = new WeakMap([[key, 1]]);
  t.equal(seen(py, { w, key, other: {} }, 'w[key], key in w, other in w'), '(1, True, False)');
  run(py, { w, key }, 'w[key] = 2');
  t.equal(w.get(key), 2);
  run(py, { w, key }, 'del w[key]');
  t.equal(w.has(key), false);
  raises(t, py, { w, key }, 'w[key]', 'KeyError');
  raises(t, py, { w, key }, 'w["text"] = 1', 'JsException', /TypeError/);
  raises(t, py, { w }, 'len(w)', 'TypeError', /len/);
  raises(t, py, { w }, 'iter(w)', 'TypeError', /iterable/);
});

test('anything with get, set, delete, has, size', async (load, t) => {
  const py = await load();
  const o = { get: (k) => `${k}!`, has: (k) => k === 'yes', set(k, v) { this.last = [k, v]; }, delete: (k) => k === 'yes', size: 3 };
  t.equal(seen(py, { o }, 'o["yes"], len(o), "yes" in o, "no" in o'), "('yes!', 3, True, False)");
  run(py, { o }, 'o["k"] = 1\ndel o["yes"]');
  t.same(o.last, ['k', 1]);
  raises(t, py, { o }, 'del o["no"]', 'KeyError', /no/);
  raises(t, py, { o: { get: () => 1 } }, 'o["k"] = 1', 'TypeError', /assignment/);
  raises(t, py, { o: { get: () => undefined, has: () => false } }, 'o["k"]', 'KeyError', /k/);
  t.equal(seen(py, { o: { get: () => undefined, has: () => true } }, 'o["k"]'), 'None');
  t.equal(seen(py, { o: { includes: (x) => x === 1 } }, '1 in o, 2 in o'), '(True, False)');
  t.equal(seen(py, { o: { has: () => true, includes: () => false } }, '1 in o'), 'True', 'has comes first');
  t.equal(seen(py, { o: { size: 3, length: 2 } }, 'len(o)'), '3', 'size comes first');
});

test('URLSearchParams and Headers are mappings of the platform', async (load, t) => {
  const py = await load();
  const p = new URLSearchParams('a=1&b=2');
  t.equal(
    seen(py, { p }, 'p["a"], len(p), dict(p), "b" in p, isinstance(p, JsMutableMap)'),
    "('1', 2, {'a': '1', 'b': '2'}, True, True)",
  );
  run(py, { p }, 'p["c"] = "3"\np["a"] = "4"');
  t.equal(p.toString(), 'a=4&b=2&c=3');
  const h = new Headers({ a: 'b' });
  t.equal(seen(py, { h }, 'h["a"], "a" in h, [list(e) for e in h]'), "('b', True, [['a', 'b']])");
});

test('as_object_map: properties as items', async (load, t) => {
  const py = await load();
  const o = { a: 1, b: { c: 2 }, class: 'k' };
  t.equal(
    seen(py, { o }, 'm = o.as_object_map()\nm["a"], m["class"], len(m), "a" in m, "z" in m, list(m)'),
    "(1, 'k', 3, True, False, ['a', 'b', 'class'])",
  );
  t.equal(
    seen(py, { o }, 'm = o.as_object_map()\nm.get("z", 5), list(m.values())[0], list(m.items())[0], dict(m)["a"]'),
    "(5, 1, ('a', 1), 1)",
  );
  t.equal(
    seen(py, { o }, 'm = o.as_object_map()\nisinstance(m, JsMutableMap), m == o, m.a, repr(m)'),
    "(True, True, 1, '[object Object]')",
  );
  t.equal(run(py, { o }, 'o.as_object_map()'), o, 'goes back as the object');
  for (const code of ['m["z"]', 'del m["z"]', 'm.pop("z")', 'm[5]']) raises(t, py, { o }, `m = o.as_object_map()\n${code}`, 'KeyError');
  raises(t, py, { o }, 'o.as_object_map(True)', 'TypeError', /positional/);
});

test('as_object_map: writing', async (load, t) => {
  const py = await load();
  const o = { a: 1, b: 2 };
  t.equal(
    seen(
      py,
      { o },
      'm = o.as_object_map()\nm["n"] = [1]\ndel m["a"]\nm.pop("b"), m["n"], m.setdefault("s", 5), m.setdefault("s", 6)',
    ),
    '(2, [1], 5, 5)',
  );
  t.same(Object.keys(o), ['n', 's']);
  const p = { a: 1 };
  run(py, { p }, 'm = p.as_object_map()\nm.update({"x": 1}, y=2)\nm.popitem()');
  t.same(p, { x: 1, y: 2 });
  run(py, { p }, 'p.as_object_map().clear()');
  t.same(p, {});
  raises(t, py, { p }, 'p.as_object_map()[5] = 1', 'TypeError', /str/);
  raises(t, py, { p }, 'p.as_object_map().popitem()', 'KeyError');
});

test('as_object_map: own string keys only', async (load, t) => {
  const py = await load();
  const o = Object.assign(Object.create({ inherited: 1 }), { 5: 'five', own: 2, [Symbol('s')]: 3 });
  t.equal(
    seen(py, { o }, 'm = o.as_object_map()\nlen(m), list(m), "inherited" in m, m.get("toString"), m["5"]'),
    "(2, ['5', 'own'], False, None, 'five')",
  );
  raises(t, py, { o }, 'o.as_object_map()["inherited"]', 'KeyError', /inherited/);
  raises(t, py, { o }, 'o.as_object_map()["toString"]', 'KeyError', /toString/);
  t.equal(seen(py, { o: Object.create(null) }, 'm = o.as_object_map()\nm["x"] = 1\ndict(m)'), "{'x': 1}");
});

test('as_object_map: hereditary', async (load, t) => {
  const py = await load();
  const o = { x: { y: 2 }, list: [{ q: 1 }], n: 3, f() { return 1; } };
  raises(t, py, { o }, 'o.as_object_map()["x"]["y"]', 'TypeError', /subscript/);
  t.equal(
    seen(py, { o }, 'h = o.as_object_map(hereditary=True)\nh["x"]["y"], h.get("x")["y"], [v["y"] for k, v in h.items() if k == "x"], h["n"], h["f"]()'),
    '(2, 2, [2], 3, 1)',
  );
  t.equal(
    seen(
      py,
      { o },
      'h = o.as_object_map(hereditary=True)\nisinstance(h["x"], JsMutableMap), isinstance(h["list"], JsMutableMap), h["list"][0].q',
    ),
    '(True, False, 1)',
  );
  t.equal(
    seen(py, { o: { x: { y: 2 }, z: { w: 1 } } }, 'h = o.as_object_map(hereditary=True)\nh.pop("x")["y"], h.popitem()[1]["w"]'),
    '(2, 1)',
  );
  t.equal(seen(py, { o: { x: Object.create(null) } }, 'isinstance(o.as_object_map(hereditary=True)["x"], JsMutableMap)'), 'True');
});

test('as_object_map and as_py_json: only where an object is just an object', async (load, t) => {
  const py = await load();
  const values = {
    array: [1], func: () => 1, typed: new Uint8Array(1), buffer: new ArrayBuffer(1), error: new Error('x'),
    generator: (function* () {})(),
  };
  for (const [name, o] of Object.entries(values)) {
    t.equal(
      seen(py, { o }, 'hasattr(o, "as_object_map"), hasattr(o, "as_py_json")'),
      `(False, ${name === 'array' ? 'True' : 'False'})`,
      name,
    );
  }
});

test('as_py_json: like json.loads', async (load, t) => {
  const py = await load();
  const o = { a: 1, b: { c: [{ d: 2 }, [3]] }, n: null, l: [{ x: 5 }, 6] };
  t.equal(
    seen(py, { o }, 'p = o.as_py_json()\np["a"], p["b"]["c"][0]["d"], p["b"]["c"][1][0], p["n"], len(p), list(p)'),
    "(1, 2, 3, jsnull, 4, ['a', 'b', 'n', 'l'])",
  );
  t.equal(
    seen(
      py,
      { o },
      'p = o.as_py_json()\n[e["x"] for e in p["l"] if not isinstance(e, int)], p["l"][:1][0]["x"], list(p["l"])[0]["x"]',
    ),
    '([5], 5, 5)',
  );
  t.equal(
    seen(py, { o }, 'p = o.as_py_json()\np.get("b")["c"][0]["d"], "a" in p, p.get("z"), p.setdefault("n")'),
    '(2, True, None, jsnull)',
  );
  t.equal(
    seen(
      py,
      { o },
      'p = o.as_py_json()\nisinstance(p, JsMutableMap), isinstance(p["l"], JsArray), isinstance(p["l"], JsMutableMap)',
    ),
    '(True, True, False)',
  );
  raises(t, py, { o }, 'o.as_py_json()["z"]', 'KeyError', /z/);
  t.equal(seen(py, { a: [{ x: 2 }, { x: 7 }] }, '[e["x"] for e in a.as_py_json()]'), '[2, 7]');
});

test('as_py_json: writing, matching, going back', async (load, t) => {
  const py = await load();
  const o = { l: [1], gone: 2 };
  run(py, { o, extra: { q: 1 } }, 'p = o.as_py_json()\np["new"] = "n"\ndel p["gone"]\np["l"].append(extra)\np["l"][1]["q"] = 5');
  t.same(o, { l: [1, { q: 5 }], new: 'n' });
  t.equal(run(py, { o }, 'o.as_py_json()'), o);
  t.equal(seen(py, { o }, 'match o.as_py_json():\n    case {"l": [first, {"q": q}]}: found = (first, q)\nfound'), '(1, 5)');
  t.equal(
    seen(py, { o }, 'o.as_py_json().to_py(), o.as_py_json()["l"].to_py()'),
    "({'l': [1, {'q': 5}], 'new': 'n'}, [1, {'q': 5}])",
  );
});

test('as_py_json: json.dumps with a default', async (load, t) => {
  const py = await load();
  const o = { x: [1, { y: null }], t: true };
  const code = 'import json\njson.dumps(o.as_py_json(), default=lambda v: list(v) if isinstance(v, JsArray) else dict(v))';
  t.equal(run(py, { o }, code), '{"x": [1, {"y": null}], "t": true}');
});

test('hostile objects behind mappings raise what they throw', async (load, t) => {
  const py = await load();
  const boom = (what) => () => {
    throw new RangeError(what);
  };
  const o = { get: boom('get'), set: boom('set'), delete: boom('delete'), has: boom('has'), [Symbol.iterator]: boom('iterate') };
  for (const [code, word] of [['o[1]', /get/], ['o[1] = 2', /set/], ['del o[1]', /delete/], ['1 in o', /has/], ['list(o)', /iterate/]]) {
    raises(t, py, { o }, code, 'JsException', word);
  }
  const traps = ['ownKeys', 'getOwnPropertyDescriptor', 'has', 'deleteProperty'];
  const p = new Proxy({}, Object.fromEntries(traps.map((trap) => [trap, boom(trap)])));
  for (const code of ['len(m)', 'list(m)', '"a" in m', 'm["a"]', 'del m["a"]', 'm.clear()']) {
    raises(t, py, { p }, `m = p.as_object_map()\n${code}`, 'JsException', /RangeError/);
  }
  const getter = { get a() { throw new RangeError('getter'); } };
  raises(t, py, { getter }, 'getter.as_object_map()["a"]', 'JsException', /getter/);
  raises(t, py, { getter }, 'list(getter.as_py_json().values())', 'JsException', /getter/);
  raises(t, py, { o: Object.freeze({ a: 1 }) }, 'o.as_object_map()["b"] = 1', 'JsException', /TypeError/);
});

test('a length that lies', async (load, t) => {
  const py = await load();
  const withLength = (length) => new Proxy([1, 2, 3], { get: (target, key) => (key === 'length' ? length : Reflect.get(target, key)) });
  for (const code of ['len(p)', 'p[-1]', 'p[0:2]', 'p.pop()']) raises(t, py, { p: withLength(-1) }, code, 'ValueError', /length|negative/);
  t.equal(seen(py, { p: withLength(1000) }, 'len(p), p[0], len(p[0:10])'), '(1000, 1, 10)');
  for (const code of ['p[-1]', 'p[999]']) raises(t, py, { p: withLength(1000) }, code, 'IndexError');
  const len = (length) => ({ o: { length } });
  raises(t, py, len(-1), 'len(o)', 'ValueError', /negative|length/);
  raises(t, py, len(2 ** 40), 'len(o)', 'OverflowError', /large/);
  raises(t, py, len(Infinity), 'len(o)', 'OverflowError', /large/);
  raises(t, py, len('5'), 'len(o)', 'TypeError', /len/);
  t.equal(seen(py, { o: { size: 'x', length: 2 } }, 'len(o)'), '2');
});
