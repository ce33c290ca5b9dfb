/** The classes of `pyodide.ffi`, for `import type … from "ferropy/ffi"`. */

export { FatalError, PythonError } from "../../runtime/src/errors/errors.ts";
export { PyProxy, type ToJsOptions } from "../../runtime/src/pyproxy/pyproxy.ts";
