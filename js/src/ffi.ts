/** The classes of `pyodide.ffi`, for `import type … from "ferropy/ffi"`. */

export type { ToJsOptions } from "../../runtime/src/convert/decode.ts";
export { FatalError, PythonError } from "../../runtime/src/errors/errors.ts";
export { PyBufferView, type TypedArray } from "../../runtime/src/pyproxy/buffer.ts";
export {
  PyAsyncGenerator,
  PyAsyncIterable,
  PyAsyncIterator,
  PyAwaitable,
  PyBuffer,
  PyCallable,
  PyDict,
  PyGenerator,
  PyIterable,
  PyIterator,
  PyMutableSequence,
  PyProxy,
  PyProxyWithGet,
  PyProxyWithHas,
  PyProxyWithLength,
  PyProxyWithSet,
  PySequence,
} from "../../runtime/src/pyproxy/classes.ts";
