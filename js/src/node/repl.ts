/**
 * An interactive Python for a terminal: `node repl.mjs`. Line editing, history, completion and paste are
 * Node's readline, here on the main thread; Python runs in a worker, as in the console page.
 *
 * It needs a terminal. Scripts and pipes are `python.mjs`'s business.
 */

import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { Client } from "../console/client.ts";
import { Control } from "../console/control.ts";
import { nextIndent } from "../console/indent.ts";
import { Meter, meterLine } from "../console/meter.ts";
import type { FromWorker, ToWorker } from "../console/protocol.ts";
import { Session } from "../console/session.ts";
import { Host } from "./host.ts";
import { environment, folders, importFerropy } from "./loader.ts";
import { describeFatal, fatal, interruptOnSignal, startWorker } from "./supervisor.ts";

const HISTORY_LINES = 2000;
/** How long (ms) an unfinished line of background output waits for its end. */
const ASIDE_DELAY = 100;
const BRACKETED_PASTE_ON = "\x1b[?2004h";
const BRACKETED_PASTE_OFF = "\x1b[?2004l";

/** `FERROPY_HISTORY`, else a file in XDG's folder for state. */
function historyFile(): string {
  const state = process.env["XDG_STATE_HOME"] || join(homedir(), ".local", "state");
  return process.env["FERROPY_HISTORY"] || join(state, "ferropy", "history");
}

function readHistory(file: string): string[] {
  try {
    // readline wants the newest first.
    return readFileSync(file, "utf8").split("\n").filter(Boolean).slice(-HISTORY_LINES).reverse();
  } catch {
    return [];
  }
}

function writeHistory(file: string, newestFirst: string[]): void {
  const lines = newestFirst.filter((line) => line.trim() !== "").slice(0, HISTORY_LINES);
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // Renamed into place: two REPLs that end together leave one whole file.
    writeFileSync(`${file}.${process.pid}`, lines.reverse().join("\n") + "\n", { mode: 0o600 });
    renameSync(`${file}.${process.pid}`, file);
  } catch {
    // Without a place for it, history lasts as long as the session.
  }
}

/** The terminal: what is typed becomes source, what Python reads becomes typed lines. */
class Repl {
  readonly #control: Control;
  readonly #client: Client;
  readonly #readline: Interface & { history?: string[]; line: string };
  readonly #historyFile = historyFile();
  /** Lines that were typed or pasted and that nobody has asked for yet. */
  readonly #typed: string[] = [];
  #takeLine: ((line: string | undefined) => void) | undefined;
  #history: string[];
  /** Lines of the statement being typed. */
  #lines: string[] = [];
  /** The lines of the paste that is coming in; undefined outside one. */
  #paste: string[] | undefined;
  /** Pasted lines above the one that is being edited. */
  #pastedAbove = "";
  #pendingIndent = "";
  #ended = false;
  #readingInput = false;
  /** What a long line had more than one read could take. */
  #inputRest = new Uint8Array(0);
  #aside = Buffer.alloc(0);
  #asideTimer: NodeJS.Timeout | undefined;

  constructor(control: Control, client: Client) {
    this.#control = control;
    this.#client = client;
    this.#history = readHistory(this.#historyFile);
    this.#readline = createInterface({
      input: process.stdin,
      output: process.stdout,
      terminal: true,
      history: this.#history,
      historySize: HISTORY_LINES,
      removeHistoryDuplicates: true,
      tabSize: 4,
      completer: (line: string, done: (error: null, result: [string[], string]) => void) => {
        void this.#complete(line).then((result) => done(null, result));
      },
    }) as Interface & { history?: string[]; line: string };
    this.#readline
      .on("line", (line) => this.#receive(line))
      .on("history", (history: string[]) => {
        this.#history = history;
      })
      .on("SIGINT", () => this.#interrupt())
      .on("SIGCONT", () => this.#readline.prompt(true))
      .on("close", () => this.#receive(undefined));
    process.stdin.on("keypress", (_text: string, key: { name?: string } | undefined) => {
      if (key?.name === "paste-start") this.#paste = [];
      if (key?.name === "paste-end") this.#endPaste();
    });
  }

  /** Read, run, print, until the end; returns the exit status. */
  async run(banner: string): Promise<number> {
    process.stdout.write(`${banner}\nCtrl-D or exit() leaves.\n${BRACKETED_PASTE_ON}`);
    try {
      for (;;) {
        const source = await this.#readStatement();
        if (source === undefined) return 0;
        if (source.trim() === "") continue;
        this.#readline.setPrompt("");
        const { exit } = await this.#client.run(source);
        if (exit !== undefined) return exit;
      }
    } finally {
      this.#ended = true;
      this.#readline.close();
    }
  }

  /** Leave the terminal as it was; however the process ends, this runs at its exit. */
  restore(): void {
    process.stdout.write(BRACKETED_PASTE_OFF);
    writeHistory(this.#historyFile, this.#history);
  }

  /** Output that came while the prompt was showing: whole lines, as the prompt would hide a part. */
  printAbovePrompt(bytes: Uint8Array): void {
    this.#aside = Buffer.concat([this.#aside, bytes]);
    clearTimeout(this.#asideTimer);
    const end = this.#aside.lastIndexOf(0x0a) + 1;
    if (end > 0) {
      process.stdout.write("\r\x1b[J");
      process.stdout.write(this.#aside.subarray(0, end));
      this.#aside = this.#aside.subarray(end);
      this.#readline.prompt(true);
    }
    if (this.#aside.length > 0) {
      // A line that stays unfinished is shown all the same.
      this.#asideTimer = setTimeout(() => this.printAbovePrompt(Buffer.from("\n")), ASIDE_DELAY);
    }
  }

  /** A line for `input()`, with its prompt (already shown) kept while the line is edited. */
  async readInput(prompt: string, most: number): Promise<void> {
    this.#readingInput = true;
    if (this.#inputRest.length === 0) {
      const line = await this.#readLine(prompt);
      if (!this.#readingInput) return;
      this.#readline.setPrompt("");
      this.#inputRest = new TextEncoder().encode(line === undefined ? "" : `${line}\n`);
    }
    this.#readingInput = false;
    const part = this.#inputRest.subarray(0, most);
    this.#inputRest = this.#inputRest.subarray(part.length);
    this.#control.provideInput(part);
  }

  async #readStatement(): Promise<string | undefined> {
    this.#lines = [];
    const [first, more] = await this.#client.prompts();
    for (;;) {
      const line = await this.#readLine(this.#lines.length === 0 ? first : more);
      if (line === undefined) return undefined;
      if (line === CANCELLED) {
        this.#lines = [];
        continue;
      }
      this.#lines.push(line);
      const source = this.#lines.join("\n");
      if (line === "" && this.#lines.length === 1) return source;
      if ((await this.#client.check(source)) !== "incomplete") return source;
      if (this.#typed.length === 0) this.#pendingIndent = nextIndent(line);
    }
  }

  #readLine(prompt: string): Promise<string | undefined> {
    this.#readline.setPrompt(prompt);
    const line = this.#typed.shift();
    if (line !== undefined) return Promise.resolve(line);
    if (this.#ended) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#takeLine = resolve;
      this.#readline.prompt(true);
      if (this.#pendingIndent !== "" && this.#readline.line === "") {
        this.#readline.write(this.#pendingIndent);
      }
      this.#pendingIndent = "";
    });
  }

  #receive(line: string | undefined): void {
    if (line === undefined) this.#ended = true;
    else if (this.#paste !== undefined) return void this.#paste.push(line);
    const text = line === undefined ? line : this.#pastedAbove + line;
    this.#pastedAbove = "";
    const take = this.#takeLine;
    this.#takeLine = undefined;
    if (take !== undefined) take(text);
    else if (text !== undefined) this.#typed.push(text);
  }

  // A pasted block is one input: blank lines within it end nothing.
  #endPaste(): void {
    const lines = this.#paste ?? [];
    this.#paste = undefined;
    if (lines.length === 0) return;
    if (this.#client.running) {
      for (const line of lines) this.#receive(line);
      return;
    }
    this.#pastedAbove = lines.map((line) => `${line}\n`).join("");
    // Its last line ended with a newline: nothing is left to edit, so it runs.
    if (this.#readline.line === "") this.#receive("");
  }

  #interrupt(): void {
    if (this.#client.running) {
      this.#typed.length = 0;
      process.stdout.write("^C");
      if (this.#readingInput) {
        // The worker wakes with KeyboardInterrupt; the line that was begun is dropped.
        this.#readingInput = false;
        this.#control.cancelInput();
        this.#receive("");
      }
      this.#clearLine();
      process.emit("SIGINT");
      return;
    }
    process.stdout.write("\nKeyboardInterrupt\n");
    this.#clearLine();
    this.#pastedAbove = "";
    this.#receive(CANCELLED);
  }

  #clearLine(): void {
    this.#readline.setPrompt("");
    this.#readline.write(null, { ctrl: true, name: "e" });
    this.#readline.write(null, { ctrl: true, name: "u" });
  }

  async #complete(line: string): Promise<[string[], string]> {
    if (this.#client.running) return [[], line];
    if (line.trim() === "") return [[`${line}    `], line];
    const { names, start } = await this.#client.complete(line);
    return [names, line.slice(start)];
  }
}

/** Stands for a line given up with Ctrl-C; no typed line contains a NUL. */
const CANCELLED = "\0";

function main(): void {
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    process.stderr.write("ferropy: the REPL needs a terminal; use python.mjs for scripts and pipes.\n");
    process.exit(2);
  }
  const control = new Control();
  const worker = startWorker(new URL(import.meta.url), control, {});
  const send = (message: ToWorker) => worker.postMessage(message);
  const client = new Client(send, control);
  interruptOnSignal(worker, control);
  // Code that awaits looks at messages, not at shared memory.
  process.on("SIGINT", () => send({ type: "interrupt" }));
  process.on("SIGHUP", () => process.exit(129));
  const size = () => client.resize(process.stdout.rows, process.stdout.columns);
  process.stdout.on("resize", size);
  const repl = new Repl(control, client);
  process.on("exit", () => repl.restore());
  worker.on("message", (message: FromWorker) => {
    switch (message.type) {
      case "ready":
        size();
        return void repl.run(message.banner).then((status) => process.exit(status));
      case "result":
        return client.settle(message);
      case "output":
        return repl.printAbovePrompt(message.bytes);
      case "read":
        return void repl.readInput(message.prompt, message.most);
      case "fatal":
        return fatal(message);
      case "progress":
      case "packages":
        // Both are the page's: the worker draws here what there is to see.
        return;
    }
  });
  worker.on("exit", (status) => process.exit(status));
}

async function work(port: NonNullable<typeof parentPort>): Promise<void> {
  const control = new Control((workerData as { control: SharedArrayBuffer }).control);
  const post = (message: FromWorker) => port.postMessage(message);
  try {
    const { addSitePaths, enterHost, loadPyodide, version } = await importFerropy();
    let meterShown = false;
    const draw = (text: string): number => host.stdout(new TextEncoder().encode(text));
    const eraseMeter = (): void => {
      if (meterShown) draw("\r\x1b[K");
      meterShown = false;
    };
    const meter = new Meter((state) => {
      eraseMeter();
      // It has a line to itself, and only while nobody types.
      if (state === null || !running || session.lastLine !== "") return;
      meterShown = true;
      draw(`\x1b[90m${meterLine(state, session.columns)}\x1b[0m`);
    });
    const python = await loadPyodide({
      packageProgress: (progress) => meter.note(progress),
      // The library is ours: a host Python's would not match.
      env: { ...environment(), PYTHONHOME: "/" },
      fsInit: async (fs) => {
        addSitePaths(fs, folders("FERROPY_SITE"));
        await enterHost(fs, process.cwd());
      },
    });
    python.runPython("import sys; sys.path.insert(0, '')");
    let running = false;
    const host = new Host(control, (most) =>
      post({ type: "read", most, prompt: session.lastLine }),
    );
    const output = (write: (bytes: Uint8Array) => number) => (bytes: Uint8Array) => {
      if (running) {
        eraseMeter();
        return write(bytes);
      }
      post({ type: "output", bytes: bytes.slice() });
      return bytes.length;
    };
    const session: Session = new Session(python, {
      control,
      post,
      stdin: (target) => {
        eraseMeter();
        return host.terminalInput(target);
      },
      stdout: output(host.stdout),
      stderr: output(host.stderr),
      ended: eraseMeter,
    });
    port.on("message", (message: ToWorker) => {
      const runs = message.type === "call" && message.method === "run";
      running ||= runs;
      void session.receive(message).then(() => {
        if (runs) running = false;
      });
    });
    session.start(`ferropy ${version}: `);
  } catch (error) {
    post(describeFatal(error));
  }
}

if (isMainThread) main();
else if (parentPort) void work(parentPort);
