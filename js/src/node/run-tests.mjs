/**
 * Runs the unit tests of the TypeScript in this package that need no distribution: bundles every
 * `*.test.ts` below `src/` and hands them to Node's own test runner.
 *
 *     node src/node/run-tests.mjs
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const sources = fileURLToPath(new URL("..", import.meta.url));
const tests = readdirSync(sources, { recursive: true }).filter((name) => name.endsWith(".test.ts"));
const outdir = mkdtempSync(join(tmpdir(), "ferropy-js-tests-"));
try {
  await build({
    entryPoints: tests.map((name) => join(sources, name)),
    outdir,
    bundle: true,
    platform: "node",
    format: "esm",
    sourcemap: "inline",
    outExtension: { ".js": ".mjs" },
    logLevel: "warning",
  });
  const files = readdirSync(outdir, { recursive: true }).filter((name) => name.endsWith(".mjs"));
  const options = ["--enable-source-maps", "--test"];
  const run = spawnSync(process.execPath, [...options, ...files.map((name) => join(outdir, name))], {
    stdio: "inherit",
  });
  process.exitCode = run.status ?? 1;
} finally {
  rmSync(outdir, { recursive: true, force: true });
}
