/**
 * Compares loading and importing wheels with the peer's loader, in Node: time, and memory beyond that of the loaded
 * interpreter.
 *
 *     node benches/packages/run.mjs [--rounds N] [--dist DIR] [--only REGEX] [--json FILE] [--self]
 *
 * Every measurement is a process of its own; the two sides take turns. The wheels are those of tests/wheels.lock.json,
 * from a server on this machine. `--self` puts the peer in ferropy's place: what then differs from 1 is noise.
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startServer } from '../../tests/harness/server.mjs';
import { ensureWheels } from '../../tests/harness/wheels.mjs';
import { chooseSides, order, say } from '../shared/sides.mjs';
import { geometricMean, median, megabytes, ratio, seconds } from '../shared/stats.mjs';

/** What importing each set means: what a program of its kind imports first. */
const IMPORTS = {
  msgpack: 'import msgpack._cmsgpack',
  bitarray: 'import bitarray.util',
  'python-calamine': 'import python_calamine',
  librt: 'import librt.base64, librt.internal',
  mypy: 'from mypy import api; import mypy.build, mypy.main',
  rich: 'import rich.console, rich.table, rich.syntax',
  jinja2: 'import jinja2',
  sympy: 'import sympy',
  networkx: 'import networkx',
  beautifulsoup4: 'import bs4',
};

/** Sums: the peer imports much of the standard library while it starts, ours when a package asks for it. */
const WHOLES = { whole: ['load', 'import'], 'with start': ['start', 'load', 'import'] };

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    dist: { type: 'string' },
    only: { type: 'string', default: '' },
    json: { type: 'string' },
    self: { type: 'boolean', default: false },
  },
});
const sides = chooseSides(options);
const wheels = ensureWheels();
const server = await startServer({ mounts: [['/', wheels.folder]] });

function measure({ dir, loader }, set) {
  const urls = wheels.sets[set].map((file) => `${server.url}/${file}`);
  const request = JSON.stringify({ dist: dir, loader, urls, code: IMPORTS[set] });
  const program = fileURLToPath(new URL('child.mjs', import.meta.url));
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--expose-gc', program, request], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (part) => (text += part));
    child.on('close', (code) => (code === 0 ? resolve(JSON.parse(text)) : reject(new Error(`${set}: exit code ${code}`))));
  });
}

const results = {};
for (const set of Object.keys(wheels.sets).filter((name) => new RegExp(options.only).test(name))) {
  results[set] = { ferropy: [], peer: [] };
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const side of order(round)) results[set][side].push(await measure(sides[side], set));
  }
  say(set);
}
await server.close();

const middle = (set, side, key) => median(results[set][side].map((one) => (WHOLES[key] ?? [key]).reduce((sum, part) => sum + one[part], 0)));
const rows = Object.keys(results).map((set) => {
  const pair = (key, unit) => ['ferropy', 'peer'].map((side) => unit(middle(set, side, key)));
  const quotient = (key) => middle(set, 'peer', key) / middle(set, 'ferropy', key);
  return [set, ...pair('load', seconds), ...pair('import', seconds), ratio(quotient('whole')), ratio(quotient('with start')), ...pair('peak', megabytes), ratio(quotient('peak'))];
});
console.table(
  rows.map(([set, load, peerLoad, imported, peerImported, faster, started, peak, peerPeak, smaller]) => ({
    set, load, 'load (peer)': peerLoad, import: imported, 'import (peer)': peerImported, 'times faster': faster, 'with start': started,
    peak, 'peak (peer)': peerPeak, 'times smaller': smaller,
  })),
);
const mean = (key) => geometricMean(Object.keys(results).map((set) => middle(set, 'peer', key) / middle(set, 'ferropy', key)));
console.log(`geometric means: ${ratio(mean('whole'))} times faster (${ratio(mean('with start'))} with the interpreter's start), ${ratio(mean('peak'))} times less memory at the peak`);
if (options.json) writeFileSync(options.json, `${JSON.stringify(results, null, 1)}\n`);
