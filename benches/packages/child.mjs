/** One measurement in a process of its own: time, and memory beyond that of the loaded interpreter. */
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { perform, start } from './side.mjs';

const { loader, request } = JSON.parse(process.argv[2]);
const { py, took } = await start(pathToFileURL(loader).href);
globalThis.gc?.();
const before = process.memoryUsage().rss;
try {
  // Forgets the peak of the start.
  writeFileSync('/proc/self/clear_refs', '5');
} catch {
  // Not Linux, or not allowed: the peak is then at least that of the start.
}
const figures = await perform(py, request);
const peak = process.resourceUsage().maxRSS * 1024;
const high = /VmHWM:\s*(\d+)/.exec(status())?.[1];
console.log(JSON.stringify({ start: took, ...figures, peak: Math.max(0, (high ? high * 1024 : peak) - before) }));
process.exit(0);

function status() {
  try {
    return readFileSync('/proc/self/status', 'utf8');
  } catch {
    return '';
  }
}
