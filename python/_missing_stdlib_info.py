"""Why modules of the standard library are not here, for the message of ``ModuleNotFoundError``.

CPython's own hook: :mod:`traceback` reads ``_MISSING_STDLIB_MODULE_MESSAGES`` (``dict[str, str]``, from
a module's name to the whole message) when the import of a module of ``sys.stdlib_module_names`` fails.
"""

_REASONS = {
    "it belongs to another operating system": (
        "_aix_support _android_support _apple_support _ios_support _osx_support _scproxy syslog"
    ),
    "it needs processes, which WebAssembly does not have": (
        "_multiprocessing _posixshmem _posixsubprocess resource venv"
    ),
    "it needs threads, which this build does not have": (
        "_interpchannels _interpqueues _interpreters"
    ),
    "it needs a terminal": "_curses _curses_panel curses readline",
    "it needs Tk and a window system": "_tkinter idlelib tkinter turtle turtledemo",
    "CPython turns it off for this platform; `hmac` works without it": "_hmac",
    "there are no users and groups": "grp pwd",
    "it needs a C library that ferropy does not carry": "_dbm _gdbm _hashlib _ssl _uuid",
    "it needs OpenSSL, which ferropy does not carry; the browser or Node does the encryption": "ssl",
    "pip needs processes; `loadPackage` and `ferropy run --with` install wheels": "ensurepip",
    "the C implementation in `_decimal` is always there": "_pydecimal",
    "the C implementation in `_datetime` is always there": "_pydatetime",
    "the C implementation in `_io` is always there": "_pyio",
}

_WINDOWS = "_overlapped _winapi _wmi msvcrt nt winreg winsound"

_MISSING_STDLIB_MODULE_MESSAGES = {
    name: f"Standard library module {name!r} is not part of ferropy: {reason}"
    for reason, names in _REASONS.items()
    for name in names.split()
} | {
    # CPython's own words for these.
    name: f"Unsupported platform for Windows-only standard library module {name!r}"
    for name in _WINDOWS.split()
}
