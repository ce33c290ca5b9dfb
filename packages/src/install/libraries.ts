/**
 * Shared libraries of packages: compiled off the main thread where that pays, and given to `dlopen` as what they
 * are by then.
 */

import type { Machine } from "../../../js/src/interpreter.ts";
import { PackageError } from "../../../js/src/lock.ts";
import type { Mounts } from "../mount/mount.ts";
import { type Wait, wait, type Work } from "../wait/wait.ts";

/**
 * From this size on, in bytes, a library is compiled while its package is loaded. Smaller ones are compiled when
 * they are imported: that takes a millisecond or two, and most of a package's small ones never are.
 */
const COMPILED_EARLY = 1 << 20;

/**
 * Windows of Chromium refuse to instantiate modules from 8 MB on synchronously, and `import` is synchronous. There
 * such libraries are instantiated when their package is loaded, with some room for what counts.
 */
const INSTANTIATED_EARLY = 7 * 2 ** 20;

/** Whether this thread is a window's. */
const IN_WINDOW = "document" in globalThis;

/** Every name of a shared library: `a.so`, `liba.so.1.2`. */
const LIBRARY = /\.so(?:\.\d+)*$/;

/** Whether a path is that of a shared library. */
export function isLibrary(path: string): boolean {
  return LIBRARY.test(path);
}

/** Whether a library has to be instantiated before it is imported. */
function isEarly(size: number): boolean {
  return IN_WINDOW && size >= INSTANTIATED_EARLY;
}

/** Compiles a large library during an `import`, if the engine does that in windows. */
function compileNow(title: string, path: string, contents: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  try {
    return new WebAssembly.Module(contents);
  } catch (error) {
    const size = `${path.split("/").at(-1)} has ${(contents.length / 2 ** 20).toFixed(1)} MiB`;
    const reason = `${size}, and this engine compiles so much only asynchronously in windows (${(error as Error).message})`;
    throw new PackageError(title, reason, { cause: error });
  }
}

/** The compiled libraries of one interpreter. */
export class Libraries {
  readonly #machine: Machine;
  readonly #mounts: Mounts;
  /** By path, until `dlopen` takes them. */
  readonly #compiled = new Map<string, WebAssembly.Module>();

  constructor(machine: Machine, mounts: Mounts) {
    this.#machine = machine;
    this.#mounts = mounts;
    this.#serveDlopen();
  }

  /** Lets `dlopen` have compiled code, or contents without a copy, where it would read a file. */
  #serveDlopen(): void {
    const { module, linking } = this.#machine;
    const fs = module.FS as { readFile: (path: string, options?: object) => unknown };
    const readFile = fs.readFile.bind(fs);
    fs.readFile = (path, options) => {
      if (!linking.now) return readFile(path, options);
      const compiled = this.#compiled.get(path);
      this.#compiled.delete(path);
      return compiled ?? this.#mounts.archived(path)?.peek() ?? readFile(path, options);
    };
  }

  /**
   * Compiles one if that is worth while.
   * @returns undefined, or what waits for a function that takes the compiled code into use.
   */
  compile(
    title: string,
    path: string,
    size: number,
    contents: () => Uint8Array<ArrayBuffer>,
  ): Wait<() => void> | undefined {
    if (size < COMPILED_EARLY) return undefined;
    const early = isEarly(size);
    const adopt = (compiled: WebAssembly.Module) => (): void => {
      this.#compiled.set(path, compiled);
    };
    // What `load` or an import does.
    const leave = (): void => undefined;
    return {
      later: async () => (early ? leave : adopt(await WebAssembly.compile(contents()))),
      now: () => (early ? adopt(compileNow(title, path, contents())) : leave),
    };
  }

  /** Loads what only an asynchronous call may load, and what has to be there for everybody. */
  *load(files: Iterable<{ path: string; size: number }>, everybodys: boolean): Work<void> {
    const { module } = this.#machine;
    for (const { path, size } of files) {
      if (!everybodys && !isEarly(size)) continue;
      const flags = { global: everybodys, nodelete: true };
      yield* wait({
        later: async () => module.loadDynamicLibrary(path, { ...flags, loadAsync: true }, {}),
        now: () => {
          if (everybodys) this.#link(() => module.loadDynamicLibrary(path, { ...flags, loadAsync: false }, {}));
        },
      });
    }
  }

  /** Lets something have compiled code as `dlopen` has. */
  #link(operation: () => void): void {
    const { linking } = this.#machine;
    const outer = linking.now;
    linking.now = true;
    try {
      operation();
    } finally {
      linking.now = outer;
    }
  }

  /** The libraries among some paths that were loaded: they cannot be unloaded. */
  loaded(paths: Iterable<string>): string[] {
    const { loadedLibsByName } = this.#machine.module.LDSO;
    return [...paths].filter((path) => Object.hasOwn(loadedLibsByName, path));
  }

  /** Forgets what was compiled for a path. */
  forget(path: string): void {
    this.#compiled.delete(path);
  }
}

