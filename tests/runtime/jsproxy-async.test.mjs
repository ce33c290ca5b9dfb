/** JsProxy: promises as awaitables, async generators and iterators, Symbol.asyncDispose. */
import { raisesAsync, runAsync, seenAsync } from '../harness/bridge.mjs';
import { test } from '../harness/body.mjs';

const later = (value, ms = 1) => new Promise((resolve) => setTimeout(() => resolve(value), ms));
const fails = (error, ms = 1) => new Promise((_, reject) => setTimeout(() => reject(error), ms));

/** A holder, so that the promise is a proxy and not yet the future that a call returns. */
const held = (promise) => {
  promise.catch(() => {});
  return { promise };
};

test('a call that returns a promise returns a future', async (load, t) => {
  const py = await load();
  t.equal(
    await seenAsync(py, { later }, 'import asyncio\nf = later(5)\nisinstance(f, asyncio.Future), await f, f.done(), f.result()'),
    '(True, 5, True, 5)',
  );
  t.equal(await seenAsync(py, { f: async () => [1] }, 'r = await f()\nr[0], isinstance(r, JsArray)'), '(1, True)');
  t.equal(await seenAsync(py, { u: async () => undefined, n: async () => null }, 'await u(), await n()'), '(None, jsnull)');
  t.equal(await seenAsync(py, { f: () => ({ then(resolve) { resolve('thenable'); } }) }, 'await f()'), "'thenable'");
  t.equal(await seenAsync(py, { o: { n: 4, async get() { return this.n; } } }, 'await o.get()'), '4');
});

test('a promise itself is an awaitable proxy', async (load, t) => {
  const py = await load();
  const o = held(later(8));
  t.equal(
    await seenAsync(
      py,
      { o },
      'import collections.abc as c\nisinstance(o.promise, JsPromise), isinstance(o.promise, c.Awaitable), await o.promise, await o.promise',
    ),
    '(True, True, 8, 8)',
  );
  t.equal(await seenAsync(py, { a: [Promise.resolve('x')] }, 'await a[0]'), "'x'");
  t.equal(await seenAsync(py, { o: { then(resolve) { resolve(9); } } }, 'await o, isinstance(o, JsPromise)'), '(9, True)');
  await raisesAsync(t, py, { o: { then: 5 } }, 'await o', 'TypeError', /await/);
  await raisesAsync(t, py, { o: {} }, 'await o', 'TypeError', /await/);
});

test('rejections raise what they were rejected with', async (load, t) => {
  const py = await load();
  const names = { fails, error: new RangeError('no'), o: held(fails(new RangeError('held'))) };
  await raisesAsync(t, py, names, 'await fails(error)', 'JsException', /RangeError: no/);
  await raisesAsync(t, py, names, 'await o.promise', 'JsException', /RangeError: held/);
  await raisesAsync(t, py, { f: async () => { throw new TypeError('async'); } }, 'await f()', 'JsException', /TypeError: async/);
  t.equal(await seenAsync(py, names, 'try: await fails(error)\nexcept JsException as e: r = e == error\nr'), 'True');
  await raisesAsync(t, py, { o: { then() { throw new RangeError('in then'); } } }, 'await o', 'JsException', /in then/);
  await raisesAsync(
    t,
    py,
    { f: (g) => later().then(g) },
    'def g(_): raise KeyError("python")\nawait f(create_proxy(g))',
    'KeyError|JsException',
    /KeyError|python/,
  );
});

test('rejections with what is no Error', { skip: { peer: 'the peer never resumes the waiting task' } }, async (load, t) => {
  const py = await load();
  for (const reason of [5, 'text', undefined, null, { a: 1 }, Symbol('s'), Object.create(null)]) {
    await raisesAsync(t, py, { o: held(Promise.reject(reason)) }, 'await o.promise', 'JsException');
    await raisesAsync(t, py, { f: () => Promise.reject(reason) }, 'await f()', 'JsException');
  }
  await raisesAsync(t, py, { f: () => Promise.reject('text') }, 'await f()', 'JsException', /text/);
});

test('futures of calls: then, catch, finally_', async (load, t) => {
  const py = await load();
  const names = { later, fails, error: new RangeError('no') };
  t.equal(await seenAsync(py, names, 'await later(5).then(lambda x: x + 1)'), '6');
  t.equal(await seenAsync(py, names, 'await later(5).then(lambda x: later(x * 2))'), '10');
  t.equal(
    await seenAsync(py, names, 'await fails(error).catch(lambda e: (type(e).__name__, str(e)))'),
    "('JsException', 'RangeError: no')",
  );
  t.equal(await seenAsync(py, names, 'log = []\nr = await later(5).finally_(lambda: log.append(1))\nr, log'), '(5, [1])');
  t.equal(await seenAsync(py, names, 'await later(5).then(lambda x: x * 2, lambda e: 0)'), '10');
  await raisesAsync(t, py, names, 'await fails(error).then(lambda x: 1)', 'JsException', /no/);
  await raisesAsync(t, py, names, 'await later(5).then(lambda x: 1 / 0)', 'ZeroDivisionError');
});

test('promises: then, catch, finally_', { skip: { peer: 'the peer resolves with a number of its own' } }, async (load, t) => {
  const py = await load();
  const names = () => ({ o: held(Promise.resolve(8)), bad: held(Promise.reject(new RangeError('no'))), later });
  t.equal(await seenAsync(py, names(), 'await o.promise.then(lambda x: x + 1)'), '9');
  t.equal(await seenAsync(py, names(), 'await o.promise.then(lambda x: x + 1, lambda e: 0)'), '9');
  t.equal(await seenAsync(py, names(), 'await o.promise.then(onfulfilled=lambda x: [x])'), '[8]');
  t.equal(await seenAsync(py, names(), 'await o.promise.then(lambda x: later(x * 2))'), '16');
  t.equal(await seenAsync(py, names(), 'async def g(x): return x * 10\nawait o.promise.then(g)'), '80');
  t.equal(await seenAsync(py, names(), 'await o.promise.then(None), await o.promise.catch(None)'), '(8, 8)');
  await raisesAsync(
    t,
    py,
    names(),
    'await o.promise.then(lambda x: 1 / 0)',
    'ZeroDivisionError|JsException',
    /ZeroDivision|division/,
  );
  await raisesAsync(t, py, names(), 'await bad.promise.then(lambda x: 1)', 'JsException', /no/);
});

test('promises: handlers of rejections, finally_', async (load, t) => {
  const py = await load();
  const names = () => ({ o: held(Promise.resolve(8)), bad: held(Promise.reject(new RangeError('no'))) });
  t.equal(
    await seenAsync(py, names(), 'await bad.promise.catch(lambda e: (type(e).__name__, str(e)))'),
    "('JsException', 'RangeError: no')",
  );
  t.equal(await seenAsync(py, names(), 'await bad.promise.then(lambda x: 1, lambda e: e.message)'), "'no'");
  t.equal(await seenAsync(py, names(), 'log = []\nr = await o.promise.finally_(lambda: log.append(1))\nr, log'), '(8, [1])');
  await raisesAsync(t, py, names(), 'await bad.promise.finally_(lambda: None)', 'JsException', /no/);
  await raisesAsync(
    t,
    py,
    names(),
    'await o.promise.finally_(lambda: 1 / 0)',
    'ZeroDivisionError|JsException',
    /ZeroDivision|division/,
  );
  await raisesAsync(t, py, names(), 'o.promise.catch()', 'TypeError', /argument/);
});

test('asyncio takes them', async (load, t) => {
  const py = await load();
  t.equal(await seenAsync(py, { later }, 'import asyncio\nawait asyncio.gather(later(1, 9), later(2))'), '[1, 2]');
  t.equal(await seenAsync(py, { later }, 'import asyncio\nawait asyncio.wait_for(later(1), 5)'), '1');
  await raisesAsync(t, py, { later }, 'import asyncio\nawait asyncio.wait_for(later("slow", 500), 0.02)', 'TimeoutError');
  t.equal(
    await seenAsync(
      py,
      { o: held(later(8)) },
      'import asyncio\nawait asyncio.ensure_future(o.promise), await asyncio.wait_for(o.promise, 5)',
    ),
    '(8, 8)',
  );
  t.equal(
    await seenAsync(
      py,
      { later },
      'import asyncio\nf = later(1, 300)\nf.cancel()\ntry: await f\nexcept asyncio.CancelledError: r = "cancelled"\nr',
    ),
    "'cancelled'",
  );
});

test('Python awaitables for JavaScript', async (load, t) => {
  const py = await load();
  const names = { twice: async (awaitable) => (await awaitable) * 2 };
  t.equal(await runAsync(py, names, 'async def f(): return 21\nawait twice(f())'), 42);
  t.equal(
    await runAsync(
      py,
      names,
      'import asyncio\nasync def f():\n    await asyncio.sleep(0.01)\n    return 4\nawait twice(asyncio.create_task(f()))',
    ),
    8,
  );
  await raisesAsync(
    t,
    py,
    names,
    'async def f(): raise LookupError("from Python")\nawait twice(f())',
    'LookupError|JsException',
    /from Python/,
  );
});

test('async generators: async for, anext, asend', async (load, t) => {
  const py = await load();
  async function* talk() {
    const a = yield 1;
    await later();
    yield a;
    return 'end';
  }
  t.equal(
    await seenAsync(
      py,
      { talk },
      'g = talk()\nisinstance(g, JsAsyncGenerator), isinstance(g, JsAsyncIterator), isinstance(g, JsAsyncIterable)',
    ),
    '(True, True, True)',
  );
  t.equal(await seenAsync(py, { g: talk() }, 'await anext(g), await g.asend(5), await anext(g, "default")'), "(1, 5, 'default')");
  t.equal(await seenAsync(py, { talk }, '[x async for x in talk()]'), '[1, None]');
  await raisesAsync(t, py, { talk }, 'g = talk()\nasync for _ in g: pass\nawait anext(g)', 'StopAsyncIteration');
  await raisesAsync(
    t,
    py,
    { g: (async function* () { yield 1; throw new RangeError('mid'); })() },
    'async for _ in g: pass',
    'JsException',
    /mid/,
  );
});

test('async generators: athrow and aclose', async (load, t) => {
  const py = await load();
  const log = [];
  async function* patient() {
    try {
      yield 1;
    } catch (error) {
      yield `caught ${error.type}`;
    } finally {
      log.push('finally');
    }
  }
  t.equal(
    await seenAsync(py, { g: patient() }, 'await anext(g), await g.athrow(KeyError("k")), await g.aclose()'),
    "(1, 'caught KeyError', None)",
  );
  t.equal(
    await seenAsync(py, { g: patient() }, 'await anext(g), await g.aclose(), await g.aclose(), [x async for x in g]'),
    '(1, None, None, [])',
  );
  t.same(log, ['finally', 'finally']);
  async function* plain() {
    yield 1;
  }
  await raisesAsync(t, py, { g: plain() }, 'await anext(g)\nawait g.athrow(KeyError("k"))', 'KeyError|JsException', /KeyError|k/);
  await raisesAsync(t, py, { g: plain() }, 'await g.athrow(5)', 'TypeError', /BaseException/);
  async function* stubborn() {
    try {
      yield 1;
    } finally {
      yield 2;
    }
  }
  await raisesAsync(t, py, { g: stubborn() }, 'await anext(g)\nawait g.aclose()', 'RuntimeError', /ignored/);
  async function* angry() {
    try {
      yield 1;
    } finally {
      throw new RangeError('on the way out');
    }
  }
  await raisesAsync(t, py, { g: angry() }, 'await anext(g)\nawait g.aclose()', 'JsException', /on the way out/);
});

test('async iterables and iterators', async (load, t) => {
  const py = await load();
  const counting = () => {
    let n = 0;
    return { next: async () => (n < 3 ? { done: false, value: n++ } : { done: true, value: undefined }) };
  };
  t.equal(
    await seenAsync(py, { o: { [Symbol.asyncIterator]: counting } }, '[x async for x in o], isinstance(o, JsAsyncIterable)'),
    '([0, 1, 2], True)',
  );
  const self = { ...counting(), [Symbol.asyncIterator]() { return this; } };
  t.equal(await seenAsync(py, { self }, '[x async for x in self], isinstance(self, JsAsyncIterator)'), '([0, 1, 2], True)');
  await raisesAsync(t, py, { o: [1] }, 'async for x in o: pass', 'TypeError', /async for|aiter/);
});

test('async iterators that break the protocol', async (load, t) => {
  const py = await load();
  const boom = () => {
    throw new RangeError('inside');
  };
  const loop = 'async for x in o: pass';
  const iterator = (next) => ({ o: { [Symbol.asyncIterator]: () => ({ next }) } });
  await raisesAsync(t, py, iterator(() => 5), loop, 'TypeError', /object|number|promise/i);
  await raisesAsync(t, py, iterator(boom), loop, 'JsException', /inside/);
  await raisesAsync(t, py, iterator(async () => boom()), loop, 'JsException', /inside/);
  await raisesAsync(t, py, { o: { [Symbol.asyncIterator]: boom } }, loop, 'JsException', /inside/);
  await raisesAsync(t, py, { o: { [Symbol.asyncIterator]: () => ({}) } }, loop, 'TypeError', /anext/);
  await raisesAsync(t, py, { o: { [Symbol.asyncIterator]: () => 5 } }, loop, 'TypeError', /anext/);
});

test('async iterators with wrong results', { skip: { peer: 'the peer never resumes the waiting task' } }, async (load, t) => {
  const py = await load();
  for (const result of [5, null, undefined, 'text']) {
    const o = { [Symbol.asyncIterator]: () => ({ next: async () => result }) };
    await raisesAsync(t, py, { o }, 'async for x in o: break', 'TypeError|JsException');
  }
  const getter = { [Symbol.asyncIterator]: () => ({ next: async () => ({ get done() { throw new RangeError('done'); } }) }) };
  await raisesAsync(t, py, { getter }, 'async for x in getter: break', 'JsException', /done/);
});

test('Symbol.asyncDispose makes an async context manager', async (load, t) => {
  const py = await load();
  const log = [];
  const o = { v: 1, async [Symbol.asyncDispose]() { await later(); log.push(this === o); } };
  t.equal(await seenAsync(py, { o }, 'async with o as x: r = (x == o, x.v)\nr'), '(True, 1)');
  await raisesAsync(t, py, { o }, 'async with o: 1 / 0', 'ZeroDivisionError');
  t.same(log, [true, true]);
  const sync = { [Symbol.asyncDispose]() { log.push('sync'); } };
  await runAsync(py, { sync }, 'async with sync: pass');
  t.equal(log.at(-1), 'sync');
  await raisesAsync(
    t,
    py,
    { o: { async [Symbol.asyncDispose]() { throw new RangeError('later'); } } },
    'async with o: pass',
    'JsException',
    /later/,
  );
  await raisesAsync(
    t,
    py,
    { o: { [Symbol.asyncDispose]() { throw new RangeError('at once'); } } },
    'async with o: pass',
    'JsException',
    /at once/,
  );
  await raisesAsync(t, py, { o: {} }, 'async with o: pass', 'TypeError', /context manager/);
  await raisesAsync(t, py, { o }, 'with o: pass', 'TypeError', /context manager/);
});

test('many promises at once', async (load, t) => {
  const py = await load();
  const code = 'import asyncio\nr = await asyncio.gather(*(later(i, i % 7) for i in range(200)))\nr == list(range(200))';
  t.equal(await runAsync(py, { later }, code), true);
});
