/**
 * The terminal's view of a Python worker: calls that return promises. It draws nothing and knows neither
 * kind of worker, only how to send a message.
 */

import type { Control } from "./control.ts";
import type { Check, Completions, FromWorker, Method, Outcome, ToWorker } from "./protocol.ts";

export class Client {
  readonly #send: (message: ToWorker) => void;
  readonly #control: Control | undefined;
  readonly #waiting = new Map<number, (value: string) => void>();
  #lastId = 0;
  #running = 0;

  /** Without `control` (no shared memory) only code that awaits can be interrupted. */
  constructor(send: (message: ToWorker) => void, control: Control | undefined) {
    this.#send = send;
    this.#control = control;
  }

  /** True while code runs. */
  get running(): boolean {
    return this.#running > 0;
  }

  /** Hand over a "result" message. */
  settle(message: FromWorker & { type: "result" }): void {
    this.#waiting.get(message.id)?.(message.value);
    this.#waiting.delete(message.id);
  }

  #call(method: Method, text: string): Promise<string> {
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#send({ type: "call", id, method, text });
    });
  }

  /** Whether Enter should run `source` or open another line. */
  async check(source: string): Promise<Check> {
    return (await this.#call("check", source)) as Check;
  }

  /** Completions for the end of `source`. */
  async complete(source: string): Promise<Completions> {
    const [names, start] = JSON.parse(await this.#call("complete", source)) as [string[], number];
    return { names, start };
  }

  /** `sys.ps1` and `sys.ps2`. */
  async prompts(): Promise<[first: string, more: string]> {
    return JSON.parse(await this.#call("prompts", "")) as [string, string];
  }

  /** Run `source` to its end. */
  async run(source: string): Promise<Outcome> {
    this.#running++;
    // An interrupt that came too late for the code before is not meant for this.
    this.#control?.takeInterrupt();
    try {
      const status = await this.#call("run", source);
      const exit = /^exit:(\d+)$/.exec(status)?.[1];
      return { failed: status !== "ok", exit: exit === undefined ? undefined : Number(exit) };
    } finally {
      this.#running--;
    }
  }

  /** Raise KeyboardInterrupt in the code that runs. */
  interrupt(): void {
    this.#control?.interrupt();
    // For code that awaits: nobody looks at the shared byte then.
    this.#send({ type: "interrupt" });
  }

  /** Tell Python the terminal's size. */
  resize(rows: number, columns: number): void {
    this.#send({ type: "size", rows, columns });
  }
}
