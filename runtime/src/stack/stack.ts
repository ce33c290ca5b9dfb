/** How much room the engine's stack has; `mod.rs` decides what Python may use of it. */

import type { Core } from "../../../js/src/core.ts";

/** How many calls of a small WebAssembly function still fit on the engine's stack. */
function probe(core: Core): number {
  const { exports } = core;
  const before = exports.emscripten_stack_get_current();
  try {
    exports.ferropy_probe_stack();
  } catch {
    // A RangeError (V8, JavaScriptCore) or an InternalError (SpiderMonkey).
  }
  // The error skipped the instructions that would have given the stack back.
  exports._emscripten_stack_restore(before);
  return exports.ferropy_probe_depth();
}

/** The import functions of this area. */
export function stackImports(core: Core): Record<string, (...args: never[]) => unknown> {
  return { js_probe_stack: (): number => probe(core) };
}
