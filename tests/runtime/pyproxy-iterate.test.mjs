/** Iterables, iterators and generators of Python in JavaScript. */
import { test } from '../harness/body.mjs';

/** `f` must throw a Python exception of that type; gives its last line. */
const raises = (t, py, f, type) => {
  const error = t.throws(f);
  t.ok(error instanceof py.ffi.PythonError, `a PythonError, not ${error}`);
  t.equal(error.type, type);
  return error.message.trimEnd().split('\n').at(-1);
};

/** A generator that writes down what happens to it. */
const NOTES = `
notes = []
def noting():
    try:
        notes.append(("sent", (yield 1)))
        notes.append(("sent", (yield 2)))
        return "returned"
    except BaseException as error:
        notes.append(("raised", type(error).__name__))
        raise
    finally:
        notes.append("finally")
`;
const notes = (py) => py.runPython('repr(notes)');

test('for…of, spread and destructuring', async (load, t) => {
  const py = await load();
  const values = [];
  for (const value of py.runPython('[1, "two", None]')) values.push(value);
  t.same(values, [1, 'two', undefined]);
  t.same([...py.runPython('{"a": 1, 2: 3}')], ['a', 2], 'a dict gives its keys');
  t.same([...py.runPython('(x * x for x in range(4))')], [0, 1, 4, 9]);
  t.same([...py.runPython('"abc".__iter__()')], ['a', 'b', 'c']);
  t.same([...py.runPython('b"ab"')], [97, 98]);
  t.same([...py.runPython('zip("ab", [1, 2])')].map((pair) => pair.toJs()), [['a', 1], ['b', 2]]);
  const [first, , third, ...rest] = py.runPython('range(6)');
  t.same([first, third, rest], [0, 2, [3, 4, 5]]);
  t.same([...py.runPython('class G:\n    def __getitem__(self, i): return [7, 8][i]\nG()')], [7, 8], '__getitem__ will do');
});

test('an iterable gives a JavaScript iterator', async (load, t) => {
  const py = await load();
  const iterator = py.runPython('[1, 2, 3]')[Symbol.iterator]();
  t.equal(iterator[Symbol.iterator](), iterator);
  t.same(iterator.next(), { value: 1, done: false });
  t.same(iterator.return('early'), { value: 'early', done: true });
  t.same(iterator.next(), { value: undefined, done: true });
  const list = py.runPython('[1, 2]');
  const [a, b] = [list[Symbol.iterator](), list[Symbol.iterator]()];
  t.same([a.next().value, b.next().value, a.next().value, b.next().value], [1, 1, 2, 2], 'each its own');
  function* delegate() {
    yield* py.runPython('[5, 6]');
  }
  t.same([...delegate()], [5, 6]);
});

test('an iterator is its own iterator; next() tells value and done', async (load, t) => {
  const py = await load();
  const iterator = py.runPython('iter([1, [2]])');
  t.equal(iterator[Symbol.iterator](), iterator);
  t.same(iterator.next(), { done: false, value: 1 });
  const second = iterator.next();
  t.equal(second.done, false);
  t.equal(second.value.toString(), '[2]');
  t.same(iterator.next(), { done: true, value: undefined });
  t.same(iterator.next(), { done: true, value: undefined });
  t.same([iterator.return, iterator.throw], [undefined, undefined], 'those are for generators');
  const stops = py.runPython('class S:\n    def __next__(self): raise StopIteration("value")\nS()');
  t.same(stops.next(), { done: true, value: 'value' });
});

test('generator: next sends, the return value comes with done', async (load, t) => {
  const py = await load();
  py.runPython(NOTES);
  const generator = py.runPython('noting()');
  t.same(generator.next(), { done: false, value: 1 });
  t.same(generator.next('a'), { done: false, value: 2 });
  t.same(generator.next('b'), { done: true, value: 'returned' });
  t.same(generator.next(), { done: true, value: undefined });
  t.equal(notes(py), "[('sent', 'a'), ('sent', 'b'), 'finally']");
  raises(t, py, () => py.runPython('noting()').next('too early'), 'TypeError');
});

test('anything with send gets what next is given', async (load, t) => {
  const py = await load();
  const sender = py.runPython(`
class Sender:
    def __iter__(self): return self
    def __next__(self): return "next"
    def send(self, value): return f"sent {value}"
Sender()`);
  t.same([sender.next().value, sender.next(5).value, sender.next(undefined).value], ['next', 'sent 5', 'next']);
});

test('generator: return', async (load, t) => {
  const py = await load();
  py.runPython(`${NOTES}
def answering():
    try: yield 1
    except GeneratorExit: return "its own"
def refusing():
    while True:
        try: yield 1
        except GeneratorExit: yield "refused"
def failing():
    try: yield 1
    except GeneratorExit: raise KeyError("while closing")
`);
  const generator = py.runPython('noting()');
  generator.next();
  t.same(generator.return('value'), { done: true, value: 'value' });
  t.same(generator.next(), { done: true, value: undefined });
  t.same(generator.return('again'), { done: true, value: 'again' });
  t.equal(notes(py), "[('raised', 'GeneratorExit'), 'finally']");
  const unstarted = py.runPython('notes.clear(); noting()');
  t.same(unstarted.return('value'), { done: true, value: 'value' });
  t.same(unstarted.next(), { done: true, value: undefined });
  t.equal(notes(py), '[]', 'its body never ran');
  const list = py.runPython('[7]');
  const running = py.runPython('noting()');
  running.next();
  t.equal(running.return(list).value, list, 'the value itself');
  const answering = py.runPython('answering()');
  answering.next();
  t.same(answering.return('value'), { done: true, value: 'its own' });
  const refusing = py.runPython('refusing()');
  refusing.next();
  t.same(refusing.return('value'), { done: false, value: 'refused' });
  const failing = py.runPython('failing()');
  failing.next();
  t.match(raises(t, py, () => failing.return('value'), 'KeyError'), /while closing/);
});

test('generator: throw', async (load, t) => {
  const py = await load();
  py.runPython(`${NOTES}
def catching():
    while True:
        try: yield "waiting"
        except Exception as error: yield f"caught {error}"
`);
  const generator = py.runPython('noting()');
  generator.next();
  const error = t.throws(() => generator.throw(new RangeError('from JavaScript')));
  t.match(error.message, /RangeError: from JavaScript/);
  t.match(notes(py), /raised.*finally/);
  t.same(generator.next(), { done: true, value: undefined });
  const catching = py.runPython('catching()');
  catching.next();
  const caught = catching.throw(new RangeError('inside'));
  t.equal(caught.done, false);
  t.match(caught.value, /caught .*inside/);
  t.equal(catching.next().value, 'waiting', 'the generator goes on');
  const python = py.runPython('catching()');
  python.next();
  t.equal(python.throw(py.runPython('ValueError("of Python")')).value, 'caught of Python');
  t.match(t.throws(() => py.runPython('noting()').throw(new Error('unstarted'))).message, /unstarted/);
  const finished = py.runPython('noting()');
  t.same([...finished], [1, 2]);
  t.match(t.throws(() => finished.throw(new Error('finished'))).message, /finished/);
});

test('generator: throw of what is no error', async (load, t) => {
  const py = await load();
  for (const value of ['text', 5, undefined, { a: 1 }]) {
    const generator = py.runPython('(x for x in [1, 2])');
    generator.next();
    t.ok(t.throws(() => generator.throw(value)) instanceof Error, String(value));
    t.equal(generator.next().value, 2, 'the generator has not noticed');
  }
});

test('leaving a loop closes the generator', async (load, t) => {
  const py = await load();
  py.runPython(NOTES);
  const closed = "[('raised', 'GeneratorExit'), 'finally']";
  let generator = py.runPython('noting()');
  for (const value of generator) {
    t.equal(value, 1);
    break;
  }
  t.equal(notes(py), closed, 'break');
  t.same(generator.next(), { done: true, value: undefined });
  generator = py.runPython('notes.clear(); noting()');
  const error = t.throws(() => {
    for (const value of generator) throw new Error(`body ${value}`);
  });
  t.equal(error.message, 'body 1');
  t.equal(notes(py), closed, 'throw');
  generator = py.runPython('notes.clear(); noting()');
  const [first] = generator;
  t.equal(first, 1);
  t.equal(notes(py), closed, 'destructuring');
});

test('yield from passes everything on', async (load, t) => {
  const py = await load();
  py.runPython(`${NOTES}
def outer():
    result = yield from noting()
    yield "outer " + result
`);
  const generator = py.runPython('outer()');
  t.same(
    [generator.next(), generator.next('a'), generator.next('b'), generator.next()],
    [
      { done: false, value: 1 },
      { done: false, value: 2 },
      { done: false, value: 'outer returned' },
      { done: true, value: undefined },
    ],
  );
  t.equal(notes(py), "[('sent', 'a'), ('sent', 'b'), 'finally']");
});

test('a generator class of one\'s own', async (load, t) => {
  const py = await load();
  const generator = py.runPython(`
import collections.abc
class Countdown(collections.abc.Generator):
    n = 3
    def send(self, value):
        if self.n == 0: raise StopIteration("zero")
        self.n -= 1
        return value or self.n
    def throw(self, kind, value=None, traceback=None): raise value or kind
Countdown()`);
  t.same([generator.next().value, generator.next('sent').value], [2, 'sent']);
  t.same(generator.return('closed'), { done: true, value: 'closed' });
});

test('iterators and iterables that raise', async (load, t) => {
  const py = await load();
  py.runPython(`
class RaisingIter:
    def __iter__(self): raise OSError("iter")
class NoIterator:
    def __iter__(self): return 5
class RaisingNext:
    def __iter__(self): return self
    def __next__(self): raise OSError("next")
def halfway():
    yield 1
    raise OSError("halfway")`);
  t.match(raises(t, py, () => [...py.runPython('RaisingIter()')], 'OSError'), /iter/);
  t.match(raises(t, py, () => py.runPython('RaisingIter()')[Symbol.iterator]().next(), 'OSError'), /iter/);
  raises(t, py, () => [...py.runPython('NoIterator()')], 'TypeError');
  t.match(raises(t, py, () => py.runPython('RaisingNext()').next(), 'OSError'), /next/);
  t.match(raises(t, py, () => [...py.runPython('RaisingNext()')], 'OSError'), /next/);
  const seen = [];
  raises(t, py, () => {
    for (const value of py.runPython('halfway()')) seen.push(value);
  }, 'OSError');
  t.same(seen, [1]);
});

test('a container that changes while it is iterated', async (load, t) => {
  const py = await load();
  const dict = py.runPython('{"a": 1, "b": 2}');
  const seen = [];
  raises(t, py, () => {
    for (const key of dict) {
      seen.push(key);
      dict.set('new', 1);
    }
  }, 'RuntimeError');
  t.same(seen, ['a']);
  const list = py.runPython('[1, 2, 3]');
  const short = [];
  for (const value of list) {
    short.push(value);
    if (value === 1) list.pop();
  }
  t.same(short, [1, 2]);
});

test('a generator that is asked while it runs', async (load, t) => {
  const py = await load();
  let generator;
  py.globals.set('ask', () => generator.next());
  generator = py.runPython('def asking():\n    yield ask()\nasking()');
  raises(t, py, () => generator.next(), 'ValueError');
});

test('a loop keeps its object: destroyed or not', async (load, t) => {
  const py = await load();
  const list = py.runPython('[1, 2, 3]');
  const seen = [];
  for (const value of list) {
    seen.push(value);
    list.destroy();
  }
  t.same(seen, [1, 2, 3]);
});

test('elements live through their loop; copy() keeps them', async (load, t) => {
  const py = await load();
  const list = py.runPython('[[1], [2], [3]]');
  const kept = [];
  let before;
  for (const element of list) {
    if (before) t.equal(before.length, 1, 'earlier ones are alive, too');
    before = element;
    kept.push(element.copy());
  }
  t.same(kept.map((element) => element.get(0)), [1, 2, 3]);
  let last;
  for (const element of list) {
    last = element;
    break;
  }
  t.equal(last.get(0), 1, 'after a break the element is still there');
  for (const [key, value] of py.runPython('{"a": [1]}.items()')) t.same([key, value.get(0)], ['a', 1]);
});

test('elements of methods like map and slice are the caller\'s', async (load, t) => {
  const py = await load();
  const list = py.runPython('[[1], [2]]');
  const results = {
    map: list.map((x) => x), filter: list.filter(() => true), slice: list.slice(), concat: list.concat([]),
    values: [...list.values()], generator: [...py.runPython('(x for x in [[1], [2]])')],
  };
  list.destroy();
  for (const [name, elements] of Object.entries(results)) {
    t.same(elements.map((element) => element.get(0)), [1, 2], name);
  }
});
