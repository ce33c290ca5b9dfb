from asyncio import AbstractEventLoop, BaseEventLoop, Future, Task
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar, overload

from pyodide.ffi import JsPromise

__all__ = [
    "PyodideFuture",
    "PyodideTask",
    "WebLoop",
    "WebLoopPolicy",
    "future_of",
    "settle",
]

_T = TypeVar("_T")
_S = TypeVar("_S")

class _PromiseMethods(Generic[_T]):
    @overload
    def then(self, onfulfilled: None = None, onrejected: None = None) -> PyodideFuture[_T]: ...
    @overload
    def then(
        self,
        onfulfilled: Callable[[_T], Awaitable[_S]],
        onrejected: Callable[[Exception], Awaitable[_S]] | None = None,
    ) -> PyodideFuture[_S]: ...
    @overload
    def then(
        self,
        onfulfilled: Callable[[_T], _S],
        onrejected: Callable[[Exception], _S] | None = None,
    ) -> PyodideFuture[_S]: ...
    @overload
    def then(
        self, onfulfilled: None, onrejected: Callable[[Exception], Awaitable[_S]]
    ) -> PyodideFuture[_T | _S]: ...
    @overload
    def then(
        self, onfulfilled: None, onrejected: Callable[[Exception], _S]
    ) -> PyodideFuture[_T | _S]: ...
    @overload
    def catch(
        self, onrejected: Callable[[Exception], Awaitable[_S]], /
    ) -> PyodideFuture[_T | _S]: ...
    @overload
    def catch(self, onrejected: Callable[[Exception], _S], /) -> PyodideFuture[_T | _S]: ...
    def finally_(self, onfinally: Callable[[], object], /) -> PyodideFuture[_T]: ...

class PyodideFuture(Future[_T], _PromiseMethods[_T]): ...
class PyodideTask(Task[_T], _PromiseMethods[_T]): ...

class WebLoop(BaseEventLoop):
    hosted: bool
    def __init__(self, *, hosted: bool = False) -> None: ...
    def create_future(self) -> PyodideFuture[Any]: ...

# Its base has no name of its own in every version of Python.
class WebLoopPolicy:
    def get_event_loop(self) -> AbstractEventLoop: ...
    def set_event_loop(self, loop: AbstractEventLoop | None) -> None: ...
    def new_event_loop(self) -> WebLoop: ...

def settle(
    awaitable: Awaitable[_T], resolve: Callable[[_T], object], reject: Callable[[Any], object]
) -> None: ...
@overload
def future_of(promise: JsPromise[_T]) -> Future[_T]: ...
@overload
def future_of(promise: Future[_T]) -> Future[_T]: ...
@overload
def future_of(promise: _T) -> Future[_T]: ...
