/** Requests to a module in Rust and its answers, for `memory.rs`. */

import { PackageError } from "../../../js/src/lock.ts";

/** What each of these modules exports. Addresses may come as signed numbers. */
export interface Memory {
  readonly memory: WebAssembly.Memory;
  allocate(length: number): number;
  release(memory: number, length: number): void;
  call(request: number, length: number): bigint;
}

/** What is wrong, as Rust tells it. */
interface Failure {
  readonly kind: string;
  readonly message: string;
  readonly hint: string | null;
}

/** A module in Rust that answers requests. */
export class Half<Exports extends Memory> {
  protected exports!: Exports;
  #bytes = new Uint8Array();

  /** Starts the module. */
  protected async start(module: Promise<WebAssembly.Module>, imports: WebAssembly.Imports): Promise<this> {
    const instance = await WebAssembly.instantiate(await module, imports);
    this.exports = instance.exports as unknown as Exports;
    return this;
  }

  /** The module's memory; its buffer is another one after it has grown. */
  protected get memory(): Uint8Array {
    const { buffer } = this.exports.memory;
    if (this.#bytes.buffer !== buffer) this.#bytes = new Uint8Array(buffer);
    return this.#bytes;
  }

  /**
   * Makes a request.
   * @throws PackageError with Rust's words.
   */
  call(request: object): unknown {
    const text = new TextEncoder().encode(JSON.stringify(request));
    const { allocate, release, call } = this.exports;
    const address = allocate(text.length) >>> 0;
    this.memory.set(text, address);
    const answer = call(address, text.length);
    release(address, text.length);
    return this.answer(answer);
  }

  /** Reads an answer. */
  protected answer(packed: bigint): unknown {
    const address = Number(BigInt.asUintN(32, packed >> 32n));
    const length = Number(BigInt.asUintN(32, packed));
    const text = new TextDecoder().decode(this.memory.subarray(address, address + length));
    this.exports.release(address, length);
    const { ok, error } = JSON.parse(text) as { ok?: unknown; error?: Failure };
    if (error === undefined) return ok;
    const { message, hint } = error;
    throw new PackageError(undefined, hint === null ? message : `${message}\n  hint: ${hint}`);
  }
}
