/** The worker of the console page: loads Python and serves the page's messages. */

import type { FromWorker, ToWorker } from "./protocol.ts";
import type { PackageWatcher } from "../packages.ts";
import { Control } from "./control.ts";
import { Meter } from "./meter.ts";
import { type PythonRuntime, Session, type SessionHost } from "./session.ts";

/** The page's first message. */
export interface Start {
  /** Shared memory, where the page may use it. */
  control: SharedArrayBuffer | undefined;
  env: Record<string, string>;
}

interface Loader {
  version: string;
  loadPyodide(options: { env: Record<string, string>; packageProgress: PackageWatcher }): Promise<PythonRuntime>;
}

const post = (message: FromWorker) => self.postMessage(message);

/** Say which files have arrived; a browser tells only when a file is complete. */
function reportDownloads(): PerformanceObserver {
  let bytes = 0;
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as PerformanceResourceTiming[]) {
      bytes += entry.transferSize;
    }
    const size = bytes > 0 ? ` (${(bytes / 1e6).toFixed(1)} MB)` : "";
    post({ type: "progress", stage: `Loading Python${size}` });
  });
  observer.observe({ type: "resource", buffered: true });
  return observer;
}

class SystemCallError extends Error {
  constructor(readonly errno: string) {
    super(errno);
  }
}

function host(control: Control | undefined, lastLine: () => string): SessionHost {
  const write = (bytes: Uint8Array): number => {
    post({ type: "output", bytes: bytes.slice() });
    // Held back while the page is far behind, so that endless output neither fills the memory nor
    // makes the page deaf to Ctrl-C.
    control?.outputSent(bytes.length);
    return bytes.length;
  };
  let explained = false;
  const stdin = (target: Uint8Array): number => {
    if (target.length === 0) return 0;
    if (control === undefined) {
      if (!explained) {
        explained = true;
        const text =
          "\ninput() needs a cross-origin isolated page: serve it with the headers\n" +
          "Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp.\n";
        write(new TextEncoder().encode(text));
      }
      throw new SystemCallError("EIO");
    }
    const request = () => post({ type: "read", most: target.length, prompt: lastLine() });
    const count = control.takeInput(target, request);
    if (count === undefined) throw new SystemCallError("EINTR");
    return count;
  };
  return { control, post, stdin, stdout: write, stderr: write };
}

async function start({ control: buffer, env }: Start): Promise<void> {
  const control = buffer && new Control(buffer);
  const downloads = reportDownloads();
  const url = new URL("./ferropy.mjs", import.meta.url).href;
  const { loadPyodide, version } = (await import(url)) as Loader;
  const meter = new Meter((state) => post({ type: "packages", state }));
  const packageProgress: PackageWatcher = (progress) => meter.note(progress);
  const python = await loadPyodide({ env, packageProgress });
  downloads.disconnect();
  const session: Session = new Session(
    python,
    host(control, () => session.lastLine),
  );
  self.onmessage = (event: MessageEvent<ToWorker>) => void session.receive(event.data);
  session.start(`ferropy ${version}: `);
}

self.onmessage = (event: MessageEvent<Start>) => {
  start(event.data).catch((error: unknown) => {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    post({ type: "fatal", message, stack: stack ?? message });
  });
};
