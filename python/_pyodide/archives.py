"""Unpacks archives. Apart from `packages`, which every package load imports."""

import os

from .packages import invalidate_caches

# Bytes that may come out of one archive, and how much more that may be than went in (checked from 64 MiB on).
_MOST_BYTES = 4 << 30
_MOST_RATIO = 200
_RATIO_FROM = 64 << 20

_TAR_MODES = {
    "tar": "r:",
    "gztar": "r:gz",
    "bztar": "r:bz2",
    "xztar": "r:xz",
    "zstdtar": "r:zst",
}
_SYNONYMS = {
    "tar.gz": "gztar",
    "tgz": "gztar",
    "tar.bz2": "bztar",
    "tbz2": "bztar",
    "tar.xz": "xztar",
    "txz": "xztar",
    "tar.zst": "zstdtar",
    "tzst": "zstdtar",
    "wheel": "zip",
    "whl": "zip",
}


def unpack(buffer, kind, folder):
    """Unpacks an archive; what would leave the folder, or fill the memory, is refused before anything is written.

    :param buffer: its bytes, a JavaScript array or buffer.
    :param kind: a format's name as `shutil.unpack_archive` knows it, or an ending.
    :param folder: where the files go, or None for the current folder.
    :raises ValueError: if the format is not known, or the archive must not be unpacked.
    """
    import io

    name = kind.removeprefix(".").lower()
    name = _SYNONYMS.get(name, name)
    data = io.BytesIO(buffer.to_py())
    folder = os.path.abspath(folder or ".")
    if name == "zip":
        _unpack_zip(data, folder)
    elif name in _TAR_MODES:
        _unpack_tar(data, _TAR_MODES[name], folder)
    else:
        known = ", ".join(sorted([*_TAR_MODES, "zip", *_SYNONYMS]))
        raise ValueError(f"{kind!r} is not the name of an archive format: there are {known}")
    invalidate_caches()


def _check_size(total, packed):
    if total > _MOST_BYTES or (total > _RATIO_FROM and total > packed * _MOST_RATIO):
        raise ValueError(f"the archive of {packed} bytes would unpack to {total}: this looks like a bomb")


def _unpack_tar(data, mode, folder):
    import tarfile

    packed = len(data.getbuffer())
    with tarfile.open(fileobj=data, mode=mode) as archive:
        total = 0
        for member in archive:
            total += member.size
            _check_size(total, packed)
            # Raises tarfile.FilterError, which names the member.
            tarfile.data_filter(member, folder)
        archive.extractall(folder, filter="data")


def _unpack_zip(data, folder):
    import stat
    import zipfile

    packed = len(data.getbuffer())
    with zipfile.ZipFile(data) as archive:
        seen = set()
        total = 0
        for info in archive.infolist():
            path = info.orig_filename
            parts = path.rstrip("/").split("/")
            kind = stat.S_IFMT(info.external_attr >> 16)
            if path.startswith("/") or "\\" in path or "\0" in path or not {"", ".", ".."}.isdisjoint(parts):
                raise ValueError(f"the archive's entry {path!r} would leave the folder that it is unpacked into")
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise ValueError(f"the archive's entry {path!r} is a link or a device, not a file")
            if path in seen:
                raise ValueError(f"the archive's entry {path!r} occurs twice")
            seen.add(path)
            total += info.file_size
            _check_size(total, packed)
        archive.extractall(folder)
