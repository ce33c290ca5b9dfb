/**
 * Node's side of a run: a child process that runs one test file and sends events over IPC. A process of its
 * own, so that a hang or a crash of the interpreter costs one test and not the runner.
 */
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { runFile } from './session.mjs';

process.once('message', async (plan) => {
  // Waiting for each event's arrival keeps the order and loses none when the process dies.
  const send = (event) =>
    new Promise((resolve, reject) => {
      process.send(event, (error) => (error ? reject(error) : resolve()));
    });
  try {
    const distUrl = pathToFileURL(`${plan.distDir}/`).href;
    const env = {
      engine: 'node',
      browser: 'none',
      kind: 'node',
      peer: plan.peer,
      isolated: true,
      distUrl,
      distDir: plan.distDir,
      repo: plan.repo,
      assetsUrl: plan.assetsUrl,
      assetNames: plan.assetNames,
      wheels: plan.wheels,
      importLoader: () => import(new URL(plan.loader, distUrl).href),
      importPackage: (name) => import(name),
      loadDefaults: {},
      startSignaller: (buffer, ms, signum) =>
        new Promise((resolve, reject) => {
          const worker = new Worker(new URL('signaller.mjs', import.meta.url));
          worker.once('message', () => resolve(worker));
          worker.once('error', reject);
          worker.postMessage({ buffer, ms, signum });
        }),
    };
    await runFile(env, () => import(new URL(`../runtime/${plan.file}`, import.meta.url).href), plan, send);
  } catch (error) {
    await send({ type: 'crash', message: String(error?.stack ?? error) });
  }
  process.disconnect();
  process.exit(0);
});
