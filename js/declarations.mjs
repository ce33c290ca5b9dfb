/**
 * Writes the published declarations: those of the entry points and what they refer to, and nothing else.
 *
 * Used by build.mjs for the distribution and by tests/types, which proves that they are valid.
 */

import { execFile } from "node:child_process";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const here = fileURLToPath(new URL(".", import.meta.url));

/** What TypeScript finds beside each file of the distribution, by name. */
const ENTRIES = {
  "ferropy.d.mts": 'export * from "./types/js/src/index.js";\n',
  "ferropy.d.ts": 'export * from "./types/js/src/index.js";\n',
  "pyodide.d.mts": 'export * from "./types/js/src/index.js";\n',
  // The classic script has fewer values (see src/classic.ts), but all of the types.
  "pyodide.d.ts": `export type * from "./types/js/src/index.js";
export { loadPyodide, version } from "./types/js/src/index.js";
`,
  "ffi.d.ts": 'export type * from "./types/js/src/ffi.js";\n',
};

const ROOTS = ["js/src/index.d.ts", "js/src/ffi.d.ts"];

/** Writes `types/` and the entries into a folder; what was in `types/` goes. */
export async function writeDeclarations(outdir) {
  const types = resolve(outdir, "types");
  await rm(types, { recursive: true, force: true });
  const tsc = join(here, "node_modules/typescript/bin/tsc");
  const args = [tsc, "-p", join(here, "tsconfig.types.json"), "--outDir", types];
  await promisify(execFile)(process.execPath, args).catch(({ stdout, message }) => {
    throw new Error(stdout || message);
  });
  // tsc writes one file for each source; who reads the types does not need the loader's inner ones.
  const needed = await reachable(ROOTS.map((name) => join(types, name)));
  for (const name of await readdir(types, { recursive: true })) {
    const path = join(types, name);
    if (name.endsWith(".ts") && !needed.has(path)) await rm(path);
  }
  for (const [name, text] of Object.entries(ENTRIES)) await writeFile(join(outdir, name), text);
}

/** The files that some declarations import, and those that these do. */
async function reachable(roots) {
  const found = new Set(roots);
  for (const path of found) {
    for (const [, relative] of (await readFile(path, "utf8")).matchAll(/(?:from|import\() ?"(\.[^"]+)\.ts"/g)) {
      found.add(resolve(path, "..", `${relative}.d.ts`));
    }
  }
  return found;
}
