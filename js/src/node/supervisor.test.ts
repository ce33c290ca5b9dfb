import assert from "node:assert/strict";
import { test } from "node:test";
import { describeFatal } from "./supervisor.ts";

const CASES: [string, unknown, RegExp][] = [
  [
    "a full heap",
    Object.assign(new Error("x"), { code: "ERR_WORKER_OUT_OF_MEMORY" }),
    /out of memory/,
  ],
  ["a trap", new WebAssembly.RuntimeError("unreachable"), /crashed in WebAssembly \(unreachable\)/],
  ["a deep stack", new RangeError("Maximum call stack size exceeded"), /stack overflowed/],
  [
    "a missing file",
    Object.assign(new Error("no such file 'a.wasm'"), { code: "ENOENT" }),
    /'a\.wasm'.*ferropy dist --force/,
  ],
  [
    "the loader's own error with a cause",
    Object.assign(new Error("Python stopped", { cause: new WebAssembly.RuntimeError("boom") }), {
      name: "FatalError",
    }),
    /WebAssembly \(boom\)/,
  ],
  ["abort()", new Error(""), /aborted itself/],
  ["something that is no Error", 7, /unexpected error: 7/],
];

for (const [name, error, expected] of CASES) {
  test(`describes ${name} in one paragraph without a stack`, () => {
    const report = describeFatal(error);
    assert.match(report.message, expected);
    assert.ok(!report.message.includes("\n"));
    assert.notEqual(report.stack, "");
  });
}
