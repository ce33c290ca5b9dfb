/** Errors across the boundary: `PythonError`, fatal errors, and the hand-over slots. */

import type { Core } from "../../../js/src/core.ts";
import { Flag, flagsOf } from "../jsproxy/flags.ts";
import type { Slot } from "../jsref/jsref.ts";
import { type Frame, framesOf } from "./frames.ts";
import type { Reference } from "../pyproxy/pyproxy.ts";

/**
 * How many PythonErrors keep their exception, the newest ones. JavaScript errors are often kept long, and
 * an exception keeps the variables of all frames that it passed.
 */
const KEPT_EXCEPTIONS = 16;

/** A Python exception in JavaScript. */
export class PythonError extends Error {
  /** The qualified name of the exception's class, such as `ValueError`. */
  readonly type: string;
  /** @private The address of the exception, 0 when it is no longer kept. */
  get __error_address(): number {
    return this.#reference.object;
  }
  readonly #reference: Reference;

  constructor(type: string, message: string, reference: Reference | number) {
    // Collecting a JavaScript stack is slow when Python code recursed; `stack` below adds Python's.
    super(message);
    this.name = "PythonError";
    this.type = type;
    this.#reference =
      typeof reference === "number"
        ? { kind: "PythonError", object: reference }
        : reference;
  }

  /** The exception's address if `error` is a PythonError that keeps it, else 0. */
  static exceptionOf(error: unknown): number {
    return typeof error === "object" && error !== null && #reference in error
      ? error.#reference.object
      : 0;
  }
}

/** The interpreter is beyond use: it trapped, ran out of stack or memory, or exited. */
export class FatalError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "FatalError";
  }
}

/** Thrown by import functions to raise a Python exception of a builtin class or `pyodide.ffi`. */
export class Raise {
  readonly #brand = true;
  readonly type: string;
  readonly argument: unknown;
  /** What was thrown that led to this, in a box. */
  readonly cause: { readonly thrown: unknown } | undefined;

  constructor(type: string, argument: unknown, cause?: { readonly thrown: unknown }) {
    this.type = type;
    this.argument = argument;
    this.cause = cause;
  }

  /** Whether a value is one, asked without running its code. */
  static is(value: unknown): value is Raise {
    return typeof value === "object" && value !== null && #brand in value;
  }
}

/** What `js_take_error` found; `mod.rs` has the same numbers. */
const enum Thrown {
  Value = 0,
  Python = 1,
  Raise = 2,
}

/** An Error for what was thrown; JavaScript can throw anything. */
export function asError(thrown: unknown): object {
  try {
    if (typeof thrown === "object" && thrown !== null) {
      if ((flagsOf(thrown) & Flag.Error) !== 0) return thrown;
    }
  } catch {
    // It is described below.
  }
  let text: string;
  try {
    text = String(thrown);
  } catch {
    text = "a value that has no string form";
  }
  return new Error(text, { cause: thrown });
}

/** The import functions of this area; see `mod.rs` for their contracts. */
export function errorImports(core: Core): Record<string, (...args: never[]) => unknown> {
  const kept: Reference[] = [];
  let cause: Raise["cause"];
  let frames: Frame[] = [];
  return {
    js_take_error: (out: number, name: number): number => {
      const error = core.takeThrown();
      const { wire } = core;
      frames = [];
      if (Raise.is(error)) {
        ({ cause } = error);
        wire.write(name, error.type);
        // The name's text lies where the argument's would.
        const saved = wire.top;
        wire.keepText(name);
        wire.write(out, error.argument);
        wire.top = saved;
        return Thrown.Raise;
      }
      frames = framesOf(error);
      const exception = PythonError.exceptionOf(error);
      if (exception !== 0) {
        const { heap } = core;
        if (heap.u8.length === 0) heap.refresh();
        heap.u32[(out >>> 2) + 1] = exception;
        return Thrown.Python;
      }
      wire.write(out, asError(error));
      return Thrown.Value;
    },
    js_next_frame: (name: number, file: number): number => {
      const frame = frames.shift();
      if (frame === undefined) return 0;
      const { wire } = core;
      const saved = wire.top;
      wire.place(name, frame.name);
      wire.place(file, frame.file);
      wire.top = saved;
      return frame.line;
    },
    js_next_cause: (): number => {
      const next = cause;
      cause = undefined;
      if (next === undefined) return 0;
      core.threw(next.thrown);
      return 1;
    },
    js_python_error: (type: Slot, message: Slot, exception: number, origin: Slot): Slot => {
      const reference: Reference = { kind: "PythonError", object: exception >>> 0 };
      const error = new PythonError(
        String(core.slots.take(type)),
        String(core.slots.take(message) ?? ""),
        reference,
      );
      // A JavaScript error that passed through Python: its own properties and stack are there.
      if (origin !== 0) {
        const value = core.slots.get(origin);
        Object.defineProperty(error, "cause", { value, writable: true, configurable: true });
      }
      core.keepAlive(reference, error);
      core.live.add(reference);
      kept.push(reference);
      const oldest = kept.length > KEPT_EXCEPTIONS ? kept.shift() : undefined;
      if (oldest !== undefined && oldest.object !== 0) {
        const { object } = oldest;
        oldest.object = 0;
        core.forget(oldest);
        core.live.delete(oldest);
        core.exports.ferropy_release(object);
      }
      return core.slots.put(error);
    },
    js_exception_of: (value: Slot): number => PythonError.exceptionOf(core.slots.get(value)),
    js_store_error: (error: Slot): void => {
      core.stored = core.slots.take(error);
    },
  };
}
