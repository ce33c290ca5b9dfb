/**
 * A page that works offline after its first visit, as docs/packages.md says. In a frame of a test: it tells its parent
 * what happened, and reloads when it is told to.
 */
import { answerOf } from './offline-part.mjs';

async function visit() {
  const registration = await navigator.serviceWorker.register('offline-worker.js');
  const { active } = await navigator.serviceWorker.ready;
  const first = performance.getEntriesByType('resource').map(({ name }) => name);
  const channel = new MessageChannel();
  const kept = new Promise((done) => {
    channel.port1.onmessage = ({ data }) => done(data);
  });
  active.postMessage({ keep: [location.href, ...first] }, [channel.port2]);
  const { missing } = await kept;
  const { loadPyodide, version } = await import('/dist/ferropy.mjs');
  const py = await loadPyodide({ lockFileURL: '/assets/lock-two.json' });
  await py.loadPackage('ferropy-needy', { messageCallback: () => {} });
  const served = await fetch(`/dist/nothing-${Math.random()}`).then(() => true, () => false);
  return { missing, version, served, answer: answerOf(py), scope: registration.scope };
}

addEventListener('message', ({ data }) => {
  if (data === 'reload') location.reload();
});
visit().then(
  (result) => parent.postMessage(result, '*'),
  (error) => parent.postMessage({ error: String(error?.stack ?? error) }, '*'),
);
