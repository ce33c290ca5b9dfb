/** The loader: `loadPyodide()` brings a Python interpreter into this page, worker or Node. */

import { PyodideAPI } from "./api.ts";
import { fileUrl, folderUrl, scriptFolder } from "./environment.ts";
import type { FileSystem } from "./filesystem.ts";
import { prepare, start } from "./interpreter.ts";
import { type FromToml, Lock, type Lockfile } from "./lock.ts";
import { fromToml, Packages, type PackageWatcher } from "./packages.ts";
import { SITE_PACKAGES } from "./paths.ts";

export { addSitePaths, enterHost } from "./hostfs.ts";
export { runMain, type MainOptions } from "./main.ts";
export type { Lockfile, LockfileInfo, LockfilePackage } from "./lock.ts";
export type { InstallOptions, LoadPackageOptions, PackageData, PackageProgress, PackageWatcher } from "./packages.ts";
export type { InputChunk, OutputOptions, StdinOptions } from "./streams.ts";
export type { RunOptions } from "./api.ts";
export type { LiveObject } from "../../runtime/src/lifetimes/alive.ts";
export type { PyodideAPI, PyodideAPI as PyodideInterface };
export { FatalError, PythonError } from "../../runtime/src/errors/errors.ts";
export type { TypedArray } from "../../runtime/src/pyproxy/buffer.ts";
export { PyProxy } from "../../runtime/src/pyproxy/classes.ts";

/** Replaced by the build: the distribution's version. */
declare const FERROPY_VERSION: string;

/** The distribution's version. */
export const version: string = FERROPY_VERSION;

/** Where code runs that was given no other folder. */
const HOME = "/home/pyodide";

/** Options of {@link loadPyodide}. */
export interface PyodideConfig {
  /** The folder of the distribution: a URL, or a path in Node. Default: the loader's own. */
  indexURL?: string | undefined;
  /** The standard library's archive. Default: `python_stdlib.zip` in `indexURL`. */
  stdLibURL?: string | undefined;
  /** The lock file, a `pyodide-lock.json` or a `pylock.toml`. Default: `pyodide-lock.json` in `indexURL`. */
  lockFileURL?: string | undefined;
  /** The lock file itself, instead of its URL: text in one of its formats, or what JSON stands for. */
  lockFileContents?: Lockfile | string | Promise<Lockfile | string> | undefined;
  /** What relative file names in the lock file are relative to. Default: the lock file's folder. */
  packageBaseUrl?: string | undefined;
  /** A folder where Node keeps downloaded packages. Browsers have a cache of their own. */
  packageCacheDir?: string | undefined;
  /** Packages to load before the promise resolves: names of the lock file, URLs, or paths in Node. */
  packages?: string[] | undefined;
  /**
   * Whether an `import` of a module that is not here fetches its package from the lock file, and what that needs. It
   * blocks the thread meanwhile; `loadPackage` and `loadPackagesFromImports` do not. Default false.
   */
  installOnImport?: boolean | undefined;
  /**
   * Told how far packages are, whoever loads them with `loadPackage` or `installPackages`, from Python with micropip
   * among others; undefined when a call has ended, well or not.
   */
  packageProgress?: PackageWatcher | undefined;
  /** What `import js` sees. Default: `globalThis`. */
  jsglobals?: object | undefined;
  /** Command-line arguments of the interpreter, such as `-X dev`. */
  args?: string[] | undefined;
  /** Environment variables. `HOME` is `/home/pyodide` unless given. */
  env?: Record<string, string> | undefined;
  /** Returns one line of input, or null at the end. */
  stdin?: (() => string | null) | undefined;
  /** Gets each line of output. */
  stdout?: ((line: string) => void) | undefined;
  /** Gets each line of error output. */
  stderr?: ((line: string) => void) | undefined;
  /** Called when the file system is there and Python has not started. */
  fsInit?: ((fs: FileSystem, info: { sitePackages: string }) => void | Promise<void>) | undefined;
  /** Accepted for compatibility: the whole standard library is always there. */
  fullStdLib?: boolean | undefined;
  /** Accepted for compatibility: the versions of the loader and of `indexURL` are not compared. */
  checkAPIVersion?: boolean | undefined;
  /** Whether a proxy's `toString` gives `repr(object)` instead of `str(object)`. */
  pyproxyToStringRepr?: boolean | undefined;
  /** Whether JavaScript's `null` becomes None instead of `pyodide.ffi.jsnull`. */
  convertNullToNone?: boolean | undefined;
  /** Whether copies of dicts are Maps whose string keys are properties too. */
  toJsLiteralMap?: boolean | undefined;
}

type OwnOptions = "installOnImport" | "packageProgress";

/** Options that are all given, but for those that only ferropy has. */
export type PyodideConfigWithDefaults = Required<Omit<PyodideConfig, OwnOptions>> & Pick<PyodideConfig, OwnOptions>;

/** Where `dlopen` looks for libraries that several packages need. */
const LD_LIBRARY_PATH = "/usr/lib";

/** Reads the lock file; whether that worked is asked when a package is loaded. */
function readLock(config: PyodideConfig, indexUrl: string, url: string): Promise<Lock> {
  const { lockFileContents: given, packageBaseUrl } = config;
  const lock = (async () => {
    const base = packageBaseUrl === undefined ? undefined : await folderUrl(packageBaseUrl);
    const toml: FromToml = (text, file) => fromToml(indexUrl, text, file);
    return given === undefined ? Lock.read(url, base, toml) : Lock.of(await given, base, toml);
  })();
  lock.catch(() => undefined);
  return lock;
}

/**
 * Loads the interpreter.
 * @throws FetchError if a file of the distribution cannot be read; Error if
 *   CPython cannot start.
 */
export async function loadPyodide(config: PyodideConfig = {}): Promise<PyodideAPI> {
  const indexUrl =
    config.indexURL === undefined ? scriptFolder() : await folderUrl(config.indexURL);
  const resolve = async (file: string | undefined, name: string): Promise<string> =>
    file === undefined ? `${indexUrl}${name}` : fileUrl(file);
  const env = { HOME, LD_LIBRARY_PATH, ...config.env };
  // Read while the interpreter loads.
  const lock = readLock(config, indexUrl, await resolve(config.lockFileURL, "pyodide-lock.json"));
  const machine = await prepare({
    indexUrl,
    stdlibUrl: await resolve(config.stdLibURL, "python_stdlib.zip"),
    jsglobals: config.jsglobals ?? globalThis,
    env,
  });
  const { core } = machine;
  core.toStringIsRepr = config.pyproxyToStringRepr ?? false;
  core.wire.nullToNone = config.convertNullToNone ?? false;
  core.literalMaps = config.toJsLiteralMap ?? false;
  const { FS } = machine.module;
  FS.mkdirTree(env.HOME);
  FS.chdir(env.HOME);
  await config.fsInit?.(FS, { sitePackages: SITE_PACKAGES });
  if (config.stdin !== undefined) machine.streams.setStdin({ stdin: config.stdin });
  if (config.stdout !== undefined) machine.streams.setStdout({ batched: config.stdout });
  if (config.stderr !== undefined) machine.streams.setStderr({ batched: config.stderr });
  const status = start(machine, ["python3", ...(config.args ?? [])], false);
  if (status !== undefined) {
    throw new Error(
      `the arguments ${JSON.stringify(config.args)} made the interpreter exit with status ${status}`,
    );
  }
  const packages = new Packages(machine, indexUrl, lock, config.packageCacheDir, config.packageProgress);
  await packages.settled();
  const pyodide = new PyodideAPI(machine, packages, version);
  await packages.serveImports(config.installOnImport ?? false);
  core.makers.started(core);
  if (config.packages !== undefined && config.packages.length > 0) {
    await pyodide.loadPackage(config.packages);
  }
  return pyodide;
}
