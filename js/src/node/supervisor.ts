/**
 * The main thread's half of a Python process in Node: starts the worker that runs Python, turns Ctrl-C
 * into an interrupt, and turns the end of the worker into an exit status.
 *
 * Python runs in a worker because a thread that is busy in WebAssembly can't handle signals.
 */

import { writeSync } from "node:fs";
import { Worker, type WorkerOptions } from "node:worker_threads";
import { Control } from "../console/control.ts";

/** Status of a process that the interpreter's own failure ended, as after abort(3). */
const STATUS_CRASH = 134;
const STATUS_INTERRUPTED = 130;

/** Ctrl-C again after this long (ms) without Python taking the first ends the process. */
const PATIENCE = 500;

/**
 * Native stack of the worker, in MiB. CPython stops C recursion by the stack in linear memory (5 MiB), but
 * most of a C frame lives on V8's own stack as WebAssembly locals. Measured with deep `repr`, `json`,
 * `pickle`, recursive `__repr__` and sort keys: with 4, 8 and 16 MiB V8's stack overflows first, which is
 * fatal; with 64 every one ends in RecursionError. 256 leaves room for extension modules with larger
 * frames; it is reserved, not used, until a frame is there.
 */
const STACK_MIB = 256;

/** What the worker reports of its own death. */
export interface FatalReport {
  type: "fatal";
  message: string;
  stack: string;
}

/** Start `script` as the worker that runs Python. */
export function startWorker(script: URL, control: Control, data: object): Worker {
  const options: WorkerOptions = {
    workerData: { ...data, control: control.buffer },
    resourceLimits: { stackSizeMb: STACK_MIB },
    trackUnmanagedFds: false,
  };
  const worker = new Worker(script, options);
  worker.on("error", (error: NodeJS.ErrnoException) => fatal(describeFatal(error)));
  return worker;
}

/** Handle Ctrl-C for `worker`: the first interrupts Python, one that finds it deaf ends it. */
export function interruptOnSignal(worker: Worker, control: Control): void {
  let since = 0;
  process.on("SIGINT", () => {
    const now = performance.now();
    if (!control.interruptPending) {
      since = now;
      control.interrupt();
    } else if (now - since >= PATIENCE) {
      forceExit(worker);
    }
  });
}

function forceExit(worker: Worker): void {
  say("\nferropy: Python did not react to Ctrl-C in time; stopped it.\n");
  worker.removeAllListeners("exit");
  void worker.terminate().then(() => process.exit(STATUS_INTERRUPTED));
  // A worker inside a blocking system call can't be joined: let the signal's default end the process.
  setTimeout(() => {
    process.removeAllListeners("SIGINT");
    process.kill(process.pid, "SIGINT");
  }, 300);
}

/** Report that the interpreter is gone, and end the process. */
export function fatal(report: FatalReport): never {
  const details = process.env["FERROPY_DEBUG"] === "1" ? report.stack : "";
  const hint = details ? "" : " (FERROPY_DEBUG=1 shows the JavaScript stack.)";
  say(`ferropy: fatal error: ${report.message}${hint}\n${details && details + "\n"}`);
  process.exit(STATUS_CRASH);
}

function say(text: string): void {
  try {
    writeSync(2, text);
  } catch {
    // Nobody listens on stderr any more: the exit status still says it.
  }
}

/** One paragraph for a person about an error that no Python code can handle. */
export function describeFatal(error: unknown): FatalReport {
  const { cause, message, stack, code, name } = asError(error);
  // The loader's FatalError and FetchError say what they stopped; their cause says why.
  if ((name === "FatalError" || name === "FetchError") && cause !== undefined) {
    return describeFatal(cause);
  }
  const report = (text: string): FatalReport => ({ type: "fatal", message: text, stack });
  if (code === "ERR_WORKER_OUT_OF_MEMORY" || /allocation failed|out of memory/i.test(message)) {
    return report("JavaScript ran out of memory, and the interpreter with it.");
  }
  if (code === "ERR_MODULE_NOT_FOUND" || code === "ENOENT") {
    return report(
      `a file of the distribution is missing: ${message}. Build it again with \`ferropy dist --force\`.`,
    );
  }
  if (name === "RangeError" && /call stack/i.test(message)) {
    return report(
      "the stack overflowed in compiled code: recursion through C that Python's own limit did not stop.",
    );
  }
  if (name === "RuntimeError" || name === "CompileError" || name === "LinkError") {
    return report(
      `the interpreter crashed in WebAssembly (${message}): a fault in it or in an extension module.`,
    );
  }
  if (message === "") {
    // abort() says nothing; CPython has written its reason to stderr before it.
    return report("the interpreter aborted itself; any reason it gave is above.");
  }
  return report(`the interpreter stopped with an unexpected error: ${message}.`);
}

interface ErrorParts {
  message: string;
  stack: string;
  code: string;
  name: string;
  cause: unknown;
}

function asError(error: unknown): ErrorParts {
  const parts = (typeof error === "object" && error !== null ? error : {}) as Partial<
    NodeJS.ErrnoException
  >;
  const message = parts.message ?? String(error);
  return {
    message,
    stack: parts.stack ?? message,
    code: parts.code ?? "",
    name: parts.name ?? "Error",
    cause: parts.cause,
  };
}
