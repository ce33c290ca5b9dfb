"""Running source text, with the value of its last expression."""

import ast
import linecache
import tokenize
from io import StringIO

from _ferropy import compile_program, is_coroutine_code

__all__ = [
    "CodeRunner",
    "eval_code",
    "eval_code_async",
    "find_imports",
    "run_js",
    "should_quiet",
]

_RETURN_MODES = ("last_expr", "last_expr_or_assign", "none")


def should_quiet(source):
    """Whether the last token of a program, comments apart, is a semicolon.

    :param source: a program's text, a ``str``.
    :returns: a ``bool``; False for text that cannot be tokenized.
    """
    ignored = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER}
    ignored |= {tokenize.INDENT, tokenize.DEDENT}
    last = None
    try:
        for token in tokenize.generate_tokens(StringIO(source).readline):
            if token.type not in ignored:
                last = token
    except (tokenize.TokenError, SyntaxError):
        return False
    return last is not None and last.string == ";"


def find_imports(source):
    """The top-level names of the modules that a program imports, sorted.

    :param source: a program's text, a ``str``.
    :returns: a ``list`` of ``str``; empty if the text is no valid program.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return []
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.partition(".")[0])
    return sorted(names)


def _show_assigned_name(tree):
    """Append the name that the last statement assigned, as an expression."""
    if not tree.body:
        return
    match tree.body[-1]:
        case ast.Assign(targets=[*_, ast.Name(id=name)]):
            pass
        case ast.AugAssign(target=ast.Name(id=name)):
            pass
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
            pass
        case _:
            return
    position = tree.body[-1]
    load = ast.copy_location(ast.Name(name, ast.Load()), position)
    tree.body.append(ast.copy_location(ast.Expr(load), position))


def remember_source(source, filename):
    """Let tracebacks show lines of a program that is in no file.

    :param source: the program's text, a ``str``.
    :param filename: the name it is compiled with, a ``str``.
    """
    linecache.cache[filename] = len(source), None, source.splitlines(True), filename


class CodeRunner:
    """A compiled program that can be run several times.

    :param source: a program's text or its syntax tree (:class:`ast.Module`).
    :param return_mode: ``"last_expr"`` (default) gives the last statement's value
        if that is an expression, ``"last_expr_or_assign"`` also that of a name it
        assigns, ``"none"`` gives None.
    :param mode: only ``"exec"``, kept for compatibility.
    :param quiet_trailing_semicolon: a final semicolon makes the value None.
    :param filename: the name that tracebacks show.
    :param flags: compiler flags as in :func:`compile`.
    :raises SyntaxError: if the source is no valid program.
    :raises ValueError: if ``return_mode`` or ``mode`` is unknown.
    """

    def __init__(
        self,
        source,
        *,
        return_mode="last_expr",
        mode="exec",
        quiet_trailing_semicolon=True,
        filename="<exec>",
        flags=0x0,
        dont_inherit=True,
        optimize=-1,
    ):
        if return_mode not in _RETURN_MODES:
            raise ValueError(f"return_mode is {return_mode!r}, not one of {_RETURN_MODES}")
        if mode != "exec":
            raise ValueError(f"mode is {mode!r}; only 'exec' is supported")
        del dont_inherit, optimize  # a program never inherits the runner's flags
        self.filename = filename
        self.flags = flags
        tree = ast.parse(source, filename) if isinstance(source, str) else source
        quiet = (
            quiet_trailing_semicolon and isinstance(source, str) and should_quiet(source)
        )
        if return_mode == "last_expr_or_assign" and not quiet:
            _show_assigned_name(tree)
        self._quiet = quiet or return_mode == "none"
        self.ast = tree
        self._program = None

    def compile(self):
        """Compile the syntax tree, which may have been changed. Returns self."""
        self._program = compile_program(self.ast, self.filename, self.flags)
        return self

    def run(self, globals=None, locals=None):
        """Run the program.

        :param globals: the namespace, a ``dict``; a new one by default.
        :param locals: the local namespace; the same by default.
        :returns: the value that the return mode asks for, or None.
        """
        body, last = self._parts()
        globals = {"__builtins__": __builtins__} if globals is None else globals
        locals = globals if locals is None else locals
        value = None
        if body is not None:
            exec(body, globals, locals)
        if last is not None:
            value = eval(last, globals, locals)
        return None if self._quiet else value

    async def run_async(self, globals=None, locals=None):
        """Like :meth:`run`, and awaits top-level ``await``."""
        globals = {"__builtins__": __builtins__} if globals is None else globals
        locals = globals if locals is None else locals
        value = await run_program(self._parts(), globals, locals)
        return None if self._quiet else value

    def _parts(self):
        if self._program is None:
            self.compile()
        return self._program


async def run_program(program, globals, locals):
    """Run a pair of code objects that may contain top-level ``await``."""
    value = None
    for code in program:
        if code is None:
            continue
        value = eval(code, globals, locals)
        if is_coroutine_code(code):
            value = await value
    return value if program[1] is not None else None


def eval_code(
    source,
    globals=None,
    locals=None,
    *,
    return_mode="last_expr",
    quiet_trailing_semicolon=True,
    filename="<exec>",
    flags=0x0,
):
    """Run a program's text and return the value of its last expression.

    Parameters and errors are those of :class:`CodeRunner` and its ``run``.
    """
    return CodeRunner(
        source,
        return_mode=return_mode,
        quiet_trailing_semicolon=quiet_trailing_semicolon,
        filename=filename,
        flags=flags,
    ).run(globals, locals)


async def eval_code_async(
    source,
    globals=None,
    locals=None,
    *,
    return_mode="last_expr",
    quiet_trailing_semicolon=True,
    filename="<exec>",
    flags=0x0,
):
    """Like :func:`eval_code`, for programs with top-level ``await``."""
    return await CodeRunner(
        source,
        return_mode=return_mode,
        quiet_trailing_semicolon=quiet_trailing_semicolon,
        filename=filename,
        flags=flags | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
    ).run_async(globals, locals)


def run_js(code, /):
    """Run JavaScript source text and return its value.

    :raises TypeError: if ``code`` is no ``str``.
    :raises JsException: what the code throws, also where a page forbids ``eval``.
    """
    if not isinstance(code, str):
        raise TypeError(f"the code must be a str, not {type(code).__name__}")
    import js

    return js.eval(code)

