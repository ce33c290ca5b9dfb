/** The `pyodide` object: what a page or a script works with. */

import { FatalError, PythonError } from "../../runtime/src/errors/errors.ts";
import { toPy, type DefaultConverter } from "../../runtime/src/convert/encode.ts";
import type { LiveObject } from "../../runtime/src/lifetimes/alive.ts";
import * as classes from "../../runtime/src/pyproxy/classes.ts";
import { stateOfThis } from "../../runtime/src/pyproxy/pyproxy.ts";
import { PyBufferView, type TypedArray } from "../../runtime/src/pyproxy/buffer.ts";
import type { FileSystem, PathHelpers } from "./filesystem.ts";
import { mountHostFolder } from "./hostfs.ts";
import { type Machine, setInterruptBuffer } from "./interpreter.ts";
import type { Lockfile } from "./lock.ts";
import type { InstallOptions, LoadPackageOptions, PackageData, Packages, Sources } from "./packages.ts";
import type { OutputOptions, StdinOptions } from "./streams.ts";

/** Options of `runPython` and `runPythonAsync`. */
export interface RunOptions {
  /** The namespace to run in, a Python dict; `pyodide.globals` by default. */
  globals?: classes.PyProxy | undefined;
  /** The local namespace; the same as `globals` by default. */
  locals?: classes.PyProxy | undefined;
  /** The name that tracebacks show. */
  filename?: string | undefined;
}

const { kindOf: _, ...proxyClasses } = classes;

/** The classes of the bridge, for `instanceof`. */
const ffi = { ...proxyClasses, PyBufferView, PythonError, FatalError };

/** A loaded interpreter. */
export class PyodideAPI {
  readonly version: string;
  /** Python's global namespace, `__main__.__dict__`. */
  readonly globals: classes.PyProxy;
  readonly ffi = ffi;
  /** Names and origins of loaded packages. */
  readonly loadedPackages: Record<string, string>;

  readonly #machine: Machine;
  readonly #packages: Packages;
  #package: classes.PyProxy | undefined;

  /** @internal */
  constructor(machine: Machine, packages: Packages, version: string) {
    this.#machine = machine;
    this.#packages = packages;
    this.version = version;
    const { core } = machine;
    core.api = this;
    this.globals = core.readOut((out) => core.exports.ferropy_globals(out)) as classes.PyProxy;
    core.globals = stateOfThis(this.globals).reference;
    this.loadedPackages = packages.loaded;
  }

  /** Emscripten's file system. */
  get FS(): FileSystem {
    return this.#machine.module.FS;
  }

  /** Emscripten's path helpers. */
  get PATH(): PathHelpers {
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
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- Python's values can be anything
  runPython(code: string, options: RunOptions = {}): any {
    return this.#run("ferropy_run", code, options);
  }

  /** Runs Python code that may use `await`, and resolves with its last expression's value. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  async runPythonAsync(code: string, options: RunOptions = {}): Promise<any> {
    const coroutine = this.#run("ferropy_run_async", code, options) as classes.PyProxy;
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
    return core.readOutOf(
      [code, options.filename ?? "<exec>", options.globals, options.locals],
      (records) => core.exports[name](records),
    );
  }

  /**
   * Copies Arrays, Maps, Sets, buffers and plain objects into Python.
   * @param options.depth how many levels to copy (default: all).
   * @param options.defaultConverter asked about objects that have no counterpart.
   */
  toPy(
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    value: any,
    options: { depth?: number | undefined; defaultConverter?: DefaultConverter | undefined } = {},
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
  ): any {
    const { core } = this.#machine;
    return toPy(core, value, options.depth ?? -1, options.defaultConverter);
  }

  /** Imports a module, or an attribute of one, by its dotted name. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  pyimport(name: string): any {
    const { core } = this.#machine;
    return core.readOutOf([name], (record) => core.exports.ferropy_import(record));
  }

  /** Makes `import name` give a JavaScript object. */
  registerJsModule(name: string, module: object): void {
    this.#ffiModule((python) => {
      python["register_js_module"](name, module);
    });
  }

  /** Undoes `registerJsModule`. Modules that are imported stay. */
  unregisterJsModule(name: string): void {
    this.#ffiModule((python) => {
      python["unregister_js_module"](name);
    });
  }

  #ffiModule(use: (module: classes.PyProxy) => void): void {
    const module = this.pyimport("pyodide.ffi") as classes.PyProxy;
    try {
      use(module);
    } finally {
      module.destroy();
    }
  }

  /** The Python package `pyodide`. */
  get pyodide_py(): classes.PyProxy {
    this.#package ??= this.pyimport("pyodide") as classes.PyProxy;
    return this.#package;
  }

  /**
   * Makes errors and `liveObjects` tell more at the cost of time.
   * @returns what was set before.
   */
  setDebug(debug: boolean): boolean {
    const { core } = this.#machine;
    const before = core.debug;
    core.debug = debug;
    return before;
  }

  /**
   * Lists what each language keeps alive for the other: proxies and buffer views that were not destroyed, and
   * JavaScript values that Python holds. After `setDebug(true)` new ones tell where they were made.
   */
  liveObjects(): LiveObject[] {
    const { core } = this.#machine;
    return core.makers.list(core);
  }

  /** @private How many of them there are, for leak tests. */
  readonly _debug = {
    counts: (): { jsReferences: number; pyProxies: number } => {
      const { slots, live } = this.#machine.core;
      return { jsReferences: slots.inUse, pyProxies: live.size };
    },
  };

  /**
   * Loads wheels from URLs or files, and packages of the lock file by name, with what they need. Either all of them
   * are there afterwards or, if the promise is rejected, none.
   */
  loadPackage(sources: Sources, options: LoadPackageOptions = {}): Promise<PackageData[]> {
    return this.#packages.load(sources, options);
  }

  /**
   * Installs what requirements (PEP 508) mean, with all that they need, from package indexes and the lock file.
   * Either all of it or, on an error, nothing.
   * @throws PackageError that says what cannot go together, or what could not be fetched.
   */
  installPackages(requirements: string | string[] | classes.PyProxy, options: InstallOptions = {}): Promise<PackageData[]> {
    return this.#packages.install(requirements, options);
  }

  /** A lock file that brings back what is installed now: to be saved, and given to `loadPyodide`. */
  freezePackages(): Lockfile {
    return this.#packages.freeze();
  }

  /** Loads the packages of the lock file whose modules a program imports. */
  loadPackagesFromImports(code: string, options: LoadPackageOptions = {}): Promise<PackageData[]> {
    return this.#packages.loadFromImports(code, options);
  }

  /**
   * Takes a package out again: its files and its modules.
   * @throws PackageError with the reason if that cannot be done: native code stays for good, and so does what other
   *   packages need.
   */
  unloadPackage(name: string): void {
    this.#packages.unload(name);
  }

  /** The lock file. */
  get lockfile(): Lockfile {
    return this.#packages.lock.contents;
  }

  /** What relative file names in the lock file are relative to. */
  get lockfileBaseUrl(): string | undefined {
    return this.#packages.lock.baseUrl;
  }

  /**
   * Unpacks an archive.
   * @param format a name that `shutil.unpack_archive` knows or an ending, such as `zip`, `wheel`, `tar.gz` or `.tar.zst`.
   * @param options.extractDir the folder for its files; the current one by default.
   * @throws PythonError if it is broken, or a file would leave the folder.
   */
  unpackArchive(
    buffer: ArrayBuffer | ArrayBufferView,
    format: string,
    options: { extractDir?: string | undefined } = {},
  ): void {
    const module = this.pyimport("_pyodide.archives") as classes.PyProxy;
    try {
      (module["unpack"] as (...args: unknown[]) => void)(buffer, format, options.extractDir);
    } finally {
      module.destroy();
    }
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
  setInterruptBuffer(buffer: TypedArray | undefined): void {
    setInterruptBuffer(this.#machine, buffer);
  }

  /** Raises KeyboardInterrupt if the interrupt buffer asks for it. */
  checkInterrupt(): void {
    const { core } = this.#machine;
    if (core.enter(() => core.exports.ferropy_check_interrupt()) < 0) throw core.pendingError();
  }

  /** Makes a folder of the host visible to Python (Node). */
  mountNodeFS(path: string, hostPath: string): void {
    mountHostFolder(this.FS, path, hostPath);
  }
}
