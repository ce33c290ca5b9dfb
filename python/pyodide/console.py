"""Read-eval-print loops: a `Console` to embed, and the session behind our own terminals.

`Console` and `PyodideConsole` are for pages that bring their own input box: one line goes in, a
`ConsoleFuture` comes out. `TerminalSession` is what `console.html` and the Node REPL drive; it takes
and returns nothing but strings, so the JavaScript side needs no proxies.

Nothing here draws a prompt, edits a line or knows about JavaScript.
"""

import ast
import asyncio
import codeop
import contextlib
import inspect
import io
import json
import linecache
import rlcompleter
import sys
import traceback
import types
import warnings
from collections.abc import Callable, Generator
from typing import Any, Literal

__all__ = [
    "BANNER",
    "Console",
    "ConsoleFuture",
    "PyodideConsole",
    "repr_shorten",
    "shorten",
]

BANNER = (
    f"Python {sys.version} on {sys.platform}\n"
    'Type "help", "copyright", "credits" or "license" for more information.'
)

# What GNU readline breaks words at in Python's own REPL, so that `a.b` stays one word.
_WORD_BREAKS = " \t\n`~!@#$%^&*()-=+[{]}\\|;:'\",<>/?"

SyntaxCheck = Literal["incomplete", "syntax-error", "complete"]


class ConsoleFuture(asyncio.Future):
    """The outcome of one `Console.push`.

    `syntax_check` is known at once: "incomplete" (more lines are needed; the result is None),
    "syntax-error" (the future already holds the error) or "complete" (the code is scheduled; await
    the future for the value of its last expression). `formatted_error` is the text to show when the
    future ends in an exception, else None.
    """

    def __init__(self, syntax_check: SyntaxCheck) -> None:
        super().__init__()
        self.syntax_check: SyntaxCheck = syntax_check
        self.formatted_error: str | None = None


class _Compiler:
    """Judges and compiles console input; remembers `from __future__` statements."""

    def __init__(self, dont_inherit: bool = False, optimize: int = -1) -> None:
        self._command = codeop.CommandCompiler()
        self._command.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        self._dont_inherit = dont_inherit
        self._optimize = optimize

    def check(self, source: str, filename: str) -> SyntaxCheck:
        """Say whether `source` can run, needs more lines, or never will."""
        try:
            return "complete" if self._command(source, filename, "single") else "incomplete"
        except (SyntaxError, OverflowError, ValueError) as error:
            if "\n" not in source.strip("\n"):
                return "syntax-error"
            first_error = error
        # Several statements at once, from a paste: valid as a module though not as one statement.
        # A block that is still indented stays open until a blank line, as when it is typed.
        try:
            if self._command(source, filename, "exec") is None:
                return "incomplete"
        except (SyntaxError, OverflowError, ValueError):
            del first_error
            return "syntax-error"
        return "incomplete" if source.rpartition("\n")[2][:1] in {" ", "\t"} else "complete"

    def parse(self, source: str, filename: str) -> ast.Module:
        """Parse `source` with the future statements seen so far in force."""
        return self.compile(source, filename, "exec", ast.PyCF_ONLY_AST)

    def compile(self, source: Any, filename: str, mode: str, extra: int = 0) -> Any:
        """Compile text or a tree; raises SyntaxError, ValueError or OverflowError."""
        flags = self._command.compiler.flags & ~codeop.PyCF_ALLOW_INCOMPLETE_INPUT
        flags &= ~codeop.PyCF_DONT_IMPLY_DEDENT
        return compile(source, filename, mode, flags | extra, self._dont_inherit, self._optimize)


class _Program:
    """Compiled console input: statements, then perhaps an expression whose value is wanted."""

    def __init__(self, compiler: _Compiler, source: str, filename: str) -> None:
        tree = compiler.parse(source, filename)
        last = None
        if tree.body and isinstance(tree.body[-1], ast.Expr) and not _ends_quietly(source):
            last = ast.Expression(tree.body.pop().value)
        self._body = compiler.compile(tree, filename, "exec")
        self._last = last and compiler.compile(last, filename, "eval")

    async def run_async(self, globals: dict[str, Any], locals: dict[str, Any] | None = None) -> Any:
        """Run it, awaiting what it awaits; returns the last expression's value or None."""
        value = eval(self._body, globals, locals)
        if inspect.iscoroutine(value) and self._body.co_flags & inspect.CO_COROUTINE:
            await value
        if self._last is None:
            return None
        value = eval(self._last, globals, locals)
        if self._last.co_flags & inspect.CO_COROUTINE:
            value = await value
        return value


def _ends_quietly(source: str) -> bool:
    """True when the last thing in `source`, comments apart, is a semicolon."""
    if ";" not in source:
        return False
    import tokenize

    quiet = False
    skip = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER, tokenize.DEDENT}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in skip:
            quiet = token.string == ";"
    return quiet


def _remember_source(source: str, filename: str) -> None:
    """Let tracebacks quote the lines of `source`; a None mtime keeps checkcache away from it."""
    lines = [line + "\n" for line in source.split("\n")]
    linecache.cache[filename] = (len(source), None, lines, filename)


class _ReadStream(io.TextIOBase):
    encoding = "utf-8"
    name: str

    def __init__(self, read: Callable[[int], str], name: str) -> None:
        self._read = read
        self._rest = ""
        self.name = name

    def readable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> str:
        if size is None or size < 0:
            parts = [self._rest]
            while part := self._read(-1):
                parts.append(part)
            self._rest = ""
            return "".join(parts)
        if not self._rest:
            self._rest = self._read(size)
        result, self._rest = self._rest[:size], self._rest[size:]
        return result

    def readline(self, size: int | None = -1) -> str:
        while "\n" not in self._rest:
            part = self._read(-1)
            if not part:
                break
            self._rest += part
        end = self._rest.find("\n") + 1 or len(self._rest)
        if size is not None and size >= 0:
            end = min(end, size)
        result, self._rest = self._rest[:end], self._rest[end:]
        return result


class _WriteStream(io.TextIOBase):
    encoding = "utf-8"
    name: str

    def __init__(self, write: Callable[[str], int | None], name: str) -> None:
        self._write = write
        self.name = name

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._write(text)
        return len(text)


class Console:
    """An interactive console to embed: `push` lines, await the futures.

    The callbacks get what the running code reads and writes. Streams are redirected only while code
    of this console runs, or always with `persistent_stream_redirection`. `filename`,
    `dont_inherit` and `optimize` are as for the built-in `compile`.
    """

    completer_word_break_characters: str = _WORD_BREAKS

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
    ) -> None:
        if globals is None:
            globals = {"__name__": "__console__", "__doc__": None}
        self.globals = globals
        self.stdin_callback = stdin_callback
        self.stdout_callback = stdout_callback
        self.stderr_callback = stderr_callback
        self.filename = filename
        self.buffer: list[str] = []
        self._compiler = _Compiler(dont_inherit, optimize)
        self._completer = rlcompleter.Completer(self.globals)
        self._lock = asyncio.Lock()
        self._redirection: contextlib.ExitStack | None = None
        if persistent_stream_redirection:
            self.persistent_redirect_streams()

    def persistent_redirect_streams(self) -> None:
        """Send the standard streams to the callbacks from now on."""
        if self._redirection is None:
            stack = contextlib.ExitStack()
            stack.enter_context(self._redirected())
            self._redirection = stack

    def persistent_restore_streams(self) -> None:
        """Undo `persistent_redirect_streams`."""
        if self._redirection is not None:
            self._redirection.close()
            self._redirection = None

    @contextlib.contextmanager
    def redirect_streams(self) -> Generator[None]:
        """Send the standard streams to the callbacks within a `with` block."""
        if self._redirection is not None:
            yield
            return
        with self._redirected():
            yield

    @contextlib.contextmanager
    def _redirected(self) -> Generator[None]:
        saved = sys.stdin, sys.stdout, sys.stderr
        if self.stdin_callback:
            sys.stdin = _ReadStream(self.stdin_callback, "<stdin>")
        if self.stdout_callback:
            sys.stdout = _WriteStream(self.stdout_callback, "<stdout>")
        if self.stderr_callback:
            sys.stderr = _WriteStream(self.stderr_callback, "<stderr>")
        try:
            yield
        finally:
            sys.stdin, sys.stdout, sys.stderr = saved

    def push(self, line: str) -> ConsoleFuture:
        """Add one line (or several); runs the buffered input as soon as it is complete."""
        self.buffer.extend(line.split("\n"))
        result = self.runsource("\n".join(self.buffer), self.filename)
        if result.syntax_check != "incomplete":
            self.buffer = []
        return result

    def runsource(self, source: str, filename: str = "<console>") -> ConsoleFuture:
        """Check `source` and, when it is complete, schedule it on the event loop."""
        check = self._compiler.check(source, filename)
        if check == "incomplete":
            result = ConsoleFuture("incomplete")
            result.set_result(None)
            return result
        try:
            code = _Program(self._compiler, source, filename)
        except (SyntaxError, OverflowError, ValueError) as error:
            result = ConsoleFuture("syntax-error")
            result.formatted_error = self.formatsyntaxerror(error)
            result.set_exception(error)
            # The caller shows formatted_error; not awaiting the future is then no mistake.
            result.exception()
            return result
        _remember_source(source, filename)
        result = ConsoleFuture("complete")
        task = asyncio.ensure_future(self._run_locked(source, code))

        def settle(done: asyncio.Future[Any]) -> None:
            if result.done():
                return
            if done.cancelled():
                result.formatted_error = self.formattraceback(asyncio.CancelledError())
                result.cancel()
                return
            value, error = done.result()
            if error is None:
                result.set_result(value)
            else:
                result.formatted_error = self.formattraceback(error)
                result.set_exception(error)

        task.add_done_callback(settle)
        result.add_done_callback(lambda outer: task.cancel() if outer.cancelled() else None)
        return result

    async def _run_locked(
        self, source: str, code: _Program
    ) -> tuple[Any, BaseException | None]:
        # The error is returned: a task lets KeyboardInterrupt and SystemExit escape into the event
        # loop. The lock is there because the streams are global: one input at a time.
        async with self._lock:
            with self.redirect_streams():
                try:
                    return await self.runcode(source, code), None
                except asyncio.CancelledError:
                    raise
                except BaseException as error:
                    return None, error
                finally:
                    sys.stdout.flush()
                    sys.stderr.flush()

    async def runcode(self, source: str, code: Any) -> Any:
        """Run compiled input in `globals`; override it to do something before or after."""
        return await code.run_async(self.globals)

    def formatsyntaxerror(self, e: BaseException) -> str:
        """The text of an error that stopped the input from compiling."""
        sys.last_exc = sys.last_value = e
        sys.last_type, sys.last_traceback = type(e), None
        return "".join(traceback.format_exception_only(e))

    def num_frames_to_keep(self, tb: types.TracebackType | None) -> int | None:
        """How many of the innermost frames belong to the input; None keeps all of them."""
        return _own_frames(tb, self.filename)

    def formattraceback(self, e: BaseException) -> str:
        """The traceback of an error that the input raised, without this console's own frames."""
        sys.last_exc = sys.last_value = e
        sys.last_type, sys.last_traceback = type(e), e.__traceback__
        keep = self.num_frames_to_keep(e.__traceback__)
        limit = None if keep is None else -keep
        return "".join(traceback.format_exception(e, limit=limit))

    def complete(self, source: str) -> tuple[list[str], int]:
        """Completions for the end of `source`, and the index where they replace it."""
        return _complete(self._completer, source, self.completer_word_break_characters)


def _own_frames(tb: types.TracebackType | None, filename: str) -> int | None:
    """The number of frames from the first one compiled from `filename`; None if there is none."""
    kept = 0
    for frame, _ in traceback.walk_tb(tb):
        if kept or frame.f_code.co_filename == filename:
            kept += 1
    return kept or None


class PyodideConsole(Console):
    """A `Console` that first loads the packages which the input imports."""

    async def runcode(self, source: str, code: Any) -> Any:
        """Load packages from the lock file that `source` imports, then run `code`."""
        try:
            from pyodide_js import loadPackagesFromImports
        except ImportError:
            pass
        else:
            await loadPackagesFromImports(source)
        return await super().runcode(source, code)


def _complete(
    completer: rlcompleter.Completer, source: str, word_breaks: str
) -> tuple[list[str], int]:
    line_start = source.rfind("\n") + 1
    line = source[line_start:]
    start = len(source)
    while start > line_start and source[start - 1] not in word_breaks:
        start -= 1
    names = _complete_import(line)
    if names is not None:
        # The module completer's answers replace the dotted name, as the others do.
        return names, start
    word = source[start:]
    if not word:
        return [], start
    found: dict[str, None] = {}
    # Completing an attribute runs user code (properties, __getattr__), which may do anything.
    with contextlib.suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for state in range(10_000):
            name = completer.complete(word, state)
            if name is None:
                break
            found[name] = None
    return list(found), start


def _complete_import(line: str) -> list[str] | None:
    """Module names for an import statement; None when `line` is not one."""
    if not line.lstrip().startswith(("import ", "from ")):
        return None
    try:
        # Private to CPython's own REPL and absent from trimmed libraries: never needed to go on.
        from _pyrepl._module_completer import ModuleCompleter

        result = ModuleCompleter({"__package__": None}).get_completions(line, include_values=False)
    except (ImportError, TypeError):
        return None
    return None if result is None else list(result[0])


def shorten(text: str, limit: int = 1000, split: int | None = None, separator: str = "...") -> str:
    """Cut the middle out of a text longer than `limit`, keeping `split` characters at each end."""
    if split is None:
        split = limit // 2
    if limit < 2:
        raise ValueError("limit must be at least 2")
    if split < 1 or split * 2 > max(limit, len(text)):
        raise ValueError("split must be at least 1 and at most half of limit")
    if len(text) <= limit:
        return text
    return f"{text[:split]}{separator}{text[-split:]}"


def repr_shorten(
    value: Any, limit: int = 1000, split: int | None = None, separator: str = "..."
) -> str:
    """`repr(value)`, with the middle cut out when it is longer than `limit`."""
    return shorten(repr(value), limit, split, separator)


class TerminalSession:
    """The Python half of a terminal REPL whose line editor is in JavaScript.

    Each call takes strings and returns a string. Code runs in `__main__`, statement by statement
    as if each had been typed, and shows values through `sys.displayhook`.
    """

    def __init__(self) -> None:
        import __main__

        self._globals = __main__.__dict__
        self._compiler = _Compiler()
        self._completer = rlcompleter.Completer(self._globals)
        self._count = 0
        self._task: asyncio.Task[Any] | None = None
        self._interrupted = False
        # Python chose its buffering before JavaScript said that the streams are a terminal.
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(line_buffering=True)

    def banner(self) -> str:
        """What to print first."""
        return BANNER

    def prompts(self) -> str:
        """`sys.ps1` and `sys.ps2` as a JSON array; setting them works as in python3."""
        for name, default in (("ps1", ">>> "), ("ps2", "... ")):
            if not hasattr(sys, name):
                setattr(sys, name, default)
        return json.dumps([str(sys.ps1), str(sys.ps2)])

    def check(self, source: str) -> SyntaxCheck:
        """Whether Enter should run `source` or open another line."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self._compiler.check(source, "<python-input>")

    def complete(self, source: str) -> str:
        """JSON `[[completion, …], start]` for the end of `source`."""
        return json.dumps(_complete(self._completer, source, _WORD_BREAKS))

    def interrupt(self) -> bool:
        """Stop the input that is awaiting something; False when none is."""
        if self._task is None or self._task.done():
            return False
        self._interrupted = True
        return self._task.cancel()

    async def run(self, source: str) -> str:
        """Run `source` and print what it gives; returns "ok", "error" or "exit:STATUS"."""
        filename = f"<python-input-{self._count}>"
        self._count += 1
        self._interrupted = False
        _remember_source(source, filename)
        outcome: list[BaseException | None] = []
        self._task = asyncio.ensure_future(self._run(source, filename, outcome))
        try:
            await self._task
        except asyncio.CancelledError as error:
            outcome = [error]
        finally:
            self._task = None
        return self._report(outcome[0], filename)

    async def _run(self, source: str, filename: str, outcome: list[BaseException | None]) -> None:
        # Errors go out through `outcome`: KeyboardInterrupt and SystemExit raised in a task would
        # tear down the event loop.
        try:
            tree = self._compiler.parse(source, filename)
            codes = [
                self._compiler.compile(ast.Interactive([statement]), filename, "single")
                for statement in tree.body
            ]
            # Compiled once more as typed: this is how codeop learns of `from __future__`.
            self.check(source)
            for code in codes:
                value = types.FunctionType(code, self._globals)()
                if code.co_flags & inspect.CO_COROUTINE:
                    await value
        except asyncio.CancelledError as error:
            outcome.append(error)
        except BaseException as error:
            outcome.append(error)
        else:
            outcome.append(None)

    def _report(self, error: BaseException | None, filename: str) -> str:
        status = "ok"
        try:
            if isinstance(error, SystemExit):
                status = f"exit:{_exit_status(error)}"
            elif isinstance(error, asyncio.CancelledError) and self._interrupted:
                status = "error"
                print("\nKeyboardInterrupt", file=sys.stderr)
            elif error is not None:
                status = "error"
                self._show(error, filename)
        finally:
            for stream in (sys.stdout, sys.stderr):
                # The user may have closed or replaced them.
                with contextlib.suppress(Exception):
                    stream.flush()
        return status

    def _show(self, error: BaseException, filename: str) -> None:
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
            trace = trace.tb_next
        if isinstance(error, SyntaxError) and error.filename == filename:
            # The input did not compile; the frames above it are ours or the compiler's.
            trace = None
        error = error.with_traceback(trace)
        sys.last_exc = sys.last_value = error
        sys.last_type, sys.last_traceback = type(error), trace
        if sys.excepthook is not sys.__excepthook__:
            sys.excepthook(type(error), error, trace)
            return
        try:
            from _colorize import can_colorize

            colour = {"colorize": can_colorize(file=sys.stderr)}
        except ImportError:
            colour = {}
        traceback.print_exception(error, **colour)


def _exit_status(error: SystemExit) -> int:
    """The process status python3 would end with; prints a message given instead of a number."""
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    print(error.code, file=sys.stderr)
    return 1


_terminal: TerminalSession | None = None


def _terminal_session() -> TerminalSession:
    """The one session of this interpreter; JavaScript reaches it by name."""
    global _terminal
    if _terminal is None:
        _terminal = TerminalSession()
    return _terminal
