/**
 * The block of shared memory between a thread that serves (signals, keyboard) and the worker that
 * runs Python: how Python is interrupted, woken from a sleep and given its standard input.
 *
 * It knows nothing of messages, of Node or of the page. Layout, in 32-bit words unless said otherwise:
 *
 *     byte 0    interrupt: 0, or the number of the signal Python shall see (the loader's interrupt buffer)
 *     word 1    wake: goes up by one whenever the worker should look again
 *     word 2    input state: INPUT_NONE, INPUT_WANTED (asked for) or INPUT_READY (there)
 *     word 3    input length in bytes; 0 is end of file
 *     word 4    output that was sent as messages and not yet shown, in bytes
 *     byte 32…  the input itself
 */

const WAKE = 1;
const INPUT_STATE = 2;
const INPUT_LENGTH = 3;
const OUTPUT_PENDING = 4;
const INPUT_OFFSET = 32;

const INPUT_NONE = 0;
const INPUT_WANTED = 1;
const INPUT_READY = 2;

/** Bytes of standard input that one answer can carry. */
export const INPUT_CAPACITY = 64 * 1024;

/** The worker holds its output back when this many bytes wait to be shown. */
const OUTPUT_LIMIT = 64 * 1024;

export const SIGINT = 2;

/** Why a wait ended. */
export type WaitResult = "ready" | "interrupted" | "timeout";

/** One view of the shared block; both sides make theirs from the same buffer. */
export class Control {
  readonly buffer: SharedArrayBuffer;
  /** The single byte that goes to `setInterruptBuffer`. */
  readonly interruptBuffer: Uint8Array;
  readonly #words: Int32Array;
  readonly #input: Uint8Array;

  constructor(buffer = new SharedArrayBuffer(INPUT_OFFSET + INPUT_CAPACITY)) {
    this.buffer = buffer;
    this.interruptBuffer = new Uint8Array(buffer, 0, 1);
    this.#words = new Int32Array(buffer, 0, INPUT_OFFSET / 4);
    this.#input = new Uint8Array(buffer, INPUT_OFFSET, INPUT_CAPACITY);
  }

  /** True while a signal waits for Python to notice it. */
  get interruptPending(): boolean {
    return Atomics.load(this.interruptBuffer, 0) !== 0;
  }

  #wake(): void {
    Atomics.add(this.#words, WAKE, 1);
    Atomics.notify(this.#words, WAKE);
  }

  // --- the serving thread -------------------------------------------------------------------

  /** Ask Python to handle `signal`, and end a wait. */
  interrupt(signal = SIGINT): void {
    Atomics.store(this.interruptBuffer, 0, signal);
    this.#wake();
  }

  /** Answer the worker's read with at most INPUT_CAPACITY bytes; none means end of file. */
  provideInput(bytes: Uint8Array): void {
    this.#input.set(bytes);
    Atomics.store(this.#words, INPUT_LENGTH, bytes.length);
    Atomics.store(this.#words, INPUT_STATE, INPUT_READY);
    this.#wake();
  }

  /** Withdraw the worker's question: its read ends with an interrupt and will ask anew. */
  cancelInput(): void {
    Atomics.store(this.#words, INPUT_STATE, INPUT_NONE);
  }

  /** Tell the worker that `count` bytes of its output have been shown. */
  outputShown(count: number): void {
    Atomics.sub(this.#words, OUTPUT_PENDING, count);
    this.#wake();
  }

  // --- the worker -----------------------------------------------------------------------------

  /** Forget an interrupt that Python has not seen; says whether there was one. */
  takeInterrupt(): boolean {
    return Atomics.exchange(this.interruptBuffer, 0, 0) !== 0;
  }

  /** Block for `milliseconds`, or until a signal arrives. */
  sleep(milliseconds: number): WaitResult {
    return this.#wait(() => false, milliseconds);
  }

  /**
   * Copy input into `target`, blocking until there is some; `request` is called when nothing has been
   * asked for yet. Returns the bytes copied, 0 at end of file, or undefined when a signal came first: the
   * question stays open then, and a later call takes the answer.
   */
  takeInput(target: Uint8Array, request: () => void): number | undefined {
    const words = this.#words;
    if (Atomics.compareExchange(words, INPUT_STATE, INPUT_NONE, INPUT_WANTED) === INPUT_NONE) {
      request();
    }
    const arrived = () => Atomics.load(words, INPUT_STATE) === INPUT_READY;
    if (this.#wait(arrived, Infinity) !== "ready") return undefined;
    const length = Atomics.load(words, INPUT_LENGTH);
    const count = Math.min(length, target.length);
    target.set(this.#input.subarray(0, count));
    if (count < length) {
      // Asked for by an interrupted read with more room than this one has.
      this.#input.copyWithin(0, count, length);
      Atomics.store(words, INPUT_LENGTH, length - count);
    } else {
      Atomics.store(words, INPUT_STATE, INPUT_NONE);
    }
    return count;
  }

  /** Count output about to be sent; blocks while the other side is too far behind. */
  outputSent(count: number): WaitResult {
    const room = () => Atomics.load(this.#words, OUTPUT_PENDING) < OUTPUT_LIMIT;
    const result = this.#wait(room, Infinity);
    Atomics.add(this.#words, OUTPUT_PENDING, count);
    return result;
  }

  #wait(ready: () => boolean, milliseconds: number): WaitResult {
    const end = performance.now() + milliseconds;
    for (;;) {
      // Read before the conditions: a change after this makes the wait return at once.
      const wake = Atomics.load(this.#words, WAKE);
      if (ready()) return "ready";
      if (this.interruptPending) return "interrupted";
      const left = end - performance.now();
      if (left <= 0) return "timeout";
      Atomics.wait(this.#words, WAKE, wake, left);
    }
  }
}
