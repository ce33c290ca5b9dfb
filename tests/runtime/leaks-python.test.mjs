/** What Python does with JavaScript leaves nothing behind. */
import { FEW, MANY, OBJECTS, SOME, leakless } from '../harness/leaks.mjs';

const JS = {
  f: () => undefined,
  identity: (x) => x,
  make: () => ({ a: [1] }),
  array: [1, 'x', {}],
  holder: {
    a: 1,
    b: {},
    m() {
      return this.a;
    },
  },
  mapping: new Map([['k', {}]]),
  members: new Set([1]),
  memory: new Uint8Array(100),
  Klass: class {
    constructor(x) {
      this.x = x;
    }
  },
  call: (g) => g(),
  call_with: (g, x) => g(x),
  thrower: () => {
    throw new RangeError('thrown');
  },
  make_iterator: () => [1, {}][Symbol.iterator](),
  make_generator: function* () {
    yield {};
    yield 2;
  },
  resolved: () => Promise.resolve({ a: 1 }),
  rejected: () => Promise.reject(new RangeError('rejected')),
  later: (x) => new Promise((resolve) => setTimeout(resolve, 0, x)),
  setTimeout: (...args) => setTimeout(...args),
  target: new EventTarget(),
  Event,
};

/** Runs Python code once a round; code that awaits is awaited. */
function inPython(name, rounds, code) {
  leakless(name, rounds, (py) => {
    for (const [key, value] of Object.entries(JS)) py.globals.set(key, value);
    const body = code.trim().replaceAll('\n', '\n    ');
    const asynchronous = /\bawait\b/.test(code);
    const round = py.runPython(`${OBJECTS}\n${asynchronous ? 'async ' : ''}def one_round():\n    ${body}\none_round`);
    if (!asynchronous) return round;
    return async () => {
      const promise = round();
      await promise;
      promise.destroy?.();
    };
  });
}

inPython('Python calls JavaScript with values', MANY, `
for x in (1, 1.5, "text", "é€🐍", True, None, jsnull, 2**70): identity(x)
f()`);

inPython('Python calls JavaScript with Python objects', MANY, `
f([1], {}, nothing, object())
f(1, key=[1], other={})
identity(words)`);

inPython('Python calls JavaScript that returns objects', MANY, `
x = make()
x.a[0]
y = make().a`);

inPython('JavaScript calls the function that Python passes', MANY, `
call(nothing)
call_with(nothing, 1)
call_with(same, words)
call(lambda: make())`);

inPython('Python and the attributes of a JavaScript object', MANY, `
holder.a; holder.b; holder.m()
holder.c = holder
del holder.c
hasattr(holder, "zzz")
dir(holder); repr(holder); bool(holder)
holder == holder; holder.js_id; holder.typeof
Klass.new(1).x`);

inPython('Python and a JavaScript array', SOME, `
len(array); array[0]; array[2]; array[-1]; array[:2]
array[0] = holder
array[0] = 1
array.append(holder); array.pop()
list(array); 1 in array; "zzz" in array
for x in array: pass
list(reversed(array))`);

inPython('Python and a Map and a Set', SOME, `
mapping["k"]
mapping["n"] = holder
"n" in mapping
del mapping["n"]
list(mapping); dict(mapping); len(mapping)
mapping.get("zzz"); list(mapping.items())
1 in members; list(members)`);

inPython('to_js and to_py', SOME, `
x = to_js([1, {"a": (2, b"x")}, {3}])
x.to_py(); holder.to_py(); holder.as_py_json()["a"]
made = to_js([])
to_js([nothing, [words]], depth=1, pyproxies=made)
destroy_proxies(made)
holder.object_entries(); holder.object_keys(); holder.object_values()
to_js([range(2)], default_converter=lambda o, convert, cache: convert(list(o)))
try: to_js({(1, 2): 3})
except ConversionError: pass`);

inPython('JavaScript buffers in Python', SOME, `
memory.to_bytes(); memory.to_memoryview(); memory.to_py(); memory.to_string()
memory.assign(bytes(100)); memory.assign_to(bytearray(100))
memory[0]; len(memory)`);

inPython('create_proxy and create_once_callable', MANY, `
p = create_proxy(nothing)
call(p)
p.destroy()
call(create_once_callable(lambda *a: None))
create_proxy([1]).destroy()`);

inPython('a JavaScript error caught in Python', SOME, `
try: thrower()
except JsException as e: str(e); e.message; e.stack`);

inPython('an exception through both languages', SOME, `
try: call(raiser)
except ValueError: pass
try: call(lambda: call(thrower))
except JsException: pass`);

inPython('JavaScript iterators and generators in Python', SOME, `
list(make_iterator())
g = make_generator()
next(g); g.send([1]); g.close()
for x in make_generator():
    break`);

inPython('Python awaits promises', SOME, `
await resolved()
try: await rejected()
except JsException: pass
await asyncio.gather(resolved(), resolved())`);

inPython('Python passes objects to an async function', FEW, `
await later([1])
await later({})`);

inPython('tasks and sleeps', FEW, `
await asyncio.sleep(0)
await asyncio.create_task(asyncio.sleep(0))`);

inPython('timers of Python callbacks', FEW, `
future = asyncio.get_running_loop().create_future()
setTimeout(create_once_callable(lambda: future.set_result(1)), 0)
await future`);

inPython('event listeners', SOME, `
p = create_proxy(lambda event: event.type)
target.addEventListener("ping", p)
target.dispatchEvent(Event.new("ping"))
target.removeEventListener("ping", p)
p.destroy()`);
