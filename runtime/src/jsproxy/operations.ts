/** Operations on JavaScript values that Python's methods call by name (`python/pyodide/_proxies.py`). */

import { asError, Raise } from "../errors/errors.ts";
import { isPyProxy, type PyProxy } from "../pyproxy/pyproxy.ts";
import { endLoan } from "./borrow.ts";
import { Done } from "./done.ts";

type Operation = (target: never, ...args: never[]) => unknown;

function bytesOf(value: ArrayBufferView | ArrayBufferLike): Uint8Array {
  return ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value);
}

/** Names of properties along the prototype chain, as `dir()` shows them. */
function propertyNames(value: unknown): string[] {
  const names = new Set<string>();
  let object = Object(value) as object | null;
  for (; object !== null; object = Object.getPrototypeOf(object) as object | null) {
    for (const name of Object.getOwnPropertyNames(object)) names.add(name);
  }
  if (Array.isArray(value) || ArrayBuffer.isView(value)) names.delete("keys");
  return [...names].filter((name) => !/^[0-9]+$/.test(name));
}

function resumed(step: IteratorResult<unknown>): unknown {
  return step.done === true ? new Done(step.value) : step.value;
}

/** Copies a Python buffer into a JavaScript one of the same size, or the other way round. */
function transfer(target: ArrayBufferView | ArrayBufferLike, buffer: PyProxy, inward: boolean): void {
  // Checked in Python: both have the same size.
  const own = bytesOf(target);
  const view = buffer.getBuffer("u8");
  try {
    const theirs = bytesOf(view.data);
    if (inward) own.set(theirs);
    else theirs.set(own);
  } finally {
    view.release();
    buffer.destroy();
  }
}

/** By name; each gets the value and the arguments. */
export const operations: Readonly<Record<string, Operation>> = {
  typeof: (target: unknown) => typeof target,
  kind: (target: object | symbol) => {
    if (typeof target === "symbol") return target.toString();
    const { constructor } = target as { constructor?: { name?: unknown } };
    const name = constructor?.name;
    return typeof name === "string" && name !== "" ? name : "Object";
  },
  names: propertyNames,
  entries: (target: object) => Object.entries(target),
  keys: (target: object) => Object.keys(target),
  values: (target: object) => Object.values(target),
  weak_ref: (target: object) => new WeakRef(target),

  insert: (target: unknown[], index: number, item: unknown) => {
    target.splice(index, 0, item);
  },
  pop: (target: unknown[], index: number) => target.splice(index, 1)[0],
  reverse: (target: unknown[]) => {
    target.reverse();
  },
  count: (target: ArrayLike<unknown>, item: unknown) =>
    Array.prototype.reduce.call(target, (sum, other) => (sum as number) + Number(other === item), 0),
  index: (target: ArrayLike<unknown>, item: unknown, start: number) =>
    Array.prototype.indexOf.call(target, item, start),
  clear: (target: Map<unknown, unknown>) => {
    target.clear();
  },

  throw: (target: Generator<unknown>, error: unknown) => resumed(target.throw(error)),
  close: (target: Generator<unknown>) => {
    const step = target.return(undefined);
    return step.done === true;
  },
  asend: (target: AsyncGenerator<unknown>, value: undefined) => target.next(value),
  athrow: (target: AsyncGenerator<unknown>, error: unknown) => target.throw(error),
  aclose: (target: AsyncGenerator<unknown>) => target.return(undefined),
  async_iterator: (target: AsyncIterable<unknown>) => target[Symbol.asyncIterator](),

  item_size: (target: ArrayBufferView | ArrayBufferLike) =>
    (target as { BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1,
  byte_length: (target: ArrayBufferView | ArrayBufferLike) => target.byteLength,
  bytes: (target: ArrayBufferView | ArrayBufferLike) => bytesOf(target),
  assign: (target: ArrayBufferView | ArrayBufferLike, buffer: PyProxy) =>
    transfer(target, buffer, true),
  assign_to: (target: ArrayBufferView | ArrayBufferLike, buffer: PyProxy) =>
    transfer(target, buffer, false),
  text: (target: ArrayBufferView | ArrayBufferLike, encoding: string | undefined) => {
    let decoder: TextDecoder;
    try {
      decoder = new TextDecoder(encoding, { ignoreBOM: true, fatal: true });
    } catch {
      throw new Raise("LookupError", `JavaScript has no decoder for the encoding ${String(encoding)}`);
    }
    try {
      // A decoder takes no shared memory.
      return decoder.decode(new Uint8Array(bytesOf(target)));
    } catch {
      throw new Raise("ValueError", `cannot decode the bytes: they are not ${decoder.encoding}`);
    }
  },

  call: (target: (value: unknown) => unknown, value: unknown) => {
    target(value);
  },
  settle: (target: PromiseLike<unknown>, fulfilled: PyProxy, rejected: PyProxy) => {
    const end = (handler: PyProxy, value: unknown): void => {
      try {
        (handler as unknown as (value: unknown) => void)(value);
      } finally {
        fulfilled.destroy();
        rejected.destroy();
        endLoan(target, value);
      }
    };
    Promise.resolve(target).then(
      (value) => {
        end(fulfilled, value);
      },
      (reason: unknown) => {
        end(rejected, asError(reason));
      },
    );
  },

  dispose: (target: Record<symbol, () => unknown>) =>
    target[(Symbol as unknown as { dispose: symbol }).dispose]?.(),
  async_dispose: (target: Record<symbol, () => unknown>) =>
    target[(Symbol as unknown as { asyncDispose: symbol }).asyncDispose]?.(),

  destroy_all: (target: readonly unknown[]) => {
    for (const proxy of target) {
      if (!isPyProxy(proxy)) {
        throw new Raise("TypeError", `the array holds a ${typeof proxy}, which is no proxy`);
      }
      proxy.destroy();
    }
  },
  destroy: (target: unknown) => {
    if (isPyProxy(target)) target.destroy();
  },
};
