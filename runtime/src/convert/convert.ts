/** Values across the boundary: the JavaScript half of `to_js.rs` and `from_js.rs`. */

import type { Core } from "../../../js/src/core.ts";
import type { Slot } from "../jsref/jsref.ts";
import { PyProxy } from "../pyproxy/pyproxy.ts";

/** The numbers that `js_kind` returns; `from_js.rs` has the same names. */
const enum Kind {
  None = 0,
  False = 1,
  True = 2,
  Integer = 3,
  Float = 4,
  BigInt = 5,
  String = 6,
  PyProxy = 7,
  Array = 8,
  Map = 9,
  Set = 10,
  Buffer = 11,
  Record = 12,
  Other = 13,
}

/** `struct` formats of typed arrays, by constructor name. */
const FORMATS: Readonly<Record<string, string>> = {
  Int8Array: "b",
  Uint8Array: "B",
  Uint8ClampedArray: "B",
  Int16Array: "h",
  Uint16Array: "H",
  Int32Array: "i",
  Uint32Array: "I",
  BigInt64Array: "q",
  BigUint64Array: "Q",
  Float32Array: "f",
  Float64Array: "d",
};

/** Strings up to this many units are built with one `fromCharCode` call. */
const CHUNK = 8192;

/** Up to this many units, TextDecoder takes longer to start than to build the string without it. */
const SHORT = 16;

const latin1 = new TextDecoder("latin1");

function kindOf(value: unknown): Kind {
  switch (typeof value) {
    case "undefined":
      return Kind.None;
    case "boolean":
      return value ? Kind.True : Kind.False;
    case "number":
      // -0 is a float: an int could not say it.
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? Kind.Integer : Kind.Float;
    case "bigint":
      return Kind.BigInt;
    case "string":
      return Kind.String;
    case "object":
      break;
    default:
      return PyProxy.is(value) ? Kind.PyProxy : Kind.Other;
  }
  if (value === null) return Kind.None;
  if (PyProxy.is(value)) return Kind.PyProxy;
  if (Array.isArray(value)) return Kind.Array;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return Kind.Buffer;
  switch (Object.prototype.toString.call(value)) {
    case "[object Map]":
      return Kind.Map;
    case "[object Set]":
      return Kind.Set;
    case "[object Object]": {
      const prototype: unknown = Object.getPrototypeOf(value);
      // A plain object of any realm, but no class instance.
      return prototype === null || Object.getPrototypeOf(prototype) === null
        ? Kind.Record
        : Kind.Other;
    }
    default:
      return Kind.Other;
  }
}

function bytesOf(value: unknown): Uint8Array {
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  return new Uint8Array(value as ArrayBuffer);
}

/** How many bytes of two's complement a BigInt takes (at least one). */
function bigintSize(value: bigint): number {
  // The sign bit needs room: 128 takes two bytes, -128 one.
  const magnitude = value < 0n ? -value - 1n : value;
  return (magnitude.toString(16).length >> 1) + 1;
}

function decode(core: Core, kind: number, address: number, length: number): string {
  // An address in the upper half of memory arrives as a negative number.
  const data = address >>> 0;
  if (kind <= 1) {
    const bytes = core.bytes.subarray(data, data + length);
    // TextDecoder's "latin1" is windows-1252: right for ASCII, wrong for the C1 controls.
    return kind === 0 && length > SHORT ? latin1.decode(bytes) : fromUnits(bytes);
  }
  if (kind === 2) {
    return fromUnits(new Uint16Array(core.bytes.buffer, data, length));
  }
  const points = new Uint32Array(core.bytes.buffer, data, length);
  let text = "";
  for (let start = 0; start < length; start += CHUNK) {
    text += String.fromCodePoint(...points.subarray(start, start + CHUNK));
  }
  return text;
}

function fromUnits(units: Uint8Array | Uint16Array): string {
  if (units.length <= CHUNK) return String.fromCharCode(...units);
  let text = "";
  for (let start = 0; start < units.length; start += CHUNK) {
    text += String.fromCharCode(...units.subarray(start, start + CHUNK));
  }
  return text;
}

/** The import functions of this area; see `to_js.rs` and `from_js.rs`. */
export function convertImports(core: Core): Record<string, (...args: never[]) => unknown> {
  const { slots } = core;
  return {
    js_number: (value: number): Slot => slots.put(value),
    js_bigint: (bytes: number, length: number): Slot => {
      let value = 0n;
      const view = new DataView(core.bytes.buffer, bytes >>> 0, length);
      let offset = length;
      while (offset >= 8) {
        offset -= 8;
        value = (value << 64n) | view.getBigUint64(offset, true);
      }
      while (offset > 0) {
        offset -= 1;
        value = (value << 8n) | BigInt(view.getUint8(offset));
      }
      return slots.put(BigInt.asIntN(length * 8, value));
    },
    js_string: (kind: number, data: number, length: number): Slot =>
      slots.put(decode(core, kind, data, length)),
    js_bytes: (data: number, length: number): Slot =>
      slots.put(core.copy(data, length)),
    js_array: (): Slot => slots.put([]),
    js_map: (): Slot => slots.put(new Map()),
    js_set: (): Slot => slots.put(new Set()),
    js_append: core.guard((container: Slot, value: Slot): void => {
      const target = slots.get(container) as unknown[] | Set<unknown>;
      if (Array.isArray(target)) target.push(slots.take(value));
      else target.add(slots.take(value));
    }),
    js_map_set: core.guard((map: Slot, key: Slot, value: Slot): void => {
      (slots.get(map) as Map<unknown, unknown>).set(slots.take(key), slots.take(value));
    }),

    js_kind: (value: Slot): number => kindOf(slots.get(value)),
    js_as_number: (value: Slot): number => slots.get(value) as number,
    js_bigint_size: (value: Slot): number => bigintSize(slots.get(value) as bigint),
    js_bigint_copy: (value: Slot, into: number, size: number): void => {
      let rest = slots.get(value) as bigint;
      const { bytes } = core;
      const start = into >>> 0;
      for (let index = 0; index < size; index++) {
        bytes[start + index] = Number(BigInt.asUintN(8, rest));
        rest >>= 8n;
      }
    },
    js_string_length: (value: Slot): number => (slots.get(value) as string).length,
    js_string_copy: (value: Slot, into: number): void => {
      const text = slots.get(value) as string;
      const units = new Uint16Array(core.bytes.buffer, into >>> 0, text.length);
      for (let index = 0; index < text.length; index++) units[index] = text.charCodeAt(index);
    },
    js_pyproxy_object: (value: Slot): number => PyProxy.objectOf(slots.get(value)),
    js_buffer_size: (value: Slot): number => bytesOf(slots.get(value)).length,
    js_buffer_copy: (value: Slot, into: number): void => {
      core.write(into, bytesOf(slots.get(value)));
    },
    js_buffer_format: (value: Slot): number => {
      const name = (slots.get(value) as object).constructor.name;
      return (FORMATS[name] ?? "B").charCodeAt(0);
    },
    js_contents: core.guard((value: Slot): unknown[] => {
      const source = slots.get(value) as object;
      switch (kindOf(source)) {
        case Kind.Map:
          return [...(source as Map<unknown, unknown>)].flat();
        case Kind.Record:
          return Object.entries(source).flat();
        default:
          return [...(source as Iterable<unknown>)];
      }
    }),
    js_length: (array: Slot): number => (slots.get(array) as unknown[]).length,
    js_element: (array: Slot, index: number): Slot =>
      slots.put((slots.get(array) as unknown[])[index]),
    js_memo: (): Slot => slots.put(new Map<unknown, number>()),
    js_memo_get: (memo: Slot, value: Slot): number =>
      (slots.get(memo) as Map<unknown, number>).get(slots.get(value)) ?? 0,
    js_memo_set: (memo: Slot, value: Slot, object: number): void => {
      (slots.get(memo) as Map<unknown, number>).set(slots.get(value), object);
    },
  };
}
