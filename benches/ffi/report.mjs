/** Tables of the border's figures: for a terminal and for docs/benchmarks-ffi.md. Measures nothing. */
import { geometricMean, seconds } from '../shared/stats.mjs';
import { markdownReport, printReport, row } from '../shared/tables.mjs';

/** What the project promised: for each case, and for the geometric mean of all. */
const TARGETS = { each: 1, mean: 0.5 };

/**
 * @param {string} engine
 * @param {import('./measure.mjs').Calls} calls
 * @param {{self: boolean}} options
 * @returns {import('../shared/tables.mjs').Table}
 */
export function callTable(engine, calls, options) {
  // The peer against itself has nothing to reach.
  const targets = options.self ? {} : TARGETS;
  const rows = Object.entries(calls.figures)
    .map(([name, times]) => row(name, times, targets.each))
    .filter(Boolean);
  const mean = { name: '**geometric mean**', ratio: geometricMean(rows.map((r) => r.ratio)), target: targets.mean };
  return { title: `Calls across the border, in ${engine}`, unit: seconds, rows: [...rows, mean], note: 'Per operation.' };
}

const tables = (results) => Object.entries(results.engines).map(([engine, calls]) => callTable(engine, calls, results.options));
const problems = (results) => Object.assign({}, ...Object.values(results.engines).map((calls) => calls.problems));

export const printSummary = (results) => printReport(tables(results), problems(results));

export const writeMarkdown = (results) => markdownReport('Benchmarks of the border', 'cargo xtask bench ffi', results, tables(results), problems(results));
