/** Putting packages in place and taking them out again; several at once appear together or not at all. */

import type { Machine } from "../../../js/src/interpreter.ts";
import { type LockfilePackage, normalized, PackageError, type PackageType } from "../../../js/src/lock.ts";
import type { LoadPackageOptions, PackageData } from "../../../js/src/packages.ts";
import { SITE_PACKAGES } from "../../../js/src/paths.ts";
import { Archive, type ArchivedFile, type WheelSource } from "../archive/archive.ts";
import type { RustHalf } from "../call/call.ts";
import { type Mounted, Mounts } from "../mount/mount.ts";
import { type Wait, wait, type Work, together } from "../wait/wait.ts";
import { isLibrary, Libraries } from "./libraries.ts";

/** Where libraries go that several packages need. */
const LIBRARY_FOLDER = "/usr/lib";

/** A package that was opened. */
export interface Opened {
  readonly archive: Archive;
  /** As its author writes the name. */
  readonly title: string;
  readonly version: string;
  readonly file: string;
  readonly type: PackageType;
  readonly files: readonly ArchivedFile[];
  /** Files that the installer writes. */
  readonly added: readonly (readonly [path: string, text: string])[];
  /** Normalised names of packages that it needs. */
  readonly requires: readonly string[];
  /** Those, and the ones that it needs with extras. */
  readonly mentions: readonly string[];
  /** Takes compiled code into use. */
  readonly adopt: (() => void)[];
}

/** A package that can be installed. */
export interface Prepared extends Opened {
  /** Where it came from, in words for users. */
  readonly origin: string;
  /** Its address, if it has one. */
  readonly url: string | undefined;
  /** Its hexadecimal hash, if it was got from its address. */
  readonly sha256: string | undefined;
}

/** A package that is installed. */
interface Installed extends Prepared {
  readonly paths: readonly string[];
}

/** The installed packages of one interpreter. */
export class Installer {
  readonly #machine: Machine;
  readonly #loaded: Record<string, string>;
  readonly #mounts: Mounts;
  readonly #libraries: Libraries;
  /** By normalised name. */
  readonly #installed = new Map<string, Installed>();
  /** Who put a file in place last. */
  readonly #owners = new Map<string, string>();
  #busy = false;

  constructor(machine: Machine, loaded: Record<string, string>) {
    this.#machine = machine;
    this.#loaded = loaded;
    this.#mounts = new Mounts(machine.module.FS);
    this.#libraries = new Libraries(machine, this.#mounts);
  }

  /** Whether packages are half in place. */
  get busy(): boolean {
    return this.#busy;
  }

  /** Whether a package with a normalised name is installed. */
  has(key: string): boolean {
    return this.#installed.has(key);
  }

  /** What would bring the installed packages back, as entries of a lock file; those without an address are left out. */
  frozen(): LockfilePackage[] {
    return [...this.#installed.values()].flatMap(({ title, version, type, url, sha256, files, requires }) => {
      if (url === undefined || sha256 === undefined) return [];
      return {
        name: normalized(title),
        version,
        file_name: url,
        install_dir: type === "shared_library" ? "dynlib" : "site",
        sha256,
        package_type: type,
        imports: modulesOf(files.map(([path]) => path)),
        depends: [...requires].sort(),
        unvendored_tests: false,
      };
    });
  }

  /** The version of an installed package. */
  version(key: string): string | undefined {
    return this.#installed.get(key)?.version;
  }

  /** Where an installed package came from. */
  origin(key: string): string | undefined {
    return this.#installed.get(key)?.origin;
  }

  /** Opens a package's archive and finds out what it is. */
  open(half: RustHalf, source: WheelSource, locked: LockfilePackage | undefined): Opened {
    if (locked === undefined || source.file?.endsWith(".whl") === true) {
      const [archive, wheel] = Archive.openWheel(half, source);
      const type = locked?.package_type ?? "package";
      return { ...wheel, archive, title: locked?.name ?? wheel.title, type, adopt: [] };
    }
    const { name: title, version, package_type: type, file_name: file } = locked;
    if (type === "static_library") {
      throw new PackageError(title, "it is a library for linking programs, and nothing that Python can load");
    }
    const root = locked.install_dir === "dynlib" ? LIBRARY_FOLDER : SITE_PACKAGES;
    const [archive, files] = Archive.openZip(half, source.bytes, file, root);
    const requires = (locked.depends ?? []).map(normalized);
    return { archive, title, version, file, type, files, added: [], requires, mentions: requires, adopt: [] };
  }

  /** Compiles the libraries of a package that are worth it. */
  *compile({ archive, title, files, adopt }: Opened): Work<void> {
    const compiled: Wait<() => void>[] = [];
    for (const [path, index, size] of files) {
      if (!isLibrary(path)) continue;
      const one = this.#libraries.compile(title, path, size, () => archive.unpack(index, size, true));
      if (one !== undefined) compiled.push(one);
    }
    if (compiled.length > 0) adopt.push(...(yield* wait(together(compiled))));
  }

  /**
   * Installs packages.
   * @throws PackageError if one of them cannot be; then none is.
   */
  *install(asked: readonly Prepared[], { progressCallback }: LoadPackageOptions): Work<PackageData[]> {
    const packages = this.#absent(asked);
    const wanted = new Map<string, Prepared>();
    const mounted: Mounted[] = [];
    this.#busy = true;
    try {
      for (const one of packages) {
        const key = normalized(one.title);
        const other = wanted.get(key) ?? this.#installed.get(key);
        if (other !== undefined) {
          const advice = this.#installed.has(key) ? `. Call unloadPackage("${one.title}") first` : "";
          throw new PackageError(one.file, `${other.title} ${other.version} is already loaded, from ${other.origin}${advice}`);
        }
        wanted.set(key, one);
      }
      for (const one of packages) {
        progressCallback?.({ phase: "install", package: one.title, received: 0, total: undefined });
        mounted.push(this.#mount(one));
        for (const take of one.adopt) take();
      }
      yield* this.#loadLibraries(packages);
      this.#tellPython(packages);
    } catch (error) {
      for (const { undo } of mounted.reverse()) undo();
      if (mounted.length > 0) this.#forgetImports(packages);
      for (const { archive, files } of packages) {
        for (const [path] of files) this.#libraries.forget(path);
        archive.close();
      }
      throw error;
    } finally {
      this.#busy = false;
    }
    return [...wanted].map(([key, one], index) => this.#note(key, one, mounted[index]?.paths ?? []));
  }

  /** Leaves out what an `import` has installed while this was being downloaded. */
  #absent(packages: readonly Prepared[]): Prepared[] {
    return packages.filter(({ title, sha256, archive }) => {
      const there = this.#installed.get(normalized(title));
      if (there === undefined || sha256 === undefined || there.sha256 !== sha256) return true;
      archive.close();
      return false;
    });
  }

  #note(key: string, one: Prepared, paths: readonly string[]): PackageData {
    for (const path of paths) this.#owners.set(path, key);
    this.#installed.set(key, { ...one, paths });
    this.#loaded[one.title] = one.origin;
    return { name: one.title, version: one.version, fileName: one.file, packageType: one.type };
  }

  #mount({ archive, files, added, file }: Prepared): Mounted {
    try {
      return this.#mounts.mount(archive, files, added, isNeeded);
    } catch (error) {
      throw new PackageError(file, (error as Error).message, { cause: error });
    }
  }

  /** What was half in place may have been imported while libraries were loading. */
  #forgetImports(packages: readonly Prepared[]): void {
    const { FS } = this.#machine.module;
    const paths = packages.flatMap(({ files }) => files.map(([path]) => path));
    try {
      this.#python("removed", paths.filter((path) => !FS.analyzePath(path).exists));
    } catch {
      // An interrupt, perhaps; the error that led here says more.
    }
  }

  *#loadLibraries(packages: readonly Prepared[]): Work<void> {
    for (const { files, type } of packages) {
      const libraries = files.filter(([path]) => isLibrary(path)).map(([path, , size]) => ({ path, size }));
      yield* this.#libraries.load(libraries, type === "shared_library");
    }
  }

  /** Lets Python see what is new. */
  #tellPython(packages: readonly Prepared[]): void {
    // `NAME.libs`, where tools put the libraries that a wheel brings along.
    const folders = new Set<string>();
    for (const { files } of packages) {
      for (const [path] of files) {
        const slash = path.lastIndexOf("/");
        if (path.slice(0, slash).endsWith(".libs") && isLibrary(path)) folders.add(path.slice(0, slash));
      }
    }
    this.#python("installed", [...folders]);
  }

  /** Calls a function of the Python half; as a program, since the first proxy of an interpreter is not cheap. */
  #python(name: "installed" | "removed", paths: readonly string[]): void {
    const { core } = this.#machine;
    // A JSON array of strings is a list of strings in Python, too.
    const code = `from _pyodide import packages; packages.${name}(${JSON.stringify(paths)})`;
    core.readOutOf([code, "<loadPackage>", {}, undefined], (records) => core.exports.ferropy_run(records));
  }

  /**
   * Takes a package out again.
   * @throws PackageError with the reason if that cannot be done.
   */
  unload(name: string): void {
    this.takeOut(name, false).archive.close();
  }

  /**
   * The same for a package that may be installed again: its archive stays open.
   * @param replaced whether another version comes at once, so that others may need it.
   */
  takeOut(name: string, replaced: boolean): Prepared {
    const key = normalized(name);
    const one = this.#installed.get(key);
    if (one === undefined) throw new PackageError(undefined, `${name} is not loaded`);
    const refuse = (reason: string): never => {
      throw new PackageError(undefined, `${one.title} cannot be unloaded: ${reason}`);
    };
    const users = [...this.#installed.values()].filter((other) => other.requires.includes(key) && other !== one);
    if (users.length > 0 && !replaced) {
      const names = users.map(({ title }) => title);
      refuse(`${names.join(", ")} ${users.length > 1 ? "need" : "needs"} it. Unload ${users.length > 1 ? "them" : "that"} first`);
    }
    const libraries = this.#libraries.loaded(one.paths);
    if (libraries.length > 0) {
      const shown = libraries.slice(0, 3).join(", ") + (libraries.length > 3 ? ` and ${libraries.length - 3} more` : "");
      refuse(`its extension modules are in use (${shown}), and native code cannot be taken out. Load a new interpreter`);
    }
    const mine = one.paths.filter((path) => this.#owners.get(path) === key);
    this.#remove(mine);
    for (const path of mine) {
      this.#owners.delete(path);
      this.#libraries.forget(path);
    }
    this.#installed.delete(key);
    Reflect.deleteProperty(this.#loaded, one.title);
    this.#python("removed", mine);
    return one;
  }

  #remove(paths: readonly string[]): void {
    const { FS } = this.#machine.module;
    const folders = new Set<string>();
    for (const path of paths) {
      if (!FS.analyzePath(path).exists) continue;
      FS.unlink(path);
      folders.add(path.slice(0, path.lastIndexOf("/")));
    }
    for (let folder of folders) {
      while (folder !== SITE_PACKAGES && folder !== "" && FS.readdir(folder).length === 2) {
        FS.rmdir(folder);
        folder = folder.slice(0, folder.lastIndexOf("/"));
      }
    }
  }
}

/** Whether a package is of no use without a file; scripts and data for other folders are extras. */
function isNeeded(path: string): boolean {
  return path.startsWith(`${SITE_PACKAGES}/`) || path.startsWith(`${LIBRARY_FOLDER}/`);
}

/** The top-level modules among files in site-packages. */
function modulesOf(paths: readonly string[]): string[] {
  const modules = new Set<string>();
  for (const path of paths) {
    if (!path.startsWith(`${SITE_PACKAGES}/`)) continue;
    const [first = "", ...rest] = path.slice(SITE_PACKAGES.length + 1).split("/");
    const name = rest.length > 0 ? first : /^(.*?)(?:\.[^/]*)?\.(?:py|so)$/.exec(first)?.[1];
    if (name !== undefined && /^[\p{ID_Start}_][\p{ID_Continue}]*$/u.test(name)) modules.add(name);
  }
  return [...modules].sort();
}
