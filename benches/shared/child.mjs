/**
 * A process that loads one distribution and does what it is told over IPC: the side of every measurement in Node.
 *
 *     {do: 'load', dist, loader}         how long import and loadPyodide took
 *     {do: 'script', path, argv, budget} one pyperformance script (folders are copied into MEMFS on first use)
 *     {do: 'case', name, target}         seconds per operation of one case of benches/ffi
 */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Measurer } from '../ffi/cases.mjs';

let py;
let measurer;
const copied = new Set();

function copyFolder(from, to) {
  if (copied.has(to)) return;
  copied.add(to);
  py.FS.mkdirTree(to);
  for (const name of readdirSync(from)) {
    const source = join(from, name);
    if (statSync(source).isDirectory()) copyFolder(source, `${to}/${name}`);
    else py.FS.writeFile(`${to}/${name}`, readFileSync(source));
  }
}

const actions = {
  async load({ dist, loader }) {
    const begin = performance.now();
    const { loadPyodide } = await import(pathToFileURL(join(dist, loader)).href);
    py = await loadPyodide({ stdout: () => {}, stderr: () => {} });
    return (performance.now() - begin) / 1000;
  },
  async script({ benchmarks, shim, folder, argv, budget }) {
    if (!copied.has('shim')) {
      copied.add('shim');
      py.FS.mkdirTree('/bench/shim');
      py.FS.writeFile('/bench/shim/pyperf_shim.py', readFileSync(shim));
      py.runPython('import sys; sys.path.insert(0, "/bench/shim"); import pyperf_shim, json');
    }
    copyFolder(join(benchmarks, folder), `/bench/${folder}`);
    py.globals.set('request', JSON.stringify([`/bench/${folder}/run_benchmark.py`, argv, budget]));
    return JSON.parse(py.runPython('pyperf_shim.run_script(*json.loads(request))'));
  },
  async case({ name, target }) {
    measurer ??= new Measurer(py);
    return measurer.measure(name, target);
  },
};

process.on('message', async ({ do: what, ...rest }) => {
  try {
    process.send({ answer: await actions[what](rest) });
  } catch (error) {
    process.send({ error: String(error?.message ?? error).trim().split('\n').at(-1) });
  }
});
