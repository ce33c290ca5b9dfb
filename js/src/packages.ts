/**
 * What the `pyodide` object does with packages. The work is done by packages.mjs and packages.wasm, which are
 * loaded with the first package (packages/src).
 */

import type { PackageLoader, readPylock } from "../../packages/src/packages.ts";
import type { PyProxy } from "../../runtime/src/pyproxy/classes.ts";
import { compile } from "./environment.ts";
import { PackageError } from "./lock.ts";
import type { Machine } from "./interpreter.ts";
import type { Lock, Lockfile, PackageType } from "./lock.ts";

/** How far the loading of a package is. */
export interface PackageProgress {
  /**
   * `resolve`: it is found out what requirements mean; `download`: bytes arrive; `check`: they are checked; `install`:
   * its files are put in place.
   */
  phase: "resolve" | "download" | "check" | "install";
  /** The package's name, or its file's; in `resolve` the requirements. */
  package: string;
  /** Bytes that have arrived. */
  received: number;
  /** Bytes that will have arrived at the end, if that is known. */
  total: number | undefined;
}

/** Told how far packages are; undefined when a call has ended, well or not. */
export type PackageWatcher = (progress: PackageProgress | undefined) => void;

/** Options of `loadPackage`. */
export interface LoadPackageOptions {
  /** Told about each step. */
  messageCallback?: ((message: string) => void) | undefined;
  /** Told about failures, which are thrown as well. */
  errorCallback?: ((message: string) => void) | undefined;
  /** Told how far each package is. */
  progressCallback?: ((progress: PackageProgress) => void) | undefined;
  /** Whether to check hashes: that of the lock file or the URL, else those in the wheel's RECORD. Default true. */
  checkIntegrity?: boolean | undefined;
}

/** Options of `installPackages`. */
export interface InstallOptions extends LoadPackageOptions {
  /** Addresses of package indexes, best first; those of the lock file if left out. */
  indexURLs?: string[] | undefined;
  /** Requirements that bound versions and ask for nothing. */
  constraints?: string[] | undefined;
  /** Whether what packages need is installed, too. Default true. */
  deps?: boolean | undefined;
  /** Whether versions such as `2.0rc1` are like any other. Default false. */
  pre?: boolean | undefined;
  /** Whether installed packages may be replaced, and those asked for are. Default false. */
  reinstall?: boolean | undefined;
  /** How `fetch` treats cookies and logins at the indexes. Default `same-origin`. */
  credentials?: RequestCredentials | undefined;
}

/** What is known of a loaded package. */
export interface PackageData {
  name: string;
  version: string;
  fileName: string;
  packageType: PackageType;
}

/** A wheel's URL, path or content, or the name of a package in the lock file. */
export type Source = string | Blob | ArrayBuffer | Uint8Array;

/** What `loadPackage` takes: one source or several; from Python, a list. */
export type Sources = Source | Source[] | PyProxy;

/** The packages of one interpreter. */
export class Packages {
  /** Names and origins of what is loaded. */
  readonly loaded: Record<string, string> = {};
  readonly #machine: Machine;
  readonly #indexUrl: string;
  readonly #cacheFolder: string | undefined;
  readonly #lock: Promise<Lock>;
  readonly #watcher: PackageWatcher | undefined;
  #locked: Lock | undefined;
  #failure: unknown;
  #loader: PackageLoader | undefined;
  #loading: Promise<PackageLoader> | undefined;

  constructor(
    machine: Machine,
    indexUrl: string,
    lock: Promise<Lock>,
    cacheFolder: string | undefined,
    watcher: PackageWatcher | undefined,
  ) {
    this.#machine = machine;
    this.#indexUrl = indexUrl;
    this.#lock = lock;
    this.#cacheFolder = cacheFolder;
    this.#watcher = watcher;
  }

  /** Waits for the lock file; whether it is usable matters when it is used. */
  async settled(): Promise<void> {
    try {
      this.#locked = await this.#lock;
    } catch (error) {
      this.#failure = error;
    }
  }

  /** The lock file. */
  get lock(): Lock {
    if (this.#locked === undefined) throw this.#failure;
    return this.#locked;
  }

  /**
   * Lets an `import` that nobody can serve say which package of the lock file would, or install it.
   * @throws PackageError if it is to install, and the lock file is not usable.
   */
  async serveImports(installing: boolean): Promise<void> {
    let loader: PackageLoader | undefined;
    if (installing) {
      // Throws if it is not usable.
      void this.lock;
      loader = await this.#start();
      await loader.open();
    }
    const lock = this.#locked;
    if (lock?.hasImports !== true) return;
    const missing = (module: string): string[] =>
      lock.ofImports([module]).filter((name) => !Object.hasOwn(this.loaded, name));
    const { core } = this.#machine;
    core.importer = {
      installing,
      /** What `loadPackage` has to get for a module, as JavaScript writes it. */
      argument: (module: string): string | undefined => {
        const names = missing(module);
        return names.length === 0 ? undefined : JSON.stringify(names.length === 1 ? names[0] : names);
      },
      install: (module: string): void => {
        loader?.loadNow(missing(module));
      },
    };
    // As a program: the first proxy of an interpreter is not cheap.
    const code = "from _pyodide import missing; missing.watch()";
    core.readOutOf([code, "<loadPyodide>", {}, undefined], (records) => core.exports.ferropy_run(records));
  }

  #start(): Promise<PackageLoader> {
    // What failed may work later.
    const again = (): void => {
      this.#loading = undefined;
      this.#loader = undefined;
    };
    this.#loading ??= (async () => {
      const url = `${this.#indexUrl}packages.mjs`;
      const rust = compile(`${this.#indexUrl}packages.wasm`);
      // Awaited where it is needed. A loader without it is of no use, and has loaded nothing.
      rust.catch(again);
      const { PackageLoader: Loader } = (await import(url)) as { PackageLoader: typeof PackageLoader };
      this.#loader = new Loader({
        machine: this.#machine,
        rust,
        resolver: () => this.#resolver(),
        lock: this.#lock,
        cacheFolder: this.#cacheFolder,
        loaded: this.loaded,
      });
      return this.#loader;
    })();
    this.#loading.catch(again);
    return this.#loading;
  }

  /**
   * Loads packages; either all of them or, on an error, none.
   * @throws PackageError or FetchError naming the source.
   */
  load(sources: Sources, options: LoadPackageOptions): Promise<PackageData[]> {
    return this.#watched(options, async (watched) => (await this.#start()).load(list(sources), watched));
  }

  /** Lets the watcher see a call, too. */
  async #watched<O extends LoadPackageOptions>(options: O, work: (options: O) => Promise<PackageData[]>): Promise<PackageData[]> {
    const watcher = this.#watcher;
    if (watcher === undefined) return work(options);
    const progressCallback = (progress: PackageProgress): void => {
      watcher(progress);
      options.progressCallback?.(progress);
    };
    try {
      // What else there is, is asked of the caller's object, of whatever kind it is.
      return await work(Object.create(options, { progressCallback: { value: progressCallback } }) as O);
    } finally {
      watcher(undefined);
    }
  }

  #resolver(): Promise<WebAssembly.Module> {
    return compile(`${this.#indexUrl}resolver.wasm`);
  }

  /**
   * Finds the packages that requirements mean, and loads those that are not there; all of them or none.
   * @throws PackageError that says what cannot go together, or what could not be fetched.
   */
  async install(requirements: string | string[] | PyProxy, options: InstallOptions): Promise<PackageData[]> {
    // It is needed later, and takes longest.
    this.#resolver().catch(() => undefined);
    const loader = await this.#start();
    const helper = this.#machine.core.importModule("_pyodide.packages");
    try {
      const metadata = (helper["metadata"] as () => PyProxy)();
      const installed = metadata.toJs() as string[];
      metadata.destroy();
      return await this.#watched(options, (watched) => loader.install(list(requirements) as string[], installed, watched));
    } finally {
      helper.destroy();
    }
  }

  /** A lock file that brings back what is installed now. */
  freeze(): Lockfile {
    const { info, indexes, packages } = this.lock.contents;
    const frozen = (this.#loader?.frozen() ?? []).map((entry) => [entry.name, entry]);
    return { info, ...(indexes && { indexes }), packages: { ...packages, ...Object.fromEntries(frozen) } };
  }

  /** Loads the packages of the lock file whose modules a program imports. */
  async loadFromImports(code: string, options: LoadPackageOptions): Promise<PackageData[]> {
    await this.settled();
    const finder = this.#machine.core.importModule("pyodide.code");
    let modules: string[];
    try {
      const found = (finder["find_imports"] as (code: string) => PyProxy)(code);
      modules = found.toJs() as string[];
      found.destroy();
    } finally {
      finder.destroy();
    }
    const names = this.lock.ofImports(modules);
    return names.length === 0 ? [] : this.load(names, options);
  }

  /**
   * Takes a package out again.
   * @throws PackageError with the reason if that cannot be done.
   */
  unload(name: string): void {
    if (this.#loader === undefined) throw new PackageError(undefined, `${name} is not loaded`);
    this.#loader.unload(name);
  }
}

/** Reads a `pylock.toml`: with packages.mjs and resolver.wasm, which are not loaded for other lock files. */
export async function fromToml(indexUrl: string, text: string, file: string): Promise<Lockfile> {
  const rust = compile(`${indexUrl}resolver.wasm`);
  // Awaited where it is needed.
  rust.catch(() => undefined);
  const url = `${indexUrl}packages.mjs`;
  const { readPylock: read } = (await import(url)) as { readPylock: typeof readPylock };
  return read(rust, text, file);
}

/** What was given, as an array; a list of Python is copied. */
function list(sources: Sources): Source[] {
  if (typeof (sources as PyProxy).toJs === "function") {
    const copy = (sources as PyProxy).toJs() as Source | Source[];
    return Array.isArray(copy) ? copy : [copy];
  }
  return Array.isArray(sources) ? sources : [sources as Source];
}
