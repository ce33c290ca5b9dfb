/**
 * The text being typed at the prompt: editing operations, history and the keys that call them.
 *
 * It draws nothing (`view.ts` does) and runs nothing. Positions are UTF-16 offsets that never split a
 * grapheme cluster.
 */

const HISTORY_LINES = 1000;

/** What a key asks of the console, beyond a change of the text. */
export type Action = "none" | "changed" | "enter" | "complete" | "interrupt" | "end" | "clear";

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

export class Editor {
  text = "";
  cursor = 0;
  readonly #history: string[];
  /** Index into the history; its length is the text being typed. */
  #at: number;
  /** What was being typed before the history was looked through. */
  #draft = "";
  #killed = "";

  constructor(history: readonly string[] = []) {
    this.#history = history.slice(-HISTORY_LINES);
    this.#at = this.#history.length;
  }

  /** Everything entered, oldest first. */
  get history(): readonly string[] {
    return this.#history;
  }

  /** The line that the cursor is on, up to the cursor. */
  get lineBeforeCursor(): string {
    return this.text.slice(this.#lineStart(), this.cursor);
  }

  get onLastLine(): boolean {
    return !this.text.includes("\n", this.cursor);
  }

  /** Take the text away and start anew; `remember` puts it into the history. */
  take(remember: boolean): string {
    const { text } = this;
    const entry = text.trimEnd();
    if (remember && entry !== "" && entry !== this.#history.at(-1)) {
      this.#history.push(entry);
      if (this.#history.length > HISTORY_LINES) this.#history.shift();
    }
    this.#at = this.#history.length;
    this.#set("");
    return text;
  }

  /** Insert at the cursor. */
  insert(text: string): void {
    this.text = this.text.slice(0, this.cursor) + text + this.text.slice(this.cursor);
    this.cursor += text.length;
  }

  /** Replace from `start` to the cursor. */
  replace(start: number, text: string): void {
    this.text = this.text.slice(0, start) + text + this.text.slice(this.cursor);
    this.cursor = start + text.length;
  }

  /** Handle one key as the terminal sends it: a character or an escape sequence. */
  key(key: string): Action {
    const command = KEYS[key];
    if (command !== undefined) return command(this);
    // Anything else that begins like a control is a key without a meaning here.
    if (/^[\x00-\x1f\x7f]/.test(key)) return "none";
    this.insert(key);
    return "changed";
  }

  move(to: number): Action {
    this.cursor = to;
    return "changed";
  }

  remove(from: number, to: number): Action {
    if (from === to) return "none";
    this.#killed = this.text.slice(from, to);
    this.text = this.text.slice(0, from) + this.text.slice(to);
    this.cursor = from;
    return "changed";
  }

  yank(): Action {
    this.insert(this.#killed);
    return "changed";
  }

  /** Backspace: a whole level of indentation where there is nothing but indentation. */
  backspace(): Action {
    const before = this.lineBeforeCursor;
    const indent = /^ +$/.test(before) ? (before.length - 1) % 4 : 0;
    return this.remove(indent > 0 ? this.cursor - indent - 1 : this.left(), this.cursor);
  }

  left(): number {
    let last = 0;
    for (const part of segmenter.segment(this.text.slice(0, this.cursor))) last = part.index;
    return last;
  }

  right(): number {
    const [next] = segmenter.segment(this.text.slice(this.cursor));
    return this.cursor + (next?.segment.length ?? 0);
  }

  wordLeft(): number {
    return this.text.slice(0, this.cursor).replace(/[\p{L}\p{N}_]*[^\p{L}\p{N}_]*$/u, "").length;
  }

  wordRight(): number {
    const word = /^[^\p{L}\p{N}_]*[\p{L}\p{N}_]*/u.exec(this.text.slice(this.cursor));
    return this.cursor + (word?.[0].length ?? 0);
  }

  #lineStart(): number {
    // lastIndexOf would take -1 for 0 and find a newline at the very start.
    return this.cursor === 0 ? 0 : this.text.lastIndexOf("\n", this.cursor - 1) + 1;
  }

  #lineEnd(): number {
    const end = this.text.indexOf("\n", this.cursor);
    return end < 0 ? this.text.length : end;
  }

  home(): number {
    return this.#lineStart();
  }

  end(): number {
    return this.#lineEnd();
  }

  /** Up: the line above, or the entry before. */
  up(): Action {
    const start = this.#lineStart();
    if (start === 0) return this.#recall(this.#at - 1);
    const above = start < 2 ? 0 : this.text.lastIndexOf("\n", start - 2) + 1;
    return this.move(Math.min(above + this.cursor - start, start - 1));
  }

  /** Down: the line below, or the entry after. */
  down(): Action {
    const end = this.#lineEnd();
    if (end === this.text.length) return this.#recall(this.#at + 1);
    const column = this.cursor - this.#lineStart();
    const next = this.text.indexOf("\n", end + 1);
    return this.move(Math.min(end + 1 + column, next < 0 ? this.text.length : next));
  }

  #recall(at: number): Action {
    if (at < 0 || at > this.#history.length) return "none";
    if (this.#at === this.#history.length) this.#draft = this.text;
    this.#at = at;
    this.#set(this.#history[at] ?? this.#draft);
    return "changed";
  }

  #set(text: string): void {
    this.text = text;
    this.cursor = text.length;
  }
}

const KEYS: Readonly<Record<string, (editor: Editor) => Action>> = {
  "\r": () => "enter",
  // Alt+Enter and Shift+Enter (the page sends the same for both) open a line without running.
  "\x1b\r": (e) => newline(e),
  "\t": () => "complete",
  "\x03": () => "interrupt",
  "\x04": (e) => (e.text === "" ? "end" : e.remove(e.cursor, e.right())),
  "\x0c": () => "clear",
  "\x7f": (e) => e.backspace(),
  "\b": (e) => e.backspace(),
  "\x1b[3~": (e) => e.remove(e.cursor, e.right()),
  "\x1b[D": (e) => e.move(e.left()),
  "\x02": (e) => e.move(e.left()),
  "\x1b[C": (e) => e.move(e.right()),
  "\x06": (e) => e.move(e.right()),
  "\x1b[1;5D": (e) => e.move(e.wordLeft()),
  "\x1b[1;3D": (e) => e.move(e.wordLeft()),
  "\x1bb": (e) => e.move(e.wordLeft()),
  "\x1b[1;5C": (e) => e.move(e.wordRight()),
  "\x1b[1;3C": (e) => e.move(e.wordRight()),
  "\x1bf": (e) => e.move(e.wordRight()),
  "\x1b[H": (e) => e.move(e.home()),
  "\x01": (e) => e.move(e.home()),
  "\x1b[F": (e) => e.move(e.end()),
  "\x05": (e) => e.move(e.end()),
  "\x1b[A": (e) => e.up(),
  "\x10": (e) => e.up(),
  "\x1b[B": (e) => e.down(),
  "\x0e": (e) => e.down(),
  "\x15": (e) => e.remove(e.home(), e.cursor),
  "\x0b": (e) => e.remove(e.cursor, e.end()),
  "\x17": (e) => e.remove(e.wordLeft(), e.cursor),
  "\x1b\x7f": (e) => e.remove(e.wordLeft(), e.cursor),
  "\x1bd": (e) => e.remove(e.cursor, e.wordRight()),
  "\x19": (e) => e.yank(),
};

function newline(editor: Editor): Action {
  editor.insert("\n");
  return "changed";
}

/** Split what the terminal sends at once into keys: pasted text comes whole, marked as such. */
export function* splitKeys(data: string): Generator<{ key: string } | { paste: string }> {
  const pattern =
    /\x1b\[200~([^]*?)\x1b\[201~|(\x1b\[[0-9;?]*[ -/]*[@-~]|\x1bO[A-Z]|\x1b[^[O]|[\x00-\x1f\x7f])|([^\x00-\x1f\x7f]+)/g;
  for (const [, paste, control, text] of data.matchAll(pattern)) {
    if (paste !== undefined) yield { paste: paste.replace(/\r\n?/g, "\n") };
    // Applications' cursor keys arrive as ESC O; they mean what ESC [ does.
    else if (control !== undefined) yield { key: control.replace("\x1bO", "\x1b[") };
    else if (text !== undefined) yield { key: text };
  }
}
