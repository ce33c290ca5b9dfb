/**
 * The package loader: from names, addresses and files to modules that Python can import. It is a bundle of its own,
 * packages.mjs, loaded with the first package. What a name stands for says the lock file (`load`) or the resolver
 * (`install`).
 */

import { fileUrl } from "../../js/src/environment.ts";
import type { Machine } from "../../js/src/interpreter.ts";
import { isName, type Lock, type Lockfile, type LockfilePackage, normalized, PackageError, PLATFORM, PYTHON } from "../../js/src/lock.ts";
import type { InstallOptions, LoadPackageOptions, PackageData, Source } from "../../js/src/packages.ts";
import { SITE_PACKAGES } from "../../js/src/paths.ts";
import type { Interpreter } from "./archive/archive.ts";
import { RustHalf } from "./call/call.ts";
import { openCache } from "./download/cache.ts";
import { type Access, Downloads, type Got, type Listener } from "./download/download.ts";
import { Ranges } from "./download/ranges.ts";
import { Installer, type Prepared } from "./install/install.ts";
import { Coming, later, now, onlyLater, settled, wait, type Work } from "./wait/wait.ts";
import { Logins } from "../resolver/src/logins.ts";
import * as pylock from "../resolver/src/pylock.ts";
import { type Question, ResolverHalf, Resolving } from "../resolver/src/resolve.ts";

/** What the loader works with. */
export interface LoaderOptions {
  readonly machine: Machine;
  /** packages.wasm. */
  readonly rust: Promise<WebAssembly.Module>;
  /** Gets resolver.wasm. */
  readonly resolver: () => Promise<WebAssembly.Module>;
  readonly lock: Promise<Lock>;
  /** Where Node keeps packages. */
  readonly cacheFolder: string | undefined;
  /** Names and origins of what is loaded, as users see them. */
  readonly loaded: Record<string, string>;
}

/** Something to load. */
interface Job {
  /** What messages call it. */
  readonly label: string;
  readonly url: string | undefined;
  /** The file's name, if it has one. */
  readonly file: string | undefined;
  /** The content, if it was given. */
  readonly content: Blob | ArrayBuffer | Uint8Array | undefined;
  /** The hash that it must have. */
  readonly sha256: string | undefined;
  readonly locked: LockfilePackage | undefined;
  /** How its server is asked, if that matters. */
  readonly access?: Access;
  /** What is behind its address, if that came already. */
  readonly got?: Got | undefined;
  /** Names of what it needs, if that was resolved. */
  readonly depends?: readonly string[];
  /** Whether it was asked for, rather than needed by another. */
  readonly requested: boolean;
}

const INTERPRETER: Interpreter = { python: PYTHON, platforms: [PLATFORM] };

/**
 * The text of a `pylock.toml` as a `pyodide-lock.json`; `file` is what errors call it.
 * @throws PackageError if something in it is wrong, or nothing in it fits.
 */
export function readPylock(resolver: Promise<WebAssembly.Module>, text: string, file: string): Promise<Lockfile> {
  return pylock.readPylock(resolver, INTERPRETER, text, file);
}

/** What comes before names of the lock file where the resolver wants addresses. */
const LOCKED = "lock:/";

/** What `loadedPackages` says of packages of the lock file. */
const FROM_LOCK = "default channel";

/** The packages of one interpreter. */
export class PackageLoader {
  readonly #options: LoaderOptions;
  readonly #half: Coming<RustHalf>;
  readonly #lock: Coming<Lock>;
  readonly #downloads: Downloads;
  readonly #installer: Installer;
  #resolving: Promise<Resolving> | undefined;
  #ranges: Ranges | undefined;
  /** The end of the last call. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: LoaderOptions) {
    this.#options = options;
    this.#half = new Coming(RustHalf.load(options.rust));
    this.#lock = new Coming(options.lock);
    const { FS } = options.machine.module;
    this.#downloads = new Downloads(this.#half, openCache(options.cacheFolder), (path) => FS.readFile(path));
    this.#installer = new Installer(options.machine, options.loaded);
  }

  /** Loads packages; either all of them or, on an error, none. */
  load(sources: readonly Source[], options: LoadPackageOptions): Promise<PackageData[]> {
    return this.#queue(options, () => later(this.#load(sources, options)));
  }

  /**
   * Prepares for `loadNow`.
   * @throws Error if that cannot be here.
   */
  async open(): Promise<void> {
    const { core } = this.#options.machine;
    const downloads = this.#downloads.open(() => core.interruptPending);
    await Promise.all([this.#half.later(), this.#lock.later(), downloads]);
  }

  /**
   * Loads packages of the lock file before it returns, after `open`. Other calls may be waiting for their downloads.
   * @throws PackageError or FetchError; then nothing is loaded.
   */
  loadNow(names: readonly string[]): PackageData[] {
    if (this.#installer.busy) {
      throw new PackageError(names.join(", "), "other packages are being put in place at this moment; await that first");
    }
    return now(this.#load(names, {}));
  }

  *#load(sources: readonly Source[], options: LoadPackageOptions): Work<PackageData[]> {
    return yield* this.#loadJobs(yield* this.#jobs(sources, options.messageCallback), options);
  }

  /**
   * Finds the packages that requirements mean, and loads those that are not there; all of them or none.
   * @param installed of each package that Python sees, a text such as METADATA.
   */
  install(requirements: readonly string[], installed: readonly string[], options: InstallOptions): Promise<PackageData[]> {
    return this.#queue(options, async () =>
      later(this.#loadJobs(await this.#resolve(requirements, installed, options), options)),
    );
  }

  /** One call after the other, or two of them would load the same package. */
  #queue({ errorCallback }: LoadPackageOptions, work: () => Promise<PackageData[]>): Promise<PackageData[]> {
    const result = this.#turn.then(work).catch((error: unknown) => {
      errorCallback?.((error as Error).message);
      throw error;
    });
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** What has to be loaded so that requirements are met. */
  async #resolve(requirements: readonly string[], installed: readonly string[], options: InstallOptions): Promise<Job[]> {
    const { messageCallback, progressCallback, reinstall = false } = options;
    progressCallback?.({ phase: "resolve", package: requirements.join(", "), received: 0, total: undefined });
    const [half, lock] = await Promise.all([this.#half.later(), this.#lock.later()]);
    this.#resolving ??= (async () => {
      const emscripten = lock.contents.info.platform.replace(/^emscripten_/, "").replaceAll("_", ".");
      return new Resolving(await ResolverHalf.load(this.#options.resolver()), half, INTERPRETER, emscripten);
    })().catch((error: unknown) => {
      // What failed may work later.
      this.#resolving = undefined;
      throw error;
    });
    const resolving = await this.#resolving;
    const question: Question = {
      requirements,
      constraints: options.constraints ?? [],
      installed: reinstall ? [] : installed.map((metadata) => ({ metadata })),
      // Where its file is matters for one that is picked only: a lock file without an address may have others.
      locked: lock.modules().map(({ name, version, sha256, depends }) => {
        return { name, version, sha256, depends: depends ?? null, url: `${LOCKED}${normalized(name)}` };
      }),
      indexes: options.indexURLs ?? lock.indexes,
      pre: options.pre ?? false,
      deps: options.deps ?? true,
    };
    const ranges = (this.#ranges ??= new Ranges(half));
    const credentials = options.credentials ?? "same-origin";
    const logins = new Logins(question.indexes);
    // Other servers may allow every page, which forbids cookies.
    const accessOf = (url: string): Access => {
      return { headers: logins.for(url), credentials: logins.serve(url) ? credentials : "same-origin" };
    };
    /** Wheels that were got for their METADATA, by address. */
    const whole = new Map<string, Got>();
    const { picks, warnings } = await resolving.resolve(question, {
      credentials,
      message: (text) => messageCallback?.(text),
      metadata: async (place, title, sha256, size) => {
        const entry = place.startsWith(LOCKED) ? lock.find(place.slice(LOCKED.length)) : undefined;
        const url = entry === undefined ? place : lock.urlOf(entry);
        const file = entry === undefined ? title : fileOf(url);
        const listener = { progress: () => undefined, message: (text: string) => messageCallback?.(text) };
        const wanted = { url, file, sha256, access: accessOf(url) };
        let got = await this.#downloads.cached(wanted, listener);
        if (got === undefined) {
          const text = await ranges.metadata({ ...wanted, size });
          if (text !== undefined) return text;
          got = await this.#downloads.get(wanted, listener).later();
        }
        const { bytes } = got;
        whole.set(url, got);
        return new TextEncoder().encode(half.metadata(file, bytes));
      },
    });
    for (const warning of warnings) messageCallback?.(warning);
    return picks
      .filter((pick) => !pick.installed)
      // What is there in this version is replaced only if it was asked for.
      .filter((pick) => pick.requested || this.#installer.version(pick.name) !== pick.version)
      .map((pick): Job => {
        const { name, depends, requested } = pick;
        const locked = pick.locked ? lock.find(name) : undefined;
        const url = locked === undefined ? pick.url : lock.urlOf(locked);
        const file = locked === undefined ? pick.file : fileOf(url);
        const sha256 = pick.sha256 ?? undefined;
        const source = { url, file, content: undefined, sha256, access: accessOf(url), got: whole.get(url) };
        return { ...source, label: name, locked, depends, requested };
      });
  }

  *#loadJobs(jobs: readonly Job[], options: InstallOptions): Work<PackageData[]> {
    const { messageCallback, progressCallback, reinstall = false } = options;
    if (jobs.length === 0) return [];
    // All of them, before the first bytes of any.
    for (const { label } of jobs) progressCallback?.({ phase: "download", package: label, received: 0, total: undefined });
    messageCallback?.(`Loading ${jobs.map(({ label }) => label).join(", ")}`);
    const prepared = yield* this.#prepareNeeds(jobs, options);
    const replaced: Prepared[] = [];
    let installed: PackageData[];
    try {
      // As late as possible, so that little can still go wrong.
      if (reinstall) this.#makeRoom(prepared, replaced);
      installed = yield* this.#installer.install(prepared, options);
    } catch (error) {
      if (replaced.length > 0) yield* this.#installer.install(replaced, {});
      throw error;
    }
    for (const { archive } of replaced) archive.close();
    if (installed.length > 0) {
      messageCallback?.(`Loaded ${installed.map(({ name, version }) => `${name} ${version}`).join(", ")}`);
    }
    return installed;
  }

  /** Takes out what others replace; `replaced` gets what could be put back. */
  #makeRoom(prepared: readonly Prepared[], replaced: Prepared[]): void {
    try {
      for (const { title } of prepared) {
        if (this.#installer.has(normalized(title))) replaced.push(this.#installer.takeOut(title, true));
      }
    } catch (error) {
      for (const { archive } of prepared) archive.close();
      throw error;
    }
  }

  /** What there is to load for some sources, each once. */
  *#jobs(sources: readonly Source[], message: LoadPackageOptions["messageCallback"]): Work<Job[]> {
    const jobs = new Map<string, Job>();
    const names = sources.filter((source): source is string => typeof source === "string" && isName(source));
    if (names.length > 0) {
      const lock = yield* wait(this.#lock);
      const asked = new Set(names.map(normalized));
      for (const locked of names.flatMap((name) => lock.closure(name))) {
        const key = normalized(locked.name);
        if (!this.#installer.has(key)) jobs.set(key, lockedJob(lock, locked, asked.has(key)));
        else if (asked.has(key)) message?.(`${locked.name} is already loaded`);
      }
    }
    for (const source of sources) {
      if (typeof source === "string" && isName(source)) continue;
      const job = yield* wait(onlyLater(() => this.#direct(source)));
      if (job.file === undefined) {
        jobs.set(`${jobs.size}`, job);
        continue;
      }
      // The name has the tags: what does not fit is not downloaded.
      const half = yield* wait(this.#half);
      const { name } = half.call({ op: "name", file: job.file, interpreter: INTERPRETER }) as { name: string };
      const loaded = this.#installer.origin(name);
      if (loaded !== undefined && loaded === job.url) {
        message?.(`${name} is already loaded`);
      } else if (loaded !== undefined) {
        throw new PackageError(job.file, `${name} is already loaded, from ${loaded}. Call unloadPackage("${name}") first`);
      } else {
        jobs.set(name, job);
      }
    }
    return [...jobs.values()];
  }

  /** What a URL, a path or a file's content stands for. */
  async #direct(source: Source): Promise<Job> {
    if (typeof source === "string") {
      const given = await fileUrl(source);
      const [url = given, fragment = ""] = given.split("#", 2);
      const file = fileOf(url);
      const sha256 = new URLSearchParams(fragment).get("sha256")?.toLowerCase();
      return { label: file, url, file, content: undefined, sha256, locked: undefined, requested: true };
    }
    const { name: file } = source as { name?: string };
    const label = file ?? "the given wheel";
    return { label, url: undefined, file, content: source, sha256: undefined, locked: undefined, requested: true };
  }

  /** Gets and checks all, and what those need whose entries in the lock file do not tell it. */
  *#prepareNeeds(jobs: readonly Job[], options: LoadPackageOptions): Work<Prepared[]> {
    const all: Prepared[] = [];
    const known = new Set<string>();
    try {
      for (let next = jobs; next.length > 0; ) {
        const prepared = yield* this.#prepareAll(next, options);
        all.push(...prepared);
        for (const { title } of prepared) known.add(normalized(title));
        const untold = prepared.filter((_, index) => isUntold(next[index] as Job));
        if (untold.length === 0) break;
        const lock = yield* wait(this.#lock);
        const needed = new Set(untold.flatMap(({ mentions }) => mentions));
        next = [...needed].flatMap((key) => {
          const locked = known.has(key) || this.#installer.has(key) ? undefined : lock.find(key);
          return locked === undefined ? [] : lockedJob(lock, locked, false);
        });
      }
    } catch (error) {
      for (const { archive } of all) archive.close();
      throw error;
    }
    return all;
  }

  *#prepareAll(jobs: readonly Job[], options: LoadPackageOptions): Work<Prepared[]> {
    const results = yield* wait(settled(jobs.map((job) => this.#prepare(job, options))));
    const failed = results.find((result) => result.status === "rejected");
    const prepared = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    if (failed === undefined) return prepared;
    for (const { archive } of prepared) archive.close();
    throw failed.reason;
  }

  /** Gets and checks one. */
  *#prepare(job: Job, { messageCallback, progressCallback, checkIntegrity = true }: LoadPackageOptions): Work<Prepared> {
    const { label, file, url, locked } = job;
    let size = 0;
    const tell = (phase: "download" | "check", received: number, total: number | undefined): void => {
      size = received;
      progressCallback?.({ phase, package: label, received, total });
    };
    const listener: Listener = {
      progress: (received, total) => tell("download", received, total),
      message: (text) => messageCallback?.(text),
    };
    const half = yield* wait(this.#half);
    const sha256 = checkIntegrity ? job.sha256 : undefined;
    let bytes: Uint8Array<ArrayBuffer>;
    let hash: string | undefined;
    const { content } = job;
    if (content === undefined) {
      const wanted = { url: url as string, file: file as string, sha256, access: job.access };
      const got = job.got ?? (yield* wait(this.#downloads.get(wanted, listener)));
      ({ bytes, sha256: hash } = got);
      if (got === job.got) listener.progress(bytes.length, bytes.length);
    } else {
      bytes = yield* wait(onlyLater(() => bytesOf(content)));
      listener.progress(bytes.length, bytes.length);
    }
    tell("check", size, size);
    const source = { bytes, interpreter: INTERPRETER, site: SITE_PACKAGES, requested: job.requested };
    const directUrl = url === undefined || hash === undefined || locked !== undefined ? undefined : ([url, hash] as const);
    const prepared = this.#installer.open(half, { ...source, file, directUrl }, locked);
    const { archive } = prepared;
    try {
      if (!checkIntegrity) archive.checked = true;
      // With a hash of the whole, each file is checked when it is read; without, nothing may be installed before.
      else if (sha256 === undefined && !archive.checked) archive.verify();
      yield* this.#installer.compile(prepared);
    } catch (error) {
      archive.close();
      throw error;
    }
    const origin = locked === undefined ? (url ?? label) : FROM_LOCK;
    return { ...prepared, requires: job.depends ?? prepared.requires, origin, url, sha256: hash };
  }

  /** What would bring the installed packages back, as entries of a lock file. */
  frozen(): LockfilePackage[] {
    return this.#installer.frozen();
  }

  /** Takes a package out again. */
  unload(name: string): void {
    this.#installer.unload(name);
  }
}

/** What there is to load for an entry of a lock file. */
function lockedJob(lock: Lock, locked: LockfilePackage, requested: boolean): Job {
  const url = lock.urlOf(locked);
  return { label: locked.name, url, file: fileOf(url), content: undefined, sha256: locked.sha256, locked, requested };
}

/** Whether only the wheel tells what it needs. */
function isUntold({ locked, depends }: Job): boolean {
  return locked !== undefined && locked.depends === undefined && depends === undefined;
}

/** The last part of an address. */
function fileOf(url: string): string {
  return decodeURIComponent(url.replace(/[?#].*$/, "").split("/").at(-1) ?? url);
}

async function bytesOf(content: Blob | ArrayBuffer | Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  // A copy, since the archive stays in use and the caller may change theirs.
  if (content instanceof Blob) return new Uint8Array(await content.arrayBuffer());
  return content instanceof Uint8Array ? content.slice() : new Uint8Array(content.slice(0));
}
