/** The part of `ferropy.mjs` that the Node programs use; it is imported at run time, not bundled. */

import type { PythonRuntime } from "../console/session.js";

/** What `runMain` needs of its host. Streams count bytes; a failure throws `{ errno: "EPIPE" }`. */
export interface MainOptions {
  /** Arguments after the program's name. */
  args: string[];
  program: string;
  env: Record<string, string>;
  cwd: string;
  stdin: (target: Uint8Array) => number;
  stdout: (bytes: Uint8Array) => number;
  stderr: (bytes: Uint8Array) => number;
  isatty: [boolean, boolean, boolean];
  terminalSize?: () => [rows: number, columns: number];
  interruptBuffer?: Uint8Array;
  /** Blocks for a time in milliseconds; false when a signal ended it. */
  sleep?: (milliseconds: number) => boolean;
  mountHost: boolean;
  sitePaths: string[];
  archives: string[];
}

export interface Ferropy {
  version: string;
  runMain(options: MainOptions): Promise<number>;
  loadPyodide(options: Record<string, unknown>): Promise<PythonRuntime>;
}
