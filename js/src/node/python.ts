/**
 * `python3` for Node: `node python.mjs [-c CODE | -m MODULE | SCRIPT | -] ARGS…`.
 *
 * The same file is both threads. The main thread serves signals and standard input; the worker runs
 * CPython's own `main`, so options, status and messages are python3's. From the environment:
 * `FERROPY_SITE` (folders with installed packages), `FERROPY_EXTRA_ARCHIVES` (archives of further
 * library modules), both separated as in PATH, and `FERROPY_DEBUG=1`.
 */

import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { Control } from "../console/control.ts";
import { Host } from "./host.ts";
import { environment, folders, importFerropy } from "./loader.ts";
import { StdinServant } from "./stdin.ts";
import {
  describeFatal,
  fatal,
  type FatalReport,
  interruptOnSignal,
  startWorker,
} from "./supervisor.ts";

type WorkerMessage =
  | { type: "exit"; status: number }
  | { type: "read"; most: number }
  | FatalReport;

interface WorkerData {
  control: SharedArrayBuffer;
  args: string[];
}

function main(): void {
  const control = new Control();
  const worker = startWorker(new URL(import.meta.url), control, { args: process.argv.slice(2) });
  const stdin = new StdinServant(control);
  interruptOnSignal(worker, control);
  worker.on("message", (message: WorkerMessage) => {
    switch (message.type) {
      case "read":
        return stdin.request(message.most);
      case "exit":
        return process.exit(message.status);
      case "fatal":
        return fatal(message);
    }
  });
  worker.on("exit", (status) => process.exit(status));
}

async function work(port: NonNullable<typeof parentPort>): Promise<void> {
  const { control: buffer, args } = workerData as WorkerData;
  const post = (message: WorkerMessage) => port.postMessage(message);
  const control = new Control(buffer);
  const host = new Host(control, (most) => post({ type: "read", most }));
  // Node's console.debug writes to standard output, and that belongs to the script.
  console.debug = process.env["FERROPY_DEBUG"] === "1" ? console.error : () => undefined;
  try {
    const { runMain } = await importFerropy();
    const status = await runMain({
      args,
      program: fileURLToPath(import.meta.url),
      env: environment(),
      cwd: process.cwd(),
      stdin: host.stdin,
      stdout: host.stdout,
      stderr: host.stderr,
      isatty: host.isatty,
      terminalSize: host.terminalSize,
      interruptBuffer: control.interruptBuffer,
      sleep: host.sleep,
      mountHost: true,
      sitePaths: folders("FERROPY_SITE"),
      archives: folders("FERROPY_EXTRA_ARCHIVES"),
    });
    post({ type: "exit", status });
  } catch (error) {
    post(describeFatal(error));
  }
}

if (isMainThread) main();
else if (parentPort) void work(parentPort);
