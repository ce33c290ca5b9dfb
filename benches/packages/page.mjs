/** Loads the distribution named in the query, then does what the driver asks for through `perform`. */
import { perform, start } from './side.mjs';

const { loader } = Object.fromEntries(new URL(location.href).searchParams);
try {
  const { py, took } = await start(new URL(loader, location.origin).href);
  globalThis.perform = async (request) => ({ start: took, ...(await perform(py, request)) });
  document.title = 'ready';
} catch (error) {
  document.title = `error ${error.message}`;
}
