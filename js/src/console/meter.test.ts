import assert from "node:assert/strict";
import { mock, test } from "node:test";
import type { PackageProgress } from "../packages.ts";
import { Meter, meterLine, type MeterState, meterStatus } from "./meter.ts";

const at = (phase: PackageProgress["phase"], name: string, received = 0, total?: number): PackageProgress => {
  return { phase, package: name, received, total };
};

mock.timers.enable({ apis: ["setTimeout"] });

/** A meter, and all that it told. */
function meterAndTold(): { meter: Meter; told: (MeterState | null)[] } {
  const told: (MeterState | null)[] = [];
  return { meter: new Meter((state) => told.push(state)), told };
}

/** What is shown in the end. */
function after(...events: PackageProgress[]): MeterState {
  const { meter, told } = meterAndTold();
  for (const event of events) meter.note(event);
  mock.timers.tick(1000);
  const state = told.at(-1);
  assert.ok(state);
  return state;
}

test("adds up bytes, and says the total when it is known of all", () => {
  const one = after(at("download", "a"), at("download", "b"), at("download", "a", 1e6, 4e6));
  assert.deepEqual(one, { phase: "download", names: ["a", "b"], received: 1e6, total: undefined, share: 0.125 });
  assert.match(meterLine(one, 80), /^Downloading a, b [█░]{20} 1\.0 MB$/u);
  const two = after(at("download", "a", 1e6, 4e6), at("download", "b", 1e6, 2e6));
  assert.equal(meterLine(two, 80), `Downloading a, b ${"█".repeat(8)}${"░".repeat(12)} 2.0 of 6.0 MB`);
});

test("the package that is furthest behind says the phase", () => {
  assert.equal(after(at("download", "a", 1, 1), at("download", "b", 1, 2), at("check", "a", 1, 1)).phase, "download");
  assert.equal(meterLine(after(at("check", "a", 1, 1), at("check", "b", 2, 2)), 80), "Checking a, b");
  // The installer knows them by other names.
  assert.equal(meterLine(after(at("check", "a-1.0-py3-none-any.whl"), at("install", "a")), 80), "Installing a");
  assert.equal(meterLine(after(at("check", "a-1.0-py3-none-any.whl")), 80), "Checking a-1.0");
  assert.equal(meterLine(after(at("resolve", "rich>13")), 80), "Resolving rich>13");
});

test("ends, and begins anew", () => {
  const { meter, told } = meterAndTold();
  meter.note(at("download", "a", 1, 2));
  meter.note(at("download", "a", 2, 2));
  meter.note(undefined);
  mock.timers.tick(1000);
  meter.note(at("download", "b", 1, 2));
  assert.deepEqual(told.map((state) => state?.names), [["a"], undefined, ["b"]]);
});

test("a change of the phase is told at once, anything else now and then", () => {
  const { meter, told } = meterAndTold();
  for (let received = 1; received <= 50; received++) meter.note(at("download", "a", received, 100));
  assert.deepEqual(told.map((state) => state?.received), [1]);
  mock.timers.tick(100);
  // The last is told, even if nothing comes after it.
  assert.deepEqual(told.map((state) => state?.received), [1, 50]);
  mock.timers.tick(1000);
  assert.equal(told.length, 2);
  meter.note(at("download", "a", 60, 100));
  meter.note(at("check", "a", 60, 100));
  assert.deepEqual(told.map((state) => state?.phase), ["download", "download", "download", "check"]);
});

test("never as wide as the terminal", () => {
  const names = ["a-package", "another-package", "yet-another-one", "x".repeat(90)];
  const state = after(...names.map((name) => at("download", name, 1.5e6, 3e6)));
  for (let columns = 1; columns < 200; columns++) {
    const line = meterLine(state, columns);
    assert.ok(line.length < columns, `${columns}: ${line}`);
    if (columns > 16) assert.match(line, /6\.0 of 12\.0 MB$/, String(columns));
  }
  assert.match(meterLine(state, 79), /^Downloading a-package and 3 more [█░]+ 6\.0 of 12\.0 MB$/u);
  assert.match(meterLine(state, 40), /^Downloading 4 packages 6\.0 of 12\.0 MB$/);
  assert.equal(meterLine(after(at("download", "a", 1500)), 40), "Downloading a 2 kB");
  assert.match(meterLine(after(at("check", "x".repeat(90))), 30), /^Checking x+…$/);
});

test("names cannot draw", () => {
  assert.equal(meterLine(after(at("check", "\x1b[2Ja\n包")), 80), "Checking ?[2Ja??");
  assert.equal(meterStatus(after(at("check", "a", 1, 1))), "Checking a…");
});
