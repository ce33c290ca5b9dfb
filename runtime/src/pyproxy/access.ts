/** Attributes and items of the object behind a proxy. */

import { RECORD, Tag } from "../wire/wire.ts";
import { makeProxy, objectOf, type State } from "./pyproxy.ts";

/** There is no such attribute or item. */
const NONE = -2;
/** The attribute still is what its proxy is of. */
const SAME = 1;

/** Runs an export with scratch records that hold some values; at least one, for the result. */
export function withRecords(
  state: State,
  values: readonly unknown[],
  operation: (records: number, object: number) => number,
): { status: number; at: number } {
  const { core } = state;
  const object = objectOf(state);
  const { wire } = core;
  const saved = wire.top;
  const at = wire.reserve(Math.max(values.length, 1));
  let written = 0;
  try {
    for (const value of values) wire.place(at + written++ * RECORD, value);
  } catch (error) {
    wire.discard(at, written - 1);
    wire.top = saved;
    throw error;
  }
  try {
    const status = operation(at, object);
    return { status, at };
  } catch (error) {
    throw core.fail(error);
  } finally {
    wire.top = saved;
  }
}

/** `getattr(object, name)`, in a box; undefined if there is no such attribute. */
export function getAttribute(state: State, name: string): { value: unknown } | undefined {
  const { core } = state;
  const { wire } = core;
  const object = objectOf(state);
  const { attributes } = state.reference;
  const key = wire.name(name);
  const saved = wire.top;
  const at = wire.reserve(1);
  let status: number;
  try {
    status = core.exports.ferropy_get_attribute(object, key, attributes.addressOf(name), at);
  } catch (error) {
    throw core.fail(error);
  } finally {
    wire.top = saved;
  }
  if (status === NONE) return undefined;
  if (status === SAME) return { value: attributes.get(name) };
  if (status < 0) throw core.pendingError();
  const { heap } = core;
  if (heap.u8.length === 0) heap.refresh();
  if (heap.u32[at >>> 2] !== Tag.Object) return { value: wire.read(at) };
  const found = heap.u32[(at >>> 2) + 2] as number;
  const abilities = heap.u32[(at >>> 2) + 3] as number;
  // It lives as long as the proxy that it was read from.
  const proxy = makeProxy(core, found, abilities, true);
  attributes.put(name, proxy);
  return { value: proxy };
}

/** `hasattr(object, name)`. */
export function hasAttribute(state: State, name: string): boolean {
  const { core } = state;
  const key = core.wire.name(name);
  const { status } = withRecords(state, [], (_, object) =>
    core.exports.ferropy_has_attribute(object, key),
  );
  if (status < 0) throw core.pendingError();
  return status !== 0;
}

/** `setattr(object, name, value)`. */
export function setAttribute(state: State, name: string, value: unknown): void {
  const { core } = state;
  const key = core.wire.name(name);
  const { status } = withRecords(state, [value], (at, object) =>
    core.exports.ferropy_set_attribute(object, key, at),
  );
  if (status < 0) throw core.pendingError();
}

/** `delattr(object, name)`. */
export function deleteAttribute(state: State, name: string): void {
  const { core } = state;
  const key = core.wire.name(name);
  const { status } = withRecords(state, [], (_, object) =>
    core.exports.ferropy_delete_attribute(object, key),
  );
  if (status < 0) throw core.pendingError();
}

/** `dir(object)`, each name once. */
export function namesOf(state: State): string[] {
  const { core } = state;
  const { status, at } = withRecords(state, [], (out, object) =>
    core.exports.ferropy_dir(object, out),
  );
  if (status < 0) throw core.pendingError();
  const names = core.wire.read(at) as { toJs(): string[]; destroy(): void };
  try {
    return [...new Set(names.toJs())];
  } finally {
    names.destroy();
  }
}

/** `len(object)`. */
export function lengthOf(state: State): number {
  const { core } = state;
  const { status } = withRecords(state, [], (_, object) => core.exports.ferropy_length(object));
  if (status < 0) throw core.pendingError();
  return status;
}

/** `object[key]`, in a box; undefined if there is no such key or index. */
export function getItem(state: State, key: unknown): { value: unknown } | undefined {
  const { core } = state;
  const { status, at } = withRecords(state, [key], (record, object) =>
    core.exports.ferropy_get_item(object, record),
  );
  if (status === NONE) return undefined;
  if (status < 0) throw core.pendingError();
  return { value: core.wire.read(at) };
}

/** `object[key] = value`. */
export function setItem(state: State, key: unknown, value: unknown): void {
  const { core } = state;
  const { status } = withRecords(state, [key, value], (records, object) =>
    core.exports.ferropy_set_item(object, records),
  );
  if (status < 0) throw core.pendingError();
}

/** `del object[key]`. */
export function deleteItem(state: State, key: unknown): void {
  const { core } = state;
  const { status } = withRecords(state, [key], (record, object) =>
    core.exports.ferropy_delete_item(object, record),
  );
  if (status < 0) throw core.pendingError();
}

/** `key in object`. */
export function hasItem(state: State, key: unknown): boolean {
  const { core } = state;
  const { status } = withRecords(state, [key], (record, object) =>
    core.exports.ferropy_contains(object, record),
  );
  if (status < 0) throw core.pendingError();
  return status !== 0;
}

/** `object.name(*args)`. */
export function invokeMethod(state: State, name: string, args: readonly unknown[]): unknown {
  const method = getAttribute(state, name)?.value;
  if (typeof method !== "function") {
    throw new TypeError(`the Python object has no method '${name}'`);
  }
  return Reflect.apply(method as (...args: unknown[]) => unknown, undefined, args);
}
