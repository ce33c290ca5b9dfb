/* A classic (non-module) worker: loads pyodide.js with importScripts and answers with 6 * 7. */
self.onmessage = async ({ data }) => {
  self.importScripts(data);
  const py = await self.loadPyodide({ indexURL: data.replace(/[^/]*$/, '') });
  self.postMessage(py.runPython('6 * 7'));
};
