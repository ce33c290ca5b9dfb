/** JavaScript → Python: walks containers and writes the tape that `from_js.rs` runs. */

import type { Core } from "../../../js/src/core.ts";
import type { Slot } from "../jsref/jsref.ts";
import { flagsOf } from "../jsproxy/flags.ts";
import { Raise } from "../errors/errors.ts";
import type { PyProxy } from "../pyproxy/classes.ts";
import { destroyBorrowed, isPyProxy, objectOf, stateOf } from "../pyproxy/pyproxy.ts";
import { Tag } from "../wire/wire.ts";
import { isLiteralMap } from "./literalmap.ts";
import { Op } from "./tape.ts";

/** Asked about objects that have no counterpart. */
export type DefaultConverter = (
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as users write it
  value: any,
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  convert: (value: any) => any,
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  cacheConversion: (input: any, output: any) => void,
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
) => any;

/** `struct` formats of typed arrays, by their tag. */
const FORMATS: Readonly<Record<string, string>> = {
  Int8Array: "b",
  Int16Array: "h",
  Uint16Array: "H",
  Int32Array: "i",
  Uint32Array: "I",
  BigInt64Array: "q",
  BigUint64Array: "Q",
  Float16Array: "e",
  Float32Array: "f",
  Float64Array: "d",
};

/** Bytes of a tape that are handed over at once. */
const PIECE = 64 * 1024;
/** Longer strings become Python strings at once, in UTF-16 units. */
const INLINE_TEXT = 1024;
/** Deeper nesting is refused before the stack runs out. */
const DEEPEST = 2000;

const kindOf = (value: object): string => Object.prototype.toString.call(value).slice(8, -1);

/** Whether an object is plain: made by a literal, in any realm. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return true;
  const { constructor } = prototype as { constructor?: { name?: unknown } };
  return constructor === undefined || constructor.name === "Object";
}

/** Whether a value is a Map or Set of any realm, whatever it says of itself. */
function isA(value: object, has: (this: never, item: unknown) => boolean): boolean {
  try {
    Reflect.apply(has, value, [undefined]);
    return true;
  } catch {
    return false;
  }
}

const mapHas = Map.prototype.has as (this: never, item: unknown) => boolean;
const setHas = Set.prototype.has as (this: never, item: unknown) => boolean;

function bytesOf(value: ArrayBufferView | ArrayBufferLike): Uint8Array {
  return ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value);
}

class Encoder {
  readonly #core: Core;
  readonly #builder: number;
  readonly #depth: number;
  readonly #converter: DefaultConverter | undefined;
  /** What REF refers to, by the original. */
  readonly #known = new Map<unknown, number>();
  #count = 0;
  readonly #keys = new Map<string, number>();
  /** The tape's memory, and the words that are filled. */
  readonly #start: number;
  #at: number;
  readonly #end: number;
  /** The header of the run of numbers that the tape ends with, or -1. */
  #run = -1;
  #nesting = 0;
  /** What converters were given; it ends with the conversion. */
  readonly #made: PyProxy[] = [];

  constructor(core: Core, depth: number, converter: DefaultConverter | undefined) {
    this.#core = core;
    this.#depth = depth;
    this.#converter = converter;
    this.#builder = core.exports.ferropy_builder_new() >>> 0;
    const memory = core.spareTape || core.exports.ferropy_allocate(PIECE) >>> 0;
    core.spareTape = 0;
    if (memory === 0) throw new RangeError("there is no memory for a conversion");
    this.#start = memory >>> 3;
    this.#at = this.#start;
    this.#end = this.#start + PIECE / 8;
  }

  free(): void {
    const { exports } = this.#core;
    exports.ferropy_builder_free(this.#builder);
    // One is kept for the next conversion; others were for conversions within this one.
    if (this.#core.spareTape === 0) this.#core.spareTape = this.#start * 8;
    else exports.ferropy_free(this.#start * 8);
    destroyBorrowed(this.#made);
  }

  /** Copies a value; the result waits in the builder. */
  root(value: unknown): void {
    this.#word(Op.Root, 0);
    this.#value(value, this.#depth);
    this.flush();
  }

  /** The last root's value, as JavaScript sees it. */
  result(): unknown {
    const { exports } = this.#core;
    return this.#core.readOut((out) => exports.ferropy_builder_result(this.#builder, out));
  }

  /** The last root's value, a strong reference. */
  object(): number {
    const object = this.#core.exports.ferropy_builder_object(this.#builder) >>> 0;
    if (object === 0) throw this.#core.pendingError();
    return object;
  }

  flush(): void {
    const words = this.#at - this.#start;
    this.#at = this.#start;
    this.#run = -1;
    if (words === 0) return;
    const core = this.#core;
    const status = core.enter(() =>
      core.exports.ferropy_build(this.#builder, this.#start * 8, words),
    );
    if (status < 0) throw core.pendingError();
  }

  /** Makes room for some words. */
  #room(words: number): void {
    if (this.#at + words > this.#end) this.flush();
    const { heap } = this.#core;
    if (heap.u8.length === 0) heap.refresh();
  }

  #word(operation: number, aux: number): void {
    this.#room(2);
    this.#run = -1;
    const { u32 } = this.#core.heap;
    u32[this.#at * 2] = operation;
    u32[this.#at * 2 + 1] = aux;
    this.#at++;
  }

  #number(value: number): void {
    this.#room(2);
    const { u32, f64 } = this.#core.heap;
    if (this.#run < 0) {
      this.#run = this.#at;
      u32[this.#at * 2] = Op.Run;
      u32[this.#at * 2 + 1] = 0;
      this.#at++;
    }
    u32[this.#run * 2 + 1] = (u32[this.#run * 2 + 1] as number) + 1;
    f64[this.#at++] = value;
  }

  #text(text: string, operation: number): void {
    const { length } = text;
    if (length > INLINE_TEXT) {
      const object = this.#core.wire.newText(text);
      this.#word(Tag.Owned, object);
      return;
    }
    const words = (length + 3) >> 2;
    this.#room(words + 2);
    this.#run = -1;
    const { u16, u32 } = this.#core.heap;
    const header = this.#at * 2;
    let to = (this.#at + 2) * 4;
    let union = 0;
    for (let index = 0; index < length; index++) {
      const unit = text.charCodeAt(index);
      union |= unit;
      u16[to++] = unit;
    }
    u32[header] = operation;
    u32[header + 1] = union;
    u32[header + 2] = length;
    u32[header + 3] = 0;
    this.#at += 2 + words;
  }

  #key(key: string): void {
    const known = this.#keys.get(key);
    if (known !== undefined) this.#word(Op.KeyRef, known);
    else if (key.length > INLINE_TEXT) this.#text(key, Tag.String);
    else {
      this.#keys.set(key, this.#keys.size);
      this.#text(key, Op.Key);
    }
  }

  #value(value: unknown, depth: number): void {
    switch (typeof value) {
      case "number":
        this.#number(value);
        return;
      case "string":
        this.#text(value, Tag.String);
        return;
      case "boolean":
        this.#word(value ? Tag.True : Tag.False, 0);
        return;
      case "bigint":
        this.#word(Tag.BigInt, this.#core.slots.add(value));
        return;
      case "undefined":
        if (value === undefined) {
          this.#word(Tag.Undefined, 0);
          return;
        }
        break;
      case "object":
        if (value === null) {
          this.#word(this.#core.wire.nullToNone ? Tag.Undefined : Tag.Null, 0);
          return;
        }
        break;
      default:
    }
    this.#object(value as object, depth);
  }

  #object(value: object, depth: number): void {
    const state = typeof value === "symbol" ? undefined : stateOf(value);
    if (state !== undefined && !state.double) {
      const object = objectOf(state);
      this.#core.exports.ferropy_retain(object);
      this.#word(Tag.Owned, object);
      return;
    }
    // A double proxy that was destroyed must say so.
    if (state !== undefined) objectOf(state);
    const known = this.#known.get(value);
    if (known !== undefined) {
      this.#word(Op.Ref, known);
      return;
    }
    if (depth === 0 || typeof value !== "object" || state !== undefined) {
      this.#leave(value, depth);
      return;
    }
    if (++this.#nesting > DEEPEST) {
      throw new Raise("RecursionError", "the value is nested too deeply to be copied to Python: too much recursion");
    }
    if (Array.isArray(value)) {
      if (!(value.length >= 0)) throw new Raise("ValueError", "the array has a negative length");
      this.#begin(Op.Array, value);
      for (let index = 0; index < value.length; index++) this.#value(value[index], depth - 1);
      this.#word(Op.End, 0);
    } else {
      this.#container(value, kindOf(value), depth - 1);
    }
    this.#nesting--;
  }

  #container(value: object, kind: string, depth: number): void {
    if (kind === "Map" && (isA(value, mapHas) || isLiteralMap(value))) {
      this.#begin(Op.Map, value);
      for (const [key, item] of value as Map<unknown, unknown>) {
        this.#value(key, 0);
        this.#value(item, depth);
      }
      this.#word(Op.End, 0);
    } else if (kind === "Set" && isA(value, setHas)) {
      this.#begin(Op.Set, value);
      for (const item of value as Set<unknown>) this.#value(item, 0);
      this.#word(Op.End, 0);
    } else if (ArrayBuffer.isView(value) || kind === "ArrayBuffer") {
      this.#buffer(value as ArrayBufferView, kind);
    } else if (kind === "Object" && isPlain(value)) {
      this.#begin(Op.Record, value);
      for (const key of Object.keys(value)) {
        // A getter may run anything, so the value comes before the tape goes on.
        const item = (value as Record<string, unknown>)[key];
        this.#key(key);
        this.#value(item, depth);
      }
      this.#word(Op.End, 0);
    } else {
      this.#leave(value, depth + 1);
    }
  }

  #begin(operation: Op, value: object): void {
    this.#known.set(value, this.#count++);
    this.#word(operation, 0);
  }

  #buffer(value: ArrayBufferView, kind: string): void {
    this.#known.set(value, this.#count++);
    const slot = this.#core.slots.add(value);
    this.#room(2);
    this.#word(Op.Buffer, slot);
    const { u32 } = this.#core.heap;
    u32[this.#at * 2] = (FORMATS[kind] ?? "B").charCodeAt(0);
    u32[this.#at * 2 + 1] = bytesOf(value).length;
    this.#at++;
  }

  /** An object that is not copied: a converter may know better, else Python gets a proxy. */
  #leave(value: object, depth: number): void {
    if (this.#converter !== undefined && depth !== 0) {
      this.#ask(this.#converter, value);
      return;
    }
    const state = typeof value === "symbol" ? undefined : stateOf(value);
    const flags = flagsOf(value) | (state === undefined ? 0 : 1 << 22);
    this.#reference(value, flags);
  }

  /** Python gets a proxy of the value. */
  #reference(value: unknown, flags: number): void {
    const core = this.#core;
    const slot = core.slots.add(value);
    if (core.debug) core.makers.noteSlot(core, slot);
    this.#room(2);
    this.#word(Tag.Value, slot);
    const { u32 } = core.heap;
    u32[this.#at * 2] = flags;
    u32[this.#at * 2 + 1] = 0;
    this.#at++;
  }

  #ask(converter: DefaultConverter, value: object): void {
    // The converter may ask for parts, which build on what there is.
    this.flush();
    const cacheConversion = (input: unknown, output: unknown): void => {
      const state = output === null ? undefined : stateOf(output as object);
      if (state === undefined) return;
      this.flush();
      this.#known.set(input, this.#count++);
      this.#word(Op.Cache, objectOf(state));
      this.flush();
    };
    const convert = (part: unknown): unknown => {
      this.root(part);
      const result = this.result();
      if (isPyProxy(result)) this.#made.push(result);
      return result;
    };
    const result: unknown = converter(value, convert, cacheConversion);
    const state =
      (typeof result === "object" && result !== null) || typeof result === "function"
        ? stateOf(result)
        : undefined;
    if (state === undefined) {
      if (result === value || (typeof result === "object" && result !== null)) {
        this.#reference(result, flagsOf(result as object));
      } else {
        this.#value(result, 0);
      }
      return;
    }
    const object = objectOf(state);
    this.#core.exports.ferropy_retain(object);
    this.#word(Tag.Owned, object);
    this.flush();
  }
}

/** A copy of a value in Python, as JavaScript sees it: a proxy or a scalar. */
export function toPy(
  core: Core,
  value: unknown,
  depth: number,
  converter: DefaultConverter | undefined,
): unknown {
  // Values and proxies are what they are.
  const kind = typeof value;
  if (value === null || (kind !== "object" && kind !== "function") || isPyProxy(value)) return value;
  const encoder = new Encoder(core, depth, converter);
  try {
    encoder.root(value);
    return encoder.result();
  } catch (error) {
    if (!Raise.is(error)) throw error;
    const text = String(error.argument);
    throw error.type === "RecursionError" ? new RangeError(text) : new Error(text);
  } finally {
    encoder.free();
  }
}

/** The import functions of this area; see `from_js.rs`. */
export function encodeImports(core: Core): Record<string, (...args: never[]) => unknown> {
  const { slots, wire } = core;
  return {
    js_encode: (value: Slot, depth: number, converter: number, out: number): number => {
      let encoder: Encoder | undefined;
      try {
        const given = wire.read(converter) as DefaultConverter | undefined;
        encoder = new Encoder(core, depth, given);
        encoder.root(slots.get(value));
        const object = encoder.object();
        if (isPyProxy(given)) destroyBorrowed([given]);
        const { heap } = core;
        if (heap.u8.length === 0) heap.refresh();
        heap.u32[out >>> 2] = Tag.Owned;
        heap.u32[(out >>> 2) + 1] = object;
        return 0;
      } catch (error) {
        core.threw(error);
        return -1;
      } finally {
        encoder?.free();
      }
    },
    js_copy_buffer: (value: Slot, into: number): void => {
      core.heap.bytes.set(bytesOf(slots.get(value) as ArrayBufferView), into >>> 0);
    },
  };
}
