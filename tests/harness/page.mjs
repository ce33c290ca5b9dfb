/**
 * Browser entry: runs the test file named in the page's query, here or in a module worker, and posts every
 * event to the test server. All of it is static files from one origin, as the Content-Security-Policy wants.
 */
const config = Object.fromEntries(new URL(location.href).searchParams);

if (config.kind === 'worker') {
  const worker = new Worker(new URL('page-worker.mjs', import.meta.url), { type: 'module' });
  worker.onerror = (event) => {
    void fetch(`/__event/${config.run}`, {
      method: 'POST',
      body: JSON.stringify({ type: 'crash', message: `worker: ${event.message ?? 'failed to start'}` }),
    });
  };
  worker.postMessage(config);
} else {
  const { runInBrowser } = await import('./in-browser.mjs');
  await runInBrowser(config);
}
