/** Views of linear memory. They go stale when it grows, which empties them. */

import type { Exports } from "../../../js/src/core.ts";

export class Heap {
  u8 = new Uint8Array();
  u16 = new Uint16Array();
  u32 = new Uint32Array();
  f64 = new Float64Array();
  u64 = new BigUint64Array();
  #memory: WebAssembly.Memory | undefined;

  attach(exports: Exports): void {
    this.#memory = exports.memory;
    this.refresh();
  }

  /** Makes new views after the memory has grown; `u8.length` is 0 then. */
  refresh(): void {
    const buffer = this.#memory?.buffer ?? new ArrayBuffer();
    this.u8 = new Uint8Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.u64 = new BigUint64Array(buffer);
  }

  /** All of memory, fresh. */
  get bytes(): Uint8Array {
    if (this.u8.length === 0) this.refresh();
    return this.u8;
  }
}
