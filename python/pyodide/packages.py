"""Packages of the running interpreter."""

from pyodide_js import unloadPackage as _unload


def unload(name):
    """Takes a package out that ``loadPackage`` brought: its files and its modules.

    Objects of the package that are in use stay what they are.

    :param name: the package's name, however it is written.
    :raises pyodide.ffi.JsException: with the reason, if it cannot be taken out: native code stays for good, and so
        does what other loaded packages need.
    """
    _unload(name)


__all__ = ["unload"]
