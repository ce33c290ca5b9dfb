/** What a terminal shows of packages that are being loaded: one line. Nothing here draws it. */

import type { PackageProgress } from "../packages.ts";

type Phase = PackageProgress["phase"];

/** How far the packages of a call are, all together. */
export interface MeterState {
  /** Of the package that is furthest behind. */
  readonly phase: Phase;
  /** The packages in this phase. */
  readonly names: readonly string[];
  /** Bytes that have arrived. */
  readonly received: number;
  /** Bytes that will have arrived, if that is known of all packages. */
  readonly total: number | undefined;
  /** How much of the downloads is done, from 0 to 1. */
  readonly share: number;
}

/** How often a meter that has not changed its phase is worth a message, in milliseconds. */
const OFTEN = 100;

const WORDS: Readonly<Record<Phase, string>> = {
  resolve: "Resolving",
  download: "Downloading",
  check: "Checking",
  install: "Installing",
};

const BAR = 20;
/** In narrower terminals names and bytes matter more than a bar. */
const ROOM_FOR_BAR = 60;

/** Adds up what the loader says of each package. */
export class Meter {
  readonly #tell: (state: MeterState | null) => void;
  readonly #packages = new Map<string, PackageProgress>();
  #phase: Phase | undefined;
  /** Runs while changes are not told. */
  #pause: ReturnType<typeof setTimeout> | undefined;
  #untold = false;

  /** @param tell gets what is to be shown, not too often; null when there is nothing more to show. */
  constructor(tell: (state: MeterState | null) => void) {
    this.#tell = tell;
  }

  /** Takes what the loader says: undefined when a call has ended. */
  note(progress: PackageProgress | undefined): void {
    if (progress === undefined) {
      this.#packages.clear();
      this.#phase = undefined;
      this.#untold = false;
      this.#tell(null);
      return;
    }
    if (progress.phase === "resolve" || progress.phase === "install") this.#packages.clear();
    this.#packages.set(progress.package, progress);
    const { phase } = this.#state();
    this.#untold = true;
    if (this.#pause === undefined || phase !== this.#phase) this.#tellState();
  }

  #tellState(): void {
    clearTimeout(this.#pause);
    this.#pause = undefined;
    if (!this.#untold) return;
    this.#untold = false;
    const state = this.#state();
    this.#phase = state.phase;
    this.#tell(state);
    this.#pause = setTimeout(() => this.#tellState(), OFTEN);
  }

  #state(): MeterState {
    const all = [...this.#packages.values()];
    const behind = (["resolve", "download", "check", "install"] as const).find((phase) => all.some((one) => one.phase === phase));
    const phase = behind ?? "install";
    let received = 0;
    let total: number | undefined = 0;
    let shares = 0;
    for (const one of all) {
      received += one.received;
      total = total === undefined || one.total === undefined ? undefined : total + one.total;
      if (one.phase !== "download") shares += 1;
      else if (one.total !== undefined && one.total > 0) shares += Math.min(1, one.received / one.total);
    }
    // Those whose bytes arrive come before those that wait for their turn.
    const names = all.filter((one) => one.phase === phase).sort((one, other) => Number(other.received > 0) - Number(one.received > 0));
    return { phase, names: names.map((one) => one.package), received, total, share: shares / Math.max(1, all.length) };
  }
}

/** The line, without colours, shorter than a terminal of so many columns is wide. */
export function meterLine({ phase, names, received, total, share }: MeterState, columns: number): string {
  const room = columns - 1;
  let tail = "";
  if (phase === "download") {
    const full = Math.round(share * BAR);
    const bar = room >= ROOM_FOR_BAR ? ` ${"█".repeat(full)}${"░".repeat(BAR - full)}` : "";
    tail = `${bar} ${bytesOf(received, total)}`;
  }
  const word = WORDS[phase];
  const line = word + some(names, room - word.length - tail.length) + tail;
  return line.length <= room ? line : tail.trim().slice(0, Math.max(0, room));
}

/** The same for a status line that is read aloud: it changes with the packages only. */
export function meterStatus({ phase, names }: MeterState): string {
  return `${WORDS[phase]}${some(names, 60)}…`;
}

function bytesOf(received: number, total: number | undefined): string {
  const large = (total ?? received) >= 1e6;
  const count = (bytes: number): string => (large ? (bytes / 1e6).toFixed(1) : String(Math.round(bytes / 1e3)));
  return `${total === undefined ? "" : `${count(received)} of `}${count(total ?? received)} ${large ? "MB" : "kB"}`;
}

/** As many names as there is room for, with a blank before them. */
function some(names: readonly string[], room: number): string {
  // Of a wheel's name only what tells it from others. It is of somebody's choosing: no controls, nothing of two columns.
  const clean = names.map((name) => name.replace(/(-[^-]+){3}\.whl$/, "").replace(/[^\x20-\x7e]/g, "?"));
  for (let count = clean.length; count > 0; count--) {
    const left = clean.length - count;
    const text = ` ${clean.slice(0, count).join(", ")}${left > 0 ? ` and ${left} more` : ""}`;
    if (text.length <= room) return text;
  }
  const [first = ""] = clean;
  const text = clean.length > 1 ? ` ${clean.length} packages` : ` ${first.slice(0, Math.max(0, room - 2))}…`;
  return text.length <= room && room > 8 ? text : "";
}
