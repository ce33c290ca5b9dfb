/**
 * The type of `pyodide.FS`, Emscripten's file system. The glue has no declarations, so these are ours; the
 * shapes follow @types/emscripten, for which programs are written (tests/types compares them).
 */

/** A file, folder, link or device. */
export interface FSNode {
  /** The inode's number. */
  readonly id: number;
  readonly name: string;
  /** Kind and permissions, as in `stat`. */
  mode: number;
  /** The device's number, of devices. */
  rdev: number | undefined;
  readonly parent: FSNode;
  readonly mount: FSMount;
  readMode: number;
  writeMode: number;
  read: boolean;
  write: boolean;
  readonly isFolder: boolean;
  readonly isDevice: boolean;
  /** The content of a file in memory; the array may be longer than the file. */
  contents?: Uint8Array;
  /** The size of a file in memory, in bytes. */
  usedBytes?: number;
  /** @internal */
  readonly node_ops: {
    mknod(parent: FSNode, name: string, mode: number, dev: number): FSNode;
  };
}

/** An open file, as far as functions ask for it. */
export interface OpenFile {
  readonly fd?: number;
  /** What it is open of. */
  object: FSNode;
  /** How it was opened, as the bits of C's `open`. */
  flags: number;
  /** The offset of the next read or write, in bytes. */
  position: number;
  readonly isRead: boolean;
  readonly isWrite: boolean;
  readonly isAppend: boolean;
  seekable?: boolean;
  tty?: TTY | undefined;
}

/** An open file. */
export interface FSStream extends OpenFile {
  readonly fd: number;
  readonly path: string;
  /** The same as `object`. */
  readonly node: FSNode;
}

/** What makes an open file a terminal, in the shape that `ioctl` asks for. */
export interface TTY {
  readonly ops: {
    ioctl_tcgets?: () => object;
    ioctl_tcsets?: () => number;
    ioctl_tiocgwinsz?: () => [rows: number, columns: number];
  };
}

/** What happens with the open files of a device; each may be left out. Buffers are all of Emscripten's memory. */
export interface DeviceOperations {
  open?(stream: FSStream): void;
  close?(stream: FSStream): void;
  fsync?(stream: FSStream): void;
  /** Fills a part of the buffer; returns how many bytes it put there, 0 at the end. */
  read?(
    stream: FSStream,
    buffer: Int8Array | Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): number;
  /** Takes a part of the buffer; returns how many bytes it took. */
  write?(
    stream: FSStream,
    buffer: Int8Array | Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): number;
  llseek?(stream: FSStream, offset: number, whence: number): number;
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
export interface FSType {
  /** Makes the root of a new mount. */
  mount(mount: FSMount): FSNode;
  /**
   * Copies between memory and where the files last; kinds without a second place have none.
   * @param populate true: into memory; false: from memory. @types/emscripten calls it a function.
   */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- an error, which @types/emscripten calls number
  syncfs?(mount: FSMount, populate: boolean | (() => unknown), done: (error?: any) => void): void;
}

/** A mounted file system. */
export interface FSMount {
  readonly type: Required<FSType>;
  /** What `FS.mount` was given. */
  readonly opts: object;
  readonly mountpoint: string;
  readonly mounts: FSMount[];
  readonly root: FSNode;
}

/** What the functions of the file system throw. Only debug builds make it an Error, with a message and a stack. */
export interface ErrnoError extends Error {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- "ErrnoError", which @types/emscripten misspells
  readonly name: any;
  /** One of `pyodide.ERRNO_CODES`. */
  readonly errno: number;
  /** Only debug builds of Emscripten set it. */
  readonly code: never;
}

/** What `FS.analyzePath` tells. */
export interface FSAnalysis {
  readonly exists: boolean;
  readonly isRoot: boolean;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- an errno or 0, which @types/emscripten calls Error
  readonly error: any;
  readonly name: string;
  readonly path: string;
  readonly object: FSNode;
  readonly parentExists: boolean;
  readonly parentPath: string;
  readonly parentObject: FSNode;
}

/** Options of `FS.lookupPath`. */
export interface LookupOptions {
  /** Whether to follow a link at the end of the path. */
  follow?: boolean;
  /** Whether to go from a mountpoint into what is mounted. Default true. */
  follow_mount?: boolean;
  /** Whether to look for the folder that would hold the path. */
  parent?: boolean;
  recurse_count?: number;
}

/** Options of `FS.writeFile`. */
export interface WriteOptions {
  /** As in C's `fopen`. Default `w`. */
  flags?: string | undefined;
  /** The permissions of a new file. */
  mode?: number | undefined;
  /** Whether the file may keep the array without a copy. */
  canOwn?: boolean | undefined;
}

/**
 * Emscripten's file system; see its File System API for the details. Paths are
 * absolute or relative to `cwd()`. Functions throw {@link ErrnoError}.
 */
export interface FileSystem {
  /** The kinds that can be mounted. */
  readonly filesystems: {
    /** Files in memory. */
    readonly MEMFS: FSType;
    /** Files in memory that `syncfs` copies to and from IndexedDB. */
    readonly IDBFS: FSType;
    /** A folder of the host; only in Node. */
    readonly NODEFS?: FSType | undefined;
    /** `File` and `Blob` objects, in workers. */
    readonly WORKERFS: FSType;
    /** A folder of another Emscripten module. */
    readonly PROXYFS: FSType;
  };
  /** Open files by their descriptor. */
  readonly streams: readonly (FSStream | null)[];
  /** A class of Error as @types/emscripten has it. */
  readonly ErrnoError: Omit<ErrorConstructor, "prototype"> & {
    readonly prototype: ErrnoError;
    new (errno: number): ErrnoError;
  };
  readonly FSNode: new (parent: FSNode | null, name: string, mode: number, rdev?: number) => FSNode;
  readonly FSStream: new () => FSStream;
  ignorePermissions: boolean;
  /** Only old versions of Emscripten have it. */
  readonly tracking: never;
  /** Only old versions of Emscripten have it. */
  readonly genericErrors: never;
  /** Only builds with Emscripten's FS_DEBUG have it. */
  readonly trackingDelegate: never;

  cwd(): string;
  chdir(path: string): void;
  mkdir(path: string, mode?: number): FSNode;
  /** Makes a folder and those above it that are missing. */
  mkdirTree(path: string, mode?: number): void;
  rmdir(path: string): void;
  /** The names in a folder, `.` and `..` among them. */
  readdir(path: string): string[];
  rename(from: string, to: string): void;
  unlink(path: string): void;
  symlink(target: string, path: string): FSNode;
  readlink(path: string): string;
  stat(path: string, dontFollow?: boolean): FSStats;
  lstat(path: string): FSStats;
  chmod(path: string, mode: number, dontFollow?: boolean): void;
  lchmod(path: string, mode: number): void;
  fchmod(fd: number, mode: number): void;
  chown(path: string, uid: number, gid: number, dontFollow?: boolean): void;
  lchown(path: string, uid: number, gid: number): void;
  fchown(fd: number, uid: number, gid: number): void;
  truncate(path: string, length: number): void;
  ftruncate(fd: number, length: number): void;
  /** Sets times, in milliseconds since 1970. */
  utime(path: string, atime: number, mtime: number): void;

  isFile(mode: number): boolean;
  isDir(mode: number): boolean;
  isLink(mode: number): boolean;
  isChrdev(mode: number): boolean;
  isBlkdev(mode: number): boolean;
  isFIFO(mode: number): boolean;
  isSocket(mode: number): boolean;

  analyzePath(path: string, dontResolveLastLink?: boolean): FSAnalysis;
  lookupPath(path: string, options?: LookupOptions): { path: string; node: FSNode };
  getPath(node: FSNode): string;
  nameTable: (FSNode | undefined)[];
  hashName(parentId: number, name: string): number;
  hashAddNode(node: FSNode): void;
  hashRemoveNode(node: FSNode): void;
  lookupNode(parent: FSNode, name: string): FSNode;
  createNode(parent: FSNode | null, name: string, mode: number, rdev?: number): FSNode;
  destroyNode(node: FSNode): void;

  /** @param flags as in C's `fopen` (`r`, `w+`, …) or the bits of C's `open`. */
  open(path: string, flags: string | number, mode?: number): FSStream;
  close(stream: OpenFile): void;
  closeStream(fd: number): void;
  getStream(fd: number): FSStream;
  /** @param whence 0: from the start, 1: from the position, 2: from the end. */
  llseek(stream: OpenFile, offset: number, whence: number): number;
  /** @returns how many bytes were read, 0 at the end. */
  read(stream: OpenFile, buffer: ArrayBufferView, offset: number, length: number, position?: number): number;
  /** @returns how many bytes were written. */
  write(
    stream: OpenFile,
    buffer: ArrayBufferView,
    offset: number,
    length: number,
    position?: number,
    canOwn?: boolean,
  ): number;
  mmap(
    stream: OpenFile,
    buffer: ArrayBufferView,
    offset: number,
    length: number,
    position: number,
    protection: number,
    flags: number,
  ): { ptr: number; allocated: boolean };
  ioctl(stream: OpenFile, request: number, argument: unknown): unknown;
  readFile(path: string, options: { encoding: "utf8"; flags?: string | undefined }): string;
  readFile(path: string, options?: { encoding?: "binary"; flags?: string | undefined }): Uint8Array;
  writeFile(path: string, data: string | ArrayBufferView, options?: WriteOptions): void;

  mount(type: FSType, options: object, mountpoint: string): FSNode;
  unmount(mountpoint: string): void;
  isMountpoint(node: FSNode): boolean;
  getMounts(mount: FSMount): FSMount[];
  /**
   * Copies between memory and where the files of mounts last.
   * @param populate true: into memory; false: from memory.
   */
  syncfs(populate: boolean, callback: (error: unknown) => void): void;
  syncfs(callback: (error: unknown) => void): void;

  major(device: number): number;
  minor(device: number): number;
  makedev(major: number, minor: number): number;
  registerDevice(device: number, operations: DeviceOperations): void;
  getDevice(device: number): { readonly stream_ops: Required<DeviceOperations> };
  mkdev(path: string, mode?: number, device?: number): FSNode;
  /** Makes a device of a function that gives bytes (null at the end) and one that takes them. */
  createDevice: {
    (
      parent: string | FSNode,
      name: string,
      input?: (() => number | null | undefined) | null,
      output?: ((byte: number) => void) | null,
    ): FSNode;
    major: number;
  };

  init(
    input: (() => number | null) | null,
    output: ((byte: number) => void) | null,
    error: ((byte: number) => void) | null,
  ): void;
  /** Makes a file that is fetched when it is first read. */
  createLazyFile(
    parent: string | FSNode,
    name: string,
    url: string,
    canRead: boolean,
    canWrite: boolean,
  ): FSNode;
  /** Fetches a file now and calls back when it is there. */
  createPreloadedFile(
    parent: string | FSNode,
    name: string,
    url: string,
    canRead: boolean,
    canWrite: boolean,
    onload?: () => void,
    onerror?: () => void,
    dontCreateFile?: boolean,
    canOwn?: boolean,
  ): void;
  createDataFile(
    parent: string | FSNode,
    name: string,
    data: ArrayBufferView,
    canRead: boolean,
    canWrite: boolean,
    canOwn: boolean,
  ): FSNode;
}

/** Emscripten's helpers for paths. */
export interface PathHelpers {
  isAbs(path: string): boolean;
  /** @returns the root, the folder, the name and the extension. */
  splitPath(path: string): string[];
  /** Resolves `.` and `..` among the parts of a path. */
  normalizeArray(parts: string[], allowAboveRoot: boolean): string[];
  normalize(path: string): string;
  dirname(path: string): string;
  basename(path: string): string;
  join(...paths: string[]): string;
  join2(left: string, right: string): string;
}
