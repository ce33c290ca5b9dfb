/**
 * The JavaScript side of the running interpreter: the slot table, the memory,
 * and calls into the WebAssembly module. Each area of `runtime/src` adds its
 * import functions to it. It knows nothing of URLs, files or packages.
 */

import { convertImports } from "../../runtime/src/convert/convert.ts";
import { errorImports, FatalError } from "../../runtime/src/errors/errors.ts";
import { hostImports } from "../../runtime/src/host/host.ts";
import { jsproxyImports } from "../../runtime/src/jsproxy/jsproxy.ts";
import { type Slot, SlotTable } from "../../runtime/src/jsref/jsref.ts";
import { PyProxy, pyproxyImports } from "../../runtime/src/pyproxy/pyproxy.ts";
import { stackImports } from "../../runtime/src/stack/stack.ts";

/** The module's exports that return a slot, 0 after storing an error. */
export type SlotExport =
  | "ferropy_call"
  | "ferropy_check_interrupt"
  | "ferropy_contains"
  | "ferropy_copy"
  | "ferropy_copy_to_js"
  | "ferropy_delete_attribute"
  | "ferropy_delete_item"
  | "ferropy_get_attribute"
  | "ferropy_get_item"
  | "ferropy_globals"
  | "ferropy_has_attribute"
  | "ferropy_import"
  | "ferropy_iterate"
  | "ferropy_length"
  | "ferropy_next"
  | "ferropy_run"
  | "ferropy_run_async"
  | "ferropy_set_attribute"
  | "ferropy_set_item"
  | "ferropy_settle"
  | "ferropy_text"
  | "ferropy_to_py"
  | "ferropy_type_name"
  | "ferropy_wake";

/** The exports of the main module that the TypeScript halves use. */
export type Exports = Record<SlotExport, (...args: number[]) => Slot> & {
  readonly memory: WebAssembly.Memory;
  ferropy_release(object: number): void;
  ferropy_start(argv: Slot, program: number): number;
  ferropy_probe_stack(): void;
  ferropy_probe_depth(): number;
  emscripten_stack_get_current(): number;
  _emscripten_stack_restore(pointer: number): void;
  ferropy_run_main(): number;
};

/** State that both directions of the bridge share. */
export class Core {
  readonly slots = new SlotTable();
  /** What `import js` sees. */
  readonly jsglobals: object;
  /** The error that an export left for its caller. */
  stored: unknown;
  /** Sleeps for a number of milliseconds; false if a signal came. */
  sleep: ((ms: number) => boolean) | undefined;
  /** Why the interpreter did not start. */
  startFailure: string | undefined;
  /** Its first element becomes a signal's number when another thread sends one. */
  interrupt: Int8Array | Uint8Array | Int32Array | undefined;

  #exports: Exports | undefined;
  #bytes = new Uint8Array();
  #thrown: { error: unknown } | undefined;
  #fatal: FatalError | undefined;
  readonly #registry = new FinalizationRegistry<number>((object) => {
    if (this.#fatal === undefined) this.exports.ferropy_release(object);
  });

  constructor(jsglobals: object) {
    this.jsglobals = jsglobals;
  }

  /** The main module's exports. */
  get exports(): Exports {
    if (this.#exports === undefined) throw new Error("the interpreter is not loaded yet");
    return this.#exports;
  }

  set exports(exports: Exports) {
    this.#exports = exports;
  }

  /** All of linear memory; views go stale when the memory grows. */
  get bytes(): Uint8Array {
    const { buffer } = this.exports.memory;
    if (this.#bytes.buffer !== buffer) this.#bytes = new Uint8Array(buffer);
    return this.#bytes;
  }

  /**
   * A copy of part of linear memory. WebAssembly hands addresses over as signed numbers: those of the upper
   * half of memory arrive negative.
   */
  copy(address: number, length: number): Uint8Array<ArrayBuffer> {
    const start = address >>> 0;
    return this.bytes.slice(start, start + length);
  }

  /** Writes into linear memory; see `copy` for the address. */
  write(address: number, bytes: Uint8Array): void {
    this.bytes.set(bytes, address >>> 0);
  }

  get thrown(): unknown {
    return this.#thrown?.error;
  }

  set thrown(error: undefined) {
    this.#thrown = error;
  }

  get hasThrown(): boolean {
    return this.#thrown !== undefined;
  }

  get interruptPending(): boolean {
    return this.interrupt !== undefined && this.interrupt[0] !== 0;
  }

  /** Notes what an import function threw, for Rust to ask for. */
  threw(error: unknown): void {
    // A trap or a program's exit must unwind through Python, not become one of
    // its exceptions.
    if (isUnwinding(error)) throw error;
    this.#thrown = { error };
  }

  /** Wraps an import function: its result goes into a slot, what it throws is noted. */
  guard<Args extends unknown[]>(operation: (...args: Args) => unknown): (...args: Args) => Slot {
    return (...args) => {
      try {
        return this.slots.put(operation(...args));
      } catch (error) {
        this.threw(error);
        return 0;
      }
    };
  }

  /**
   * Calls an export and takes its result out of the slot.
   * @throws what Python raised, as a `PythonError`; `FatalError` if the module trapped.
   */
  call(name: SlotExport, ...args: number[]): unknown {
    const slot = this.enter(() => this.exports[name](...args));
    if (slot !== 0) return this.slots.take(slot);
    const error = this.stored;
    this.stored = undefined;
    throw error;
  }

  /** Runs code in the module; a trap becomes a `FatalError` that later calls repeat. */
  enter<T>(operation: () => T): T {
    if (this.#fatal !== undefined) throw this.#fatal;
    try {
      return operation();
    } catch (error) {
      throw this.fail(error);
    }
  }

  /** What to throw for something that left the module otherwise than by returning. */
  fail(error: unknown): unknown {
    if (isExit(error)) return error;
    this.#fatal ??= new FatalError(describe(error), { cause: error });
    return this.#fatal;
  }

  /** Whether the interpreter is beyond use. */
  get fatal(): FatalError | undefined {
    return this.#fatal;
  }

  /** Runs an operation whose failure does not matter. */
  attempt<T>(operation: () => T): T | undefined {
    try {
      return operation();
    } catch {
      return undefined;
    }
  }

  /** Releases a Python object when a JavaScript object is collected. */
  keepAlive(owner: object, object: number): void {
    this.#registry.register(owner, object, owner);
  }

  /** Undoes `keepAlive`. */
  forget(owner: object): void {
    this.#registry.unregister(owner);
  }

  /** A promise for the result of an awaitable behind a live PyProxy. */
  settle(proxy: object): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const { slots } = this;
      this.call("ferropy_settle", PyProxy.objectOf(proxy), slots.put(resolve), slots.put(reject));
    });
  }

  /** The import module `ferropy`. */
  readonly imports: WebAssembly.ModuleImports = {
    js_drop: (slot: Slot): void => {
      this.slots.drop(slot);
    },
    js_clone: (slot: Slot): Slot => this.slots.put(this.slots.get(slot)),
    js_start_failed: (message: number, length: number): void => {
      this.startFailure = new TextDecoder().decode(this.copy(message, length));
    },
    ...errorImports(this),
    ...convertImports(this),
    ...pyproxyImports(this),
    ...jsproxyImports(this),
    ...hostImports(this),
    ...stackImports(this),
  };
}

function isExit(error: unknown): boolean {
  return (error as { name?: unknown } | undefined)?.name === "ExitStatus";
}

function isUnwinding(error: unknown): boolean {
  return isExit(error) || error instanceof WebAssembly.RuntimeError || error instanceof FatalError;
}

/** One sentence on what happened and what to do. */
function describe(error: unknown): string {
  const reload = "This interpreter cannot go on; load a new one.";
  if (error instanceof RangeError && /stack/i.test(error.message)) {
    return `Python's calls went deeper than this JavaScript engine's stack allows. ${reload}`;
  }
  if (error instanceof Error) return `Python stopped: ${error.message}. ${reload}`;
  return `Python stopped: ${String(error)}. ${reload}`;
}
