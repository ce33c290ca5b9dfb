/** Calls into packages.wasm, for `mod.rs`. */

import { PackageError } from "../../../js/src/lock.ts";

/** What packages.wasm exports. Addresses may come as signed numbers. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  allocate(length: number): number;
  release(memory: number, length: number): void;
  call(request: number, length: number): bigint;
  unpack(archive: number, index: number, checked: number): bigint;
  hash_new(): number;
  hash_update(hash: number, bytes: number, length: number): void;
  hash_finish(hash: number, out: number): void;
}

/** What is wrong, as Rust tells it. */
interface Failure {
  readonly kind: string;
  readonly message: string;
  readonly hint: string | null;
}

/** How much is copied into the module's memory at once. */
const CHUNK = 1 << 18;

/** packages.wasm and the archives that it reads. */
export class RustHalf {
  readonly #archives = new Map<number, Uint8Array<ArrayBuffer>>();
  #exports!: Exports;
  #bytes = new Uint8Array();
  #next = 1;
  /** What is being unpacked, and how much of it is there. */
  #target = new Uint8Array();
  #filled = 0;

  static async load(module: Promise<WebAssembly.Module>): Promise<RustHalf> {
    const half = new RustHalf();
    const instance = await WebAssembly.instantiate(await module, {
      host: {
        archive_read: half.#read,
        archive_write: half.#write,
      },
    });
    half.#exports = instance.exports as unknown as Exports;
    return half;
  }

  /** The module's memory; its buffer is another one after it has grown. */
  get #memory(): Uint8Array {
    const { buffer } = this.#exports.memory;
    if (this.#bytes.buffer !== buffer) this.#bytes = new Uint8Array(buffer);
    return this.#bytes;
  }

  readonly #read = (archive: number, offset: number, into: number, length: number): number => {
    const part = this.#archives.get(archive)?.subarray(offset, offset + (length >>> 0)) ?? [];
    this.#memory.set(part, into >>> 0);
    return part.length;
  };

  readonly #write = (bytes: number, length: number): void => {
    const start = bytes >>> 0;
    this.#target.set(this.#memory.subarray(start, start + length), this.#filled);
    this.#filled += length;
  };

  /** Takes an archive's bytes; they are not copied. */
  add(bytes: Uint8Array<ArrayBuffer>): number {
    const archive = this.#next++;
    this.#archives.set(archive, bytes);
    return archive;
  }

  /** Forgets an archive. */
  remove(archive: number): void {
    this.call({ op: "close", archive });
    this.#archives.delete(archive);
  }

  /**
   * Makes a request.
   * @throws PackageError with Rust's words.
   */
  call(request: object): unknown {
    const text = new TextEncoder().encode(JSON.stringify(request));
    const { allocate, release, call } = this.#exports;
    const address = allocate(text.length) >>> 0;
    this.#memory.set(text, address);
    const answer = call(address, text.length);
    release(address, text.length);
    return this.#answer(answer);
  }

  #answer(packed: bigint): unknown {
    const address = Number(BigInt.asUintN(32, packed >> 32n));
    const length = Number(BigInt.asUintN(32, packed));
    const text = new TextDecoder().decode(this.#memory.subarray(address, address + length));
    this.#exports.release(address, length);
    const { ok, error } = JSON.parse(text) as { ok?: unknown; error?: Failure };
    if (error === undefined) return ok;
    const { message, hint } = error;
    throw new PackageError(undefined, hint === null ? message : `${message}\n  hint: ${hint}`);
  }

  /**
   * The contents of a file of an open archive.
   * @param checked whether it must be what RECORD says.
   * @throws PackageError if it is not, or is damaged.
   */
  unpack(archive: number, index: number, size: number, checked: boolean): Uint8Array<ArrayBuffer> {
    const target = new Uint8Array(size);
    this.#target = target;
    this.#filled = 0;
    const answer = this.#exports.unpack(archive, index, Number(checked));
    this.#target = new Uint8Array();
    if (answer !== 0n) this.#answer(answer);
    return target;
  }

  /** Starts a sha256. */
  hash(): Hash {
    const { hash_new, hash_update, hash_finish, allocate, release } = this.#exports;
    const hash = hash_new();
    return {
      update: (bytes) => {
        const room = Math.min(bytes.length, CHUNK);
        const address = allocate(room) >>> 0;
        for (let start = 0; start < bytes.length; start += room) {
          const part = bytes.subarray(start, start + room);
          this.#memory.set(part, address);
          hash_update(hash, address, part.length);
        }
        release(address, room);
      },
      finish: () => {
        const address = allocate(32) >>> 0;
        hash_finish(hash, address);
        const digest = [...this.#memory.subarray(address, address + 32)];
        release(address, 32);
        return digest.map((byte) => byte.toString(16).padStart(2, "0")).join("");
      },
    };
  }
}

/** A sha256 in the making. */
export interface Hash {
  update(bytes: Uint8Array): void;
  /** The hexadecimal digest; call it once, or the hash is never freed. */
  finish(): string;
}
