/**
 * Bundles the TypeScript of this folder and of runtime/src into a distribution.
 *
 *     node build.mjs --outdir DIR
 *
 * What only other folders know (versions) is read from where it is pinned.
 */

import { copyFile, mkdir, readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { writeDeclarations } from "./declarations.mjs";

const { values } = parseArgs({ options: { outdir: { type: "string" } } });
if (values.outdir === undefined) {
  console.error("build.mjs: --outdir DIR says where the bundles go");
  process.exit(2);
}
const outdir = values.outdir;
const root = new URL("../", import.meta.url);

/** A `key = "value"` line of a section of a TOML file in the repository. */
async function pinned(file, section, key) {
  const text = await readFile(new URL(file, root), "utf8");
  const body = text.split(/^\[/m).find((part) => part.startsWith(`${section}]`));
  const value = body?.match(new RegExp(`^${key} *= *"(.*)"`, "m"))?.[1];
  if (value === undefined) throw new Error(`${file} has no ${key} in [${section}]`);
  return value;
}

const define = {
  FERROPY_VERSION: JSON.stringify(await pinned("Cargo.toml", "workspace.package", "version")),
  FERROPY_PLATFORM: JSON.stringify(await pinned("versions.toml", "abi", "platform")),
  FERROPY_PYTHON: JSON.stringify(await pinned("versions.toml", "abi", "python")),
  FERROPY_CPYTHON: JSON.stringify(await pinned("versions.toml", "cpython", "version")),
  FERROPY_EMSCRIPTEN: JSON.stringify(await pinned("versions.toml", "toolchain", "emscripten")),
};
const common = { bundle: true, minify: true, keepNames: true, target: "es2022", legalComments: "none", outdir, define };
const esm = {
  ...common,
  format: "esm",
  outExtension: { ".js": ".mjs" },
  define: { ...define, FERROPY_SCRIPT_URL: "import.meta.url" },
};

await mkdir(`${outdir}/node`, { recursive: true });
const src = (name) => new URL(`src/${name}`, import.meta.url).pathname;
await Promise.all([
  build({ ...esm, entryPoints: { ferropy: src("index.ts"), pyodide: src("index.ts") }, external: ["node:*"] }),
  build({
    ...common,
    format: "iife",
    entryPoints: { pyodide: src("classic.ts") },
    external: ["node:*"],
    define: { ...define, FERROPY_SCRIPT_URL: "ferropyScriptUrl" },
    banner: {
      // A classic script's URL is only known while it runs for the first time:
      // from `document` in a page, from the stack in a worker, from Node.
      js: 'var ferropyScriptUrl=typeof __filename==="string"?"file://"+__filename:globalThis.document?.currentScript?.src??/(\\w+:\\/\\/.*?\\.js)/.exec(new Error().stack)?.[1]??globalThis.location.href;var ferropyExports=typeof module==="object"?module.exports:void 0;',
    },
  }),
  build({ ...esm, entryPoints: { packages: new URL("packages/src/packages.ts", root).pathname }, external: ["node:*"] }),
  build({ ...common, format: "iife", entryPoints: { "service-worker": src("service-worker.ts") } }),
  writeDeclarations(outdir),
  build({
    ...esm,
    platform: "node",
    entryPoints: {
      "node/fetcher": src("node/fetcher.ts"),
      "node/python": src("node/python.ts"),
      "node/repl": src("node/repl.ts"),
    },
  }),
  build({
    ...esm,
    entryPoints: { console: src("console/page.ts"), "console.worker": src("console/worker.ts") },
    external: ["node:*"],
  }),
]);
await copyFile(src("console/console.html"), `${outdir}/console.html`);
