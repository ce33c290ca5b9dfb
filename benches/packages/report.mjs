/** Tables of loading and resolving packages: for a terminal and for docs/benchmarks-packages.md. Measures nothing. */
import { megabytes, seconds } from '../shared/stats.mjs';
import { markdownReport, printReport, row } from '../shared/tables.mjs';
import { ALL } from './wheels.mjs';

/** What the project promised, as ratios. */
const TARGETS = { natively: 2, resolve: 0.1, all: 0.5, each: 1, peak: 0.5 };

const rowsOf = (times, target) =>
  Object.entries(times)
    .map(([name, both]) => row(name, both, target))
    .filter(Boolean);

/** Sums of some figures of each measurement. */
function sums(results, parts) {
  const sum = (one) => parts.reduce((total, part) => total + one[part], 0);
  return Object.fromEntries(
    Object.entries(results).map(([set, { ferropy, peer }]) => [set, { ferropy: ferropy.map(sum), peer: peer.map(sum) }]),
  );
}

function wheelTables(engine, results, targets) {
  const rows = (parts, target) => rowsOf(sums(results, parts)).map((r) => ({ ...r, target: target(r.name) }));
  const bounds = (name) => (name === ALL ? targets.all : targets.each);
  return [
    {
      title: `Wheels from start to import, in ${engine}`, unit: seconds, rows: rows(['start', 'load', 'import'], bounds),
      note: 'Starting the interpreter, loading the wheels from a server on this machine, importing them. `all` is one interpreter with all sets.',
    },
    {
      title: `Loading and importing alone, in ${engine}`, unit: seconds, rows: rows(['load', 'import'], () => undefined),
      note: 'The peer imports much of the standard library while it starts, ours when a package asks for it.',
    },
    { title: `Importing alone, in ${engine}`, unit: seconds, rows: rows(['import'], () => undefined) },
    {
      title: `Memory peak, in ${engine}`, unit: megabytes,
      rows: rows(['peak'], (name) => (name === ALL ? targets.peak : undefined)).filter((r) => !Number.isNaN(r.ratio)),
      note: 'Resident memory of the process beyond that of the loaded interpreter.',
    },
  ];
}

function tables({ natively, runtime, wheels, options }) {
  // The peer against itself has nothing to reach.
  const targets = options.self ? {} : TARGETS;
  const all = [];
  if (natively) {
    all.push({
      title: 'Resolving natively, beside uv', against: 'uv', unit: seconds, rows: rowsOf(natively.times, targets.natively),
      note: '`uv pip compile --only-binary :all:` for Python 3.13 on Linux; both from warm caches, the start of the process included.',
    });
  }
  if (runtime) {
    all.push(
      {
        title: 'Resolving in the runtime, beside micropip', unit: seconds, rows: rowsOf(runtime.resolve, targets.resolve),
        note: 'In Node, from an index on this machine; both resolvers are loaded, neither downloads wheels.',
      },
      {
        title: 'micropip.install', unit: seconds, rows: rowsOf(runtime.install),
        note: 'In Node, from a loaded interpreter to installed packages; the loading of the resolver, or of the peer\'s micropip, included.',
      },
    );
  }
  for (const [engine, results] of Object.entries(wheels ?? {})) all.push(...wheelTables(engine, results, targets));
  return all;
}

const problems = ({ natively, runtime }) => ({ ...natively?.problems, ...runtime?.problems });

export const printSummary = (results) => printReport(tables(results), problems(results));

export const writeMarkdown = (results) => markdownReport('Benchmarks of packages', 'cargo xtask bench packages', results, tables(results), problems(results));
