/**
 * Draws the prompt and the text of an `Editor` at the end of an xterm.js terminal, and prints output
 * above it.
 *
 * It never computes how wide text is: it writes up to the cursor, asks the terminal where that ended,
 * and writes the rest. Wrapping, tabs and wide characters are then right by construction.
 */

import type { IMarker, Terminal } from "@xterm/xterm";

export interface Prompt {
  /** Before the first line, and before the others. */
  first: string;
  more: string;
}

export class View {
  readonly #terminal: Terminal;
  /** Where the prompt starts; moves along when the terminal scrolls or reflows. */
  #start: IMarker | undefined;
  #startColumn = 0;
  #queue: Promise<void> = Promise.resolve();
  readonly #unprinted: (string | Uint8Array)[] = [];
  #printed: Promise<void> = Promise.resolve();
  /** A line below the output, where it starts, and in which column the output ended. */
  #footer: { readonly text: string; readonly start: IMarker | undefined; readonly column: number } | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Print output; resolves when it is on the screen. */
  print(data: string | Uint8Array): Promise<void> {
    this.#unprinted.push(data);
    // Code that prints much sends many small pieces: all that have come by then go in one frame.
    if (this.#unprinted.length === 1) this.#printed = this.#enqueue(() => this.#printAll());
    return this.#printed;
  }

  async #printAll(): Promise<void> {
    const pieces = this.#unprinted.splice(0);
    const footer = this.#footer?.text;
    await this.#removeFooter();
    const last = pieces.pop();
    for (const piece of pieces) this.#terminal.write(piece);
    if (last !== undefined) await this.#write(last);
    if (footer !== undefined) await this.#drawFooter(footer);
  }

  /**
   * Show a line below the output, with output to come above it; empty to take it away. It must be shorter than the
   * terminal is wide, but for its colours. A prompt takes it away, too.
   */
  footer(text: string): Promise<void> {
    return this.#enqueue(async () => {
      if (text === this.#footer?.text) return;
      await this.#removeFooter();
      if (text !== "") await this.#drawFooter(text);
    });
  }

  async #drawFooter(text: string): Promise<void> {
    const column = this.#terminal.buffer.active.cursorX;
    this.#footer = { text, start: this.#terminal.registerMarker(0), column };
    await this.#write(`\x1b[?25l${column > 0 ? "\r\n" : ""}${text}`);
  }

  async #removeFooter(): Promise<void> {
    const footer = this.#footer;
    if (footer === undefined) return;
    this.#footer = undefined;
    await this.#write(`${this.#backTo(footer.start, footer.column)}\x1b[?25h`);
    footer.start?.dispose();
  }

  /** Begin to edit where the output ended. */
  begin(): Promise<void> {
    return this.#enqueue(async () => {
      await this.#removeFooter();
      this.#start?.dispose();
      this.#start = this.#terminal.registerMarker(0);
      this.#startColumn = this.#terminal.buffer.active.cursorX;
    });
  }

  /** Draw the prompt and `text`, with the cursor before the character at `cursor`. */
  draw(prompt: Prompt, text: string, cursor: number): Promise<void> {
    return this.#enqueue(async () => {
      const body = (part: string) => part.replace(/\n/g, `\r\n${prompt.more}`).replace(/\t/g, "    ");
      // Text taller than the window: what lies above the top can't be redrawn, so only the end is shown.
      const lines = text.split("\n");
      const hidden = Math.max(0, lines.length - this.#terminal.rows + 1);
      const skip = lines.slice(0, hidden).join("\n").length + (hidden > 0 ? 1 : 0);
      const before = text.slice(skip, Math.max(skip, cursor));
      await this.#write(this.#toStart() + (skip > 0 ? prompt.more : prompt.first) + body(before));
      const { active } = this.#terminal.buffer;
      const column = active.cursorX;
      const row = active.baseY + active.cursorY;
      const marker = this.#terminal.registerMarker(0);
      await this.#write(body(text.slice(Math.max(skip, cursor))));
      const up = active.baseY + active.cursorY - (marker?.line ?? row);
      marker?.dispose();
      await this.#write((up > 0 ? `\x1b[${up}A` : "") + `\x1b[${column + 1}G`);
    });
  }

  /** Remove the prompt and the text; output can be printed there and the prompt drawn again. */
  erase(): Promise<void> {
    return this.#enqueue(() => this.#write(this.#toStart()));
  }

  #toStart(): string {
    return this.#backTo(this.#start, this.#startColumn);
  }

  /** Goes back to a place, and clears what comes after it. */
  #backTo(start: IMarker | undefined, column: number): string {
    const { active } = this.#terminal.buffer;
    const up = active.baseY + active.cursorY - (start?.line ?? 0);
    const rows = Math.min(Math.max(up, 0), active.cursorY);
    return (rows > 0 ? `\x1b[${rows}A` : "") + `\x1b[${column + 1}G\x1b[J`;
  }

  #write(data: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => this.#terminal.write(data, resolve));
  }

  #enqueue(task: () => Promise<void>): Promise<void> {
    return (this.#queue = this.#queue.then(task));
  }
}
