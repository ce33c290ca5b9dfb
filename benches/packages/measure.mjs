/** One measurement in a fresh process: of Node, or of a browser with one page. */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launchBrowser } from '../../tests/harness/engines.mjs';
import { startServer } from '../../tests/harness/server.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));

/**
 * @typedef {{start: number, peak?: number} & Record<string, number>} Figures
 * @typedef {(side: {dir: string, loader: string}, request: object) => Promise<Figures>} Measure
 */

/** @type {Measure} */
export function inNode({ dir, loader }, request) {
  const args = ['--expose-gc', join(here, 'child.mjs'), JSON.stringify({ loader: join(dir, loader), request })];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (part) => (text += part));
    child.on('close', (code) => (code === 0 ? resolve(JSON.parse(text)) : reject(new Error(`exit code ${code}`))));
  });
}

/** The page's process; other renderers are spares of the browser. */
async function rendererOf(browser) {
  const session = await browser.target().createCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const renderers = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
  const sizes = renderers.map((id) => [memory(id, 'VmRSS') ?? 0, id]).sort(([a], [b]) => b - a);
  return sizes[0]?.[1];
}

/** A line of /proc/PID/status in bytes; undefined where there is none. */
function memory(id, name) {
  try {
    return Number(new RegExp(`${name}:\\s*(\\d+)`).exec(readFileSync(`/proc/${id}/status`, 'utf8'))[1]) * 1024;
  } catch {
    return undefined;
  }
}

/**
 * Pages of a browser, which is started anew for each: the peak of a process is that of all that it ever did.
 * @param {string} name @param {Record<string, {dir: string, loader: string}>} sides @param {string} wheels their folder
 * @returns {Promise<{measure: Measure, url: string, close: () => Promise<void>}>}
 */
export async function inBrowser(name, sides, wheels) {
  const folders = [...new Set(Object.values(sides).map(({ dir }) => dir))];
  const server = await startServer({
    mounts: [...folders.map((dir, i) => [`/side${i}/`, dir]), ['/bench/', here], ['/wheels/', wheels]],
  });
  const measure = async ({ dir, loader }, request) => {
    const browser = await launchBrowser(name);
    try {
      const page = await browser.newPage();
      const query = new URLSearchParams({ loader: `/side${folders.indexOf(dir)}/${loader}` });
      await page.goto(`${server.url}/bench/page.html?${query}`);
      await page.waitForFunction(() => /^(ready|error )/.test(document.title), { timeout: 120_000, polling: 50 });
      const title = await page.title();
      if (title !== 'ready') throw new Error(title);
      // What starting left over would hide what comes.
      const session = await page.createCDPSession();
      await session.send('HeapProfiler.collectGarbage');
      const id = await rendererOf(browser);
      const before = memory(id, 'VmRSS');
      try {
        // Forgets the peak of the start.
        writeFileSync(`/proc/${id}/clear_refs`, '5');
      } catch {
        // Not Linux, or not allowed: the peak is then at least that of the start.
      }
      const figures = await page.evaluate((asked) => globalThis.perform(asked), request);
      const high = memory(id, 'VmHWM');
      return { ...figures, peak: high === undefined ? undefined : Math.max(0, high - before) };
    } finally {
      await browser.close();
    }
  };
  return { measure, url: `${server.url}/wheels`, close: server.close };
}
