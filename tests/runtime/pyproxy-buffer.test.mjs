/** getBuffer: a view of a Python buffer, its shape, strides and format, without a copy. */
import { test } from '../harness/body.mjs';

/** `f` must throw a Python exception of that type; gives its last line. */
const raises = (t, py, f, type) => {
  const error = t.throws(f);
  t.ok(error instanceof py.ffi.PythonError, `a PythonError, not ${error}`);
  t.equal(error.type, type);
  return error.message.trimEnd().split('\n').at(-1);
};

const setUp = async (load) => {
  const py = await load();
  py.runPython('import array, ctypes, io');
  return py;
};

/** The element at `index` (one number per dimension), as the documentation says to find it. */
const element = (view, index) => view.data[index.reduce((sum, i, dimension) => sum + i * view.strides[dimension], view.offset)];

/** All elements of a view as nested arrays. */
const elements = (view, index = []) =>
  index.length === view.ndim
    ? element(view, index)
    : Array.from({ length: view.shape[index.length] }, (_, i) => elements(view, [...index, i]));

/** What Python's memoryview says of the same object. */
const facts = (py, code) =>
  py.runPython(`
m = memoryview(${code})
[m.format, m.itemsize, m.ndim, list(m.shape), list(m.strides), m.readonly, m.c_contiguous, m.f_contiguous]`).toJs();

/** Code → typed array and elements. */
const LAYOUTS = {
  'bytes(range(6))': [Uint8Array, [0, 1, 2, 3, 4, 5]],
  'bytearray(range(3))': [Uint8Array, [0, 1, 2]],
  'b""': [Uint8Array, []],
  'io.BytesIO(b"abc").getbuffer()': [Uint8Array, [97, 98, 99]],
  'array.array("b", [1, -2])': [Int8Array, [1, -2]],
  'array.array("B", [1, 254])': [Uint8Array, [1, 254]],
  'array.array("h", [1, -2])': [Int16Array, [1, -2]],
  'array.array("H", [1, 65534])': [Uint16Array, [1, 65534]],
  'array.array("i", [1, -2])': [Int32Array, [1, -2]],
  'array.array("I", [1, 2**32 - 2])': [Uint32Array, [1, 2 ** 32 - 2]],
  'array.array("l", [1, -2])': [Int32Array, [1, -2]],
  'array.array("L", [1, 2**32 - 2])': [Uint32Array, [1, 2 ** 32 - 2]],
  'array.array("q", [1, -2])': [BigInt64Array, [1n, -2n]],
  'array.array("Q", [1, 2**64 - 2])': [BigUint64Array, [1n, 2n ** 64n - 2n]],
  'array.array("f", [1.5, -2])': [Float32Array, [1.5, -2]],
  'array.array("d", [1.5, -2])': [Float64Array, [1.5, -2]],
  'memoryview(b"\\0\\1").cast("?")': [Uint8Array, [0, 1]],
  'memoryview(b"ab").cast("c")': [Uint8Array, [97, 98]],
  'memoryview(bytes(range(8))).cast("n")': [Int32Array, [0x03020100, 0x07060504]],
  'memoryview(bytes(range(8))).cast("N")': [Uint32Array, [0x03020100, 0x07060504]],
  'memoryview(bytes(range(8))).cast("P")': [Uint32Array, [0x03020100, 0x07060504]],
  'memoryview(bytes(8)).cast("@i")': [Int32Array, [0, 0]],
  'memoryview(bytes([7])).cast("B", ())': [Uint8Array, 7],
  'memoryview(bytes(range(6))).cast("B", (2, 3))': [Uint8Array, [[0, 1, 2], [3, 4, 5]]],
  'memoryview(bytes(range(6))).cast("B", (3, 2))': [Uint8Array, [[0, 1], [2, 3], [4, 5]]],
  'memoryview(bytes(range(12))).cast("H", (2, 3))': [Uint16Array, [[0x0100, 0x0302, 0x0504], [0x0706, 0x0908, 0x0b0a]]],
  'memoryview(bytes(range(12))).cast("B", (2, 3, 2))': [
    Uint8Array,
    [[[0, 1], [2, 3], [4, 5]], [[6, 7], [8, 9], [10, 11]]],
  ],
  'memoryview(bytearray(range(10)))[3:7]': [Uint8Array, [3, 4, 5, 6]],
  'memoryview(bytearray(range(10)))[5:5]': [Uint8Array, []],
  'memoryview(bytearray(range(6)))[::-1]': [Uint8Array, [5, 4, 3, 2, 1, 0]],
  'memoryview(bytearray(range(10)))[::2]': [Uint8Array, [0, 2, 4, 6, 8]],
  'memoryview(bytearray(range(10)))[::-3]': [Uint8Array, [9, 6, 3, 0]],
  'memoryview(bytearray(range(10)))[8:2:-2]': [Uint8Array, [8, 6, 4]],
  'memoryview(array.array("i", range(6)))[::-2]': [Int32Array, [5, 3, 1]],
  'memoryview(array.array("d", [1.5, 2.5, 3.5]))[::-1]': [Float64Array, [3.5, 2.5, 1.5]],
  'memoryview(array.array("q", [1, 2, 3, 4]))[1::2]': [BigInt64Array, [2n, 4n]],
  'memoryview(bytes(range(12))).cast("B", (4, 3))[1:3]': [Uint8Array, [[3, 4, 5], [6, 7, 8]]],
  'memoryview(bytes(range(12))).cast("B", (4, 3))[::-1]': [Uint8Array, [[9, 10, 11], [6, 7, 8], [3, 4, 5], [0, 1, 2]]],
  'memoryview(bytes(range(12))).cast("B", (4, 3))[::-2]': [Uint8Array, [[9, 10, 11], [3, 4, 5]]],
  'memoryview(bytes(range(8))).cast("B", (2, 2, 2))[::-1]': [Uint8Array, [[[4, 5], [6, 7]], [[0, 1], [2, 3]]]],
  '(ctypes.c_int * 3)(1, -2, 3)': [Int32Array, [1, -2, 3]],
  '((ctypes.c_int * 3) * 2)((1, 2, 3), (4, 5, 6))': [Int32Array, [[1, 2, 3], [4, 5, 6]]],
  '(ctypes.c_ubyte * 2)(1, 254)': [Uint8Array, [1, 254]],
  '(ctypes.c_byte * 2)(1, -2)': [Int8Array, [1, -2]],
  '(ctypes.c_short * 2)(1, -2)': [Int16Array, [1, -2]],
  '(ctypes.c_ushort * 2)(1, 65534)': [Uint16Array, [1, 65534]],
  '(ctypes.c_longlong * 2)(1, -2)': [BigInt64Array, [1n, -2n]],
  '(ctypes.c_ulonglong * 2)(1, 2)': [BigUint64Array, [1n, 2n]],
  '(ctypes.c_float * 2)(1.5, -2)': [Float32Array, [1.5, -2]],
  '(ctypes.c_double * 2)(1.5, -2)': [Float64Array, [1.5, -2]],
  '(ctypes.c_bool * 2)(True, False)': [Uint8Array, [1, 0]],
  '(ctypes.c_char * 2)(b"a", b"b")': [Uint8Array, [97, 98]],
  '(ctypes.c_void_p * 2)(1, 2)': [Uint32Array, [1, 2]],
  'ctypes.c_double(2.5)': [Float64Array, 2.5],
};

test('every layout: typed array, elements, and what memoryview says', async (load, t) => {
  const py = await setUp(load);
  for (const [code, [Type, wanted]] of Object.entries(LAYOUTS)) {
    const proxy = py.runPython(code);
    const view = proxy.getBuffer();
    t.ok(view instanceof py.ffi.PyBufferView, code);
    t.equal(view.data.constructor, Type, code);
    t.same(elements(view), wanted, code);
    const [format, itemsize, ndim, shape, strides, readonly, cContiguous, fContiguous] = facts(py, code);
    t.equal(view.format, format, code);
    t.equal(view.itemsize, itemsize, code);
    t.equal(view.ndim, ndim, code);
    t.same(view.shape, shape, `shape of ${code}`);
    t.same(view.strides, strides.map((stride) => stride / itemsize), `strides of ${code}, in elements`);
    t.equal(Boolean(view.readonly), readonly, `${code} readonly`);
    t.equal(Boolean(view.c_contiguous), cContiguous, `${code} c_contiguous`);
    t.equal(Boolean(view.f_contiguous), fContiguous, `${code} f_contiguous`);
    t.equal(view.nbytes, view.data.byteLength, code);
    view.release();
    proxy.destroy();
  }
});

test('a view and Python see the same bytes', async (load, t) => {
  const py = await setUp(load);
  const array = py.runPython('shared = array.array("i", [1, 2, 3])\nshared');
  const view = array.getBuffer();
  view.data[0] = 10;
  t.equal(py.runPython('shared[0]'), 10);
  py.runPython('shared[2] = 30');
  t.same([...view.data], [10, 2, 30]);
  const other = array.getBuffer();
  t.equal(other.data.buffer, view.data.buffer);
  t.equal(other.data.byteOffset, view.data.byteOffset);
  view.release();
  other.release();
  const reversed = py.runPython('grid = bytearray(6)\nmemoryview(grid).cast("B", (2, 3))[::-1]').getBuffer();
  reversed.data[reversed.offset + 2 * reversed.strides[1]] = 9;
  t.equal(py.runPython('list(grid) == [0, 0, 0, 0, 0, 9]'), true);
  reversed.release();
});

test('data covers the buffer and no more', async (load, t) => {
  const py = await setUp(load);
  const view = py.runPython('memoryview(bytearray(range(10)))[2:9:3]').getBuffer();
  t.same([...view.data], [2, 3, 4, 5, 6, 7, 8]);
  t.same([view.offset, view.strides[0], view.shape[0]], [0, 3, 3]);
  view.release();
  const backwards = py.runPython('memoryview(bytearray(range(10)))[8:1:-3]').getBuffer();
  t.same([...backwards.data], [2, 3, 4, 5, 6, 7, 8]);
  t.same([backwards.offset, backwards.strides[0]], [6, -3]);
  backwards.release();
});

test('an explicit type', async (load, t) => {
  const py = await setUp(load);
  const types = {
    i8: Int8Array, u8: Uint8Array, u8clamped: Uint8ClampedArray, i16: Int16Array, u16: Uint16Array, i32: Int32Array,
    u32: Uint32Array, i64: BigInt64Array, u64: BigUint64Array, f32: Float32Array, f64: Float64Array,
  };
  const doubles = py.runPython('array.array("d", [1, 2, 3])');
  const bytes = Array.from(new Uint8Array(Float64Array.of(1, 2, 3).buffer));
  for (const [type, Type] of Object.entries(types)) {
    const view = doubles.getBuffer(type);
    t.equal(view.data.constructor, Type, type);
    t.same([...view.data], [...new Type(Uint8Array.from(bytes).buffer)], type);
    t.equal(view.strides[0], 8 / Type.BYTES_PER_ELEMENT, `strides in elements of ${type}`);
    t.equal(view.format, 'd', 'the format stays Python\'s');
    t.same(view.shape, [3]);
    view.release();
  }
  const backwards = py.runPython('memoryview(array.array("i", range(4)))[::-1]').getBuffer('u8');
  t.same([backwards.offset, backwards.strides[0], backwards.data[backwards.offset]], [12, -4, 3]);
  backwards.release();
  const automatic = doubles.getBuffer(undefined);
  t.equal(automatic.data.constructor, Float64Array);
  automatic.release();
});

test('a DataView', async (load, t) => {
  const py = await setUp(load);
  const view = py.runPython('(ctypes.c_uint.__ctype_be__ * 2)(1, 2)').getBuffer('dataview');
  t.ok(view.data instanceof DataView);
  t.equal(view.data.byteLength, 8);
  t.same([view.data.getUint32(0), view.data.getUint32(view.strides[0])], [1, 2], 'strides in bytes');
  t.equal(view.format, '>L');
  view.release();
  const backwards = py.runPython('memoryview(array.array("h", [1, 2, 3]))[::-1]').getBuffer('dataview');
  t.same([backwards.offset, backwards.strides[0]], [4, -2]);
  t.equal(backwards.data.getInt16(backwards.offset, true), 3);
  backwards.release();
});

test('formats without a typed array need a type', async (load, t) => {
  const py = await setUp(load);
  py.runPython('class Pair(ctypes.Structure):\n    _fields_ = [("a", ctypes.c_int), ("b", ctypes.c_int)]');
  for (const code of [
    '(ctypes.c_uint.__ctype_be__ * 2)(1, 2)',
    'array.array("w", "ab")',
    'memoryview(bytes(4)).cast("e")',
    '(ctypes.c_wchar * 2)("a", "b")',
    'Pair(1, 2)',
    '(Pair * 2)()',
  ]) {
    const proxy = py.runPython(code);
    const error = t.throws(() => proxy.getBuffer());
    t.ok(error instanceof Error, code);
    const view = proxy.getBuffer('u8');
    t.ok(view.data instanceof Uint8Array, code);
    t.equal(view.nbytes, view.data.length);
    view.release();
  }
  t.same([...py.runPython('(Pair * 2)((1, 2), (3, 4))').getBuffer('i32').data], [1, 2, 3, 4]);
});

test('types that are unknown or do not fit', async (load, t) => {
  const py = await setUp(load);
  const bytes = py.runPython('seven = bytearray(7)\nseven');
  for (const type of ['bad', 'U8', 'float', 5]) {
    const error = t.throws(() => bytes.getBuffer(type));
    t.ok(error instanceof Error);
    t.match(error.message, new RegExp(String(type)));
  }
  for (const type of ['i16', 'u32', 'f64', 'i64']) t.ok(t.throws(() => bytes.getBuffer(type)) instanceof Error, type);
  const shifted = py.runPython('memoryview(bytearray(9))[1:]');
  t.ok(t.throws(() => shifted.getBuffer('i32')) instanceof Error, 'not aligned');
  py.runPython('seven.append(1)');
  t.equal(py.runPython('len(seven)'), 8, 'a view that failed holds nothing');
});

test('release and Symbol.dispose', async (load, t) => {
  const py = await setUp(load);
  const bytes = py.runPython('held = bytearray(b"abc")\nheld');
  const view = bytes.getBuffer();
  raises(t, py, () => py.runPython('held.append(1)'), 'BufferError');
  t.equal(view.release(), undefined);
  py.runPython('held.append(1)');
  view.release();
  const two = [bytes.getBuffer(), bytes.getBuffer('dataview')];
  two[0].release();
  two[0].release();
  raises(t, py, () => py.runPython('held.append(1)'), 'BufferError');
  two[1].release();
  py.runPython('held.append(1)');
  if (typeof Symbol.dispose === 'symbol') {
    const disposable = bytes.getBuffer();
    disposable[Symbol.dispose]();
    disposable.release();
    py.runPython('held.append(1)');
  }
  t.equal(py.runPython('len(held)') >= 5, true);
});

test('a view outlives its proxy and the name in Python', async (load, t) => {
  const py = await setUp(load);
  const bytes = py.runPython(`
class Counted(bytearray):
    alive = 1
    def __del__(self): Counted.alive = 0
Counted(b"xyz")`);
  const view = bytes.getBuffer();
  bytes.destroy();
  py.runPython('import gc\ngc.collect()\n[bytearray(3) for _ in range(1000)]\nNone');
  t.same([...view.data], [120, 121, 122]);
  t.equal(py.runPython('Counted.alive'), 1);
  view.release();
  t.equal(py.runPython('Counted.alive'), 0);
});

test('__buffer__ of a class, and one that raises', async (load, t) => {
  const py = await setUp(load);
  const object = py.runPython('class Buffered:\n    def __buffer__(self, flags): return memoryview(b"from a class")\nBuffered()');
  t.ok(object instanceof py.ffi.PyBuffer);
  const view = object.getBuffer();
  t.equal(new TextDecoder().decode(Uint8Array.from(view.data)), 'from a class');
  view.release();
  const raising = py.runPython('class Raising:\n    def __buffer__(self, flags): raise OSError("no buffer")\nRaising()');
  t.match(raises(t, py, () => raising.getBuffer(), 'OSError'), /no buffer/);
  const released = py.runPython('memoryview(b"abc")');
  released.release();
  raises(t, py, () => released.getBuffer(), 'ValueError');
  t.equal(py.runPython('[]').getBuffer, undefined);
});

test('large buffers are not copied', async (load, t) => {
  const py = await setUp(load);
  const bytes = py.runPython('large = bytearray(64 * 2**20)\nlarge');
  const begin = performance.now();
  for (let i = 0; i < 200; i++) {
    const view = bytes.getBuffer();
    view.data[i] = 1;
    view.release();
  }
  const took = performance.now() - begin;
  t.equal(py.runPython('sum(large)'), 200);
  t.ok(took < 2000, `200 views took ${took} ms`);
  py.runPython('del large');
});
