/** Resolving requirements: drives resolver.wasm (`resolve.rs`) and fetches what it asks for. */

import { PackageError } from "../../../js/src/lock.ts";
import type { RustHalf } from "../../src/call/call.ts";
import { Half, type Memory } from "../../src/call/memory.ts";
import { Logins } from "./logins.ts";

/** What is asked. */
export interface Question {
  /** Requirements (PEP 508), or addresses of wheels. */
  readonly requirements: readonly string[];
  readonly constraints: readonly string[];
  /** Of each installed package, a text such as METADATA. */
  readonly installed: readonly { readonly metadata: string }[];
  /** The packages of the lock file. */
  readonly locked: readonly {
    readonly name: string;
    readonly version: string;
    readonly url: string;
    readonly sha256: string;
    /** Null if only its METADATA tells it. */
    readonly depends: readonly string[] | null;
  }[];
  /** Addresses of indexes, best first. */
  readonly indexes: readonly string[];
  /** Whether versions such as `2.0rc1` are like any other. */
  readonly pre: boolean;
  /** Whether what the packages need is looked at. */
  readonly deps: boolean;
}

/** One package of the answer. */
export interface Pick {
  readonly name: string;
  readonly version: string;
  readonly url: string;
  readonly file: string;
  readonly sha256: string | null;
  readonly size: number | null;
  /** Normalised names of what it needs. */
  readonly depends: readonly string[];
  /** Whether a requirement names it. */
  readonly requested: boolean;
  /** Whether it is there already. */
  readonly installed: boolean;
  /** Whether it is the lock file's. */
  readonly locked: boolean;
}

/** The answer. */
export interface Answer {
  readonly picks: readonly Pick[];
  readonly warnings: readonly string[];
}

/** Something that the resolver has to know. */
type Need =
  | { readonly page: string; readonly accept: string; readonly name: string }
  | {
      readonly wheel: string;
      readonly file: string;
      /** In bytes. */
      readonly size: number | null;
      readonly sha256: string | null;
      /** Where its METADATA is, if the index serves it. */
      readonly metadata: string | null;
      readonly metadata_sha256: string | null;
    };

type Step = { readonly needs: readonly Need[] } | { readonly blocked: Need } | Answer;

/** Where what is needed is. */
function addressOf(need: Need): string {
  return "page" in need ? need.page : need.wheel;
}

/** What came from a server. */
interface Fetched {
  readonly url: string;
  readonly type: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** How the loader gets what is not on an index's pages. */
export interface Sources {
  /** The METADATA inside of a wheel, which has `size` bytes. */
  metadata(url: string, file: string, sha256: string | undefined, size: number | undefined): Promise<Uint8Array<ArrayBuffer>>;
  /** Told what happens. */
  message(text: string): void;
  /** How `fetch` treats cookies and logins. */
  readonly credentials: RequestCredentials;
}

/** How to ask a server. */
interface Asking {
  readonly credentials: RequestCredentials;
  /** Ends what nobody waits for any more. */
  readonly signal: AbortSignal;
}

/** For one answer of a server, in milliseconds. */
const PATIENCE = 60_000;
/** Attempts in all, and the pause before the second, in milliseconds; it doubles each time. */
const ATTEMPTS = 3;
const PAUSE = 250;
/** Largest answers that are read, in bytes. The largest pages have some 40 MB. */
const LARGEST = { page: 256 << 20, metadata: 16 << 20 };
/** Requests at a time; browsers have fewer connections to a server, unless it speaks HTTP/2. */
const AT_ONCE = 16;

/** What resolver.wasm exports besides. */
interface Exports extends Memory {
  resolve_answer(text: number, textLength: number, body: number, bodyLength: number): bigint;
}

/** resolver.wasm. */
export class ResolverHalf extends Half<Exports> {
  static load(module: Promise<WebAssembly.Module>): Promise<ResolverHalf> {
    return new ResolverHalf().start(module, {});
  }

  /**
   * Tells a resolution what came for one of its requests.
   * @throws PackageError if it cannot be read.
   */
  tell(arrival: object, body: Uint8Array): void {
    const { allocate, release, resolve_answer } = this.exports;
    const text = new TextEncoder().encode(JSON.stringify(arrival));
    const address = allocate(text.length + body.length) >>> 0;
    this.memory.set(text, address);
    this.memory.set(body, address + text.length);
    const answer = resolve_answer(address, text.length, address + text.length, body.length);
    release(address, text.length + body.length);
    this.answer(answer);
  }
}

/** Resolves for one interpreter. */
export class Resolving {
  readonly #half: ResolverHalf;
  /** What hashes. */
  readonly #installer: RustHalf;
  readonly #emscripten: string;
  readonly #interpreter: object;

  constructor(half: ResolverHalf, installer: RustHalf, interpreter: object, emscripten: string) {
    this.#half = half;
    this.#installer = installer;
    this.#interpreter = interpreter;
    this.#emscripten = emscripten;
  }

  /**
   * Finds the packages that requirements mean.
   * @throws PackageError that says what cannot go together, or what could not be fetched.
   */
  async resolve(question: Question, sources: Sources): Promise<Answer> {
    const logins = new Logins(question.indexes);
    const indexes = logins.indexes;
    const query = {
      ...question,
      indexes,
      interpreter: this.#interpreter,
      emscripten: this.#emscripten,
      now: Date.now(),
    };
    const session = this.#half.call({ op: "resolve", ...query }) as number;
    const ending = new AbortController();
    const waiting: { readonly need: Need; readonly request: number }[] = [];
    let asked = 0;
    let flying = 0;
    let wake = (): void => undefined;
    /** Why a request failed, by its address; most are of no matter in the end. */
    const failures = new Map<string, unknown>();
    const tell = (request: number, came: "content" | "nothing" | "failed", fetched?: Fetched): void => {
      if (ending.signal.aborted) return;
      const { url = "", type = "", body = new Uint8Array() } = fetched ?? {};
      this.#half.tell({ session, request, came, url, content_type: type }, body);
    };
    const ask = async (need: Need, request: number): Promise<void> => {
      try {
        const fetched = await this.#fetch(need, { ...sources, signal: ending.signal }, logins);
        tell(request, fetched === undefined ? "nothing" : "content", fetched);
      } catch (error) {
        failures.set(addressOf(need), error);
        tell(request, "failed");
      }
      flying--;
      wake();
    };
    const fly = (): void => {
      for (const { need, request } of waiting.splice(0, AT_ONCE - flying)) {
        flying++;
        void ask(need, request);
      }
    };
    try {
      for (;;) {
        const step = this.#half.call({ op: "step", session }) as Step;
        if ("picks" in step) return step;
        if ("blocked" in step) throw failures.get(addressOf(step.blocked));
        const { needs } = step;
        if (needs.length > 0) {
          sources.message(`Asking about ${needs.length} ${needs.length === 1 ? "package" : "packages"}`);
        }
        waiting.push(...needs.map((need) => ({ need, request: asked++ })));
        // Each answer may lead on at once; while requests queue up, it would only make the queue longer.
        do {
          fly();
          await new Promise<void>((arrived) => {
            wake = arrived;
          });
        } while (waiting.length > 0);
      }
    } finally {
      ending.abort();
      this.#half.call({ op: "end", session });
    }
  }

  async #fetch(need: Need, sources: Sources & Asking, logins: Logins): Promise<Fetched | undefined> {
    if ("page" in need) {
      return get(need.page, need.accept, LARGEST.page, sources, logins);
    }
    if (need.metadata !== null) {
      const fetched = await get(need.metadata, "*/*", LARGEST.metadata, sources, logins);
      // An index that promises it and does not have it: the wheel itself has it, too.
      if (fetched !== undefined) {
        this.#check(fetched, need.metadata_sha256);
        return fetched;
      }
    }
    const body = await sources.metadata(need.wheel, need.file, need.sha256 ?? undefined, need.size ?? undefined);
    return { url: need.wheel, type: "", body };
  }

  #check({ url, body }: Fetched, sha256: string | null): void {
    if (sha256 === null) return;
    const hash = this.#installer.hash();
    hash.update(body);
    const actual = hash.finish();
    if (actual !== sha256.toLowerCase()) {
      throw new PackageError(url, `it has the sha256 ${actual}, and its index says ${sha256}; try again, or use another index`);
    }
  }
}

/** Gets an address, again if that may help; undefined if the server has no such page. */
async function get(
  url: string,
  accept: string,
  largest: number,
  { credentials, signal }: Asking,
  logins: Logins,
): Promise<Fetched | undefined> {
  for (let attempt = 1; ; attempt++) {
    try {
      const headers = { Accept: accept, ...logins.for(url) };
      const response = await fetch(url, { headers, credentials, signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]) });
      if (response.status === 404 || response.status === 410) return undefined;
      if (response.status >= 500 || response.status === 429) throw new Passing(response);
      if (!response.ok) {
        const login = response.status === 401 || response.status === 403;
        const advice = login ? " Put a login into the index's address (https://USER:PASSWORD@…)" : "";
        throw new PackageError(url, `the server answered ${response.status} ${response.statusText}.${advice}`);
      }
      const body = await readAtMost(response, largest);
      return { url: response.url, type: response.headers.get("content-type") ?? "", body };
    } catch (error) {
      if (error instanceof PackageError || signal.aborted) throw error;
      if (attempt === ATTEMPTS) {
        const reason = (error as Error).name === "TimeoutError" ? "the server did not answer in time" : (error as Error).message;
        throw new PackageError(url, `${reason}. Is the address right, and does its server allow requests from this page (CORS)?`, {
          cause: error,
        });
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE * 2 ** (attempt - 1)));
    }
  }
}

/** A failure of a server's that may pass. */
class Passing extends Error {
  constructor({ status, statusText }: Response) {
    super(`the server answered ${status} ${statusText}`);
  }
}

async function readAtMost(response: Response, largest: number): Promise<Uint8Array<ArrayBuffer>> {
  const tooLarge = (): PackageError => new PackageError(response.url, `it is larger than ${largest >> 20} MB`);
  if (Number(response.headers.get("content-length") ?? 0) > largest) throw tooLarge();
  const reader = response.body?.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done) break;
    length += value.length;
    if (length > largest) {
      await reader?.cancel();
      throw tooLarge();
    }
    parts.push(value);
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return body;
}
