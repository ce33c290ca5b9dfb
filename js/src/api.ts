/** The `pyodide` object: what a page or a script works with. */

import { FatalError, PythonError } from "../../runtime/src/errors/errors.ts";
import { PyProxy } from "../../runtime/src/pyproxy/pyproxy.ts";
import type { FileSystem } from "./emscripten.ts";
import { mountHostFolder } from "./hostfs.ts";
import { type Machine, setInterruptBuffer } from "./interpreter.ts";
import { type LoadPackageOptions, type PackageData, Packages, type Source } from "./packages.ts";
import type { OutputOptions, StdinOptions } from "./streams.ts";

/** Options of `runPython` and `runPythonAsync`. */
export interface RunOptions {
  /** The namespace to run in, a Python dict; `pyodide.globals` by default. */
  globals?: PyProxy | undefined;
  /** The local namespace; the same as `globals` by default. */
  locals?: PyProxy | undefined;
  /** The name that tracebacks show. */
  filename?: string | undefined;
}

/** A loaded interpreter. */
export class PyodideAPI {
  readonly version: string;
  /** Python's global namespace, `__main__.__dict__`. */
  readonly globals: PyProxy;
  readonly ffi = { PyProxy, PythonError, FatalError };
  /** Names and origins of loaded packages. */
  readonly loadedPackages: Record<string, string>;

  readonly #machine: Machine;
  readonly #packages: Packages;

  constructor(machine: Machine, packages: Packages, version: string) {
    this.#machine = machine;
    this.#packages = packages;
    this.version = version;
    this.globals = machine.core.call("ferropy_globals") as PyProxy;
    this.loadedPackages = packages.loaded;
  }

  /** Emscripten's file system. */
  get FS(): FileSystem {
    return this.#machine.module.FS;
  }

  /** Emscripten's path helpers. */
  get PATH(): object {
    return this.#machine.module.PATH;
  }

  /** Error numbers by name. */
  get ERRNO_CODES(): Readonly<Record<string, number>> {
    return this.#machine.module.ERRNO_CODES;
  }

  /**
   * Runs Python code and returns the value of its last expression.
   * @throws PythonError with the traceback if the code raises.
   */
  runPython(code: string, options: RunOptions = {}): unknown {
    return this.#run("ferropy_run", code, options);
  }

  /** Runs Python code that may use `await`, and resolves with its last expression's value. */
  async runPythonAsync(code: string, options: RunOptions = {}): Promise<unknown> {
    const coroutine = this.#run("ferropy_run_async", code, options) as PyProxy;
    try {
      return await this.#machine.core.settle(coroutine);
    } finally {
      coroutine.destroy();
      this.#machine.streams.flush();
    }
  }

  #run(name: "ferropy_run" | "ferropy_run_async", code: string, options: RunOptions): unknown {
    if (typeof code !== "string") {
      throw new TypeError(`the code must be a string, not ${typeof code}`);
    }
    const { core } = this.#machine;
    return core.call(
      name,
      core.slots.put(code),
      core.slots.put(options.filename ?? "<exec>"),
      core.slots.put(options.globals),
      core.slots.put(options.locals),
    );
  }

  /** Copies Arrays, Maps, Sets, buffers and plain objects into Python. */
  toPy(value: unknown, { depth = -1 }: { depth?: number } = {}): unknown {
    const { core } = this.#machine;
    return core.call("ferropy_to_py", core.slots.put(value), depth);
  }

  /** Imports a module, or an attribute of one, by its dotted name. */
  pyimport(name: string): unknown {
    const { core } = this.#machine;
    return core.call("ferropy_import", core.slots.put(name));
  }

  /** Loads wheels from URLs or files, and packages of the lock file by name, with what they need. */
  loadPackage(
    sources: Source | Source[],
    options: LoadPackageOptions = {},
  ): Promise<PackageData[]> {
    return this.#packages.load(Array.isArray(sources) ? sources : [sources], options);
  }

  /** Replaces standard input. */
  setStdin(options?: StdinOptions): void {
    this.#machine.streams.setStdin(options);
  }

  /** Replaces standard output. */
  setStdout(options?: OutputOptions): void {
    this.#machine.streams.setStdout(options);
  }

  /** Replaces standard error. */
  setStderr(options?: OutputOptions): void {
    this.#machine.streams.setStderr(options);
  }

  /** Watches a buffer, shared with another thread, for signals: 2 is Ctrl-C. */
  setInterruptBuffer(buffer: Int8Array | Uint8Array | Int32Array | undefined): void {
    setInterruptBuffer(this.#machine, buffer);
  }

  /** Raises KeyboardInterrupt if the interrupt buffer asks for it. */
  checkInterrupt(): void {
    this.#machine.core.call("ferropy_check_interrupt");
  }

  /** Makes a folder of the host visible to Python (Node). */
  mountNodeFS(path: string, hostPath: string): void {
    mountHostFolder(this.FS, path, hostPath);
  }
}
