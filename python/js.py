"""The JavaScript global scope (or `jsglobals` of `loadPyodide`) as a module."""

from _ferropy import js as _globals


def __getattr__(name):
    """Read a property of the global scope."""
    return getattr(_globals, name)


def __dir__():
    return dir(_globals)
