/**
 * Values as records in linear memory: the JavaScript half of `mod.rs`, which
 * explains them.
 */

import type { Core } from "../../../js/src/core.ts";
import { Flag, flagsOf } from "../jsproxy/flags.ts";
import type { Slot, SlotTable } from "../jsref/jsref.ts";
import { makeProxy, objectOf, type PyProxy, stateOf } from "../pyproxy/pyproxy.ts";
import type { Heap } from "./heap.ts";
import { decodeText, type Width } from "./text.ts";

/** What a record holds; see `mod.rs`. */
export const enum Tag {
  Undefined = 0,
  Null = 1,
  False = 2,
  True = 3,
  Number = 4,
  String = 5,
  Cached = 6,
  Value = 7,
  Taken = 8,
  /** To JavaScript only. */
  Object = 9,
  Owned = 10,
  BigInt = 11,
}

/** Bytes of a record. */
export const RECORD = 16;

/** Longer strings do not go through the scratch records, in UTF-16 units. */
const INLINE_TEXT = 512;

/** Names of attributes that are kept as Python strings; then all are dropped. */
const KEPT_NAMES = 4096;

/** Python's keywords get a trailing underscore as attribute names: `obj.from_`. */
const KEYWORDS = new Set(
  "and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield False None True".split(
    " ",
  ),
);

/** The property that an attribute's name means. */
export function propertyName(name: string): string {
  if (!name.endsWith("_")) return name;
  return KEYWORDS.has(name.replace(/_+$/, "")) ? name.slice(0, -1) : name;
}

const utf8 = new TextEncoder();

/** Reads and writes records, and manages the scratch ones as a stack. */
export class Wire {
  readonly #core: Core;
  readonly #heap: Heap;
  readonly #slots: SlotTable;
  /** Texts that both sides keep, by index, and the properties that they name. */
  readonly texts: string[] = [];
  readonly properties: string[] = [];
  /** Addresses of interned Python strings by name. */
  readonly #names = new Map<string, number>();
  /** Whether `null` becomes None. */
  nullToNone = false;

  /** The first free byte of the scratch records, and their end. */
  top = 0;
  #end = 0;

  constructor(core: Core) {
    this.#core = core;
    this.#heap = core.heap;
    this.#slots = core.slots;
  }

  /** Finds the scratch records; called once the module runs. */
  attach(): void {
    const { exports } = this.#core;
    this.top = exports.ferropy_scratch() >>> 0;
    this.#end = this.top + exports.ferropy_scratch_size();
  }

  /** Room for `count` records at `top`, which the caller moves; fails rather than overflows. */
  reserve(count: number): number {
    const base = this.top;
    const next = base + count * RECORD;
    if (next > this.#end) {
      throw new RangeError(
        `too many values at once for Python: ${count} more do not fit (hint: pass an array)`,
      );
    }
    this.top = next;
    return base;
  }

  /** The value of a record that Python wrote. What it hands over is taken. */
  read(address: number): unknown {
    const heap = this.#heap;
    if (heap.u8.length === 0) heap.refresh();
    const at = address >>> 2;
    const { u32 } = heap;
    switch (u32[at] as Tag) {
      case Tag.Undefined:
        return undefined;
      case Tag.Null:
        return null;
      case Tag.False:
        return false;
      case Tag.True:
        return true;
      case Tag.Number:
        return heap.f64[(address >>> 3) + 1];
      case Tag.String:
        return decodeText(
          heap,
          u32[at + 1] as Width,
          u32[at + 2] as number,
          u32[at + 3] as number,
        );
      case Tag.Cached:
        return this.texts[u32[at + 1] as number];
      case Tag.Value:
        return this.#slots.values[u32[at + 1] as number];
      case Tag.Taken:
        return this.#slots.take(u32[at + 1] as number);
      case Tag.Object:
        return makeProxy(this.#core, u32[at + 2] as number, u32[at + 3] as number, true);
      default:
        throw new Error("Python wrote a record that JavaScript cannot read");
    }
  }

  /** Reads a record of an argument: a proxy made for it goes into `borrowed` and is not registered. */
  readArgument(address: number, borrowed: PyProxy[]): unknown {
    const heap = this.#heap;
    if (heap.u8.length === 0) heap.refresh();
    const at = address >>> 2;
    if (heap.u32[at] === Tag.Object) {
      const proxy = makeProxy(
        this.#core,
        heap.u32[at + 2] as number,
        heap.u32[at + 3] as number,
        false,
      );
      borrowed.push(proxy);
      return proxy;
    }
    return this.read(address);
  }

  /**
   * Writes a value for Python to read. Strings may use the scratch memory at `top`.
   * @param flags abilities to add, of adapters.
   */
  write(address: number, value: unknown, flags = 0): void {
    const heap = this.#heap;
    if (heap.u8.length === 0) heap.refresh();
    const at = address >>> 2;
    switch (typeof value) {
      case "number":
        heap.u32[at] = Tag.Number;
        heap.f64[(address >>> 3) + 1] = value;
        return;
      case "undefined":
        // `document.all` says so too.
        if (value !== undefined) break;
        heap.u32[at] = Tag.Undefined;
        return;
      case "boolean":
        heap.u32[at] = value ? Tag.True : Tag.False;
        return;
      case "string":
        this.#writeText(address, value);
        return;
      case "bigint":
        heap.u32[at] = Tag.BigInt;
        heap.u32[at + 1] = this.#slots.add(value);
        return;
      case "object":
        if (value !== null) break;
        heap.u32[at] = this.nullToNone ? Tag.Undefined : Tag.Null;
        return;
      default:
    }
    this.#writeObject(at, value as object | symbol, flags);
  }

  #writeObject(at: number, value: object | symbol, extra: number): void {
    const state = typeof value === "symbol" ? undefined : stateOf(value);
    if (state !== undefined && !state.double) {
      const object = objectOf(state);
      // A reference of its own: the proxy may be destroyed before Python looks.
      this.#core.exports.ferropy_retain(object);
      const { u32 } = this.#heap;
      u32[at] = Tag.Owned;
      u32[at + 1] = object;
      return;
    }
    if (state !== undefined) objectOf(state);
    // Looking at the value may run its code, and so anything.
    let flags = state === undefined ? flagsOf(value) : flagsOf(value) | Flag.DoubleProxy;
    if (extra !== 0) flags = adapt(flags, extra);
    const slot = this.#slots.add(value);
    if (this.#core.debug) this.#core.makers.noteSlot(this.#core, slot);
    const heap = this.#heap;
    if (heap.u8.length === 0) heap.refresh();
    heap.u32[at] = Tag.Value;
    heap.u32[at + 1] = slot;
    heap.u32[at + 2] = flags;
  }

  #writeText(address: number, text: string): void {
    const heap = this.#heap;
    const at = address >>> 2;
    const { length } = text;
    if (length > INLINE_TEXT || this.top + length * 2 > this.#end) {
      const object = this.newText(text);
      heap.u32[at] = Tag.Owned;
      heap.u32[at + 1] = object;
      return;
    }
    const { u16, u32 } = heap;
    let to = this.top >>> 1;
    u32[at + 2] = this.top;
    u32[at + 3] = length;
    let union = 0;
    for (let index = 0; index < length; index++) {
      const unit = text.charCodeAt(index);
      union |= unit;
      u16[to++] = unit;
    }
    u32[at] = Tag.String;
    u32[at + 1] = union;
  }

  /** Moves `top` behind the text that the last `write` left there. */
  keepText(address: number): void {
    const { u32 } = this.#heap;
    const at = address >>> 2;
    if (u32[at] === Tag.String) this.top += (((u32[at + 3] as number) * 2 + 7) >> 3) << 3;
  }

  /** Writes one of several values: what it needs besides stays until `top` is reset. */
  place(address: number, value: unknown): void {
    this.write(address, value);
    if (typeof value === "string") this.keepText(address);
  }

  /** Takes back what the first `count` records at an address would have handed over. */
  discard(address: number, count: number): void {
    for (let index = 0; index < count; index++) {
      const { u32 } = this.#heap;
      const at = (address + index * RECORD) >>> 2;
      const aux = u32[at + 1] as number;
      switch (u32[at] as Tag) {
        case Tag.Value:
        case Tag.BigInt:
          this.#slots.drop(aux);
          break;
        case Tag.Owned:
          this.#core.exports.ferropy_release(aux);
          break;
        default:
      }
    }
  }

  /** A new Python string, which the caller owns. */
  newText(text: string): number {
    const { exports } = this.#core;
    const { length } = text;
    const object = exports.ferropy_ascii_new(length) >>> 0;
    if (object === 0) throw this.#core.pendingError();
    const start = exports.ferropy_ascii_data(object) >>> 0;
    const into = this.#heap.bytes.subarray(start, start + length);
    if (length > 0 && utf8.encodeInto(text, into).read === length) return object;
    exports.ferropy_release(object);
    return this.#newWideText(text, (data, union) =>
      exports.ferropy_text_new(data, length, union),
    );
  }

  #newWideText(text: string, make: (data: number, union: number) => number): number {
    const { exports } = this.#core;
    const { length } = text;
    const data = exports.ferropy_allocate(length * 2 + 2) >>> 0;
    if (data === 0) throw new RangeError(`there is no memory for a string of ${length} units`);
    try {
      const { bytes } = this.#heap;
      const units = new Uint16Array(bytes.buffer, data, length);
      let union = 0;
      for (let index = 0; index < length; index++) {
        const unit = text.charCodeAt(index);
        union |= unit;
        units[index] = unit;
      }
      const object = make(data, union) >>> 0;
      if (object === 0) throw this.#core.pendingError();
      return object;
    } finally {
      exports.ferropy_free(data);
    }
  }

  /** The address of the interned Python string of a name, borrowed from a cache. */
  name(text: string): number {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    const { exports } = this.#core;
    if (this.#names.size >= KEPT_NAMES) {
      const old = [...this.#names.values()];
      this.#names.clear();
      for (const object of old) exports.ferropy_release(object);
    }
    const object = this.#newWideText(text, (data, union) =>
      exports.ferropy_name_new(data, text.length, union),
    );
    this.#names.set(text, object);
    return object;
  }

  /** The import functions of this area; see `mod.rs`. */
  imports(): Record<string, (...args: never[]) => unknown> {
    const slots = this.#slots;
    const heap = this.#heap;
    return {
      js_cache_text: (index: number, width: Width, data: number, length: number): void => {
        const text = decodeText(heap, width, data, length);
        this.texts[index] = text;
        this.properties[index] = propertyName(text);
      },
      js_string: (width: Width, data: number, length: number): Slot =>
        slots.put(decodeText(heap, width, data, length)),
      js_bigint: (bytes: number, length: number): Slot =>
        slots.put(decodeBigInt(heap, bytes >>> 0, length)),
      js_bigint_size: (value: Slot): number => bigintSize(slots.get(value) as bigint),
      js_bigint_copy: (value: Slot, into: number, size: number): void => {
        encodeBigInt(heap, slots.get(value) as bigint, into >>> 0, size);
      },
    };
  }
}

/** What has no names as items; see `methods.rs`. */
const NO_MAPPING =
  Flag.Array |
  Flag.ArrayLike |
  Flag.TypedArray |
  Flag.Buffer |
  Flag.Generator |
  Flag.AsyncGenerator |
  Flag.Iterator |
  Flag.AsyncIterator;

/** The abilities of a value seen through an adapter. */
function adapt(flags: number, adapter: number): number {
  if ((flags & (Flag.Callable | Flag.Error)) !== 0) return flags;
  if ((adapter & Flag.ObjectMap) !== 0) {
    return (flags & NO_MAPPING) === 0 ? adapter : flags;
  }
  return (flags & (Flag.Array | Flag.ArrayLike)) !== 0
    ? flags | Flag.PyJsonSequence
    : adapter & Flag.PyJsonDict;
}

function decodeBigInt(heap: Heap, bytes: number, length: number): bigint {
  const view = new DataView(heap.bytes.buffer, bytes, length);
  let digits = "";
  for (let offset = length - 1; offset >= 0; offset--) {
    digits += view.getUint8(offset).toString(16).padStart(2, "0");
  }
  return BigInt.asIntN(length * 8, BigInt(`0x${digits || "0"}`));
}

/** How many bytes of two's complement a BigInt takes (at least one). */
function bigintSize(value: bigint): number {
  // The sign bit needs room: 128 takes two bytes, -128 one.
  const magnitude = value < 0n ? -value - 1n : value;
  return (magnitude.toString(16).length >> 1) + 1;
}

function encodeBigInt(heap: Heap, value: bigint, into: number, size: number): void {
  const { bytes } = heap;
  const digits = BigInt.asUintN(size * 8, value).toString(16).padStart(size * 2, "0");
  for (let index = 0; index < size; index++) {
    const at = (size - 1 - index) * 2;
    bytes[into + index] = Number.parseInt(digits.slice(at, at + 2), 16);
  }
}
