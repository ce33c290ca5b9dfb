from asyncio import Future
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Final, Literal

from typing_extensions import TypeAlias

__all__ = [
    "BANNER",
    "Console",
    "ConsoleFuture",
    "PyodideConsole",
    "repr_shorten",
    "shorten",
]

BANNER: Final[str]

SyntaxCheck: TypeAlias = Literal["incomplete", "syntax-error", "complete"]

class ConsoleFuture(Future[Any]):
    syntax_check: SyntaxCheck
    formatted_error: str | None
    def __init__(self, syntax_check: SyntaxCheck) -> None: ...

class Console:
    completer_word_break_characters: str
    globals: dict[str, Any]
    stdin_callback: Callable[[int], str] | None
    stdout_callback: Callable[[str], int | None] | None
    stderr_callback: Callable[[str], int | None] | None
    filename: str
    buffer: list[str]
    def __init__(
        self,
        globals: dict[str, Any] | None = None,
        *,
        stdin_callback: Callable[[int], str] | None = None,
        stdout_callback: Callable[[str], int | None] | None = None,
        stderr_callback: Callable[[str], int | None] | None = None,
        persistent_stream_redirection: bool = False,
        filename: str = "<console>",
        dont_inherit: bool = False,
        optimize: int = -1,
    ) -> None: ...
    def persistent_redirect_streams(self) -> None: ...
    def persistent_restore_streams(self) -> None: ...
    def redirect_streams(self) -> AbstractContextManager[None]: ...
    def push(self, line: str) -> ConsoleFuture: ...
    def runsource(self, source: str, filename: str = "<console>") -> ConsoleFuture: ...
    async def runcode(self, source: str, code: Any) -> Any: ...
    def formatsyntaxerror(self, e: BaseException) -> str: ...
    def num_frames_to_keep(self, tb: TracebackType | None) -> int | None: ...
    def formattraceback(self, e: BaseException) -> str: ...
    def complete(self, source: str) -> tuple[list[str], int]: ...

class PyodideConsole(Console): ...

def shorten(
    text: str, limit: int = 1000, split: int | None = None, separator: str = "..."
) -> str: ...
def repr_shorten(
    value: Any, limit: int = 1000, split: int | None = None, separator: str = "..."
) -> str: ...
