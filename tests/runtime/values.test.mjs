/** Values that cross the border by copy, in both directions. */
import { test } from '../harness/body.mjs';

const roundTrip = (py, value) => {
  py.globals.set('value', value);
  return py.runPython('value');
};

/** The repr that Python sees of a JavaScript value. */
const seen = (py, value) => {
  py.globals.set('value', value);
  return py.runPython('f"{type(value).__name__} {value!r}"');
};

/** `toJs` where a live proxy comes back (the peer), the value itself where a copy does. */
const copy = (value) => (typeof value?.toJs === 'function' ? value.toJs() : value);

test('None, True and False', async (load, t) => {
  const py = await load();
  t.equal(py.runPython('None'), undefined);
  t.equal(py.runPython('True'), true);
  t.equal(py.runPython('False'), false);
  t.equal(seen(py, true), 'bool True');
  t.equal(seen(py, false), 'bool False');
  t.equal(seen(py, undefined), 'NoneType None');
});

test('int: small ones are numbers, beyond 2**53 bigints', async (load, t) => {
  const py = await load();
  t.equal(py.runPython('0'), 0);
  t.equal(py.runPython('-1'), -1);
  t.equal(py.runPython('2**31'), 2 ** 31);
  t.equal(py.runPython('-2**31 - 1'), -(2 ** 31) - 1);
  t.equal(py.runPython('2**53 - 2'), Number.MAX_SAFE_INTEGER - 1);
  t.equal(py.runPython('-(2**53 - 2)'), Number.MIN_SAFE_INTEGER + 1);
  // The last safe integer itself may come as either: the peer makes a bigint of it.
  t.equal(BigInt(py.runPython('2**53 - 1')), 2n ** 53n - 1n);
  t.equal(py.runPython('2**53'), 2n ** 53n);
  t.equal(py.runPython('-2**53'), -(2n ** 53n));
  t.equal(py.runPython('2**64'), 2n ** 64n);
  t.equal(py.runPython('-2**64 + 1'), -(2n ** 64n) + 1n);
  t.equal(py.runPython('-2**200'), -(2n ** 200n));
  t.equal(py.runPython('2**5000 - 1'), 2n ** 5000n - 1n);
});

test('int: from JavaScript', async (load, t) => {
  const py = await load();
  t.equal(seen(py, 0), 'int 0');
  t.equal(seen(py, -7), 'int -7');
  t.equal(seen(py, 2 ** 40), `int ${2 ** 40}`);
  t.equal(seen(py, Number.MAX_SAFE_INTEGER), 'int 9007199254740991');
  for (const big of [0n, 1n, -1n, 2n ** 63n, -(2n ** 63n), 2n ** 64n, -(2n ** 200n), 10n ** 500n]) {
    t.equal(BigInt(roundTrip(py, big)), big);
    t.equal(py.runPython('f"{isinstance(value, int)} {int(value)}"'), `True ${big}`);
  }
});

test('int: random ones of every length survive both ways', async (load, t) => {
  const py = await load();
  let state = 12345n;
  for (let bits = 1n; bits < 300n; bits += 3n) {
    state = (state * 6364136223846793005n + 1442695040888963407n) & ((1n << 320n) - 1n);
    const value = (state & ((1n << bits) - 1n)) * (bits % 2n === 0n ? -1n : 1n);
    t.equal(BigInt(roundTrip(py, value)), value, `${bits} bits`);
    t.equal(py.runPython('str(value)'), String(value));
  }
});

test('float: exact, with NaN, infinities and -0', async (load, t) => {
  const py = await load();
  t.equal(py.runPython('0.1'), 0.1);
  t.equal(py.runPython('float("nan")'), NaN);
  t.equal(py.runPython('float("inf")'), Infinity);
  t.equal(py.runPython('float("-inf")'), -Infinity);
  t.equal(py.runPython('-0.0'), -0);
  t.equal(py.runPython('5e-324'), 5e-324);
  t.equal(py.runPython('1.7976931348623157e308'), Number.MAX_VALUE);
  t.equal(seen(py, 0.1), 'float 0.1');
  t.equal(seen(py, NaN), 'float nan');
  t.equal(seen(py, -Infinity), 'float -inf');
  t.equal(seen(py, 5e-324), 'float 5e-324');
  t.equal(seen(py, 1e300), 'float 1e+300');
});

test('float: -0 from JavaScript keeps its sign', { skip: { peer: 'the peer makes int 0 of -0' } }, async (load, t) => {
  const py = await load();
  py.globals.set('value', -0);
  t.equal(py.runPython('import math; math.copysign(1.0, value)'), -1);
});

test('str: ASCII, Latin-1, BMP, astral, NUL, lone surrogates', async (load, t) => {
  const py = await load();
  const strings = ['', 'a', 'é', 'ÿ', '€', '한국어', '🐍', 'a\0b', '\0', '\ud83d', 'x\udc0d', '\udc0d\ud83d', '🐍\ud83d'];
  for (const text of strings) {
    t.equal(roundTrip(py, text), text);
    const points = [...text].map((c) => c.codePointAt(0));
    t.same(copy(py.runPython('[ord(c) for c in value]')), points);
  }
  t.equal(py.runPython('"\\U0001F40D" + chr(0) + "\\ud83d"'), '🐍\0\ud83d');
  t.equal(py.runPython('"x" * 1_000_000').length, 1_000_000);
  t.equal(roundTrip(py, 'é🐍'.repeat(100_000)), 'é🐍'.repeat(100_000));
});

test('bytes: to a Uint8Array of its own', async (load, t) => {
  const py = await load();
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  const bytes = copy(py.runPython('bytes(range(256))'));
  t.same(bytes, all);
  bytes[0] = 99;
  t.equal(py.runPython('bytes(range(256))[0]'), 0, 'a copy, not the interpreter\'s memory');
  t.same(copy(py.runPython('b""')), new Uint8Array(0));
  py.globals.set('value', all);
  t.equal(py.runPython('bytes(memoryview(value) if isinstance(value, (bytes, bytearray)) else value.to_py()) == bytes(range(256))'), true);
});

test('list and tuple: nested copies to arrays', async (load, t) => {
  const py = await load();
  t.same(copy(py.runPython('[1, [2.5, "x"], (True, None), []]')), [1, [2.5, 'x'], [true, undefined], []]);
  t.same(copy(py.runPython('(1, 2, 3)')), [1, 2, 3]);
  t.same(copy(py.runPython('()')), []);
  t.same(copy(py.runPython('list(range(10_000))')), Array.from({ length: 10_000 }, (_, i) => i));
});

/** A copied dict is a Map, or an object when all its keys are strings; both keep the order. */
const entries = (value) => {
  const copied = copy(value);
  return copied instanceof Map ? [...copied] : Object.entries(copied);
};

test('dict: copies keep order and nest', async (load, t) => {
  const py = await load();
  const outer = entries(py.runPython('{"b": 1, "a": {"c": [2]}, "10": None}'));
  t.same(outer.map(([key]) => key).sort(), ['10', 'a', 'b']);
  const inner = outer.find(([key]) => key === 'a')[1];
  t.same(entries(inner), [['c', [2]]]);
  t.same(entries(py.runPython('{}')), []);
});

test('set: to a Set', async (load, t) => {
  const py = await load();
  t.same(copy(py.runPython('{1, 2, 3}')), new Set([1, 2, 3]));
  t.same(copy(py.runPython('set()')), new Set());
});

test('toPy: Array, object, Map and Set become copies', async (load, t) => {
  const py = await load();
  const check = (value, expected) => {
    py.globals.set('value', py.toPy(value));
    t.equal(py.runPython('f"{type(value).__name__} {value!r}"'), expected);
  };
  check([1, 'two', [3.5, null === undefined]], "list [1, 'two', [3.5, False]]");
  check({ a: 1, b: { c: [2] } }, "dict {'a': 1, 'b': {'c': [2]}}");
  check(new Map([[1, 'x'], ['y', new Map()]]), "dict {1: 'x', 'y': {}}");
  check(new Set([5]), 'set {5}');
  check([], 'list []');
});

test('a list that contains itself does not hang or overflow', async (load, t) => {
  const py = await load();
  py.runPython('loop = [1]; loop.append(loop); 0');
  let value;
  try {
    value = copy(py.runPython('loop'));
  } catch (error) {
    t.match(error.message, /recurs|circular|cycl|itself/i);
    return;
  }
  t.equal(value[0], 1);
  t.equal(value[1], value, 'the copy contains itself');
});

test('subclasses convert as their base', async (load, t) => {
  const py = await load();
  t.equal(py.runPython('import enum\nclass E(enum.IntEnum):\n  A = 7\nint(E.A)'), 7);
  t.equal(py.runPython('class S(str): pass\nS("text")').toString(), 'text');
  t.equal(py.runPython('bool(1)'), true);
});
