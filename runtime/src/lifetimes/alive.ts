/** A debugging aid: what each language keeps alive for the other, and where that was made. */

import type { Core } from "../../../js/src/core.ts";
import { framesOf } from "../errors/frames.ts";
import type { Reference } from "../pyproxy/pyproxy.ts";

/** One object that the other language keeps alive. */
export interface LiveObject {
  /** JsProxy: Python holds a JavaScript value. The others: JavaScript holds a Python object. */
  readonly kind: "PyProxy" | "PyBufferView" | "PythonError" | "JsProxy";
  /** The name of the object's type or class. */
  readonly type: string;
  /** Python's `repr`, or the JavaScript value as a string; at most 200 characters. */
  readonly text: string;
  /** The frames of both languages when it was made, if `setDebug(true)` was called before. */
  readonly madeAt: string | undefined;
}

const LONGEST = 200;

/** The frames of both languages right now. May refresh the heap. */
export function whereNow(core: Core): string {
  const python = pythonFrames(core);
  const javascript = framesOf(new Error("here"))
    .map(({ name, file, line }) => `  at ${name} (${file}:${line})\n`)
    .join("");
  return (
    (python && `Python, innermost first:\n${python}`) +
    (javascript && `JavaScript, innermost first:\n${javascript}`)
  );
}

/** Python's frames, read without the scratch records, which the caller may be using. */
function pythonFrames({ exports, heap }: Core): string {
  const start = exports.ferropy_where() >>> 0;
  const { bytes } = heap;
  const end = bytes.indexOf(0, start);
  return new TextDecoder().decode(bytes.slice(start, end));
}

/** Notes for the list where things are made, while that is asked for. */
export class Makers {
  readonly #references = new WeakMap<Reference, string>();
  readonly #slots = new Map<number, { readonly value: unknown; readonly where: string }>();
  /** What start-up made; it stays and says nothing about leaks. */
  readonly #permanent = new Map<number, unknown>();
  #permanentReferences: ReadonlySet<Reference> = new Set();

  noteReference(core: Core, reference: Reference): void {
    this.#references.set(reference, whereNow(core));
  }

  noteSlot(core: Core, slot: number): void {
    this.#slots.set(slot, { value: core.slots.get(slot), where: whereNow(core) });
  }

  /** Takes what is alive now for permanent. */
  started({ live, slots }: Core): void {
    this.#permanentReferences = new Set(live);
    for (const [slot, value] of slots.entries()) this.#permanent.set(slot, value);
  }

  /** What is alive. */
  list(core: Core): LiveObject[] {
    const live: LiveObject[] = [];
    // Describing an object may run its code, which may make and destroy others.
    for (const reference of [...core.live]) {
      if (reference.object === 0 || this.#permanentReferences.has(reference)) continue;
      live.push({ ...describePython(core, reference), madeAt: this.#references.get(reference) });
    }
    for (const [slot, value] of [...core.slots.entries()]) {
      if (this.#permanent.get(slot) === value) continue;
      const note = this.#slots.get(slot);
      const madeAt = note?.value === value ? note?.where : undefined;
      live.push({ kind: "JsProxy", ...describeValue(value), madeAt });
    }
    return live;
  }
}

function describePython(core: Core, reference: Reference): Omit<LiveObject, "madeAt"> {
  const { exports } = core;
  if (reference.kind === "PyBufferView") {
    return { kind: reference.kind, type: "buffer", text: "a view of memory: release() ends it" };
  }
  const { object } = reference;
  const ask = (read: (out: number) => number): string => {
    try {
      return core.readOut(read) as string;
    } catch (error) {
      return `(cannot be described: ${String(error).split("\n", 1)[0] ?? ""})`;
    }
  };
  const type = ask((out) => exports.ferropy_type_name(object, out));
  // The first question may have run anything.
  const text = reference.object === 0 ? "" : ask((out) => exports.ferropy_text(object, 1, out));
  return { kind: reference.kind, type, text: text.slice(0, LONGEST) };
}

function describeValue(value: unknown): { type: string; text: string } {
  try {
    const { name } = (value as { constructor?: { name?: unknown } }).constructor ?? {};
    const type = typeof name === "string" && name !== "" ? name : typeof value;
    return { type, text: String(value).slice(0, LONGEST) };
  } catch {
    // Revoked proxies, objects without a prototype, traps that throw.
    return { type: typeof value, text: "(cannot be described)" };
  }
}
