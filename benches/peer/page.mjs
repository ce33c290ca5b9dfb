/** Loads the distribution named in the query and leaves the seconds it took in the title. */
const { dist, loader } = Object.fromEntries(new URL(location.href).searchParams);
try {
  const begin = performance.now();
  const { loadPyodide } = await import(new URL(loader, new URL(dist, location.origin)).href);
  await loadPyodide();
  document.title = `took ${(performance.now() - begin) / 1000}`;
} catch (error) {
  document.title = `error ${error.message}`;
}
