/** JsProxy of typed arrays, ArrayBuffers and DataViews: items, bytes in and out, files, detached memory. */
import { raises, run, seen } from '../harness/bridge.mjs';
import { test } from '../harness/body.mjs';

/** An empty view whose memory has gone to another owner. */
const detach = (view) => {
  structuredClone(view.buffer, { transfer: [view.buffer] });
  return view;
};

test('typed arrays as sequences', async (load, t) => {
  const py = await load();
  const u = Uint8Array.of(1, 2, 3, 255);
  t.equal(seen(py, { u }, 'u[0], u[-1], len(u), list(u), 255 in u, 4 in u'), '(1, 255, 4, [1, 2, 3, 255], True, False)');
  t.equal(seen(py, { u }, 'u.index(3), u.count(1), list(reversed(u)), sum(u), max(u)'), '(2, 1, [255, 3, 2, 1], 261, 255)');
  t.equal(seen(py, { u }, 'isinstance(u, JsTypedArray), isinstance(u, JsBuffer), isinstance(u, JsArray)'), '(True, True, True)');
  t.equal(seen(py, { f: Float64Array.of(1.5, 3) }, 'list(f), type(f[1]).__name__'), "([1.5, 3], 'int')");
  t.equal(seen(py, { b: BigInt64Array.of(1n, -(2n ** 62n)) }, 'b[1], type(b[0]).__name__'), `(${-(2n ** 62n)}, 'JsBigInt')`);
  raises(t, py, { u }, 'u[4]', 'IndexError');
  raises(t, py, { u }, 'u[-5]', 'IndexError');
  raises(t, py, { u }, 'u["x"]', 'TypeError', /indices/);
});

test('typed arrays: writing follows JavaScript, size is fixed', async (load, t) => {
  const py = await load();
  const u = new Uint8Array(3);
  run(py, { u }, 'u[0] = 300\nu[1] = 1.7\nu[-1] = 9');
  t.same(u, Uint8Array.of(44, 1, 9));
  run(py, { u }, 'u.reverse()');
  t.same(u, Uint8Array.of(9, 1, 44));
  t.equal(
    seen(py, { u }, '[hasattr(u, n) for n in ("append", "extend", "insert", "pop", "remove")]'),
    '[False, False, False, False, False]',
  );
  for (const code of ['del u[0]', 'u + [1]', 'u * 2', 'u += [1]']) raises(t, py, { u }, code, 'TypeError');
  t.equal(
    seen(py, { u }, 'u.byteLength, u.BYTES_PER_ELEMENT, list(u.subarray(1, 3)), list(u.fill(7))'),
    '(3, 1, [1, 44], [7, 7, 7])',
  );
});

test('to_memoryview: element types', async (load, t) => {
  const py = await load();
  const formats = [
    [Int8Array, 'b', 1], [Uint8Array, 'B', 1], [Uint8ClampedArray, 'B', 1], [Int16Array, 'h', 2], [Uint16Array, 'H', 2],
    [Int32Array, 'i', 4], [Uint32Array, 'I', 4], [Float32Array, 'f', 4], [Float64Array, 'd', 8],
  ];
  for (const [Type, format, size] of formats) {
    const one = Type.name.startsWith('Float') ? '1.0, 2.0' : '1, 2';
    t.equal(
      seen(py, { a: Type.of(1, 2) }, 'm = a.to_memoryview()\nm.format, m.itemsize, m.shape, m.tolist()'),
      `('${format}', ${size}, (2,), [${one}])`,
      Type.name,
    );
  }
  for (const [Type, format] of [[BigInt64Array, 'q'], [BigUint64Array, 'Q']]) {
    t.equal(
      seen(py, { a: Type.of(1n, 2n) }, 'm = a.to_memoryview()\nm.format, m.itemsize, m.tolist()'),
      `('${format}', 8, [1, 2])`,
      Type.name,
    );
  }
  t.equal(seen(py, { a: new ArrayBuffer(3) }, 'm = a.to_memoryview()\nm.format, m.nbytes'), "('B', 3)");
});

test('to_memoryview and to_py are writable copies', async (load, t) => {
  const py = await load();
  const u = Uint8Array.of(1, 2);
  t.equal(seen(py, { u }, 'm = u.to_memoryview()\nm[0] = 9\nm[0], u[0], m.readonly, m.contiguous'), '(9, 1, False, True)');
  t.equal(seen(py, { u }, 'm = u.to_py()\nisinstance(m, memoryview), bytes(m)'), "(True, b'\\x01\\x02')");
  t.equal(
    seen(py, { o: { b: new ArrayBuffer(2), l: [u] } }, 'p = o.to_py()\nbytes(p["b"]), bytes(p["l"][0])'),
    "(b'\\x00\\x00', b'\\x01\\x02')",
  );
  const m = run(py, { u }, 'u.to_memoryview()');
  u[0] = 50;
  t.equal(run(py, { m }, 'm[0]'), 1);
});

test('to_bytes: every view sees its own part', async (load, t) => {
  const py = await load();
  const u = Uint8Array.of(1, 2, 3, 4, 5);
  t.equal(seen(py, { u }, 'u.to_bytes()'), "b'\\x01\\x02\\x03\\x04\\x05'");
  t.equal(seen(py, { u: u.subarray(1, 3) }, 'u.to_bytes()'), "b'\\x02\\x03'");
  t.equal(seen(py, { u: new DataView(u.buffer, 1, 3) }, 'u.to_bytes()'), "b'\\x02\\x03\\x04'");
  t.equal(seen(py, { u: u.buffer }, 'u.to_bytes()'), "b'\\x01\\x02\\x03\\x04\\x05'");
  t.equal(seen(py, { u: Uint16Array.of(1, 258) }, 'u.to_bytes()'), "b'\\x01\\x00\\x02\\x01'");
  t.equal(seen(py, { u: new Uint8Array(0) }, 'u.to_bytes(), u.to_memoryview().tolist()'), "(b'', [])");
  t.equal(
    run(py, { u: new Uint8Array(5_000_000).fill(7) }, 'b = u.to_bytes()\nlen(b) == 5_000_000 and b.count(7) == len(b)'),
    true,
  );
  t.equal(seen(py, { u }, 'bytes(u), bytearray(u)'), "(b'\\x01\\x02\\x03\\x04\\x05', bytearray(b'\\x01\\x02\\x03\\x04\\x05'))");
});

test('to_string', async (load, t) => {
  const py = await load();
  const utf8 = new TextEncoder().encode('héllo € 🐍');
  t.equal(run(py, { u: utf8 }, 'u.to_string()'), 'héllo € 🐍');
  t.equal(run(py, { u: utf8.buffer }, 'u.to_string("utf-8")'), 'héllo € 🐍');
  t.equal(run(py, { u: Uint8Array.of(65, 0, 66, 0) }, 'u.to_string("utf-16le")'), 'AB');
  t.equal(run(py, { u: Uint8Array.of(0xe9) }, 'u.to_string(encoding="latin1")'), 'é');
  t.equal(run(py, { u: Uint16Array.of(0x4142) }, 'u.to_string()'), 'BA');
  raises(t, py, { u: Uint8Array.of(0xff, 0xfe, 65) }, 'u.to_string()', 'ValueError|UnicodeDecodeError', /decode/);
  raises(t, py, { u: utf8 }, 'u.to_string("no such encoding")', 'JsException|LookupError', /encoding/);
  raises(t, py, { u: utf8 }, 'u.to_string(5)', 'TypeError', /str/);
});

test('assign: bytes of Python into JavaScript', async (load, t) => {
  const py = await load();
  const u = new Uint8Array(4);
  for (const source of ['b"abcd"', 'bytearray(b"abcd")', 'memoryview(b"xabcdx")[1:5]', '__import__("array").array("B", b"abcd")']) {
    u.fill(0);
    run(py, { u }, `u.assign(${source})`);
    t.same(u, new TextEncoder().encode('abcd'), source);
  }
  const f = new Float32Array(2);
  run(py, { f }, 'import array\nf.assign(array.array("f", [1.5, 2.5]))');
  t.same(f, Float32Array.of(1.5, 2.5));
  const whole = new ArrayBuffer(4);
  run(py, { whole, part: new DataView(whole, 1, 2) }, 'whole.assign(b"wxyz")\npart.assign(b"--")');
  t.equal(new TextDecoder().decode(whole), 'w--z');
});

test('assign: what does not fit is refused', async (load, t) => {
  const py = await load();
  const u = new Uint8Array(4);
  for (const source of ['b"abc"', 'b"abcde"', 'b""']) raises(t, py, { u }, `u.assign(${source})`, 'ValueError', /length/);
  raises(t, py, { u }, 'import array\nu.assign(array.array("i", [1]))', 'ValueError', /format/);
  raises(t, py, { f: new Float32Array(2) }, 'import array\nf.assign(array.array("d", [1.5]))', 'ValueError', /format/);
  for (const source of ['[1, 2, 3, 4]', '"abcd"', 'None', '5', 'u']) raises(t, py, { u }, `u.assign(${source})`, 'TypeError', /bytes-like/);
  raises(t, py, { u }, 'u.assign(memoryview(b"abcdefgh")[::2])', 'BufferError', /contiguous/);
  raises(t, py, { u }, 'u.assign()', 'TypeError', /argument/);
  t.same(u, new Uint8Array(4));
});

test('assign_to: bytes of JavaScript into Python', async (load, t) => {
  const py = await load();
  const u = Uint8Array.of(1, 2, 3, 4);
  t.equal(seen(py, { u }, 'b = bytearray(4)\nu.assign_to(b)\nb'), "bytearray(b'\\x01\\x02\\x03\\x04')");
  t.equal(
    seen(py, { u }, 'b = bytearray(6)\nu.assign_to(memoryview(b)[1:5])\nb'),
    "bytearray(b'\\x00\\x01\\x02\\x03\\x04\\x00')",
  );
  t.equal(seen(py, { f: Float64Array.of(1.5) }, 'import array\na = array.array("d", [0])\nf.assign_to(a)\na[0]'), '1.5');
  raises(t, py, { u }, 'u.assign_to(bytearray(3))', 'ValueError', /length/);
  raises(t, py, { u }, 'u.assign_to(bytearray(5))', 'ValueError', /length/);
  raises(t, py, { u }, 'u.assign_to(b"abcd")', 'BufferError', /writable/);
  raises(t, py, { u }, 'u.assign_to(memoryview(bytearray(8))[::2])', 'BufferError', /contiguous/);
  raises(t, py, { u }, 'import array\nu.assign_to(array.array("i", [0]))', 'ValueError', /format/);
  for (const target of ['[1, 2, 3, 4]', 'None', '"abcd"']) raises(t, py, { u }, `u.assign_to(${target})`, 'TypeError', /bytes-like/);
});

test('to_file and from_file', async (load, t) => {
  const py = await load();
  const u = Uint8Array.of(48, 49, 50, 51);
  run(py, { u }, 'with open("/tmp/buffer.bin", "wb") as fh: u.to_file(fh)');
  t.equal(seen(py, {}, 'open("/tmp/buffer.bin", "rb").read()'), "b'0123'");
  const two = new Uint16Array(2);
  run(py, { two }, 'with open("/tmp/buffer.bin", "rb") as fh: two.from_file(fh)');
  t.same(new Uint8Array(two.buffer), u);
  const unbuffered = `
with open("/tmp/buffer.bin", "wb", buffering=0) as fh:
    fh.write(b"<")
    u.to_file(fh)
    fh.write(b">")
open("/tmp/buffer.bin", "rb").read()`;
  t.equal(seen(py, { u }, unbuffered), "b'<0123>'", 'at the place where the file stands');
  t.equal(
    seen(
      py,
      { u: new Uint8Array(4) },
      'fh = open("/tmp/buffer.bin", "rb", buffering=0)\nfh.read(1)\nu.from_file(fh)\nu.to_bytes(), fh.tell()',
    ),
    "(b'0123', 5)",
  );
  t.equal(seen(py, { b: new ArrayBuffer(2) }, 'fh = open("/tmp/buffer.bin", "rb")\nb.from_file(fh)\nb.to_bytes()'), "b'<0'");
  run(py, { u: Uint8Array.of(65, 66) }, 'with open("/tmp/buffer.bin", "wb") as fh: u._into_file(fh)');
  t.equal(seen(py, {}, 'open("/tmp/buffer.bin", "rb").read()'), "b'AB'");
});

test('from_file at the end of the file leaves the rest alone', async (load, t) => {
  const py = await load();
  const u = Uint8Array.of(9, 9, 9, 9);
  run(py, { u }, 'open("/tmp/short.bin", "wb").write(b"ab")\nwith open("/tmp/short.bin", "rb") as fh: u.from_file(fh)');
  t.same(u, Uint8Array.of(97, 98, 9, 9));
});

test('to_file and from_file refuse what is no open file', async (load, t) => {
  const py = await load();
  const u = new Uint8Array(2);
  raises(t, py, { u }, 'import io\nu.to_file(io.BytesIO())', 'UnsupportedOperation', /fileno/);
  raises(t, py, { u }, 'import io\nu.from_file(io.BytesIO(b"ab"))', 'UnsupportedOperation', /fileno/);
  raises(t, py, { u }, 'u.to_file("name")', 'AttributeError|TypeError', /fileno|str/);
  raises(t, py, { u }, 'fh = open("/tmp/closed.bin", "wb")\nfh.close()\nu.to_file(fh)', 'ValueError', /closed/);
  raises(t, py, { u }, 'open("/tmp/closed.bin", "wb").close()\nu.to_file(open("/tmp/closed.bin", "rb"))', 'JsException|OSError');
  raises(t, py, { u }, 'u.from_file(open("/tmp/closed.bin", "wb"))', 'JsException|OSError');
});

test('a detached buffer is empty or an exception, never other memory', async (load, t) => {
  const py = await load();
  const gone = () => detach(Uint8Array.of(1, 2, 3, 4));
  t.equal(seen(py, { u: gone() }, 'len(u), bool(u)'), '(0, False)');
  raises(t, py, { u: gone() }, 'list(u)', 'JsException', /TypeError/);
  raises(t, py, { u: gone() }, 'u[0]', 'IndexError');
  raises(t, py, { u: gone() }, 'u.assign(b"abcd")', 'ValueError|JsException');
  raises(t, py, { u: gone() }, 'u.assign_to(bytearray(4))', 'ValueError|JsException');
  const outcome = `
try: r = METHOD
except Exception as e: r = type(e).__name__
r in (b"", "", "JsException", "ValueError", "BufferError") or len(r) == 0`;
  for (const method of ['u.to_bytes()', 'u.to_memoryview()', 'u.to_string()', 'u.to_py()']) {
    t.equal(run(py, { u: gone() }, outcome.replace('METHOD', method)), true, method);
    t.equal(run(py, { u: gone().buffer }, outcome.replace('METHOD', method)), true, `buffer: ${method}`);
  }
  const view = detach(new DataView(new ArrayBuffer(4)));
  raises(t, py, { make: () => view }, 'make().to_bytes()', 'JsException|ValueError', /detached|TypeError/);
  t.equal(run(py, { f: (u) => detach(u).length }, 'from js import Uint8Array\nf(Uint8Array.new(4))'), 0);
});

test('views whose properties lie read their own memory only', async (load, t) => {
  const py = await load();
  const liar = (name, value) => Object.defineProperty(Uint8Array.of(1, 2, 3), name, { value });
  t.equal(seen(py, { u: liar('length', 100) }, 'u.to_bytes()'), "b'\\x01\\x02\\x03'");
  const outcome = 'try: r = u.to_bytes()\nexcept Exception as e: r = "raised"\nr';
  const lies = { byteLength: 1e9, byteOffset: 1e9, buffer: new ArrayBuffer(1), constructor: { name: 'Float64Array' } };
  for (const [name, value] of Object.entries(lies)) {
    const u = liar(name, value);
    const result = seen(py, { u }, outcome);
    t.ok(result === "b'\\x01\\x02\\x03'" || result === "'raised'", result);
  }
  t.equal(py.runPython('6 * 7'), 42);
});

test('subclasses of typed arrays', { skip: { peer: 'the peer knows types by the name of their constructor' } }, async (load, t) => {
  const py = await load();
  class Mine extends Uint8Array {}
  t.equal(
    seen(py, { u: Mine.of(1, 2) }, 'u.to_bytes(), u.to_memoryview().format, isinstance(u, JsTypedArray)'),
    "(b'\\x01\\x02', 'B', True)",
  );
  const u = new Mine(2);
  run(py, { u }, 'u.assign(b"ab")');
  t.equal(u[1], 98);
});

test('typed arrays made from Python values', async (load, t) => {
  const py = await load();
  const code = `
from js import Float64Array, Uint8Array
made = [Uint8Array.new(source) for source in (3, [1, 2], range(3), to_js(b"ab"))]
*map(list, made), list(Float64Array.of(1.5))`;
  t.equal(seen(py, {}, code), '([0, 0, 0], [1, 2], [0, 1, 2], [97, 98], [1.5])');
});

test('views of shared memory', async (load, t) => {
  if (!t.env.isolated) t.skip('without cross-origin isolation there is no shared memory');
  const py = await load();
  const u = new Uint8Array(new SharedArrayBuffer(4));
  t.equal(seen(py, { u }, 'u.assign(b"abcd")\nu.to_bytes(), list(u)'), "(b'abcd', [97, 98, 99, 100])");
  t.equal(run(py, { u }, 'b = bytearray(4)\nu.assign_to(b)\nbytes(b) == b"abcd"'), true);
});
