/**
 * Measures every case on both sides, in turns: first one side's figure, then the other's, case by case, so that a
 * busy minute hits both. The first round of each interpreter is not counted: it lets the engine compile.
 */
import { fileURLToPath } from 'node:url';
import { launchBrowser } from '../../tests/harness/engines.mjs';
import { startServer } from '../../tests/harness/server.mjs';
import { Child, order, say } from '../shared/sides.mjs';
import { CASES } from './cases.mjs';

/**
 * @typedef {{figures: Record<string, {ferropy: number[], peer: number[]}>, problems: Record<string, string>}} Calls
 * @typedef {{quick: boolean, rounds: number, only?: RegExp}} Plan
 */

/**
 * @param {string} where for messages
 * @param {(side: string) => Promise<{ask: (name: string, target: number) => Promise<number>, end: () => unknown}>} start
 * @param {Plan} plan
 * @returns {Promise<Calls>}
 */
async function measure(where, start, { quick, rounds, only = /./ }) {
  const target = quick ? 0.015 : 0.08;
  const names = Object.keys(CASES).filter((name) => only.test(name));
  const figures = Object.fromEntries(names.map((name) => [name, { ferropy: [], peer: [] }]));
  const problems = {};
  const runtimes = {};
  for (let round = -1; round < rounds; round++) {
    // A long run starts anew each time: where code and data lie differs from start to start.
    const fresh = round === -1 || (!quick && round > 0);
    for (const side of order(round + 2)) {
      if (!fresh) continue;
      await runtimes[side]?.end();
      runtimes[side] = await start(side);
    }
    for (const name of names) {
      for (const side of order(round + 2)) {
        if (problems[`${where}: ${name}`]) continue;
        try {
          // The first measurement of a fresh interpreter warms it up.
          if (fresh) await runtimes[side].ask(name, target);
          if (round >= 0) figures[name][side].push(await runtimes[side].ask(name, target));
        } catch (error) {
          problems[`${where}: ${name}`] = `${side}: ${error.message}`;
          // Whatever happened, the next case gets a fresh interpreter.
          await runtimes[side].end();
          runtimes[side] = await start(side);
        }
      }
    }
    if (round >= 0) say(`calls in ${where}, round ${round + 1}/${rounds}`);
  }
  for (const runtime of Object.values(runtimes)) await runtime.end();
  return { figures, problems };
}

/**
 * glibc moves these thresholds by the order in which large arrays were freed, by chance: below them a megabyte costs
 * page faults (0.7 ms), above them none (0.1 ms). Both sides get fixed ones.
 */
const ALLOCATOR = { MALLOC_MMAP_THRESHOLD_: String(32 << 20), MALLOC_TRIM_THRESHOLD_: String(256 << 20) };

/** @param {Record<string, {dir: string, loader: string}>} sides @param {Plan} plan */
export function measureInNode(sides, plan) {
  const start = async (side) => {
    const child = new Child(sides[side], ALLOCATOR);
    await child.load();
    return { ask: (name, target) => child.ask({ do: 'case', name, target }), end: () => child.end() };
  };
  return measure('Node', start, plan);
}

/** Both sides in pages of one browser. @param {Record<string, {dir: string, loader: string}>} sides @param {Plan} plan */
export async function measureInBrowser(browserName, sides, plan) {
  const folder = (path) => fileURLToPath(new URL(path, import.meta.url));
  const server = await startServer({
    mounts: [
      ['/ferropy/', sides.ferropy.dir],
      ['/peer/', sides.peer.dir],
      ['/ffi/', folder('.')],
    ],
  });
  const browser = await launchBrowser(browserName);
  const start = async (side) => {
    const page = await browser.newPage();
    const query = new URLSearchParams({ dist: `/${side}/`, loader: sides[side].loader });
    await page.goto(`${server.url}/ffi/page.html?${query}`);
    await page.waitForFunction(() => /^(ready|error )/.test(document.title), { timeout: 120_000, polling: 50 });
    const title = await page.title();
    if (title !== 'ready') throw new Error(`${side} in ${browserName}: ${title}`);
    return {
      ask: async (name, target) => {
        await page.bringToFront();
        return page.evaluate((...args) => globalThis.measure(...args), name, target);
      },
      end: () => page.close(),
    };
  };
  try {
    return await measure(browserName, start, plan);
  } finally {
    await browser.close();
    await server.close();
  }
}
