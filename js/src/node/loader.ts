/** The part of `ferropy.mjs` that the Node programs use; it is imported at run time, not bundled. */

import { delimiter } from "node:path";
import type { PythonRuntime } from "../console/session.ts";
import type { addSitePaths, enterHost } from "../hostfs.ts";
import type { PyodideConfig } from "../index.ts";
import type { MainOptions } from "../main.ts";

export interface Ferropy {
  version: string;
  runMain(options: MainOptions): Promise<number>;
  loadPyodide(options: Pick<PyodideConfig, "env" | "fsInit" | "packageProgress">): Promise<PythonRuntime>;
  addSitePaths: typeof addSitePaths;
  enterHost: typeof enterHost;
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

/** The paths in an environment variable that is built like PATH. */
export function folders(variable: string): string[] {
  return (process.env[variable] ?? "").split(delimiter).filter((path) => path !== "");
}
