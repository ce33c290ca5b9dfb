/** The parts of Emscripten's module that the loader touches. */

import type { TypedArray } from "../../runtime/src/pyproxy/buffer.ts";
import type { FileSystem, PathHelpers } from "./filesystem.ts";

/** An instantiated main module. */
export interface EmscriptenModule {
  readonly FS: FileSystem;
  readonly PATH: PathHelpers;
  readonly ERRNO_CODES: Readonly<Record<string, number>>;
  readonly ENV: Record<string, string>;
  readonly HEAP8: Int8Array;
  /** The shared libraries by their paths. */
  readonly LDSO: { readonly loadedLibsByName: Readonly<Record<string, object>> };
  readonly wasmExports: WebAssembly.Exports;
  /** Returns a promise if `loadAsync` is set. */
  loadDynamicLibrary(
    path: string,
    flags: { loadAsync: boolean; global: boolean; nodelete: boolean },
    scope: object,
  ): unknown;
  /** Read by CPython between bytecodes. */
  Py_EmscriptenSignalBuffer?: TypedArray | undefined;
}

/** What the loader passes to the module's factory. */
export interface ModuleOptions {
  instantiateWasm(
    imports: WebAssembly.Imports,
    done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
  ): object;
  preRun: ((module: EmscriptenModule) => void)[];
  print(line: string): void;
  printErr(line: string): void;
  onAbort(reason: unknown): void;
}

export type ModuleFactory = (options: ModuleOptions) => Promise<EmscriptenModule>;
