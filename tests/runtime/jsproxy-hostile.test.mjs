/** JsProxy of objects that lie, throw, recurse or come from elsewhere: an exception each time, never the end. */
import { otherRealm, raises, raisesAsync, run, seen, seenAsync } from '../harness/bridge.mjs';
import { test } from '../harness/body.mjs';

const NO_WORKERS = 'workers have no second realm';

const boom = (what) => () => {
  throw new RangeError(what);
};

test('getters and setters that throw', async (load, t) => {
  const py = await load();
  const o = { get x() { throw new RangeError('get x'); }, set x(_) { throw new RangeError('set x'); } };
  raises(t, py, { o }, 'o.x', 'JsException', /get x/);
  raises(t, py, { o }, 'o.x = 1', 'JsException', /set x/);
  raises(t, py, { o }, 'hasattr(o, "x")', 'JsException', /get x/);
  raises(t, py, { o }, 'getattr(o, "x", 5)', 'JsException', /get x/);
  raises(t, py, { o }, 'o.x()', 'JsException', /get x/);
  raises(t, py, { o }, 'o.to_py()', 'JsException', /get x/);
  raises(t, py, { o }, 'list(o.object_values())', 'JsException', /get x/);
  for (const thrown of [5, 'text', undefined, null, { a: 1 }, Symbol('s')]) {
    raises(t, py, { o: { get x() { throw thrown; } } }, 'o.x', 'JsException');
  }
});

test('Proxy traps that throw', async (load, t) => {
  const py = await load();
  const traps = ['get', 'set', 'has', 'deleteProperty', 'ownKeys', 'getPrototypeOf', 'getOwnPropertyDescriptor', 'defineProperty'];
  const o = new Proxy({}, Object.fromEntries(traps.map((trap) => [trap, boom(trap)])));
  const uses = ['o.a', 'o.a = 1', 'del o.a', 'hasattr(o, "a")', 'dir(o)', 'repr(o)', 'str(o)', 'o.object_keys()', 'o.to_py()'];
  for (const code of [...uses, 'o.a()']) {
    raises(t, py, { o }, code, 'JsException', /RangeError/);
  }
  t.equal(seen(py, { o, again: o }, 'o == again, isinstance(o, JsProxy), o.typeof'), "(True, True, 'object')");
  const f = new Proxy(() => 1, { apply: boom('apply'), construct: boom('construct') });
  raises(t, py, { f }, 'f()', 'JsException', /apply/);
  raises(t, py, { f }, 'f.new()', 'JsException', /construct/);
});

test('one trap at a time', async (load, t) => {
  const py = await load();
  const guarded = (trap) => new Proxy({ a: 1 }, { [trap]: boom(trap) });
  raises(t, py, { o: guarded('set') }, 'o.b = 1', 'JsException', /set/);
  raises(t, py, { o: guarded('deleteProperty') }, 'del o.a', 'JsException', /deleteProperty/);
  raises(t, py, { o: guarded('ownKeys') }, 'dir(o)', 'JsException|TypeError');
  raises(t, py, { o: guarded('ownKeys') }, 'o.to_py()', 'JsException', /ownKeys/);
  raises(t, py, { o: guarded('has') }, 'o.missing', 'JsException', /has/);
  const all = new Proxy({}, { get: (_, key) => (typeof key === 'string' ? `got ${key}` : undefined), has: () => true });
  t.equal(seen(py, { all }, 'all.anything, hasattr(all, "whatever")'), "('got anything', True)");
});

test('getters, traps and toString that recurse', { timeout: 120 }, async (load, t) => {
  const py = await load();
  const overflow = /stack|recursion/i;
  raises(t, py, { o: { get x() { return this.x; } } }, 'o.x', 'JsException', overflow);
  raises(t, py, { o: { toString() { return `${this}`; } } }, 'repr(o)', 'JsException', overflow);
  const p = new Proxy({}, { get: (_, key, self) => self[`${String(key)}x`] });
  raises(t, py, { p }, 'p.a', 'JsException', /stack|recursion|memory|length|allocation/i);
  raises(t, py, { o: { get(key) { return this.get(key); } } }, 'o["a"]', 'JsException', overflow);
  raises(t, py, { o: { [Symbol.iterator]() { return this[Symbol.iterator](); } } }, 'list(o)', 'JsException', overflow);
});

test('a toString that is no good', async (load, t) => {
  const py = await load();
  raises(t, py, { o: { toString: boom('toString') } }, 'repr(o)', 'JsException', /toString/);
  raises(t, py, { o: { toString: boom('toString') } }, 'f"{o}"', 'JsException', /toString/);
  raises(t, py, { o: { toString: () => 5 } }, 'str(o)', 'TypeError|JsException', /str/);
  raises(t, py, { o: { toString: () => ({}) } }, 'repr(o)', 'TypeError|JsException', /str/);
  raises(t, py, { o: { toString: () => Symbol('s') } }, 'repr(o)', 'TypeError|JsException', /str/i);
});

test('a revoked Proxy', async (load, t) => {
  const py = await load();
  const { proxy: o, revoke } = Proxy.revocable({}, {});
  revoke();
  t.equal(seen(py, { o, again: o }, 'isinstance(o, JsProxy), o == again, o.typeof'), "(True, True, 'object')");
  for (const code of ['o.a', 'o.a = 1', 'del o.a', 'hasattr(o, "a")', 'repr(o)', 'dir(o)', 'o.to_py()', 'o.object_keys()']) {
    raises(t, py, { o }, code, 'JsException', /TypeError/);
  }
  for (const code of ['len(m)', 'm["a"]', '"a" in m', 'list(m)']) {
    raises(t, py, { o }, `m = o.as_object_map()\n${code}`, 'JsException', /TypeError/);
  }
  const call = Proxy.revocable(() => 1, {});
  call.revoke();
  raises(t, py, { f: call.proxy }, 'f()', 'JsException', /TypeError/);
  raises(t, py, { f: call.proxy }, 'f.new()', 'JsException', /TypeError/);
  const keep = Proxy.revocable([1, 2], {});
  raises(t, py, { a: keep.proxy, revoke: keep.revoke }, 'revoke()\nlen(a)', 'JsException', /TypeError/);
  raises(t, py, { a: keep.proxy }, 'a[0]', 'JsException|TypeError');
});

test('objects with a null prototype', async (load, t) => {
  const py = await load();
  const o = Object.assign(Object.create(null), { a: 1, f(x) { return this.a + x; } });
  t.equal(
    seen(py, { o }, 'o.a, o.f(1), hasattr(o, "toString"), repr(o), bool(o), o.typeof'),
    "(1, 2, False, '[object Object]', True, 'object')",
  );
  run(py, { o }, 'o.b = 2\ndel o.a');
  t.equal(o.b, 2);
  t.equal(seen(py, { o: Object.assign(Object.create(null), { a: 1 }) }, 'o.to_py()'), "{'a': 1}");
  t.equal(seen(py, { a: Object.setPrototypeOf([1, 2], null) }, 'a[0], len(a), a.to_py()'), '(1, 2, [1, 2])');
  const f = Object.setPrototypeOf((x) => x + 1, null);
  t.equal(seen(py, { f }, 'f(1), callable(f)'), '(2, True)');
});

test('symbols', async (load, t) => {
  const py = await load();
  const s = Symbol('mine');
  t.equal(run(py, { s, f: (x) => x === s }, 'f(s)'), true);
  t.equal(seen(py, { s }, 's.typeof, repr(s), s.description, bool(s)'), "('symbol', 'Symbol(mine)', 'mine', True)");
  t.equal(run(py, { m: new Map([[s, 'found']]), s }, 'm[s]'), 'found');
  t.equal(run(py, { Reflect, o: { [s]: 5 }, s }, 'Reflect.get(o, s)'), 5);
  raises(t, py, { s }, 's.nope', 'AttributeError|JsException', /nope|symbol/i);
  const o = { [s]: 1, plain: 2 };
  t.equal(
    seen(py, { o }, '"plain" in dir(o), len(o.as_object_map()), o.to_py(), list(o.object_keys())'),
    "(True, 1, {'plain': 2}, ['plain'])",
  );
});

test('strings that are no names, names that are no strings', async (load, t) => {
  const py = await load();
  const o = { '': 'empty', '🐍': 'snake', ['x'.repeat(10_000)]: 'long' };
  t.equal(seen(py, { o }, 'getattr(o, ""), getattr(o, "🐍"), getattr(o, "x" * 10_000)'), "('empty', 'snake', 'long')");
  t.equal(seen(py, { o: {} }, 'setattr(o, "__proto__", None)\no.typeof'), "'object'");
});

test('objects that change while they are used', async (load, t) => {
  const py = await load();
  const a = [1, 2, 3, 4];
  t.equal(seen(py, { a }, 'out = []\nfor x in a:\n    out.append(x)\n    if len(a) > 2: a.pop()\nout'), '[1, 2]');
  const shrinking = new Proxy([1, 2, 3, 4], {
    get(target, key, self) {
      if (key === '0') target.length = 1;
      return Reflect.get(target, key, self);
    },
  });
  t.equal(run(py, { shrinking }, 'try: r = str(list(shrinking[0:4]))\nexcept Exception: r = "raised"\nisinstance(r, str)'), true);
  const nasty = { valueOf() { a.length = 0; return 1; } };
  t.equal(run(py, { a, nasty }, 'a.extend([1, 2, 3])\nlen(a) >= 3'), true);
  t.equal(run(py, { a: [3, 1, 2] }, 'def cmp(x, y):\n    a.length = 0\n    return x - y\na.sort(cmp)\nlen(a) >= 0'), true);
});

test('a class that a proxy had no business to be', async (load, t) => {
  const py = await load();
  // Detection looks at live values: whatever the getters answer, there is a proxy or an exception.
  for (const key of ['length', 'size', 'then', 'get', 'has', 'next', 'constructor', Symbol.iterator, Symbol.toStringTag, Symbol.dispose]) {
    const o = Object.defineProperty({}, key, { get: boom('detection') });
    const outcome = 'try: r = make().typeof\nexcept JsException as e: r = e.message\nr';
    t.match(run(py, { make: () => o }, outcome), /^(object|detection)$/, String(key));
  }
  t.equal(
    seen(py, { o: { length: 'x', size: null, get: 5, then: 5, next: 5 } }, 'o.length, o.get, type(o).__name__'),
    "('x', 5, 'JsProxy')",
  );
});

test('objects of another realm', { only: { node: NO_WORKERS, window: NO_WORKERS } }, async (load, t) => {
  const py = await load();
  const realm = await otherRealm(t);
  const kinds = 'JsArray JsMutableMap JsException JsCallable JsTypedArray JsBuffer JsPromise'.split(' ');
  const check = (o, expected, to) => {
    t.equal(
      seen(py, { o }, `[n for n in ${JSON.stringify(kinds)} if isinstance(o, globals()[n])], type(o.to_py()).__name__`),
      `(${expected}, '${to}')`,
    );
  };
  t.ok(!(new realm.Array() instanceof Array), 'really another realm');
  check(realm.Array.of(1, 2), "['JsArray']", 'list');
  check(new realm.Map([[1, 2]]), "['JsMutableMap']", 'dict');
  check(new realm.Set([1]), '[]', 'set');
  check(new realm.Object(), '[]', 'dict');
  check(new realm.RangeError('far'), "['JsException']", 'JsException');
  check(realm.Math.max, "['JsCallable']", 'JsProxy');
  check(new realm.Uint8Array(2), "['JsArray', 'JsTypedArray', 'JsBuffer']", 'memoryview');
  check(new realm.ArrayBuffer(2), "['JsBuffer']", 'memoryview');
  check(realm.Promise.resolve(5), "['JsPromise']", 'JsProxy');
  check(new realm.Date(0), '[]', 'JsProxy');
  t.equal(
    seen(
      py,
      { a: realm.Array.of(1, 2, 3), m: new realm.Map([['k', 'v']]), u: realm.Uint8Array.of(7) },
      'a[1:], m["k"], u.to_bytes(), sum(a)',
    ),
    "(2,3, 'v', b'\\x07', 6)",
  );
  t.equal(
    await seenAsync(py, { o: { p: realm.Promise.resolve(5) }, f: () => realm.Promise.resolve(6) }, 'await o.p, await f()'),
    '(5, 6)',
  );
});

test('errors of another realm', { only: { node: NO_WORKERS, window: NO_WORKERS } }, async (load, t) => {
  const py = await load();
  const realm = await otherRealm(t);
  raises(t, py, { parse: realm.JSON.parse }, 'parse("{")', 'JsException', /SyntaxError/);
  raises(t, py, { f: () => { throw new realm.TypeError('from afar'); } }, 'f()', 'JsException', /TypeError: from afar/);
  raises(t, py, { error: new realm.RangeError('far') }, 'raise error', 'JsException', /RangeError: far/);
  await raisesAsync(t, py, { f: () => realm.Promise.reject(new realm.RangeError('later')) }, 'await f()', 'JsException', /later/);
});
