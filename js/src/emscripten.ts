/** The parts of Emscripten's module that the loader touches. */

/** A file or folder. */
export interface FSNode {
  contents: Uint8Array;
  usedBytes: number;
  readonly node_ops: {
    mknod(parent: FSNode, name: string, mode: number, dev: number): FSNode;
  };
}

/** An open file. */
export interface FSStream {
  readonly fd: number;
  seekable?: boolean;
  tty?: TTY | undefined;
}

/** What makes an open file a terminal, in the shape that `ioctl` asks for. */
export interface TTY {
  readonly ops: {
    ioctl_tcgets?: () => object;
    ioctl_tcsets?: () => number;
    ioctl_tiocgwinsz?: () => [rows: number, columns: number];
  };
}

/** The operations of a character device. */
export interface DeviceOperations {
  open?(stream: FSStream): void;
  read?(stream: FSStream, buffer: Int8Array, offset: number, length: number): number;
  write?(stream: FSStream, buffer: Int8Array, offset: number, length: number): number;
  fsync?(stream: FSStream): void;
}

/** Emscripten's `FS`, as its own types have it plus what they leave out. */
export type FileSystem = Omit<typeof FS, "lookupPath"> & {
  mkdirTree(path: string): void;
  analyzePath(path: string): { exists: boolean };
  lookupPath(path: string, options?: { follow: boolean }): { node: FSNode };
  registerDevice(dev: number, operations: DeviceOperations): void;
  mkdev(path: string, mode: number, dev: number): void;
  makedev(major: number, minor: number): number;
  readonly streams: (FSStream | null)[];
  readonly filesystems: Readonly<Record<string, object>>;
  readonly ErrnoError: new (errno: number) => Error;
};

/** An instantiated main module. */
export interface EmscriptenModule {
  readonly FS: FileSystem;
  readonly PATH: object;
  readonly ERRNO_CODES: Readonly<Record<string, number>>;
  readonly ENV: Record<string, string>;
  readonly HEAP8: Int8Array;
  readonly wasmExports: WebAssembly.Exports;
  /** Read by CPython between bytecodes. */
  Py_EmscriptenSignalBuffer?: Int8Array | Uint8Array | Int32Array | undefined;
}

/** What the loader passes to the module's factory. */
export interface ModuleOptions {
  instantiateWasm(
    imports: WebAssembly.Imports,
    done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
  ): object;
  print(line: string): void;
  printErr(line: string): void;
  onAbort(reason: unknown): void;
}

export type ModuleFactory = (options: ModuleOptions) => Promise<EmscriptenModule>;
