/**
 * Bringing an interpreter up: the main module, its files, its streams, and the
 * start of CPython. Used by `loadPyodide` and by the Node program.
 */

import type { TypedArray } from "../../runtime/src/pyproxy/buffer.ts";
import { type File, mountFiles, readArchive } from "./archive.ts";
import { Core, type Exports } from "./core.ts";
import type { EmscriptenModule, ModuleFactory } from "./emscripten.ts";
import { compile, readBytes } from "./environment.ts";
import { SITE_PACKAGES, STDLIB } from "./paths.ts";
import { StandardStreams } from "./streams.ts";

/** What is needed to bring an interpreter up. */
export interface StartOptions {
  /** The distribution's folder, an absolute URL with a trailing slash. */
  readonly indexUrl: string;
  /** The standard library's archive, an absolute URL. */
  readonly stdlibUrl: string;
  /** More archives to put beside the standard library, absolute URLs. */
  readonly archives?: readonly string[];
  /** What `import js` sees. */
  readonly jsglobals: object;
  readonly env: Readonly<Record<string, string>>;
}

/** A module in memory with its files; CPython has not started. */
export interface Machine {
  readonly core: Core;
  readonly module: EmscriptenModule;
  readonly streams: StandardStreams;
  readonly linking: Linking;
}

/** Whether `dlopen` runs: what it reads may be compiled code already (packages/src/install). */
export interface Linking {
  now: boolean;
}

async function instantiate(
  { indexUrl, env }: StartOptions,
  core: Core,
  linking: Linking,
): Promise<EmscriptenModule> {
  const compiled = compile(`${indexUrl}ferropy.asm.wasm`);
  // A failure is reported where it is awaited, below.
  compiled.catch(() => undefined);
  const glue = (await import(`${indexUrl}ferropy.asm.mjs`)) as { default: ModuleFactory };
  return new Promise((resolve, reject) => {
    glue
      .default({
        instantiateWasm(imports, done) {
          watchLinking(imports, linking);
          compiled
            .then(async (wasm) => {
              const instance = await WebAssembly.instantiate(wasm, {
                ...imports,
                ferropy: core.imports,
              });
              done(instance, wasm);
              core.attach(instance.exports as unknown as Exports);
            })
            .catch(reject);
          return {};
        },
        // libc reads its environment while the module starts.
        preRun: [({ ENV }) => Object.assign(ENV, env)],
        // CPython's own messages go through the streams; what Emscripten says
        // of itself is only of use to a developer.
        print: (line) => console.debug(line),
        printErr: (line) => console.debug(line),
        onAbort: (reason) => {
          core.fail(new Error(String(reason)));
        },
      })
      .then(resolve, reject);
  });
}

/** Notes when `dlopen` begins and ends. */
function watchLinking(imports: WebAssembly.Imports, linking: Linking): void {
  const env = imports["env"] as Record<string, (handle: number) => unknown>;
  const open = env["_dlopen_js"];
  env["_dlopen_js"] = (handle) => {
    const outer = linking.now;
    linking.now = true;
    try {
      return open?.(handle);
    } finally {
      linking.now = outer;
    }
  };
}

async function unpack(url: string): Promise<File[]> {
  return readArchive(url, await readBytes(url));
}

/** Loads the main module and the files it needs. */
export async function prepare(options: StartOptions): Promise<Machine> {
  const core = new Core(options.jsglobals);
  const archives = [options.stdlibUrl, ...(options.archives ?? [])].map(unpack);
  for (const archive of archives) archive.catch(() => undefined);
  const linking: Linking = { now: false };
  const module = await instantiate(options, core, linking);
  for (const archive of archives) mountFiles(module.FS, STDLIB, await archive);
  module.FS.mkdirTree(SITE_PACKAGES);
  // getpath.py takes this folder as the mark of a complete installation.
  module.FS.mkdirTree(`${STDLIB}/lib-dynload`);
  return { core, module, streams: new StandardStreams(module), linking };
}

/**
 * Starts CPython.
 * @returns undefined on success, or the exit status of a command line that was
 *   answered at once, such as `--version`.
 * @throws Error with the interpreter's own words if it cannot start.
 */
export function start(machine: Machine, argv: string[], program: boolean): number | undefined {
  const { core } = machine;
  const status = core.enter(() =>
    core.exports.ferropy_start(core.slots.put(argv), Number(program)),
  );
  if (status < 0) return undefined;
  if (core.startFailure !== undefined) {
    throw new Error(`Python could not start: ${core.startFailure}`);
  }
  return status;
}

/** Watches a buffer whose first element becomes a signal's number, 2 for Ctrl-C. */
export function setInterruptBuffer(
  { core, module }: Machine,
  buffer: TypedArray | undefined,
): void {
  core.interrupt = buffer;
  module.Py_EmscriptenSignalBuffer = buffer;
  const flag = module.wasmExports["Py_EMSCRIPTEN_SIGNAL_HANDLING"] as WebAssembly.Global<"i32">;
  core.heap.bytes[flag.value] = buffer === undefined ? 0 : 1;
}
