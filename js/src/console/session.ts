/**
 * The worker's half of a terminal: connects a loaded interpreter's streams and the messages of
 * `protocol.ts`. Python does the thinking (`pyodide.console.TerminalSession`); only text crosses.
 *
 * It is the same in a browser's worker and in Node's.
 */

import type { Control } from "./control.ts";
import type { FromWorker, Method, ToWorker } from "./protocol.ts";

/** What the session uses of the object that `loadPyodide` returns. */
export interface PythonRuntime {
  runPython(code: string): unknown;
  runPythonAsync(code: string): Promise<unknown>;
  setStdin(options: { read?: (target: Uint8Array) => number; isatty?: boolean }): void;
  setStdout(options: StreamOptions): void;
  setStderr(options: StreamOptions): void;
  setInterruptBuffer(buffer: Uint8Array): void;
  mountNodeFS(emscriptenPath: string, hostPath: string): void;
  readonly FS: {
    ErrnoError: new (errno: number) => Error;
    chdir(path: string): void;
    analyzePath(path: string): { exists: boolean };
  };
  readonly ERRNO_CODES: Readonly<Record<string, number>>;
}

interface StreamOptions {
  write: (bytes: Uint8Array) => number;
  isatty: boolean;
  getTerminalSize?: () => { rows: number; columns: number } | undefined;
}

/** Where the session's output goes and its input comes from. Failures throw `{ errno: "EINTR" }`. */
export interface SessionHost {
  control: Control | undefined;
  post(message: FromWorker): void;
  stdin(target: Uint8Array): number;
  stdout(bytes: Uint8Array): number;
  stderr(bytes: Uint8Array): number;
  /** Called when code has ended, before anybody is told. */
  ended?(): void;
}

const SESSION = "__import__('pyodide.console', fromlist=['_'])._terminal_session()";

export class Session {
  readonly #python: PythonRuntime;
  readonly #host: SessionHost;
  #size = { rows: 24, columns: 80 };
  /** What output has left on the unfinished last line: `input()`'s prompt, when it comes to that. */
  #lastLine = "";
  readonly #decoder = new TextDecoder();

  constructor(python: PythonRuntime, host: SessionHost) {
    this.#python = python;
    this.#host = host;
    const terminal = { isatty: true, getTerminalSize: () => this.#size };
    python.setStdin({ read: this.#checked(host.stdin), isatty: true });
    python.setStdout({ write: this.#noted(host.stdout), ...terminal });
    python.setStderr({ write: this.#noted(host.stderr), ...terminal });
    if (host.control !== undefined) python.setInterruptBuffer(host.control.interruptBuffer);
  }

  /** How wide the terminal is. */
  get columns(): number {
    return this.#size.columns;
  }

  /** The unfinished last line of the output. */
  get lastLine(): string {
    return this.#lastLine;
  }

  /** Report that Python is up; `title` goes before its banner. */
  start(title: string): void {
    this.#host.post({ type: "ready", banner: title + String(this.#ask("banner()")) });
  }

  /** Handle a message of the terminal's. */
  async receive(message: ToWorker): Promise<void> {
    try {
      switch (message.type) {
        case "call":
          return await this.#call(message.id, message.method, message.text);
        case "interrupt":
          return this.#interrupt();
        case "size":
          this.#size = { rows: message.rows, columns: message.columns };
      }
    } catch (error) {
      const { message: text, stack } = error as Error;
      this.#host.post({ type: "fatal", message: text, stack: stack ?? text });
    }
  }

  async #call(id: number, method: Method, text: string): Promise<void> {
    // A JSON string is a valid Python literal of the same string.
    const call = method === "prompts" ? "prompts()" : `${method}(${JSON.stringify(text)})`;
    let value: unknown;
    if (method === "run") {
      this.#lastLine = "";
      value = await this.#python.runPythonAsync(`await ${SESSION}.${call}`);
      this.#host.ended?.();
      // Python's own REPL shows its prompt where the output ended; a fresh line reads better.
      if (this.#lastLine !== "") this.#host.stdout(new TextEncoder().encode("\n"));
    } else {
      value = this.#ask(call);
    }
    this.#host.post({ type: "result", id, value: String(value) });
  }

  #ask(call: string): unknown {
    return this.#python.runPython(`${SESSION}.${call}`);
  }

  #interrupt(): void {
    // Still set: no Python code has run since, so the code that was to be interrupted is awaiting.
    const missed = this.#host.control?.takeInterrupt() ?? true;
    if (missed) this.#ask("interrupt()");
  }

  #noted(write: (bytes: Uint8Array) => number): (bytes: Uint8Array) => number {
    return this.#checked((bytes) => {
      const count = write(bytes);
      const text = this.#decoder.decode(bytes.slice(-400));
      const end = text.lastIndexOf("\n");
      this.#lastLine = end < 0 ? (this.#lastLine + text).slice(-400) : text.slice(end + 1);
      return count;
    });
  }

  #checked(operation: (bytes: Uint8Array) => number): (bytes: Uint8Array) => number {
    return (bytes) => {
      try {
        return operation(bytes);
      } catch (error) {
        const { FS, ERRNO_CODES } = this.#python;
        const name = (error as { errno?: unknown }).errno;
        throw new FS.ErrnoError(ERRNO_CODES[String(name)] ?? ERRNO_CODES["EIO"] ?? 5);
      }
    };
  }
}
