/**
 * A load of packages in a place of its own, so that it can be ended at any moment: a worker or a frame (harness/loading.html)
 * that is given what to load by a message and answers with each step; a process of Node that gets it as its argument.
 */

/** @param {{loader: string, options: object, names: string[]}} what @param {(step: object) => void} tell */
async function loadPackages({ loader, options, names }, tell) {
  try {
    const { loadPyodide } = await import(loader);
    const py = await loadPyodide(options);
    const progressCallback = ({ phase, received, total }) => tell({ step: phase, received, total });
    await py.loadPackage(names, { messageCallback: (text) => tell({ step: 'message', text }), progressCallback });
    tell({ step: 'loaded' });
  } catch (error) {
    tell({ step: 'failed', text: String(error?.stack ?? error) });
  }
}

if (globalThis.process?.argv === undefined) {
  const parent = globalThis.document === undefined ? globalThis : globalThis.parent;
  globalThis.onmessage = ({ data }) => loadPackages(data, (step) => parent.postMessage(step));
  parent.postMessage({ step: 'ready' });
} else {
  await dieWhileWriting(JSON.parse(process.argv[2]));
}

/** Node: dies by SIGKILL when half of a file is written if `what.die` says so; else prints the steps. */
async function dieWhileWriting(what) {
  const { promises } = await import('node:fs');
  const { writeFile } = promises;
  if (what.die === 'half-written') {
    promises.writeFile = async (path, bytes) => {
      await writeFile(path, bytes.subarray(0, bytes.length >> 1));
      process.kill(process.pid, 'SIGKILL');
    };
  }
  await loadPackages(what, (step) => {
    console.log(JSON.stringify(step));
    if (step.step === what.die) process.kill(process.pid, 'SIGKILL');
  });
}
