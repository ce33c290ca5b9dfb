/**
 * Compares resolving, loading and importing packages with the peer's loader, with micropip and with uv.
 *
 *     node benches/packages/run.mjs [--quick] [--json FILE] [--rounds N] [--dist DIR] [--self] [--no-doc]
 *                                   [--engine node,chromium] [--only natively,runtime,wheels] [--sets REGEX]
 *
 * `--sets` chooses among sets of wheels and graphs alike.
 *
 * Every measurement is a process of its own; the sides take turns. The wheels are those of tests/wheels.lock.json.
 * `--self` puts the peer in ferropy's place: what then differs from 1 is noise. Writes docs/benchmarks-packages.md.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { REPO } from '../../tests/harness/pins.mjs';
import { chooseSides, machine } from '../shared/sides.mjs';
import { printSummary, writeMarkdown } from './report.mjs';
import { measureInRuntime, measureNatively } from './resolve.mjs';
import { measureWheels } from './wheels.mjs';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    rounds: { type: 'string' },
    dist: { type: 'string' },
    self: { type: 'boolean', default: false },
    engine: { type: 'string', default: 'node,chromium' },
    only: { type: 'string', default: 'natively,runtime,wheels' },
    sets: { type: 'string' },
    'no-doc': { type: 'boolean', default: false },
  },
});
const { quick, self } = options;
const rounds = Number(options.rounds ?? (quick ? 2 : 7));
const plan = { rounds, self, sets: new RegExp(options.sets ?? '') };
const parts = options.only.split(',');
const sides = chooseSides(options);
const results = { machine: machine(), options: { quick, self, rounds } };

// uv has no part in comparing the peer with itself.
if (parts.includes('natively') && !self) results.natively = measureNatively(plan);
if (parts.includes('runtime')) results.runtime = await measureInRuntime(sides, plan);
if (parts.includes('wheels')) {
  results.wheels = {};
  for (const engine of options.engine.split(',')) {
    const measured = await measureWheels(engine, sides, plan);
    if (measured !== undefined) results.wheels[engine === 'node' ? 'Node' : engine] = measured;
  }
}

if (options.json) writeFileSync(options.json, `${JSON.stringify(results, null, 1)}\n`);
const whole = parts.length === 3 && options.sets === undefined && !self;
if (whole && !options['no-doc']) writeFileSync(join(REPO, 'docs', 'benchmarks-packages.md'), writeMarkdown(results));
printSummary(results);
