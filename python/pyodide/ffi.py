"""Types and functions of the bridge to JavaScript."""

from _ferropy import JsException, JsProxy

#: Whether this is Python in a JavaScript host.
IN_PYODIDE = True

__all__ = ["IN_PYODIDE", "JsException", "JsProxy"]
