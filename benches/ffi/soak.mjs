/**
 * Does a mix of everything at the border for minutes and watches memory: does it level off or grow?
 *
 *     node benches/ffi/soak.mjs [--minutes 10] [--every 10] [--dist DIR | --peer] [--only REGEX]
 *
 * Prints a line every few seconds and a verdict last; exits with 1 when something grows.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ferropyDist, peerDist } from '../../tests/harness/dist.mjs';
import { median } from '../shared/stats.mjs';

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    every: { type: 'string', default: '10' },
    dist: { type: 'string' },
    peer: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
});

/** What the distribution counts itself; the peer has no such counter. */
const liveCounts = (py) => py._debug?.counts?.() ?? {};

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

/** The memories of every module that is instantiated from now on. @type {Set<WebAssembly.Memory>} */
const memories = new Set();
for (const name of ['instantiate', 'instantiateStreaming']) {
  const instantiate = WebAssembly[name];
  WebAssembly[name] = async (source, imports, ...rest) => {
    const result = await instantiate.call(WebAssembly, source, imports, ...rest);
    const values = [
      ...Object.values(imports ?? {}).flatMap((module) => Object.values(module)),
      ...Object.values((result.instance ?? result).exports),
    ];
    for (const value of values) if (value instanceof WebAssembly.Memory) memories.add(value);
    return result;
  };
}

const { dir, loader } = options.peer ? peerDist() : ferropyDist(options.dist);
const { loadPyodide } = await import(pathToFileURL(join(dir, loader)).href);
const py = await loadPyodide({ stdout: () => {}, stderr: () => {} });

const JS = {
  identity: (x) => x,
  call: (f, ...args) => f(...args),
  thrower: () => {
    throw new RangeError('thrown');
  },
  holder: {
    a: 1,
    b: { c: [1, 'x', null] },
    m() {
      return this.b;
    },
  },
  array: Array.from({ length: 100 }, (_, i) => i),
  mapping: new Map([
    ['k', {}],
    ['l', [1]],
  ]),
  memory: new Uint8Array(10_000),
  Klass: class {
    constructor(x) {
      this.x = x;
    }
  },
  resolved: async (x) => x,
  rejected: async () => JS.thrower(),
  later: (x) => new Promise((resolve) => setTimeout(resolve, 0, x)),
  generator: function* () {
    yield {};
    yield 2;
  },
  setTimeout: (...args) => setTimeout(...args),
};
for (const [name, value] of Object.entries(JS)) py.globals.set(name, value);
py.runPython(`
import array as arrays, asyncio
from pyodide.ffi import JsException, create_once_callable, create_proxy, destroy_proxies, to_js
class Thing:
    def __init__(self): self.part, self.number = [1], 5
    def method(self, *args, **kwargs): return self.part
same = lambda x: x
def raiser(*args): raise ValueError("raised")
def numbers():
    for i in range(10):
        yield [i]
nested = {"list": [1, 2.5, "é🐍", None, [True, b"bytes"]], "table": {str(i): (i, i / 3) for i in range(100)}}
floats = arrays.array("d", range(10_000))
def from_python():
    for x in (1, 1.5, "text", "한" * 100, 2**70, None, [1], {"a": 1}): identity(x)
    call(same, holder); call(lambda: [1]); holder.m().c[2]; holder.a = 2; Klass.new(1).x
    list(array); array[3:7]; array.append(1); array.pop(); dict(mapping); mapping["k"]
    to_js(nested).to_py(); holder.to_py(); memory.to_bytes(); memory.assign(bytes(10_000))
    p = create_proxy(same); call(p, 1); p.destroy(); call(create_once_callable(lambda: None))
    list(generator())
    try: thrower()
    except JsException as e: str(e)
    try: call(raiser)
    except ValueError: pass
    try: call(lambda: call(thrower))
    except JsException: pass
async def from_python_later():
    await resolved([1]); await later({}); await asyncio.sleep(0)
    await asyncio.gather(resolved(1), asyncio.create_task(asyncio.sleep(0)))
    try: await rejected()
    except JsException: pass
    done = asyncio.get_running_loop().create_future()
    setTimeout(create_once_callable(lambda: done.set_result(1)), 0)
    await done
`);

const get = (name) => py.globals.get(name);
const [same, raiser, Thing, numbers, nested, floats, fromPython, later] = [
  'same',
  'raiser',
  'Thing',
  'numbers',
  'nested',
  'floats',
  'from_python',
  'from_python_later',
].map(get);
const fails = (f) => {
  try {
    f();
  } catch {
    return;
  }
  throw new Error('nothing was thrown');
};

/** Every group of operations; a round of the soak is all of them. @type {Record<string, () => unknown>} */
const OPERATIONS = {
  'Python drives': () => fromPython(),
  'Python awaits': async () => {
    const promise = later();
    await promise;
    promise.destroy?.();
  },
  calls: () => {
    for (const value of [1, -0.5, 'text', '한'.repeat(100), 5n, 2n ** 100n, null, undefined, {}, [], () => 1]) same(value);
    same.callKwargs({ x: {} });
    same(nested).destroy();
  },
  objects: () => {
    const thing = Thing();
    thing.number;
    thing.part.length;
    thing.method([], {}).destroy();
    thing.extra = {};
    delete thing.extra;
    const copy = thing.copy();
    thing.destroy();
    copy.destroy();
    fails(() => thing.number);
  },
  conversions: () => {
    nested.toJs();
    nested.toJs({ dict_converter: (entries) => new Map(entries) });
    py.toPy({ a: [1, new Map([['k', new Set([1])]]), new Float64Array(100)] }).destroy();
    fails(() => py.toPy(new Map([[{}, 1]])));
  },
  buffers: () => {
    floats.toJs();
    const buffer = floats.getBuffer();
    buffer.data[0]++;
    buffer.release();
  },
  iteration: () => {
    const generator = numbers();
    for (const value of generator) value.destroy();
    generator.destroy();
  },
  exceptions: () => fails(raiser),
  'strings of 1 MB': () => same('x'.repeat(1_000_000)) === '' || same('한'.repeat(500_000)),
  programs: async () => {
    py.runPython('x = [1]; len(x)');
    fails(() => py.runPython('1 / 0'));
    await py.runPythonAsync('import asyncio\nawait asyncio.sleep(0)');
    py.pyimport('math').destroy();
  },
};

const megabytes = (bytes) => Math.round(bytes / 1e5) / 10;
const measured = py.runPython('import gc\ndef measured():\n    gc.collect()\n    return len(gc.get_objects())\nmeasured');

async function sample() {
  // Finalizers run in turns of the event loop after a collection.
  for (let i = 0; i < 3; i++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return {
    'wasm MB': megabytes([...memories].reduce((sum, memory) => sum + memory.buffer.byteLength, 0)),
    'RSS MB': megabytes(rss),
    'JS heap MB': megabytes(heapUsed),
    'external MB': megabytes(external),
    'Python objects': measured(),
    ...liveCounts(py),
  };
}

const only = new RegExp(options.only ?? '.');
const operations = Object.entries(OPERATIONS)
  .filter(([name]) => only.test(name))
  .map(([, operation]) => operation);
const minutes = Number(options.minutes);
const begin = performance.now();
const end = begin + minutes * 60_000;
const samples = [];
let rounds = 0;
for (let next = begin; ;) {
  const now = performance.now();
  if (now >= next || now >= end) {
    const line = await sample();
    samples.push(line);
    if (samples.length === 1) console.log(['seconds', 'rounds', ...Object.keys(line)].map((head) => head.padStart(14)).join(''));
    console.log([Math.round((now - begin) / 1000), rounds, ...Object.values(line)].map((cell) => String(cell).padStart(14)).join(''));
    next += Number(options.every) * 1000;
  }
  if (now >= end) break;
  for (const operation of operations) await operation();
  rounds++;
}

/** Allowed growth from the second quarter of the run to the last: caches and fragments, not leaks. */
const ALLOWED = { 'wasm MB': 1, 'RSS MB': 40, 'JS heap MB': 2, 'external MB': 2, 'Python objects': 200, jsReferences: 0, pyProxies: 0 };
const quarter = Math.max(1, Math.floor(samples.length / 4));
const growing = Object.keys(samples[0])
  .map((name) => ({
    name,
    before: median(samples.slice(quarter, 2 * quarter).map((line) => line[name])),
    after: median(samples.slice(-quarter).map((line) => line[name])),
  }))
  .filter(({ name, before, after }) => after - before > (ALLOWED[name] ?? 0));
if (samples.length < 8) console.log('verdict: too short to say');
else if (growing.length === 0) console.log(`verdict: flat, over ${rounds} rounds`);
else console.log(`verdict: growing: ${growing.map(({ name, before, after }) => `${name} from ${before} to ${after}`).join(', ')}`);
process.exit(samples.length >= 8 && growing.length > 0 ? 1 : 0);
