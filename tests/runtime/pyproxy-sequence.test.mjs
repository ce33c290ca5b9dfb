/** Sequences: every method of Array, compared with a real Array; and sequences that misbehave. */
import { test } from '../harness/body.mjs';

/** `f` must throw a Python exception of that type; gives its last line. */
const raises = (t, py, f, type) => {
  const error = t.throws(f);
  t.ok(error instanceof py.ffi.PythonError, `a PythonError, not ${error}`);
  t.equal(error.type, type);
  return error.message.trimEnd().split('\n').at(-1);
};

/** A Python list with the elements of `array`. */
const listOf = (py, array) => py.runPython('lambda items: [item for item in items]')(array);

const BASES = [[5, 3, 1, 3, 9], [], ['a', 'b'], [1, undefined, null, 'x', true, 2.5]];
const INDICES = [undefined, 0, 1, 2, -1, -2, 7, -7, 1.7, NaN, Infinity, -Infinity, '1', null, 'x'];

/** Method → lists of arguments. */
const READING = {
  at: INDICES.map((i) => [i]),
  concat: [[], [[1, [2]], 3, 's'], [[], []]],
  entries: [[]],
  every: [[(x) => x > 2], [(x, i) => i < 2], [() => true]],
  filter: [[(x) => x > 2], [(x, i) => i === 1], [() => false]],
  find: [[(x) => x > 2], [(x, i) => i === 1], [() => false]],
  findIndex: [[(x) => x > 2], [(x, i) => i === 1], [() => false]],
  forEach: [[() => 1]],
  indexOf: [[3], ['x'], [undefined], [null], [NaN], ...INDICES.map((i) => [3, i])],
  join: [[], [', '], [''], [undefined], [null], [5]],
  keys: [[]],
  lastIndexOf: [[3], ['x'], [undefined], ...INDICES.filter((i) => i !== undefined).map((i) => [3, i])],
  map: [[(x, i) => [x, i]], [(x) => x > 2], [String]],
  reduce: [[(a, x, i) => `${a}|${x}${i}`], [(a, x, i) => `${a}|${x}${i}`, 'start']],
  reduceRight: [[(a, x, i) => `${a}|${x}${i}`], [(a, x, i) => `${a}|${x}${i}`, 'start']],
  slice: [[], ...INDICES.flatMap((a) => [[a], ...INDICES.map((b) => [a, b])])],
  some: [[(x) => x > 2], [(x, i) => i === 1], [() => false]],
  values: [[]],
};
const WRITING = {
  copyWithin: INDICES.flatMap((a) => INDICES.map((b) => [a, b])).concat(INDICES.map((b) => [0, 1, b])),
  fill: INDICES.flatMap((a) => [['F', a], ...INDICES.map((b) => ['F', a, b])]).concat([['F'], []]),
  pop: [[]],
  push: [[], ['new'], [1, [2], undefined]],
  reverse: [[]],
  shift: [[]],
  splice: [[], [-1], [-2], [-7], ...[0, 1, 2, 7].flatMap((a) => [[a], ...[0, 1, 2, 7].flatMap((b) => [[a, b], [a, b, 'new', 'er']])])],
  unshift: [[], ['new'], [1, 'two', undefined]],
};

/** What a method gives: `self` where it gives its own object, the elements where it gives an iterator. */
const outcome = (object, method, args) => {
  try {
    const result = object[method](...args);
    if (result === object) return 'self';
    return typeof result?.next === 'function' ? [...result] : result;
  } catch (error) {
    return error.name;
  }
};

const describe = (base, method, args) => `${JSON.stringify(base)}.${method}(${args.map(String).join(', ')})`;

test('methods that read: as those of Array', async (load, t) => {
  const py = await load();
  for (const base of BASES) {
    for (const make of ['lambda items: [item for item in items]', 'lambda items: tuple(item for item in items)']) {
      const sequence = py.runPython(make)(base);
      for (const [method, calls] of Object.entries(READING)) {
        for (const args of calls) {
          t.same(outcome(sequence, method, args), outcome(base, method, args), describe(base, method, args));
        }
      }
      t.same([...sequence], base, 'nothing changed');
      sequence.destroy();
    }
  }
});

/** The method on a list and on an Array of the same elements: same result, same elements afterwards. */
const compareWriting = (py, t, method, calls) => {
  const make = py.runPython('lambda items: [item for item in items]');
  for (const base of BASES) {
    for (const args of calls) {
      const array = [...base];
      const list = make(base);
      t.same(outcome(list, method, args), outcome(array, method, args), describe(base, method, args));
      t.same([...list], array, `${describe(base, method, args)} leaves`);
      list.destroy();
    }
  }
};

test('methods that write: as those of Array', { timeout: 120 }, async (load, t) => {
  const py = await load();
  for (const [method, calls] of Object.entries(WRITING)) compareWriting(py, t, method, calls);
});

test('splice with every kind of start and count', { skip: { peer: 'the peer adds them without a look' } }, async (load, t) => {
  const py = await load();
  compareWriting(py, t, 'splice', INDICES.flatMap((a) => [[a], ...INDICES.flatMap((b) => [[a, b], [a, b, 'new', 'er']])]));
});

test('sort: as strings by default, with a comparison, in place', async (load, t) => {
  const py = await load();
  const numbers = [10, 9, 1, 100, 2];
  const list = listOf(py, numbers);
  t.equal(list.sort(), list, 'gives itself');
  t.same([...list], [...numbers].sort());
  list.sort((a, b) => b - a);
  t.same([...list], [100, 10, 9, 2, 1]);
  const words = listOf(py, ['b', 'A', 'a', 'é', 'Z']);
  words.sort();
  t.same([...words], ['A', 'Z', 'a', 'b', 'é']);
  const pairs = py.runPython('[(1, "a"), (0, "b"), (1, "c"), (0, "d")]');
  pairs.sort((a, b) => a[0] - b[0]);
  t.equal(pairs.join(''), "(0, 'b')(0, 'd')(1, 'a')(1, 'c')", 'stable');
});

test('the methods of Array that the peer lacks', { skip: { peer: 'the peer lacks them' } }, async (load, t) => {
  const py = await load();
  const array = [5, 3, 1, 3, 9];
  const list = listOf(py, array);
  const calls = {
    findLast: [(x) => x < 5],
    findLastIndex: [(x) => x < 5],
    flat: [],
    flatMap: [(x) => [x, -x]],
    toReversed: [],
    toSorted: [],
    toSpliced: [1, 2, 'new'],
    with: [1, 'new'],
  };
  for (const [method, args] of Object.entries(calls)) {
    if (typeof array[method] !== 'function') continue;
    t.same(list[method](...args), array[method](...args), method);
  }
  t.same([...list], array);
});

test('callbacks get element, index and sequence, and this', async (load, t) => {
  const py = await load();
  const list = listOf(py, ['a', 'b']);
  for (const method of ['forEach', 'map', 'filter', 'some', 'every', 'find', 'findIndex']) {
    const calls = [];
    const me = {};
    const record = function (...args) {
      calls.push([this === me, args[0], args[1], args[2] === list, args.length]);
      return method === 'every';
    };
    list[method](record, me);
    t.same(calls, [[true, 'a', 0, true, 3], [true, 'b', 1, true, 3]], method);
  }
  const error = new RangeError('from the callback');
  t.equal(t.throws(() => list.map(() => { throw error; })), error, 'a callback\'s error is that error');
  for (const method of ['forEach', 'map', 'filter', 'some', 'every', 'find', 'findIndex', 'reduce']) {
    t.ok(t.throws(() => list[method](5)) instanceof TypeError, `${method} of something that is no function`);
  }
});

test('includes compares as Python, indexOf as JavaScript', async (load, t) => {
  const py = await load();
  const list = py.runPython('[1.0, "1", True, None, [1], 2**60]');
  t.same([list.includes(1), list.includes('1'), list.includes(2), list.includes(undefined)], [true, true, false, true]);
  t.equal(list.includes(py.runPython('[1]')), true, 'equal, not identical');
  t.same([list.indexOf(true), list.indexOf(1), list.indexOf(2n ** 60n), list.indexOf('x')], [2, 0, 5, -1]);
  const object = {};
  const objects = listOf(py, [object, {}]);
  t.same([objects.includes(object), objects.indexOf(object), objects.includes({})], [true, 0, false]);
});

test('join and toString', async (load, t) => {
  const py = await load();
  const list = py.runPython('[None, 1, [2, 3], {"a": 1}, (1,), "s"]');
  t.equal(list.join(), ",1,[2, 3],{'a': 1},(1,),s");
  t.equal(list.toString(), "[None, 1, [2, 3], {'a': 1}, (1,), 's']", 'toString is Python\'s');
});

test('indices as properties', async (load, t) => {
  const py = await load();
  const list = py.runPython('l = [1, "two", None, [4]]\nl');
  t.same([list[0], list[1], list[2], list['1']], [1, 'two', undefined, 'two']);
  t.same([list[4], list[-1], list[1.5]], [undefined, undefined, undefined]);
  t.equal(list[3].toString(), '[4]');
  t.equal(list.length, 4);
  t.same([0 in list, 3 in list, 4 in list, -1 in list], [true, true, false, false]);
  list[0] = 'first';
  t.equal(py.runPython('l[0]'), 'first');
  t.ok(t.throws(() => { list[4] = 'x'; }) instanceof TypeError, 'a list does not grow by assignment');
  t.equal(Reflect.set(list, 10, 'x'), false);
  t.equal(delete list[0], true);
  t.equal(py.runPython('repr(l)'), "['two', None, [4]]", 'delete moves the others up');
  t.ok(t.throws(() => delete list[9]) instanceof TypeError);
  const tuple = py.runPython('(1, 2)');
  t.same([tuple[1], tuple[2], tuple.at(-1), 1 in tuple, 2 in tuple], [2, undefined, 2, true, false]);
  raises(t, py, () => { tuple[0] = 5; }, 'TypeError');
  raises(t, py, () => delete tuple[0], 'TypeError');
});

test('indices and length are property names', async (load, t) => {
  const py = await load();
  const names = Object.getOwnPropertyNames(py.runPython('["a", "b"]'));
  for (const name of ['0', '1', 'length', 'append']) t.ok(names.includes(name), name);
  t.equal(names.includes('2'), false);
});

test('where JavaScript wants something like an array', async (load, t) => {
  const py = await load();
  const list = listOf(py, [1, 5, 2]);
  const tuple = py.runPython('(7, 8)');
  t.same([0].concat(list, tuple), [0, 1, 5, 2, 7, 8]);
  t.equal(list[Symbol.isConcatSpreadable], true);
  t.same([...list], [1, 5, 2]);
  t.same(Array.from(tuple, (x) => x + 1), [8, 9]);
  t.equal(Math.max(...list), 5);
  t.same(Array.prototype.map.call(list, (x) => x * 2), [2, 10, 4]);
  t.same(new Uint8Array(list), Uint8Array.of(1, 5, 2));
  t.same(new Set(py.runPython('[1, 1, 2]')), new Set([1, 2]));
  t.same(await Promise.all(list), [1, 5, 2]);
  t.equal(Array.isArray(list), false);
});

test('other sequences: range, bytes, deque, array.array, classes of one\'s own', async (load, t) => {
  const py = await load();
  py.runPython('import array, collections');
  const range = py.runPython('range(10)');
  t.same([range[3], range.at(-3), range.slice(7), range.start, range.includes(4)], [3, 7, [7, 8, 9], 0, true]);
  const bytes = py.runPython('b"abc"');
  t.same([bytes[0], bytes.length, bytes.slice(1), bytes.toString()], [97, 3, [98, 99], "b'abc'"]);
  const calls = [['push', [4]], ['unshift', [8, 9]], ['pop', []], ['reverse', []], ['fill', [7, 0, 1]], ['copyWithin', [1, 3]]];
  for (const code of [
    'collections.deque([3, 1, 2])', 'array.array("i", [3, 1, 2])', 'bytearray([3, 1, 2])', 'collections.UserList([3, 1, 2])',
  ]) {
    const array = [3, 1, 2];
    const sequence = py.runPython(code);
    for (const [method, args] of calls) {
      t.same(outcome(sequence, method, args), outcome(array, method, args), `${code}.${method}`);
      t.same([...sequence], array, `${code} after ${method}`);
    }
    t.equal(sequence.join('-'), array.join('-'), code);
    t.equal(sequence.at(-1), array.at(-1), code);
    t.same(sequence.map((x) => x + 1), array.map((x) => x + 1), code);
    delete sequence[0];
    t.same([...sequence], array.slice(1), `${code} after delete`);
  }
});

test('a MutableSequence is used by its own methods', async (load, t) => {
  const py = await load();
  const sequence = py.runPython(`
import collections.abc
class Logged(collections.abc.MutableSequence):
    def __init__(self, *items): self.items, self.log = list(items), []
    def __len__(self): return len(self.items)
    def __getitem__(self, index): return self.items[index]
    def __setitem__(self, index, value):
        self.log.append("set")
        self.items[index] = value
    def __delitem__(self, index):
        self.log.append("delete")
        del self.items[index]
    def insert(self, index, value):
        self.log.append(f"insert {index}")
        self.items.insert(index, value)
Logged(1, 2)`);
  t.equal(sequence.push(3), 3);
  t.equal(sequence.unshift(0), 4);
  t.equal(sequence.pop(), 3);
  sequence[0] = 'zero';
  t.same([...sequence], ['zero', 1, 2]);
  t.same(sequence.log.toJs(), ['insert 2', 'insert 0', 'delete', 'set']);
});

/** Sequences of two elements whose `__len__` or `__getitem__` does not tell the truth. */
const LIARS = `
import collections.abc
class Liar(collections.abc.MutableSequence):
    def __len__(self): return 5
    def __getitem__(self, index):
        if index >= 2: raise IndexError(index)
        return index * 10
    def __setitem__(self, index, value): raise IndexError(index)
    def __delitem__(self, index): raise IndexError(index)
    def insert(self, index, value): raise OSError("insert")
class RaisingLength(Liar):
    def __len__(self): raise OSError("length")
class NegativeLength(Liar):
    def __len__(self): return -1
class TextLength(Liar):
    def __len__(self): return "five"
class HugeLength(Liar):
    def __len__(self): return 2**40
class RaisingItems(Liar):
    def __getitem__(self, index): raise OSError("item")
`;

test('a length that lies: holes, no crash', async (load, t) => {
  const py = await load();
  py.runPython(LIARS);
  const liar = py.runPython('Liar()');
  t.equal(liar.length, 5);
  t.same(liar.map((x) => x), [0, 10, undefined, undefined, undefined]);
  t.equal(liar.join(), '0,10,,,');
  t.same(liar.slice(1), [10, undefined, undefined, undefined]);
  t.same([...liar], [0, 10], 'iteration asks the elements');
  t.equal(liar.at(-1), undefined);
  t.equal(liar[3], undefined);
  t.equal(liar.pop(), undefined, 'IndexError means empty');
  t.match(raises(t, py, () => liar.push(1), 'OSError'), /insert/);
  t.ok(t.throws(() => liar.fill(0)) instanceof Error);
  t.ok(t.throws(() => liar.reverse()) instanceof Error);
  t.equal(py.runPython('6 * 7'), 42);
});

test('a length that raises, is negative, text or too large', async (load, t) => {
  const py = await load();
  py.runPython(LIARS);
  for (const [name, type] of Object.entries({
    RaisingLength: 'OSError', NegativeLength: 'ValueError', TextLength: 'TypeError', HugeLength: 'OverflowError',
  })) {
    const sequence = py.runPython(`${name}()`);
    for (const f of [
      () => sequence.length, () => sequence.at(-1), () => sequence.slice(1), () => sequence.join(), () => sequence.concat([1]),
      () => sequence.map((x) => x), () => sequence.forEach((x) => x), () => sequence.indexOf(1), () => sequence.push(1),
      () => sequence.copyWithin(0, 1), () => 1 in sequence,
    ]) {
      raises(t, py, f, type);
    }
    t.equal(sequence[1], 10, `${name}: an index needs no length`);
    t.equal(sequence.get(1), 10);
  }
  t.equal(py.runPython('6 * 7'), 42);
});

test('elements that raise', async (load, t) => {
  const py = await load();
  py.runPython(LIARS);
  const sequence = py.runPython('RaisingItems()');
  for (const f of [
    () => sequence[0], () => sequence.get(0), () => sequence.at(0), () => sequence.slice(), () => sequence.map((x) => x),
    () => sequence.join(), () => [...sequence], () => sequence.includes(1), () => sequence.pop(), () => JSON.stringify(sequence),
  ]) {
    t.match(raises(t, py, f, 'OSError'), /item/);
  }
});

test('elements of the wrong type', async (load, t) => {
  const py = await load();
  py.runPython('import array');
  raises(t, py, () => py.runPython('bytearray(1)').push(300), 'ValueError');
  raises(t, py, () => py.runPython('bytearray(1)').fill('x'), 'TypeError');
  raises(t, py, () => py.runPython('array.array("i", [1])').push('x'), 'TypeError');
  raises(t, py, () => { py.runPython('array.array("i", [1])')[0] = 'x'; }, 'TypeError');
});

test('callbacks that change the sequence', async (load, t) => {
  const py = await load();
  const shrinking = listOf(py, [1, 2, 3]);
  const seen = [];
  shrinking.forEach((x) => {
    seen.push(x);
    shrinking.pop();
  });
  t.same(seen, [1, 2]);
  const growing = listOf(py, [1, 2, 3]);
  t.same(growing.map((x) => {
    growing.push(x);
    return x;
  }), [1, 2, 3]);
  const sorted = listOf(py, [3, 1, 2]);
  const error = t.throws(() => sorted.sort((a, b) => {
    sorted.push(4);
    return a - b;
  }));
  t.ok(error instanceof Error, 'Python notices a list that changes while it is sorted');
  const thrown = t.throws(() => listOf(py, [2, 1]).sort(() => { throw new RangeError('from compare'); }));
  t.match(thrown.message, /from compare/);
});
