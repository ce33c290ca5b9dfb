"""Types and functions of the bridge to JavaScript.

docs/bridge.md tells how values cross, what they cost and who owns them.
"""

from _ferropy import (
    JsException,
    JsNull,
    JsProxy,
    create_once_callable,
    create_proxy,
    jsnull,
    operate,
    set_bigint_class,
    to_js,
)

from pyodide._modules import register_js_module, unregister_js_module
from pyodide.ffi._abstract import *  # noqa: F403
from pyodide.ffi._abstract import JsArray
from pyodide.ffi._abstract import __all__ as _kinds
from pyodide.ffi._bigint import JsBigInt

#: Whether this is Python in a JavaScript host.
IN_PYODIDE = True

set_bigint_class(JsBigInt)


class ConversionError(Exception):
    """A value has no counterpart in the other language."""


class InternalError(Exception):
    """The bridge itself failed: a bug in it, or memory that ran out."""


def destroy_proxies(pyproxies, /):
    """Call ``destroy()`` of each proxy in a JavaScript array, such as ``to_js`` filled."""
    if not isinstance(pyproxies, JsArray):
        raise TypeError(f"expected a JsProxy of an array, not {type(pyproxies).__name__}")
    operate("destroy_all", pyproxies)


def can_run_sync():
    """Whether :func:`run_sync` may be called here."""
    return False


def run_sync(x):
    """Wait for an awaitable and return its result.

    :raises RuntimeError: where this stack cannot be suspended.
    """
    raise RuntimeError(
        "this call cannot wait: JavaScript's stack switching is not in use here "
        "(hint: use `await` in runPythonAsync)"
    )


__all__ = [
    "IN_PYODIDE",
    "ConversionError",
    "InternalError",
    "JsBigInt",
    "JsException",
    "JsNull",
    "JsProxy",
    "can_run_sync",
    "create_once_callable",
    "create_proxy",
    "destroy_proxies",
    "jsnull",
    "register_js_module",
    "run_sync",
    "to_js",
    "unregister_js_module",
    *_kinds,
]
