/** The file system seen from both sides. */
import { test } from '../harness/body.mjs';

test('what JavaScript writes Python reads, and back', async (load, t) => {
  const py = await load();
  py.FS.writeFile('/tmp/from-js.txt', 'line ü\nnext 🐍\n');
  t.equal(py.runPython('open("/tmp/from-js.txt", encoding="utf-8").read()'), 'line ü\nnext 🐍\n');
  py.runPython('open("/tmp/from-py.bin", "wb").write(bytes(range(256)))');
  t.same(py.FS.readFile('/tmp/from-py.bin'), Uint8Array.from({ length: 256 }, (_, i) => i));
  t.equal(py.FS.readFile('/tmp/from-js.txt', { encoding: 'utf8' }), 'line ü\nnext 🐍\n');
});

test('mkdir, readdir, stat, rename, unlink, rmdir', async (load, t) => {
  const py = await load();
  py.FS.mkdir('/tmp/box');
  py.FS.mkdirTree('/tmp/box/deep/er');
  py.FS.writeFile('/tmp/box/file', 'abc');
  t.same(py.FS.readdir('/tmp/box').sort(), ['.', '..', 'deep', 'file']);
  t.equal(py.FS.stat('/tmp/box/file').size, 3);
  t.equal(py.runPython('import os; sorted(os.listdir("/tmp/box")) == ["deep", "file"]'), true);
  py.runPython('os.rename("/tmp/box/file", "/tmp/box/renamed"); os.makedirs("/tmp/box/by/python")');
  t.equal(py.FS.analyzePath('/tmp/box/renamed').exists, true);
  t.equal(py.FS.analyzePath('/tmp/box/file').exists, false);
  py.FS.unlink('/tmp/box/renamed');
  py.runPython('import shutil; shutil.rmtree("/tmp/box")');
  t.equal(py.FS.analyzePath('/tmp/box').exists, false);
});

test('errors: FS throws with errno, Python raises the right OSError', async (load, t) => {
  const py = await load();
  const error = t.throws(() => py.FS.readFile('/no/such/file'));
  t.equal(error.errno, py.ERRNO_CODES.ENOENT);
  t.equal(t.throws(() => py.runPython('open("/no/such/file")')).type, 'FileNotFoundError');
  t.equal(t.throws(() => py.runPython('import os; os.mkdir("/tmp")')).type, 'FileExistsError');
  t.equal(t.throws(() => py.runPython('open("/tmp")')).type, 'IsADirectoryError');
  t.equal(t.throws(() => py.runPython('os.rmdir("/home")')).type, 'OSError');
});

test('a current folder that can be written', async (load, t) => {
  const py = await load();
  t.equal(py.runPython('import os; open("here.txt", "w").write("x"); os.path.exists(os.path.join(os.getcwd(), "here.txt"))'), true);
  py.runPython('os.chdir("/tmp"); open("there.txt", "w").close()');
  t.equal(py.FS.analyzePath('/tmp/there.txt').exists, true);
  t.equal(typeof py.PATH.join('a', 'b'), 'string');
});

test('modules written to the file system can be imported', async (load, t) => {
  const py = await load();
  py.FS.mkdirTree('/tmp/mods/pack');
  py.FS.writeFile('/tmp/mods/pack/__init__.py', 'from .inner import value');
  py.FS.writeFile('/tmp/mods/pack/inner.py', 'value = "inner"');
  t.equal(py.runPython('import sys, importlib; sys.path.insert(0, "/tmp/mods"); importlib.invalidate_caches(); import pack; pack.value'), 'inner');
  t.match(py.runPython('pack.inner.__file__'), /^\/tmp\/mods\/pack\/inner\.py$/);
});

test('seek, append, truncate, mmap-free random access', async (load, t) => {
  const py = await load();
  t.equal(
    py.runPython(`
with open("/tmp/ra", "wb+") as f:
    f.write(b"0123456789")
    f.seek(3); f.write(b"abc")
    f.seek(-2, 2); tail = f.read()
    f.truncate(8)
with open("/tmp/ra", "ab") as f:
    f.write(b"!")
open("/tmp/ra", "rb").read() + b"|" + tail == b"012abc67!|89"`),
    true,
  );
});

test('tempfile, pathlib, glob, os.walk', async (load, t) => {
  const py = await load();
  t.equal(
    py.runPython(`
import tempfile, pathlib, glob, os
with tempfile.TemporaryDirectory() as d:
    root = pathlib.Path(d)
    (root / "a").mkdir()
    (root / "a" / "one.txt").write_text("1")
    (root / "two.txt").write_text("2")
    found = sorted(p.name for p in root.rglob("*.txt"))
    globbed = len(glob.glob(d + "/**/*.txt", recursive=True))
    walked = sum(len(files) for _, _, files in os.walk(d))
    gone = d
repr((found, globbed, walked, os.path.exists(gone)))`),
    "(['one.txt', 'two.txt'], 2, 2, False)",
  );
});

test('large file: 64 MB written and read back', { timeout: 120 }, async (load, t) => {
  const py = await load();
  t.equal(
    py.runPython(`
import hashlib, os
block = bytes(range(256)) * 4096
with open("/tmp/large", "wb") as f:
    for _ in range(64):
        f.write(block)
h = hashlib.sha256()
with open("/tmp/large", "rb") as f:
    while chunk := f.read(1 << 20):
        h.update(chunk)
size = os.path.getsize("/tmp/large")
os.unlink("/tmp/large")
size == 64 << 20 and h.hexdigest() == hashlib.sha256(block * 64).hexdigest()`),
    true,
  );
});

test('fsInit runs before Python starts', { timeout: 120 }, async (load, t) => {
  const py = await load({
    fsInit: async (FS) => {
      FS.mkdirTree('/early');
      FS.writeFile('/early/file', 'there before Python');
    },
  });
  t.equal(py.runPython('open("/early/file").read()'), 'there before Python');
});

test('mountNodeFS shows a host folder', { only: { node: 'host folders exist only in Node' } }, async (load, t) => {
  const { mkdtempSync, readFileSync, rmSync, writeFileSync } = await import('node:fs');
  const { tmpdir } = await import('node:os');
  const { join } = await import('node:path');
  const folder = mkdtempSync(join(tmpdir(), 'ferropy-mount-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'host.txt'), 'from the host');
  const py = await load();
  py.mountNodeFS('/mnt-host', folder);
  t.equal(py.runPython('open("/mnt-host/host.txt").read()'), 'from the host');
  py.runPython('open("/mnt-host/guest.txt", "w").write("from Python")');
  t.equal(readFileSync(join(folder, 'guest.txt'), 'utf8'), 'from Python');
});
