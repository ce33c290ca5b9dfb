"""Modules that nobody finds and whose package the lock file knows: an ``import`` installs it, or says what would.

What is installed, and whether, is the loader's business (``js/src/packages.ts``).
"""

import sys

from _frozen_importlib import ModuleSpec, module_from_spec
from _frozen_importlib_external import PathFinder
from _ferropy import js, operate

_importer = None


def _unseen(function):
    """Leaves a function out of the tracebacks of failed imports, which end at the `import` as for any module."""
    # The import system drops the frames of its own files.
    function.__code__ = function.__code__.replace(co_filename="<frozen importlib._bootstrap>")
    return function


class _Finder:
    """Asked last, for whoever comes after it in ``sys.meta_path`` is asked first."""

    @classmethod
    @_unseen
    def find_spec(cls, fullname, path=None, target=None):
        if path is not None or "." in fullname:
            return None
        for finder in sys.meta_path[sys.meta_path.index(cls) + 1 :]:
            if spec := finder.find_spec(fullname, path, target):
                return spec
        argument = _importer.argument(fullname)
        if argument is None:
            return None
        if _is_import():
            if _importer.installing:
                return _install(fullname, argument)
            raise ModuleNotFoundError(
                f"No module named {fullname!r}. The lock file has it in {_described(argument)}: call "
                f"`await pyodide.loadPackage({argument})` before, or `loadPyodide({{ installOnImport: true }})`",
                name=fullname,
            )
        # Who only asks whether there is such a module shall not wait for its download.
        return ModuleSpec(fullname, _Loader(argument), origin=_described(argument)) if _importer.installing else None


class _Loader:
    """Installs the package of a module when this is loaded."""

    def __init__(self, argument):
        self._argument = argument
        self._spec = None

    def create_module(self, spec):
        self._spec = PathFinder.find_spec(spec.name) or _install(spec.name, self._argument)
        return module_from_spec(self._spec)

    def exec_module(self, module):
        module.__spec__ = self._spec
        module.__loader__ = self._spec.loader
        self._spec.loader.exec_module(module)


def _is_import():
    """Whether an ``import`` calls the finder, and not somebody who wants to know whether it would work."""
    frame = sys._getframe(2)
    while frame and frame.f_code.co_name == "_find_spec":
        frame = frame.f_back
    return frame is not None and frame.f_code.co_name == "_find_and_load_unlocked"


def _described(argument):
    return f"the packages {argument[1:-1]}" if argument.startswith("[") else f"the package {argument}"


@_unseen
def _install(name, argument):
    """Installs the packages of a module.

    :returns: the module's spec.
    :raises ModuleNotFoundError: if that does not work.
    """
    try:
        _importer.install(name)
    except Exception as error:
        raise ModuleNotFoundError(
            f"No module named {name!r}: {_described(argument)} of the lock file could not be installed by this import. "
            f"{getattr(error, 'message', error)}. `await pyodide.loadPackage({argument})` before it is the asynchronous way",
            name=name,
        ) from error.with_traceback(None)  # The loader's own frames tell nobody anything.
    spec = PathFinder.find_spec(name)
    if spec is None:
        raise ModuleNotFoundError(
            f"No module named {name!r}: the lock file says that {_described(argument)} has it, and it was installed, "
            "but it has no such module. Correct `imports` in the lock file",
            name=name,
        )
    return spec


def watch():
    """Puts the finder at the end of ``sys.meta_path``."""
    global _importer
    _importer = operate("importer", js)
    sys.meta_path.append(_Finder)
