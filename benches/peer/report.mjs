/** Tables of results: for a terminal and for docs/benchmarks.md. Measures nothing. */
import { callTable } from '../ffi/report.mjs';
import { geometricMean, median, megabytes, seconds } from '../shared/stats.mjs';
import { markdownReport, printReport, row } from '../shared/tables.mjs';

/** What the project promised; shown beside what was reached. */
const TARGETS = { load: 1 / 3, bytes: 0.8, speed: 1, commandLine: 0.5 };

/** @returns {import('../shared/tables.mjs').Table[]} */
export function tables(results) {
  // The peer against itself has nothing to reach.
  const targets = results.options.self ? {} : TARGETS;
  const all = [];
  const starts = [
    row('loadPyodide() in Node', results.loadNode, targets.load),
    ...Object.entries(results.loadBrowser ?? {}).map(([browser, times]) =>
      row(`loadPyodide() in ${browser}`, times, targets.load),
    ),
    row("`ferropy run -c 'print(1)'`, the peer's bare loadPyodide(), process included", results.commandLine, targets.commandLine),
  ].filter(Boolean);
  if (starts.length > 0) {
    all.push({ title: 'Start', unit: seconds, rows: starts, note: 'A fresh process or page each round; import of the loader included. Pages come from a local server, compressed with brotli.' });
  }
  if (results.bytes) {
    const { ferropy: ours, peer: theirs } = results.bytes;
    all.push({
      title: 'Transferred until loadPyodide() resolves (brotli, quality 9)',
      unit: megabytes,
      rows: [{ name: 'all files', ours, theirs, ratio: ours / theirs, target: targets.bytes }],
    });
  }
  if (results.calls) all.push(callTable('Node', results.calls, results.options));
  const python = Object.entries(results.python?.figures ?? {})
    .map(([name, times]) => {
      const base = row(name, times);
      if (!base) return undefined;
      const native = times.native.length > 0 ? median(times.native) : undefined;
      return { ...base, native };
    })
    .filter(Boolean);
  if (python.length > 0) {
    const withNative = python.filter((r) => r.native !== undefined);
    const summary = { name: '**geometric mean**', ratio: geometricMean(python.map((r) => r.ratio)), target: targets.speed };
    if (withNative.length > 0) {
      summary.timesNative = [
        geometricMean(withNative.map((r) => r.ours / r.native)),
        geometricMean(withNative.map((r) => r.theirs / r.native)),
      ];
    }
    all.push({ title: `Pure-Python speed: ${python.length} figures of pyperformance, in Node`, unit: seconds, rows: [...python, summary], native: true, note: 'Time per loop. Native: the same Python version on this machine without WebAssembly.' });
  }
  return all;
}

const problems = (results) => ({ ...results.calls?.problems, ...results.python?.problems });

export const printSummary = (results) => printReport(tables(results), problems(results));

export function writeMarkdown(results) {
  const files = Object.entries(results.files ?? {}).flatMap(([side, all]) => {
    return all.map(({ path, bytes }) => `| ${side}: ${path} | ${bytes.toLocaleString('en')} |`);
  });
  const more = files.length === 0 ? [] : ['', '### By file', '', '| file | bytes |', '| --- | ---: |', ...files];
  return markdownReport('Benchmarks', 'cargo xtask bench peer', results, tables(results), problems(results), more);
}
