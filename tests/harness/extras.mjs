/**
 * What bodies ask the test server for beyond its files: answers that stop half-way, and servers that they can end.
 *
 *     GET    /__half/PATH     the first half of a file; the rest comes when it is asked for, or never
 *     POST   /__rest          lets the rest of all such files come
 *     POST   /__server        another server of the same files; the answer is its address
 *     DELETE /__server?URL    ends that one
 */
import { readFile } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import { startServer } from './server.mjs';

export class Extras {
  #mounts;
  #servers = new Map();
  #rests = new Set();

  /** @param {[prefix: string, folder: string][]} mounts as of the test server */
  constructor(mounts) {
    this.#mounts = mounts;
  }

  /** Answers a request if it is meant for this. @returns {Promise<boolean>} */
  async handle(request, response, path) {
    if (path.startsWith('/__half/')) {
      await this.#half(response, path.slice('/__half'.length));
      return true;
    }
    if (path === '/__rest') {
      for (const rest of this.#rests) rest();
      response.writeHead(204).end();
      return true;
    }
    if (path !== '/__server') return false;
    if (request.method === 'POST') {
      const server = await startServer({ mounts: this.#mounts });
      this.#servers.set(server.url, server);
      response.writeHead(200, { 'Content-Type': 'text/plain' }).end(server.url);
      return true;
    }
    const url = decodeURIComponent(new URL(request.url, 'http://host').search.slice(1));
    const server = this.#servers.get(url);
    this.#servers.delete(url);
    await server?.close();
    response.writeHead(server === undefined ? 404 : 204).end();
    return true;
  }

  async #half(response, path) {
    const [prefix, folder] = this.#mounts.find(([start]) => path.startsWith(start)) ?? [];
    if (prefix === undefined) return void response.writeHead(404).end();
    const data = await readFile(join(folder, normalize(`/${path.slice(prefix.length)}`)));
    response.writeHead(200, { 'Content-Length': data.length });
    response.write(data.subarray(0, data.length >> 1));
    const rest = () => response.end(data.subarray(data.length >> 1));
    this.#rests.add(rest);
    await new Promise((done) => response.once('close', done));
    this.#rests.delete(rest);
  }

  /** Ends the servers that bodies forgot. */
  async close() {
    await Promise.all([...this.#servers.values()].map((server) => server.close()));
  }
}
