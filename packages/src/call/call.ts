/** Calls into packages.wasm, for `mod.rs`. */

import { Half, type Memory } from "./memory.ts";

/** What packages.wasm exports besides. */
interface Exports extends Memory {
  unpack(archive: number, index: number, checked: number): bigint;
  hash_new(): number;
  hash_update(hash: number, bytes: number, length: number): void;
  hash_finish(hash: number, out: number): void;
}

/** How much is copied into the module's memory at once. */
const CHUNK = 1 << 18;

/** packages.wasm and the archives that it reads. */
export class RustHalf extends Half<Exports> {
  readonly #archives = new Map<number, Uint8Array<ArrayBuffer>>();
  #next = 1;
  /** What is being unpacked, and how much of it is there. */
  #target = new Uint8Array();
  #filled = 0;

  static load(module: Promise<WebAssembly.Module>): Promise<RustHalf> {
    const half = new RustHalf();
    return half.start(module, { host: { archive_read: half.#read, archive_write: half.#write } });
  }

  readonly #read = (archive: number, offset: number, into: number, length: number): number => {
    const part = this.#archives.get(archive)?.subarray(offset, offset + (length >>> 0)) ?? [];
    this.memory.set(part, into >>> 0);
    return part.length;
  };

  readonly #write = (bytes: number, length: number): void => {
    const start = bytes >>> 0;
    this.#target.set(this.memory.subarray(start, start + length), this.#filled);
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

  /** The METADATA of a wheel. */
  metadata(file: string, bytes: Uint8Array<ArrayBuffer>): string {
    const archive = this.add(bytes);
    try {
      return this.call({ op: "metadata", archive, length: bytes.length, file }) as string;
    } finally {
      this.remove(archive);
    }
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
    const answer = this.exports.unpack(archive, index, Number(checked));
    this.#target = new Uint8Array();
    if (answer !== 0n) this.answer(answer);
    return target;
  }

  /** Starts a sha256. */
  hash(): Hash {
    const { hash_new, hash_update, hash_finish, allocate, release } = this.exports;
    const hash = hash_new();
    return {
      update: (bytes) => {
        const room = Math.min(bytes.length, CHUNK);
        const address = allocate(room) >>> 0;
        for (let start = 0; start < bytes.length; start += room) {
          const part = bytes.subarray(start, start + room);
          this.memory.set(part, address);
          hash_update(hash, address, part.length);
        }
        release(address, room);
      },
      finish: () => {
        const address = allocate(32) >>> 0;
        hash_finish(hash, address);
        const digest = [...this.memory.subarray(address, address + 32)];
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
