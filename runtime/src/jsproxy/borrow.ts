/**
 * What a JavaScript function keeps of the proxies it was lent. They are destroyed
 * when the call ends; a call that gives a promise or a generator ends with that.
 */

import type { Core } from "../../../js/src/core.ts";
import { adoptBorrowed, destroyBorrowed, isPyProxy, type PyProxy } from "../pyproxy/pyproxy.ts";

interface Kept {
  readonly value: unknown;
  /** Whether the proxies are destroyed when the value has ended, not now. */
  readonly later: boolean;
}

function isThenable(value: unknown): value is PromiseLike<unknown> & object {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}

/** What was lent to the calls that gave promises; Python takes each of them as a future at once. */
const loans = new WeakMap<object, readonly PyProxy[]>();

/** Takes back what was lent to a call, and its result, once Python has that. */
export function endLoan(promise: object, result: unknown): void {
  const borrowed = loans.get(promise);
  if (borrowed === undefined) return;
  loans.delete(promise);
  destroyBorrowed(borrowed, "promise");
  if (isPyProxy(result)) destroyBorrowed([result], "promise");
}

/** What to give Python for a call's result. */
export function ownThings(core: Core, result: unknown, borrowed: readonly PyProxy[]): Kept {
  if (isPyProxy(result)) return { value: result, later: false };
  if (borrowed.length === 0) {
    if (isThenable(result)) loans.set(result, borrowed);
    return { value: result, later: false };
  }
  const kind = Object.prototype.toString.call(result);
  if (kind === "[object Generator]") {
    adoptBorrowed(core, borrowed);
    return { value: ending(result as Generator<unknown>, borrowed), later: true };
  }
  if (kind === "[object AsyncGenerator]") {
    adoptBorrowed(core, borrowed);
    return { value: asyncEnding(result as AsyncGenerator<unknown>, borrowed), later: true };
  }
  if (isThenable(result)) {
    adoptBorrowed(core, borrowed);
    loans.set(result, borrowed);
    return { value: result, later: true };
  }
  return { value: result, later: false };
}

function* ending(generator: Generator<unknown>, borrowed: readonly PyProxy[]): Generator<unknown> {
  try {
    return (yield* generator) as unknown;
  } finally {
    destroyBorrowed(borrowed, "generator");
  }
}

async function* asyncEnding(
  generator: AsyncGenerator<unknown>,
  borrowed: readonly PyProxy[],
): AsyncGenerator<unknown> {
  try {
    return (yield* generator) as unknown;
  } finally {
    destroyBorrowed(borrowed, "generator");
  }
}
