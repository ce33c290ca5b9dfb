/** The console page while packages are loaded: what its terminal and its status line show. */
import { test } from '../harness/body.mjs';

const WINDOW = {
  skip: { peer: 'the peer has another console' },
  only: { window: 'pages are opened by windows' },
  timeout: 120,
};

const METER = /(Resolving|Downloading|Checking|Installing) /;

/** The console in a frame, with its prompt showing. */
async function open(t, width = 1000) {
  const frame = document.createElement('iframe');
  frame.style.cssText = `width: ${width}px; height: 500px; border: 0`;
  frame.src = new URL('console.html', t.env.distUrl).href;
  document.body.append(frame);
  t.after(() => frame.remove());
  const find = (selector) => frame.contentDocument.querySelector(selector);
  const rows = () => [...(find('.xterm-rows')?.children ?? [])].map((row) => row.textContent.replaceAll('\u00a0', ' ').trimEnd());
  const text = () => rows().join('\n').trimEnd();
  const status = () => find('#status').textContent;
  const until = async (what, look) => {
    for (let i = 0; i < 600; i++) {
      if (look()) return;
      await new Promise((done) => setTimeout(done, 50));
    }
    t.ok(false, `${what} did not come; the terminal shows\n${text()}\nand the status is ${status()}`);
  };
  const ready = () => until('the prompt', () => status() === 'Ready' && />>>$/.test(text()));
  const type = (data) => {
    const { InputEvent } = frame.contentWindow;
    find('.xterm-helper-textarea').dispatchEvent(new InputEvent('input', { data, inputType: 'insertText' }));
  };
  const run = async (code) => {
    const before = text();
    type(`${code}\r`);
    await until('the next prompt', () => status() === 'Ready' && text() !== before && />>>$/.test(text()));
  };
  await until('the page', () => find('.xterm-helper-textarea') !== null);
  await ready();
  await run('import pyodide_js, micropip');
  return { frame, rows, text, status, until, ready, type, run };
}

/** The address of a file whose second half comes with `rest`. */
const half = (url) => url.replace(location.origin, `${location.origin}/__half`);
const rest = () => fetch('/__rest', { method: 'POST' });

test('packages: bytes, a bar, then nothing but the output', { ...WINDOW, wheels: ['sympy'] }, async (load, t) => {
  const { rows, text, status, until, ready, type, run } = await open(t);
  const [mpmath, sympy] = t.wheelUrls('sympy').map(half);
  const before = text();
  type(`print('begun', end='', flush=True); _ = await pyodide_js.loadPackage(['${mpmath}', '${sympy}']); print(' and', 'ended')\r`);
  await until('half of the bytes', () => /^Downloading mpmath-1\.3\.0, sympy-[\d.]+ [█░]{20} 3\.\d of 6\.\d MB$/m.test(text()));
  // Output is above, where it ended.
  const lines = rows();
  const meter = lines.findIndex((line) => METER.test(line) && / MB$/.test(line));
  t.equal(lines[meter - 1], 'begun');
  t.match(lines[meter], / █{10}░{10} /);
  t.match(status(), /^Downloading mpmath-1\.3\.0, sympy-[\d.]+…$/);
  await rest();
  await ready();
  t.noMatch(text(), / [kM]B$|Checking |Installing /m);
  t.ok(text().startsWith(before.replace(/>>>$/, '')), text());
  t.match(text(), /\nbegun and ended\n>>>$/);
  await run('import sympy; sympy.Integer(6) * 7');
  t.match(text(), /\n42\n>>>$/);
});

test('packages: micropip, output meanwhile, and errors', WINDOW, async (load, t) => {
  const { text, until, ready, run, type } = await open(t);
  await run(`micropip.set_index_urls('${t.assetUrl('index/{package_name}.json').replace('%7B', '{').replace('%7D', '}')}')`);
  await run("await micropip.install('idx-app'); import idx_app; idx_app.VERSION");
  t.match(text(), /\n'1\.1'\n>>>$/);
  t.noMatch(text(), METER);
  await run("await micropip.install('idx-source')");
  t.match(text(), /ValueError: [^]*idx_source-1\.0\.tar\.gz/);
  await run(`await pyodide_js.loadPackage('${t.assetUrl('missing')}')`);
  t.match(text(), /ferropy_missing-1\.0-py3-none-any\.whl could\s*not\s*be\s*loaded:\s*the\s*server\s*answered\s*404/);
  t.noMatch(text(), METER);
  // Another task prints while the packages come: each line is whole, and above.
  type('import asyncio\r');
  await ready();
  type(`both = asyncio.gather(pyodide_js.loadPackage('${half(t.assetUrl('tool'))}'), *[asyncio.sleep(i / 10, print('line', i)) for i in range(3)]); await asyncio.sleep(.3); print('more'); _ = await both\r`);
  await until('the download', () => /more\nDownloading ferropy_tool-1\.0 .* of \d+ kB$/.test(text()));
  await rest();
  await ready();
  t.match(text(), /\nline 0\nline 1\nline 2\nmore\n>>>$/);
  t.noMatch(text(), / kB$/m);
});

test('packages: narrow terminals, interrupts, and loads behind the prompt', WINDOW, async (load, t) => {
  const { frame, rows, text, status, until, ready, type, run } = await open(t, 300);
  const url = half(t.assetUrl('native'));
  type(`await pyodide_js.loadPackage('${url}')\r`);
  await until('the download', () => /^Downloading.* of .* kB$/m.test(text()));
  const lines = rows();
  const meter = lines.findIndex((line) => line.startsWith('Downloading'));
  t.equal(lines.slice(meter + 1).join(''), '');
  frame.style.width = '230px';
  await until('a shorter line', () => rows().some((line) => line.startsWith('Downloading') || /^\d+ of \d+ kB$/.test(line)));
  type('\x03');
  await until('the prompt', () => />>>$/.test(text()));
  t.match(text(), /KeyboardInterrupt\n>>>$/);
  t.noMatch(text(), / kB$/m);
  // It is still coming: only the status line says so, and it says when it is there.
  t.match(status(), /^Downloading ferropy_native/);
  await rest();
  await ready();
  await run('import ferropy_native; 6 * 7');
  t.match(text(), /\n42\n>>>$/);
});
