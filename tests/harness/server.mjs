/**
 * The static server that runtime tests and benches share.
 *
 * Serves folders under prefixes with the strictest headers the loader must live with, counts the bytes of
 * each response body, and optionally compresses with brotli. It is not `ferropy serve`: tests must not
 * depend on the thing they test.
 */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import zlib from 'node:zlib';

const brotli = promisify(zlib.brotliCompress);

/** The policy from the project's promises: no eval, no inline script, WebAssembly allowed. */
export const CSP = "script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; object-src 'none'";

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.zip': 'application/zip',
};

/**
 * @param {object} options
 * @param {[prefix: string, folder: string][]} options.mounts first match wins; prefixes end in `/`
 * @param {(request, response, path: string) => Promise<boolean>} [options.handle] sees every request first
 * @param {number} [options.brotli] quality; absent: no compression
 * @param {boolean} [options.isolated] COOP/COEP headers (default true)
 * @returns {Promise<{url: string, bytes: () => number, requests: () => {path: string, bytes: number}[],
 *   resetCount: () => void, close: () => Promise<void>}>}
 */
export async function startServer({ mounts, handle, brotli: quality, isolated = true }) {
  const compressed = new Map();
  let log = [];

  const resolve = async (path) => {
    for (const [prefix, folder] of mounts) {
      if (!path.startsWith(prefix)) continue;
      const inside = normalize(`/${path.slice(prefix.length)}`);
      const file = join(folder, inside);
      const info = await stat(file).catch(() => undefined);
      if (info?.isFile()) return { file, info };
    }
    return undefined;
  };

  const serve = async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://host').pathname);
    response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
    if (isolated) {
      response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
      response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    }
    response.setHeader('Content-Security-Policy', CSP);
    response.setHeader('Cache-Control', 'no-store');
    if (await handle?.(request, response, path)) return;
    const found = await resolve(path);
    if (!found) {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end(`no such file: ${path}\n`);
      return;
    }
    response.setHeader('Content-Type', TYPES[extname(found.file)] ?? 'application/octet-stream');
    const entry = { path, bytes: 0 };
    log.push(entry);
    if (quality !== undefined && /\bbr\b/.test(request.headers['accept-encoding'] ?? '')) {
      const body = await compress(found);
      entry.bytes = body.length;
      response.writeHead(200, { 'Content-Encoding': 'br', 'Content-Length': body.length }).end(body);
      return;
    }
    entry.bytes = found.info.size;
    response.writeHead(200, { 'Content-Length': found.info.size });
    await pipeline(createReadStream(found.file), response);
  };

  const compress = ({ file, info }) => {
    const key = `${file}\n${info.mtimeMs}\n${info.size}`;
    if (!compressed.has(key)) {
      compressed.set(
        key,
        readFile(file).then((data) =>
          brotli(data, {
            params: {
              [zlib.constants.BROTLI_PARAM_QUALITY]: quality,
              [zlib.constants.BROTLI_PARAM_SIZE_HINT]: data.length,
            },
          }),
        ),
      );
    }
    return compressed.get(key);
  };

  const server = createServer((request, response) => {
    serve(request, response).catch((error) => {
      // A page that was closed mid-download is no fault of the server's.
      if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') console.error(`server: ${request.url}: ${error.stack}`);
      response.destroy();
    });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    bytes: () => log.reduce((sum, entry) => sum + entry.bytes, 0),
    requests: () => log,
    resetCount: () => {
      log = [];
    },
    close: () =>
      new Promise((done) => {
        server.close(done);
        server.closeAllConnections();
      }),
  };
}
