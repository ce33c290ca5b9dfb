/**
 * Programs as people write them. They are compiled and never run: once against the peer's declarations, which
 * shows that they are right, and once against ours, which shows that they need no change.
 */

import { loadPyodide, version, type PyodideInterface } from "pyodide";
import type { PackageData, PyodideAPI, PyodideConfig } from "pyodide";
import type {
  PyBuffer,
  PyCallable,
  PyDict,
  PyIterator,
  PyProxy,
  PyProxyWithGet,
  PySequence,
  PythonError,
  TypedArray,
} from "pyodide/ffi";

/** A page that loads Python with all of its settings. */
export async function start(log: HTMLElement): Promise<PyodideInterface> {
  const config: PyodideConfig = {
    indexURL: `https://example.org/pyodide/${version}/`,
    stdLibURL: "https://example.org/python_stdlib.zip",
    lockFileURL: "https://example.org/pyodide-lock.json",
    packages: ["https://example.org/snowballstemmer-2.0.0-py2.py3-none-any.whl"],
    args: ["-X", "dev"],
    env: { HOME: "/home/user", PYTHONHASHSEED: "0" },
    fullStdLib: false,
    checkAPIVersion: true,
    jsglobals: { fetch, console },
    stdin: () => globalThis.prompt(),
    stdout: (line) => {
      log.textContent += `${line.toUpperCase()}\n`;
    },
    stderr: console.warn,
  };
  const pyodide = await loadPyodide({
    ...config,
    convertNullToNone: false,
    pyproxyToStringRepr: true,
    toJsLiteralMap: false,
    fsInit: async (fs, { sitePackages }) => {
      fs.writeFile(`${sitePackages}/greeting.py`, "TEXT = 'hello'\n");
    },
  });
  const loaded: PackageData[] = await pyodide.loadPackage(["numpy", "https://example.org/a-1-py3-none-any.whl"], {
    messageCallback: (message) => console.log(message.length),
    errorCallback: console.error,
    checkIntegrity: true,
  });
  console.log(loaded.map(({ name, version, fileName }) => `${name} ${version} ${fileName}`));
  console.log(Object.entries(pyodide.loadedPackages).length, pyodide.version.split("."));
  return pyodide;
}

/** Values go over and come back. */
export async function calculate(pyodide: PyodideAPI): Promise<number[]> {
  const globals: PyProxy = pyodide.toPy({ points: [[1, 2], [3, 4]], names: new Map([["a", 1]]) });
  const nested = pyodide.toPy(new Set([1]), {
    depth: 1,
    defaultConverter: (value, convert, cacheConversion) => {
      const result: unknown = convert(value.inner);
      cacheConversion(value, result);
      return result;
    },
  });
  try {
    const sums: PyProxy = pyodide.runPython("[sum(p) for p in points]", { globals, filename: "sums.py" });
    const array: number[] = sums.toJs({ depth: 1, create_pyproxies: false });
    sums.destroy({ message: "calculate() is over" });
    const later = await pyodide.runPythonAsync("import asyncio; await asyncio.sleep(0.1); 3", { locals: globals });
    return [...array, later, nested.length];
  } finally {
    globals.destroy();
    nested.destroy();
  }
}

/** Copies with converters, and their proxies in a list. */
export function copy(proxy: PyProxy): unknown {
  const pyproxies: PyProxy[] = [];
  const value: unknown = proxy.toJs({
    pyproxies,
    dict_converter: Object.fromEntries,
    default_converter: (object, convert, cacheConversion) => {
      if (object.type !== "datetime.date") return convert(object.__dict__);
      const date = new Date(object.isoformat());
      cacheConversion(object, date);
      return date;
    },
    eager_converter: (object, convert) => (object.toString() === "()" ? null : convert(object)),
  });
  for (const one of pyproxies) one.destroy();
  return value;
}

/** What a proxy can do decides what is done with it. */
export function describe(pyodide: PyodideAPI, value: unknown): string {
  const { ffi } = pyodide;
  if (!(value instanceof ffi.PyProxy)) return typeof value;
  using proxy = value.copy();
  if (proxy instanceof ffi.PyDict) return [...proxy].map((key) => `${key}: ${proxy.get(key)}`).join();
  if (proxy instanceof ffi.PyMutableSequence) return `list, last ${proxy.pop()}, then ${proxy.push(1, 2)}`;
  if (proxy instanceof ffi.PySequence) return `sequence of ${proxy.map((item) => String(item)).join(", ")}`;
  if (proxy instanceof ffi.PyProxyWithLength) return `${proxy.length} elements`;
  if (proxy instanceof ffi.PyBuffer) return `${proxy.getBuffer("u8").nbytes} bytes`;
  if (proxy instanceof ffi.PyGenerator) return `generator, then ${proxy.return(1).done}`;
  if (proxy instanceof ffi.PyAsyncGenerator) return "async generator";
  if (proxy instanceof ffi.PyIterator) return `iterator at ${proxy.next().value}`;
  if (proxy instanceof ffi.PyIterable) return `iterable of ${Array.from(proxy).length}`;
  if (proxy instanceof ffi.PyAwaitable) return "awaitable";
  if (proxy instanceof ffi.PyAsyncIterator || proxy instanceof ffi.PyAsyncIterable) return "async";
  if (proxy instanceof ffi.PyProxyWithSet) proxy.set("key", 1);
  if (proxy instanceof ffi.PyProxyWithHas) return String(proxy.has("key"));
  return proxy instanceof ffi.PyCallable ? proxy.toString() : proxy.type;
}

/** Functions are called in all ways. */
export async function call(f: PyCallable): Promise<unknown[]> {
  const method: PyProxy = f.captureThis();
  const target = { method, factor: 2 };
  const bound: PyProxy = f.bind(target, 1);
  return [
    f(1, "two", [3]),
    f.call(undefined, 1),
    f.apply(null, [1, 2]),
    f.callKwargs(1, { key: 2 }),
    f.callRelaxed(1, 2, 3),
    f.callKwargsRelaxed(1, 2, { key: 3 }),
    f.callWithOptions({ kwargs: true, relaxed: true }, 1, { key: 2 }),
    await f.callPromising(1),
    await f.callPromisingKwargs({ key: 1 }),
    bound.toString(),
    [1, 2].map(f),
  ];
}

/** An image is made from Python's memory. */
export function paint(context: CanvasRenderingContext2D, pixels: PyBuffer): void {
  const view = pixels.getBuffer("u8clamped");
  try {
    if (view.ndim !== 3 || !view.c_contiguous || view.readonly) throw new RangeError(`shape ${view.shape.join("×")}`);
    const [height = 0, width = 0] = view.shape;
    const data: TypedArray = view.data;
    const image = new ImageData(width, height);
    image.data.set(data.subarray(view.offset, view.offset + view.nbytes / view.itemsize));
    context.putImageData(image, 0, 0);
    console.log(view.format, view.strides, view.f_contiguous);
  } finally {
    view.release();
  }
}

/** Iterations, in both directions. */
export async function iterate(pyodide: PyodideAPI, items: PySequence, dict: PyDict, steps: PyIterator): Promise<void> {
  for (const [index, item] of items.entries()) console.log(index.toFixed(), item);
  const found: number = items.findIndex((item) => item > 3);
  const total: number = items.reduce((sum: number, item: number) => sum + item, 0);
  const evens: number[] = items.filter((item) => item % 2 === 0);
  console.log(found, total, evens, items.at(-1), items.includes(2), items.concat([1]), JSON.stringify(items.toJSON()));
  if (dict.has("key")) dict.delete("key");
  dict.set("other", dict.length);
  const json: PyProxyWithGet = dict;
  console.log(JSON.stringify(json.asJsJson()));
  for (let step = steps.next(); step.done !== true; step = steps.next("sent")) console.log(step.value);
  const stream = pyodide.runPython("async def numbers():\n  yield 1\nnumbers()");
  if (stream instanceof pyodide.ffi.PyAsyncGenerator) console.log((await stream.return(0)).value);
  if (stream instanceof pyodide.ffi.PyAsyncIterable) for await (const number of stream) console.log(number);
}

/** Errors tell their Python class. */
export function classOf(pyodide: PyodideAPI, code: string): string {
  try {
    pyodide.runPython(code);
    return "none";
  } catch (error) {
    if (!(error instanceof pyodide.ffi.PythonError)) throw error;
    const known: PythonError = error;
    return known.type === "SyntaxError" ? known.message : known.type;
  }
}

/** A worker: interrupts, modules, streams. */
export function serve(pyodide: PyodideAPI, interrupts: SharedArrayBuffer, keys: Uint8Array[]): void {
  pyodide.setInterruptBuffer(new Uint8Array(interrupts));
  pyodide.checkInterrupt();
  pyodide.registerJsModule("host", { post: (value: unknown) => postMessage(value), nested: { answer: 42 } });
  pyodide.unregisterJsModule("host");
  pyodide.setStdin({ stdin: () => "a line", autoEOF: false });
  pyodide.setStdin({ read: (buffer) => buffer.fill(32).length, isatty: true });
  pyodide.setStdin({ stdin: () => keys.shift() ?? null });
  pyodide.setStdin({ error: true });
  pyodide.setStdin();
  pyodide.setStdout({ batched: (line) => postMessage(line.trimEnd()) });
  pyodide.setStdout({ write: (bytes) => bytes.length, fsync: () => {}, isatty: false });
  pyodide.setStderr({ raw: (byte) => postMessage(byte), getTerminalSize: () => ({ rows: 24, columns: 80 }) });
  pyodide.setStderr({});
  const before: boolean = pyodide.setDebug(true);
  pyodide.setDebug(before);
  pyodide.pyodide_py.console;
}

/** Files: Emscripten's, the host's and the browser's. */
export function files(pyodide: PyodideAPI, done: (error: unknown) => void): string[] {
  const { FS, PATH, ERRNO_CODES } = pyodide;
  pyodide.mountNodeFS("/host", ".");
  FS.mkdirTree("/data/in");
  // @types/emscripten does not know the kinds of file systems.
  const { filesystems } = FS as unknown as { filesystems: Record<"IDBFS", Parameters<typeof FS.mount>[0]> };
  FS.mount(filesystems.IDBFS, { autoPersist: true }, "/data");
  FS.syncfs(true, done);
  FS.writeFile("/data/in/a.bin", new Uint8Array([1, 2]), { flags: "a" });
  const text: string = FS.readFile("/data/in/a.txt", { encoding: "utf8" });
  const bytes: Uint8Array = FS.readFile("/data/in/a.bin");
  const stream = FS.open("/data/in/a.bin", "r+");
  FS.llseek(stream, 0, 2);
  FS.write(stream, bytes, 0, bytes.length);
  FS.close(stream);
  const device = FS.makedev(80, 0);
  FS.registerDevice(device, { read: (_stream, buffer, offset, length) => buffer.fill(0, offset, length).length });
  FS.mkdev("/dev/zeros", device);
  try {
    FS.unlink(PATH.join2("/data", "none"));
  } catch (error) {
    if (!(error instanceof FS.ErrnoError) || error.errno !== ERRNO_CODES.ENOENT) throw error;
  }
  const { mode, size, mtime } = FS.stat("/data/in");
  console.log(text.length, size.toFixed(), mtime.toISOString(), FS.analyzePath("/data").exists);
  return FS.isDir(mode) ? FS.readdir("/data/in") : [];
}

/** Modules of Python as objects of JavaScript. */
export function rounded(pyodide: PyodideAPI): string {
  const decimal = pyodide.pyimport("decimal");
  const result: PyProxy = decimal.Decimal.callKwargs("1.25", {});
  const value = pyodide.globals.get("value") as PyProxy | undefined;
  value?.destroy();
  return result.quantize(decimal.Decimal("0.1")).toString();
}
