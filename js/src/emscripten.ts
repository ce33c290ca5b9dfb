/** The parts of Emscripten's module that the loader touches. */

/** A file or folder. */
export interface FSNode {
  readonly id: number;
  readonly name: string;
  readonly mode: number;
  contents: Uint8Array;
  usedBytes: number;
  readonly node_ops: {
    mknod(parent: FSNode, name: string, mode: number, dev: number): FSNode;
  };
}

/** An open file. */
export interface FSStream {
  readonly fd: number;
  readonly path: string;
  readonly node: FSNode;
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

/** What `stat` tells of a file; sizes in bytes. */
export interface FSStats {
  dev: number;
  ino: number;
  mode: number;
  nlink: number;
  uid: number;
  gid: number;
  rdev: number;
  size: number;
  atime: Date;
  mtime: Date;
  ctime: Date;
  blksize: number;
  blocks: number;
}

/** A kind of file system that can be mounted, such as `FS.filesystems.IDBFS`. */
export type FSType = object;

/** Emscripten's file system; see its File System API for the details. */
export interface FileSystem {
  readonly filesystems: Readonly<Record<string, FSType>>;
  readonly streams: readonly (FSStream | null)[];
  readonly ErrnoError: new (errno: number) => Error;
  cwd(): string;
  chdir(path: string): void;
  mkdir(path: string, mode?: number): FSNode;
  mkdirTree(path: string, mode?: number): void;
  rmdir(path: string): void;
  readdir(path: string): string[];
  rename(from: string, to: string): void;
  unlink(path: string): void;
  symlink(target: string, path: string): FSNode;
  readlink(path: string): string;
  stat(path: string, dontFollow?: boolean): FSStats;
  lstat(path: string): FSStats;
  chmod(path: string, mode: number, dontFollow?: boolean): void;
  chown(path: string, uid: number, gid: number, dontFollow?: boolean): void;
  truncate(path: string, length: number): void;
  utime(path: string, atime: number, mtime: number): void;
  isDir(mode: number): boolean;
  isFile(mode: number): boolean;
  isLink(mode: number): boolean;
  analyzePath(path: string, dontResolveLastLink?: boolean): { exists: boolean; path: string };
  lookupPath(path: string, options?: { follow?: boolean }): { path: string; node: FSNode };
  open(path: string, flags: string | number, mode?: number): FSStream;
  close(stream: FSStream): void;
  read(
    stream: FSStream,
    buffer: ArrayBufferView,
    offset: number,
    length: number,
    position?: number,
  ): number;
  write(
    stream: FSStream,
    buffer: ArrayBufferView,
    offset: number,
    length: number,
    position?: number,
    canOwn?: boolean,
  ): number;
  llseek(stream: FSStream, offset: number, whence: number): number;
  readFile(path: string, options: { encoding: "utf8"; flags?: string }): string;
  readFile(path: string, options?: { encoding?: "binary"; flags?: string }): Uint8Array;
  writeFile(
    path: string,
    data: string | ArrayBufferView,
    options?: { flags?: string; mode?: number; canOwn?: boolean },
  ): void;
  mount(type: FSType, options: object, mountpoint: string): FSNode;
  unmount(mountpoint: string): void;
  syncfs(populate: boolean, callback: (error: Error | null) => void): void;
  makedev(major: number, minor: number): number;
  registerDevice(dev: number, operations: DeviceOperations): void;
  mkdev(path: string, mode: number, dev: number): FSNode;
}

/** An instantiated main module. */
export interface EmscriptenModule {
  readonly FS: FileSystem;
  readonly PATH: object;
  readonly ERRNO_CODES: Readonly<Record<string, number>>;
  readonly ENV: Record<string, string>;
  readonly HEAP8: Int8Array;
  readonly wasmExports: WebAssembly.Exports;
  loadDynamicLibrary(
    path: string,
    flags: { loadAsync: true; global: boolean; nodelete: boolean },
    scope: object,
  ): Promise<unknown>;
  /** Read by CPython between bytecodes. */
  Py_EmscriptenSignalBuffer?: { 0: number } | undefined;
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
