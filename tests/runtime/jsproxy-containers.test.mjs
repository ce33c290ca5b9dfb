/** JsProxy of arrays: everything a list can do, and the engine's own methods beside it. */
import { raises, run, seen } from '../harness/bridge.mjs';
import { test } from '../harness/body.mjs';

/** Runs `code` on a fresh array `a`; what the array holds afterwards. */
const after = (py, code, names = {}) => {
  const a = [10, 20, 30, 40, 50];
  run(py, { a, ...names }, code);
  return a;
};

test('index: from both ends, and anything with __index__', async (load, t) => {
  const py = await load();
  const a = [10, 20, 30];
  t.equal(seen(py, { a }, 'a[0], a[2], a[-1], a[-3], a[True]'), '(10, 30, 30, 10, 20)');
  t.equal(seen(py, { a }, 'class I:\n    def __index__(self): return 2\na[I()], a[I():][0]'), '(30, 30)');
  for (const index of ['3', '-4', '2**40', '-2**70']) raises(t, py, { a }, `a[${index}]`, 'IndexError');
  for (const index of ['"0"', '1.0', 'None', '[]']) raises(t, py, { a }, `a[${index}]`, 'TypeError', /indices/);
  t.equal(seen(py, { a: [null, undefined, [1], 'x'] }, 'a[0], a[1], a[2][0], a[3]'), "(jsnull, None, 1, 'x')");
});

test('slices are arrays of their own', async (load, t) => {
  const py = await load();
  const a = [10, 20, 30, 40, 50];
  const cut = (slice) => seen(py, { a }, `list(a[${slice}])`);
  t.equal(cut('1:3'), '[20, 30]');
  t.equal(cut(':'), '[10, 20, 30, 40, 50]');
  t.equal(cut('::-1'), '[50, 40, 30, 20, 10]');
  t.equal(cut('::2'), '[10, 30, 50]');
  t.equal(cut('-2:'), '[40, 50]');
  t.equal(cut(':-1'), '[10, 20, 30, 40]');
  t.equal(cut('4:0:-2'), '[50, 30]');
  t.equal(cut('3:1'), '[]');
  t.equal(cut('10:'), '[]');
  t.equal(cut('-100:100'), '[10, 20, 30, 40, 50]');
  t.equal(seen(py, { a }, 'type(a[1:3]) is type(a), a[:] == a, isinstance(a[:], JsArray)'), '(True, False, True)');
  const copy = run(py, { a }, 'a[:2]');
  t.ok(Array.isArray(copy) && copy !== a, 'a new Array');
  raises(t, py, { a }, 'a[::0]', 'ValueError', /zero/);
  raises(t, py, { a }, 'a["x":]', 'TypeError', /slice/);
});

test('set an item', async (load, t) => {
  const py = await load();
  t.same(after(py, 'a[0] = 99\na[-1] = "last"'), [99, 20, 30, 40, 'last']);
  t.same(after(py, 'a[1] = None'), [10, undefined, 30, 40, 50]);
  t.equal(run(py, { a: [0] }, 'l = []\na[0] = l\na[0] is l'), true);
  for (const index of ['"x"', '1.5']) raises(t, py, { a: [1] }, `a[${index}] = 1`, 'TypeError', /indices/);
});

test('set a slice: grow, shrink, replace', async (load, t) => {
  const py = await load();
  t.same(after(py, 'a[1:3] = [1, 2, 3, 4]'), [10, 1, 2, 3, 4, 40, 50]);
  t.same(after(py, 'a[1:3] = []'), [10, 40, 50]);
  t.same(after(py, 'a[1:1] = (7, 8)'), [10, 7, 8, 20, 30, 40, 50]);
  t.same(after(py, 'a[:] = "xy"'), ['x', 'y']);
  t.same(after(py, 'a[1:3] = (n for n in [9])'), [10, 9, 40, 50]);
  t.same(after(py, 'a[10:20] = [1]'), [10, 20, 30, 40, 50, 1]);
  t.same(after(py, 'a[4:2] = [1]'), [10, 20, 30, 40, 1, 50]);
  t.same(after(py, 'a[1:3] = b', { b: [8, 9] }), [10, 8, 9, 40, 50]);
  t.same(after(py, 'a[1:3] = a'), [10, 10, 20, 30, 40, 50, 40, 50]);
  for (const slice of ['1:3', '::2']) raises(t, py, { a: [1, 2, 3] }, `a[${slice}] = 5`, 'TypeError', /iterable/);
});

test('set an extended slice: same size only', async (load, t) => {
  const py = await load();
  t.same(after(py, 'a[::2] = [1, 2, 3]'), [1, 20, 2, 40, 3]);
  t.same(after(py, 'a[::-1] = [1, 2, 3, 4, 5]'), [5, 4, 3, 2, 1]);
  t.same(after(py, 'a[3:0:-2] = "ab"'), [10, 'b', 30, 'a', 50]);
  raises(t, py, { a: [1, 2, 3] }, 'a[::2] = [1]', 'ValueError', /size 1 .*size 2/);
  raises(t, py, { a: [1, 2, 3] }, 'a[::2] = [1, 2, 3]', 'ValueError', /size/);
});

test('delete items and slices', async (load, t) => {
  const py = await load();
  t.same(after(py, 'del a[1]'), [10, 30, 40, 50]);
  t.same(after(py, 'del a[-1]'), [10, 20, 30, 40]);
  t.same(after(py, 'del a[1:3]'), [10, 40, 50]);
  t.same(after(py, 'del a[::2]'), [20, 40]);
  t.same(after(py, 'del a[::-2]'), [20, 40]);
  t.same(after(py, 'del a[:]'), []);
  t.same(after(py, 'del a[10:]\ndel a[3:1]'), [10, 20, 30, 40, 50]);
  raises(t, py, { a: [1] }, 'del a[1]', 'IndexError');
  raises(t, py, { a: [1] }, 'del a["x"]', 'TypeError', /indices/);
});

test('append, extend, insert', async (load, t) => {
  const py = await load();
  t.same(after(py, 'a.append(60)'), [10, 20, 30, 40, 50, 60]);
  t.equal(run(py, { a: [] }, 'd = {}\na.append(d)\na[0] is d'), true);
  t.same(after(py, 'a.extend([1, 2])\na.extend("z")\na.extend(n for n in (3,))'), [10, 20, 30, 40, 50, 1, 2, 'z', 3]);
  t.same(after(py, 'a.extend(b)\na.extend(s)', { b: [7], s: new Set([8]) }), [10, 20, 30, 40, 50, 7, 8]);
  t.same(after(py, 'del a[2:]\na.extend(a)'), [10, 20, 10, 20]);
  t.same(after(py, 'a.insert(0, 1)\na.insert(-1, 2)\na.insert(100, 3)\na.insert(-100, 4)'), [4, 1, 10, 20, 30, 40, 2, 50, 3]);
  raises(t, py, { a: [] }, 'a.append()', 'TypeError', /argument/);
  raises(t, py, { a: [] }, 'a.append(1, 2)', 'TypeError', /argument/);
  raises(t, py, { a: [] }, 'a.insert("x", 1)', 'TypeError', /integer/);
});

test('extend, + and += refuse what cannot be iterated', { skip: { peer: 'the peer dies of it' } }, async (load, t) => {
  const py = await load();
  for (const code of ['a.extend(5)', 'a.extend(None)', 'a + 5', 'a + None', 'a += 5']) {
    raises(t, py, { a: [1] }, code, 'TypeError', /iterable|concatenate|unsupported|NoneType|int/);
  }
  const broken = 'def broken():\n    yield 1\n    raise LookupError("midway")\n';
  raises(t, py, { a: [1] }, `${broken}a.extend(broken())`, 'LookupError', /midway/);
  raises(t, py, { a: [1] }, `${broken}a[:] = broken()`, 'LookupError', /midway/);
});

test('pop, remove, reverse', async (load, t) => {
  const py = await load();
  const a = [10, 20, 30, 40, 50];
  t.equal(seen(py, { a }, 'a.pop(), a.pop(0), a.pop(-2), a.remove(20), list(a)'), '(50, 10, 30, None, [40])');
  t.same(a, [40]);
  t.same(after(py, 'a.reverse()'), [50, 40, 30, 20, 10]);
  raises(t, py, { a: [] }, 'a.pop()', 'IndexError', /empty/);
  raises(t, py, { a: [1] }, 'a.pop(5)', 'IndexError', /range/);
  raises(t, py, { a: [1] }, 'a.pop("x")', 'TypeError', /integer/);
  raises(t, py, { a: [1] }, 'a.remove(31)', 'ValueError', /31/);
});

test('index and count compare as === does', async (load, t) => {
  const py = await load();
  const a = [10, 20, 30, 20];
  t.equal(
    seen(py, { a }, 'a.index(20), a.index(20, 2), a.index(20, -3), a.index(30, 0, 3), a.count(20), a.count(5)'),
    '(1, 3, 1, 2, 2, 0)',
  );
  raises(t, py, { a }, 'a.index(31)', 'ValueError', /31/);
  raises(t, py, { a }, 'a.index(30, 3)', 'ValueError', /30/);
  raises(t, py, { a }, 'a.index(30, 0, 2)', 'ValueError', /30/);
  const o = {};
  const mixed = [1, 1, '1', true, null, undefined, o];
  t.equal(
    seen(py, { mixed, o }, 'mixed.count(1), mixed.count(True), mixed.count(None), mixed.count(jsnull), mixed.index(o)'),
    '(2, 1, 1, 1, 6)',
  );
});

test('in looks for values', async (load, t) => {
  const py = await load();
  const o = {};
  t.equal(
    seen(py, { a: [10, 'x', null, o], o, other: {} }, '10 in a, "x" in a, jsnull in a, o in a'),
    '(True, True, True, True)',
  );
  t.equal(
    seen(py, { a: [10, 'x', null, o], other: {} }, '0 in a, "10" in a, None in a, other in a'),
    '(False, False, False, False)',
  );
  t.equal(run(py, { a: [NaN] }, 'float("nan") in a'), true, 'as Array.includes has it');
});

test('+, * and their in-place forms', async (load, t) => {
  const py = await load();
  const a = [1, 2];
  t.equal(
    seen(py, { a, b: [3] }, 'list(a + [3]), list(a + (3,)), list(a + b), type(a + [3]) is type(a)'),
    '([1, 2, 3], [1, 2, 3], [1, 2, 3], True)',
  );
  t.equal(seen(py, { a }, 'list(a * 2), list(2 * a), list(a * 0), list(a * -1)'), '([1, 2, 1, 2], [1, 2, 1, 2], [], [])');
  t.same(a, [1, 2], 'unchanged');
  t.equal(seen(py, { a }, 'b = a\nb += [3]\nb is a, list(a)'), '(True, [1, 2, 3])');
  t.equal(seen(py, { a: [1] }, 'b = a\nb *= 3\nb is a, list(a)'), '(True, [1, 1, 1])');
  t.same(after(py, 'a *= 0'), []);
  t.same(after(py, 'del a[1:]\na += (n for n in "xy")'), [10, 'x', 'y']);
  raises(t, py, { a }, '[1] + a', 'TypeError');
  for (const code of ['a * 1.5', 'a * "x"', 'a * a', 'a *= "x"']) raises(t, py, { a }, code, 'TypeError', /multiply/);
});

test('len, iteration, unpacking, reversed', async (load, t) => {
  const py = await load();
  const a = [1, 2, 3];
  t.equal(
    seen(py, { a }, 'len(a), list(a), tuple(a), sum(a), [*a], dict(enumerate(a))'),
    '(3, [1, 2, 3], (1, 2, 3), 6, [1, 2, 3], {0: 1, 1: 2, 2: 3})',
  );
  t.equal(
    seen(py, { a }, 'x, *rest = a\nx, rest, list(reversed(a)), sorted(a, reverse=True), list(zip(a, "ab"))'),
    "(1, [2, 3], [3, 2, 1], [3, 2, 1], [(1, 'a'), (2, 'b')])",
  );
  t.equal(seen(py, { a }, 'it = iter(a)\nnext(it), list(it), isinstance(it, JsIterator)'), '(1, [2, 3], True)');
  t.equal(run(py, { a: Array.from({ length: 20_000 }, (_, i) => i) }, 'sum(a)'), 199_990_000);
});

test('match statements see a sequence and a mapping', async (load, t) => {
  const py = await load();
  const code = 'match a:\n    case [x, *rest]: found = (x, rest)\n    case {"k": v}: found = v\n    case _: found = None\nfound';
  t.equal(seen(py, { a: [1, 2, 3] }, code), '(1, [2, 3])');
  t.equal(seen(py, { a: new Map([['k', 'v']]) }, code), "'v'");
  t.equal(seen(py, { a: {} }, code), 'None');
});

test('JavaScript\'s own methods are there too', async (load, t) => {
  const py = await load();
  t.equal(seen(py, { a: [3, 1, 2] }, 'a.length, a.push(4), a.at(-1), a.join("-"), a.includes(1)'), "(3, 4, 4, '3-1-2-4', True)");
  t.same(after(py, 'a.length = 2'), [10, 20]);
  t.equal(
    seen(py, { a: [3, 1, 2] }, '[list(e) for e in a.entries()], list(a.values())'),
    '([[0, 3], [1, 1], [2, 2]], [3, 1, 2])',
  );
  const a = [1];
  run(py, { a }, 'a.extra = "property"');
  t.equal(a.extra, 'property');
});

test('holes read as missing, iterate as None', async (load, t) => {
  const py = await load();
  const holey = () => {
    const a = [1, 2, 3];
    delete a[1];
    return a;
  };
  t.equal(seen(py, { a: holey() }, 'len(a), list(a), list(a[:2]), a.to_py()'), '(3, [1, None, 3], [1, None], [1, None, 3])');
  t.equal(seen(py, { a: new Array(3) }, 'len(a), a.to_py()'), '(3, [None, None, None])');
  const a = holey();
  run(py, { a }, 'a[1] = 5');
  t.same(a, [1, 5, 3]);
});

test('frozen arrays refuse changes', async (load, t) => {
  const py = await load();
  const a = Object.freeze([1, 2]);
  for (const code of ['a[0] = 5', 'a.pop()', 'del a[0]', 'a[0:1] = [5, 6, 7]', 'a.reverse()']) {
    raises(t, py, { a }, code, 'JsException', /TypeError/);
  }
  t.same(a, [1, 2]);
});

test('frozen arrays refuse append', { skip: { peer: 'the peer dies of it' } }, async (load, t) => {
  const py = await load();
  const a = Object.freeze([1, 2]);
  for (const code of ['a.append(1)', 'a.extend([1])', 'a += [1]', 'a.insert(0, 1)']) {
    raises(t, py, { a }, code, 'JsException', /TypeError/);
  }
});

test('subclasses of Array, and proxies around arrays', async (load, t) => {
  const py = await load();
  class Stack extends Array {
    peek() {
      return this[this.length - 1];
    }
  }
  const a = Stack.from([1, 2, 3]);
  t.equal(seen(py, { a }, 'a.peek(), a[0], len(a), list(a[1:]), isinstance(a, JsArray)'), '(3, 1, 3, [2, 3], True)');
  const p = new Proxy([1, 2, 3], {});
  t.equal(seen(py, { p }, 'p.append(4)\np[0], p[-1], list(p), isinstance(p, JsArray)'), '(1, 4, [1, 2, 3, 4], True)');
});

test('array-likes: index, slice, iterate; no changes', async (load, t) => {
  const py = await load();
  const args = (function () {
    return arguments;
  })('a', 'b', 'c');
  t.equal(
    seen(py, { args }, 'args[0], args[-1], len(args), list(args), list(args[1:]), list(reversed(args))'),
    "('a', 'c', 3, ['a', 'b', 'c'], ['b', 'c'], ['c', 'b', 'a'])",
  );
  t.equal(
    seen(py, { args }, 'isinstance(args, JsArray), hasattr(args, "append"), list(args + ["d"])'),
    "(True, False, ['a', 'b', 'c', 'd'])",
  );
  raises(t, py, { args }, 'args[3]', 'IndexError');
  raises(t, py, { args }, 'args[0] = 1', 'TypeError', /assignment/);
  t.equal(seen(py, { s: new String('héllo') }, 's[1], len(s), "".join(s), "h" in s'), "('é', 5, 'héllo', True)");
  // A length alone makes no sequence.
  t.equal(seen(py, { o: { length: 2, 0: 'a' } }, 'len(o), isinstance(o, JsArray)'), '(2, False)');
  raises(t, py, { o: { length: 2, 0: 'a' } }, 'o[0]', 'TypeError', /subscript/);
});

test('NodeList and HTMLCollection are array-likes', { only: { window: 'elements exist only in windows' } }, async (load, t) => {
  const py = await load();
  const div = document.createElement('div');
  div.append(document.createElement('i'), document.createElement('b'));
  t.equal(seen(py, { list: div.children }, '[e.tagName for e in list], list[-1].tagName, len(list)'), "(['I', 'B'], 'B', 2)");
  t.equal(
    seen(py, { list: div.childNodes }, 'list[0].tagName, [e.tagName for e in list[1:]], isinstance(list, JsArray)'),
    "('I', ['B'], True)",
  );
});
