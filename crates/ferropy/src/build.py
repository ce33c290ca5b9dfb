"""Builds a wheel from a source archive, inside the interpreter itself.

Arguments: the archive, a scratch folder, the output folder, the backend, and the folders
of the project that the backend is imported from.
"""

import functools
import importlib
import os
import sys
import tarfile

archive, work, out, backend, *paths = sys.argv[1:]
with tarfile.open(archive) as tar:
    tar.extractall(work, filter="data")
    (root,) = {name.split("/")[0] for name in tar.getnames()}
os.chdir(os.path.join(work, root))
sys.path[:0] = [os.path.abspath(path) for path in paths]
# Backends read the project's own arguments from here.
sys.argv[1:] = []
module, _, names = backend.partition(":")
target = functools.reduce(getattr, filter(None, names.split(".")), importlib.import_module(module))
print("built", target.build_wheel(out))
