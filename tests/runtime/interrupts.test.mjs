/** Interrupts: another thread writes a signal number, Python notices within a moment. */
import { test } from '../harness/body.mjs';

const NEEDS = { timeout: 60 };

async function armed(load, t) {
  if (!t.env.isolated) t.skip('without cross-origin isolation there is no shared memory');
  const py = await load();
  const buffer = new Uint8Array(new SharedArrayBuffer(4));
  py.setInterruptBuffer(buffer);
  t.after(() => py.setInterruptBuffer(undefined));
  return { py, buffer };
}

test('an endless loop becomes a KeyboardInterrupt', NEEDS, async (load, t) => {
  const { py, buffer } = await armed(load, t);
  await t.signalAfter(buffer, 300);
  const begin = performance.now();
  const error = t.throws(() => py.runPython('while True:\n    pass'));
  t.equal(error.type, 'KeyboardInterrupt');
  t.ok(performance.now() - begin < 5000, 'soon');
  t.equal(buffer[0], 0, 'the request is taken back');
  t.equal(py.runPython('6 * 7'), 42);
});

test('Python can catch it and go on', NEEDS, async (load, t) => {
  const { py, buffer } = await armed(load, t);
  await t.signalAfter(buffer, 300);
  t.equal(py.runPython('n = 0\ntry:\n    while True:\n        n += 1\nexcept KeyboardInterrupt:\n    result = "caught"\nresult'), 'caught');
  t.ok(py.runPython('n') > 1000);
});

test('an Int32Array works as well', NEEDS, async (load, t) => {
  if (!t.env.isolated) t.skip('without cross-origin isolation there is no shared memory');
  const py = await load();
  const buffer = new Int32Array(new SharedArrayBuffer(4));
  py.setInterruptBuffer(buffer);
  t.after(() => py.setInterruptBuffer(undefined));
  await t.signalAfter(buffer, 200);
  t.equal(t.throws(() => py.runPython('while True: pass')).type, 'KeyboardInterrupt');
});

test('it reaches C loops that check for signals', NEEDS, async (load, t) => {
  const { py, buffer } = await armed(load, t);
  await t.signalAfter(buffer, 300);
  t.equal(t.throws(() => py.runPython('import re\nre.match("(a*)*b", "a" * 40)')).type, 'KeyboardInterrupt');
});

test('other signals call their handler', NEEDS, async (load, t) => {
  const { py, buffer } = await armed(load, t);
  await t.signalAfter(buffer, 200, 15);
  t.equal(
    py.runPython(`
import signal
got = []
previous = signal.signal(signal.SIGTERM, lambda number, frame: got.append(number))
while not got:
    pass
signal.signal(signal.SIGTERM, previous)
got[0]`),
    15,
  );
});

test('a request that waits is noticed when Python starts', NEEDS, async (load, t) => {
  const { py, buffer } = await armed(load, t);
  buffer[0] = 2;
  t.equal(t.throws(() => py.runPython('for i in range(10**7): pass')).type, 'KeyboardInterrupt');
});

test('checkInterrupt throws for JavaScript', NEEDS, async (load, t) => {
  const { py, buffer } = await armed(load, t);
  py.checkInterrupt();
  buffer[0] = 2;
  t.throws(() => py.checkInterrupt());
  t.equal(buffer[0], 0);
  py.checkInterrupt();
});

test('after setInterruptBuffer(undefined) nothing is interrupted', NEEDS, async (load, t) => {
  const { py, buffer } = await armed(load, t);
  py.setInterruptBuffer(undefined);
  buffer[0] = 2;
  t.equal(py.runPython('sum(range(10**6))'), 499999500000);
  t.equal(buffer[0], 2);
});

test('a coroutine that computes is interrupted, too', { ...NEEDS, skip: { peer: 'ends the peer in Node' } }, async (load, t) => {
  const { py, buffer } = await armed(load, t);
  await py.runPythonAsync('import asyncio\nawait asyncio.sleep(0)');
  await t.signalAfter(buffer, 300);
  const error = await t.rejects(() => py.runPythonAsync('await asyncio.sleep(0)\nwhile True: pass'));
  t.equal(error.type, 'KeyboardInterrupt');
  t.equal(await py.runPythonAsync('await asyncio.sleep(0, 5)'), 5);
});
