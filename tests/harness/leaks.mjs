/**
 * Tests that an operation leaves nothing behind: as many live JavaScript references, live proxies and Python objects
 * after thousands of rounds as before. The Python side counts what its garbage collector knows and the bytes of its
 * allocators.
 */
import { test } from './body.mjs';

/** What the distribution counts itself: `{ jsReferences, pyProxies }`. The only place that knows where. */
const liveCounts = (py) => py._debug.counts();

const MEASURE = `
import gc, tracemalloc
if not tracemalloc.is_tracing(): tracemalloc.start()
def measure():
    gc.collect()
    return [len(gc.get_objects()), tracemalloc.get_traced_memory()[0]]
measure`;

/** Lets everything that waits for a turn of the event loop run. */
const settle = async () => {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setTimeout(resolve, 0));
};

/**
 * One test per operation. `prepare(py)` returns the operation, which may return a promise.
 * @param {string} name
 * @param {number} elsewhere how many rounds engines other than Node do; Node does {@link MANY}
 * @param {(py: any, t: any) => () => unknown} prepare
 */
export function leakless(name, elsewhere, prepare) {
  test(`again and again: ${name}`, { timeout: 300 }, async (load, t) => {
    const py = await load();
    // Five engines would take a quarter of an hour with all of them.
    const rounds = t.env.engine === 'node' ? MANY : elsewhere;
    const measure = py.runPython(MEASURE);
    const count = () => {
      const list = measure();
      const [objects, bytes] = list.toJs();
      list.destroy();
      return { objects, bytes, ...(t.env.peer ? {} : liveCounts(py)) };
    };
    const operation = prepare(py, t);
    const repeat = async (times) => {
      for (let i = 0; i < times; i++) {
        const pending = operation();
        if (pending !== undefined) await pending;
      }
      await settle();
    };
    // On the peer this only shows that the operations are what they should be.
    if (t.env.peer) return repeat(20);
    await repeat(Math.min(500, rounds / 10));
    count();
    let before = count();
    await repeat(rounds);
    let after = count();
    // Less is fine: the collector has found what was left over before.
    const more = (name) => Math.max(after[name] - before[name], 0);
    // The last rounds' tasks may still be ending; what they hold is let go within moments, a leak never is.
    for (let tries = 0; tries < 20 && more('jsReferences') + more('pyProxies') > 0; tries++) {
      await settle();
      after = count();
    }
    t.equal(more('jsReferences'), 0, 'live JavaScript references');
    t.equal(more('pyProxies'), 0, 'live proxies');
    // A few objects come and go with caches; one for each round would be far more.
    t.ok(after.objects - before.objects < rounds / 20 + 20, `${after.objects - before.objects} more Python objects`);
    const limit = rounds * 4 + 64_000;
    if (after.bytes - before.bytes >= limit) {
      // The table of interned strings grows once by hundreds of kilobytes, and then no more; a leak goes on.
      before = after;
      await repeat(rounds);
      after = count();
    }
    t.ok(after.bytes - before.bytes < limit, `${after.bytes - before.bytes} more bytes in Python`);
  });
}

/** How often an operation is repeated: in Node and for quick ones, and where that would take long. */
export const MANY = 10_000;
export const SOME = 2000;
export const FEW = 500;

/** Python objects that operations use. */
export const OBJECTS = `
from pyodide.ffi import *
import asyncio, sys
class Thing:
    def __init__(self): self.part, self.number = [1], 5
    def method(self, *args, **kwargs): return None
    def fresh(self): return [1]
thing = Thing()
words = ["a", "b", ["c"]]
table = {"a": 1, "b": [2]}
nothing = lambda *args, **kwargs: None
same = lambda x: x
def raiser(*args): raise ValueError("raised")
async def answer(*args): return 42
async def late_raiser(*args): raise ValueError("late")
async def values():
    yield 1
    yield [2]
`;

/** Does what throws, as it should. */
export const fails = (f) => {
  try {
    f();
  } catch {
    return;
  }
  throw new Error('nothing was thrown');
};
