/** Python → JavaScript: builds containers from the tape that `to_js.rs` writes. */

import { type Core, isUnwinding } from "../../../js/src/core.ts";
import { Raise } from "../errors/errors.ts";
import type { Slot } from "../jsref/jsref.ts";
import { arrayNameOf, type PyBufferView, viewOf } from "../pyproxy/buffer.ts";
import type { PyProxy } from "../pyproxy/classes.ts";
import { destroyBorrowed, isPyProxy, makeProxy, objectOf, stateOf } from "../pyproxy/pyproxy.ts";
import { decodeText, type Width } from "../wire/text.ts";
import { Tag } from "../wire/wire.ts";
import { makeLiteralMap } from "./literalmap.ts";
import { Op } from "./tape.ts";

type Converter = (
  object: PyProxy,
  convert: (object: unknown) => unknown,
  cacheConversion: (object: unknown, result: unknown) => void,
) => unknown;

/** Options of `toJs` and `to_js`. */
export interface ToJsOptions {
  /** How many levels of containers to copy; all of them without it. */
  depth?: number | undefined;
  /** Gets the proxies that the copy makes, so that they can be destroyed. */
  pyproxies?: PyProxy[] | undefined;
  /** False refuses objects of which there would be proxies. */
  create_pyproxies?: boolean | undefined;
  /** Makes the copy of a dict from its entries. Default: a Map. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as users write it
  dict_converter?: ((entries: Iterable<[key: string, value: any]>) => any) | undefined;
  /** Asked about objects that have no counterpart. */
  default_converter?: Converter | undefined;
  /** Asked about all objects but scalars, before the usual conversion. */
  eager_converter?: Converter | undefined;
}

/** A container that is being filled. A dict's is a plain object, a Map, or the entries for a converter. */
interface Frame {
  readonly kind: Op;
  readonly target: unknown[] | Set<unknown> | Map<unknown, unknown> | Record<string, unknown>;
  /** The key that waits for its value, in a box. */
  key: [unknown] | undefined;
  /** The original's address. */
  readonly object: number;
}

const CONVERTERS = { default: 1, eager: 2, asked: 4, proxies: 8 } as const;

/** Deeper calls of converters within converters are refused before the stack runs out. */
const DEEPEST = 100;

/** A machine that runs tapes. */
export class Decoder {
  readonly #core: Core;
  readonly #options: ToJsOptions;
  readonly #slot: Slot;
  /** Copies by the address of their original. */
  readonly #copies = new Map<number, unknown>();
  /** Originals that must live as long as their addresses are keys above. */
  readonly #kept: number[] = [];
  readonly #bits: number;
  #stack: Frame[] = [];
  #result: unknown;
  #nesting = 0;

  constructor(core: Core, options: ToJsOptions) {
    this.#core = core;
    this.#options = options;
    this.#slot = core.slots.add(this);
    this.#bits =
      (options.default_converter != null ? CONVERTERS.default : 0) |
      (options.eager_converter != null ? CONVERTERS.eager : 0) |
      (options.pyproxies != null ? CONVERTERS.proxies : 0);
  }

  /**
   * Copies an object. Converters come back here for the parts.
   * @param asked whether it is the one that the eager converter was asked about.
   */
  convert(object: number, depth: number, asked = false): unknown {
    const { exports } = this.#core;
    const stack = this.#stack;
    this.#stack = [];
    if (++this.#nesting > DEEPEST) {
      this.#nesting = 0;
      throw new Raise("RecursionError", "converters called each other too often");
    }
    try {
      const bits = this.#bits | (asked ? CONVERTERS.asked : 0);
      const result = this.#core.readOut((out) =>
        exports.ferropy_to_js(object, depth, this.#slot, bits, out),
      );
      this.#nesting--;
      return result;
    } finally {
      this.#stack = stack;
    }
  }

  /** Gives back what the conversion held. */
  end(): void {
    const { slots, exports } = this.#core;
    slots.drop(this.#slot);
    for (const object of this.#kept) exports.ferropy_release(object);
    this.#kept.length = 0;
  }

  knows(object: number): boolean {
    return this.#copies.has(object >>> 0);
  }

  /** The finished value. */
  take(): unknown {
    const result = this.#result;
    this.#result = undefined;
    return result;
  }

  /** Runs `words` words of a tape at an address; what a converter throws is the cause of an error. */
  run(tape: number, words: number): void {
    try {
      this.#run(tape, words);
    } catch (error) {
      throw Raise.is(error) && error.type === "ConversionError"
        ? new Raise(error.type, `${String(error.argument)}${this.#place()}`, error.cause)
        : error;
    }
  }

  /** Where the stack is, for errors. */
  #place(): string {
    const path = this.#stack.map(({ kind, target, key }) =>
      kind === Op.Array ? String((target as unknown[]).length) : quoted(key?.[0]),
    );
    return path.length === 0 ? "" : `, at [${path.join("][")}]`;
  }

  #run(tape: number, words: number): void {
    const core = this.#core;
    const { heap, slots, wire } = core;
    if (heap.u8.length === 0) heap.refresh();
    let at = tape >>> 3;
    const end = at + words;
    while (at < end) {
      if (heap.u8.length === 0) heap.refresh();
      const { u32 } = heap;
      const operation = u32[at * 2] as number;
      const aux = u32[at * 2 + 1] as number;
      at++;
      switch (operation) {
        case Op.Run:
          this.#numbers(at, aux);
          at += aux;
          break;
        case Tag.Cached:
          this.#add(wire.texts[aux]);
          break;
        case Tag.String:
          this.#add(
            decodeText(heap, aux as Width, u32[at * 2] as number, u32[at * 2 + 1] as number),
          );
          at++;
          break;
        case Op.Array:
          this.#begin(operation, [], aux);
          break;
        case Op.Map:
          this.#begin(operation, this.#newDict(), aux);
          break;
        case Op.Set:
          this.#begin(operation, new Set(), aux);
          break;
        case Op.End:
          this.#end();
          break;
        case Op.Ref:
          this.#add(this.#copy(aux));
          break;
        case Op.Proxy:
          this.#add(this.#proxy(aux, u32[at * 2] as number));
          at++;
          break;
        case Op.Buffer:
          this.#add(this.#remember(aux, copyBuffer(core, aux)));
          break;
        case Op.Default:
          this.#add(this.#ask("default_converter", aux));
          break;
        case Op.Eager:
          this.#add(this.#ask("eager_converter", aux));
          break;
        case Tag.Undefined:
          this.#add(undefined);
          break;
        case Tag.Null:
          this.#add(null);
          break;
        case Tag.False:
          this.#add(false);
          break;
        case Tag.True:
          this.#add(true);
          break;
        case Tag.Value:
          this.#add(slots.get(aux));
          break;
        case Tag.Taken:
          this.#add(slots.take(aux));
          break;
        default:
          throw new Error("Python wrote a tape that JavaScript cannot read");
      }
    }
  }

  /** What a dict's entries go into. */
  #newDict(): Frame["target"] {
    if (this.#options.dict_converter != null) return [];
    return this.#core.literalMaps ? makeLiteralMap() : {};
  }

  #begin(kind: Op, target: Frame["target"], object: number): void {
    // What a converter makes of a dict exists only at its end.
    if (kind !== Op.Map || this.#options.dict_converter == null) this.#remember(object, target);
    this.#stack.push({ kind, target, key: undefined, object });
  }

  #end(): void {
    const { kind, target, object } = this.#stack.pop() as Frame;
    const { dict_converter } = this.#options;
    if (kind === Op.Map && dict_converter != null) {
      const made: unknown = guarded("dict_converter", dict_converter, () =>
        dict_converter(target as unknown as [string, unknown][]),
      );
      this.#add(this.#remember(object, made));
    } else {
      this.#add(target);
    }
  }

  #add(value: unknown): void {
    const frame = this.#stack[this.#stack.length - 1];
    if (frame === undefined) {
      this.#result = value;
      return;
    }
    switch (frame.kind) {
      case Op.Array:
        (frame.target as unknown[]).push(value);
        return;
      case Op.Set:
        (frame.target as Set<unknown>).add(value);
        return;
      default:
        if (frame.key === undefined) {
          frame.key = [value];
          return;
        }
        if (Array.isArray(frame.target)) frame.target.push([frame.key[0], value]);
        else if (this.#core.literalMaps) {
          (frame.target as Map<unknown, unknown>).set(frame.key[0], value);
        } else setProperty(frame.target as Record<string, unknown>, frame.key[0], value);
        frame.key = undefined;
    }
  }

  /** A run of numbers, which is most of what large arrays hold. */
  #numbers(at: number, count: number): void {
    const { f64 } = this.#core.heap;
    const frame = this.#stack[this.#stack.length - 1];
    if (frame?.kind === Op.Array) {
      const target = frame.target as unknown[];
      for (let index = 0; index < count; index++) target.push(f64[at + index]);
      return;
    }
    for (let index = 0; index < count; index++) this.#add(f64[at + index]);
  }

  #copy(object: number): unknown {
    if (!this.#copies.has(object)) {
      throw new Raise(
        "ConversionError",
        "a dict that contains itself has no copy yet that dict_converter could have made",
      );
    }
    return this.#copies.get(object);
  }

  #remember(object: number, copy: unknown): unknown {
    if ((this.#bits & (CONVERTERS.default | CONVERTERS.eager)) !== 0 && !this.#copies.has(object)) {
      this.#core.exports.ferropy_retain(object);
      this.#kept.push(object);
    }
    this.#copies.set(object, copy);
    return copy;
  }

  #proxy(object: number, abilities: number): PyProxy {
    const core = this.#core;
    if (this.#options.create_pyproxies === false) {
      throw new Raise(
        "ConversionError",
        `${describe(core, object)} has no counterpart in JavaScript, and no proxies were wanted ` +
          "(hint: convert it with default_converter)",
      );
    }
    core.exports.ferropy_retain(object);
    const { pyproxies } = this.#options;
    const proxy = makeProxy(core, object, abilities, pyproxies == null);
    pyproxies?.push(proxy);
    return proxy;
  }

  #ask(name: "default_converter" | "eager_converter", object: number): unknown {
    const core = this.#core;
    const converter = this.#options[name] as Converter;
    core.exports.ferropy_retain(object);
    const proxy = makeProxy(core, object, core.exports.ferropy_abilities(object) >>> 0, true);
    const convert = (part: unknown): unknown => {
      const state = isPyProxy(part) ? stateOf(part) : undefined;
      if (state === undefined) return part;
      const asked = objectOf(state) === object && name === "eager_converter";
      return this.convert(objectOf(state), -1, asked);
    };
    const cacheConversion = (part: unknown, result: unknown): void => {
      const state = isPyProxy(part) ? stateOf(part) : undefined;
      if (state !== undefined) this.#remember(objectOf(state), result);
    };
    let result: unknown;
    try {
      result = guarded(name, converter, () => converter(proxy, convert, cacheConversion));
    } catch (error) {
      proxy.destroy();
      throw error;
    }
    if (result !== proxy) destroyBorrowed([proxy]);
    else this.#options.pyproxies?.push(proxy);
    return result;
  }
}

/** Runs a converter of the user's; what it throws becomes the cause of a ConversionError. */
function guarded(name: string, converter: unknown, run: () => unknown): unknown {
  if (typeof converter !== "function") {
    throw new Raise("ConversionError", `${name} must be a function, not ${typeof converter}`);
  }
  try {
    return run();
  } catch (thrown) {
    if (isUnwinding(thrown)) throw thrown;
    throw new Raise("ConversionError", `${name} failed`, { thrown });
  }
}

/** How a path shows a key. */
function quoted(key: unknown): string {
  return typeof key === "string" ? `'${key}'` : String(key);
}

/** Sets a property of the copy of a dict. */
function setProperty(target: Record<string, unknown>, key: unknown, value: unknown): void {
  const name = String(key);
  if (Object.hasOwn(target, name)) {
    throw new Raise(
      "ConversionError",
      `key collision: two keys of the dict become the name ${quoted(name)}`,
    );
  }
  if (name !== "__proto__") {
    target[name] = value;
    return;
  }
  Object.defineProperty(target, name, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

/** What an error calls an object. */
function describe(core: Core, object: number): string {
  const text = core.readOut((out) => core.exports.ferropy_text(object, 1, out)) as string;
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

/** A copy of a buffer: a typed array, or arrays of them for several dimensions. */
function copyBuffer(core: Core, object: number): unknown {
  let view: PyBufferView;
  try {
    view = viewOf(core, object, "u8");
  } catch (thrown) {
    if (isUnwinding(thrown)) throw thrown;
    throw new Raise("ConversionError", `${describe(core, object)} gives no buffer`, { thrown });
  }
  try {
    const { itemsize, format, shape, ndim } = view;
    const bigEndian = /^[>!]/.test(format) && itemsize > 1;
    const name = copiedName(bigEndian ? format.slice(1) : format, itemsize);
    const strides = view.strides;
    const source = view.data as Uint8Array;
    const copy = (dimension: number, start: number): unknown => {
      if (dimension < ndim - 1) {
        return Array.from({ length: shape[dimension] as number }, (_, index) =>
          copy(dimension + 1, start + index * (strides[dimension] as number)),
        );
      }
      const count = ndim === 0 ? 1 : (shape[dimension] as number);
      const step = ndim === 0 ? itemsize : (strides[dimension] as number);
      let bytes: Uint8Array<ArrayBuffer>;
      // Unlike a constructor's, the memory of a slice is not cleared first.
      if (step === itemsize) bytes = source.slice(start, start + count * itemsize) as typeof bytes;
      else {
        bytes = new Uint8Array(count * itemsize);
        for (let index = 0; index < count; index++) {
          const from = start + index * step;
          bytes.set(source.subarray(from, from + itemsize), index * itemsize);
        }
      }
      if (bigEndian) swap(bytes, itemsize);
      return typed(name, bytes.buffer);
    };
    return copy(0, view.offset);
  } finally {
    view.release();
  }
}

/** The kind of array for a copy of a format. */
function copiedName(format: string, itemSize: number): string {
  const plain = format.replace(/^[@=<]/, "");
  if (plain === "?") return "bool";
  if (plain === "e" && Float16 !== undefined) return "f16";
  try {
    return arrayNameOf(format, itemSize);
  } catch (error) {
    throw new Raise("ConversionError", (error as Error).message);
  }
}

const { Float16Array: Float16 } = globalThis as {
  Float16Array?: new (buffer: ArrayBuffer) => object;
};

function swap(bytes: Uint8Array, size: number): void {
  for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
}

function typed(name: string, buffer: ArrayBuffer): unknown {
  switch (name) {
    case "bool":
      return Array.from(new Uint8Array(buffer), Boolean);
    case "f16":
      return Float16 && new Float16(buffer);
    case "i8":
      return new Int8Array(buffer);
    case "u8":
      return new Uint8Array(buffer);
    case "i16":
      return new Int16Array(buffer);
    case "u16":
      return new Uint16Array(buffer);
    case "i32":
      return new Int32Array(buffer);
    case "u32":
      return new Uint32Array(buffer);
    case "i64":
      return new BigInt64Array(buffer);
    case "u64":
      return new BigUint64Array(buffer);
    case "f32":
      return new Float32Array(buffer);
    default:
      return new Float64Array(buffer);
  }
}

/** A copy of a Python object in JavaScript values. */
export function toJs(core: Core, object: number, options: ToJsOptions): unknown {
  const decoder = new Decoder(core, options);
  try {
    return decoder.convert(object, options.depth ?? -1);
  } finally {
    decoder.end();
  }
}

/** The import functions of this area; see `to_js.rs`. */
export function decodeImports(core: Core): Record<string, (...args: never[]) => unknown> {
  const { slots } = core;
  return {
    js_decode: (decoder: Slot, tape: number, words: number): number => {
      try {
        (slots.get(decoder) as Decoder).run(tape, words);
        return 0;
      } catch (error) {
        core.threw(error);
        return -1;
      }
    },
    js_decoded: (decoder: Slot): Slot => slots.put((slots.get(decoder) as Decoder).take()),
    js_decoder_knows: (decoder: Slot, object: number): number =>
      Number((slots.get(decoder) as Decoder).knows(object)),
  };
}
