/**
 * The engines and how each is started and stopped. An engine runs one test file at a time; what it reports
 * comes back through `onEvent`, whatever the transport.
 */
import { fork, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import puppeteer from 'puppeteer-core';

/** Name → what it is. The order is the order of the tables. */
export const ENGINES = {
  node: { kind: 'node', browser: 'none' },
  chromium: { kind: 'window', browser: 'chromium' },
  'chromium-worker': { kind: 'worker', browser: 'chromium' },
  firefox: { kind: 'window', browser: 'firefox' },
  'firefox-worker': { kind: 'worker', browser: 'firefox' },
};

const PROGRAMS = {
  chromium: ['FERROPY_CHROMIUM', ['chromium', 'chromium-browser', 'google-chrome']],
  firefox: ['FERROPY_FIREFOX', ['firefox-esr', 'firefox']],
};

/** The browser's executable, or undefined. @param {'chromium' | 'firefox'} browser */
export function findBrowser(browser) {
  const [variable, names] = PROGRAMS[browser];
  const given = process.env[variable];
  if (given) return existsSync(given) ? given : undefined;
  for (const name of names) {
    const found = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' });
    if (found.status === 0) return found.stdout.trim();
  }
  return undefined;
}

/** Starts a browser with a fresh profile. @param {'chromium' | 'firefox'} browser */
export async function launchBrowser(browser) {
  const executablePath = findBrowser(browser);
  if (!executablePath) {
    const [variable, names] = PROGRAMS[browser];
    throw new Error(`no ${browser}: looked for ${names.join(', ')} on PATH; install it (apt-get install ${names[0]}) or set ${variable}`);
  }
  const args = {
    // No sandbox: containers and CI run as root. The rest keeps the browser from calling its maker.
    chromium: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
    ],
    firefox: [],
  }[browser];
  const extraPrefsFirefox = {
    'app.update.enabled': false,
    'browser.safebrowsing.malware.enabled': false,
    'browser.safebrowsing.phishing.enabled': false,
    'datareporting.policy.dataSubmissionEnabled': false,
    'network.captive-portal-service.enabled': false,
    'network.connectivity-service.enabled': false,
    'services.settings.server': 'data:,',
    'toolkit.telemetry.enabled': false,
    'dom.max_script_run_time': 0,
  };
  return puppeteer.launch({
    browser: browser === 'chromium' ? 'chrome' : 'firefox',
    executablePath,
    headless: true,
    args,
    extraPrefsFirefox,
    timeout: 60_000,
    protocolTimeout: 600_000,
  });
}

/** Runs test files in child processes of this Node. */
export class NodeEngine {
  async run(plan, onEvent) {
    const program = fileURLToPath(new URL('in-node.mjs', import.meta.url));
    const child = fork(program, [], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], execArgv: [] });
    this.child = child;
    let tail = '';
    const keep = (data) => {
      tail = (tail + data).slice(-4000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('message', onEvent);
    child.send(plan);
    const [code, signal] = await new Promise((resolve) => {
      child.on('close', (...result) => resolve(result));
    });
    onEvent({ type: 'exit', code, signal, output: tail });
  }

  async kill() {
    this.child?.kill('SIGKILL');
  }

  async close() {}
}

/** Runs test files in pages of one browser; events arrive at the test server, which passes them on. */
export class BrowserEngine {
  constructor(name, serverUrl, runs) {
    this.name = name;
    this.info = ENGINES[name];
    this.serverUrl = serverUrl;
    this.runs = runs;
  }

  async run(plan, onEvent) {
    this.browser ??= await launchBrowser(this.info.browser);
    const page = await this.browser.newPage();
    let tail = '';
    let finish;
    const finished = new Promise((resolve) => {
      finish = resolve;
    });
    this.finish = finish;
    page.on('console', (message) => {
      tail = `${tail}${message.text()}\n`.slice(-4000);
    });
    page.on('error', (error) => finish(`page crashed: ${error.message}`));
    this.browser.once('disconnected', () => finish('the browser went away'));
    const run = this.runs.open(plan, (event) => {
      onEvent(event);
      if (event.type === 'done' || event.type === 'crash') finish();
    });
    const query = new URLSearchParams({ run, engine: this.name, ...this.info, file: plan.file });
    try {
      await page.goto(`${this.serverUrl}/tests/harness/page.html?${query}`, { timeout: 60_000 });
      const why = await finished;
      onEvent({ type: 'exit', code: why ? 1 : 0, signal: why, output: tail });
    } finally {
      this.runs.close(run);
      await withTimeout(page.close(), 5_000).catch(() => this.kill());
    }
  }

  async kill() {
    const browser = this.browser;
    this.browser = undefined;
    // A page stuck in Python cannot be closed politely.
    browser?.process()?.kill('SIGKILL');
    this.finish?.('killed');
  }

  async close() {
    const browser = this.browser;
    this.browser = undefined;
    if (browser) await withTimeout(browser.close(), 10_000).catch(() => browser.process()?.kill('SIGKILL'));
  }
}

async function withTimeout(promise, ms) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
