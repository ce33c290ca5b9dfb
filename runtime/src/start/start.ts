/** Starting the interpreter: how much stack Python may use. */

import type { Core } from "../../../js/src/core.ts";

/**
 * Bytes of Python's visible stack (in linear memory) for each call of the probe
 * that fits on the engine's stack. Python's frames take more room on the
 * engine's stack than the probe's; measured over the deepest recursions in
 * `tests/runtime/limits.test.mjs` in V8 and SpiderMonkey, with a safe margin.
 */
const BYTES_PER_PROBE = 56;

/**
 * How many bytes of the stack in linear memory Python may use before the
 * engine's own stack is full.
 */
export function stackLimit(core: Core): number {
  const { exports } = core;
  const before = exports.emscripten_stack_get_current();
  try {
    exports.ferropy_probe_stack();
  } catch {
    // A RangeError (V8, JavaScriptCore) or an InternalError (SpiderMonkey).
  }
  // The error skipped the instructions that would have given the stack back.
  exports._emscripten_stack_restore(before);
  return exports.ferropy_probe_depth() * BYTES_PER_PROBE;
}
