"""JavaScript objects as modules: ``import js``, ``from js import x``, registered ones."""

import sys
from importlib.machinery import ModuleSpec

from _ferropy import JsProxy, operate

__all__ = ["register_js_module", "unregister_js_module"]

# Modules by their name; the objects among their properties are submodules.
_registered = {}


class _Finder:
    """Finds registered modules, and properties of JavaScript modules as submodules."""

    @classmethod
    def find_spec(cls, fullname, path=None, target=None):
        parent, _, name = fullname.rpartition(".")
        if not parent:
            module = _registered.get(fullname)
        elif isinstance(sys.modules[parent], JsProxy):
            module = getattr(sys.modules[parent], name, None)
        else:
            return None
        if not isinstance(module, JsProxy):
            return None
        return ModuleSpec(fullname, _Loader(module), origin="javascript", is_package=True)


class _Loader:
    def __init__(self, module):
        self._module = module

    def create_module(self, spec):
        # The module has the loader in its spec, and no collector sees a cycle through JavaScript.
        module = self._module
        del self._module
        return module

    def exec_module(self, module):
        pass


def register_js_module(name, jsproxy):
    """Make ``import name`` give a JavaScript object. Modules that are imported stay.

    :raises TypeError: if the name is no string or the object no ``JsProxy``.
    """
    if not isinstance(name, str):
        raise TypeError(f"a module's name must be a str, not {type(name).__name__!r}")
    if not isinstance(jsproxy, JsProxy):
        raise TypeError(f"a JavaScript module must be a JsProxy, not {type(jsproxy).__name__!r}")
    _registered[name] = jsproxy


def unregister_js_module(name):
    """Undo :func:`register_js_module`. Modules that are imported stay.

    :raises ValueError: if no such module was registered.
    """
    if name not in _registered:
        raise ValueError(f"{name!r} cannot be unregistered: it is not a registered JavaScript module")
    del _registered[name]


def resolve(name):
    """What `pyodide.pyimport` gives: a module, or an attribute of one, by its dotted name."""
    from importlib import import_module

    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        parent, _, attribute = name.rpartition(".")
        if not parent or error.name != name:
            raise
        value = getattr(resolve(parent), attribute, error)
        if value is error:
            raise
        return value


def star_names(module):
    """What ``from module import *`` imports: the value of ``__dict__`` of JavaScript objects."""
    return {name: None for name in operate("keys", module)}


def take_place(name, value, namespace):
    """Make a JavaScript object the module `name`, whose file has just been run."""
    for own in ("__name__", "__spec__", "__loader__", "__package__"):
        setattr(value, own, namespace[own])
    value.__path__ = []
    sys.modules[name] = value


if _Finder not in sys.meta_path:
    sys.meta_path.append(_Finder)
