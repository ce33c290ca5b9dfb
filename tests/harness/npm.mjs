/**
 * Offers the npm packages of tests/ to pages, as Node's `import` would find them: `/npm/NAME` leads to the
 * package's file, and what that file imports by bare names leads to `/npm/…` again. Pages may not have import maps
 * (they are inline script), workers know none.
 */
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGES = fileURLToPath(new URL('../node_modules', import.meta.url));
const PREFIX = '/tests/node_modules/';

/** A handler for the server (see `startServer`): true when the request was for a package. */
export async function serveNpm(request, response, path) {
  if (path.startsWith('/npm/')) {
    const file = fileURLToPath(import.meta.resolve(path.slice('/npm/'.length)));
    const location = PREFIX + relative(PACKAGES, file).replaceAll('\\', '/');
    response.writeHead(302, { Location: location }).end();
    return true;
  }
  if (!path.startsWith(PREFIX) || !/\.m?js$/.test(path) || path.includes('..') || path.startsWith(`${PREFIX}pyodide/`)) return false;
  const source = await readFile(join(PACKAGES, path.slice(PREFIX.length)), 'utf8');
  const linked = source.replace(/\b(from|import)(\s*)(["'])([@a-z][\w@./-]*)\3/g, '$1$2$3/npm/$4$3');
  response.writeHead(200, { 'Content-Type': 'text/javascript; charset=utf-8' }).end(linked);
  return true;
}
