/** Proxies whose lifetime Python code decides, and copies that it asks for; see `mod.rs`. */

import type { Core } from "../../../js/src/core.ts";
import { toJs, type ToJsOptions } from "../convert/decode.ts";
import { Flag, flagsOf, onceCallables } from "../jsproxy/flags.ts";
import type { PyProxy } from "../pyproxy/classes.ts";
import { destroyBorrowed, invokeObject, makeProxy } from "../pyproxy/pyproxy.ts";
import { RECORD, Tag } from "../wire/wire.ts";

/** The import functions of this area. */
export function lifetimeImports(core: Core): Record<string, (...args: never[]) => unknown> {
  const { wire, slots, heap } = core;

  /** Gives Python the proxy itself, whatever it would get otherwise. */
  function writeDouble(out: number, proxy: object): void {
    const flags = flagsOf(proxy) | Flag.DoubleProxy;
    const slot = slots.add(proxy);
    if (core.debug) core.makers.noteSlot(core, slot);
    if (heap.u8.length === 0) heap.refresh();
    const at = out >>> 2;
    heap.u32[at] = Tag.Value;
    heap.u32[at + 1] = slot;
    heap.u32[at + 2] = flags;
  }

  return {
    js_create_proxy: (
      object: number,
      abilities: number,
      captureThis: number,
      roundtrip: number,
      out: number,
    ): number => {
      const options = { captureThis: captureThis !== 0, double: roundtrip !== 0 };
      writeDouble(out, makeProxy(core, object >>> 0, abilities >>> 0, false, options));
      return 0;
    },
    js_create_once_callable: (object: number, out: number): number => {
      const reference = { kind: "PyProxy" as const, object: object >>> 0 };
      const release = (): number => {
        const { object } = reference;
        reference.object = 0;
        core.forget(reference);
        return object;
      };
      const once = (...args: unknown[]): unknown => {
        const called = release();
        if (called === 0) throw new Error("OnceProxy can only be called once");
        try {
          return invokeObject(core, () => called, args);
        } finally {
          core.exports.ferropy_release(called);
        }
      };
      once.destroy = (): void => {
        const called = release();
        if (called === 0) throw new Error("OnceProxy has already been destroyed");
        core.exports.ferropy_release(called);
      };
      onceCallables.add(once);
      core.keepAlive(reference, once);
      wire.write(out, once);
      return 0;
    },
    js_to_js: (object: number, depth: number, records: number, out: number): number => {
      const borrowed: PyProxy[] = [];
      try {
        const option = (index: number): unknown =>
          wire.readArgument(records + index * RECORD, borrowed) ?? undefined;
        const options = {
          depth,
          pyproxies: option(0),
          create_pyproxies: option(1),
          dict_converter: option(2),
          default_converter: option(3),
          eager_converter: option(4),
        } as ToJsOptions;
        const result = toJs(core, object >>> 0, options);
        // First: destroying uses the scratch memory where a text would lie.
        destroyBorrowed(borrowed);
        wire.write(out, result);
        return 0;
      } catch (error) {
        destroyBorrowed(borrowed);
        core.threw(error);
        return -1;
      }
    },
  };
}
