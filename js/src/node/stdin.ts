/**
 * Standard input on the main thread: reads when the worker asks, in the event loop, so that a signal can
 * always be handled and the process can always end. (`fs.read` would wait in libuv's thread pool, and
 * `process.exit` waits for that.)
 */

import { Socket } from "node:net";
import { isatty, ReadStream } from "node:tty";
import type { Control } from "../console/control.ts";

export class StdinServant {
  readonly #control: Control;
  #stream: Socket | undefined;
  #rest: Uint8Array = new Uint8Array(0);
  #wanted = 0;
  #ended = false;

  constructor(control: Control) {
    this.#control = control;
  }

  /** Send the worker the next `most` bytes or fewer, as soon as there are any. */
  request(most: number): void {
    this.#wanted = most;
    this.#stream ??= this.#open();
    this.#serve();
  }

  // Opened by the first read: a script that reads nothing leaves its input to the next program.
  #open(): Socket {
    const stream = isatty(0)
      ? new ReadStream(0)
      : new Socket({ fd: 0, readable: true, writable: false });
    const serve = () => this.#serve();
    const end = () => {
      if (this.#stream !== stream) return;
      this.#ended = true;
      serve();
    };
    return stream.on("readable", serve).on("end", end).on("error", end).on("close", end);
  }

  #serve(): void {
    if (this.#wanted === 0) return;
    if (this.#rest.length === 0) this.#rest = this.#stream?.read() ?? this.#rest;
    if (this.#rest.length > 0) {
      const part = this.#rest.subarray(0, this.#wanted);
      this.#rest = this.#rest.subarray(part.length);
      this.#answer(part);
    } else if (this.#ended) {
      if (this.#stream instanceof ReadStream) {
        // Ctrl-D ends one read of a terminal, not the terminal: the next read starts afresh.
        this.#stream.destroy();
        this.#stream = undefined;
        this.#ended = false;
      }
      this.#answer(new Uint8Array(0));
    }
  }

  #answer(bytes: Uint8Array): void {
    this.#wanted = 0;
    this.#control.provideInput(bytes);
  }
}
