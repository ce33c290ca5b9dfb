/** Standard input, output and error: the devices behind file descriptors 0 to 2. */

import type { EmscriptenModule } from "./emscripten.ts";
import { IN_NODE } from "./environment.ts";
import type { DeviceOperations, FSStream } from "./filesystem.ts";

/** What a `stdin` handler may return: text, bytes, one byte, or nothing at the end. */
export type InputChunk = string | ArrayBuffer | ArrayBufferView | number | null | undefined;

/** Options of `setStdin`: one of `stdin`, `read` and `error`. */
export interface StdinOptions {
  /** Returns the next piece of input; lines get their newline added. */
  stdin?: (() => InputChunk) | undefined;
  /** Fills the buffer and returns how many bytes it put there; 0 at the end. */
  read?: ((buffer: Uint8Array) => number) | undefined;
  /** Every read fails with an input/output error. */
  error?: boolean | undefined;
  isatty?: boolean | undefined;
  /** Whether each piece ends a read as if the input ended there. Default true. */
  autoEOF?: boolean | undefined;
}

/** Options of `setStdout` and `setStderr`: one of `batched`, `raw` and `write`. */
export interface OutputOptions {
  /** Gets whole lines, without their newline. */
  batched?: ((line: string) => void) | undefined;
  /** Gets single bytes. */
  raw?: ((byte: number) => void) | undefined;
  /** Gets bytes and returns how many of them it took. */
  write?: ((bytes: Uint8Array) => number) | undefined;
  /** Called when Python flushes to the device. */
  fsync?: (() => void) | undefined;
  isatty?: boolean | undefined;
  getTerminalSize?: (() => { rows: number; columns: number } | undefined) | undefined;
}

/** A source or sink of bytes. */
interface Channel {
  read?(target: Uint8Array): number;
  write?(bytes: Uint8Array): number;
  flush?(): void;
  readonly isatty: boolean;
  readonly size?: (() => { rows: number; columns: number } | undefined) | undefined;
}

const PATHS = ["/dev/stdin", "/dev/stdout", "/dev/stderr"] as const;
/** A device number that Emscripten does not use. */
const MAJOR = 90;

/** The three standard streams of one interpreter. */
export class StandardStreams {
  readonly #module: EmscriptenModule;
  readonly #channels: [Channel, Channel, Channel];

  constructor(module: EmscriptenModule) {
    this.#module = module;
    this.#channels = [defaultInput(), defaultOutput(1), defaultOutput(2)];
    const { FS } = module;
    // Emscripten's own devices work byte by byte; replace them and reopen.
    for (const fd of [0, 1, 2] as const) {
      const stream = FS.streams[fd];
      if (stream != null) FS.close(stream);
      FS.unlink(PATHS[fd]);
      const dev = FS.makedev(MAJOR, fd);
      FS.registerDevice(dev, this.#operations(fd));
      FS.mkdev(PATHS[fd], 0o666, dev);
    }
    for (const fd of [0, 1, 2] as const) {
      FS.open(PATHS[fd], fd === 0 ? "r" : "w");
    }
  }

  /** Replaces standard input; without options, the default one comes back. */
  setStdin(options: StdinOptions = {}): void {
    this.#replace(0, this.#input(options));
  }

  /** Replaces standard output. */
  setStdout(options: OutputOptions = {}): void {
    this.#replace(1, output(options, 1));
  }

  /** Replaces standard error. */
  setStderr(options: OutputOptions = {}): void {
    this.#replace(2, output(options, 2));
  }

  /** Passes on what a batched handler holds of an unfinished line. */
  flush(): void {
    for (const channel of this.#channels) channel.flush?.();
  }

  #replace(fd: 0 | 1 | 2, channel: Channel): void {
    this.#channels[fd].flush?.();
    this.#channels[fd] = channel;
    for (const stream of this.#module.FS.streams) {
      if (stream != null && this.#opened.get(stream) === fd) this.#setTerminal(stream, fd);
    }
  }

  readonly #opened = new WeakMap<FSStream, 0 | 1 | 2>();

  #setTerminal(stream: FSStream, fd: 0 | 1 | 2): void {
    if (!this.#channels[fd].isatty) {
      stream.tty = undefined;
      return;
    }
    stream.tty = {
      ops: {
        ioctl_tcgets: () => ({ c_iflag: 0, c_oflag: 0, c_cflag: 0, c_lflag: 0, c_cc: [] }),
        ioctl_tcsets: () => 0,
        ioctl_tiocgwinsz: () => {
          const size = this.#channels[fd].size?.() ?? { rows: 24, columns: 80 };
          return [size.rows, size.columns];
        },
      },
    };
  }

  #errno(name: string): Error {
    return new this.#module.FS.ErrnoError(this.#module.ERRNO_CODES[name] ?? 29);
  }

  /** Runs a handler; what it throws becomes an OSError in Python. */
  #handle(operation: () => number): number {
    try {
      return operation();
    } catch (error) {
      const { errno } = error as { errno?: unknown };
      if (typeof errno === "number") throw new this.#module.FS.ErrnoError(errno);
      if (typeof errno === "string") throw this.#errno(errno);
      console.error("A standard stream's handler failed:", error);
      throw this.#errno("EIO");
    }
  }

  #operations(fd: 0 | 1 | 2): DeviceOperations {
    return {
      open: (stream) => {
        stream.seekable = false;
        this.#opened.set(stream, fd);
        this.#setTerminal(stream, fd);
      },
      read: (_stream, buffer, offset, length) => {
        const { read } = this.#channels[fd];
        if (read === undefined) throw this.#errno("EBADF");
        const target = new Uint8Array(buffer.buffer, buffer.byteOffset + offset, length);
        return this.#handle(() => read(target));
      },
      write: (_stream, buffer, offset, length) => {
        const { write } = this.#channels[fd];
        if (write === undefined) throw this.#errno("EBADF");
        const bytes = new Uint8Array(buffer.buffer, buffer.byteOffset + offset, length);
        return this.#handle(() => write(bytes));
      },
      fsync: () => {
        this.#channels[fd].flush?.();
      },
    };
  }

  #input(options: StdinOptions): Channel {
    const isatty = options.isatty ?? false;
    if (options.error === true) {
      return {
        isatty,
        read: () => {
          throw this.#errno("EIO");
        },
      };
    }
    if (options.read !== undefined) return { isatty, read: options.read };
    if (options.stdin !== undefined) {
      return { isatty, read: chunkReader(options.stdin, options.autoEOF ?? true) };
    }
    return defaultInput();
  }
}

/**
 * Serves reads from a function that returns one piece after another. With
 * `autoEOF` a read ends where a piece ends, so that `input()` returns with one
 * line; without it, reads go on until they are full or the input ends.
 */
function chunkReader(next: () => InputChunk, autoEOF: boolean): (target: Uint8Array) => number {
  let rest: Uint8Array = new Uint8Array();
  return (target) => {
    let length = 0;
    do {
      if (rest.length === 0) {
        const piece = bytesOf(next());
        if (piece === undefined) break;
        rest = piece;
      }
      const part = rest.subarray(0, target.length - length);
      target.set(part, length);
      length += part.length;
      rest = rest.subarray(part.length);
    } while (length < target.length && !autoEOF);
    return length;
  };
}

function bytesOf(chunk: InputChunk): Uint8Array | undefined {
  if (chunk === null || chunk === undefined) return undefined;
  if (typeof chunk === "number") return Uint8Array.of(chunk);
  if (typeof chunk === "string") {
    return new TextEncoder().encode(chunk.endsWith("\n") ? chunk : `${chunk}\n`);
  }
  if (ArrayBuffer.isView(chunk)) {
    return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength).slice();
  }
  return new Uint8Array(chunk);
}

function output(options: OutputOptions, fd: 1 | 2): Channel {
  const base = { isatty: options.isatty ?? false, size: options.getTerminalSize };
  const { batched, raw, write, fsync } = options;
  if (batched !== undefined) return { ...lines(batched), isatty: false };
  if (raw !== undefined) {
    return {
      ...base,
      write: (bytes) => {
        for (const byte of bytes) raw(byte);
        return bytes.length;
      },
    };
  }
  if (write !== undefined) {
    return {
      ...base,
      // The view is into linear memory, which may move when Python goes on.
      write: (bytes) => write(bytes.slice()),
      ...(fsync === undefined ? {} : { flush: fsync }),
    };
  }
  return defaultOutput(fd);
}

/** Collects bytes into lines. */
function lines(sink: (line: string) => void): Pick<Channel, "write" | "flush"> {
  let pending = "";
  let decoder = new TextDecoder();
  return {
    write: (bytes) => {
      const text = pending + decoder.decode(bytes.slice(), { stream: true });
      const parts = text.split("\n");
      pending = parts.pop() ?? "";
      for (const part of parts) sink(part);
      return bytes.length;
    },
    flush: () => {
      const text = pending + decoder.decode();
      pending = "";
      decoder = new TextDecoder();
      if (text !== "") sink(text);
    },
  };
}

function defaultInput(): Channel {
  if (IN_NODE) return nodeInput();
  if (typeof globalThis.prompt === "function") {
    return { isatty: false, read: chunkReader(() => globalThis.prompt(), true) };
  }
  return { isatty: false, read: () => 0 };
}

function defaultOutput(fd: 1 | 2): Channel {
  if (IN_NODE) return nodeOutput(fd);
  return {
    ...lines(fd === 1 ? (line) => console.log(line) : (line) => console.warn(line)),
    isatty: false,
  };
}

/** Node's synchronous file functions, found without a static import. */
function nodeFs(): typeof import("node:fs") {
  return process.getBuiltinModule("node:fs");
}

/** Runs a system call again while a non-blocking descriptor is not ready. */
function retry(operation: () => number): number {
  for (;;) {
    try {
      return operation();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EOF") return 0;
      if (code !== "EAGAIN") throw Object.assign(error as Error, { errno: code });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

function nodeInput(): Channel {
  const fs = nodeFs();
  return {
    isatty: isTerminal(0),
    read: (target) => {
      const buffer = new Uint8Array(target.length);
      const length = retry(() => fs.readSync(0, buffer));
      target.set(buffer.subarray(0, length));
      return length;
    },
  };
}

function nodeOutput(fd: 1 | 2): Channel {
  const fs = nodeFs();
  return {
    isatty: isTerminal(fd),
    size: () => {
      const stream = fd === 1 ? process.stdout : process.stderr;
      return stream.isTTY ? { rows: stream.rows, columns: stream.columns } : undefined;
    },
    write: (bytes) => retry(() => fs.writeSync(fd, bytes)),
  };
}

function isTerminal(fd: number): boolean {
  return process.getBuiltinModule("node:tty").isatty(fd);
}
