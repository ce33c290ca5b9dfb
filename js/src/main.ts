/** Running Python as a program, as `python3` does. Used by the Node host. */

import { fileUrl, scriptFolder } from "./environment.ts";
import { addSitePaths, enterHost } from "./hostfs.ts";
import { prepare, setInterruptBuffer, start } from "./interpreter.ts";

/** What a program needs of its host. */
export interface MainOptions {
  /** The arguments after the program's name. */
  args: string[];
  /** The program's name, `sys.orig_argv[0]`. */
  program: string;
  env: Record<string, string>;
  /** The working folder; a host path if the host is mounted. */
  cwd: string;
  /** Fills a buffer, returns the count of bytes, 0 at the end. Throws `{ errno: "EINTR" }`. */
  stdin: (buffer: Uint8Array) => number;
  /** Takes bytes, returns how many it took. Throws `{ errno: "EPIPE" }`. */
  stdout: (bytes: Uint8Array) => number;
  stderr: (bytes: Uint8Array) => number;
  isatty: [stdin: boolean, stdout: boolean, stderr: boolean];
  terminalSize?: (() => [rows: number, columns: number]) | undefined;
  interruptBuffer?: Uint8Array | undefined;
  /** Sleeps for milliseconds; false if a signal ended the sleep. */
  sleep?: ((ms: number) => boolean) | undefined;
  /** Whether Python sees the host's folders (Node). */
  mountHost: boolean;
  /** Folders of the host with installed packages. */
  sitePaths: string[];
  /** Archives to put beside the standard library. */
  archives: string[];
}

/**
 * Runs `python3 ARGS` and resolves with its exit status.
 * @throws Error if the interpreter cannot start, FatalError if it breaks.
 */
export async function runMain(options: MainOptions): Promise<number> {
  const indexUrl = scriptFolder();
  const machine = await prepare({
    indexUrl,
    stdlibUrl: `${indexUrl}python_stdlib.zip`,
    archives: await Promise.all(options.archives.map(fileUrl)),
    jsglobals: globalThis,
    // The library is ours: a host Python's would not match.
    env: { ...options.env, PYTHONHOME: "/" },
  });
  const { core, module, streams } = machine;
  const [stdin, stdout, stderr] = options.isatty;
  const getTerminalSize = (): { rows: number; columns: number } | undefined => {
    const size = options.terminalSize?.();
    return size && { rows: size[0], columns: size[1] };
  };
  streams.setStdin({ read: options.stdin, isatty: stdin });
  streams.setStdout({ write: options.stdout, isatty: stdout, getTerminalSize });
  streams.setStderr({ write: options.stderr, isatty: stderr, getTerminalSize });
  core.sleep = options.sleep;
  addSitePaths(module.FS, options.sitePaths);
  if (options.mountHost) await enterHost(module.FS, options.cwd);
  else module.FS.chdir(options.cwd);
  try {
    const status = start(machine, [options.program, ...options.args], true);
    // Before, nothing could handle a signal. One that came waits in the buffer.
    setInterruptBuffer(machine, options.interruptBuffer);
    return status ?? core.enter(() => core.exports.ferropy_run_main());
  } catch (error) {
    // os._exit() leaves through an exception of Emscripten's.
    const { name, status } = error as { name?: unknown; status?: unknown };
    if (name === "ExitStatus" && typeof status === "number") return status;
    throw error;
  }
}
