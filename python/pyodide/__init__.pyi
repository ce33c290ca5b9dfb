from pyodide import code as code, console as console, ffi as ffi, webloop as webloop

__all__ = ["code", "console", "ffi", "webloop"]
