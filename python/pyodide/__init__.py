"""Python in the browser: what Python code says to its host.

The names are those that packages already import. The modules are loaded when
they are first used, because most programs need none of them.
"""

__all__ = ["code", "console", "ffi", "webloop"]
