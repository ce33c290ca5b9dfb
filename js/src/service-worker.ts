/**
 * `service-worker.js`: makes a page work offline after its first visit. It keeps the distribution's files by their
 * hashes, and what else the page has fetched successfully in case that the network is gone.
 *
 * A page registers it from the distribution's folder if it lies there, too; otherwise from a script of its own that
 * sets `self.ferropyBase` to the folder and imports this one with `importScripts`. Packages with hashes are kept by
 * the loader itself (packages/src/download).
 *
 * What a page has fetched before the worker controls it, the worker does not see: itself, its scripts. The page tells
 * it with a message `{ keep: [address, …] }`; a port that comes along gets `{ missing: [reason, …] }` when all is done.
 */

/** What a service worker's scope has that a page's has not. */
interface Scope {
  readonly location: Location;
  readonly registration: { readonly scope: string };
  readonly clients: { claim(): Promise<void> };
  /** Set by the page's own script: the distribution's folder. */
  readonly ferropyBase?: string;
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", listener: (event: ExtendableEvent) => void): void;
  addEventListener(type: "fetch", listener: (event: FetchEvent) => void): void;
  addEventListener(type: "message", listener: (event: ExtendableEvent & MessageEvent<unknown>) => void): void;
}

interface ExtendableEvent {
  waitUntil(promise: Promise<unknown>): void;
}

interface FetchEvent extends ExtendableEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

/** Put in front of this script when the distribution is assembled: its files' sha256, hexadecimal. */
declare const FERROPY_FILES: Readonly<Record<string, string>>;

const scope = globalThis as unknown as Scope;
const base = new URL(scope.ferropyBase ?? "./", scope.location.href).href;

/** Files of distributions, of this one and others; a name with its hash is the key. */
const FILES = "ferropy-files-1";
/** What else was fetched. */
const VISITED = "ferropy-visited-1";

function keyOf(file: string): string {
  return `${base}${file}?ferropy=${FERROPY_FILES[file]}`;
}

function hex(digest: ArrayBuffer): string {
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function isOurs(url: string): boolean {
  return url.startsWith(base) && Object.hasOwn(FERROPY_FILES, url.slice(base.length));
}

/** Fetches a file of the distribution and keeps it if it is what it should be. */
async function keep(cache: Cache, file: string): Promise<void> {
  const response = await fetch(`${base}${file}`, { cache: "no-cache" });
  if (!response.ok) throw new Error(`${base}${file}: the server answered ${response.status}`);
  const bytes = await response.arrayBuffer();
  const actual = hex(await crypto.subtle.digest("SHA-256", bytes));
  if (actual !== FERROPY_FILES[file]) {
    throw new Error(
      `${base}${file} has the sha256 ${actual}, and ${FERROPY_FILES[file]} is wanted: the server has files of several versions`,
    );
  }
  const { headers } = response;
  await cache.put(keyOf(file), new Response(bytes, { headers }));
}

async function install(): Promise<void> {
  const cache = await caches.open(FILES);
  const missing: string[] = [];
  for (const file of Object.keys(FERROPY_FILES)) {
    if ((await cache.match(keyOf(file))) === undefined) missing.push(file);
  }
  await Promise.all(missing.map((file) => keep(cache, file)));
  await scope.skipWaiting();
}

/** Lets go what other versions of this folder left. */
async function activate(): Promise<void> {
  const cache = await caches.open(FILES);
  const keys = new Set(Object.keys(FERROPY_FILES).map(keyOf));
  for (const { url } of await cache.keys()) {
    if (url.startsWith(base) && !keys.has(url)) await cache.delete(url);
  }
  await scope.clients.claim();
}

async function kept(file: string, request: Request): Promise<Response> {
  const cache = await caches.open(FILES);
  return (await cache.match(keyOf(file))) ?? fetch(request);
}

/** What the network says; if it says nothing, what it said last time. */
async function visited(request: Request): Promise<Response> {
  const cache = await caches.open(VISITED);
  try {
    const response = await fetch(request);
    if (response.ok && response.type !== "opaque") await cache.put(request, response.clone());
    return response;
  } catch (error) {
    const before = await cache.match(request);
    if (before === undefined) throw error;
    return before;
  }
}

/** Fetches what a page was made of before it was controlled; says what could not be had. */
async function keepVisited(addresses: readonly string[]): Promise<string[]> {
  const cache = await caches.open(VISITED);
  const wanted = new Set(addresses.map((address) => new URL(address, base).href.replace(/#.*$/, "")));
  const missing = await Promise.all(
    [...wanted].map(async (url) => {
      if (!url.startsWith("http") || isOurs(url) || (await cache.match(url)) !== undefined) return [];
      try {
        await cache.add(url);
        return [];
      } catch (error) {
        return [`${url} could not be kept: ${(error as Error).message}`];
      }
    }),
  );
  return missing.flat();
}

scope.addEventListener("message", (event) => {
  const { keep } = (event.data ?? {}) as { keep?: unknown };
  if (!Array.isArray(keep)) return;
  const work = async (): Promise<void> => {
    const missing = await keepVisited(keep.map(String));
    // What the page fetches after the answer is seen here.
    await scope.clients.claim();
    event.ports[0]?.postMessage({ missing });
  };
  event.waitUntil(work());
});
scope.addEventListener("install", (event) => {
  event.waitUntil(install());
});
scope.addEventListener("activate", (event) => {
  event.waitUntil(activate());
});
scope.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith("http")) return;
  const [url = request.url] = request.url.split("#", 1);
  const ours = isOurs(url);
  // Parts of files are the network's business.
  if (!ours && request.headers.has("range")) return;
  event.respondWith(ours ? kept(url.slice(base.length), request) : visited(request));
});
