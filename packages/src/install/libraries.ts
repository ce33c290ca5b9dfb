/**
 * Shared libraries of packages: compiled off the main thread where that pays, and given to `dlopen` as what they
 * are by then.
 */

import type { Machine } from "../../../js/src/interpreter.ts";
import type { Mounts } from "../mount/mount.ts";

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
   * Compiles one if that is worth while; returns at once.
   * @returns undefined, or a promise that is settled when `adopt` may be called.
   */
  compile(path: string, size: number, contents: () => Uint8Array<ArrayBuffer>): Promise<() => void> | undefined {
    if (size < COMPILED_EARLY || (IN_WINDOW && size >= INSTANTIATED_EARLY)) return undefined;
    return WebAssembly.compile(contents()).then((compiled) => () => {
      this.#compiled.set(path, compiled);
    });
  }

  /** Loads what only an asynchronous call may load, and what has to be there for everybody. */
  async load(files: Iterable<{ path: string; size: number }>, everybodys: boolean): Promise<void> {
    for (const { path, size } of files) {
      if (!everybodys && !(IN_WINDOW && size >= INSTANTIATED_EARLY)) continue;
      const flags = { loadAsync: true, global: everybodys, nodelete: true } as const;
      await this.#machine.module.loadDynamicLibrary(path, flags, {});
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

