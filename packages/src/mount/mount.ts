/**
 * Files of archives in Emscripten's memory file system. They look like any other file there; their contents are
 * unpacked when they are read, and kept only for a while: the archive is what stays in memory.
 */

import type { DeviceOperations, FileSystem, FSNode } from "../../../js/src/filesystem.ts";
import type { Archive, ArchivedFile } from "../archive/archive.ts";

/** How much unpacked content is kept: what is read in pieces must not be unpacked for each piece. */
const KEPT_BYTES = 4 * 2 ** 20;

const FILE_MODE = 0o100644;
const EIO = 29;

/** A node of a file in memory, with what Emscripten does not declare. */
type MemoryNode = FSNode & {
  node_ops: object;
  stream_ops: Required<DeviceOperations> & { msync: (...args: never[]) => number };
  mtime: number;
};

/** A folder's entries by name. */
type Entries = Record<string, FSNode>;

/** A file that is still in its archive. */
export interface MountedNode extends FSNode {
  /** Its contents; they are not kept. */
  peek(): Uint8Array<ArrayBuffer>;
}

/** Where a file was put, and what it replaced. */
interface Placed {
  readonly parent: FSNode;
  readonly name: string;
  readonly replaced: FSNode | undefined;
}

/** What one mount did. */
export interface Mounted {
  /** The files that are there now. */
  readonly paths: readonly string[];
  /** Takes the files and new folders away again and puts back what was replaced. */
  undo(): void;
}

/** Mounts files of archives in one file system. */
export class Mounts {
  readonly #fs: FileSystem;
  readonly #recent = new Map<FSNode, Uint8Array<ArrayBuffer>>();
  #recentBytes = 0;
  readonly #makeNode: (parent: FSNode, name: string, archive: Archive, file: ArchivedFile) => FSNode;

  constructor(fs: FileSystem) {
    this.#fs = fs;
    this.#makeNode = this.#nodeMaker();
  }

  /** The node at a path if it is still in its archive. */
  archived(path: string): MountedNode | undefined {
    try {
      const { node } = this.#fs.lookupPath(path, { follow: true });
      return "peek" in node && (node as MountedNode & { archived: boolean }).archived ? (node as MountedNode) : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * Puts files into the file system; those that are there are replaced.
   * @param needed whether a file matters so much that its folder must not be the host's; others are left out there.
   * @throws Error if a file would take the place of a folder, or the other way round; then nothing has changed.
   */
  mount(
    archive: Archive,
    files: readonly ArchivedFile[],
    added: readonly (readonly [path: string, text: string])[],
    needed: (path: string) => boolean,
  ): Mounted {
    const paths: string[] = [];
    const placed: Placed[] = [];
    const made: string[] = [];
    const undo = (): void => {
      for (const { parent, name, replaced } of placed.reverse()) {
        this.#detach(parent, name);
        if (replaced !== undefined) this.#attach(parent, name, replaced);
      }
      // An empty folder would be a package without a name of its own: `import` takes it for one.
      for (const folder of made.reverse()) {
        if (this.#fs.analyzePath(folder).exists && this.#fs.readdir(folder).length === 2) this.#fs.rmdir(folder);
      }
    };
    const folders = new Map<string, FSNode | undefined>();
    const place = (path: string, make: (parent: FSNode, name: string) => FSNode): void => {
      const slash = path.lastIndexOf("/");
      const folder = path.slice(0, slash);
      const name = path.slice(slash + 1);
      if (!folders.has(folder)) folders.set(folder, this.#folder(folder, made));
      const parent = folders.get(folder);
      if (parent === undefined) {
        if (needed(path)) throw new Error(`${folder} is a folder of the host, and packages are put into memory only`);
        return;
      }
      paths.push(path);
      const replaced = this.#detach(parent, name);
      placed.push({ parent, name, replaced });
      this.#attach(parent, name, make(parent, name));
    };
    const encoder = new TextEncoder();
    try {
      for (const file of files) {
        place(file[0], (parent, name) => this.#makeNode(parent, name, archive, file));
      }
      for (const [path, text] of added) {
        place(path, (parent, name) => {
          const node = new this.#fs.FSNode(parent, name, FILE_MODE);
          const { node_ops, stream_ops } = this.#template();
          const data = encoder.encode(text);
          return Object.assign(node, { node_ops, stream_ops, contents: data, usedBytes: data.length });
        });
      }
    } catch (error) {
      undo();
      throw error;
    }
    return { paths, undo };
  }

  /**
   * A folder, which is made if there is none.
   * @param made gets the paths that are new, outermost first.
   * @returns undefined where it is not in memory, but the host's, say: nothing is changed there.
   * @throws Error if a file is in the way.
   */
  #folder(path: string, made: string[]): FSNode | undefined {
    const fs = this.#fs;
    const missing: string[] = [];
    let there = path;
    for (; there !== "" && !fs.analyzePath(there).exists; there = there.slice(0, there.lastIndexOf("/"))) missing.push(there);
    const { node } = fs.lookupPath(there || "/", { follow: true });
    if (!fs.isDir(node.mode)) throw new Error(`${there} is a file, and the package has a folder of this name`);
    if (node.contents === undefined) return undefined;
    for (const folder of missing.reverse()) {
      fs.mkdir(folder);
      made.push(folder);
    }
    return missing.length === 0 ? node : fs.lookupPath(path, { follow: true }).node;
  }

  #attach(parent: FSNode, name: string, node: FSNode): void {
    (parent.contents as unknown as Entries)[name] = node;
    (parent as MemoryNode).mtime = Date.now();
    this.#fs.hashAddNode(node);
  }

  /** Takes a file out of its folder, with its contents as they are. */
  #detach(parent: FSNode, name: string): FSNode | undefined {
    const entries = parent.contents as unknown as Entries;
    if (!Object.hasOwn(entries, name)) return undefined;
    const node = entries[name] as FSNode;
    if (this.#fs.isDir(node.mode)) {
      throw new Error(`${this.#fs.getPath(node)} is a folder, and the package has a file of this name`);
    }
    delete entries[name];
    this.#fs.hashRemoveNode(node);
    return node;
  }

  /** A file of the memory file system, whose operations ours share. */
  #template(): MemoryNode {
    const fs = this.#fs;
    // The root is always in memory, and other folders may be the host's.
    const path = "/.ferropy-template";
    fs.writeFile(path, "");
    const { node } = fs.lookupPath(path);
    fs.unlink(path);
    return node as MemoryNode;
  }

  #keep(node: FSNode, contents: Uint8Array<ArrayBuffer>): void {
    this.#recent.set(node, contents);
    this.#recentBytes += contents.length;
    for (const [oldest, { length }] of this.#recent) {
      if (this.#recentBytes <= KEPT_BYTES || oldest === node) break;
      this.#recent.delete(oldest);
      this.#recentBytes -= length;
    }
  }

  #forget(node: FSNode): void {
    this.#recentBytes -= this.#recent.get(node)?.length ?? 0;
    this.#recent.delete(node);
  }

  #nodeMaker(): (parent: FSNode, name: string, archive: Archive, file: ArchivedFile) => FSNode {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- the class below has a `this` of its own
    const mounts = this;
    const { node_ops, stream_ops: memory } = this.#template();
    const { ErrnoError, FSNode: Node } = this.#fs;

    class ArchivedNode extends Node {
      #archive: Archive;
      readonly #index: number;
      readonly #size: number;
      #checked = false;
      /** What was written; from then on the archive does not matter. */
      #own: Uint8Array | undefined;

      constructor(parent: FSNode, name: string, archive: Archive, [, index, size, seconds]: ArchivedFile) {
        super(parent, name, FILE_MODE);
        this.#archive = archive;
        this.#index = index;
        this.#size = size;
        const time = seconds === null ? undefined : { mtime: seconds * 1000 };
        Object.assign(this, { node_ops, stream_ops, usedBytes: size }, time);
      }

      get archived(): boolean {
        return this.#own === undefined;
      }

      peek(): Uint8Array<ArrayBuffer> {
        try {
          const contents = this.#archive.unpack(this.#index, this.#size, !this.#checked);
          this.#checked = true;
          return contents;
        } catch (error) {
          // Python sees an OSError; what it cannot carry is told here.
          console.error((error as Error).message);
          throw new ErrnoError(EIO);
        }
      }

      override get contents(): Uint8Array {
        if (this.#own !== undefined) return this.#own;
        let contents = mounts.#recent.get(this);
        if (contents === undefined) {
          contents = this.peek();
          mounts.#keep(this, contents);
        }
        return contents;
      }

      override set contents(contents: Uint8Array) {
        mounts.#forget(this);
        this.#own = contents;
      }

      /** Makes the contents the file's own before they are changed in place. */
      own(): void {
        if (this.#own === undefined) this.contents = this.contents;
      }
    }

    const stream_ops = {
      ...memory,
      write: (...args: Parameters<typeof memory.write>): number => {
        (args[0].node as ArchivedNode).own();
        return memory.write(...args);
      },
      msync: (...args: Parameters<typeof memory.msync>): number => {
        ((args as unknown as Parameters<typeof memory.write>)[0].node as ArchivedNode).own();
        return memory.msync(...args);
      },
    };
    return (parent, name, archive, file) => new ArchivedNode(parent, name, archive, file);
  }
}
