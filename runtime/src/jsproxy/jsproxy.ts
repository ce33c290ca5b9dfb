/** JavaScript values in Python: what the type `JsProxy` (`mod.rs`) calls. */

import type { Core } from "../../../js/src/core.ts";
import type { Slot } from "../jsref/jsref.ts";

type Key = string | number;

/** Python's keywords get a trailing underscore as attribute names: `obj.from_`. */
const KEYWORDS = new Set(
  "and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield False None True".split(
    " ",
  ),
);

function propertyName(name: string): string {
  return name.endsWith("_") && KEYWORDS.has(name.slice(0, -1)) ? name.slice(0, -1) : name;
}

/** Maps keep their own keys; everything else is indexed as an array. */
function isMap(value: object): value is Map<unknown, unknown> {
  return typeof (value as Map<unknown, unknown>).get === "function" &&
    typeof (value as Map<unknown, unknown>).has === "function";
}

function indexed(value: unknown): value is unknown[] {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

/** Python's negative indices count from the end. */
function position(array: unknown[], key: unknown): number {
  const index = Number(key);
  return index < 0 ? index + array.length : index;
}

/** Says «no such property» instead of a value. */
const MISSING = Symbol("missing");

function getItem(value: unknown, key: unknown): unknown {
  if (indexed(value)) {
    const index = position(value, key);
    return index in value ? value[index] : MISSING;
  }
  if (isMap(value as object)) {
    const map = value as Map<unknown, unknown>;
    return map.has(key) ? map.get(key) : MISSING;
  }
  throw new TypeError("this JavaScript value has no items; use getattr or .to_py()");
}

function setItem(value: unknown, key: unknown, to: unknown): void {
  if (indexed(value)) value[position(value, key)] = to;
  else if (isMap(value as object)) (value as Map<unknown, unknown>).set(key, to);
  else throw new TypeError("this JavaScript value has no items; use setattr");
}

function deleteItem(value: unknown, key: unknown): void {
  if (Array.isArray(value)) value.splice(position(value, key), 1);
  else if (isMap(value as object)) (value as Map<unknown, unknown>).delete(key);
  else throw new TypeError("items of this JavaScript value cannot be deleted");
}

function size(value: unknown): number {
  const { length, size } = Object(value) as { length?: unknown; size?: unknown };
  if (typeof size === "number") return size;
  return typeof length === "number" && typeof value !== "function" ? length : -1;
}

function propertyNames(value: unknown): string[] {
  const names = new Set<string>();
  for (let object = Object(value) as object | null; object; object = Object.getPrototypeOf(object) as object | null) {
    for (const name of Object.getOwnPropertyNames(object)) names.add(name);
  }
  return [...names].sort();
}

/** The import functions of this area; see `mod.rs`. */
export function jsproxyImports(core: Core): Record<string, (...args: never[]) => unknown> {
  const { slots } = core;
  const optional =
    (lookup: (value: unknown, key: unknown) => unknown) =>
    (value: Slot, key: Slot): Slot => {
      try {
        const found = lookup(slots.get(value), slots.get(key));
        return found === MISSING ? 0 : slots.put(found);
      } catch (error) {
        core.threw(error);
        return 0;
      }
    };
  return {
    js_get: optional((value, name) => {
      const object = Object(value) as Record<Key, unknown>;
      const key = propertyName(name as string);
      return key in object ? object[key] : MISSING;
    }),
    js_get_item: optional(getItem),
    js_threw: (): number => Number(core.hasThrown),
    js_set_property: core.guard((value: Slot, name: Slot, to: Slot): void => {
      const key = propertyName(slots.get(name) as string);
      (slots.get(value) as Record<Key, unknown>)[key] = slots.take(to);
    }),
    js_delete_property: core.guard((value: Slot, name: Slot): void => {
      const key = propertyName(slots.get(name) as string);
      delete (slots.get(value) as Record<Key, unknown>)[key];
    }),
    js_call: core.guard((value: Slot, self: Slot, args: Slot, construct: number): unknown => {
      const list = slots.take(args) as unknown[];
      const callee = slots.get(value);
      return construct
        ? Reflect.construct(callee as new () => unknown, list)
        : Reflect.apply(callee as () => unknown, slots.get(self), list);
    }),
    js_object: (): Slot => slots.put({}),
    js_to_text: core.guard((value: Slot): string => {
      const target = slots.get(value);
      return typeof target === "object" && target !== null && !("toString" in target)
        ? Object.prototype.toString.call(target)
        : String(target);
    }),
    js_size: (value: Slot): number => size(slots.get(value)),
    js_set_item: core.guard((value: Slot, key: Slot, to: Slot): void => {
      setItem(slots.get(value), slots.get(key), slots.take(to));
    }),
    js_delete_item: core.guard((value: Slot, key: Slot): void => {
      deleteItem(slots.get(value), slots.get(key));
    }),
    js_iterate: core.guard((value: Slot): unknown[] => {
      const target = slots.get(value);
      if (typeof (target as Iterable<unknown>)?.[Symbol.iterator] !== "function") {
        throw new TypeError("this JavaScript value is not iterable");
      }
      return target instanceof Map ? [...target.keys()] : [...(target as Iterable<unknown>)];
    }),
    js_typeof: (value: Slot): Slot => slots.put(typeof slots.get(value)),
    js_property_names: core.guard((value: Slot): string[] => propertyNames(slots.get(value))),
    js_is_function: (value: Slot): number => Number(typeof slots.get(value) === "function"),
    js_same: (left: Slot, right: Slot): number => Number(slots.get(left) === slots.get(right)),
    js_truth: (value: Slot): number => {
      const target = slots.get(value);
      const length = size(target);
      return Number(length < 0 ? Boolean(target) : length > 0);
    },
  };
}
