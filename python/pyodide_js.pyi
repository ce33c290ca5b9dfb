# What `loadPyodide` gave. Options that JavaScript takes as an object are keyword arguments here.

from collections.abc import Mapping
from typing import Any, Final

from pyodide.ffi import JsArray, JsPromise, JsProxy

version: Final[str]
globals: Final[dict[str, Any]]
loadedPackages: Final[JsProxy]
ffi: Final[JsProxy]
FS: Final[Any]
PATH: Final[Any]
ERRNO_CODES: Final[JsProxy]

def __getattr__(name: str) -> Any: ...
def runPython(
    code: str,
    /,
    *,
    globals: dict[str, Any] = ...,
    locals: Mapping[str, Any] = ...,
    filename: str = ...,
) -> Any: ...
def runPythonAsync(
    code: str,
    /,
    *,
    globals: dict[str, Any] = ...,
    locals: Mapping[str, Any] = ...,
    filename: str = ...,
) -> JsPromise[Any]: ...
def toPy(value: Any, /, *, depth: int = ..., defaultConverter: Any = ...) -> Any: ...
def pyimport(name: str, /) -> Any: ...
def registerJsModule(name: str, module: JsProxy, /) -> None: ...
def unregisterJsModule(name: str, /) -> None: ...
def loadPackage(
    sources: str | JsArray[str],
    /,
    *,
    messageCallback: Any = ...,
    errorCallback: Any = ...,
    checkIntegrity: bool = ...,
) -> JsPromise[JsArray[Any]]: ...
def loadPackagesFromImports(
    code: str,
    /,
    *,
    messageCallback: Any = ...,
    errorCallback: Any = ...,
    checkIntegrity: bool = ...,
) -> JsPromise[JsArray[Any]]: ...
def installPackages(
    requirements: str | JsArray[str] | list[str],
    /,
    *,
    indexURLs: JsArray[str] = ...,
    constraints: JsArray[str] = ...,
    deps: bool = ...,
    pre: bool = ...,
    reinstall: bool = ...,
    credentials: str = ...,
    messageCallback: Any = ...,
    errorCallback: Any = ...,
    checkIntegrity: bool = ...,
) -> JsPromise[JsArray[Any]]: ...
def freezePackages() -> JsProxy: ...
def unloadPackage(name: str, /) -> None: ...
def setDebug(debug: bool, /) -> bool: ...
def checkInterrupt() -> None: ...
