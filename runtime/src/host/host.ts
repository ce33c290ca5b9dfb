/** The host's clock and event loop, for `mod.rs`. */

import type { Core } from "../../../js/src/core.ts";

/** The longest delay a timer takes; longer ones wake early and ask again. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** Sleeps at least this often look whether an interrupt came. */
const INTERRUPT_POLL_MS = 20;

/** Whether this thread may block on shared memory; a window may not. */
function canBlock(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1);
    return true;
  } catch {
    return false;
  }
}

/** Blocks the thread; where that is forbidden there is only a busy loop. */
function block(ms: number, blocking: boolean): void {
  if (blocking) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    return;
  }
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/**
 * Runs `callback` from the event loop as soon as it may, without the clamp of
 * four milliseconds that nested `setTimeout(0)` calls get.
 */
function makeImmediate(): (callback: () => void) => void {
  const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => void };
  if (setImmediate !== undefined) return (callback) => setImmediate(callback);
  const queue: (() => void)[] = [];
  const channel = new MessageChannel();
  channel.port1.onmessage = () => queue.shift()?.();
  return (callback) => {
    queue.push(callback);
    channel.port2.postMessage(null);
  };
}

/** The import functions of this area. */
export function hostImports(core: Core): Record<string, (...args: never[]) => unknown> {
  let blocking: boolean | undefined;
  let immediate: ((callback: () => void) => void) | undefined;
  const wake = (): void => {
    if (core.enter(() => core.exports.ferropy_wake()) < 0) throw core.pendingError();
  };
  return {
    js_wake_after: (ms: number): void => {
      if (ms <= 0) {
        immediate ??= makeImmediate();
        immediate(wake);
      } else {
        setTimeout(wake, Math.min(ms, LONGEST_TIMEOUT_MS));
      }
    },
    js_sleep: (ms: number): number => {
      if (core.sleep !== undefined) return Number(core.sleep(ms));
      blocking ??= canBlock();
      const end = performance.now() + ms;
      for (;;) {
        const rest = end - performance.now();
        if (core.interruptPending) return 0;
        if (rest <= 0) return 1;
        block(Math.min(rest, INTERRUPT_POLL_MS), blocking);
      }
    },
    js_globals: (out: number): number => {
      core.wire.write(out, core.jsglobals);
      return 0;
    },
  };
}
