/** The host's folders and packages as Python sees them in Node. */

import { mountFiles } from "./archive.ts";
import type { FileSystem } from "./filesystem.ts";
import { SITE_PACKAGES } from "./paths.ts";

/** Top-level folders that are Python's own and not the host's. */
const OWN_FOLDERS = new Set(["dev", "proc", "lib"]);

/** Mounts a folder of the host in the file system; only Node has one. */
export function mountHostFolder(fs: FileSystem, path: string, hostPath: string): void {
  const nodefs = fs.filesystems.NODEFS;
  if (nodefs === undefined) throw new Error("folders of the host can only be mounted in Node");
  fs.mkdirTree(path);
  fs.mount(nodefs, { root: hostPath }, path);
}

/**
 * Makes all of the host's folders visible under their own paths and enters one.
 * @throws Error if the folder cannot be entered.
 */
export async function enterHost(fs: FileSystem, folder: string): Promise<void> {
  const { readdirSync, statSync } = await import("node:fs");
  for (const name of readdirSync("/")) {
    if (OWN_FOLDERS.has(name)) continue;
    // What may not be looked at is left out rather than fatal.
    if (statSync(`/${name}`, { throwIfNoEntry: false })?.isDirectory() !== true) continue;
    mountHostFolder(fs, `/${name}`, `/${name}`);
  }
  try {
    fs.chdir(folder);
  } catch (error) {
    throw new Error(`the current folder ${folder} cannot be entered`, { cause: error });
  }
}

/** Makes folders act as further site-packages folders; call before Python starts. */
export function addSitePaths(fs: FileSystem, paths: readonly string[]): void {
  if (paths.length === 0) return;
  const lines = paths.map((path) => `import site; site.addsitedir(${JSON.stringify(path)})\n`);
  const data = new TextEncoder().encode(lines.join(""));
  mountFiles(fs, SITE_PACKAGES, [{ path: "ferropy_site.pth", data }]);
}
