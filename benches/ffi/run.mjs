/**
 * Compares the border between Python and JavaScript with the peer's: calls, attributes, conversions, buffers, in
 * Node and Chromium.
 *
 *     node benches/ffi/run.mjs [--quick] [--json FILE] [--rounds N] [--dist DIR] [--self]
 *                              [--engine node,chromium,firefox] [--only REGEX] [--no-doc]
 *
 * `--self` puts the peer in ferropy's place: what then differs from 1 is noise. Writes docs/benchmarks-ffi.md.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findBrowser } from '../../tests/harness/engines.mjs';
import { REPO } from '../../tests/harness/pins.mjs';
import { chooseSides, machine, say } from '../shared/sides.mjs';
import { measureInBrowser, measureInNode } from './measure.mjs';
import { printSummary, writeMarkdown } from './report.mjs';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    rounds: { type: 'string' },
    dist: { type: 'string' },
    self: { type: 'boolean', default: false },
    engine: { type: 'string', default: 'node,chromium' },
    only: { type: 'string' },
    'no-doc': { type: 'boolean', default: false },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 3 : 7));
const plan = { quick: options.quick, rounds, only: options.only ? new RegExp(options.only) : undefined };
const sides = chooseSides(options);
const results = { machine: machine(), options: { quick: options.quick, self: options.self, rounds }, engines: {} };

for (const engine of options.engine.split(',')) {
  if (engine === 'node') {
    results.engines.Node = await measureInNode(sides, plan);
  } else if (findBrowser(engine)) {
    results.engines[engine] = await measureInBrowser(engine, sides, plan);
  } else {
    say(`${engine} is not installed: no figures for it`);
  }
}

if (options.json) writeFileSync(options.json, `${JSON.stringify(results, null, 1)}\n`);
if (!options['no-doc'] && !options.only) writeFileSync(join(REPO, 'docs', 'benchmarks-ffi.md'), writeMarkdown(results));
printSummary(results);
