/**
 * METADATA of a wheel on a server without getting all of the wheel: its end, and what turns out to be missing. Which
 * bytes that are says Rust (`crates/wheel`, partial.rs); here they are fetched.
 */

import type { RustHalf } from "../call/call.ts";
import { type Access, PLAIN } from "./download.ts";

/** Smaller wheels are got whole: that takes no longer, and most are needed anyway. In bytes. */
const SMALL = 256 << 10;
/** Requests after which getting the whole wheel is better. */
const REQUESTS = 4;
/** For one answer of a server, in milliseconds. */
const PATIENCE = 60_000;

/** A wheel on a server. */
export interface RemoteWheel {
  readonly url: string;
  /** The file's name. */
  readonly file: string;
  /** In bytes, if its index tells it. */
  readonly size: number | undefined;
  readonly access?: Access;
}

/** Reads parts of wheels. */
export class Ranges {
  readonly #half: RustHalf;
  /** Servers that gave a whole file when asked for a part, or refused: not worth another try. */
  readonly #whole = new Set<string>();

  constructor(half: RustHalf) {
    this.#half = half;
  }

  /** The text of METADATA; undefined if it cannot be had in this way, whatever the reason: the whole wheel will show it. */
  async metadata(wheel: RemoteWheel): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (!/^https?:/i.test(wheel.url)) return undefined;
    const { origin } = new URL(wheel.url);
    if (this.#whole.has(origin)) return undefined;
    const numbers: number[] = [];
    try {
      const size = wheel.size ?? (await this.#size(wheel));
      if (size === undefined || size < SMALL) return undefined;
      const parts: [place: { archive: number; length: number }, start: number][] = [];
      for (let request = 0; request <= REQUESTS; request++) {
        const answer = this.#half.call({ op: "partial", file: wheel.file, size, parts }) as Answer;
        if ("text" in answer) return new TextEncoder().encode(answer.text);
        const [start, end] = answer.missing;
        const bytes = await this.#part(wheel, start, end, size);
        if (bytes === undefined) {
          this.#whole.add(origin);
          return undefined;
        }
        const archive = this.#half.add(bytes);
        numbers.push(archive);
        parts.push([{ archive, length: bytes.length }, start]);
      }
    } catch (error) {
      // Rust's complaints are about this wheel; others are the network's, or those of a server that refuses ranges to
      // pages of other origins.
      if ((error as Error).name !== "PackageError") this.#whole.add(origin);
    } finally {
      for (const archive of numbers) this.#half.remove(archive);
    }
    return undefined;
  }

  /** The size of a file, by its headers. */
  async #size({ url, access = PLAIN }: RemoteWheel): Promise<number | undefined> {
    const response = await fetch(url, { ...access, method: "HEAD", signal: AbortSignal.timeout(PATIENCE) });
    const stated = response.headers.get("content-length");
    const plain = response.ok && response.headers.get("content-encoding") === null;
    return plain && stated !== null ? Number(stated) : undefined;
  }

  /** The bytes from `start` to before `end`; undefined if something else came. */
  async #part({ url, access = PLAIN }: RemoteWheel, start: number, end: number, size: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    // Browsers send a range with both ends to other origins without asking them first (CORS).
    const headers = { ...access.headers, Range: `bytes=${start}-${end - 1}` };
    const response = await fetch(url, { ...access, headers, signal: AbortSignal.timeout(PATIENCE) });
    const range = response.headers.get("content-range");
    // Pages see this header of other origins only if those allow it; what counts is what comes.
    const right = range === null || range.replaceAll(" ", "") === `bytes${start}-${end - 1}/${size}`;
    const reader = response.body?.getReader();
    if (response.status === 206 && right && reader !== undefined) {
      const bytes = new Uint8Array(end - start);
      let length = 0;
      while (length <= bytes.length) {
        const { done, value } = await reader.read();
        if (done) return length === bytes.length ? bytes : undefined;
        if (length + value.length <= bytes.length) bytes.set(value, length);
        length += value.length;
      }
    }
    // Whatever else is on its way.
    await reader?.cancel();
    return undefined;
  }
}

/** What Rust makes of the parts. */
type Answer = { readonly text: string } | { readonly missing: readonly [start: number, end: number] };
