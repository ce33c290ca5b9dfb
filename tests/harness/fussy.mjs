/**
 * A server with ways of its own: `/fussy/KEY/WAYS/FILE` is a file of the assets, served in one or more of these ways:
 *
 * - `ranges` knows ranges; without it the whole file comes, whatever is asked for
 * - `lying` answers ranges with other bytes, `cut` with too few, `refuse` not at all
 * - `open` allows other origins, without the headers that need leave; without it only the page's own may ask
 * - `login-NAME` wants the login `NAME:secret`
 *
 * `/fussy/KEY/log` lists the requests with that key and the bytes that each was sent.
 */
import { readFile } from 'node:fs/promises';
import { join, normalize } from 'node:path';

/** @param {string} folder of the assets @returns a handler for the server (see `startServer`) */
export function fussy(folder) {
  const logs = new Map();
  return async (request, response, path) => {
    const [, key, way, file] = /^\/fussy\/([^/]+)\/([^/]+)(?:\/(.*))?$/.exec(path) ?? [];
    if (key === undefined) return false;
    const log = logs.get(key) ?? [];
    logs.set(key, log);
    if (way === 'log') {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(log));
      return true;
    }
    const ways = way.split(',');
    const { method, headers } = request;
    const entry = { method, way, file, range: headers.range ?? null, login: headers.authorization ?? null, bytes: 0 };
    log.push(entry);
    if (ways.includes('open')) response.setHeader('Access-Control-Allow-Origin', '*');
    const end = (status, body = '', more = {}) => {
      entry.bytes = method === 'HEAD' ? 0 : body.length;
      response.writeHead(status, { 'Content-Length': body.length, ...more }).end(method === 'HEAD' ? undefined : body);
      return true;
    };
    // Not even asked for: this server gives no leave.
    if (method === 'OPTIONS') return end(403);
    const user = ways.find((one) => one.startsWith('login-'))?.slice('login-'.length);
    if (user !== undefined && headers.authorization !== `Basic ${btoa(`${user}:secret`)}`) return end(401);
    const body = await readFile(join(folder, normalize(`/${file}`))).catch(() => undefined);
    if (body === undefined) return end(404);
    const type = { 'Content-Type': file.endsWith('.json') ? 'application/json' : 'application/octet-stream' };
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? [];
    if (first === undefined || !ways.includes('ranges')) return end(200, body, type);
    if (ways.includes('refuse') || Number(first) >= body.length) return end(416);
    const stop = Math.min(Number(last) + 1, body.length);
    let part = body.subarray(Number(first), stop);
    if (ways.includes('lying')) part = Buffer.from(part).reverse();
    if (ways.includes('cut')) part = part.subarray(1);
    return end(206, part, { ...type, 'Content-Range': `bytes ${first}-${stop - 1}/${body.length}` });
  };
}
