/** Rows and tables of comparisons, for a terminal and for Markdown. Measures nothing. */
import { median, ratio } from './stats.mjs';

/**
 * @typedef {object} Row
 * @property {string} name
 * @property {number} [ours]
 * @property {number} [theirs]
 * @property {number} ratio ours divided by the peer's
 * @property {number} [target] the ratio that was promised
 * @property {number} [native] the same without WebAssembly
 * @property {[ours: number, theirs: number]} [timesNative]
 *
 * @typedef {{title: string, rows: Row[], unit: (value?: number) => string, note?: string, native?: boolean,
 *   against?: string}} Table
 * `against` names what is compared with if that is not the peer.
 */

/** A row of medians, or undefined when one side has nothing. @returns {Row | undefined} */
export function row(name, times, target) {
  if (!times || times.ferropy.length === 0 || times.peer.length === 0) return undefined;
  const [ours, theirs] = [median(times.ferropy), median(times.peer)];
  return { name, ours, theirs, ratio: ours / theirs, target };
}

function cells(table, r) {
  const verdict = r.target === undefined ? '' : `≤ ${ratio(r.target)}: ${r.ratio <= r.target * 1.005 ? 'reached' : 'missed'}`;
  const base = [r.name, table.unit(r.ours), table.unit(r.theirs), ratio(r.ratio)];
  if (table.native) {
    base.push(r.timesNative ? `ours ${ratio(r.timesNative[0])}, peer ${ratio(r.timesNative[1])} × native` : table.unit(r.native));
  }
  return [...base, verdict];
}

const headings = (table) => ['', 'ferropy', table.against ?? 'peer', 'ratio', ...(table.native ? ['native'] : []), 'target'];

/** @param {Table[]} tables */
function printTables(tables) {
  for (const table of tables) {
    console.log(`\n${table.title}`);
    const rows = [headings(table), ...table.rows.map((r) => cells(table, r))];
    const widths = rows[0].map((_, column) => Math.max(...rows.map((r) => r[column].length)));
    for (const r of rows) console.log(`  ${r.map((cell, i) => (i === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[i]))).join('  ')}`);
  }
}

/** The file's head: what wrote it, where and with what. @param {{machine: object, options: object}} results */
function markdownHead(title, command, { machine, options }) {
  const lines = [
    `# ${title}`,
    '',
    `Written by \`${command}\`; do not edit. Ratios below 1 mean that ferropy needs less than the peer.`,
    '',
    `${machine.date}, commit ${machine.commit}; ${machine.cores} × ${machine.cpu}, Node ${machine.node}; peer: npm \`${machine.peer}\`; ` +
      `${options.rounds} rounds, interleaved, medians${options.quick ? '; quick run' : ''}.`,
  ];
  if (options.self) lines.push('', "**The peer against itself** (`--self`): what differs from 1 here is this machine's noise.");
  return lines;
}

/** @param {Table[]} tables */
function markdownTables(tables) {
  const lines = [];
  for (const table of tables) {
    const head = headings(table);
    lines.push('', `## ${table.title}`, '');
    if (table.note) lines.push(table.note, '');
    lines.push(`| ${head.join(' | ')} |`, `| --- |${' ---: |'.repeat(head.length - 1)}`);
    for (const r of table.rows) lines.push(`| ${cells(table, r).join(' | ')} |`);
  }
  return lines;
}

/** What one side could not do, or did otherwise. @param {Record<string, string>} problems */
function markdownProblems(problems) {
  const all = Object.entries(problems);
  return all.length === 0 ? [] : ['', '### Problems', '', ...all.map(([what, why]) => `- ${what}: ${why}`)];
}

/** The terminal's report. @param {Table[]} tables @param {Record<string, string>} problems */
export function printReport(tables, problems) {
  printTables(tables);
  for (const [what, why] of Object.entries(problems)) console.log(`  problem: ${what}: ${why}`);
}

/** The file's. @param {string[]} more lines between tables and problems */
export function markdownReport(title, command, results, tables, problems, more = []) {
  const lines = [...markdownHead(title, command, results), ...markdownTables(tables), ...more, ...markdownProblems(problems)];
  return `${lines.join('\n')}\n`;
}
