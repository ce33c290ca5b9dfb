/** The part of `ferropy.mjs` that the Node programs use; it is imported at run time, not bundled. */

import type { PythonRuntime } from "../console/session.ts";
import type { MainOptions } from "../main.ts";

export interface Ferropy {
  version: string;
  runMain(options: MainOptions): Promise<number>;
  loadPyodide(options: { env?: Record<string, string> }): Promise<PythonRuntime>;
}

/** Import the loader that lies beside the folder of this program. */
export function importFerropy(): Promise<Ferropy> {
  return import(new URL("../ferropy.mjs", import.meta.url).href) as Promise<Ferropy>;
}

/** The process's environment as plain text. */
export function environment(): Record<string, string> {
  const entries = Object.entries(process.env);
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] != null));
}
