from _ast import Module
from collections.abc import Callable, Mapping
from types import CodeType
from typing import Any, Literal, TypeVar

from typing_extensions import ParamSpec, Self, TypeAlias

__all__ = [
    "CodeRunner",
    "eval_code",
    "eval_code_async",
    "find_imports",
    "relaxed_call",
    "relaxed_wrap",
    "run_js",
    "should_quiet",
]

_P = ParamSpec("_P")
_T = TypeVar("_T")

_ReturnMode: TypeAlias = Literal["last_expr", "last_expr_or_assign", "none"]
_Globals: TypeAlias = dict[str, Any]
_Locals: TypeAlias = Mapping[str, Any]

class CodeRunner:
    ast: Module  # in mode "single" an Interactive
    code: CodeType  # None before compile()
    def __init__(
        self,
        source: str,
        *,
        return_mode: _ReturnMode = "last_expr",
        mode: Literal["exec", "single"] = "exec",
        quiet_trailing_semicolon: bool = True,
        filename: str = "<exec>",
        flags: int = 0x0,
        dont_inherit: bool = False,
        optimize: int = -1,
    ) -> None: ...
    def compile(self) -> Self: ...
    def run(self, globals: _Globals | None = None, locals: _Locals | None = None) -> Any: ...
    async def run_async(
        self, globals: _Globals | None = None, locals: _Locals | None = None
    ) -> Any: ...

def eval_code(
    source: str,
    globals: _Globals | None = None,
    locals: _Locals | None = None,
    *,
    return_mode: _ReturnMode = "last_expr",
    quiet_trailing_semicolon: bool = True,
    filename: str = "<exec>",
    flags: int = 0x0,
    dont_inherit: bool = False,
    optimize: int = -1,
) -> Any: ...
async def eval_code_async(
    source: str,
    globals: _Globals | None = None,
    locals: _Locals | None = None,
    *,
    return_mode: _ReturnMode = "last_expr",
    quiet_trailing_semicolon: bool = True,
    filename: str = "<exec>",
    flags: int = 0x0,
    dont_inherit: bool = False,
    optimize: int = -1,
) -> Any: ...
def find_imports(source: str) -> list[str]: ...
def should_quiet(source: str, /) -> bool: ...
def run_js(code: str, /) -> Any: ...
def relaxed_call(func: Callable[..., _T], /, *args: Any, **kwargs: Any) -> _T: ...
def relaxed_wrap(func: Callable[_P, _T]) -> Callable[..., _T]: ...
def remember_source(source: str, filename: str) -> None: ...
