/**
 * The lock file: what an interpreter is, and which file each package name stands for. Its schema is that of the
 * ecosystem's `pyodide-lock.json`; a `pylock.toml` is read by resolver.wasm, which makes one of it.
 */

import { readBytes } from "./environment.ts";

/** Replaced by the build: the platform tag of the interpreter's wheels, and its Python version. */
declare const FERROPY_PLATFORM: string;
declare const FERROPY_PYTHON: string;

/** What a package of a lock file is. */
export type PackageType = "package" | "cpython_module" | "shared_library" | "static_library";

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
  /** Relative to `packageBaseUrl`, or absolute. */
  file_name: string;
  package_type: PackageType;
  /** Where it goes: site-packages, or the folder of libraries that several packages need. */
  install_dir: "site" | "dynlib";
  /** Hexadecimal. */
  sha256: string;
  /** The modules that it brings. */
  imports: string[];
  /** The names of the packages that it needs. */
  depends: string[];
  /** Whether its tests are a package of their own. */
  unvendored_tests?: boolean;
}

/** The content of `pyodide-lock.json`. */
export interface Lockfile {
  info: LockfileInfo;
  /** Addresses of the indexes that have packages which are not in here. */
  indexes?: string[];
  packages: Record<string, LockfilePackage>;
}

/** A package cannot be loaded. */
export class PackageError extends Error {
  constructor(source: string | undefined, reason: string, options?: ErrorOptions) {
    super(source === undefined ? reason : `${source} cannot be loaded: ${reason}`, options);
    this.name = "PackageError";
  }
}

/** The interpreter's platform tag, such as `pyemscripten_2026_5_wasm32`. */
export const PLATFORM = FERROPY_PLATFORM;

/** The interpreter's Python version, such as `[3, 15]`. */
export const PYTHON = FERROPY_PYTHON.split(".").map(Number) as [major: number, minor: number];

const TYPES: ReadonlySet<string> = new Set(["package", "cpython_module", "shared_library", "static_library"]);

/** What each entry must have, whatever it is for. */
const NEEDED = ["name", "version", "file_name", "sha256"] as const;

/** Makes a `pyodide-lock.json` of the text of a `pylock.toml`; errors call it by the second text. */
export type FromToml = (text: string, file: string) => Promise<Lockfile>;

/** What errors call a lock file without an address. */
const GIVEN = "lockFileContents";

/** Whether a text is a `pylock.toml`: each must have this key, and JSON begins otherwise. */
function isToml(text: string): boolean {
  return !/^\s*\{/.test(text) && /^\s*lock-version\s*=/m.test(text);
}

/** A lock file and where relative file names of its packages lead. */
export class Lock {
  readonly contents: Lockfile;
  /** Undefined if the lock file came without an address. */
  readonly baseUrl: string | undefined;
  readonly #label: string;
  readonly #byName = new Map<string, LockfilePackage>();

  /** @throws PackageError if it is not what it should be, or is for another interpreter. */
  constructor(contents: unknown, label: string, baseUrl: string | undefined) {
    this.#label = label;
    this.baseUrl = baseUrl;
    this.contents = this.#checked(contents);
    for (const [key, entry] of Object.entries(this.contents.packages)) {
      this.#byName.set(normalized(key), entry);
    }
  }

  /** Reads one from an address. */
  static async read(url: string, baseUrl: string | undefined, fromToml: FromToml): Promise<Lock> {
    const text = new TextDecoder().decode(await readBytes(url));
    const toml = /\.toml([?#]|$)/.test(url) || isToml(text);
    return new Lock(toml ? await fromToml(text, url) : text, url, baseUrl ?? new URL(".", url).href);
  }

  /** Reads one that was given, as text in either format or as what JSON stands for. */
  static async of(contents: Lockfile | string, baseUrl: string | undefined, fromToml: FromToml): Promise<Lock> {
    const toml = typeof contents === "string" && isToml(contents);
    return new Lock(toml ? await fromToml(contents, GIVEN) : contents, GIVEN, baseUrl);
  }

  #checked(contents: unknown): Lockfile {
    const broken = (reason: string): never => {
      throw new PackageError(this.#label, reason);
    };
    let lock: Partial<Lockfile> | null;
    try {
      lock = (typeof contents === "string" ? JSON.parse(contents) : contents) as Partial<Lockfile> | null;
    } catch (error) {
      return broken(`the lock file is neither JSON nor a pylock.toml (${(error as Error).message})`);
    }
    const { info, packages = {} } = lock ?? {};
    if (info === undefined || !["abi_version", "arch", "python"].every((key) => key in info)) {
      return broken("the lock file does not say what interpreter it is for (`info`)");
    }
    const platform = `pyemscripten_${info.abi_version}_${info.arch}`;
    const python = info.python.split(".").slice(0, 2).join(".");
    const ours = PYTHON.join(".");
    if (platform !== PLATFORM || python !== ours) {
      broken(
        `the lock file is for Python ${python} with ABI ${platform}, and this is Python ${ours} with ABI ${PLATFORM}. ` +
          "Make it anew for this version, or load the version that it is for",
      );
    }
    for (const [key, entry] of Object.entries(packages)) {
      const missing = NEEDED.find((field) => typeof entry[field] !== "string");
      if (missing !== undefined) broken(`the lock file's entry ${key} has no ${missing}`);
      if (!TYPES.has(entry.package_type ?? "package")) {
        broken(
          `the lock file's entry ${key} is of the type ${JSON.stringify(entry.package_type)}, which this version ` +
            "does not know: its schema is newer. Use a newer version of ferropy",
        );
      }
    }
    return { info, indexes: lock?.indexes ?? [], packages };
  }

  /** Addresses of package indexes, best first. */
  get indexes(): string[] {
    return [...(this.contents.indexes ?? [])];
  }

  /** The packages that bring modules of Python. */
  modules(): LockfilePackage[] {
    return [...this.#byName.values()].filter(({ package_type: type = "package" }) => type === "package");
  }

  /** The entry for a name, however it is written. */
  find(name: string): LockfilePackage | undefined {
    return this.#byName.get(normalized(name));
  }

  /** The address of a package's file. */
  urlOf({ name, file_name: file }: LockfilePackage): string {
    if (/^[a-z][a-z0-9+.-]+:/i.test(file)) return file;
    if (this.baseUrl === undefined) {
      throw new PackageError(
        name,
        `its file ${file} is relative, and a lock file given as lockFileContents has no address: give packageBaseUrl, too`,
      );
    }
    return new URL(file, this.baseUrl).href;
  }

  /**
   * A package and all that it needs, in the order of loading.
   * @throws PackageError if the lock file does not list one of them.
   */
  closure(name: string): LockfilePackage[] {
    const found = new Map<string, LockfilePackage>();
    const order: LockfilePackage[] = [];
    const visit = (wanted: string, asker: string | undefined): void => {
      const key = normalized(wanted);
      if (found.has(key)) return;
      const entry = this.#byName.get(key);
      if (entry === undefined) {
        throw new PackageError(
          wanted,
          `it is not in the lock file${asker === undefined ? "" : `, and ${asker} needs it`}. ` +
            "Give the URL or the path of a wheel",
        );
      }
      // Noted before its dependencies: packages may need each other.
      found.set(key, entry);
      for (const dependency of entry.depends ?? []) visit(dependency, wanted);
      order.push(entry);
    };
    visit(name, undefined);
    return order;
  }

  /** Whether it names any module. */
  get hasImports(): boolean {
    return [...this.#byName.values()].some(({ imports = [] }) => imports.length > 0);
  }

  /** The packages that bring modules, each once. */
  ofImports(modules: Iterable<string>): string[] {
    const wanted = new Set(modules);
    const names: string[] = [];
    for (const entry of this.#byName.values()) {
      if ((entry.imports ?? []).some((module) => wanted.has(module))) names.push(entry.name);
    }
    return names;
  }
}

/** Whether a source is a package's name and no URL or path of a wheel. */
export function isName(source: string): boolean {
  return /^[A-Za-z0-9]([\w.-]*[A-Za-z0-9])?$/.test(source) && !source.endsWith(".whl");
}

/** A name as indexes compare it (PEP 503). */
export function normalized(name: string): string {
  return name.replace(/[-_.]+/g, "-").toLowerCase();
}
