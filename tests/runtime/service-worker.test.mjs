/** The service worker of a distribution: after the first visit its files come from a cache, checked by their hashes. */
import { test } from '../harness/body.mjs';

const WINDOW = {
  skip: { peer: 'the peer has no service worker' },
  only: { window: 'service workers are registered by windows' },
  timeout: 120,
};

test('a distribution is kept by its service worker', WINDOW, async (load, t) => {
  const folder = new URL(t.env.distUrl, location.href).href;
  const registration = await navigator.serviceWorker.register(`${folder}service-worker.js`);
  t.after(async () => {
    await registration.unregister();
    for (const name of await caches.keys()) await caches.delete(name);
  });
  const worker = registration.installing ?? registration.waiting ?? registration.active;
  await new Promise((done, fail) => {
    const look = () => {
      if (worker.state === 'activated') done();
      if (worker.state === 'redundant') fail(new Error('the service worker was not installed'));
    };
    worker.addEventListener('statechange', look);
    look();
  });
  const cache = await caches.open('ferropy-files-1');
  const keys = (await cache.keys()).map(({ url }) => url);
  for (const file of ['ferropy.asm.wasm', 'ferropy.mjs', 'packages.wasm', 'python_stdlib.zip', 'pyodide-lock.json']) {
    const key = keys.find((url) => url.startsWith(`${folder}${file}?`));
    t.ok(key, `${file} is not kept`);
    const digest = await crypto.subtle.digest('SHA-256', await (await cache.match(key)).arrayBuffer());
    t.match(key, new RegExp(`${[...new Uint8Array(digest)].map((b) => b.toString(16).padStart(2, '0')).join('')}$`));
  }
  // A document below the folder is the worker's; an answer that only the cache can give proves who gave it.
  const lock = keys.find((url) => url.includes('pyodide-lock.json'));
  await cache.put(lock, new Response('from the cache'));
  const frame = document.createElement('iframe');
  frame.src = `${folder}pyodide-lock.json?frame`;
  await new Promise((done) => {
    frame.onload = done;
    document.body.append(frame);
  });
  t.after(() => frame.remove());
  t.equal(await (await frame.contentWindow.fetch(`${folder}pyodide-lock.json`)).text(), 'from the cache');
});

test('a page works without its server after the first visit', WINDOW, async (load, t) => {
  // A server of its own, which can be ended; another port is another origin, with caches of its own.
  const server = await (await fetch('/__server', { method: 'POST' })).text();
  const end = () => fetch(`/__server?${encodeURIComponent(server)}`, { method: 'DELETE' });
  t.after(end);
  const frame = document.createElement('iframe');
  t.after(() => frame.remove());
  const visit = (begin) =>
    new Promise((done, fail) => {
      const listen = ({ origin, data }) => {
        if (origin !== server) return;
        removeEventListener('message', listen);
        if (data.error === undefined) done(data);
        else fail(new Error(data.error));
      };
      addEventListener('message', listen);
      begin();
    });
  const first = await visit(() => {
    frame.src = `${server}/tests/harness/offline.html`;
    document.body.append(frame);
  });
  t.same({ ...first, version: '', scope: '' }, { missing: [], version: '', served: true, answer: 7, scope: '' });
  t.equal((await end()).status, 204);
  await t.rejects(() => fetch(`${server}/tests/harness/offline.html`, { mode: 'no-cors' }), 'the server is still there');
  for (let i = 0; i < 2; i++) {
    const again = await visit(() => frame.contentWindow.postMessage('reload', server));
    t.same(again, { ...first, served: false });
  }
});
