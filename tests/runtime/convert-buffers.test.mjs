/** Bytes and typed arrays: toJs of Python buffers by format and shape, toPy of every JavaScript buffer. */
import { test } from '../harness/body.mjs';

const toJs = (py, code, options) => {
  const proxy = py.runPython(code);
  const result = proxy.toJs(options);
  proxy.destroy();
  return result;
};

/** Which typed array a format becomes. */
const ARRAYS = {
  b: Int8Array,
  B: Uint8Array,
  h: Int16Array,
  H: Uint16Array,
  i: Int32Array,
  I: Uint32Array,
  l: Int32Array,
  L: Uint32Array,
  q: BigInt64Array,
  Q: BigUint64Array,
  f: Float32Array,
  d: Float64Array,
};

test('toJs: bytes and bytearray become a Uint8Array of their own', async (load, t) => {
  const py = await load();
  py.runPython('source = bytearray(range(256))');
  for (const code of [
    'bytes(source)',
    'source',
    'memoryview(source)',
    'type("B", (bytes,), {})(source)',
    'type("B", (bytearray,), {})(source)',
    '__import__("io").BytesIO(source).getbuffer()',
  ]) {
    const bytes = toJs(py, code);
    t.same(
      bytes,
      Uint8Array.from({ length: 256 }, (_, i) => i),
      code,
    );
    t.same([bytes.byteOffset, bytes.buffer.byteLength], [0, 256], 'no more than the bytes');
    bytes[0] = 99;
  }
  t.equal(py.runPython('source[0]'), 0, 'a copy');
  t.same(toJs(py, 'b""'), new Uint8Array(0));
  t.same(toJs(py, '[b"a", {"k": b"b"}]'), [new Uint8Array([97]), { k: new Uint8Array([98]) }]);
});

test('toJs: array.array of every type', async (load, t) => {
  const py = await load();
  py.runPython('import array');
  for (const [format, Type] of Object.entries(ARRAYS)) {
    const values = Type === BigInt64Array || Type === BigUint64Array ? [1n, 2n, 3n] : [1, 2, 3];
    t.same(toJs(py, `array.array("${format}", [1, 2, 3])`), Type.from(values), format);
    t.same(toJs(py, `array.array("${format}", [])`), new Type(0), `${format}, empty`);
  }
  t.same(toJs(py, 'array.array("b", [-128, 127])'), Int8Array.of(-128, 127));
  t.same(toJs(py, 'array.array("I", [2**32 - 1])'), Uint32Array.of(2 ** 32 - 1));
  t.same(toJs(py, 'array.array("q", [-2**63, 2**63 - 1])'), BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n));
  t.same(toJs(py, 'array.array("Q", [2**64 - 1])'), BigUint64Array.of(2n ** 64n - 1n));
  t.same(toJs(py, 'array.array("d", [0.1, -0.0, float("nan"), float("inf")])'), Float64Array.of(0.1, -0, NaN, Infinity));
  t.same(toJs(py, 'array.array("f", [1.5, -0.0])'), Float32Array.of(1.5, -0));
});

test('toJs: memoryview casts of every format', async (load, t) => {
  const py = await load();
  py.runPython('source = bytearray(range(16))');
  const bytes = Uint8Array.from({ length: 16 }, (_, i) => i);
  const formats = { ...ARRAYS, c: Uint8Array, n: Int32Array, N: Uint32Array, P: Uint32Array, '@i': Int32Array, '@B': Uint8Array };
  for (const [format, Type] of Object.entries(formats))
    t.same(toJs(py, `memoryview(source).cast("${format}")`), new Type(bytes.buffer), format);
  t.same(toJs(py, 'memoryview(b"\\0\\1\\2").cast("?")'), [false, true, true], 'bools are an Array');
});

test('toJs: half floats where the engine has them', { skip: { peer: 'the peer has none' } }, async (load, t) => {
  const py = await load();
  const convert = () => toJs(py, 'memoryview(__import__("struct").pack("3e", 1.5, -0.0, 65504)).cast("e")');
  if (typeof Float16Array === 'function') t.same(convert(), Float16Array.of(1.5, -0, 65504));
  else t.equal(t.throws(convert).type, 'ConversionError');
});

test('toJs: slices and steps', async (load, t) => {
  const py = await load();
  t.same(toJs(py, 'memoryview(b"abcdefgh")[2:5]'), Uint8Array.of(99, 100, 101));
  t.same(toJs(py, 'memoryview(b"abcdefgh")[::2]'), Uint8Array.of(97, 99, 101, 103));
  t.same(toJs(py, 'memoryview(b"abcd")[::-1]'), Uint8Array.of(100, 99, 98, 97));
  t.same(toJs(py, 'memoryview(__import__("array").array("i", range(6)))[1:4]'), Int32Array.of(1, 2, 3));
  t.same(toJs(py, 'memoryview(__import__("array").array("d", range(6)))[::-2]'), Float64Array.of(5, 3, 1));
  t.same(toJs(py, 'memoryview(b"abc")[3:]'), new Uint8Array(0));
});

test('toJs: several dimensions nest, none is one element', async (load, t) => {
  const py = await load();
  t.same(toJs(py, 'memoryview(bytes(range(6))).cast("B", [2, 3])'), [Uint8Array.of(0, 1, 2), Uint8Array.of(3, 4, 5)]);
  t.same(toJs(py, 'memoryview(__import__("array").array("d", range(8))).cast("B").cast("d", [2, 2, 2])'), [
    [Float64Array.of(0, 1), Float64Array.of(2, 3)],
    [Float64Array.of(4, 5), Float64Array.of(6, 7)],
  ]);
  t.same(toJs(py, 'memoryview(b"\\0\\1\\1\\0").cast("?", [2, 2])'), [
    [false, true],
    [true, false],
  ]);
  t.same(toJs(py, 'memoryview(b"abcd").cast("B", [1, 1, 1, 4])'), [[[Uint8Array.of(97, 98, 99, 100)]]]);
  t.same(toJs(py, 'memoryview(b"x").cast("B", [])'), Uint8Array.of(120));
  t.same(
    toJs(py, 'memoryview(bytes(range(6))).cast("B", [2, 3])', { depth: 1 }),
    [Uint8Array.of(0, 1, 2), Uint8Array.of(3, 4, 5)],
    'one buffer is one level',
  );
});

test('toJs: depth', async (load, t) => {
  const py = await load();
  const proxy = toJs(py, 'b"ab"', { depth: 0 });
  t.equal(proxy.type, 'bytes');
  proxy.destroy();
  const [inner] = toJs(py, '[b"ab"]', { depth: 1 });
  t.equal(inner.type, 'bytes');
  inner.destroy();
  t.same(toJs(py, '[b"ab"]', { depth: 2 }), [Uint8Array.of(97, 98)]);
});

test(
  'toJs: arrays of ctypes, whose buffers say no strides',
  { skip: { peer: 'the peer repeats their first element' } },
  async (load, t) => {
    const py = await load();
    py.runPython('import ctypes');
    t.same(toJs(py, '(ctypes.c_int * 3)(1, 2, 3)'), Int32Array.of(1, 2, 3));
    t.same(toJs(py, '((ctypes.c_int * 2) * 2)((1, 2), (3, 4))'), [Int32Array.of(1, 2), Int32Array.of(3, 4)]);
    t.same(toJs(py, '(ctypes.c_double * 2)(1.5, -2)'), Float64Array.of(1.5, -2));
    t.same(toJs(py, '(ctypes.c_bool * 2)(True, False)'), [true, false]);
    t.same(toJs(py, '(ctypes.c_short.__ctype_be__ * 3)(1, -2, 300)'), Int16Array.of(1, -2, 300), 'big endian');
    t.same(toJs(py, '(ctypes.c_double.__ctype_be__ * 2)(1.5, -2)'), Float64Array.of(1.5, -2));
    t.same(toJs(py, '(ctypes.c_longlong.__ctype_be__ * 2)(1, -2)'), BigInt64Array.of(1n, -2n));
  },
);

test('toJs: scalars of ctypes', async (load, t) => {
  const py = await load();
  py.runPython('import ctypes');
  t.same(toJs(py, 'ctypes.c_int(5)'), Int32Array.of(5));
  t.same(toJs(py, 'ctypes.c_double(1.5)'), Float64Array.of(1.5));
  t.same(toJs(py, 'ctypes.c_ushort.__ctype_be__(258)'), Uint16Array.of(258));
});

test('toJs: formats without a counterpart and released views are errors', async (load, t) => {
  const py = await load();
  py.runPython(
    'import array, ctypes\nclass Struct(ctypes.Structure):\n    _fields_ = [("a", ctypes.c_int), ("b", ctypes.c_double)]\nreleased = memoryview(b"x"); released.release()',
  );
  for (const code of ['array.array("w", "aé")', 'Struct(1, 2)', 'released', '[released]'])
    t.equal(t.throws(() => toJs(py, code)).type, 'ConversionError', code);
  t.match(t.throws(() => toJs(py, 'released')).message, /released memoryview/);
  t.equal(py.runPython('6 * 7'), 42);
});

test('toJs: 1 MB and its owner goes on', async (load, t) => {
  const py = await load();
  py.runPython('big = bytearray(bytes(range(250)) * 4000)');
  const bytes = toJs(py, 'big');
  t.equal(bytes.length, 1_000_000);
  t.same([bytes[0], bytes[249], bytes[250], bytes[999_999]], [0, 249, 0, 249]);
  py.runPython('big.append(1); big.clear()');
  t.equal(bytes[249], 249);
});

/** Every JavaScript buffer with the format and the values its memoryview has. */
const BUFFERS = [
  [Int8Array.of(-128, 127), 'b', [-128, 127]],
  [Uint8Array.of(0, 255), 'B', [0, 255]],
  [Uint8ClampedArray.of(0, 255), 'B', [0, 255]],
  [Int16Array.of(-32768, 32767), 'h', [-32768, 32767]],
  [Uint16Array.of(65535), 'H', [65535]],
  [Int32Array.of(-(2 ** 31), 2 ** 31 - 1), 'i', [-2147483648, 2147483647]],
  [Uint32Array.of(2 ** 32 - 1), 'I', [4294967295]],
  [Float32Array.of(1.5, -0.25), 'f', [1.5, -0.25]],
  [Float64Array.of(0.1, 1e300), 'd', ['0.1', '1e+300']],
  [BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n), 'q', [-(2n ** 63n), 2n ** 63n - 1n]],
  [BigUint64Array.of(2n ** 64n - 1n), 'Q', [2n ** 64n - 1n]],
  [Uint8Array.of(1, 2, 3).buffer, 'B', [1, 2, 3]],
  [new DataView(Uint8Array.of(1, 2, 3, 4).buffer, 1, 2), 'B', [2, 3]],
  [Uint16Array.of(1, 2, 3, 4).subarray(1, 3), 'H', [2, 3]],
  [new Uint8Array(0), 'B', []],
  [new Float64Array(0), 'd', []],
  [new ArrayBuffer(0), 'B', []],
];

const ABOUT =
  'repr((type(value).__name__, value.format, value.ndim, value.shape[0], value.readonly, value.tolist() if value.nbytes else []))';

test('toPy: every typed array, ArrayBuffer and DataView becomes a memoryview', async (load, t) => {
  const py = await load();
  for (const [buffer, format, values] of BUFFERS) {
    const proxy = py.toPy(buffer);
    py.globals.set('value', proxy);
    proxy.destroy();
    t.equal(
      py.runPython(ABOUT),
      `('memoryview', '${format}', 1, ${values.length}, False, [${values.join(', ')}])`,
      buffer.constructor.name,
    );
    py.globals.set('value', py.toPy([buffer]));
    t.equal(py.runPython('type(value[0]).__name__'), 'memoryview');
    py.globals.set('value', buffer);
    t.equal(py.runPython('type(value).__name__'), 'JsProxy', 'implicitly it stays what it is');
    t.equal(py.runPython('value = value.to_py()\nvalue.format'), format, 'to_py');
  }
});

test('toPy: a copy, in both directions', async (load, t) => {
  const py = await load();
  const array = Uint8Array.of(1, 2, 3);
  py.globals.set('value', py.toPy(array));
  array[0] = 99;
  py.runPython('value[1] = 88');
  t.same(array, Uint8Array.of(99, 2, 3));
  t.equal(py.runPython('value.tolist() == [1, 88, 3]'), true);
});

test('toPy and back: the same elements in the same kind of array', async (load, t) => {
  const py = await load();
  for (const [buffer] of BUFFERS) {
    const proxy = py.toPy(buffer);
    const back = proxy.toJs();
    proxy.destroy();
    const bytes = ArrayBuffer.isView(buffer) ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength) : new Uint8Array(buffer);
    const expected = buffer instanceof ArrayBuffer || buffer instanceof DataView || buffer instanceof Uint8ClampedArray ? bytes : buffer;
    t.same(back, expected, buffer.constructor.name);
    t.ok(back.buffer !== buffer.buffer);
  }
});

test('toPy: a subclass of a typed array', { skip: { peer: 'the peer divides by zero' } }, async (load, t) => {
  const py = await load();
  py.globals.set('value', py.toPy(new (class Mine extends Uint16Array {})([1, 2])));
  t.equal(py.runPython(ABOUT), "('memoryview', 'H', 1, 2, False, [1, 2])");
});

test('toPy: Float16Array where the engine has it', { skip: { peer: 'the peer may not know it' } }, async (load, t) => {
  const py = await load();
  if (typeof Float16Array !== 'function') return;
  py.globals.set('value', py.toPy(Float16Array.of(1.5, -2)));
  t.equal(py.runPython(ABOUT), "('memoryview', 'e', 1, 2, False, [1.5, -2.0])");
});

test('toPy: views of shared memory', async (load, t) => {
  if (typeof SharedArrayBuffer !== 'function') t.skip('without cross-origin isolation there is no shared memory');
  const py = await load();
  const array = new Int32Array(new SharedArrayBuffer(8));
  array[1] = 7;
  py.globals.set('value', py.toPy(array));
  t.equal(py.runPython(ABOUT), "('memoryview', 'i', 1, 2, False, [0, 7])");
  const proxy = py.toPy(array);
  const back = proxy.toJs();
  proxy.destroy();
  t.same(back, Int32Array.of(0, 7));
  t.ok(!(back.buffer instanceof SharedArrayBuffer), "the copy is nobody else's");
  t.equal(py.toPy(array.buffer), array.buffer, 'the memory itself stays what it is');
});

test('toPy: buffers that were transferred or can be resized', { skip: { peer: 'ends the peer' } }, async (load, t) => {
  const py = await load();
  const gone = Uint8Array.of(1, 2);
  structuredClone(gone.buffer, { transfer: [gone.buffer] });
  for (const value of [gone, gone.buffer]) {
    try {
      py.globals.set('value', py.toPy(value));
      t.equal(py.runPython('value.nbytes'), value.byteLength);
    } catch (error) {
      t.match(error.message, /detached|transferred/i);
    }
  }
  const resizable = new Uint8Array(new ArrayBuffer(4, { maxByteLength: 8 }));
  py.globals.set('value', py.toPy(resizable));
  resizable.buffer.resize?.(2);
  t.equal(py.runPython('value.nbytes'), 4);
  t.equal(py.runPython('6 * 7'), 42);
});

test('JsBuffer: to_bytes, to_memoryview, to_string, assign and assign_to', async (load, t) => {
  const py = await load();
  const bytes = Uint8Array.of(97, 98, 99);
  const floats = Float64Array.of(1.5);
  py.globals.set('u8', bytes);
  py.globals.set('f64', floats);
  py.globals.set('view', new DataView(bytes.buffer, 1));
  py.globals.set('memory', bytes.buffer);
  t.equal(
    py.runPython(
      'repr((u8.to_bytes(), view.to_bytes(), memory.to_bytes(), u8.to_memoryview().tolist(), u8.to_string(), f64.to_memoryview().tolist()))',
    ),
    "(b'abc', b'bc', b'abc', [97, 98, 99], 'abc', [1.5])",
  );
  py.runPython('import array\nu8.assign(b"xyz")\nf64.assign(array.array("d", [2.5]))\ntarget = bytearray(3); u8.assign_to(target)');
  t.same([bytes, floats], [Uint8Array.of(120, 121, 122), Float64Array.of(2.5)]);
  t.equal(py.runPython('repr(target)'), "bytearray(b'xyz')");
  for (const call of [
    'u8.assign(b"xy")',
    'u8.assign(b"wxyz")',
    'u8.assign_to(bytearray(2))',
    'f64.assign(b"12345678")',
    'f64.assign(array.array("f", [1]))',
    'u8.assign_to(b"abc")',
  ]) {
    t.match(t.throws(() => py.runPython(call)).type, /^(ValueError|BufferError|TypeError)$/, call);
  }
  t.equal(py.runPython('repr((len(u8), u8[0], u8[-1], list(u8), bytes(u8)))'), "(3, 120, 122, [120, 121, 122], b'xyz')");
});
