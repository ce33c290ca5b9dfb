/** `pylock.toml` (PEP 751): resolver.wasm reads it (`pylock.rs`) and gives the same lock as a `pyodide-lock.json`. */

import { type Lockfile, PLATFORM } from "../../../js/src/lock.ts";
import { ResolverHalf } from "./resolve.ts";

/** Replaced by the build: the full version of Python, and the version of Emscripten. */
declare const FERROPY_CPYTHON: string;
declare const FERROPY_EMSCRIPTEN: string;

/**
 * The text of a `pylock.toml` as a `pyodide-lock.json`, with the wheels for this interpreter. Where none of them tells
 * what it needs, as in files of other tools, none has `depends`.
 * @param file what errors call it.
 * @throws PackageError if something in it is wrong, or nothing in it fits.
 */
export async function readPylock(
  module: Promise<WebAssembly.Module>,
  interpreter: object,
  text: string,
  file: string,
): Promise<Lockfile> {
  const half = await ResolverHalf.load(module);
  const abi = PLATFORM.replace(/^pyemscripten_|_wasm32$/g, "");
  const versions = { python: FERROPY_CPYTHON, emscripten: FERROPY_EMSCRIPTEN, abi };
  const answer = half.call({ op: "lock", text, file, interpreter, ...versions }) as { text: string; untold: boolean };
  const lock = JSON.parse(answer.text) as Lockfile;
  if (answer.untold) for (const entry of Object.values<{ depends?: string[] }>(lock.packages)) delete entry.depends;
  return lock;
}
