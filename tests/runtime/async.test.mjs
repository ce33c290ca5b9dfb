/** runPythonAsync and asyncio on the engine's own event loop. */
import { test } from '../harness/body.mjs';

test('top-level await and the last value', async (load, t) => {
  const py = await load();
  t.equal(await py.runPythonAsync('1 + 1'), 2);
  t.equal(await py.runPythonAsync('import asyncio\nawait asyncio.sleep(0, "slept")'), 'slept');
  t.equal(await py.runPythonAsync('async def f():\n    return 7\nx = await f()\nx + 1'), 8);
  t.equal(await py.runPythonAsync('x = 1'), undefined);
});

test('returns a promise and does not block the engine', async (load, t) => {
  const py = await load();
  let ticks = 0;
  const ticker = setInterval(() => ticks++, 10);
  const promise = py.runPythonAsync('import asyncio\nawait asyncio.sleep(0.3)\n"done"');
  t.ok(typeof promise.then === 'function', 'a promise');
  t.equal(await promise, 'done');
  clearInterval(ticker);
  t.ok(ticks >= 5, `the engine's own timers ran (${ticks} ticks)`);
});

test('sleep takes the time it says', async (load, t) => {
  const py = await load();
  const begin = performance.now();
  await py.runPythonAsync('import asyncio\nawait asyncio.sleep(0.2)');
  const took = performance.now() - begin;
  t.ok(took >= 190 && took < 3000, `0.2 s took ${took} ms`);
});

test('gather, tasks and order', async (load, t) => {
  const py = await load();
  const text = await py.runPythonAsync(`
import asyncio
log = []
async def work(name, delay):
    await asyncio.sleep(delay)
    log.append(name)
    return name * 2
results = await asyncio.gather(work("c", 0.12), work("a", 0.02), work("b", 0.07))
task = asyncio.create_task(work("d", 0))
await task
repr((results, log, task.done()))
`);
  t.equal(text, "(['cc', 'aa', 'bb'], ['a', 'b', 'c', 'd'], True)");
});

test('TaskGroup, timeout, Event, Queue, Lock', async (load, t) => {
  const py = await load();
  const text = await py.runPythonAsync(`
import asyncio
queue, event, lock, out = asyncio.Queue(2), asyncio.Event(), asyncio.Lock(), []
async def producer():
    for i in range(5):
        await queue.put(i)
    event.set()
async def consumer():
    for _ in range(5):
        async with lock:
            out.append(await queue.get())
async with asyncio.TaskGroup() as group:
    group.create_task(producer())
    group.create_task(consumer())
await event.wait()
try:
    async with asyncio.timeout(0.05):
        await asyncio.sleep(10)
    late = False
except TimeoutError:
    late = True
repr((out, late))
`);
  t.equal(text, '([0, 1, 2, 3, 4], True)');
});

test('cancelling a task', async (load, t) => {
  const py = await load();
  t.equal(
    await py.runPythonAsync(`
import asyncio
task = asyncio.create_task(asyncio.sleep(10))
await asyncio.sleep(0)
task.cancel()
try:
    await task
    outcome = "finished"
except asyncio.CancelledError:
    outcome = "cancelled"
outcome`),
    'cancelled',
  );
});

test('an exception rejects with the traceback', async (load, t) => {
  const py = await load();
  const error = await t.rejects(() =>
    py.runPythonAsync(
      'import asyncio\nasync def f():\n    await asyncio.sleep(0.01)\n    raise LookupError("after a while")\nawait f()',
      { filename: 'later.py' },
    ),
  );
  t.ok(error instanceof py.ffi.PythonError, 'a PythonError');
  t.equal(error.type, 'LookupError');
  t.match(error.message, /File "later\.py", line 5[\s\S]*line 4, in f[\s\S]*LookupError: after a while/);
});

test('a syntax error rejects, it does not throw', async (load, t) => {
  const py = await load();
  const promise = py.runPythonAsync('await (');
  const error = await t.rejects(() => promise);
  t.equal(error.type, 'SyntaxError');
});

test('many at once are independent', async (load, t) => {
  const py = await load();
  const all = await Promise.all(
    Array.from({ length: 20 }, (_, i) => py.runPythonAsync(`import asyncio\nawait asyncio.sleep(${(20 - i) / 500})\n${i}`)),
  );
  t.same(all, Array.from({ length: 20 }, (_, i) => i));
});

test('globals and locals options', async (load, t) => {
  const py = await load();
  const globals = py.toPy({ n: 5 });
  t.equal(await py.runPythonAsync('import asyncio\nawait asyncio.sleep(0)\nm = n * 2\nm', { globals }), 10);
  t.equal(globals.get('m'), 10);
  t.equal(py.globals.has('m'), false);
});

test('async iteration, generators and context managers', async (load, t) => {
  const py = await load();
  t.equal(
    await py.runPythonAsync(`
import asyncio, contextlib
@contextlib.asynccontextmanager
async def ctx():
    await asyncio.sleep(0)
    yield "in"
async def gen():
    for i in range(3):
        await asyncio.sleep(0)
        yield i
async with ctx() as value:
    items = [i async for i in gen()]
repr((value, items))`),
    "('in', [0, 1, 2])",
  );
});

test('contextvars follow tasks', async (load, t) => {
  const py = await load();
  t.equal(
    await py.runPythonAsync(`
import asyncio, contextvars
var = contextvars.ContextVar("var", default="none")
async def child(value):
    var.set(value)
    await asyncio.sleep(0.01)
    return var.get()
repr((await asyncio.gather(child("a"), child("b")), var.get()))`),
    "(['a', 'b'], 'none')",
  );
});

test('call_later and call_soon run between awaits', async (load, t) => {
  const py = await load();
  t.equal(
    await py.runPythonAsync(`
import asyncio
out = []
loop = asyncio.get_running_loop()
loop.call_later(0.05, out.append, "later")
loop.call_soon(out.append, "soon")
handle = loop.call_later(0.02, out.append, "never")
handle.cancel()
await asyncio.sleep(0.15)
repr(out)`),
    "['soon', 'later']",
  );
});

test('to_thread either works or says that there are no threads', async (load, t) => {
  const py = await load();
  const outcome = await py
    .runPythonAsync('import asyncio\nawait asyncio.to_thread(lambda: "ran")')
    .catch((error) => error.message);
  t.match(outcome, /^ran$|can't start new thread/);
});
