# micropip's interface, on ferropy's resolver and installer.

import builtins
from collections import UserDict
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Literal

async def install(
    requirements: str | Iterable[str],
    keep_going: bool = ...,
    deps: bool = ...,
    credentials: Literal["omit", "same-origin", "include"] | None = ...,
    pre: bool = ...,
    index_urls: str | Iterable[str] | None = ...,
    *,
    constraints: str | Iterable[str] | None = ...,
    reinstall: bool = ...,
    verbose: bool | int | None = ...,
) -> None: ...
class PackageMetadata:
    name: str
    version: str
    source: str

    def __init__(self, name: str, version: str = ..., source: str = ...) -> None: ...
    def __eq__(self, other: object) -> bool: ...

class PackageDict(UserDict[str, PackageMetadata]): ...

def list() -> PackageDict: ...
def freeze() -> str: ...
def uninstall(packages: str | Iterable[str], *, verbose: bool | int = ...) -> None: ...
def set_index_urls(urls: str | Iterable[str]) -> None: ...
def set_constraints(constraints: str | Iterable[str]) -> None: ...
def add_mock_package(
    name: str,
    version: str,
    *,
    modules: Mapping[str, str | Callable[[ModuleType], object] | None] | None = ...,
    persistent: bool = ...,
) -> None: ...
def list_mock_packages() -> builtins.list[str]: ...
def remove_mock_package(name: str) -> None: ...
