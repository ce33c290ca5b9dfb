/** Errors across the boundary: `PythonError`, fatal errors, and the hand-over slots. */

import type { Core } from "../../../js/src/core.ts";
import type { Slot } from "../jsref/jsref.ts";

/** A Python exception in JavaScript. */
export class PythonError extends Error {
  /** The qualified name of the exception's class, such as `ValueError`. */
  readonly type: string;
  /** The exception object in Python, or 0 when it could not be kept. */
  readonly #exception: number;

  constructor(type: string, message: string, exception: number) {
    // A JavaScript stack trace of this constructor says nothing about the
    // Python error, and collecting it is slow when Python code recursed.
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = limit;
    this.name = "PythonError";
    this.type = type;
    this.#exception = exception;
  }

  /** The exception's address if `error` is a PythonError, else 0. */
  static exceptionOf(error: unknown): number {
    return typeof error === "object" && error !== null && #exception in error
      ? error.#exception
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

/** The import functions of this area; see `mod.rs` for their contracts. */
export function errorImports(core: Core): Record<string, (...args: never[]) => unknown> {
  return {
    js_take_error: (): Slot => {
      const error = core.thrown;
      core.thrown = undefined;
      return core.slots.put(error);
    },
    js_error_exception: (error: Slot): number => PythonError.exceptionOf(core.slots.get(error)),
    js_error_message: (error: Slot): Slot => {
      const value = core.slots.get(error);
      let text: string;
      try {
        text = value instanceof Error ? `${value.name}: ${value.message}` : String(value);
      } catch {
        text = "a JavaScript value that has no string form was thrown";
      }
      return core.slots.put(text);
    },
    js_python_error: (type: Slot, message: Slot, exception: number): Slot => {
      const error = new PythonError(
        String(core.slots.take(type)),
        String(core.slots.take(message) ?? ""),
        exception,
      );
      core.keepAlive(error, exception);
      return core.slots.put(error);
    },
    js_store_error: (error: Slot): void => {
      core.stored = core.slots.take(error);
    },
  };
}
