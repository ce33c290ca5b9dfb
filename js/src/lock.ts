/**
 * The lock file: what this interpreter is, and which file each package name stands for. Its schema is
 * that of the peer's `pyodide-lock.json`.
 */

import { readBytes } from "./environment.ts";

/** What a lock file is for. */
export interface LockfileInfo {
  /** The machine's architecture. */
  arch: "wasm32";
  /** The version of the ABI, such as `2026_5`: the interpreter must have the same. */
  abi_version: string;
  /** The version of Emscripten, such as `emscripten_4_0_9`. */
  platform: string;
  /** The version of the distribution that the file came with. */
  version: string;
  /** The version of Python. */
  python: string;
}

/** One package of a lock file. */
export interface LockfilePackage {
  name: string;
  version: string;
  /** Relative to the lock file, or absolute. */
  file_name: string;
  package_type: "package" | "cpython_module" | "shared_library" | "static_library";
  /** Where it goes: site-packages, or the folder of shared libraries. */
  install_dir: "site" | "dynlib";
  /** Hexadecimal. */
  sha256: string;
  /** The modules that it has. */
  imports: string[];
  /** The names of the packages that it needs. */
  depends: string[];
}

/** The content of `pyodide-lock.json`. */
export interface Lockfile {
  info: LockfileInfo;
  packages: Record<string, LockfilePackage>;
}

/** One package of a lock file, as far as the loader reads it. */
export type LockedPackage = Readonly<
  Pick<LockfilePackage, "name" | "version" | "file_name" | "sha256"> &
    Partial<Pick<LockfilePackage, "depends">>
>;

/** A lock file, as far as the loader reads it. */
export interface Lock {
  readonly info: Readonly<Pick<LockfileInfo, "abi_version" | "arch" | "python">>;
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

/** A package cannot be loaded. */
export class PackageError extends Error {
  constructor(source: string, reason: string, options?: ErrorOptions) {
    super(`${source} cannot be loaded: ${reason}`, options);
    this.name = "PackageError";
  }
}

/**
 * Reads a lock file.
 * @throws FetchError, or PackageError if it is not what it should be.
 */
export async function readLock(url: string): Promise<Lock> {
  const text = new TextDecoder().decode(await readBytes(url));
  let lock: Partial<Lock> | null;
  try {
    lock = JSON.parse(text) as Partial<Lock> | null;
  } catch (error) {
    throw new PackageError(url, `the lock file is no JSON (${(error as Error).message})`, { cause: error });
  }
  const { info, packages = {} } = lock ?? {};
  if (info === undefined || !["abi_version", "arch", "python"].every((key) => key in info)) {
    throw new PackageError(url, "the lock file does not say what interpreter it is for (`info`)");
  }
  return { info, packages };
}

/** Whether a source is a package's name and no URL or path of a wheel. */
export function isName(source: string): boolean {
  return /^[A-Za-z0-9]([\w.-]*[A-Za-z0-9])?$/.test(source) && !source.endsWith(".whl");
}

/** A name as indexes compare it (PEP 503). */
export function normalized(name: string): string {
  return name.replace(/[-_.]+/g, "-").toLowerCase();
}

/**
 * A package and all that it needs, in the order of loading.
 * @throws PackageError if the lock file does not list one of them.
 */
export function lockedClosure(lock: Lock, name: string): LockedPackage[] {
  const byName = new Map(Object.entries(lock.packages).map(([key, value]) => [normalized(key), value]));
  const found = new Map<string, LockedPackage>();
  const visit = (wanted: string, asker: string | undefined): void => {
    const key = normalized(wanted);
    if (found.has(key)) return;
    const entry = byName.get(key);
    if (entry === undefined) {
      throw new PackageError(
        wanted,
        `it is not in the lock file${asker === undefined ? "" : `, and ${asker} needs it`}. ` +
          "Give the URL or the path of a wheel",
      );
    }
    // Entered before its dependencies: packages may need each other.
    found.set(key, entry);
    for (const dependency of entry.depends ?? []) visit(dependency, wanted);
  };
  visit(name, undefined);
  return [...found.values()].reverse();
}
