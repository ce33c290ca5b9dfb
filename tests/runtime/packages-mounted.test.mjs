/** Loaded packages as Python sees them, unloading, lock files, progress, archives. */
import { test } from '../harness/body.mjs';

const OURS = { skip: { peer: 'the peer has no such function' }, timeout: 120 };
const QUIET = { messageCallback: () => {}, errorCallback: () => {} };

test('files of a wheel are ordinary files', OURS, async (load, t) => {
  const py = await load({});
  await py.loadPackage(t.assetUrl('tool'), QUIET);
  const answer = py.runPython(`
import os, mmap, pkgutil, importlib.resources as r, zipfile
import ferropy_tool, ferropy_tool.sub.mod
folder = os.path.dirname(ferropy_tool.__file__)
big = os.path.join(folder, "big.txt")
whole = "line of text\\n" * 100_000
with open(big) as f, open(big, "rb") as raw:
    raw.seek(13 * 50_000)
    with mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ) as m:
        mapped = m[13:26]
    pieces = iter(lambda: raw.read(1000), b"")
    checks = [
        f.read() == whole,
        mapped == b"line of text\\n",
        sum(map(len, pieces)) == 13 * 50_000,
        os.stat(big).st_size == len(whole),
        sorted(e.name for e in os.scandir(folder)) == ["__init__.py", "big.txt", "sub"],
        len(pkgutil.get_data("ferropy_tool", "big.txt")) == len(whole),
        (r.files("ferropy_tool") / "big.txt").read_text() == whole,
        ferropy_tool.sub.mod.NAME == "ferropy_tool.sub.mod",
        open("/share/ferropy_tool/data.txt").read() == "shared\\n",
        os.path.exists("/bin/ferropy-script"), os.path.exists("/include/ferropy_tool.h"),
        "from ferropy_tool import main" in open("/bin/ferropy-tool").read(),
    ]
import ferropy_extra
repr(checks)`);
  t.match(answer, /^\[(True(, )?)+\]$/);
});

test('writing to a file of a wheel changes this file and nothing else', OURS, async (load, t) => {
  const py = await load({});
  await py.loadPackage(t.assetUrl('tool'), QUIET);
  const answer = py.runPython(`
import os, ferropy_tool
big = os.path.join(os.path.dirname(ferropy_tool.__file__), "big.txt")
size = os.path.getsize(big)
with open(big, "r+") as f:
    f.seek(5); f.write("XX")
first = open(big).read(12)
with open(big, "a") as f:
    f.write("end\\n")
grown = os.path.getsize(big) - size
os.truncate(big, 4)
cut = open(big).read()
with open(ferropy_tool.__file__, "w") as f:
    f.write("new = True")
os.rename(big, big + ".moved")
repr([first, grown, cut, open(ferropy_tool.__file__).read(), os.path.exists(big), open(big + ".moved").read()])`);
  t.equal(answer, "['line XX text', 4, 'line', 'new = True', False, 'line']");
});

test('metadata: installer, origin, requested, RECORD, entry points', OURS, async (load, t) => {
  const py = await load({});
  await py.loadPackage(t.assetUrl('tool'), QUIET);
  const answer = JSON.parse(py.runPython(`
import importlib.metadata as m, json
d = m.distribution("ferropy-tool")
(e,) = m.entry_points(group="console_scripts", name="ferropy-tool")
missing = [str(f) for f in d.files if not f.locate().exists()]
changed = [str(f) for f in d.files if f.hash and __import__("hashlib").sha256(f.read_binary()).digest() != __import__("base64").urlsafe_b64decode(f.hash.value + "==")]
json.dumps([d.read_text("INSTALLER"), json.loads(d.read_text("direct_url.json")), d.read_text("REQUESTED"), e.load()(), missing, changed])`));
  t.equal(answer[0], 'ferropy\n');
  t.equal(answer[1].url, t.assetUrl('tool'));
  t.equal(answer[1].archive_info.hashes.sha256.length, 64);
  t.equal(answer[2], '');
  t.equal(answer[3], 7);
  t.same(answer[4], []);
  t.same(answer[5], []);
});

test('unload, and load what has changed', OURS, async (load, t) => {
  const py = await load({});
  await py.loadPackage(t.assetUrl('tool'), QUIET);
  t.equal(py.runPython('import ferropy_tool, ferropy_tool.sub.mod, ferropy_extra; ferropy_tool.main()'), 7);
  const error = await t.rejects(() => py.loadPackage(t.assetUrl(`changed/${t.env.assetNames.tool}`), QUIET));
  t.match(error.message, /already loaded.*unloadPackage\("ferropy-tool"\)/s);
  py.unloadPackage('Ferropy.Tool');
  t.same(Object.keys(py.loadedPackages), []);
  t.equal(py.runPython(`
import importlib.util as u, os, sys
[u.find_spec("ferropy_tool"), u.find_spec("ferropy_extra"), [n for n in sys.modules if "ferropy_tool" in n],
 os.path.exists("/bin/ferropy-tool"), os.path.exists("/share"), [n for n in os.listdir("/lib/python3.15/site-packages") if "ferropy" in n]] == [None, None, [], False, False, []]`), true);
  await py.loadPackage(t.assetUrl(`changed/${t.env.assetNames.tool}`), QUIET);
  t.equal(py.runPython('import ferropy_tool; ferropy_tool.main()'), 8);
  py.runPython('from pyodide.packages import unload; unload("ferropy-tool")');
  t.match(t.throws(() => py.unloadPackage('ferropy-tool')).message, /not loaded/);
});

test('unload refuses, and says why', { ...OURS, wheels: ['msgpack'] }, async (load, t) => {
  const py = await load({});
  await py.loadPackage([t.assetUrl('needy'), t.assetUrl('tool'), ...t.wheelUrls('msgpack')], QUIET);
  t.match(t.throws(() => py.unloadPackage('ferropy_tool')).message, /ferropy_needy needs it/);
  py.unloadPackage('ferropy_needy');
  py.unloadPackage('ferropy_tool');
  py.runPython('import msgpack._cmsgpack');
  t.match(t.throws(() => py.unloadPackage('msgpack')).message, /extension modules are in use.*_cmsgpack/s);
});

test('packages of a lock file with what they need, once', OURS, async (load, t) => {
  const py = await load({ lockFileURL: t.assetUrl('lock-two.json') });
  t.equal(py.lockfileBaseUrl, t.env.assetsUrl);
  t.same(Object.keys(py.lockfile.packages), ['ferropy-tool', 'everybodys', 'ferropy-needy']);
  const messages = [];
  const events = [];
  const loaded = await py.loadPackage(['Ferropy_Needy'], {
    messageCallback: (text) => messages.push(text),
    progressCallback: (event) => events.push({ ...event }),
  });
  t.same(loaded.map(({ name }) => name), ['ferropy_tool', 'ferropy_needy']);
  t.same(py.loadedPackages, { ferropy_tool: 'default channel', ferropy_needy: 'default channel' });
  t.match(messages.join('\n'), /Loading ferropy_tool, ferropy_needy[\s\S]*Loaded ferropy_tool 1\.0, ferropy_needy 1\.0/);
  for (const name of ['ferropy_tool', 'ferropy_needy']) {
    const mine = events.filter((event) => event.package === name);
    t.same([...new Set(mine.map(({ phase }) => phase))], ['download', 'check', 'install']);
    const last = mine.filter(({ phase }) => phase === 'download').at(-1);
    t.equal(last.received, last.total);
  }
  t.equal(py.runPython('import importlib.metadata as m; [m.distribution(n).read_text("REQUESTED") for n in ("ferropy-tool", "ferropy-needy")] == [None, ""]'), true);
  t.same(await py.loadPackage('ferropy-tool', QUIET), []);
});

test('loadPackagesFromImports', OURS, async (load, t) => {
  const lock = await (await fetch(t.assetUrl('lock-two.json'))).json();
  const py = await load({ lockFileContents: lock, packageBaseUrl: t.env.assetsUrl });
  t.same(await py.loadPackagesFromImports('import os, json', QUIET), []);
  await py.loadPackagesFromImports('import os\nfrom ferropy_extra import X', QUIET);
  t.same(Object.keys(py.loadedPackages), ['ferropy_tool']);
});

test('a lock file without an address needs packageBaseUrl', OURS, async (load, t) => {
  const lock = await (await fetch(t.assetUrl('lock-two.json'))).text();
  const py = await load({ lockFileContents: lock });
  const error = await t.rejects(() => py.loadPackage('ferropy-tool', QUIET));
  t.match(error.message, /packageBaseUrl/);
});

test('calls at the same time do not load twice', OURS, async (load, t) => {
  const py = await load({ lockFileURL: t.assetUrl('lock-two.json') });
  const counts = await Promise.all([1, 2, 3].map(() => py.loadPackage('ferropy-needy', QUIET)));
  t.same(counts.map((loaded) => loaded.length), [2, 0, 0]);
});

test('unpackArchive', OURS, async (load, t) => {
  const py = await load({});
  py.unpackArchive(await t.asset('good'), 'wheel', { extractDir: '/tmp/w' });
  t.equal(py.FS.readFile('/tmp/w/ferropy_sample/data.txt', { encoding: 'utf8' }), 'data beside the code\n');
  for (const [mode, format] of [['w', 'tar'], ['w:gz', '.tgz'], ['w:bz2', 'bztar'], ['w:xz', 'tar.xz'], ['w:zst', 'tar.zst']]) {
    const bytes = py.runPython(`
import io, tarfile
b = io.BytesIO()
with tarfile.open(fileobj=b, mode="${mode}") as t:
    info = tarfile.TarInfo("inner/file.txt"); info.size = 5
    t.addfile(info, io.BytesIO(b"hello"))
b.getvalue()`).toJs();
    const folder = `/tmp/${mode.replace(':', '-')}`;
    py.unpackArchive(bytes, format, { extractDir: folder });
    t.equal(py.FS.readFile(`${folder}/inner/file.txt`, { encoding: 'utf8' }), 'hello');
  }
  t.match(t.throws(() => py.unpackArchive(new Uint8Array(3), 'rar')).message, /rar/);
});

test('folders of the host get nothing and lose nothing', { ...OURS, only: { node: 'host folders exist only in Node' } }, async (load, t) => {
  const { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } = await import('node:fs');
  const { tmpdir } = await import('node:os');
  const { join } = await import('node:path');
  const host = mkdtempSync(join(tmpdir(), 'ferropy-host-'));
  t.after(() => rmSync(host, { recursive: true }));
  writeFileSync(join(host, 'ferropy-script'), 'mine');
  const py = await load({});
  // As in the programs for Node, where all of the host's folders are there.
  for (const folder of ['/bin', '/share', '/include', '/tmp']) {
    py.FS.mkdirTree(folder);
    py.mountNodeFS(folder, host);
  }
  const untouched = () => {
    t.same(readdirSync(host), ['ferropy-script']);
    t.equal(readFileSync(join(host, 'ferropy-script'), 'utf8'), 'mine');
  };
  await py.loadPackage(t.assetUrl('tool'), QUIET);
  untouched();
  t.equal(py.runPython('import ferropy_tool, ferropy_extra; ferropy_tool.main()'), 7);
  py.unloadPackage('ferropy_tool');
  untouched();
  py.FS.mkdirTree('/lib/python3.15/site-packages/ferropy_tool');
  py.mountNodeFS('/lib/python3.15/site-packages/ferropy_tool', host);
  const error = await t.rejects(() => py.loadPackage(t.assetUrl('tool'), QUIET));
  t.match(error.message, /ferropy_tool-1\.0-py3-none-any\.whl cannot be loaded: .*site-packages\/ferropy_tool is a folder of the host/);
  untouched();
  t.same({ ...py.loadedPackages }, {});
});

test('packageProgress hears of every call, and of its end', OURS, async (load, t) => {
  const heard = [];
  const py = await load({ lockFileURL: t.assetUrl('lock-two.json'), packageProgress: (progress) => heard.push(progress) });
  const own = [];
  await py.loadPackage('ferropy-needy', { ...QUIET, progressCallback: (progress) => own.push(progress) });
  t.same(heard, [...own, undefined]);
  t.same(own.slice(0, 2).map((one) => [one.package, one.phase, one.received]), [['ferropy_tool', 'download', 0], ['ferropy_needy', 'download', 0]]);
  heard.length = 0;
  await py.runPythonAsync(`
import pyodide_js
await pyodide_js.loadPackage("${t.assetUrl('good')}", messageCallback=lambda text: None)`);
  t.same([...new Set(heard.map((one) => one?.phase))], ['download', 'check', 'install', undefined]);
  heard.length = 0;
  await t.rejects(() => py.loadPackage(t.assetUrl('missing'), QUIET));
  t.equal(heard.at(-1), undefined);
  await t.rejects(() => py.installPackages('nothing-like-this', { ...QUIET, indexURLs: [t.assetUrl('index/{package_name}.json').replace('%7B', '{').replace('%7D', '}')] }));
  t.same(heard.slice(-2), [{ phase: 'resolve', package: 'nothing-like-this', received: 0, total: undefined }, undefined]);
});

test('libraries beside a package, and those for everybody', OURS, async (load, t) => {
  const py = await load({ lockFileURL: t.assetUrl('lock-two.json') });
  await py.loadPackage([t.assetUrl('native'), 'everybodys'], QUIET);
  const answer = py.runPython(`
import ctypes, os, ferropy_native
outer = ctypes.CDLL(os.path.join(os.path.dirname(ferropy_native.__file__), "outer.so")).outer()
[outer, ctypes.CDLL("libeverybodys.so").everybodys()] == [42, 5]`);
  t.equal(answer, true);
  t.match(t.throws(() => py.unloadPackage('ferropy-native')).message, /in use/);
});

test('bytecode in a wheel is used', OURS, async (load, t) => {
  const py = await load({});
  const bytes = py.runPython(`
import base64, hashlib, importlib._bootstrap_external as e, importlib.util, io, zipfile
files = {}
def module(name, kind):
    source = b"HOW = 'source'\\n"
    code = compile("HOW = 'bytecode'", f"{name}.py", "exec")
    data = {"time": e._code_to_timestamp_pyc(code, 1_600_000_000, len(source)),
            "other time": e._code_to_timestamp_pyc(code, 1_600_000_000, len(source) + 1),
            "hash": e._code_to_hash_pyc(code, b"12345678", False)}[kind]
    files[f"{name}.py"] = source
    files[f"__pycache__/{name}.cpython-315.pyc"] = bytes(data)
module("ferropy_timed", "time"); module("ferropy_stale", "other time"); module("ferropy_hashed", "hash")
info = "ferropy_coded-1.dist-info/"
files[info + "METADATA"] = b"Metadata-Version: 2.1\\nName: ferropy_coded\\nVersion: 1\\n"
files[info + "WHEEL"] = b"Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
row = lambda d: base64.urlsafe_b64encode(hashlib.sha256(d).digest()).rstrip(b"=").decode()
record = "".join(f"{n},sha256={row(d)},{len(d)}\\n" for n, d in files.items()) + info + "RECORD,,\\n"
files[info + "RECORD"] = record.encode()
out = io.BytesIO()
with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
    for n, d in files.items():
        z.writestr(n, d)
out.getvalue()`).toJs();
  await py.loadPackage(bytes, QUIET);
  t.equal(py.runPython('import ferropy_timed as a, ferropy_stale as b, ferropy_hashed as c; " ".join(m.HOW for m in (a, b, c))'), 'bytecode source bytecode');
});
