"""A program as people write it, for type checkers; docs/testing.md tells how it is checked. It never runs."""

import asyncio
from typing import Annotated, Any, assert_type

import js
import pyodide_js
from _pyodide.jsbind import BindClass, Deep, Json
from pyodide.code import CodeRunner, eval_code, eval_code_async, find_imports, relaxed_call, run_js
from pyodide.console import Console, ConsoleFuture, repr_shorten
from pyodide.ffi import (
    IN_PYODIDE,
    ConversionError,
    JsArray,
    JsBigInt,
    JsBuffer,
    JsCallable,
    JsDoubleProxy,
    JsException,
    JsFetchResponse,
    JsMap,
    JsMutableMap,
    JsProxy,
    JsPromise,
    JsTypedArray,
    create_once_callable,
    create_proxy,
    destroy_proxies,
    jsnull,
    register_js_module,
    run_sync,
    to_js,
)
from pyodide.ffi.wrappers import add_event_listener, clear_interval, set_interval
from pyodide.webloop import PyodideFuture, WebLoop, future_of


async def download(url: str) -> dict[str, Any]:
    response = await js.fetch(url, method="POST")
    assert_type(response, JsFetchResponse)
    if not response.ok:
        raise OSError(response.status, response.statusText)
    data: bytes = (await response.clone().arrayBuffer()).to_bytes()
    text = await response.text()
    assert_type(text, str)
    result: dict[str, Any] = (await response.json()).to_py(depth=2)
    return result | {"size": len(data)}


def containers(array: JsArray[int], table: JsMutableMap[str, float], numbers: JsTypedArray) -> float:
    array.append(1)
    array[1:2] = [2, 3]
    first, *rest = array
    assert_type(first, int)
    table["sum"] = sum(array, start=table.get("sum", 0.0))
    for key, value in table.items():
        print(key.upper(), value.hex())
    total = sum(numbers.subarray(1))
    view: memoryview = numbers.to_py()
    numbers.assign(bytes(view))
    copied: list[Any] = array.to_py()
    return total + len(rest) + len(copied) + array.pop()


def proxies(element: JsProxy, buffer: JsBuffer) -> None:
    def on_click(event: JsProxy, times: int = 1) -> str:
        return event.typeof * times

    handler = create_proxy(on_click, capture_this=False)
    assert_type(handler("event", 2), str)  # type: ignore[arg-type]
    element.addEventListener("click", handler)
    handler.destroy()
    once: JsCallable[[JsProxy], str] = create_once_callable(on_click)
    print(once.js_id, handler.unwrap()(element))
    boxed: JsDoubleProxy[set[int]] = create_proxy({1})
    assert_type(boxed.unwrap(), set[int])
    made: JsArray[JsProxy] = js.Array.new()
    copied = to_js({"a": [1]}, pyproxies=made, dict_converter=js.Object.fromEntries)
    destroy_proxies(made)
    add_event_listener(element, "input", lambda event: print(event.target, copied))
    clear_interval(set_interval(lambda: None, 1000))
    with open("picture.png", "wb") as file:
        buffer.to_file(file)
    if isinstance(element, JsMap):
        print(list(element.keys()))
    print(element.object_entries()[0][0], element.as_py_json(), element.to_weakref().deref())


def errors(code: str) -> str:
    try:
        return str(run_js(code))
    except JsException as error:
        return f"{error.name}: {error.message}\n{error.stack}"
    except ConversionError:
        return repr(jsnull)


class Storage(BindClass):
    length: int

    def getItem(self, key: str, /) -> Annotated[Any, Json]: ...
    def setItem(self, key: str, value: Annotated[Any, Deep], /) -> None: ...


def storage() -> Storage:
    register_js_module("storage", js.localStorage)
    raw: JsProxy = js.localStorage
    bound = raw.bind_sig(Storage)
    assert_type(bound, Storage)
    bound.setItem("key", [JsBigInt(2) ** 70])
    return bound


def programs(source: str) -> int:
    runner = CodeRunner(source, return_mode="last_expr_or_assign", filename="cell.py").compile()
    value: Any = runner.run({}, {})
    print(find_imports(source), eval_code("1 + 1"), value, IN_PYODIDE)
    return relaxed_call(lambda number: int(number), "1", 2)


async def session(console: Console) -> str:
    future = console.push("1 + 1")
    assert_type(future, ConsoleFuture)
    if future.syntax_check == "syntax-error":
        return future.formatted_error or ""
    with console.redirect_streams():
        print(console.complete("pri")[0])
    return repr_shorten(await future, limit=100)


async def promises(promise: JsPromise[int]) -> int:
    text = await promise.then(str).catch(lambda error: str(error)).finally_(lambda: None)
    assert_type(text, str)
    loop = asyncio.get_running_loop()
    assert isinstance(loop, WebLoop)
    future: PyodideFuture[int] = loop.create_future()
    later = future.then(lambda number: number + 1)
    assert_type(await later, int)
    assert_type(await eval_code_async("await thing"), Any)
    await pyodide_js.loadPackage("numpy", checkIntegrity=True)
    total: int = pyodide_js.runPython("1", filename="one.py")
    return await future_of(promise) + run_sync(promise) + total
