/** JavaScript values in Python: what the types of `mod.rs` call. */

import type { Core } from "../../../js/src/core.ts";
import type { Slot } from "../jsref/jsref.ts";
import type { PyProxy } from "../pyproxy/pyproxy.ts";
import { destroyBorrowed, isPyProxy, objectOf, stateOfThis } from "../pyproxy/pyproxy.ts";
import { Raise } from "../errors/errors.ts";
import { RECORD } from "../wire/wire.ts";
import { ownThings } from "./borrow.ts";
import { Done } from "./done.ts";
import { Flag, flagsOf } from "./flags.ts";
import { operations } from "./operations.ts";

/** There is no such property or element, or the iterator has ended. */
const NONE = -2;

type Key = PropertyKey;
type Indexed = Record<Key, unknown> & { readonly length: number };
interface MapLike {
  get(key: unknown): unknown;
  set(key: unknown, value: unknown): unknown;
  has(key: unknown): boolean;
  delete(key: unknown): boolean;
}

/** Whether an adapter's object has a property as an item. */
function hasItem(target: object, key: unknown, flags: number): boolean {
  if (typeof key !== "string") return false;
  return (flags & Flag.Hereditary) !== 0 ? key in target : Object.hasOwn(target, key);
}

/** The names that an adapter's object has as items. */
function itemNames(target: object, flags: number): string[] {
  if ((flags & Flag.Hereditary) === 0) return Object.keys(target);
  const names: string[] = [];
  for (const name in target) names.push(name);
  return names;
}

const ADAPTED = Flag.PyJsonDict | Flag.ObjectMap;
const JSON_FLAGS = Flag.PyJsonDict | Flag.PyJsonSequence;
const MAP_FLAGS = Flag.ObjectMap | Flag.Hereditary;

/** An iterator over what Python's `iter` goes through: a mapping's keys. */
function iteratorOf(target: object, flags: number): Iterator<unknown> {
  if ((flags & ADAPTED) !== 0) return itemNames(target, flags)[Symbol.iterator]();
  const mapping = Flag.Get | Flag.Length | Flag.Iterable;
  if ((flags & mapping) === mapping) {
    const { keys } = target as { keys?: unknown };
    if (typeof keys === "function") return Reflect.apply(keys, target, []) as Iterator<unknown>;
  }
  return (target as Iterable<unknown>)[Symbol.iterator]();
}

/** What an item of an adapter becomes: a JSON adapter's items are adapted too. */
function itemFlags(flags: number): number {
  if ((flags & JSON_FLAGS) !== 0) return JSON_FLAGS;
  return (flags & Flag.Hereditary) !== 0 ? MAP_FLAGS : 0;
}

function truth(value: unknown): boolean {
  if (!value) return false;
  if (typeof value !== "object") return true;
  const { HTMLElement } = globalThis as { HTMLElement?: new () => object };
  if (HTMLElement !== undefined && value instanceof HTMLElement) return true;
  const { size, length, byteLength } = value as Record<string, unknown>;
  return size !== 0 && byteLength !== 0 && !(length === 0 && Array.isArray(value));
}

/** Whether Python sees a sequence in a value. */
function isIndexed(value: unknown): boolean {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

function textOf(value: unknown): string {
  if (typeof value !== "object" && typeof value !== "function") return String(value);
  const { toString } = value as { toString?: unknown };
  if (typeof toString !== "function") return Object.prototype.toString.call(value);
  const text: unknown = Reflect.apply(toString, value, []);
  if (typeof text !== "string") {
    throw new Raise("TypeError", `toString of the JavaScript object gave a ${typeof text}, not str`);
  }
  return text;
}

const ids = new WeakMap<object, number>();
const symbolIds = new Map<unknown, number>();
let lastId = 0;

/** A number of its own for each value. */
function idOf(value: unknown): number {
  const table = typeof value === "symbol" ? symbolIds : ids;
  let id = table.get(value as object);
  if (id === undefined) {
    id = ++lastId;
    table.set(value as object, id);
  }
  return id;
}

function isTypeError(error: unknown): boolean {
  return Object.prototype.toString.call(error) === "[object Error]" && error instanceof TypeError;
}

/** Whether a property has a value; false if it cannot be read. */
function holds(target: Record<Key, unknown>, key: string, value: unknown): boolean {
  try {
    return target[key] === value;
  } catch {
    return false;
  }
}

/** The import functions of this area. */
export function jsproxyImports(core: Core): Record<string, (...args: never[]) => unknown> {
  const { slots, wire } = core;
  const { values } = slots;
  /** Operations that are about this interpreter, whatever the value. */
  const own: Readonly<Record<string, () => unknown>> = { api: () => core.api, importer: () => core.importer };

  /** Runs an operation that gives a status; what it throws is noted. */
  const guard =
    <Args extends unknown[]>(operation: (...args: Args) => number | void) =>
    (...args: Args): number => {
      try {
        return operation(...args) ?? 0;
      } catch (error) {
        core.threw(error);
        return -1;
      }
    };

  /** Reads the arguments of a call; the last ones are keyword arguments, which become an object. */
  function argumentsOf(
    records: number,
    count: number,
    named: number,
    borrowed: PyProxy[],
  ): unknown[] {
    const list: unknown[] = [];
    for (let index = 0; index < count; index++) {
      list.push(wire.readArgument(records + index * RECORD, borrowed));
    }
    if (named > 0) {
      const options: Record<string, unknown> = {};
      const first = records + count * RECORD;
      for (let index = 0; index < named; index++) {
        const name = wire.read(first + (named + index) * RECORD) as string;
        options[name] = wire.readArgument(first + index * RECORD, borrowed);
      }
      list.push(options);
    }
    return list;
  }

  /** Writes a call's result. What was lent to it is taken back, at once or when it has ended. */
  function finishCall(result: unknown, borrowed: PyProxy[], out: number): void {
    if (borrowed.length === 0 && typeof result !== "object" && typeof result !== "function") {
      wire.write(out, result);
      return;
    }
    const kept = ownThings(core, result, borrowed);
    if (isPyProxy(result)) {
      wire.write(out, result);
      destroyBorrowed(borrowed);
      destroyBorrowed([result]);
      return;
    }
    // First: destroying uses the scratch memory where a text would lie.
    if (!kept.later) destroyBorrowed(borrowed);
    wire.write(out, kept.value);
  }

  function call(
    value: Slot,
    self: number,
    records: number,
    count: number,
    named: number,
    out: number,
  ): number {
    const callee = values[value] as (...args: unknown[]) => unknown;
    const borrowed: PyProxy[] = [];
    try {
      const owner = wire.readArgument(self, borrowed);
      const list =
        named === 0 && count === 0 ? [] : argumentsOf(records, count, named, borrowed);
      finishCall(Reflect.apply(callee, owner, list), borrowed, out);
      return 0;
    } catch (error) {
      destroyBorrowed(borrowed);
      core.threw(error);
      return -1;
    }
  }

  return {
    js_get: (value: Slot, name: number, out: number): number => {
      try {
        const target = values[value] as Record<Key, unknown>;
        const key = wire.properties[name] as string;
        const found = target[key];
        if (found === undefined && !(key in Object(target))) return NONE;
        // `dict.update()` would take an array with `keys` for a mapping.
        if (key === "keys" && isIndexed(target)) return NONE;
        wire.write(out, found);
        return 0;
      } catch (error) {
        core.threw(error);
        return -1;
      }
    },
    js_set: guard((value: Slot, name: number, item: number): void => {
      const target = values[value] as Record<Key, unknown>;
      const key = wire.properties[name] as string;
      const to = wire.read(item);
      try {
        target[key] = to;
      } catch (error) {
        // `import js.document` stores the module that it has just read.
        if (!isTypeError(error) || !holds(target, key, to)) throw error;
      }
    }),
    js_delete: guard((value: Slot, name: number): void => {
      delete (values[value] as Record<Key, unknown>)[wire.properties[name] as string];
    }),
    js_call: call,
    js_construct: (
      value: Slot,
      records: number,
      count: number,
      named: number,
      out: number,
    ): number => {
      const borrowed: PyProxy[] = [];
      try {
        const list = argumentsOf(records, count, named, borrowed);
        const made = Reflect.construct(values[value] as new () => unknown, list) as unknown;
        destroyBorrowed(borrowed);
        wire.write(out, made);
        return 0;
      } catch (error) {
        destroyBorrowed(borrowed);
        core.threw(error);
        return -1;
      }
    },
    js_text: guard((value: Slot, out: number): void => {
      wire.write(out, textOf(values[value]));
    }),
    js_order: guard((left: Slot, right: Slot, operation: number): number => {
      const [one, two] = [values[left] as number, values[right] as number];
      // CPython's numbers: <, <=, (==, !=,) >, >=.
      if (operation === 0) return Number(one < two);
      if (operation === 1) return Number(one <= two);
      return Number(operation === 4 ? one > two : one >= two);
    }),
    js_same: (left: Slot, right: Slot): number => Number(values[left] === values[right]),
    js_id: (value: Slot): number => idOf(values[value]),
    js_truth: guard((value: Slot): number => Number(truth(values[value]))),
    js_length: guard((value: Slot, flags: number): number => {
      const target = values[value] as Record<string, unknown>;
      if ((flags & ADAPTED) !== 0) return itemNames(target, flags).length;
      const { size } = target;
      const length = typeof size === "number" ? size : target["length"];
      if (typeof length !== "number") {
        throw new Raise("TypeError", "the JavaScript object has no len() now");
      }
      if (length < 0) throw new Raise("ValueError", `the length is negative: ${length}`);
      if (length > 0x7fffffff) {
        throw new Raise("OverflowError", `a length of ${length} is too large for Python`);
      }
      return Math.trunc(length) || 0;
    }),

    js_element: (
      value: Slot,
      index: number,
      flags: number,
      hole: number,
      out: number,
    ): number => {
      try {
        const target = values[value] as Indexed;
        if (!(index < target.length)) return NONE;
        const item = target[index];
        if (item === undefined && hole !== 0 && !(index in target)) return NONE;
        wire.write(out, item, itemFlags(flags));
        return 0;
      } catch (error) {
        core.threw(error);
        return -1;
      }
    },
    js_set_element: guard((value: Slot, index: number, item: number): void => {
      (values[value] as Indexed)[index] = wire.read(item);
    }),
    js_splice: guard((value: Slot, index: number): void => {
      const target = values[value];
      if (!Array.isArray(target)) throw new Raise("TypeError", "its elements cannot be deleted");
      target.splice(index, 1);
    }),
    js_slice: guard(
      (value: Slot, start: number, step: number, count: number, flags: number, out: number) => {
        const target = values[value] as Indexed & {
          slice?(start: number, end: number): unknown;
        };
        if (step === 1 && (Array.isArray(target) || (flags & Flag.TypedArray) !== 0)) {
          wire.write(out, target.slice?.(start, start + count), itemFlags(flags));
          return;
        }
        const picked: unknown[] = [];
        for (let index = 0; index < count; index++) picked.push(target[start + index * step]);
        const copy =
          (flags & Flag.TypedArray) !== 0
            ? (target["constructor"] as unknown as { from(items: unknown[]): unknown }).from(picked)
            : picked;
        wire.write(out, copy, itemFlags(flags));
      },
    ),
    js_set_slice: guard(
      (value: Slot, start: number, step: number, count: number, items: Slot): void => {
        const target = values[value] as Indexed;
        const list = values[items] as unknown[];
        if (step === 1 && Array.isArray(target)) {
          target.splice(start, count, ...list);
          return;
        }
        if (list.length !== count) {
          throw new Raise(
            "ValueError",
            `attempt to assign a sequence of size ${list.length} to an extended slice of size ${count}`,
          );
        }
        for (let index = 0; index < count; index++) target[start + index * step] = list[index];
      },
    ),
    js_delete_slice: guard((value: Slot, start: number, step: number, count: number): void => {
      const target = values[value];
      if (!Array.isArray(target)) throw new Raise("TypeError", "its elements cannot be deleted");
      if (step === 1) {
        target.splice(start, count);
        return;
      }
      const positions = Array.from({ length: count }, (_, index) => start + index * step);
      // From the end, so that the other positions stay right.
      for (const at of positions.sort((left, right) => right - left)) target.splice(at, 1);
    }),

    js_item: guard((value: Slot, flags: number, key: number, out: number): void => {
      const target = values[value] as object;
      const wanted = wire.read(key);
      if ((flags & ADAPTED) !== 0) {
        if (!hasItem(target, wanted, flags)) throw new Raise("KeyError", wanted);
        wire.write(out, (target as Record<string, unknown>)[wanted as string], itemFlags(flags));
        return;
      }
      const map = target as MapLike;
      const found = map.get(wanted);
      if (found === undefined && !((flags & Flag.Has) !== 0 && map.has(wanted))) {
        throw new Raise("KeyError", wanted);
      }
      wire.write(out, found);
    }),
    js_set_item: guard((value: Slot, flags: number, key: number, item: number): void => {
      const target = values[value] as object;
      const wanted = wire.read(key);
      const to = wire.read(item);
      if ((flags & ADAPTED) === 0) (target as MapLike).set(wanted, to);
      else if (typeof wanted === "string") (target as Record<string, unknown>)[wanted] = to;
      else throw new Raise("TypeError", "keys of a JavaScript object are strings");
    }),
    js_delete_item: guard((value: Slot, flags: number, key: number): void => {
      const target = values[value] as object;
      const wanted = wire.read(key);
      if ((flags & ADAPTED) !== 0) {
        if (!hasItem(target, wanted, flags)) throw new Raise("KeyError", wanted);
        delete (target as Record<string, unknown>)[wanted as string];
        return;
      }
      const map = target as MapLike;
      // Maps say whether there was something to delete; URLSearchParams say nothing.
      if ((map.delete(wanted) as boolean | undefined) === false) throw new Raise("KeyError", wanted);
    }),
    js_contains: guard((value: Slot, flags: number, item: number): number => {
      const target = values[value] as object;
      const wanted = wire.read(item);
      if ((flags & ADAPTED) !== 0) return Number(hasItem(target, wanted, flags));
      if ((flags & Flag.Has) !== 0) return Number((target as MapLike).has(wanted));
      const includes =
        (flags & Flag.Includes) !== 0
          ? (target as { includes: (item: unknown) => boolean }).includes
          : Array.prototype.includes;
      return Number(Reflect.apply(includes, target, [wanted]));
    }),
    js_check_buffer: guard((value: Slot): void => {
      (values[value] as Uint8Array)[Symbol.iterator]();
    }),
    js_iterate: guard((value: Slot, flags: number, out: number): void => {
      const target = values[value] as Iterable<unknown>;
      const iterator = iteratorOf(target, flags);
      if ((flagsOf(iterator) & Flag.Iterator) === 0) {
        throw new Raise("TypeError", "iterating over the JavaScript object gave no iterator");
      }
      wire.write(out, iterator);
    }),
    js_next: (value: Slot, flags: number, argument: number, out: number): number => {
      const borrowed: PyProxy[] = [];
      try {
        const iterator = values[value] as Iterator<unknown>;
        const given = wire.readArgument(argument, borrowed);
        const step = given === undefined ? iterator.next() : iterator.next(given as never);
        if (typeof step !== "object" || step === null) {
          throw new Raise("TypeError", "next() of the JavaScript iterator gave no object");
        }
        if (typeof step.done !== "boolean" && !("done" in step)) {
          throw new Raise("TypeError", 'what next() of the JavaScript iterator gave has no "done"');
        }
        const { done, value: given_back } = step;
        if (borrowed.length > 0) destroyBorrowed(borrowed);
        wire.write(out, given_back, itemFlags(flags));
        return done ? NONE : 0;
      } catch (error) {
        destroyBorrowed(borrowed);
        core.threw(error);
        return -1;
      }
    },

    js_unwrap: (value: Slot): number => {
      try {
        return objectOf(stateOfThis(values[value] as object));
      } catch (error) {
        core.threw(error);
        return 0;
      }
    },
    js_array: (): Slot => slots.add([]),
    js_push: guard((array: Slot, item: number): void => {
      (values[array] as unknown[]).push(wire.read(item));
    }),
    js_repeat: guard((value: Slot, count: number, out: number): void => {
      const target = values[value] as unknown[];
      wire.write(out, Array.from({ length: count }, () => Array.from(target)).flat(1));
    }),
    js_repeat_in_place: guard((value: Slot, count: number): void => {
      const target = values[value] as unknown[];
      const once = [...target];
      target.length = 0;
      for (let index = 0; index < count; index++) target.push(...once);
    }),
    js_concatenate: guard((left: Slot, right: Slot, out: number): void => {
      wire.write(out, [...(values[left] as unknown[]), ...(values[right] as unknown[])]);
    }),
    js_extend: guard((value: Slot, items: Slot): void => {
      const target = values[value] as unknown[];
      for (const item of values[items] as unknown[]) target.push(item);
    }),
    js_new_error: (name: Slot, message: Slot, stack: Slot): Slot => {
      const wanted = slots.get(name) as string;
      const Class = (globalThis as Record<string, unknown>)[wanted];
      const known =
        typeof Class === "function" &&
        (Class === Error || Object.getPrototypeOf(Class) === Error) &&
        wanted !== "AggregateError";
      const error = new (known ? (Class as ErrorConstructor) : Error)(slots.get(message) as string);
      if (!known) error.name = wanted;
      const text = slots.get(stack) as string;
      if (text !== "") error.stack = text;
      return slots.add(error);
    },
    js_operate: (name: Slot, value: Slot, records: number, count: number, out: number): number => {
      try {
        const wanted = slots.get(name) as string;
        const operation = own[wanted] ?? operations[wanted];
        if (operation === undefined) throw new Error(`no operation ${wanted}`);
        const list: unknown[] = [];
        for (let index = 0; index < count; index++) list.push(wire.read(records + index * RECORD));
        const result = operation(values[value] as never, ...(list as never[]));
        if (result instanceof Done) {
          wire.write(out, result.value);
          return NONE;
        }
        wire.write(out, result);
        return 0;
      } catch (error) {
        core.threw(error);
        return -1;
      }
    },
  };
}
