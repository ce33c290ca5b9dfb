/** One measurement in a process of its own: loads a distribution, then wheels, then imports them. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const { dist, loader, urls, code } = JSON.parse(process.argv[2]);
const start = performance.now();
const { loadPyodide } = await import(pathToFileURL(join(dist, loader)).href);
const py = await loadPyodide({ stdout: () => {}, stderr: () => {} });
const quiet = { messageCallback: () => {}, errorCallback: () => {} };
const started = performance.now();
// What the engine still does about the interpreter itself is not the loader's.
await new Promise((resolve) => setTimeout(resolve, 1500));
globalThis.gc?.();
const before = process.memoryUsage().rss;
const begin = performance.now();
await py.loadPackage(urls, quiet);
const loaded = performance.now();
py.runPython(code);
const imported = performance.now();
const peak = process.resourceUsage().maxRSS * 1024;
globalThis.gc?.();
console.log(
  JSON.stringify({
    start: (started - start) / 1000,
    load: (loaded - begin) / 1000,
    import: (imported - loaded) / 1000,
    peak: Math.max(0, peak - before),
    kept: Math.max(0, process.memoryUsage().rss - before),
    heap: (py._module?.HEAPU8 ?? py._module?.HEAP8)?.length,
  }),
);
process.exit(0);
