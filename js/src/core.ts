/**
 * The JavaScript side of the running interpreter: the slot table, the memory,
 * and calls into the WebAssembly module. Each area of `runtime/src` adds its
 * import functions to it. It knows nothing of URLs, files or packages.
 */

import { decodeImports } from "../../runtime/src/convert/decode.ts";
import { encodeImports } from "../../runtime/src/convert/encode.ts";
import { errorImports, FatalError, PythonError } from "../../runtime/src/errors/errors.ts";
import { hostImports } from "../../runtime/src/host/host.ts";
import { jsproxyImports } from "../../runtime/src/jsproxy/jsproxy.ts";
import { type Slot, SlotTable } from "../../runtime/src/jsref/jsref.ts";
import { Makers } from "../../runtime/src/lifetimes/alive.ts";
import { lifetimeImports } from "../../runtime/src/lifetimes/lifetimes.ts";
import type { TypedArray } from "../../runtime/src/pyproxy/buffer.ts";
import type { PyProxy } from "../../runtime/src/pyproxy/classes.ts";
import { objectOf, type Reference, stateOfThis } from "../../runtime/src/pyproxy/pyproxy.ts";
import { stackImports } from "../../runtime/src/stack/stack.ts";
import { Heap } from "../../runtime/src/wire/heap.ts";
import { RECORD, Wire } from "../../runtime/src/wire/wire.ts";

/** The exports of the main module that the TypeScript halves use. Addresses may come as signed numbers. */
export interface Exports {
  readonly memory: WebAssembly.Memory;
  _emscripten_stack_restore(pointer: number): void;
  emscripten_stack_get_current(): number;
  ferropy_abilities(object: number): number;
  ferropy_allocate(size: number): number;
  ferropy_ascii_data(text: number): number;
  ferropy_ascii_new(length: number): number;
  ferropy_async_resume(object: number, method: number, record: number): number;
  ferropy_build(builder: number, tape: number, words: number): number;
  ferropy_builder_free(builder: number): void;
  ferropy_builder_new(): number;
  ferropy_builder_object(builder: number): number;
  ferropy_builder_result(builder: number, out: number): number;
  ferropy_call(object: number, records: number, count: number, named: number): number;
  ferropy_check_interrupt(): number;
  ferropy_contains(object: number, record: number): number;
  ferropy_delete_attribute(object: number, name: number): number;
  ferropy_delete_item(object: number, record: number): number;
  ferropy_dir(object: number, out: number): number;
  ferropy_free(memory: number): void;
  ferropy_get_attribute(object: number, name: number, known: number, out: number): number;
  ferropy_get_buffer(object: number, out: number): number;
  ferropy_get_item(object: number, record: number): number;
  ferropy_globals(out: number): number;
  ferropy_has_attribute(object: number, name: number): number;
  ferropy_import(record: number): number;
  ferropy_iterate(object: number, asynchronous: number): number;
  ferropy_length(object: number): number;
  ferropy_name_new(units: number, length: number, union: number): number;
  ferropy_next(object: number, out: number): number;
  ferropy_probe_depth(): number;
  ferropy_probe_stack(): void;
  ferropy_relaxed_caller(object: number): number;
  ferropy_release(object: number): void;
  ferropy_release_buffer(view: number): void;
  ferropy_resume(object: number, method: number, record: number): number;
  ferropy_retain(object: number): void;
  ferropy_run(records: number): number;
  ferropy_run_async(records: number): number;
  ferropy_run_main(): number;
  ferropy_scratch(): number;
  ferropy_scratch_size(): number;
  ferropy_set_attribute(object: number, name: number, record: number): number;
  ferropy_set_item(object: number, records: number): number;
  ferropy_settle(object: number, records: number): number;
  ferropy_start(argv: Slot, program: number): number;
  ferropy_text(object: number, repr: number, out: number): number;
  ferropy_text_new(units: number, length: number, union: number): number;
  ferropy_to_js(
    object: number,
    depth: number,
    decoder: Slot,
    converters: number,
    out: number,
  ): number;
  ferropy_type_name(object: number, out: number): number;
  ferropy_type_tag(object: number): number;
  ferropy_wake(): number;
  ferropy_where(): number;
}

/** Exports that throw instead, for an interpreter that is not there yet or not any more. */
function unusable(error: () => unknown): Exports {
  return new Proxy({} as Exports, {
    get() {
      throw error();
    },
  });
}

/** State that both directions of the bridge share. */
export class Core {
  /** The main module's exports; using them throws before it is loaded and after it has broken. */
  exports: Exports = unusable(() => new Error("the interpreter is not loaded yet"));
  readonly heap = new Heap();
  readonly slots = new SlotTable();
  readonly wire = new Wire(this);
  /** References of proxies and views that have not been destroyed. */
  readonly live = new Set<Reference>();
  /** Knows where they were made, in debug mode. */
  readonly makers = new Makers();
  /** Names of Python types by their tags. */
  readonly typeNames = new Map<number, string>();
  /** What `import js` sees. */
  readonly jsglobals: object;
  /** The address of memory for a tape that nobody uses, or 0. */
  spareTape = 0;
  /** The reference behind `pyodide.globals`. */
  globals: Reference | undefined;
  /** What `import pyodide_js` sees. */
  api: object | undefined;
  /** Knows modules that could be fetched (python/_pyodide/missing.py). */
  importer: object | undefined;
  /** Whether a proxy's `toString` gives `repr(object)`. */
  toStringIsRepr = false;
  /** Whether errors may take time to tell more. */
  debug = false;
  /** Whether copies of dicts are Maps whose string keys are properties too. */
  literalMaps = false;
  /** The error that an export left for its caller. */
  stored: unknown;
  /** Sleeps for a number of milliseconds; false if a signal came. */
  sleep: ((ms: number) => boolean) | undefined;
  /** Why the interpreter did not start. */
  startFailure: string | undefined;
  /** Its first element becomes a signal's number when another thread sends one. */
  interrupt: TypedArray | undefined;

  #thrown: unknown;
  #fatal: FatalError | undefined;
  readonly #registry = new FinalizationRegistry<Reference>((reference) => {
    const { object } = reference;
    if (object === 0 || this.#fatal !== undefined) return;
    reference.object = 0;
    this.live.delete(reference);
    this.exports.ferropy_release(object);
  });

  constructor(jsglobals: object) {
    this.jsglobals = jsglobals;
  }

  /** Takes the main module into use. */
  attach(exports: Exports): void {
    this.exports = exports;
    this.heap.attach(exports);
    this.wire.attach();
  }

  get interruptPending(): boolean {
    return this.interrupt !== undefined && this.interrupt[0] !== 0;
  }

  /** Notes what an import function threw, for Rust to ask for. */
  threw(error: unknown): void {
    // A trap or a program's exit must unwind through Python, not become one of
    // its exceptions.
    if (isUnwinding(error)) throw error;
    this.#thrown = error;
  }

  /** What the last import function threw. */
  takeThrown(): unknown {
    const error = this.#thrown;
    this.#thrown = undefined;
    return error;
  }

  /** The error that the last export left. */
  pendingError(): unknown {
    const error = this.stored;
    this.stored = undefined;
    if (error instanceof PythonError) {
      // What matters is who called Python, not the frames inside it.
      const { captureStackTrace } = Error as {
        captureStackTrace?: (error: object, above: unknown) => void;
      };
      captureStackTrace?.(error, this.pendingError);
    }
    return error;
  }

  /** Runs code in the module; a trap becomes a `FatalError` that later calls repeat. */
  enter<T>(operation: () => T): T {
    try {
      return operation();
    } catch (error) {
      throw this.fail(error);
    }
  }

  /** Runs an export that fills a record, and reads it. */
  readOut(operation: (out: number) => number): unknown {
    const { wire } = this;
    const saved = wire.top;
    const out = wire.reserve(1);
    let status: number;
    try {
      status = operation(out);
    } catch (error) {
      throw this.fail(error);
    } finally {
      wire.top = saved;
    }
    if (status < 0) throw this.pendingError();
    return wire.read(out);
  }

  /** Runs an export with records of some values; the first one gets the result. */
  readOutOf(values: readonly unknown[], operation: (records: number) => number): unknown {
    const { wire } = this;
    const saved = wire.top;
    const records = wire.reserve(values.length);
    let status: number;
    let written = 0;
    try {
      for (const value of values) {
        wire.place(records + written * RECORD, value);
        written++;
      }
    } catch (error) {
      wire.discard(records, written);
      wire.top = saved;
      throw error;
    }
    try {
      status = operation(records);
    } catch (error) {
      throw this.fail(error);
    } finally {
      wire.top = saved;
    }
    if (status < 0) throw this.pendingError();
    return wire.read(records);
  }

  /** What to throw for something that left the module otherwise than by returning. */
  fail(error: unknown): unknown {
    if (isExit(error)) return error;
    if (this.#fatal === undefined) {
      const fatal = new FatalError(describe(error), { cause: error });
      this.#fatal = fatal;
      this.exports = unusable(() => fatal);
    }
    return this.#fatal;
  }

  /** Whether the interpreter is beyond use. */
  get fatal(): FatalError | undefined {
    return this.#fatal;
  }

  /** Releases a reference when its owner is collected. */
  keepAlive(reference: Reference, owner: object): void {
    this.#registry.register(owner, reference, reference);
  }

  /** Undoes `keepAlive`. */
  forget(reference: Reference): void {
    this.#registry.unregister(reference);
  }

  /** A promise for the result of an awaitable behind a live PyProxy. */
  settle(proxy: PyProxy): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const object = objectOf(stateOfThis(proxy));
      this.readOutOf([resolve, reject], (records) => {
        const status = this.exports.ferropy_settle(object, records);
        // Nothing was written: the first record still is the first function's.
        this.wire.write(records, undefined);
        return status;
      });
    });
  }

  /** A call that may wait for promises. */
  promising(run: () => unknown): Promise<unknown> {
    return new Promise((resolve) => {
      resolve(run());
    });
  }

  /** A module by its dotted name. */
  importModule(name: string): PyProxy {
    return this.readOutOf([name], (record) => this.exports.ferropy_import(record)) as PyProxy;
  }

  /** A proxy of the exception that ends generators. */
  generatorExit(): PyProxy {
    const builtins = this.importModule("builtins");
    try {
      return (builtins["GeneratorExit"] as PyProxy).copy();
    } finally {
      builtins.destroy();
    }
  }

  /** The import module `ferropy`. */
  readonly imports: WebAssembly.ModuleImports = {
    js_drop: (slot: Slot): void => {
      this.slots.drop(slot);
    },
    js_clone: (slot: Slot): Slot => this.slots.put(this.slots.get(slot)),
    js_start_failed: (message: number, length: number): void => {
      const start = message >>> 0;
      this.startFailure = new TextDecoder().decode(this.heap.bytes.slice(start, start + length));
    },
    js_count: (array: Slot): number => (this.slots.get(array) as unknown[]).length,
    js_element_of: (array: Slot, index: number): Slot =>
      this.slots.put((this.slots.get(array) as unknown[])[index]),
    js_units: (text: Slot): number => (this.slots.get(text) as string).length,
    js_copy_units: (text: Slot, into: number): void => {
      const { bytes } = this.heap;
      const value = this.slots.get(text) as string;
      const units = new Uint16Array(bytes.buffer, into >>> 0, value.length);
      for (let index = 0; index < value.length; index++) units[index] = value.charCodeAt(index);
    },
    ...this.wire.imports(),
    ...errorImports(this),
    ...decodeImports(this),
    ...encodeImports(this),
    ...jsproxyImports(this),
    ...lifetimeImports(this),
    ...hostImports(this),
    ...stackImports(this),
  };
}

function isExit(error: unknown): boolean {
  try {
    return (error as { name?: unknown } | null | undefined)?.name === "ExitStatus";
  } catch {
    // A hostile object was thrown: it is none of ours.
    return false;
  }
}

/** Whether something must unwind through Python: a trap, or a program's exit. */
export function isUnwinding(error: unknown): boolean {
  try {
    return (
      isExit(error) || error instanceof WebAssembly.RuntimeError || error instanceof FatalError
    );
  } catch {
    return false;
  }
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
