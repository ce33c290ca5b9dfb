/** The messages between a terminal (the page, or the Node REPL's main thread) and its Python worker. */

import type { MeterState } from "./meter.ts";

/** Requests that Python answers. `run` is answered when the code has ended. */
export type Method = "check" | "complete" | "run" | "prompts";

export type ToWorker =
  | { type: "call"; id: number; method: Method; text: string }
  | { type: "interrupt" }
  | { type: "size"; rows: number; columns: number };

export type FromWorker =
  | { type: "progress"; stage: string }
  | { type: "ready"; banner: string }
  /** How far packages are; null when there is nothing more to show. */
  | { type: "packages"; state: MeterState | null }
  | { type: "result"; id: number; value: string }
  | { type: "output"; bytes: Uint8Array }
  | { type: "read"; most: number; prompt: string }
  | { type: "fatal"; message: string; stack: string };

/** What `check` answers. */
export type Check = "complete" | "incomplete" | "syntax-error";

/** Completions and where in the text they go. */
export interface Completions {
  names: string[];
  start: number;
}

/** What became of a `run`: the status is there when Python asked to exit. */
export interface Outcome {
  failed: boolean;
  exit: number | undefined;
}
