/** Loads the distribution named in the query, then measures what the driver asks for through `measure`. */
import { Measurer } from './cases.mjs';

const { dist, loader } = Object.fromEntries(new URL(location.href).searchParams);
try {
  const { loadPyodide } = await import(new URL(loader, new URL(dist, location.origin)).href);
  const measurer = new Measurer(await loadPyodide());
  globalThis.measure = (name, target) => measurer.measure(name, target);
  document.title = 'ready';
} catch (error) {
  document.title = `error ${error.message}`;
}
