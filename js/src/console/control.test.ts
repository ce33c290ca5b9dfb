import assert from "node:assert/strict";
import { test } from "node:test";
import { Control, SIGINT } from "./control.ts";

const unasked = () => assert.fail("asked again");

test("a sleep lasts its time, or until an interrupt", () => {
  const control = new Control();
  const start = performance.now();
  assert.equal(control.sleep(30), "timeout");
  assert.ok(performance.now() - start >= 29);
  control.interrupt();
  assert.equal(control.sleep(60_000), "interrupted");
  assert.equal(control.interruptBuffer[0], SIGINT);
});

test("an interrupt is taken once", () => {
  const control = new Control();
  assert.equal(control.takeInterrupt(), false);
  control.interrupt();
  assert.equal(control.interruptPending, true);
  assert.equal(control.takeInterrupt(), true);
  assert.equal(control.takeInterrupt(), false);
});

test("input is asked for, and delivered in parts when the reader has less room", () => {
  const control = new Control();
  const target = new Uint8Array(2);
  const answer = () => control.provideInput(Uint8Array.of(1, 2, 3));
  assert.equal(control.takeInput(target, answer), 2);
  assert.deepEqual([...target], [1, 2]);
  assert.equal(control.takeInput(target, unasked), 1);
  assert.equal(target[0], 3);
  assert.equal(control.takeInput(target, () => control.provideInput(new Uint8Array(0))), 0);
});

test("an interrupted read leaves its question open", () => {
  const control = new Control();
  const target = new Uint8Array(8);
  assert.equal(
    control.takeInput(target, () => control.interrupt()),
    undefined,
  );
  control.takeInterrupt();
  control.provideInput(Uint8Array.of(7));
  assert.equal(control.takeInput(target, unasked), 1);
  assert.equal(target[0], 7);
});

test("a cancelled question is asked anew", () => {
  const control = new Control();
  const target = new Uint8Array(8);
  control.takeInput(target, () => control.interrupt());
  control.cancelInput();
  control.takeInterrupt();
  let asked = 0;
  const answer = () => {
    asked++;
    control.provideInput(Uint8Array.of(1));
  };
  assert.equal(control.takeInput(target, answer), 1);
  assert.equal(asked, 1);
});

test("output is held back until it is shown, and an interrupt lets it go", () => {
  const control = new Control();
  assert.equal(control.outputSent(1 << 20), "ready");
  control.interrupt();
  assert.equal(control.outputSent(10), "interrupted");
  control.takeInterrupt();
  control.outputShown((1 << 20) + 10);
  assert.equal(control.outputSent(1), "ready");
});
