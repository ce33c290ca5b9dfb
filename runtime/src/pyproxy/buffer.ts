/** Views of Python buffers, without copies. */

import { objectOf, type Reference, stateOfThis } from "./pyproxy.ts";
import type { Core } from "../../../js/src/core.ts";

/** Any typed array. */
export type TypedArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Uint8ClampedArray
  | Float32Array
  | Float64Array;

type AnyArray = TypedArray | BigInt64Array | BigUint64Array | DataView;

interface ArrayClass {
  readonly BYTES_PER_ELEMENT?: number;
  new (buffer: ArrayBufferLike, offset: number, length: number): AnyArray;
}

const CLASSES: Readonly<Record<string, ArrayClass>> = {
  i8: Int8Array,
  u8: Uint8Array,
  u8clamped: Uint8ClampedArray,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
  f32: Float32Array,
  f64: Float64Array,
  dataview: DataView,
};

/** Kinds by the characters of `struct`; sizes of `l` and others depend on the item's size. */
const SIGNED = "bhilqn";
const UNSIGNED = "BHILQNPc?";
const FLOATS = "fd";

/** The name in {@link CLASSES} for a format, or why there is none. */
export function arrayNameOf(format: string, itemSize: number): string {
  const plain = format.replace(/^[@=<!>]/, "");
  if (/^[>!]/.test(format) && itemSize > 1) {
    throw new Error(
      `Javascript has no native support for the buffer's big-endian format '${format}' ` +
        "(hint: getBuffer('dataview'), or .toJs() for a copy)",
    );
  }
  const bits = itemSize * 8;
  if (plain.length === 1 && SIGNED.includes(plain)) return `i${bits}`;
  if (plain.length === 1 && UNSIGNED.includes(plain)) return `u${bits}`;
  if (plain.length === 1 && FLOATS.includes(plain)) return `f${bits}`;
  throw new Error(
    `JavaScript has no typed array for the buffer's format '${format}' (hint: give getBuffer a type)`,
  );
}

/** Words of `Description` in `buffer.rs`. */
const WORDS = 12;

/** A view of a Python buffer; the object cannot be resized until it is released. */
export class PyBufferView {
  /** The index in `data` of the element whose indices are all 0. */
  readonly offset: number;
  /** Whether the data must not be changed. */
  readonly readonly: boolean;
  /** The format, as in Python's module `struct`. */
  readonly format: string;
  /** Bytes of an element. */
  readonly itemsize: number;
  /** How many dimensions there are. */
  readonly ndim: number;
  /** Bytes of `data`. */
  readonly nbytes: number;
  /** The extent of each dimension. */
  readonly shape: number[];
  /** How many elements of `data` to go for the next one, in each dimension. */
  readonly strides: number[];
  /** The memory that has all elements; and others, if they are not contiguous. */
  readonly data: TypedArray;
  /** Whether the elements lie in the order of C. */
  readonly c_contiguous: boolean;
  /** Whether the elements lie in the order of Fortran. */
  readonly f_contiguous: boolean;

  readonly #core: Core;
  readonly #reference: Reference;

  /** @internal */
  constructor(core: Core, words: Uint32Array, type: string | undefined) {
    const word = (index: number): number => words[index] as number;
    const heap = core.heap;
    const { bytes } = heap;
    const itemSize = word(5);
    const list = (address: number, signed: boolean): number[] =>
      Array.from({ length: word(6) }, (_, index) => {
        const value = heap.u32[(address >>> 2) + index] as number;
        return signed ? value | 0 : value;
      });
    this.#core = core;
    // A forgotten view is not released: its `data` may well be in use.
    this.#reference = { kind: "PyBufferView", object: word(0) };
    this.format = String.fromCharCode(...bytes.subarray(word(9), word(9) + word(10)));
    const wanted = type ?? arrayNameOf(this.format, itemSize);
    const Class = CLASSES[wanted];
    if (Class === undefined) {
      throw new Error(`unknown type '${wanted}' (hint: one of ${Object.keys(CLASSES).join(", ")})`);
    }
    const unit = Class.BYTES_PER_ELEMENT ?? 1;
    const lowest = word(2);
    const extent = word(3);
    const strides = list(word(8), true);
    const misfit = (bytesOff: number): boolean => bytesOff % unit !== 0;
    if (misfit(lowest) || misfit(extent)) {
      throw new Error(
        `the buffer is not aligned for elements of type '${wanted}' (hint: getBuffer('u8') or ` +
          "getBuffer('dataview'))",
      );
    }
    this.itemsize = itemSize;
    this.ndim = word(6);
    this.shape = list(word(7), false);
    this.strides = strides.map((stride) => stride / unit);
    this.offset = (word(1) - lowest) / unit;
    this.data = new Class(bytes.buffer, lowest, extent / unit) as TypedArray;
    this.nbytes = this.data.byteLength;
    const traits = word(11);
    this.readonly = (traits & 1) !== 0;
    this.c_contiguous = (traits & 2) !== 0;
    this.f_contiguous = (traits & 4) !== 0;
    core.live.add(this.#reference);
    if (core.debug) core.makers.noteReference(core, this.#reference);
  }

  /** @private */
  get _released(): boolean {
    return this.#reference.object === 0;
  }

  /** @private */
  get _view_ptr(): number {
    return this.#reference.object;
  }

  /** Ends the view; Python may resize or free the memory. */
  release(): void {
    const { object } = this.#reference;
    if (object === 0) return;
    this.#reference.object = 0;
    this.#core.live.delete(this.#reference);
    this.#core.exports.ferropy_release_buffer(object);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

/** A view of an object's buffer. */
export function viewOf(core: Core, object: number, type: string | undefined): PyBufferView {
  const { wire, heap } = core;
  const saved = wire.top;
  const out = wire.reserve(Math.ceil(WORDS / 4));
  let status: number;
  try {
    status = core.exports.ferropy_get_buffer(object, out);
  } catch (error) {
    throw core.fail(error);
  } finally {
    wire.top = saved;
  }
  if (status < 0) throw core.pendingError();
  if (heap.u8.length === 0) heap.refresh();
  const words = heap.u32.slice(out >>> 2, (out >>> 2) + WORDS);
  try {
    return new PyBufferView(core, words, type);
  } catch (error) {
    core.exports.ferropy_release_buffer(words[0] as number);
    throw error;
  }
}

/** The member of buffers. */
export class PyBufferMembers {
  /**
   * A view of the object's data, without a copy.
   * @param type the kind of `data`: "i8", "u8", "u8clamped", "i16", "u16", "i32", "u32", "i64", "u64",
   *   "f32", "f64" or "dataview"; by default what the buffer's format says.
   */
  getBuffer(type?: string): PyBufferView {
    const state = stateOfThis(this);
    return viewOf(state.core, objectOf(state), type);
  }
}
