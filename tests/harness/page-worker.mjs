/** Worker entry: the same run as in the page, one thread away from it. */
globalThis.onmessage = async ({ data }) => {
  globalThis.onmessage = null;
  const { runInBrowser } = await import('./in-browser.mjs');
  await runInBrowser(data);
};
