/** Tables of results: for a terminal and for docs/benchmarks.md. Measures nothing. */
import { callTable } from '../ffi/report.mjs';
import { geometricMean, median, megabytes, seconds } from '../shared/stats.mjs';
import { markdownHead, markdownProblems, markdownTables, printTables, row } from '../shared/tables.mjs';

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

export function printSummary(results) {
  printTables(tables(results));
  for (const [what, why] of Object.entries(problems(results))) console.log(`  not measured: ${what}: ${why}`);
}

const problems = (results) => ({ ...results.calls?.problems, ...results.python?.problems });

export function writeMarkdown(results) {
  const lines = [...markdownHead('Benchmarks', 'cargo xtask bench peer', results), ...markdownTables(tables(results))];
  if (results.files) {
    lines.push('', '### By file', '', '| file | bytes |', '| --- | ---: |');
    for (const [side, files] of Object.entries(results.files)) {
      for (const { path, bytes } of files) lines.push(`| ${side}: ${path} | ${bytes.toLocaleString('en')} |`);
    }
  }
  return `${[...lines, ...markdownProblems(problems(results))].join('\n')}\n`;
}
