/** What one side does, in Node and in pages alike: starts an interpreter, then does one thing with packages. */

const QUIET = { messageCallback: () => {}, errorCallback: () => {} };

const since = (begin) => (performance.now() - begin) / 1000;

/** Imports a loader and starts its interpreter. @param {string} loader */
export async function start(loader) {
  const begin = performance.now();
  const { loadPyodide } = await import(loader);
  const py = await loadPyodide({ stdout: () => {}, stderr: () => {} });
  const took = since(begin);
  // What the engine still does about the interpreter itself is not the packages'.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  return { py, took };
}

/** Loads wheels and imports them. */
async function wheels(py, { urls, code }) {
  const begin = performance.now();
  await py.loadPackage(urls, QUIET);
  const load = since(begin);
  const loaded = performance.now();
  py.runPython(code);
  return { load, import: since(loaded) };
}

/** The first request of a process costs Node tens of milliseconds, which are neither side's. */
async function warmUp(index) {
  await (await fetch(`${index}/micropip/`)).arrayBuffer();
}

/** Resolves without installing, by the message that comes between the two; the resolver is loaded before. */
async function resolveOurs(py, { requirements, index }) {
  await py.installPackages([], { ...QUIET, indexURLs: [index] });
  await warmUp(index);
  const begin = performance.now();
  await new Promise((resolved, failed) => {
    const messageCallback = (text) => {
      if (text.startsWith('Loading ')) resolved();
    };
    py.installPackages(requirements, { messageCallback, indexURLs: [index] }).catch(failed);
  });
  return { resolve: since(begin) };
}

/**
 * micropip's resolver alone: what its `install` does before it installs. It would also download the wheels meanwhile;
 * since the index serves METADATA apart, none is needed, and this favours it.
 */
const RESOLVE_MICROPIP = `
import time, micropip
from micropip.package_manager import Transaction, default_environment
from micropip.wheelinfo import WheelInfo

async def no_download(*args):
    pass

WheelInfo.download = no_download

async def resolve(requirements, index):
    begin = time.perf_counter()
    transaction = Transaction(
        _compat_layer=micropip.compatibility_layer, ctx=default_environment(), ctx_extras=[], keep_going=False,
        deps=True, pre=False, fetch_kwargs={}, verbose=False, index_urls=[index], constraints=[], reinstall=False,
    )
    await transaction.gather_requirements(requirements)
    return time.perf_counter() - begin
resolve
`;

async function resolvePeers(py, { requirements, index, micropip }) {
  await py.loadPackage(micropip, QUIET);
  await warmUp(index);
  const resolve = py.runPython(RESOLVE_MICROPIP);
  return { resolve: await resolve(py.toPy(requirements), index) };
}

/** From a loaded interpreter to installed packages, micropip's own loading included; and what came. */
async function install(py, { requirements, index, micropip }) {
  const begin = performance.now();
  if (micropip.length > 0) await py.loadPackage(micropip, QUIET);
  py.globals.set('requirements', py.toPy(requirements));
  await py.runPythonAsync(`import micropip; await micropip.install(requirements, index_urls=${JSON.stringify(index)})`);
  const took = since(begin);
  const picks = py.runPython(`
from importlib.metadata import distributions
" ".join(sorted(f"{d.name.lower().replace('_', '-')}=={d.version}" for d in distributions() if d.name != "micropip"))`);
  return { install: took, picks };
}

/** @param {{what: 'wheels' | 'resolve' | 'install'}} request */
export function perform(py, request) {
  if (request.what === 'wheels') return wheels(py, request);
  if (request.what === 'install') return install(py, request);
  return request.micropip.length > 0 ? resolvePeers(py, request) : resolveOurs(py, request);
}
