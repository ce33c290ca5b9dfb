/**
 * The table of JavaScript values that Rust refers to by slot number.
 *
 * Ownership: whoever holds a slot number frees it. A Rust `JsRef` does so when
 * dropped; a slot that an export returns is taken by the caller here.
 */

/** A slot number; 0 stands for "threw". */
export type Slot = number;

export const UNDEFINED: Slot = 1;
export const NULL: Slot = 2;
export const TRUE: Slot = 3;
export const FALSE: Slot = 4;
const FIRST_FREE = 5;

/** Values by slot, with a free list beside them. */
export class SlotTable {
  /** Read directly where it counts; only the methods write. */
  readonly values: unknown[] = [undefined, undefined, null, true, false];
  readonly #free: Slot[] = [];

  /** Puts a value into a slot that the caller now owns. */
  put(value: unknown): Slot {
    if (value === undefined) return UNDEFINED;
    if (value === null) return NULL;
    if (value === true) return TRUE;
    if (value === false) return FALSE;
    return this.add(value);
  }

  /** `put` for what is known to be none of the constants. */
  add(value: unknown): Slot {
    const slot = this.#free.pop();
    if (slot === undefined) return this.values.push(value) - 1;
    this.values[slot] = value;
    return slot;
  }

  /** Reads a slot without freeing it. */
  get(slot: Slot): unknown {
    return this.values[slot];
  }

  /** Reads a slot and frees it. */
  take(slot: Slot): unknown {
    const value = this.values[slot];
    this.drop(slot);
    return value;
  }

  /** Frees a slot; the constant slots stay. */
  drop(slot: Slot): void {
    if (slot < FIRST_FREE) return;
    this.values[slot] = undefined;
    this.#free.push(slot);
  }

  /** The slots in use with their values, but for the constants. */
  *entries(): Generator<[Slot, unknown]> {
    const free = new Set(this.#free);
    for (const [slot, value] of this.values.entries()) {
      if (slot >= FIRST_FREE && !free.has(slot)) yield [slot, value];
    }
  }

  /** How many slots are in use, for leak tests. */
  get inUse(): number {
    return this.values.length - FIRST_FREE - this.#free.length;
  }
}
