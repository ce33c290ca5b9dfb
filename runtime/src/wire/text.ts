/** Texts in linear memory, both ways. */

import type { Heap } from "./heap.ts";

/** How code units are stored; `mod.rs` has the same numbers. */
export const enum Width {
  Ascii = 0,
  Latin1 = 1,
  Two = 2,
  Four = 4,
}

/** Up to this many units, building a string by hand is faster than a decoder's start. */
const SHORT = 24;
/** From this many on, Node's buffers are faster than its decoder. */
const LONG = 128;
/** Strings are built with calls of at most this many arguments. */
const CHUNK = 8192;

const utf8 = new TextDecoder();
const utf16 = new TextDecoder("utf-16le", { ignoreBOM: true });

/** The part of Node's Buffer that is used; pages have none. */
interface NodeBuffer {
  from(buffer: ArrayBufferLike, offset: number, length: number): {
    latin1Slice(): string;
    ucs2Slice(): string;
  };
}
const { Buffer } = globalThis as unknown as { Buffer?: NodeBuffer };

const { fromCharCode } = String;

/** A string from `length` units of a width at an address. */
export function decodeText(heap: Heap, width: Width, address: number, length: number): string {
  if (heap.u8.length === 0) heap.refresh();
  const start = address >>> 0;
  switch (width) {
    case Width.Ascii:
      if (length <= SHORT) return shortText(heap.u8, start, length);
      if (Buffer !== undefined && length >= LONG) {
        return Buffer.from(heap.u8.buffer, start, length).latin1Slice();
      }
      return utf8.decode(heap.u8.subarray(start, start + length));
    case Width.Latin1:
      if (length <= SHORT) return shortText(heap.u8, start, length);
      if (Buffer !== undefined) return Buffer.from(heap.u8.buffer, start, length).latin1Slice();
      return utf16.decode(Uint16Array.from(heap.u8.subarray(start, start + length)));
    case Width.Two: {
      const units = start >>> 1;
      if (length <= SHORT) return shortText(heap.u16, units, length);
      if (Buffer !== undefined) return Buffer.from(heap.u8.buffer, start, length * 2).ucs2Slice();
      return decodeUnits(heap.u16.subarray(units, units + length));
    }
    default: {
      const points = heap.u32.subarray(start >>> 2, (start >>> 2) + length);
      let text = "";
      for (let at = 0; at < length; at += CHUNK) {
        text += String.fromCodePoint(...points.subarray(at, at + CHUNK));
      }
      return text;
    }
  }
}

function shortText(units: Uint8Array | Uint16Array, start: number, length: number): string {
  let text = "";
  let at = start;
  const end = start + length;
  for (; at + 8 <= end; at += 8) {
    text += fromCharCode(
      units[at] as number,
      units[at + 1] as number,
      units[at + 2] as number,
      units[at + 3] as number,
      units[at + 4] as number,
      units[at + 5] as number,
      units[at + 6] as number,
      units[at + 7] as number,
    );
  }
  for (; at < end; at++) text += fromCharCode(units[at] as number);
  return text;
}

/** UTF-16 that may have lone surrogates, which a decoder would replace. */
function decodeUnits(units: Uint16Array): string {
  if (!units.some(isSurrogate)) return utf16.decode(units);
  let text = "";
  for (let at = 0; at < units.length; at += CHUNK) {
    text += fromCharCode(...units.subarray(at, at + CHUNK));
  }
  return text;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xe000;
}
