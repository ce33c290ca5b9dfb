/** Awaitables, async iterators and async generators of Python in JavaScript. */
import { test } from '../harness/body.mjs';

const tick = (ms = 10) => new Promise((resolve) => setTimeout(resolve, ms));

const SETUP = `
import asyncio
started = []
async def answer(value=1, error=None):
    started.append(value)
    await asyncio.sleep(0.001)
    if error: raise error
    return value
class Awaits:
    def __await__(self):
        yield from asyncio.sleep(0.001).__await__()
        return "awaited"
notes = []
async def noting():
    try:
        notes.append(("sent", (yield 1)))
        await asyncio.sleep(0.001)
        notes.append(("sent", (yield 2)))
    except BaseException as error:
        notes.append(("raised", type(error).__name__))
        raise
    finally:
        notes.append("finally")
class Countdown:
    def __init__(self, n): self.n = n
    def __aiter__(self): return self
    async def __anext__(self):
        if self.n == 0: raise StopAsyncIteration
        self.n -= 1
        return [self.n]
`;
const setUp = async (load) => {
  const py = await load();
  py.runPython(SETUP);
  return py;
};
const notes = (py) => py.runPython('repr(notes)');

/** `f()` must reject with a Python exception of that type; gives its last line. */
const rejects = async (t, py, f, type) => {
  const error = await t.rejects(f);
  t.ok(error instanceof py.ffi.PythonError, `a PythonError, not ${error}`);
  t.equal(error.type, type);
  return error.message.trimEnd().split('\n').at(-1);
};

test('await: coroutines, futures, tasks, anything with __await__', async (load, t) => {
  const py = await setUp(load);
  t.equal(await py.runPython('answer(5)'), 5);
  t.equal(await py.runPython('answer')(6), 6);
  t.equal(await py.runPython('Awaits()'), 'awaited');
  t.equal(await py.runPython('asyncio.ensure_future(answer(7))'), 7);
  t.equal(await py.runPython('asyncio.get_event_loop().create_task(answer(8))'), 8);
  const future = py.runPython('future = asyncio.get_event_loop().create_future()\nfuture');
  setTimeout(() => py.runPython('future.set_result("set")'), 1);
  t.equal(await future, 'set');
  t.equal((await py.runPython('asyncio.gather(answer(1), answer(2))')).toString(), '[1, 2]');
  t.equal((await py.runPython('answer([1])')).toString(), '[1]');
  t.equal(await py.runPython('answer(None)'), undefined);
});

test('a coroutine starts when it is awaited and runs once', async (load, t) => {
  const py = await setUp(load);
  const coroutine = py.runPython('answer("lazy")');
  await tick();
  t.equal(py.runPython('started == []'), true);
  t.equal(await coroutine, 'lazy');
  t.equal(await coroutine, 'lazy', 'a second await gives the same');
  t.equal(py.runPython('started == ["lazy"]'), true);
});

test('then, catch and finally', async (load, t) => {
  const py = await setUp(load);
  const coroutine = py.runPython('answer(5)');
  const then = coroutine.then((value) => value + 1);
  t.ok(then instanceof Promise);
  t.equal(await then, 6);
  t.equal(await coroutine.then(), 5);
  t.equal(await coroutine.catch(() => 'never'), 5);
  let ran = 0;
  t.equal(await coroutine.finally(() => ran++), 5);
  const failing = py.runPython('answer(error=ValueError("bad"))');
  const seen = await failing.catch((error) => error);
  t.equal(seen.type, 'ValueError');
  t.equal(await failing.then(() => 'no', (error) => error.type), 'ValueError');
  t.equal(await failing.finally(() => ran++).catch((error) => error.type), 'ValueError');
  t.equal(ran, 2);
  t.equal(await py.runPython('answer(1)').then(() => { throw new RangeError('in then'); }).catch((e) => e.message), 'in then');
});

test('where JavaScript takes a promise', async (load, t) => {
  const py = await setUp(load);
  t.equal(await Promise.resolve(py.runPython('answer(3)')), 3);
  t.same(await Promise.all([py.runPython('answer(1)'), py.runPython('Awaits()'), 2]), [1, 'awaited', 2]);
  t.equal(await Promise.race([py.runPython('answer("fast")'), tick(5000)]), 'fast');
  const settled = await Promise.allSettled([py.runPython('answer(1)'), py.runPython('answer(error=KeyError("k"))')]);
  t.same(settled.map((result) => result.status), ['fulfilled', 'rejected']);
  t.equal(await (async () => py.runPython('answer("returned")'))(), 'returned');
  t.equal(await py.runPythonAsync('answer("of runPythonAsync")'), 'of runPythonAsync');
});

test('exceptions reject', async (load, t) => {
  const py = await setUp(load);
  t.match(await rejects(t, py, () => py.runPython('answer(error=ValueError("bad"))'), 'ValueError'), /bad/);
  const coroutine = py.runPython('answer(error=ValueError("bad"))');
  t.equal(await coroutine.catch((e) => e), await coroutine.catch((e) => e), 'twice the same error');
  py.runPython(`
class RaisingAwait:
    def __await__(self): raise OSError("await")
class NoIterator:
    def __await__(self): return 5`);
  t.match(await rejects(t, py, () => py.runPython('RaisingAwait()'), 'OSError'), /await/);
  await rejects(t, py, () => py.runPython('NoIterator()'), 'TypeError');
  const task = py.runPython('asyncio.get_event_loop().create_task(asyncio.sleep(100))');
  task.cancel();
  await rejects(t, py, () => task, 'CancelledError');
});

test('SystemExit and KeyboardInterrupt reject like others', { skip: { peer: 'the peer lets them reach the engine' } }, async (load, t) => {
  const py = await setUp(load);
  await rejects(t, py, () => py.runPython('answer(error=SystemExit(3))'), 'SystemExit');
  await rejects(t, py, () => py.runPython('answer(error=KeyboardInterrupt())'), 'KeyboardInterrupt');
  t.equal(await py.runPython('answer("goes on")'), 'goes on');
});

test('JavaScript\'s rejection through Python keeps its message', async (load, t) => {
  const py = await setUp(load);
  py.globals.set('reject', async () => { throw new RangeError('from JavaScript'); });
  const passing = py.runPython('async def passing(): return await reject()\npassing');
  const error = await t.rejects(() => passing());
  t.match(error.message, /RangeError: from JavaScript/);
  t.match(error.message, /in passing/, 'with Python\'s frames');
  const catching = py.runPython(`
async def catching():
    try: await reject()
    except Exception as error: return f"{error.name}: {error.message}"
catching`);
  t.equal(await catching(), 'RangeError: from JavaScript');
});

test('destroying an awaitable that is under way', async (load, t) => {
  const py = await setUp(load);
  const coroutine = py.runPython('answer([1])');
  const result = coroutine.then((value) => value.toString());
  coroutine.destroy();
  t.equal(await result, '[1]');
  const failing = py.runPython('answer(error=ValueError("bad"))');
  const error = failing.catch((e) => e.type);
  failing.destroy();
  t.equal(await error, 'ValueError');
  const unused = py.runPython('asyncio.Event().wait()');
  unused.destroy();
  t.match((await t.rejects(() => unused.then(() => 1))).message, /destroyed/);
});

test('a coroutine that Python awaited cannot be awaited again', async (load, t) => {
  const py = await setUp(load);
  const coroutine = py.runPython('once = answer(1)\nonce');
  await py.runPythonAsync('await once');
  await rejects(t, py, () => coroutine, 'RuntimeError');
});

test('await of what is no awaitable gives it back', async (load, t) => {
  const py = await setUp(load);
  for (const code of ['[]', '{}', 'object()', 'len', 'noting()']) {
    const proxy = py.runPython(code);
    t.equal(await proxy, proxy, code);
  }
  const thenable = py.runPython('{"then": 5}');
  t.equal((await thenable).get('then'), 5, 'a key named then is not a method');
});

test('async iterator: next and for await', async (load, t) => {
  const py = await setUp(load);
  const countdown = py.runPython('Countdown(2)');
  t.equal(countdown[Symbol.asyncIterator](), countdown);
  const promise = countdown.next();
  t.ok(promise instanceof Promise);
  const first = await promise;
  t.equal(first.done, false);
  t.equal(first.value.toString(), '[1]');
  t.equal((await countdown.next()).value.toString(), '[0]');
  t.equal((await countdown.next()).done, true);
  const seen = [];
  for await (const value of py.runPython('Countdown(3)')) seen.push(value.get(0));
  t.same(seen, [2, 1, 0]);
  const wrapper = py.runPython('class Wrapper:\n    def __aiter__(self): return Countdown(2)\nWrapper()');
  t.equal(wrapper.next, undefined);
  const again = [];
  for await (const value of wrapper) again.push(value.get(0));
  t.same(again, [1, 0]);
});

test('for await over synchronous ones', async (load, t) => {
  const py = await setUp(load);
  const seen = [];
  for await (const value of py.runPython('[1, answer(2), 3]')) seen.push(value);
  t.same(seen, [1, 2, 3]);
});

test('async iterators that raise', async (load, t) => {
  const py = await setUp(load);
  py.runPython(`
class Raises:
    def __aiter__(self): return self
    def __anext__(self): raise OSError("anext")
class RaisesLater:
    def __aiter__(self): return self
    async def __anext__(self): raise OSError("later")
class RaisesFirst:
    def __aiter__(self): raise OSError("aiter")`);
  const next = py.runPython('Raises()').next();
  t.ok(next instanceof Promise, 'a rejection, no exception');
  t.match(await rejects(t, py, () => next, 'OSError'), /anext/);
  t.match(await rejects(t, py, () => py.runPython('RaisesLater()').next(), 'OSError'), /later/);
  await rejects(t, py, async () => {
    for await (const value of py.runPython('RaisesFirst()')) t.ok(false, String(value));
  }, 'OSError');
});

test('async generator: next sends', async (load, t) => {
  const py = await setUp(load);
  const generator = py.runPython('noting()');
  t.same(await generator.next(), { done: false, value: 1 });
  t.same(await generator.next('a'), { done: false, value: 2 });
  t.equal((await generator.next('b')).done, true);
  t.equal((await generator.next()).done, true);
  t.equal(notes(py), "[('sent', 'a'), ('sent', 'b'), 'finally']");
  const seen = [];
  for await (const value of py.runPython('noting()')) seen.push(value);
  t.same(seen, [1, 2]);
});

test('async generator: return', async (load, t) => {
  const py = await setUp(load);
  const generator = py.runPython('noting()');
  await generator.next();
  const promise = generator.return('value');
  t.ok(promise instanceof Promise);
  t.same(await promise, { done: true, value: 'value' });
  t.equal((await generator.next()).done, true);
  t.equal(notes(py), "[('raised', 'GeneratorExit'), 'finally']");
  const unstarted = py.runPython('noting()');
  t.same(await unstarted.return('value'), { done: true, value: 'value' });
  const refusing = py.runPython('async def refusing():\n    try: yield 1\n    except GeneratorExit: yield "refused"\nrefusing()');
  await refusing.next();
  t.same(await refusing.return('value'), { done: false, value: 'refused' });
  const stopped = py.runPython('notes.clear(); noting()');
  for await (const value of stopped) {
    t.equal(value, 1);
    break;
  }
  t.equal(notes(py), "[('raised', 'GeneratorExit'), 'finally']", 'break closes it');
});

test('async generator: throw', async (load, t) => {
  const py = await setUp(load);
  const generator = py.runPython('noting()');
  await generator.next();
  const error = await t.rejects(() => generator.throw(new RangeError('from JavaScript')));
  t.match(error.message, /RangeError: from JavaScript/);
  const catching = py.runPython(`
async def catching():
    while True:
        try: yield "waiting"
        except Exception as error: yield f"caught {error}"
catching()`);
  await catching.next();
  t.match((await catching.throw(new RangeError('inside'))).value, /caught .*inside/);
  t.equal((await catching.next()).value, 'waiting');
  t.equal((await catching.throw(py.runPython('ValueError("of Python")'))).value, 'caught of Python');
  const python = py.runPython('noting()');
  await python.next();
  t.match(await rejects(t, py, () => python.throw(py.runPython('KeyError("k")')), 'KeyError'), /k/);
  t.ok((await t.rejects(() => catching.throw('text'))) instanceof Error, 'what is no error');
});

test('destroying an async generator while it works', async (load, t) => {
  const py = await setUp(load);
  const generator = py.runPython('noting()');
  t.equal((await generator.next()).value, 1);
  const second = generator.next();
  generator.destroy();
  t.same(await second, { done: false, value: 2 });
});

test('Python awaits JavaScript which awaits Python', async (load, t) => {
  const py = await setUp(load);
  py.globals.set('twice', async (f) => (await f(1)) + (await f(2)));
  t.equal(await py.runPythonAsync('await twice(answer)'), 3);
});
