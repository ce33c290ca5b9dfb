/**
 * The console page: a terminal on one side, a worker with Python on the other, and what happens between
 * them when a key is pressed.
 */

import "@xterm/xterm/css/xterm.css";
import "./console.css";

import { FitAddon } from "@xterm/addon-fit";
import { type ITheme, Terminal } from "@xterm/xterm";
import { Client } from "./client.ts";
import { Control } from "./control.ts";
import { Editor, splitKeys } from "./editor.ts";
import { nextIndent } from "./indent.ts";
import { meterLine, type MeterState, meterStatus } from "./meter.ts";
import type { FromWorker, ToWorker } from "./protocol.ts";
import { type Prompt, View } from "./view.ts";
import type { Start } from "./worker.ts";

const HISTORY_KEY = "ferropy.console.history";
const READER_KEY = "ferropy.console.screenReader";
const MORE_COMPLETIONS = 120;

const LIGHT: ITheme = {
  background: "#fbfbf9",
  foreground: "#24292f",
  cursor: "#a4480b",
  cursorAccent: "#fbfbf9",
  selectionBackground: "#f3d3b3",
  black: "#24292f",
  red: "#c0242c",
  green: "#1a7233",
  yellow: "#8a5a00",
  blue: "#0a57b8",
  magenta: "#8a3fc4",
  cyan: "#0f6f7c",
  white: "#6e7781",
  brightBlack: "#57606a",
  brightRed: "#b3161e",
  brightGreen: "#116329",
  brightYellow: "#7a4c00",
  brightBlue: "#0b4ea2",
  brightMagenta: "#7a2fb5",
  brightCyan: "#0a5d68",
  brightWhite: "#24292f",
};

const DARK: ITheme = {
  background: "#15181d",
  foreground: "#dfe3e8",
  cursor: "#f0883e",
  cursorAccent: "#15181d",
  selectionBackground: "#5a3d22",
  black: "#484f58",
  red: "#ff7b72",
  green: "#57c46b",
  yellow: "#d9a33a",
  blue: "#79b8ff",
  magenta: "#d2a8ff",
  cyan: "#5cc5d0",
  white: "#b1bac4",
  brightBlack: "#8b949e",
  brightRed: "#ffa198",
  brightGreen: "#7ee787",
  brightYellow: "#f2cc60",
  brightBlue: "#a5d0ff",
  brightMagenta: "#e2c5ff",
  brightCyan: "#8ee3ec",
  brightWhite: "#ffffff",
};

/** What the console is doing, and so what keys mean. */
type Mode = "loading" | "prompt" | "checking" | "running" | "input" | "ended";

function element<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

/** Storage may be switched off: the console then simply forgets. */
function stored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function store(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Full or forbidden: history lasts as long as the page.
  }
}

function storedHistory(): string[] {
  try {
    const history: unknown = JSON.parse(stored(HISTORY_KEY) ?? "[]");
    return Array.isArray(history) ? history.filter((entry) => typeof entry === "string") : [];
  } catch {
    return [];
  }
}

class ConsolePage {
  readonly #terminal: Terminal;
  readonly #fit = new FitAddon();
  readonly #view: View;
  readonly #editor = new Editor(storedHistory());
  readonly #keys: ({ key: string } | { paste: string })[] = [];
  #inputEditor = new Editor();
  #prompt: Prompt = { first: ">>> ", more: "... " };
  #mode: Mode = "loading";
  #status = "";
  /** Packages that are being loaded. */
  #packages: MeterState | null = null;
  #control: Control | undefined;
  #client!: Client;
  #worker: Worker | undefined;
  #handling = false;
  /** The text has changed since it was drawn. */
  #stale = false;
  #warned = false;
  #inputMost = 0;
  #inputRest = new Uint8Array(0);

  constructor() {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const reader = stored(READER_KEY) === "1";
    this.#terminal = new Terminal({
      theme: dark.matches ? DARK : LIGHT,
      fontFamily: 'ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace',
      fontSize: 14,
      lineHeight: 1.15,
      cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      convertEol: true,
      scrollback: 10_000,
      minimumContrastRatio: 4.5,
      screenReaderMode: reader,
    });
    this.#view = new View(this.#terminal);
    dark.addEventListener("change", () => {
      this.#terminal.options.theme = dark.matches ? DARK : LIGHT;
    });
    this.#terminal.loadAddon(this.#fit);
    this.#terminal.open(element("terminal"));
    this.#fit.fit();
    new ResizeObserver(() => this.#fit.fit()).observe(element("terminal"));
    this.#terminal.onResize(({ rows, cols }) => {
      if (this.#mode !== "loading") this.#client.resize(rows, cols);
      if (this.#mode === "prompt") void this.#draw();
      else this.#showPackages();
    });
    // Pastes come as one piece then, with their lines.
    this.#terminal.write("\x1b[?2004h");
    this.#terminal.attachCustomKeyEventHandler((event) => this.#browserKey(event));
    this.#terminal.onData((data) => this.#receive(data));
    element("interrupt").addEventListener("click", () => this.#receive("\x03"));
    element("restart").addEventListener("click", () => this.restart("Restarted."));
    element("clear").addEventListener("click", () => this.#receive("\x0c"));
    const toggle = element("reader");
    toggle.setAttribute("aria-pressed", String(reader));
    toggle.addEventListener("click", () => {
      const on = !this.#terminal.options.screenReaderMode;
      this.#terminal.options.screenReaderMode = on;
      toggle.setAttribute("aria-pressed", String(on));
      store(READER_KEY, on ? "1" : "0");
      this.#terminal.focus();
    });
    this.#start();
    this.#terminal.focus();
  }

  /** End the worker, whatever it does, and start another. */
  restart(why: string): void {
    this.#worker?.terminate();
    this.#keys.length = 0;
    this.#handling = false;
    this.#stale = false;
    this.#inputRest = new Uint8Array(0);
    this.#editor.take(false);
    void this.#view.print(`\r\n\x1b[90m${why}\x1b[0m\r\n`);
    this.#start();
    this.#terminal.focus();
  }

  #start(): void {
    this.#packages = null;
    this.#setMode("loading", "Loading Python…");
    this.#control = globalThis.crossOriginIsolated ? new Control() : undefined;
    const worker = new Worker(new URL("./console.worker.mjs", import.meta.url), { type: "module" });
    this.#worker = worker;
    this.#client = new Client((message: ToWorker) => worker.postMessage(message), this.#control);
    worker.onmessage = (event: MessageEvent<FromWorker>) => this.#handle(event.data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(event.message || "its worker could not be started");
    };
    const start: Start = {
      control: this.#control?.buffer,
      env: { TERM: "xterm-256color", COLORTERM: "truecolor" },
    };
    worker.postMessage(start);
  }

  #handle(message: FromWorker): void {
    switch (message.type) {
      case "progress":
        // The browser reports a download late, perhaps after its failure ended the loading.
        if (this.#mode === "loading") this.#showStatus(`${message.stage}…`);
        return;
      case "ready":
        this.#client.resize(this.#terminal.rows, this.#terminal.cols);
        void this.#view.print(`${message.banner}\r\n`);
        if (this.#control === undefined) {
          void this.#view.print(
            "\x1b[90mThis page is not cross-origin isolated: input() and Ctrl+C for running code are off.\x1b[0m\r\n",
          );
        }
        void this.#newPrompt();
        return;
      case "packages":
        this.#packages = message.state;
        return this.#showPackages();
      case "result":
        return this.#client.settle(message);
      case "output":
        return void this.#output(message.bytes);
      case "read":
        return void this.#beginInput(message.most);
      case "fatal":
        return this.#fail(message.message);
    }
  }

  #fail(message: string): void {
    void this.#view.print(`\r\n\x1b[31mPython stopped: ${message}\x1b[0m\r\nPress Enter to restart.\r\n`);
    this.#setMode("ended", "Stopped");
  }

  async #output(bytes: Uint8Array): Promise<void> {
    // A task that goes on in the background prints above what is being typed.
    const aside = this.#mode === "prompt";
    if (aside) await this.#view.erase();
    await this.#view.print(bytes);
    this.#control?.outputShown(bytes.length);
    if (aside) {
      await this.#view.begin();
      await this.#draw();
    }
  }

  #setMode(mode: Mode, status: string): void {
    this.#mode = mode;
    this.#showStatus(status);
    this.#showPackages();
    element<HTMLProgressElement>("progress").hidden = mode !== "loading";
    element<HTMLButtonElement>("interrupt").disabled = mode !== "running" && mode !== "input";
  }

  #showStatus(status: string): void {
    this.#status = status;
    const text = this.#packages === null ? status : meterStatus(this.#packages);
    const line = element("status");
    // It is read aloud when it changes.
    if (line.textContent !== text) line.textContent = text;
  }

  /** A line below the output while code waits for packages; a prompt leaves no room for it, and a screen reader no peace. */
  #showPackages(): void {
    const { cols, options } = this.#terminal;
    const busy = this.#mode === "running" && this.#client.running && options.screenReaderMode !== true;
    const line = this.#packages === null || !busy ? "" : `\x1b[90m${meterLine(this.#packages, cols)}\x1b[0m`;
    void this.#view.footer(line);
    this.#showStatus(this.#status);
  }

  // --- keys -----------------------------------------------------------------------------------

  #browserKey(event: KeyboardEvent): boolean {
    const { key, ctrlKey, shiftKey, metaKey, altKey } = event;
    // Ctrl+C copies a selection, as in a page; without one it interrupts.
    if (ctrlKey && key.toLowerCase() === "c" && (shiftKey || this.#terminal.hasSelection())) {
      if (event.type === "keydown") {
        void navigator.clipboard?.writeText(this.#terminal.getSelection());
        this.#terminal.clearSelection();
        event.preventDefault();
      }
      return false;
    }
    // The browser pastes: the clipboard needs no permission that way.
    if ((ctrlKey || metaKey) && key.toLowerCase() === "v") return false;
    if (key === "Enter" && (shiftKey || altKey)) {
      if (event.type === "keydown") {
        event.preventDefault();
        this.#receive("\x1b\r");
      }
      return false;
    }
    // Tab leaves the terminal with Shift, so that the keyboard is never trapped.
    return !(key === "Tab" && shiftKey);
  }

  #receive(data: string): void {
    for (const item of splitKeys(data)) {
      const busy = this.#mode === "running" || this.#mode === "input";
      if (busy && "key" in item && item.key === "\x03") {
        this.#interrupt();
      } else {
        this.#keys.push(item);
      }
    }
    void this.#work();
  }

  /** Handle the keys typed so far, one at a time; those typed ahead wait while code runs. */
  async #work(): Promise<void> {
    if (this.#handling) return;
    this.#handling = true;
    const worker = this.#worker;
    try {
      for (;;) {
        if (this.#mode === "loading" || this.#mode === "running") return;
        const item = this.#keys.shift();
        if (item === undefined) {
          // Drawn only here: keys that came together, or faster than the terminal draws, show at once.
          if (!this.#stale) return;
          this.#stale = false;
          await (this.#mode === "input" ? this.#drawInput() : this.#draw());
          continue;
        }
        if (this.#mode === "ended") {
          if ("key" in item && item.key === "\r") return this.restart("Restarted.");
        } else if (this.#mode === "input") {
          await this.#inputKey(item);
        } else if ("paste" in item) {
          await this.#paste(item.paste);
        } else {
          await this.#promptKey(item.key);
        }
      }
    } finally {
      // After a restart another loop may own the keys.
      if (worker === this.#worker) this.#handling = false;
    }
  }

  #draw(): Promise<void> {
    return this.#view.draw(this.#prompt, this.#editor.text, this.#editor.cursor);
  }

  async #newPrompt(): Promise<void> {
    const [first, more] = await this.#client.prompts();
    this.#prompt = { first, more };
    await this.#view.begin();
    this.#setMode("prompt", "Ready");
    await this.#draw();
    void this.#work();
  }

  async #promptKey(key: string): Promise<void> {
    switch (this.#editor.key(key)) {
      case "changed":
        this.#stale = true;
        return;
      case "enter":
        return this.#enter();
      case "complete":
        return this.#complete();
      case "interrupt":
        await this.#closeLine();
        this.#editor.take(false);
        await this.#view.print("KeyboardInterrupt\r\n");
        return this.#newPrompt();
      case "clear":
        await this.#view.erase();
        this.#terminal.clear();
        await this.#view.print("\x1b[2J\x1b[H");
        await this.#view.begin();
        return this.#draw();
      case "end":
        await this.#closeLine();
        return this.restart("Ctrl+D: Python starts afresh.");
      case "none":
        return;
    }
  }

  async #paste(text: string): Promise<void> {
    this.#editor.insert(text);
    this.#stale = true;
    // Whole lines were pasted: they run, as they would have when typed.
    if (text.endsWith("\n") && this.#editor.cursor === this.#editor.text.length) {
      await this.#run(this.#editor.text);
    }
  }

  async #enter(): Promise<void> {
    const editor = this.#editor;
    const { text } = editor;
    if (text.trim() !== "" && (!editor.onLastLine || (await this.#client.check(text)) === "incomplete")) {
      editor.insert(`\n${nextIndent(editor.lineBeforeCursor)}`);
      this.#stale = true;
      return;
    }
    await this.#run(text);
  }

  async #closeLine(): Promise<void> {
    const { text } = this.#editor;
    this.#stale = false;
    await this.#view.draw(this.#prompt, text, text.length);
    await this.#view.print("\r\n");
  }

  async #run(source: string): Promise<void> {
    await this.#closeLine();
    this.#editor.take(true);
    store(HISTORY_KEY, JSON.stringify(this.#editor.history));
    if (source.trim() === "") return this.#newPrompt();
    this.#setMode("running", "Running…");
    this.#warned = false;
    // Not awaited: the loop that handles keys must go on for Ctrl-C and input().
    void this.#client.run(source).then(({ exit }) => {
      if (exit === undefined) return this.#newPrompt();
      return this.restart(`Python exited with status ${exit}.`);
    });
  }

  async #complete(): Promise<void> {
    const editor = this.#editor;
    const line = editor.lineBeforeCursor;
    if (line.trim() === "") {
      editor.insert(" ".repeat(4 - (line.length % 4)));
      this.#stale = true;
      return;
    }
    const { names, start } = await this.#client.complete(editor.text.slice(0, editor.cursor));
    if (names.length === 0) return;
    const common = names.reduce((prefix, name) => {
      while (!name.startsWith(prefix)) prefix = prefix.slice(0, -1);
      return prefix;
    });
    const typed = editor.cursor - start;
    if (common.length > typed || names.length === 1) {
      editor.replace(start, common);
      this.#stale = true;
      return;
    }
    const { text, cursor } = editor;
    await this.#view.draw(this.#prompt, text, text.length);
    await this.#view.print(`\r\n${this.#columns(names)}\r\n`);
    await this.#view.begin();
    await this.#view.draw(this.#prompt, text, cursor);
  }

  #columns(names: string[]): string {
    const shown = names.slice(0, MORE_COMPLETIONS);
    const width = Math.max(...shown.map((name) => name.length)) + 2;
    const perRow = Math.max(1, Math.floor(this.#terminal.cols / width));
    const rows: string[] = [];
    for (let i = 0; i < shown.length; i += perRow) {
      rows.push(shown.slice(i, i + perRow).map((name) => name.padEnd(width)).join("").trimEnd());
    }
    if (names.length > shown.length) rows.push(`… and ${names.length - shown.length} more`);
    return rows.join("\r\n");
  }

  // --- while code runs ------------------------------------------------------------------------

  #interrupt(): void {
    this.#keys.length = 0;
    void this.#view.print("^C");
    if (this.#mode === "input") {
      this.#setMode("running", "Running…");
      this.#control?.cancelInput();
    }
    if (this.#control === undefined) {
      if (this.#warned) return this.restart("Python was ended and starts afresh.");
      this.#warned = true;
      void this.#view.print(
        "\r\n\x1b[90mRunning code can only be interrupted in a cross-origin isolated page (COOP and COEP\r\n" +
          "headers). Press Ctrl+C again to end Python and start it afresh.\x1b[0m\r\n",
      );
    }
    this.#client.interrupt();
  }

  async #beginInput(most: number): Promise<void> {
    this.#inputMost = most;
    if (this.#inputRest.length > 0) return this.#provideInput();
    await this.#view.begin();
    this.#inputEditor = new Editor();
    this.#setMode("input", "Waiting for input");
    void this.#work();
  }

  async #inputKey(item: { key: string } | { paste: string }): Promise<void> {
    const editor = this.#inputEditor;
    if ("paste" in item) {
      const [first = "", ...more] = item.paste.split("\n");
      editor.insert(first);
      // The lines after the first answer the reads after this one.
      const keys = more.flatMap((line) => [{ key: "\r" }, ...(line === "" ? [] : [{ key: line }])]);
      this.#keys.unshift(...keys);
    } else {
      const action = editor.key(item.key);
      if (action === "enter" || action === "end") {
        await this.#drawInput();
        this.#stale = false;
        const line = editor.take(false) + (action === "enter" ? "\n" : "");
        await this.#view.print("\r\n");
        this.#inputRest = new TextEncoder().encode(line);
        this.#setMode("running", "Running…");
        return this.#provideInput();
      }
      if (action !== "changed") return;
    }
    this.#stale = true;
  }

  #drawInput(): Promise<void> {
    const { text, cursor } = this.#inputEditor;
    return this.#view.draw({ first: "", more: "" }, text, cursor);
  }

  #provideInput(): void {
    const part = this.#inputRest.subarray(0, this.#inputMost);
    this.#inputRest = this.#inputRest.subarray(part.length);
    this.#control?.provideInput(part);
  }
}

new ConsolePage();
