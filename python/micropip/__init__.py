"""Installs packages while Python runs: micropip's interface, on ferropy's resolver and installer.

The requirements of one call are resolved together with what is installed, and either all of the result is
installed or nothing is.
"""

# Only what is quick to import stands here; the rest is imported where it is needed.
from collections import UserDict

from pyodide.ffi import JsException as _JsException
from pyodide.ffi import to_js as _to_js

__version__ = "0.11.1"  # the version whose interface this is

_index_urls = None
_constraints = []


def _texts(value):
    return [value] if isinstance(value, str) else [*value]


async def install(
    requirements,
    keep_going=False,
    deps=True,
    credentials=None,
    pre=False,
    index_urls=None,
    *,
    constraints=None,
    reinstall=False,
    verbose=None,
):
    """Installs packages and all that they need.

    :param requirements: a requirement (PEP 508) such as ``"rich[jupyter]>=13"`` or the URL of a wheel (``https:``,
        or ``emfs:`` for a file of Python's file system), or a list of them.
    :param keep_going: without effect: an error always names all that stands in the way.
    :param deps: whether what the packages need is installed, too.
    :param credentials: how requests treat cookies and logins: ``"omit"``, ``"same-origin"`` or ``"include"``.
    :param pre: whether versions such as ``2.0rc1`` are like any other.
    :param index_urls: the indexes to ask, in this order; ``{package_name}`` in one stands for the name. Default: those
        of ``set_index_urls``, else those of the lock file.
    :param constraints: requirements that bound versions and ask for nothing; default those of ``set_constraints``.
    :param reinstall: whether packages that are installed may be replaced by other versions.
    :param verbose: whether to print what is done.
    :raises ValueError: if the requirements cannot be met; the message says what stands in the way.
    :raises OSError: if a file cannot be got.
    """
    import pyodide_js

    options = {
        "deps": deps,
        "pre": pre,
        "reinstall": reinstall,
        "constraints": _constraints if constraints is None else _texts(constraints),
    }
    urls = _index_urls if index_urls is None else _texts(index_urls)
    if urls is not None:
        options["indexURLs"] = urls
    if credentials is not None:
        options["credentials"] = credentials
    if verbose:
        options["messageCallback"] = print
    from js import Object

    try:
        await pyodide_js.installPackages(
            _to_js(_texts(requirements)), _to_js(options, dict_converter=Object.fromEntries)
        )
    except _JsException as error:
        if error.name == "PackageError":
            raise ValueError(error.message) from None
        if error.name == "FetchError":
            raise OSError(error.message) from None
        raise


class PackageMetadata:
    """An installed package.

    :ivar name: its name.
    :ivar version: its version.
    :ivar source: where it came from: a URL, ``"default channel"`` for packages of the lock file, ``"mock"``, or empty
        if that is not known.
    """

    def __init__(self, name, version="", source=""):
        self.name = name
        self.version = version
        self.source = source

    def __eq__(self, other):
        return isinstance(other, PackageMetadata) and vars(self) == vars(other)

    __hash__ = None

    def __repr__(self):
        return f"PackageMetadata(name={self.name!r}, version={self.version!r}, source={self.source!r})"


class PackageDict(UserDict[str, PackageMetadata]):
    """Installed packages by name; its ``repr`` is a table."""

    def __getitem__(self, name):
        return super().__getitem__(_normalized(name))

    def __setitem__(self, name, package):
        super().__setitem__(_normalized(name), package)

    def __contains__(self, name):
        return isinstance(name, str) and super().__contains__(_normalized(name))

    def __repr__(self):
        rows = [("Name", "Version", "Source")]
        rows += [(one.name, one.version, one.source) for one in self.values()]
        widths = [max(map(len, column)) for column in zip(*rows)]
        lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
        lines.insert(1, " | ".join("-" * width for width in widths))
        return "\n".join(lines)


def _normalized(name):
    import re

    return re.sub(r"[-_.]+", "-", name).lower()


def list():
    """The packages that are installed.

    :returns: a :class:`PackageDict`, sorted by name.
    """
    from importlib import metadata

    import pyodide_js

    from . import _mock

    origins = {_normalized(name): origin for name, origin in pyodide_js.loadedPackages.object_entries()}
    packages = PackageDict()
    for found in sorted(metadata.distributions(), key=lambda one: _normalized(one.name)):
        source = "mock" if _mock.is_mock(found) else origins.get(_normalized(found.name), "")
        packages[found.name] = PackageMetadata(found.name, found.version, source)
    return packages


def freeze():
    """A lock file (``pyodide-lock.json``) that brings back what is installed now.

    :returns: JSON, to be given to ``loadPyodide`` as ``lockFileContents``.
    """
    import json

    import pyodide_js

    return json.dumps(pyodide_js.freezePackages().to_py(), indent=2, sort_keys=True)


def uninstall(packages, *, verbose=False):
    """Takes packages out again: their files and their modules. Warns of those that are not installed.

    :param packages: a name, or a list of names.
    :param verbose: whether to print what is done.
    :raises ValueError: if a package cannot be taken out, with the reason: native code stays for good, and so does
        what other packages need.
    """
    import warnings

    import pyodide_js

    from . import _mock

    loaded = {_normalized(name) for name in pyodide_js.loadedPackages.object_keys()}
    for name in _texts(packages):
        if _mock.find(name) is not None:
            _mock.remove(name)
        elif _normalized(name) in loaded:
            try:
                pyodide_js.unloadPackage(name)
            except _JsException as error:
                raise ValueError(error.message) from None
        else:
            warnings.warn(f"{name} is not installed", stacklevel=2)
            continue
        if verbose:
            print(f"Uninstalled {name}")


def set_index_urls(urls):
    """Sets the indexes that :func:`install` asks.

    :param urls: a URL or a list of URLs; ``{package_name}`` in one stands for the name.
    """
    global _index_urls
    _index_urls = _texts(urls)


def set_constraints(constraints):
    """Sets the constraints that :func:`install` keeps to.

    :param constraints: a list of requirements that bound versions and ask for nothing.
    """
    global _constraints
    _constraints = _texts(constraints)


def add_mock_package(name, version, *, modules=None, persistent=False):
    """Makes a package that is there in name only, so that others which need it can be installed.

    :param name: its name.
    :param version: its version.
    :param modules: what can be imported: for each full name the module's source, or a function that is called with
        the new module, or None for an empty one. Default: one empty module with the package's name.
    :param persistent: whether to write files, which last as long as the file system does. Functions cannot be
        written.
    :raises ValueError: if the package exists, or the version is none.
    :raises TypeError: if a module is neither text nor a function.
    """
    from . import _mock

    _mock.add(name, version, modules, persistent)


def remove_mock_package(name):
    """Removes what :func:`add_mock_package` made.

    :raises ValueError: if there is no such mock package.
    """
    from . import _mock

    _mock.remove(name)


def list_mock_packages():
    """The names of the packages that :func:`add_mock_package` made."""
    from . import _mock

    return [found.name for found in _mock.distributions()]


__all__ = [
    "add_mock_package",
    "freeze",
    "install",
    "list",
    "list_mock_packages",
    "remove_mock_package",
    "set_constraints",
    "set_index_urls",
    "uninstall",
]
