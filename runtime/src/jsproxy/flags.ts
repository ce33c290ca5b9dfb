/** What a JavaScript value can do: which abilities its Python proxy gets. */

/** The bits; `mod.rs` has the same ones and says what they mean. */
export const enum Flag {
  Get = 1 << 0,
  Set = 1 << 1,
  Has = 1 << 2,
  Includes = 1 << 3,
  Length = 1 << 4,
  Dispose = 1 << 5,
  AsyncDispose = 1 << 6,
  Array = 1 << 7,
  ArrayLike = 1 << 8,
  TypedArray = 1 << 9,
  Buffer = 1 << 10,
  Callable = 1 << 11,
  Error = 1 << 12,
  Awaitable = 1 << 13,
  Generator = 1 << 14,
  AsyncGenerator = 1 << 15,
  Iterable = 1 << 16,
  AsyncIterable = 1 << 17,
  Iterator = 1 << 18,
  AsyncIterator = 1 << 19,
  PyJsonDict = 1 << 20,
  PyJsonSequence = 1 << 21,
  DoubleProxy = 1 << 22,
  ObjectMap = 1 << 23,
  OnceCallable = 1 << 24,
  WeakRef = 1 << 25,
  Hereditary = 1 << 26,
}

const ARRAY = Flag.Array | Flag.Length | Flag.Includes | Flag.Iterable;

const { dispose, asyncDispose } = Symbol as { dispose?: symbol; asyncDispose?: symbol };

interface Probe {
  readonly [name: PropertyKey]: unknown;
}

/** Functions that may be called once; `lifetimes.ts` adds them. */
export const onceCallables = new WeakSet<object>();

/** The abilities of a value that is neither a primitive nor a Python object. Never throws. */
export function flagsOf(value: object | symbol): number {
  try {
    if (typeof value === "symbol") return 0;
    if (Array.isArray(value) && Object.getPrototypeOf(value) === Array.prototype) return ARRAY;
    return probe(value as unknown as Probe);
  } catch {
    // A revoked Proxy, or a getter that throws: such a value has no abilities.
    return typeof value === "function" ? Flag.Callable : 0;
  }
}

function probe(value: Probe): number {
  let flags = 0;
  const called = typeof value === "function";
  if (called) {
    flags |= Flag.Callable;
    if (onceCallables.has(value)) flags |= Flag.OnceCallable;
  }
  if (typeof value["then"] === "function") flags |= Flag.Awaitable;
  if (typeof value["get"] === "function") flags |= Flag.Get;
  if (typeof value["set"] === "function") flags |= Flag.Set;
  if (typeof value["has"] === "function") flags |= Flag.Has;
  if (typeof value["includes"] === "function") flags |= Flag.Includes;
  if (dispose !== undefined && typeof value[dispose] === "function") flags |= Flag.Dispose;
  if (asyncDispose !== undefined && typeof value[asyncDispose] === "function") {
    flags |= Flag.AsyncDispose;
  }
  const iterable = typeof value[Symbol.iterator] === "function";
  const asyncIterable = typeof value[Symbol.asyncIterator] === "function";
  if (iterable) flags |= Flag.Iterable;
  if (asyncIterable) flags |= Flag.AsyncIterable;
  if (typeof value["next"] === "function") {
    if (iterable || !asyncIterable) flags |= Flag.Iterator;
    if (asyncIterable || !iterable) flags |= Flag.AsyncIterator;
  }
  const kind = Object.prototype.toString.call(value);
  if (kind === "[object Generator]") flags |= Flag.Generator;
  if (kind === "[object AsyncGenerator]") flags |= Flag.AsyncGenerator;
  if (kind === "[object WeakRef]") flags |= Flag.WeakRef;
  if (Array.isArray(value)) return flags | ARRAY;
  if (ArrayBuffer.isView(value)) {
    flags |= Flag.Buffer;
    if (kind !== "[object DataView]") flags |= Flag.TypedArray | Flag.Length;
    return flags;
  }
  if (kind === "[object ArrayBuffer]") return flags | Flag.Buffer;
  if (kind === "[object Error]" || kind === "[object DOMException]" || value instanceof Error) {
    return flags | Flag.Error;
  }
  const { size } = value;
  if (typeof size === "number") flags |= Flag.Length;
  else if (!called && typeof value["length"] === "number") {
    flags |= Flag.Length;
    if (iterable && (flags & Flag.Get) === 0) flags |= Flag.ArrayLike;
  }
  return flags;
}
