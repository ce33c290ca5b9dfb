/**
 * Mounting the distribution's own archives, whose files are stored as they are, in Emscripten's memory file system.
 *
 * This is all that starting needs. What others made is packages.wasm's business (packages/src).
 */

import type { FileSystem, FSNode } from "./filesystem.ts";

/** An archive is broken or would escape its folder. */
export class ArchiveError extends Error {
  constructor(archive: string, reason: string) {
    super(`${archive} is not a usable zip archive: ${reason}`);
    this.name = "ArchiveError";
  }
}

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_ENTRY = 0x04034b50;

/**
 * Lists an archive's files.
 * @throws ArchiveError if the archive is broken or holds a dangerous name.
 */
export function readArchive(name: string, bytes: Uint8Array<ArrayBuffer>): File[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const broken = (reason: string): never => {
    throw new ArchiveError(name, reason);
  };
  let end = bytes.length - 22;
  const lowest = Math.max(0, end - 0xffff);
  while (end >= lowest && view.getUint32(end, true) !== END_OF_DIRECTORY) end--;
  if (end < lowest) broken("its end is missing, so it is cut off or no zip file at all");
  const count = view.getUint16(end + 10, true);
  let offset = view.getUint32(end + 16, true);
  const decoder = new TextDecoder();
  const files: File[] = [];
  const seen = new Set<string>();
  try {
    for (let index = 0; index < count; index++) {
      if (view.getUint32(offset, true) !== DIRECTORY_ENTRY) broken("its directory is damaged");
      const flags = view.getUint16(offset + 8, true);
      const method = view.getUint16(offset + 10, true);
      const compressed = view.getUint32(offset + 20, true);
      const size = view.getUint32(offset + 24, true);
      const nameLength = view.getUint16(offset + 28, true);
      const local = view.getUint32(offset + 42, true);
      const path = decoder.decode(bytes.subarray(offset + 46, offset + 46 + nameLength));
      offset +=
        46 + nameLength + view.getUint16(offset + 30, true) + view.getUint16(offset + 32, true);
      if (path.endsWith("/")) continue;
      if (!isSafe(path)) broken(`the name ${JSON.stringify(path)} leads out of its folder`);
      if (seen.has(path)) broken(`it holds ${path} twice`);
      if ((flags & 1) !== 0) broken(`${path} is encrypted`);
      if (method !== 0) broken(`${path} is compressed; make the archive without compression`);
      if (view.getUint32(local, true) !== LOCAL_ENTRY) broken(`the header of ${path} is damaged`);
      const start =
        local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
      if (start + compressed > bytes.length) broken(`the data of ${path} is cut off`);
      if (compressed !== size) broken(`the sizes of ${path} disagree`);
      seen.add(path);
      files.push({ path, data: bytes.subarray(start, start + size) });
    }
  } catch (error) {
    if (error instanceof RangeError) broken("an offset points outside of it");
    throw error;
  }
  return files;
}

/** Whether a name stays below the folder it is unpacked into. */
function isSafe(path: string): boolean {
  return (
    path !== "" &&
    !/[\\\0]/.test(path) &&
    !path.startsWith("/") &&
    !path.split("/").some((part) => part === "" || part === "." || part === "..")
  );
}

/** A file to put into the file system. */
export interface File {
  readonly path: string;
  readonly data: Uint8Array<ArrayBuffer>;
}

const FILE_MODE = 0o100644;

/**
 * Puts files below a folder of the memory file system without copying their
 * data. Existing files are replaced.
 */
export function mountFiles(fs: FileSystem, root: string, files: Iterable<File>): void {
  const folders = new Map<string, FSNode>();
  const folder = (path: string): FSNode => {
    let node = folders.get(path);
    if (node === undefined) {
      fs.mkdirTree(path);
      node = fs.lookupPath(path, { follow: true }).node;
      folders.set(path, node);
    }
    return node;
  };
  for (const { path, data } of files) {
    const slash = path.lastIndexOf("/");
    const parent = folder(slash < 0 ? root : `${root}/${path.slice(0, slash)}`);
    const name = path.slice(slash + 1);
    const existing = fs.analyzePath(`${root}/${path}`).exists;
    if (existing) fs.unlink(`${root}/${path}`);
    const node = parent.node_ops.mknod(parent, name, FILE_MODE, 0);
    node.contents = data;
    node.usedBytes = data.length;
  }
}
