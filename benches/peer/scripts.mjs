/** Which of pyperformance's scripts run: those that need only the standard library and no event loop. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE } from '../../tests/harness/pins.mjs';

/** pyperformance's newest at the time of writing; figures of different versions do not compare. */
const PYPERFORMANCE = 'pyperformance==1.14.0';

/** Folder (without `bm_`) and arguments. @type {[script: string, ...args: string[]][]} */
export const SCRIPTS = [
  ['nbody'],
  ['fannkuch'],
  ['spectral_norm'],
  ['deltablue'],
  ['richards'],
  ['chaos'],
  ['go'],
  ['hexiom'],
  ['nqueens'],
  ['float'],
  ['raytrace'],
  ['pyflate'],
  ['json_dumps'],
  ['json_loads'],
  ['logging'],
  ['pickle', 'pickle'],
  ['pickle', 'unpickle'],
  ['pprint'],
  ['regex_effbot'],
  ['regex_v8'],
  ['unpack_sequence'],
  ['deepcopy'],
  ['comprehensions'],
  ['generators'],
  ['coroutines'],
  ['telco'],
  ['pidigits'],
  ['typing_runtime_protocols'],
  // The rest is left out by --quick.
  ['richards_super'],
  ['scimark'],
  ['regex_compile'],
  ['regex_dna'],
  ['meteor_contest'],
  ['mdp'],
  ['async_generators'],
  ['sqlite_synth'],
  ['xml_etree'],
  ['pickle', '--pure-python', 'pickle'],
  ['pickle', '--pure-python', 'unpickle'],
  ['gc_collect'],
  ['gc_traversal'],
  ['decimal_pi'],
  ['barnes_hut'],
  ['base64'],
  ['argparse'],
];

/** How many of them --quick runs. */
export const QUICK = 28;

/** Downloads and unpacks pyperformance once; returns the folder of its `bm_*` folders. */
export function ensurePyperformance() {
  const home = join(CACHE, 'bench', PYPERFORMANCE.replace('==', '-'));
  const benchmarks = join(home, 'pyperformance', 'data-files', 'benchmarks');
  if (existsSync(benchmarks)) return benchmarks;
  mkdirSync(join(CACHE, 'bench'), { recursive: true });
  const temporary = mkdtempSync(join(CACHE, 'bench', '.part-'));
  const run = (program, args) => {
    const result = spawnSync(program, args, { encoding: 'utf8' });
    if (result.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${result.stderr ?? result.error}`);
  };
  try {
    run('python3', ['-m', 'pip', '-q', 'download', '--no-deps', '--dest', temporary, PYPERFORMANCE]);
    const wheel = join(temporary, readdirSync(temporary)[0]);
    run('python3', ['-m', 'zipfile', '-e', wheel, temporary]);
    rmSync(wheel);
    renameSync(temporary, home);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return benchmarks;
}
