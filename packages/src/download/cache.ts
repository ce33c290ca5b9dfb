/**
 * Where downloaded packages are kept: a folder in Node, the Cache API in browsers. What is kept is found by its
 * sha256 and is as little to be trusted as what comes from a network.
 */

import { IN_NODE } from "../../../js/src/environment.ts";
import type { Wait } from "../wait/wait.ts";

/** A place to keep packages. */
export interface PackageCache {
  /** What errors and messages call it. */
  readonly label: string;
  /** What is kept under a hash, unchecked. The browser's cache tells it only later, and at once that there is nothing. */
  get(sha256: string, file: string): Wait<Uint8Array<ArrayBuffer> | undefined>;
  put(sha256: string, file: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Removes what turned out to be something else. */
  remove(sha256: string, file: string): Promise<void>;
}

/** What files that are being written end with in Node. */
const PARTIAL = ".part";

/** How old such a file is when nobody can still be writing it, in milliseconds. */
const ABANDONED = 3_600_000;

/** The name of the browser's cache; the number changes with what is kept in it. */
const CACHE_NAME = "ferropy-packages-1";

/** Where packages are kept here, if anywhere. */
export async function openCache(folder: string | undefined): Promise<PackageCache | undefined> {
  if (IN_NODE) return folder === undefined ? undefined : folderCache(folder);
  // There is none in insecure contexts; a page may be denied it, too.
  return globalThis.caches?.open(CACHE_NAME).then(browserCache, () => undefined);
}

function browserCache(cache: Cache): PackageCache {
  const address = (sha256: string, file: string): string =>
    new URL(`/.ferropy/${sha256}/${encodeURIComponent(file)}`, globalThis.location.origin).href;
  return {
    label: "the browser's cache",
    get: (sha256, file) => ({
      later: async () => {
        const response = await cache.match(address(sha256, file));
        return response && new Uint8Array(await response.arrayBuffer());
      },
      now: () => undefined,
    }),
    put: (sha256, file, bytes) => cache.put(address(sha256, file), new Response(bytes)),
    async remove(sha256, file) {
      await cache.delete(address(sha256, file));
    },
  };
}

async function folderCache(folder: string): Promise<PackageCache> {
  const { existsSync, readFileSync, promises: fs } = await import("node:fs");
  const { join } = await import("node:path");
  // The layout of the ecosystem: files under their own names.
  const place = (file: string): string => join(folder, file);
  // What processes left that were killed.
  const names = await fs.readdir(folder).catch(() => []);
  for (const name of names.filter((one) => one.endsWith(PARTIAL))) {
    const age = await fs.stat(place(name)).then(({ mtimeMs }) => Date.now() - mtimeMs, () => 0);
    if (age > ABANDONED) await fs.rm(place(name), { force: true }).catch(() => undefined);
  }
  return {
    label: folder,
    get: (_, file) => ({
      later: async () => (existsSync(place(file)) ? new Uint8Array(await fs.readFile(place(file))) : undefined),
      now: () => (existsSync(place(file)) ? new Uint8Array(readFileSync(place(file))) : undefined),
    }),
    async put(_, file, bytes) {
      await fs.mkdir(folder, { recursive: true });
      // Written beside and renamed: another process may read it at this moment, or this one may be killed.
      const beside = `${place(file)}.${process.pid}.${Math.random().toString(36).slice(2)}${PARTIAL}`;
      try {
        await fs.writeFile(beside, bytes);
        await fs.rename(beside, place(file));
      } catch (error) {
        await fs.rm(beside, { force: true });
        throw error;
      }
    },
    remove: (_, file) => fs.rm(place(file), { force: true }),
  };
}
