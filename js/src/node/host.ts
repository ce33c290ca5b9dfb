/**
 * What the worker thread that runs Python has of the operating system: standard streams, sleep and the
 * size of the terminal, all of which Ctrl-C interrupts.
 *
 * It knows nothing of Python. Files go through the loader's own mounts, not through here.
 */

import { fstatSync, readSync, writeSync } from "node:fs";
import { isatty, WriteStream } from "node:tty";
import { INPUT_CAPACITY, type Control } from "../console/control.ts";

/** What a failing system call throws; `errno` is a name such as "EPIPE". */
export class SystemCallError extends Error {
  readonly errno: string;

  constructor(errno: string, options?: ErrorOptions) {
    super(errno, options);
    this.errno = errno;
  }
}

function systemCallError(error: unknown): SystemCallError {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return new SystemCallError(typeof code === "string" ? code : "EIO", { cause: error });
}

export class Host {
  readonly isatty: [boolean, boolean, boolean] = [isatty(0), isatty(1), isatty(2)];
  readonly #control: Control;
  readonly #requestInput: (most: number) => void;
  readonly #inputIsFile: boolean;
  #terminal: WriteStream | null | undefined;

  /** `requestInput` asks the main thread to read; its answer comes through `control`. */
  constructor(control: Control, requestInput: (most: number) => void) {
    this.#control = control;
    this.#requestInput = requestInput;
    this.#inputIsFile = this.#isFile(0);
  }

  // A file (or /dev/null) answers at once, so it is read right here: no round trip to the main thread
  // for each block. Pipes, sockets and terminals can block for ever, and a worker blocked in read(2)
  // can be neither interrupted nor ended: the main thread waits for those in its event loop.
  #isFile(fd: number): boolean {
    try {
      const stat = fstatSync(fd);
      return !stat.isFIFO() && !stat.isSocket() && !this.isatty[fd];
    } catch {
      return true; // a closed descriptor: the read says EBADF
    }
  }

  /** Standard input: bytes read into `target`, 0 at end of file; throws EINTR on Ctrl-C. */
  readonly stdin = (target: Uint8Array): number => {
    if (this.#inputIsFile) {
      try {
        return readSync(0, target);
      } catch (error) {
        throw systemCallError(error);
      }
    }
    return this.terminalInput(target);
  };

  /** As `stdin`, but always through the main thread, whatever descriptor 0 is. */
  readonly terminalInput = (target: Uint8Array): number => {
    // libc's vectored reads may begin with an empty part.
    if (target.length === 0) return 0;
    const most = Math.min(target.length, INPUT_CAPACITY);
    const count = this.#control.takeInput(target, () => this.#requestInput(most));
    if (count === undefined) throw new SystemCallError("EINTR");
    return count;
  };

  readonly stdout = (bytes: Uint8Array): number => this.#write(1, bytes);
  readonly stderr = (bytes: Uint8Array): number => this.#write(2, bytes);

  // Written straight from this thread and blocking: memory stays flat whatever the script prints,
  // and nothing is lost when it ends.
  #write(fd: number, bytes: Uint8Array): number {
    for (;;) {
      try {
        return writeSync(fd, bytes);
      } catch (error) {
        const failure = systemCallError(error);
        if (failure.errno !== "EAGAIN") throw failure;
      }
      // Another process made the pipe non-blocking, and it is full.
      if (this.#control.sleep(2) === "interrupted") throw new SystemCallError("EINTR");
    }
  }

  /** Block for a time in milliseconds; false when a signal ended it early. */
  readonly sleep = (milliseconds: number): boolean =>
    this.#control.sleep(milliseconds) !== "interrupted";

  /** Rows and columns of the terminal that output goes to; 24 by 80 when there is none. */
  readonly terminalSize = (): [rows: number, columns: number] => {
    this.#terminal ??= this.#openTerminal();
    if (this.#terminal === null) return [24, 80];
    // A worker gets no "resize" event; asking afresh for each call costs one ioctl.
    (this.#terminal as WriteStream & { _refreshSize?: () => void })._refreshSize?.();
    const [columns, rows] = this.#terminal.getWindowSize();
    return rows > 0 && columns > 0 ? [rows, columns] : [24, 80];
  };

  #openTerminal(): WriteStream | null {
    const fd = this.isatty.indexOf(true, 1);
    return fd < 0 ? null : new WriteStream(fd);
  }
}
