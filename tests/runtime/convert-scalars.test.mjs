/** Immutable values across the border: every kind of number, string and nothing, in both directions. */
import { test } from '../harness/body.mjs';

/** What Python sees of a JavaScript value: its type and its repr. */
const seen = (py, value) => {
  py.globals.set('value', value);
  return py.runPython('f"{type(value).__name__} {value!r}"');
};

/** The value after one visit to Python. */
const visit = (py, value) => {
  py.globals.set('value', value);
  return py.globals.get('value');
};

test('number to Python: safe integers are int, all others float', async (load, t) => {
  const py = await load();
  for (const value of [0, 1, -1, 255, 2 ** 31, -(2 ** 31) - 1, 2 ** 53 - 1, -(2 ** 53) + 1]) t.equal(seen(py, value), `int ${value}`);
  t.equal(seen(py, 2 ** 53), 'float 9007199254740992.0');
  t.equal(seen(py, -(2 ** 53)), 'float -9007199254740992.0');
  t.equal(seen(py, 2 ** 53 + 2), 'float 9007199254740994.0');
  t.equal(seen(py, 1e16), 'float 1e+16');
  t.equal(seen(py, 0.5), 'float 0.5');
  t.equal(seen(py, -0.1), 'float -0.1');
  t.equal(seen(py, Number.MIN_VALUE), 'float 5e-324');
  t.equal(seen(py, Infinity), 'float inf');
  t.equal(seen(py, NaN), 'float nan');
});

test('number: the same number after a visit to Python', async (load, t) => {
  const py = await load();
  const values = [
    0,
    1,
    -1,
    1.5,
    2 ** 31,
    -(2 ** 31),
    2 ** 32,
    2 ** 53 - 2,
    2 ** 53,
    2 ** 53 + 2,
    -(2 ** 64),
    1e300,
    -1e-300,
    5e-324,
    NaN,
    Infinity,
    -Infinity,
  ];
  for (const value of values) t.equal(visit(py, value), value);
});

test('number: the last safe integer is a number after a visit', { skip: { peer: 'the peer makes a bigint of it' } }, async (load, t) => {
  const py = await load();
  t.equal(visit(py, Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
  t.equal(visit(py, Number.MIN_SAFE_INTEGER), Number.MIN_SAFE_INTEGER);
});

test('number: -0 keeps its sign', { skip: { peer: 'the peer makes int 0 of -0' } }, async (load, t) => {
  const py = await load();
  t.equal(seen(py, -0), 'float -0.0');
  t.equal(visit(py, -0), -0);
  t.equal(py.runPython('lambda x: x')(-0), -0);
});

test('int to JavaScript: bigints begin where numbers end', async (load, t) => {
  const py = await load();
  for (const exponent of [29, 30, 31, 32, 52]) {
    t.equal(py.runPython(`2**${exponent}`), 2 ** exponent);
    t.equal(py.runPython(`-(2**${exponent})`), -(2 ** exponent));
    t.equal(py.runPython(`2**${exponent} - 1`), 2 ** exponent - 1);
  }
  for (const exponent of [53, 59, 60, 63, 64, 89, 90, 127, 128]) {
    const power = 2n ** BigInt(exponent);
    t.equal(py.runPython(`2**${exponent}`), power);
    t.equal(py.runPython(`-(2**${exponent})`), -power);
    t.equal(py.runPython(`2**${exponent} + 1`), power + 1n);
    t.equal(py.runPython(`-(2**${exponent}) - 1`), -power - 1n);
  }
});

test('int: thousands of digits, of either sign, in both directions', async (load, t) => {
  const py = await load();
  py.runPython('import sys; sys.set_int_max_str_digits(0)');
  for (const digits of [100, 1000, 5000, 20_000]) {
    const text = '9876543210'.repeat(digits / 10);
    for (const sign of ['', '-']) {
      const value = BigInt(sign + text);
      t.equal(visit(py, value), value, `${digits} digits`);
      t.equal(py.runPython(`value == int("${sign}" + "9876543210" * ${digits / 10})`), true);
      t.equal(py.runPython(`int("${sign}" + "9876543210" * ${digits / 10})`), value);
    }
  }
});

test('int: every length around the digits of a Python int', async (load, t) => {
  const py = await load();
  for (let bits = 1n; bits <= 200n; bits++) {
    for (const value of [2n ** bits - 1n, 2n ** bits, -(2n ** bits) + 1n, -(2n ** bits), -(2n ** bits) - 1n]) {
      t.equal(visit(py, value), value);
      t.equal(py.runPython('hex(value)'), value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`);
    }
  }
});

test('bigint is a JsBigInt: an int that goes back as a bigint', async (load, t) => {
  const py = await load();
  for (const value of [0n, 1n, -1n, 2n ** 53n, -(2n ** 64n)]) {
    t.equal(seen(py, value), `JsBigInt ${value}`);
    t.equal(visit(py, value), value, 'small ones, too');
  }
  py.globals.set('value', 5n);
  t.equal(
    py.runPython(`
from pyodide.ffi import JsBigInt
repr((isinstance(value, int), type(value) is JsBigInt, value == 5, hash(value) == hash(5), {5: "x"}[value], bool(JsBigInt(0)), f"{value:03d}", list(range(value))[-1]))`),
    "(True, True, True, True, 'x', False, '005', 4)",
  );
  t.equal(py.runPython('JsBigInt(7)'), 7n);
  t.equal(py.runPython('JsBigInt("-12")'), -12n);
  t.equal(py.runPython('JsBigInt(2**70)'), 2n ** 70n);
});

test('JsBigInt: arithmetic keeps the type of the left operand', async (load, t) => {
  const py = await load();
  py.runPython('from pyodide.ffi import JsBigInt\nbig = JsBigInt(7)');
  const results = {
    'big + 1': 8n,
    'big - 1': 6n,
    'big // 2': 3n,
    'big % 4': 3n,
    'big ** 2': 49n,
    'pow(big, 2, 5)': 4n,
    'big << 1': 14n,
    'big >> 1': 3n,
    'big & 3': 3n,
    'big | 8': 15n,
    'big ^ 1': 6n,
    '-big': -7n,
    '+big': 7n,
    '~big': -8n,
    'abs(-big)': 7n,
  };
  for (const [code, value] of Object.entries(results)) t.equal(py.runPython(code), value, code);
  const plain = { '1 + big': 8, '2 ** JsBigInt(3)': 8, 'int(big)': 7, 'big / 2': 3.5, 'big + 0.5': 7.5, 'big ** -1': 1 / 7 };
  for (const [code, value] of Object.entries(plain)) t.equal(py.runPython(code), value, code);
});

test('JsBigInt: products, too', { skip: { peer: "the peer's products are plain ints" } }, async (load, t) => {
  const py = await load();
  t.equal(py.runPython('from pyodide.ffi import JsBigInt\nJsBigInt(7) * 2'), 14n);
});

test('float to JavaScript: always a number', async (load, t) => {
  const py = await load();
  for (const [code, value] of [
    ['1.0', 1],
    ['-0.0', -0],
    ['2.0**53', 2 ** 53],
    ['1e22', 1e22],
    ['float("-inf")', -Infinity],
    ['5e-324', 5e-324],
  ]) {
    t.equal(py.runPython(code), value, code);
  }
  t.equal(py.runPython('float("nan")'), NaN);
});

test('bool is not a number', async (load, t) => {
  const py = await load();
  t.equal(visit(py, true), true);
  t.equal(visit(py, false), false);
  t.equal(py.runPython('1 == 1'), true);
  t.equal(seen(py, true), 'bool True');
});

test('subclasses of int, float and str cross as values', async (load, t) => {
  const py = await load();
  py.runPython(`
import enum
class I(int): pass
class F(float): pass
class S(str): pass
class Level(enum.IntEnum):
    HIGH = 7
class Word(enum.StrEnum):
    YES = "yes"`);
  for (const [code, value] of [
    ['I(5)', 5],
    ['I(2**60)', 2n ** 60n],
    ['F(1.5)', 1.5],
    ['S("é")', 'é'],
    ['Level.HIGH', 7],
    ['Word.YES', 'yes'],
  ]) {
    t.equal(py.runPython(code), value, code);
  }
});

test('undefined is None, null is jsnull, and both come back', async (load, t) => {
  const py = await load();
  t.equal(seen(py, undefined), 'NoneType None');
  t.equal(seen(py, null), 'JsNull jsnull');
  t.equal(visit(py, null), null);
  t.equal(visit(py, undefined), undefined);
  t.equal(
    py.runPython(`
from pyodide.ffi import jsnull
import copy, json, pickle
repr((jsnull is None, jsnull == None, jsnull == jsnull, bool(jsnull), str(jsnull), type(jsnull)() is jsnull, jsnull.typeof))`),
    "(False, False, True, False, 'jsnull', True, 'object')",
  );
  t.equal(
    py.runPython('repr((copy.deepcopy(jsnull) is jsnull, pickle.loads(pickle.dumps(jsnull)) is jsnull, {jsnull: 1}[jsnull]))'),
    '(True, True, 1)',
  );
  t.equal(py.runPython('json.dumps([jsnull, {"a": jsnull}, {jsnull: 1}])'), '[null, {"a": null}, {"null": 1}]');
  t.equal(py.runPython('json.dumps([jsnull], indent=1)'), '[\n null\n]');
  t.equal(t.throws(() => py.runPython('jsnull < 1')).type, 'TypeError');
});

test('null wherever a value can be', async (load, t) => {
  const py = await load();
  py.globals.set('nothing', () => null);
  py.globals.set('holder', { a: null, b: [null, undefined] });
  t.equal(
    py.runPython('repr((nothing(), holder.a, holder.b[0], list(holder.b), holder.to_py()))'),
    "(jsnull, jsnull, jsnull, [jsnull, None], {'a': jsnull, 'b': [jsnull, None]})",
  );
  t.equal(py.runPython('lambda x: x is jsnull')(null), true);
  t.equal(py.runPython('lambda x: x is None')(undefined), true);
  t.equal(py.runPython('lambda **k: repr(k)').callKwargs({ a: null, b: undefined }), "{'a': jsnull, 'b': None}");
  t.same(py.runPython('[None, jsnull, (jsnull,)]').toJs(), [undefined, null, [null]]);
});

test('option convertNullToNone: null is None and comes back undefined', { timeout: 120 }, async (load, t) => {
  const py = await load({ convertNullToNone: true });
  t.equal(seen(py, null), 'NoneType None');
  t.equal(visit(py, null), undefined);
  py.globals.set('nothing', () => null);
  py.globals.set('later', async () => null);
  py.globals.set('holder', { a: null, b: [null] });
  t.equal(
    py.runPython('repr((nothing(), holder.a, holder.b[0], list(holder.b), holder.to_py(), holder.as_py_json()["a"]))'),
    "(None, None, None, [None], {'a': None, 'b': [None]}, None)",
  );
  t.equal(await py.runPythonAsync('repr(await later())'), 'None');
  py.globals.set('value', py.toPy([null, { a: null }, new Map([[null, null]]), new Set([null])]));
  t.equal(py.runPython('repr(value)'), "[None, {'a': None}, {None: None}, {None}]");
  t.equal(py.runPython('from pyodide.ffi import jsnull\njsnull'), null, 'jsnull stays null');
  t.same(py.runPython('[None, jsnull]').toJs(), [undefined, null]);
});

/** Strings that any shortcut for one width or one encoding gets wrong. */
const STRINGS = [
  '',
  '\0',
  'a\0b',
  'ascii',
  'é',
  'ÿ',
  'Ā',
  '€',
  '\uffff',
  '\ufeffbom',
  '한국어',
  '🐍',
  '\u{10ffff}',
  '\u{10000}',
  'aé€🐍',
  '🐍€éa',
  '👩‍👩‍👧‍👦',
  'e\u0301',
  '\u2028\u2029\r\n',
  '\ud800',
  '\udbff',
  '\udc00',
  '\udfff',
  'x\ud83d',
  '\ud83dx',
  'x\udc0d',
  '\udc0dx',
  '\udc0d\ud83d',
  '🐍\ud83d',
  '\ud83d🐍',
  '\udc0d🐍',
  '\ud83d\ud83d\udc0d\udc0d',
  'é\ud83d',
  '€\udfff\0',
];

test('str: the same code units after a visit, the same code points in Python', async (load, t) => {
  const py = await load();
  py.runPython('points = lambda s: ",".join(str(ord(c)) for c in s)');
  const points = py.globals.get('points');
  const back = py.runPython('lambda s: "".join(map(chr, s))');
  for (const text of STRINGS) {
    t.equal(visit(py, text), text);
    const expected = [...text].map((c) => c.codePointAt(0));
    t.equal(points(text), expected.join(','));
    t.equal(back(expected), text, 'made in Python');
  }
});

test('str: every code point', async (load, t) => {
  const py = await load();
  // Surrogates one by one: a high one before a low one would become one character.
  py.runPython('block = lambda first: "".join(chr(c) for c in range(first, first + 0x8000) if not 0xD800 <= c < 0xE000)');
  const make = py.globals.get('block');
  const check = py.runPython('lambda text, first: text == block(first)');
  for (let first = 0; first < 0x110000; first += 0x8000) {
    const points = Array.from({ length: 0x8000 }, (_, i) => first + i).filter((point) => point < 0xd800 || point > 0xdfff);
    const text = points.map((point) => String.fromCodePoint(point)).join('');
    t.ok(check(text, first), `to Python from ${first.toString(16)}`);
    t.ok(make(first) === text, `to JavaScript from ${first.toString(16)}`);
  }
  const lone = Array.from({ length: 0x800 }, (_, i) => String.fromCharCode(0xd800 + i)).join('.');
  t.ok(visit(py, lone) === lone, 'lone surrogates');
  t.ok(py.runPython('value == ".".join(map(chr, range(0xD800, 0xE000)))'), 'lone surrogates in Python');
});

test('str: two surrogates that meet become one character in JavaScript', async (load, t) => {
  const py = await load();
  t.equal(py.runPython('"\\ud83d\\udc0d"'), '🐍');
  t.equal(py.runPython('"\\ud83d" + "x" + "\\udc0d"'), '\ud83dx\udc0d');
  t.equal(py.runPython('lambda s: len(s)')('🐍'), 1);
});

test('str: 1 MB of each width, in both directions', async (load, t) => {
  const py = await load();
  const length = 1_000_000;
  for (const [name, unit] of Object.entries({ ascii: 'a', latin1: 'é', bmp: '€', astral: '🐍', surrogate: '\ud83d' })) {
    const text = unit.repeat(length);
    py.globals.set('value', text);
    py.globals.set('unit', unit);
    t.ok(py.runPython(`value == unit * ${length}`), `${name} to Python`);
    t.ok(py.runPython(`unit * ${length}`) === text, `${name} to JavaScript`);
  }
  const mixed = `${'a'.repeat(length)}🐍`;
  t.ok(visit(py, mixed) === mixed, 'wide only at its end');
});

test('str: as names of attributes, keys and keyword arguments', async (load, t) => {
  const py = await load();
  const holder = { 한국: 1, 'a b': 2, '🐍': 3, '': 4 };
  py.globals.set('holder', holder);
  for (const name of Object.keys(holder)) {
    py.globals.set('name', name);
    t.equal(py.runPython('getattr(holder, name)'), holder[name]);
    py.runPython('setattr(holder, name, 10)');
    t.equal(holder[name], 10);
  }
  t.same(py.runPython('lambda **k: list(k)').callKwargs({ '🐍': 1, é: 2 }).toJs(), ['🐍', 'é']);
});

test('symbols, boxed values, dates and functions are the same object after a visit', async (load, t) => {
  const py = await load();
  for (const value of [
    Symbol('s'),
    Symbol.iterator,
    Object(5),
    Object('s'),
    Object(false),
    Object(5n),
    new Date(0),
    /a/,
    () => 1,
    class {},
    new WeakMap(),
    Object.create(null),
  ]) {
    t.equal(visit(py, value), value);
    t.equal(py.runPython('type(value).__name__'), 'JsProxy');
  }
});
