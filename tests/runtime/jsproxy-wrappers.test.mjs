/** pyodide.ffi.wrappers: timers and event listeners that look after their proxies. */
import { raises, run, runAsync, seen, seenAsync } from '../harness/bridge.mjs';
import { test } from '../harness/body.mjs';

const IMPORT = 'import asyncio\nfrom pyodide.ffi.wrappers import *\nlog = []\n';

test('set_timeout', async (load, t) => {
  const py = await load();
  const begin = performance.now();
  t.equal(
    await seenAsync(
      py,
      {},
      `${IMPORT}done = asyncio.Event()
def ring():
    log.append("rang")
    done.set()
set_timeout(ring, 50)
before = list(log)
await asyncio.wait_for(done.wait(), 10)
before, log`,
    ),
    "([], ['rang'])",
  );
  t.ok(performance.now() - begin >= 45, 'not before its time');
});

test('clear_timeout', async (load, t) => {
  const py = await load();
  t.equal(
    await seenAsync(
      py,
      {},
      `${IMPORT}timer = set_timeout(lambda: log.append("never"), 20)\nclear_timeout(timer)\nawait asyncio.sleep(0.08)\nlog`,
    ),
    '[]',
  );
  t.equal(
    await seenAsync(
      py,
      {},
      `${IMPORT}timer = set_timeout(lambda: log.append("rang"), 1)
await asyncio.sleep(0.05)
clear_timeout(timer)
clear_timeout(timer)
log`,
    ),
    "['rang']",
    'afterwards it is harmless',
  );
  t.equal(await runAsync(py, {}, `${IMPORT}clear_timeout(123456789)`), undefined);
});

test('set_interval and clear_interval', async (load, t) => {
  const py = await load();
  const code = `${IMPORT}enough = asyncio.Event()
def tick():
    log.append("tick")
    if len(log) == 3: enough.set()
timer = set_interval(tick, 5)
await asyncio.wait_for(enough.wait(), 10)
clear_interval(timer)
count = len(log)
await asyncio.sleep(0.05)
count >= 3, len(log) == count`;
  t.equal(await seenAsync(py, {}, code), '(True, True)');
  t.equal(await runAsync(py, {}, `${IMPORT}clear_interval(123456789)`), undefined);
});

test('timers of wrappers and of JavaScript understand each other', async (load, t) => {
  const py = await load();
  const timer = await runAsync(py, {}, `${IMPORT}set_timeout(lambda: 1 / 0, 60_000)`);
  clearTimeout(timer);
  const own = setTimeout(() => t.ok(false, 'cleared'), 60_000);
  await runAsync(py, { own }, `${IMPORT}clear_timeout(own)`);
});

test('add_event_listener and remove_event_listener', async (load, t) => {
  const py = await load();
  const target = new EventTarget();
  const globals = py.toPy({ target });
  t.after(() => globals.destroy());
  const python = (code) => py.runPython(code, { globals });
  python('from pyodide.ffi.wrappers import *\nheard = []\ndef hear(event): heard.append(event.type)');
  python('add_event_listener(target, "ping", hear)\nadd_event_listener(target, "pong", hear)');
  target.dispatchEvent(new Event('ping'));
  target.dispatchEvent(new Event('pong'));
  t.equal(python('" ".join(heard)'), 'ping pong');
  python('remove_event_listener(target, "ping", hear)');
  target.dispatchEvent(new Event('ping'));
  target.dispatchEvent(new Event('pong'));
  t.equal(python('" ".join(heard)'), 'ping pong pong', 'the other one stays');
  python('remove_event_listener(target, "pong", hear)');
  target.dispatchEvent(new Event('pong'));
  t.equal(python('" ".join(heard)'), 'ping pong pong');
});

test('bound methods as listeners', async (load, t) => {
  const py = await load();
  const target = new EventTarget();
  const code = `
from pyodide.ffi.wrappers import *
class Listener:
    def __init__(self): self.heard = []
    def hear(self, event): self.heard.append((event.type, event.target == target))
one = Listener()
add_event_listener(target, "ping", one.hear)
target.dispatchEvent(Event.new("ping"))
remove_event_listener(target, "ping", one.hear)
target.dispatchEvent(Event.new("ping"))
one.heard`;
  t.equal(seen(py, { target, Event }, code), "[('ping', True)]");
});

test('what was never added cannot be removed', async (load, t) => {
  const py = await load();
  const names = { target: new EventTarget() };
  raises(t, py, names, 'from pyodide.ffi.wrappers import *\nremove_event_listener(target, "ping", print)', 'KeyError', /ping/);
  raises(
    t,
    py,
    { target: {} },
    'from pyodide.ffi.wrappers import *\nadd_event_listener(target, "ping", print)',
    'AttributeError',
    /addEventListener/,
  );
});

test('elements of a page', { only: { window: 'elements exist only in windows' } }, async (load, t) => {
  const py = await load();
  const button = document.createElement('button');
  document.body.append(button);
  t.after(() => button.remove());
  const code = `
from pyodide.ffi.wrappers import *
heard = []
def click(event): heard.append(event.target.tagName)
add_event_listener(button, "click", click)
button.click()
remove_event_listener(button, "click", click)
button.click()
heard`;
  t.equal(seen(py, { button }, code), "['BUTTON']");
  t.equal(run(py, { button }, 'isinstance(button, JsDomElement) and button.style.color == ""'), true);
});
