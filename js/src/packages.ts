/**
 * Loading wheels: from URLs and files as they are, or by name as the lock file
 * says. Nothing is resolved here.
 */

import { type Entry, type File, contents, mountFiles, readArchive } from "./archive.ts";
import { fileUrl, readBytes } from "./environment.ts";
import { type Machine, SITE_PACKAGES } from "./interpreter.ts";
import { type Lock, type LockedPackage, PackageError, isName, lockedClosure, normalized, readLock } from "./lock.ts";

export { PackageError };

/** Options of `loadPackage`. */
export interface LoadPackageOptions {
  /** Told about each step. */
  messageCallback?: ((message: string) => void) | undefined;
  /** Told about failures, which are thrown as well. */
  errorCallback?: ((message: string) => void) | undefined;
  /** Whether to check the files' hashes against the wheel's RECORD. Default true. */
  checkIntegrity?: boolean | undefined;
}

/** What is known of a loaded package. */
export interface PackageData {
  name: string;
  version: string;
  fileName: string;
  packageType: "package";
}

/** A wheel's URL, path or content, or the name of a package in the lock file. */
export type Source = string | Blob | ArrayBuffer;

/** The tags of wheels that this interpreter loads. */
interface Tags {
  readonly interpreter: string;
  readonly platforms: readonly string[];
}

/** The lock file names the distribution's ABI, so that no other file repeats it. */
function tagsOf({ info }: Lock): Tags {
  return {
    interpreter: `cp${info.python.split(".").slice(0, 2).join("")}`,
    platforms: [`pyemscripten_${info.abi_version}_${info.arch}`],
  };
}

interface WheelName {
  readonly name: string;
  readonly version: string;
  readonly pythons: readonly string[];
  readonly abis: readonly string[];
  readonly platforms: readonly string[];
}

/** Parses `name-version(-build)?-python-abi-platform.whl`. */
function parseName(fileName: string): WheelName {
  const parts = fileName.replace(/\.whl$/, "").split("-");
  if (!fileName.endsWith(".whl") || parts.length < 5 || parts.length > 6) {
    throw new PackageError(fileName, "its name is not that of a wheel (NAME-VERSION-PYTHON-ABI-PLATFORM.whl)");
  }
  const [name, version] = parts as [string, string];
  const [pythons, abis, platforms] = parts.slice(-3).map((tag) => tag.split(".")) as [
    string[],
    string[],
    string[],
  ];
  return { name, version, pythons, abis, platforms };
}

/** The number of a CPython tag's minor version: 15 for `cp315`. */
function minor(tag: string): number {
  return Number(/^(?:cp|py)3(\d+)$/.exec(tag)?.[1] ?? Number.NaN);
}

/** Whether a wheel with these tags runs here. */
function fits({ pythons, abis, platforms }: WheelName, tags: Tags): boolean {
  const ours = minor(tags.interpreter);
  const anyPlatform = platforms.includes("any");
  if (!anyPlatform && !platforms.some((tag) => tags.platforms.includes(tag))) return false;
  return pythons.some((python) => {
    if (abis.includes("none")) {
      return python === "py3" || python === tags.interpreter || minor(python) <= ours && python.startsWith("py");
    }
    if (abis.includes("abi3")) return minor(python) <= ours;
    return abis.includes(tags.interpreter) && python === tags.interpreter;
  });
}

function checkTags(fileName: string, tags: Tags): WheelName {
  const wheel = parseName(fileName);
  if (!fits(wheel, tags)) {
    const [theirs, ours] = [
      `${wheel.pythons.join(".")}-${wheel.abis.join(".")}-${wheel.platforms.join(".")}`,
      `${tags.interpreter}-${tags.interpreter}-${tags.platforms.join(", ")}`,
    ];
    throw new PackageError(
      fileName,
      `it is built for ${theirs}, and this interpreter takes ${ours}, abi3 wheels of the same platform, ` +
        "and pure wheels (py3-none-any). Look for another file of the same release",
    );
  }
  return wheel;
}

/** Checks a wheel without a file name by the tags that it states inside. */
function checkWheelTags(label: string, text: string, tags: Tags): void {
  const stated = [...text.matchAll(/^Tag: *(\S+)/gm)].map((match) => `wheel-0-${match[1]}.whl`);
  if (stated.length === 0) throw new PackageError(label, "it states no tags, so it is no wheel");
  if (!stated.some((name) => fits(parseName(name), tags))) checkTags(stated[0] ?? "", tags);
}

/** Rows of RECORD: path, hash (`sha256=` and base64url), size. */
function parseRecord(text: string): Map<string, string> {
  const hashes = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^(?:"((?:[^"]|"")*)"|([^",]*)),sha256=([\w-]+)=*,/.exec(line);
    if (match !== null) {
      hashes.set(match[1]?.replaceAll('""', '"') ?? match[2] ?? "", match[3] ?? "");
    }
  }
  return hashes;
}

/** Folders of `NAME.data` that go into site-packages. */
const LIBRARY_SCHEMES = /^[^/]+\.data\/(?:purelib|platlib)\//;
/** Other schemes and where they go below the root. */
const OTHER_SCHEMES: readonly [RegExp, string][] = [
  [/^[^/]+\.data\/scripts\//, "/bin/"],
  [/^[^/]+\.data\/data\//, "/"],
  [/^[^/]+\.data\/headers\//, "/include/"],
];

/** Where a wheel's file goes, as an absolute path without the leading slash. */
function destination(path: string): string {
  for (const [pattern, folder] of OTHER_SCHEMES) {
    if (pattern.test(path)) return path.replace(pattern, folder).slice(1);
  }
  return `${SITE_PACKAGES.slice(1)}/${path.replace(LIBRARY_SCHEMES, "")}`;
}

/**
 * Extension modules above this size, in bytes, are instantiated when their wheel
 * is loaded: Chromium forbids to do so synchronously in a window from 8 MB on,
 * and `import` is synchronous.
 */
const EARLY_MODULE_BYTES = 4 * 2 ** 20;

/** The packages of one interpreter. */
export class Packages {
  readonly loaded: Record<string, string> = {};
  readonly #machine: Machine;
  readonly #lockUrl: string;
  #lock: Promise<Lock> | undefined;
  #digest: ((data: Uint8Array) => string) | undefined;

  constructor(machine: Machine, lockUrl: string) {
    this.#machine = machine;
    this.#lockUrl = lockUrl;
  }

  /** The lock file, read when first asked for. */
  #readLock(): Promise<Lock> {
    this.#lock ??= readLock(this.#lockUrl);
    return this.#lock;
  }

  /** What stands for each source: names become the wheels of the lock file that are not loaded yet. */
  async #wanted(sources: readonly Source[]): Promise<(Source | LockedPackage)[]> {
    const lock = await this.#readLock();
    const locked = new Map<string, LockedPackage>();
    const wanted: (Source | LockedPackage)[] = [];
    const present = new Set(Object.keys(this.loaded).map(normalized));
    for (const source of sources) {
      if (typeof source !== "string" || !isName(source)) {
        wanted.push(source);
        continue;
      }
      if (present.has(normalized(source))) continue;
      for (const entry of lockedClosure(lock, source)) {
        const key = normalized(entry.name);
        if (!present.has(key)) locked.set(key, entry);
      }
    }
    return [...locked.values(), ...wanted];
  }

  /**
   * Loads wheels; either all of them or, on an error, none.
   * @throws PackageError, ArchiveError or FetchError naming the source.
   */
  async load(
    sources: Source[],
    options: LoadPackageOptions,
  ): Promise<PackageData[]> {
    try {
      const wanted = await this.#wanted(sources);
      const wheels = await Promise.all(
        wanted.map((source) =>
          typeof source === "object" && "file_name" in source
            ? this.#read(new URL(source.file_name, this.#lockUrl).href, options, source.sha256)
            : this.#read(source, options),
        ),
      );
      for (const { files, data, source } of wheels) {
        mountFiles(this.#machine.module.FS, "", files);
        await this.#loadLargeModules(files);
        this.loaded[data.name] = source;
        options.messageCallback?.(`Loaded ${data.name} ${data.version}`);
      }
      this.#run("import importlib; importlib.invalidate_caches()");
      return wheels.map(({ data }) => data);
    } catch (error) {
      options.errorCallback?.((error as Error).message);
      throw error;
    }
  }

  /** Runs a line of Python in a namespace of its own. */
  #run(code: string): unknown {
    const { core } = this.#machine;
    return core.readOutOf([code, "<loadPackage>", {}, undefined], (records) =>
      core.exports.ferropy_run(records),
    );
  }

  async #loadLargeModules(files: readonly File[]): Promise<void> {
    for (const { path, data } of files) {
      if (!path.endsWith(".so") || data.length < EARLY_MODULE_BYTES) continue;
      const flags = { loadAsync: true, global: false, nodelete: true } as const;
      await this.#machine.module.loadDynamicLibrary(`/${path}`, flags, {});
    }
  }

  async #read(
    source: Source,
    { messageCallback, checkIntegrity = true }: LoadPackageOptions,
    sha256?: string,
  ): Promise<{ files: File[]; data: PackageData; source: string }> {
    const given = typeof source === "string" ? await fileUrl(source) : (source as { name?: string }).name;
    const nameOf = (url: string): string =>
      decodeURIComponent(url.replace(/[?#].*$/, "").split("/").at(-1) ?? url);
    // The tags are in the name: a wheel that does not fit is not downloaded.
    const tags = tagsOf(await this.#readLock());
    if (given !== undefined) checkTags(nameOf(given), tags);
    messageCallback?.(`Loading ${given === undefined ? "a wheel" : nameOf(given)}`);
    const bytes =
      typeof source === "string"
        ? await readBytes(given as string)
        : new Uint8Array(source instanceof Blob ? await source.arrayBuffer() : source);
    const label = given === undefined ? "the given wheel" : nameOf(given);
    if (checkIntegrity && sha256 !== undefined) {
      const actual = this.#sha256(bytes);
      if (actual !== sha256) {
        throw new PackageError(
          label,
          `it has the sha256 ${actual}, but the lock file says ${sha256}; download it again, or renew the lock file`,
        );
      }
    }
    const entries = readArchive(label, bytes);
    const infoFolder = findInfo(label, entries);
    const files = new Map<string, Uint8Array<ArrayBuffer>>();
    for (const entry of entries) files.set(entry.path, await contents(label, entry));
    const text = (name: string): string | undefined => {
      const data = files.get(`${infoFolder}/${name}`);
      return data && new TextDecoder().decode(data);
    };
    if (given === undefined) checkWheelTags(label, text("WHEEL") ?? "", tags);
    if (checkIntegrity) this.#checkHashes(label, infoFolder, files, text("RECORD"));
    const metadata = text("METADATA") ?? "";
    const field = (name: string): string | undefined =>
      new RegExp(`^${name}: *(.*?)\\r?$`, "m").exec(metadata)?.[1];
    const name = field("Name");
    const version = field("Version");
    if (name === undefined || version === undefined) {
      throw new PackageError(label, "its METADATA has no Name or no Version");
    }
    files.set(`${infoFolder}/INSTALLER`, new TextEncoder().encode("ferropy\n"));
    return {
      files: [...files].map(([path, data]) => ({ path: destination(path), data })),
      data: { name, version, fileName: label, packageType: "package" },
      source: given ?? label,
    };
  }

  #checkHashes(
    label: string,
    infoFolder: string,
    files: Map<string, Uint8Array<ArrayBuffer>>,
    record: string | undefined,
  ): void {
    if (record === undefined) throw new PackageError(label, "it has no RECORD of its files");
    const hashes = parseRecord(record);
    for (const [path, data] of files) {
      const expected = hashes.get(path);
      // RECORD cannot hold its own hash; signatures are not listed either.
      if (path.startsWith(`${infoFolder}/RECORD`)) continue;
      if (expected === undefined) {
        throw new PackageError(label, `${path} is not listed in its RECORD`);
      }
      const actual = urlsafe(this.#sha256(data));
      if (actual !== expected) {
        throw new PackageError(
          label,
          `${path} has the sha256 ${actual}, but RECORD says ${expected}; download it again`,
        );
      }
    }
  }

  /** The hash in hexadecimal, from Python: `crypto.subtle` exists in secure contexts only. */
  #sha256(data: Uint8Array): string {
    if (this.#digest === undefined) {
      this.#digest = this.#run(
        "import hashlib; lambda data: hashlib.sha256(data.to_py()).hexdigest()",
      ) as (data: Uint8Array) => string;
    }
    return this.#digest(data);
  }
}

/** A hexadecimal hash as RECORD writes it. */
function urlsafe(hex: string): string {
  const bytes = hex.match(/../g)?.map((pair) => Number.parseInt(pair, 16)) ?? [];
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The wheel's `.dist-info` folder. */
function findInfo(label: string, entries: readonly Entry[]): string {
  const folders = new Set(
    entries.map(({ path }) => path.split("/")[0] ?? "").filter((name) => name.endsWith(".dist-info")),
  );
  const [folder] = folders;
  if (folders.size !== 1 || folder === undefined) {
    throw new PackageError(label, `it has ${folders.size} .dist-info folders instead of one, so it is no wheel`);
  }
  return folder;
}
