/** Tables of results: for a terminal and for docs/benchmarks.md. Measures nothing. */
import { geometricMean, median, megabytes, ratio, seconds } from './stats.mjs';

/** What the project promised; shown beside what was reached. */
const TARGETS = { load: 1 / 3, bytes: 0.8, speed: 1, commandLine: 0.5 };

/** A row: name, our median, the peer's, and ours divided by the peer's. */
function row(name, times, target) {
  if (!times || times.ferropy.length === 0 || times.peer.length === 0) return undefined;
  const [ours, theirs] = [median(times.ferropy), median(times.peer)];
  return { name, ours, theirs, ratio: ours / theirs, target, rounds: times.ferropy.length };
}

/** @returns {{title: string, rows: object[], unit: Function, note?: string}[]} */
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
  const calls = Object.entries(results.calls ?? {}).map(([name, times]) => row(name, times)).filter(Boolean);
  if (calls.length > 0) all.push({ title: 'Calls across the border', unit: seconds, rows: calls, note: 'Per call, in Node; only what both can do.' });
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

function cells(table, r) {
  const verdict = r.target === undefined ? '' : `≤ ${ratio(r.target)}: ${r.ratio <= r.target * 1.005 ? 'reached' : 'missed'}`;
  const base = [r.name, table.unit(r.ours), table.unit(r.theirs), ratio(r.ratio)];
  if (table.native) {
    base.push(r.timesNative ? `ours ${ratio(r.timesNative[0])}, peer ${ratio(r.timesNative[1])} × native` : table.unit(r.native));
  }
  return [...base, verdict];
}

const headings = (table) => ['', 'ferropy', 'peer', 'ratio', ...(table.native ? ['native'] : []), 'target'];

export function printSummary(results) {
  for (const table of tables(results)) {
    console.log(`\n${table.title}`);
    const rows = [headings(table), ...table.rows.map((r) => cells(table, r))];
    const widths = rows[0].map((_, column) => Math.max(...rows.map((r) => r[column].length)));
    for (const r of rows) console.log(`  ${r.map((cell, i) => (i === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[i]))).join('  ')}`);
  }
  for (const [script, why] of Object.entries(results.python?.problems ?? {})) console.log(`  not measured: ${script}: ${why}`);
}

export function writeMarkdown(results) {
  const { machine, options } = results;
  const lines = [
    '# Benchmarks',
    '',
    'Written by `cargo xtask bench peer`; do not edit. Ratios below 1 mean that ferropy needs less than the peer.',
    '',
    `${machine.date}, commit ${machine.commit}; ${machine.cores} × ${machine.cpu}, Node ${machine.node}; peer: npm \`${machine.peer}\`; ` +
      `${options.rounds} rounds, interleaved, medians${options.quick ? '; quick run' : ''}.`,
  ];
  if (options.self) lines.push('', '**The peer against itself** (`--self`): what differs from 1 here is this machine\'s noise.');
  for (const table of tables(results)) {
    const head = headings(table);
    lines.push('', `## ${table.title}`, '');
    if (table.note) lines.push(table.note, '');
    lines.push(`| ${head.join(' | ')} |`, `| --- |${' ---: |'.repeat(head.length - 1)}`);
    for (const r of table.rows) lines.push(`| ${cells(table, r).join(' | ')} |`);
  }
  if (results.files) {
    lines.push('', '### By file', '', '| file | bytes |', '| --- | ---: |');
    for (const [side, files] of Object.entries(results.files)) {
      for (const { path, bytes } of files) lines.push(`| ${side}: ${path} | ${bytes.toLocaleString('en')} |`);
    }
  }
  const problems = Object.entries(results.python?.problems ?? {});
  if (problems.length > 0) {
    lines.push('', '### Not measured', '');
    for (const [script, why] of problems) lines.push(`- ${script}: ${why}`);
  }
  return `${lines.join('\n')}\n`;
}
