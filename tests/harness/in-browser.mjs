/** What `session.mjs` needs from a browser realm (window or worker). */
import { runFile } from './session.mjs';

/** @param {Record<string, string>} config the page's query */
export async function runInBrowser(config) {
  const send = async (event) => {
    await fetch(`/__event/${config.run}`, { method: 'POST', body: JSON.stringify(event) });
  };
  try {
    const response = await fetch(`/__plan/${config.run}`);
    const plan = await response.json();
    const distUrl = new URL(plan.dist, location.origin).href;
    const env = {
      engine: config.engine,
      browser: config.browser,
      kind: config.kind,
      peer: plan.peer,
      isolated: globalThis.crossOriginIsolated === true,
      distUrl,
      assetsUrl: new URL('/assets/', location.origin).href,
      assetNames: plan.assetNames,
      wheels: plan.wheels,
      importLoader: () => import(new URL(plan.loader, distUrl).href),
      importPackage: (name) => import(new URL(`/npm/${name}`, location.origin).href),
      loadDefaults: {},
      startSignaller: (buffer, ms, signum) =>
        new Promise((resolve, reject) => {
          const worker = new Worker(new URL('signaller.mjs', import.meta.url), { type: 'module' });
          worker.onmessage = () => resolve(worker);
          worker.onerror = (event) => reject(new Error(`signaller: ${event.message}`));
          worker.postMessage({ buffer, ms, signum });
        }),
    };
    await runFile(env, () => import(new URL(`../runtime/${config.file}`, import.meta.url).href), plan, send);
  } catch (error) {
    await send({ type: 'crash', message: `${error?.name}: ${error?.message}\n${error?.stack}` });
  }
}
