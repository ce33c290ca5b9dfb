"""What the package loader does in Python: it lets the import system see what came and what went."""

import os
import sys

def invalidate_caches():
    """As `importlib.invalidate_caches`, which would import `importlib.metadata` and thirty modules with it."""
    for path, finder in list(sys.path_importer_cache.items()):
        if finder is None:
            del sys.path_importer_cache[path]
        elif hasattr(finder, "invalidate_caches"):
            finder.invalidate_caches()
    if metadata := sys.modules.get("importlib.metadata"):
        metadata.MetadataPathFinder.invalidate_caches()


def installed(library_folders):
    """Makes new packages importable; extension modules find libraries in some folders of theirs.

    :param library_folders: a ``list`` of paths.
    """
    if library_folders:
        paths = [path for path in os.environ.get("LD_LIBRARY_PATH", "").split(":") if path]
        paths += [path for path in library_folders if path not in paths]
        os.environ["LD_LIBRARY_PATH"] = ":".join(paths)
    invalidate_caches()


def metadata():
    """The METADATA of each installed package, without its description.

    :returns: a list of texts.
    """
    library = sys.modules.get("importlib.metadata")
    if library is None:
        # Importing it takes longer than resolving; without it nobody has added finders of their own.
        texts = _metadata_files()
    else:
        texts = (distribution.read_text("METADATA") for distribution in library.distributions())
    return [text.replace("\r\n", "\n").partition("\n\n")[0] for text in texts if text]


def _metadata_files():
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")
        except OSError:
            # Not a folder: an archive, or nothing.
            continue
        for name in names:
            if name.endswith(".dist-info"):
                try:
                    with open(os.path.join(folder, name, "METADATA"), encoding="utf-8", errors="replace") as file:
                        yield file.read()
                except OSError:
                    continue


def removed(paths):
    """Forgets the modules of files that are gone.

    :param paths: a ``list`` of absolute paths.
    """
    gone = set(paths)
    # All of them are looked at before one goes: a namespace package asks its parent where it is.
    forgotten = {name: module for name, module in sys.modules.items() if _is_gone(module, gone)}
    for name, module in forgotten.items():
        del sys.modules[name]
        parent, _, child = name.rpartition(".")
        if parent and getattr(sys.modules.get(parent), child, None) is module:
            delattr(sys.modules[parent], child)
    invalidate_caches()


def _is_gone(module, files):
    """Whether a module's file is among those that are gone, or all folders of a namespace package are."""
    file = getattr(module, "__file__", None)
    if file is not None:
        return file in files
    folders = list(getattr(module, "__path__", ()))
    return bool(folders) and not any(os.path.isdir(folder) for folder in folders)
