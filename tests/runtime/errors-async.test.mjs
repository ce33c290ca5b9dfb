/** Exceptions through promises, coroutines, timers and event handlers, and overflows of the stack in either language. */
import { test } from '../harness/body.mjs';

/** The JavaScript error that Python passed on: itself, or the cause of the PythonError around it. */
const original = (py, error) => (error instanceof py.ffi.PythonError ? error.cause : error);

/** The next error that nobody catches, which is then handled. */
const nextUncaught = (t) =>
  new Promise((resolve) => {
    if (t.env.kind === 'node') {
      process.once('uncaughtException', resolve);
      return;
    }
    const listener = (event) => {
      event.preventDefault();
      resolve(event.error);
    };
    globalThis.addEventListener('error', listener, { once: true });
  });

test('a rejected promise in Python: a JsException of the very same Error', async (load, t) => {
  const py = await load();
  const error = new RangeError('rejected');
  py.globals.set('reject', async function namedReject() {
    throw error;
  });
  py.globals.set('error', error);
  t.equal(
    await py.runPythonAsync(`
from pyodide.ffi import JsException
import asyncio
results = []
async def waits(): await reject()
for wait in (reject, waits, lambda: asyncio.ensure_future(waits()), lambda: asyncio.gather(waits())):
    try:
        await wait()
    except JsException as e:
        results.append((e == error, str(e)))
repr(set(results))`),
    "{(True, 'RangeError: rejected')}",
  );
});

test('an error that only passes through Python rejects with its text and stacks', async (load, t) => {
  const py = await load();
  py.globals.set('reject', async function namedReject() {
    throw new RangeError('passing');
  });
  py.runPython('async def waits():\n    await reject()');
  for (const error of [await t.rejects(() => py.runPythonAsync('await waits()')), await t.rejects(() => py.globals.get('waits')())]) {
    t.match(`${error.message}\n${error.stack}`, /RangeError: passing|passing/);
    t.match(`${error.message}\n${error.stack}`, /waits/);
  }
});

test(
  'an error that only passes through Python is the very same',
  { skip: { peer: 'the peer throws a PythonError that does not hold the error' } },
  async (load, t) => {
    const py = await load();
    const error = new RangeError('passing');
    py.globals.set('reject', () => Promise.reject(error));
    py.runPython('async def waits():\n    await reject()');
    t.equal(original(py, await t.rejects(() => py.runPythonAsync('await waits()'))), error);
    t.equal(original(py, await t.rejects(() => py.globals.get('waits')())), error);
    py.globals.set('relay', async () => py.globals.get('waits')());
    t.equal(original(py, await t.rejects(() => py.runPythonAsync('await relay()'))), error, 'Python, JavaScript, Python, JavaScript');
  },
);

test('a coroutine that raises rejects with its exception', async (load, t) => {
  const py = await load();
  const raiser = py.runPython('async def raiser():\n    raise LookupError("later")\nraiser');
  const error = await t.rejects(() => raiser());
  t.ok(error instanceof py.ffi.PythonError);
  t.equal(error.type, 'LookupError');
  t.match(error.message, /in raiser[\s\S]*LookupError: later/);
  t.equal(await raiser().catch((e) => e.type), 'LookupError');
  t.equal(
    await py.runPythonAsync('import asyncio\nasyncio.ensure_future(raiser())').then(
      () => 0,
      (e) => e.type,
    ),
    'LookupError',
    'a task, too',
  );
});

test(
  'an exception through coroutine, promise and coroutine is the very same',
  { skip: { peer: 'a PythonError that rejects stays one' } },
  async (load, t) => {
    const py = await load();
    let between;
    py.globals.set('relay', async (coroutine) => {
      try {
        return await coroutine();
      } catch (error) {
        between = error;
        throw error;
      }
    });
    t.equal(
      await py.runPythonAsync(`
from pyodide.ffi import create_proxy
problem = LookupError("far")
async def raiser(): raise problem
proxy = create_proxy(raiser)
try:
    await relay(proxy)
except BaseException as e:
    result = repr((e is problem, e))
proxy.destroy()
result`),
      "(True, LookupError('far'))",
    );
    t.equal(between.type, 'LookupError');
  },
);

test('a callback of then that raises rejects', async (load, t) => {
  const py = await load();
  const raiser = py.runPython('def raiser(value): raise ValueError(f"got {value}")\nraiser');
  const error = await t.rejects(() => Promise.resolve(5).then(raiser));
  t.equal(error.type, 'ValueError');
  t.match(error.message, /ValueError: got 5/);
});

test('a promise that rejects with what is no Error', { skip: { peer: 'the promise never settles for the peer' } }, async (load, t) => {
  const py = await load();
  for (const [value, text] of [
    ['some words', /some words/],
    [5, /5/],
    [undefined, /undefined/],
    [null, /null/],
    [{ a: 1 }, /object/i],
  ]) {
    py.globals.set('reject', () => Promise.reject(value));
    t.match(
      await py.runPythonAsync(
        'from pyodide.ffi import JsException\ntry:\n    await reject()\nexcept JsException as e:\n    result = str(e)\nresult',
      ),
      text,
    );
  }
});

test('runPythonAsync: SystemExit and KeyboardInterrupt reject', { skip: { peer: 'ends the peer in Node' } }, async (load, t) => {
  const py = await load();
  for (const code of ['SystemExit(4)', 'KeyboardInterrupt("k")', 'BaseException("b")']) {
    const error = await t.rejects(() => py.runPythonAsync(`import asyncio\nawait asyncio.sleep(0)\nraise ${code}`));
    t.equal(error.type, code.split('(')[0]);
    t.equal(await py.runPythonAsync('6 * 7'), 42);
  }
});

test('sys.last_exc after a rejection', async (load, t) => {
  const py = await load();
  await t.rejects(() => py.runPythonAsync('problem = LookupError("late")\nraise problem'));
  t.equal(py.runPython('import sys\nsys.last_exc is problem'), true);
});

test('an event handler that raises: the exception is reported, the rest goes on', async (load, t) => {
  const py = await load();
  const target = new EventTarget();
  const order = [];
  const raiser = py.runPython('def raiser(event):\n    order.push(event.type)\n    raise ValueError("handler")\nraiser');
  py.globals.set('order', order);
  target.addEventListener('ping', raiser);
  target.addEventListener('ping', () => order.push('second'));
  const uncaught = nextUncaught(t);
  t.equal(target.dispatchEvent(new Event('ping')), true);
  const error = await uncaught;
  t.same(order, ['ping', 'second']);
  t.equal(error.type, 'ValueError');
  t.match(error.message, /in raiser[\s\S]*ValueError: handler/);
  t.equal(py.runPython('6 * 7'), 42);
});

test('an event that Python dispatches to a Python handler that raises', async (load, t) => {
  const py = await load();
  py.globals.set('target', new EventTarget());
  py.globals.set('Event', Event);
  const uncaught = nextUncaught(t);
  t.equal(
    py.runPython(`
from pyodide.ffi import create_proxy
seen = []
@create_proxy
def raiser(event):
    seen.append(event.type)
    raise ValueError("inner handler")
target.addEventListener("ping", raiser)
sent = target.dispatchEvent(Event.new("ping"))
target.removeEventListener("ping", raiser)
raiser.destroy()
repr((sent, seen))`),
    "(True, ['ping'])",
  );
  t.match((await uncaught).message, /ValueError: inner handler/);
});

test('a handler that calls JavaScript that throws reports with both stacks', async (load, t) => {
  const py = await load();
  py.globals.set('thrower', function namedThrower() {
    throw new RangeError('from below');
  });
  const target = new EventTarget();
  target.addEventListener('ping', py.runPython('def handler(event): thrower()\nhandler'));
  const uncaught = nextUncaught(t);
  target.dispatchEvent(new Event('ping'));
  const error = await uncaught;
  t.match(`${error.message}\n${error.stack}`, /from below/);
  t.match(`${error.message}\n${error.stack}`, /handler/);
  t.match(`${error.message}\n${error.stack}`, /namedThrower/);
});

test('a timer callback that raises', async (load, t) => {
  const py = await load();
  py.globals.set('setTimeout', (...args) => setTimeout(...args));
  const uncaught = nextUncaught(t);
  py.runPython(
    'from pyodide.ffi import create_once_callable\ndef late(): raise ValueError("timer")\nsetTimeout(create_once_callable(late), 1)',
  );
  const error = await uncaught;
  t.equal(error.type, 'ValueError');
  t.equal(py.runPython('6 * 7'), 42);
});

test('endless recursion in JavaScript, called from Python', { timeout: 120 }, async (load, t) => {
  const py = await load({});
  py.globals.set('recurse', function recurse() {
    return recurse() + 1;
  });
  for (let i = 0; i < 3; i++) {
    t.match(
      py.runPython('from pyodide.ffi import JsException\ntry:\n    recurse()\nexcept JsException as e:\n    result = str(e)\nresult'),
      /^(RangeError|InternalError): /,
    );
    t.match(t.throws(py.runPython('lambda: recurse()')).message, /Maximum call stack|too much recursion/);
    t.equal(py.runPython('6 * 7'), 42);
  }
});

test('endless recursion in Python, called from JavaScript', { timeout: 120 }, async (load, t) => {
  const py = await load({});
  const recurse = py.runPython('def recurse(): return recurse()\nrecurse');
  for (let i = 0; i < 3; i++) {
    t.equal(t.throws(recurse).type, 'RecursionError');
    t.equal(py.runPython('try:\n    recurse()\nexcept RecursionError:\n    result = "caught"\nresult'), 'caught');
  }
});

test(
  'endless recursion through both',
  { skip: { peer: 'the peer ends with an error of its file system' }, timeout: 120 },
  async (load, t) => {
    const py = await load({});
    py.runPython('def ping(): return pong()');
    const ping = py.globals.get('ping');
    let depth = 0;
    py.globals.set('pong', () => {
      depth++;
      return ping();
    });
    for (let i = 0; i < 3; i++) {
      const error = t.throws(ping);
      t.match(`${error.type} ${error.name} ${error.message}`, /RecursionError|RangeError|InternalError/);
      t.ok(depth > 20, `${depth} levels`);
      t.match(
        py.runPython('try:\n    ping()\nexcept BaseException as e:\n    result = f"{type(e).__name__}: {e}"\nresult'),
        /RecursionError|RangeError|InternalError/,
      );
      t.equal(py.runPython('6 * 7'), 42);
    }
  },
);
