"""Packages that are there in name only, to satisfy what others need."""

import importlib
import importlib.abc
import importlib.machinery
import importlib.metadata
import os
import re
import shutil
import sys
import sysconfig

_MARK = "ferropy mock package\n"


class _Distribution(importlib.metadata.Distribution):
    """A package without files."""

    def __init__(self, name, version, modules):
        self.modules = modules
        self._texts = {
            "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            "INSTALLER": _MARK,
        }

    def read_text(self, filename):
        return self._texts.get(filename)

    def locate_file(self, path):
        raise FileNotFoundError(f"{path}: a mock package has no files")


class _Finder(importlib.metadata.DistributionFinder, importlib.abc.Loader):
    """Finds the mock packages of this process and their modules."""

    def __init__(self):
        self.packages = {}

    def find_distributions(self, context=importlib.metadata.DistributionFinder.Context()):
        if context.name is None:
            return iter(list(self.packages.values()))
        found = self.packages.get(_normalized(context.name))
        return iter([] if found is None else [found])

    def find_spec(self, name, path=None, target=None):
        for package in self.packages.values():
            if name in package.modules:
                # Any of them may have modules below it.
                return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        body = next(one.modules[module.__name__] for one in self.packages.values() if module.__name__ in one.modules)
        if callable(body):
            body(module)
        elif body:
            exec(compile(body, f"<mock {module.__name__}>", "exec"), module.__dict__)


_finder = _Finder()


def _normalized(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def distributions():
    """All mock packages."""
    return [found for found in importlib.metadata.distributions() if is_mock(found)]


def is_mock(distribution):
    """Whether a package was made here."""
    return distribution.read_text("INSTALLER") == _MARK


def find(name):
    """The mock package with a name, or None."""
    return next((found for found in distributions() if _normalized(found.name) == _normalized(name)), None)


def add(name, version, modules, persistent):
    """Makes a mock package; see `micropip.add_mock_package`."""
    if not re.fullmatch(r"[A-Za-z0-9]([\w.-]*[A-Za-z0-9])?", name):
        raise ValueError(f"{name!r} is not a package's name")
    if not re.match(r"v?(\d+!)?\d+(\.\d+)*", version):
        raise ValueError(f"{version!r} is not a version")
    if any(_normalized(found.name) == _normalized(name) for found in importlib.metadata.distributions()):
        raise ValueError(f"{name} is installed already; remove it first")
    modules = {name.replace("-", "_"): None} if modules is None else dict(modules)
    for module, body in modules.items():
        if body is not None and not isinstance(body, str) and (persistent or not callable(body)):
            raise TypeError(f"the module {module} is given as {type(body).__name__}; give its source as a text")
    package = _Distribution(name, version, modules)
    if persistent:
        _write(package)
    else:
        if _finder not in sys.meta_path:
            sys.meta_path.append(_finder)
        _finder.packages[_normalized(name)] = package
    importlib.invalidate_caches()


def _write(package):
    site = sysconfig.get_path("purelib")
    name, version = package.name, package.version
    info = os.path.join(site, f"{name.replace('-', '_')}-{version}.dist-info")
    files = {os.path.join(site, *module.split("."), "__init__.py"): body or "" for module, body in package.modules.items()}
    taken = [path for path in files if os.path.exists(path)]
    if taken:
        raise ValueError(f"{taken[0]} exists already")
    for key in ("METADATA", "INSTALLER"):
        files[os.path.join(info, key)] = package.read_text(key)
    files[os.path.join(info, "RECORD")] = "".join(f"{os.path.relpath(path, site)},,\n" for path in files)
    for path, text in files.items():
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)


def remove(name):
    """Removes a mock package; see `micropip.remove_mock_package`."""
    package = find(name)
    if package is None:
        raise ValueError(f"{name} is not a mock package")
    modules = getattr(package, "modules", None)
    if modules is None:
        paths = [path for path in package.files or [] if path.name == "__init__.py"]
        modules = [".".join(path.parts[:-1]) for path in paths]
        for path in [*paths, next(path for path in package.files if path.name == "METADATA")]:
            shutil.rmtree(path.locate().parent, ignore_errors=True)
    else:
        del _finder.packages[_normalized(name)]
    for module in modules:
        sys.modules.pop(module, None)
    importlib.invalidate_caches()
