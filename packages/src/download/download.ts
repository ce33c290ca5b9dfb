/** Getting packages: from a cache, a network or a disk, hashed while they arrive. */

import { FetchError, fetchOk, IN_NODE, readBytes } from "../../../js/src/environment.ts";
import { PackageError } from "../../../js/src/lock.ts";
import type { RustHalf } from "../call/call.ts";
import { Coming, later, now, type Wait, wait, type Work } from "../wait/wait.ts";
import type { PackageCache } from "./cache.ts";
import { openReader, type Reader } from "./synchronous.ts";

/** What is to be got. */
export interface Wanted {
  readonly url: string;
  /** The file's name. */
  readonly file: string;
  /** The hexadecimal hash that it must have. */
  readonly sha256: string | undefined;
  /** How its server is asked; without cookies for other origins if left out. */
  readonly access?: Access | undefined;
}

/** How a server is asked. */
export interface Access {
  readonly headers: Record<string, string>;
  readonly credentials: RequestCredentials;
}

/** How servers are asked that want nothing. */
export const PLAIN: Access = { headers: {}, credentials: "same-origin" };

/** Who wants to know how it goes. */
export interface Listener {
  progress(received: number, total: number | undefined): void;
  message(text: string): void;
}

/** What came. */
export interface Got {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Its hash, hexadecimal. */
  readonly sha256: string;
}

/** How many files are got at the same time; browsers allow six connections to a host. */
const AT_ONCE = 6;

/** Gets packages for one interpreter. */
export class Downloads {
  readonly #half: Coming<RustHalf>;
  readonly #cache: Coming<PackageCache | undefined>;
  readonly #readFile: (path: string) => Uint8Array;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #reader: Reader | undefined;

  /** @param readFile reads a file of Python's file system. */
  constructor(half: Coming<RustHalf>, cache: Promise<PackageCache | undefined>, readFile: (path: string) => Uint8Array) {
    this.#half = half;
    // A cache that does not work is none: what is in it can be got again.
    this.#cache = new Coming(cache.catch(() => undefined));
    this.#readFile = readFile;
  }

  /**
   * Prepares for getting files at once.
   * @param interrupted whether somebody wants Python to stop.
   * @throws Error where that cannot be.
   */
  async open(interrupted: () => boolean): Promise<void> {
    this.#reader ??= await openReader(interrupted);
    await this.#cache.later();
  }

  /**
   * Gets a file.
   * @throws FetchError, or PackageError if it has another hash.
   */
  get(wanted: Wanted, listener: Listener): Wait<Got> {
    return {
      later: () => this.#inTurn(wanted, listener),
      now: () => now(this.#get(wanted, listener)),
    };
  }

  async #inTurn(wanted: Wanted, listener: Listener): Promise<Got> {
    if (this.#running >= AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running++;
    try {
      return await later(this.#get(wanted, listener));
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  /** A file that a cache has; undefined if none does. */
  cached(wanted: Wanted, listener: Listener): Promise<Got | undefined> {
    return later(this.#cached(wanted, listener));
  }

  *#cached({ file, sha256 }: Wanted, listener: Listener): Work<Got | undefined> {
    const cache = sha256 === undefined ? undefined : yield* wait(this.#cache);
    if (sha256 === undefined || cache === undefined) return undefined;
    const bytes = yield* this.#kept(cache, sha256, file);
    if (bytes === undefined) return undefined;
    const actual = yield* this.#digest(bytes);
    if (actual === sha256) {
      listener.progress(bytes.length, bytes.length);
      return { bytes, sha256 };
    }
    listener.message(`${file} in ${cache.label} is damaged (its sha256 is ${actual}, not ${sha256}); getting it again`);
    // What comes instead takes its place, whenever this happens.
    yield* wait<unknown>({ later: () => cache.remove(sha256, file).catch(() => undefined), now: () => undefined });
    return undefined;
  }

  *#get(wanted: Wanted, listener: Listener): Work<Got> {
    const { url, file, sha256, access } = wanted;
    const cached = yield* this.#cached(wanted, listener);
    if (cached !== undefined) return cached;
    const got = yield* this.#fetch(url, access, listener);
    if (sha256 !== undefined && got.sha256 !== sha256) {
      throw new PackageError(
        file,
        `it has the sha256 ${got.sha256}, and ${sha256} is wanted; get it again, or renew the lock file`,
      );
    }
    if (sha256 !== undefined) {
      const cache = yield* wait(this.#cache);
      // Nobody waits for this.
      cache?.put(sha256, file, got.bytes).catch((error: unknown) => {
        listener.message(`${file} could not be kept in ${cache.label}: ${(error as Error).message}`);
      });
    }
    return got;
  }

  *#kept(cache: PackageCache, sha256: string, file: string): Work<Uint8Array<ArrayBuffer> | undefined> {
    try {
      return yield* wait(cache.get(sha256, file));
    } catch {
      return undefined;
    }
  }

  /** The sha256 of some bytes, hexadecimal. */
  *#digest(bytes: Uint8Array): Work<string> {
    const hash = (yield* wait(this.#half)).hash();
    hash.update(bytes);
    return hash.finish();
  }

  *#fetch(url: string, access: Access | undefined, listener: Listener): Work<Got> {
    const got = yield* wait<Got | Uint8Array<ArrayBuffer>>({
      later: async () => (await this.#local(url)) ?? this.#stream(url, access, listener),
      now: () => (url.startsWith("emfs:") ? this.#ofPython(url) : this.#read(url)),
    });
    if (!(got instanceof Uint8Array)) return got;
    listener.progress(got.length, got.length);
    return { bytes: got, sha256: yield* this.#digest(got) };
  }

  #read(url: string): Uint8Array<ArrayBuffer> {
    if (this.#reader === undefined) throw new FetchError(url, "nothing is prepared for reading it synchronously");
    return this.#reader(url);
  }

  async #stream(url: string, access: Access | undefined, listener: Listener): Promise<Got> {
    const response = await fetchOk(url, access);
    const stated = Number(response.headers.get("content-length") ?? Number.NaN);
    // A compressed answer states another length than that of what comes out.
    const encoded = response.headers.get("content-encoding") !== null;
    const total = encoded || Number.isNaN(stated) ? undefined : stated;
    return this.#receive(response, total, listener);
  }

  /** The bytes behind `emfs:`, a file of Python's file system, and behind `file:` in Node. */
  async #local(url: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (IN_NODE && url.startsWith("file:")) return readBytes(url);
    return url.startsWith("emfs:") ? this.#ofPython(url) : undefined;
  }

  #ofPython(url: string): Uint8Array<ArrayBuffer> {
    const path = decodeURIComponent(url.replace(/^emfs:(\/\/)?/, ""));
    try {
      return this.#readFile(path).slice();
    } catch (error) {
      throw new FetchError(url, `there is no file ${path} that can be read in Python's file system`, { cause: error });
    }
  }

  async #receive(response: Response, total: number | undefined, listener: Listener): Promise<Got> {
    // The module may still be loading: what arrives before is hashed when it is there.
    const half = await this.#half.later();
    const hash = half.hash();
    // Gathered in one array that grows when the length was not told, or was too small.
    let bytes = new Uint8Array(total ?? 1 << 16);
    let received = 0;
    try {
      const reader = response.body?.getReader();
      for (;;) {
        const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
        if (done) break;
        if (received + value.length > bytes.length) {
          const larger = new Uint8Array(Math.max(bytes.length * 2, received + value.length));
          larger.set(bytes.subarray(0, received));
          bytes = larger;
        }
        bytes.set(value, received);
        received += value.length;
        hash.update(value);
        listener.progress(received, total);
      }
    } catch (error) {
      hash.finish();
      throw new PackageError(
        response.url,
        `the connection broke after ${received} bytes (${(error as Error).message}); try again`,
        { cause: error },
      );
    }
    return { bytes: received === bytes.length ? bytes : bytes.slice(0, received), sha256: hash.finish() };
  }
}
