from collections.abc import Callable
from typing import Any

from pyodide.ffi import JsProxy

__all__ = [
    "add_event_listener",
    "clear_interval",
    "clear_timeout",
    "remove_event_listener",
    "set_interval",
    "set_timeout",
]

def add_event_listener(elt: JsProxy, event: str, listener: Callable[[Any], object]) -> None: ...
def remove_event_listener(elt: JsProxy, event: str, listener: Callable[[Any], object]) -> None: ...
def set_timeout(callback: Callable[[], object], timeout: float) -> int | JsProxy: ...
def clear_timeout(timeout_retval: int | JsProxy) -> None: ...
def set_interval(callback: Callable[[], object], interval: float) -> int | JsProxy: ...
def clear_interval(interval_retval: int | JsProxy) -> None: ...
