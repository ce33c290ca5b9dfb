"""Running source text, with the value of its last expression; calling with too many arguments."""

# `ast`, `inspect` and `tokenize` would take longer to import than most programs take to run. The
# compiler's own `_ast` has the classes of the nodes.
from _ast import AnnAssign, Assign, AugAssign, Expr, Import, ImportFrom, Load, Name, Store
from _ast import PyCF_ALLOW_TOP_LEVEL_AWAIT, PyCF_ONLY_AST

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

_RETURN_MODES = ("last_expr", "last_expr_or_assign", "none")
_MODES = ("exec", "single")

# Programs with this name get no lines in tracebacks: all of them share it.
_UNNAMED = "<exec>"

# A program's value is assigned to this name, which no program can spell; see _return_value.
_VALUE = "<value>"

# The flags of code objects, as in `inspect`.
_CO_VARARGS = 0x04
_CO_VARKEYWORDS = 0x08
_CO_COROUTINE = 0x80


def _dedent(source):
    """Take away the indentation that all lines share, which code in a template string has."""
    if not isinstance(source, str):
        raise TypeError(f"the source must be a str, not {type(source).__name__}")
    margin = source[: len(source) - len(source.lstrip())]
    if not margin.endswith((" ", "\t")):
        return source
    import textwrap

    return textwrap.dedent(source)


def should_quiet(source, /):
    """Whether a semicolon follows a program's last statement.

    :param source: a program's text, a ``str``.
    :returns: a ``bool``; False if the text is no valid program.
    """
    if ";" not in source:
        return False
    try:
        return _ends_with_semicolon(source, compile(source, _UNNAMED, "exec", PyCF_ONLY_AST))
    except (SyntaxError, ValueError):
        return False


def _ends_with_semicolon(source, tree):
    if ";" not in source or not tree.body:
        return False
    # Positions count lines and UTF-8 bytes. Only blanks, comments and a semicolon can follow.
    lines = source.encode().replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    last = tree.body[-1]
    rest = [lines[last.end_lineno - 1][last.end_col_offset :], *lines[last.end_lineno :]]
    return b"\n".join(rest).lstrip(b" \t\f\n\\").startswith(b";")


def find_imports(source):
    """The names of the modules that a program imports and of the packages they are in, sorted.

    ``import a.b`` gives ``["a", "a.b"]``. What is imported from the program's own package
    (``from . import c``) is left out, and so is what ``importlib`` imports.

    :param source: a program's text, a ``str``.
    :returns: a ``list`` of ``str``; empty if the text is no valid program.
    :raises TypeError: if ``source`` is no ``str``.
    """
    try:
        tree = compile(_dedent(source), _UNNAMED, "exec", PyCF_ONLY_AST)
    except (SyntaxError, ValueError):
        return []
    modules = []
    for statement in _statements(tree):
        if isinstance(statement, Import):
            modules += [alias.name for alias in statement.names]
        elif isinstance(statement, ImportFrom) and statement.level == 0:
            modules.append(statement.module)
    names = set()
    for module in modules:
        while module:
            names.add(module)
            module = module.rpartition(".")[0]
    return sorted(names)


def _statements(tree):
    """Every statement of a program, in no order. Expressions contain none, so they are not visited."""
    pending = [tree]
    for node in pending:
        for field in ("body", "orelse", "handlers", "finalbody", "cases"):
            pending += getattr(node, field, ())
    return pending


def _last_value(statement, return_mode):
    """The expression that a program's last statement stands for, or None."""
    match statement:
        case Expr(value=value):
            return value
        case _ if return_mode != "last_expr_or_assign":
            return None
        case Assign(targets=targets):
            names = [target.id for target in targets if isinstance(target, Name)]
        case AugAssign(target=Name(id=name)):
            names = [name]
        case AnnAssign(target=Name(id=name), value=value) if value is not None:
            names = [name]
        case _:
            return None
    return Name(names[0], Load(), **_position(statement)) if names else None


def _position(node):
    """A node's position, as arguments for one that replaces it."""
    names = ("lineno", "col_offset", "end_lineno", "end_col_offset")
    return {name: getattr(node, name) for name in names}


def _assign_value(tree, return_mode):
    """A copy of a program's tree that assigns its value to `_VALUE` at the end; or the tree itself."""
    *statements, last = tree.body or [None]
    value = _last_value(last, return_mode)
    if value is None:
        return tree
    if not isinstance(last, Expr):
        statements.append(last)
    position = _position(last)
    statements.append(Assign([Name(_VALUE, Store(), **position)], value, **position))
    return type(tree)(statements)


def _return_value(code):
    """Make a code object return what it would assign to `_VALUE`.

    The compiler refuses `return` outside of functions. An assignment takes its value from the stack
    and so does a return, hence only the number of the instruction has to change.
    """
    if _VALUE not in code.co_names:
        return code
    from _opcode_metadata import opmap  # from which `opcode` has it

    index = code.co_names.index(_VALUE)
    instructions = bytearray(code.co_code)
    argument = 0
    for at in range(0, len(instructions), 2):
        argument = argument << 8 | instructions[at + 1]
        if instructions[at] == opmap["STORE_NAME"] and argument == index:
            instructions[at : at + 2] = opmap["RETURN_VALUE"], 0
        if instructions[at] != opmap["EXTENDED_ARG"]:
            argument = 0
    return code.replace(co_code=bytes(instructions))


def remember_source(source, filename):
    """Let tracebacks show lines of a program that is in no file.

    :param source: the program's text, a ``str``.
    :param filename: the name it is compiled with, a ``str``.
    """
    import linecache

    lines = [line + "\n" for line in source.split("\n")]
    linecache.cache[filename] = len(source), None, lines, filename


class CodeRunner:
    """A program that is compiled once and can run several times.

    ``ast`` is its syntax tree (:class:`ast.Module`, in mode ``"single"`` :class:`ast.Interactive`),
    which may be changed before :meth:`compile`. ``code`` is its code object, which may be replaced
    afterwards; None before. ``eval(runner.code)`` gives what :meth:`run` does.

    :param source: a program's text, a ``str``; indentation that all lines share is taken away.
    :param return_mode: ``"last_expr"`` (default) gives the last statement's value if that is an
        expression, ``"last_expr_or_assign"`` also that of a name it assigns, ``"none"`` gives None.
    :param mode: ``"exec"`` or ``"single"``, as in :func:`compile`.
    :param quiet_trailing_semicolon: a final semicolon makes the value None.
    :param filename: the name that tracebacks show. They show lines too unless it is ``"<exec>"``.
    :param flags: compiler flags as in :func:`compile`; ``ast.PyCF_ALLOW_TOP_LEVEL_AWAIT`` allows
        ``await``, for :meth:`run_async`.
    :param dont_inherit: as in :func:`compile`; there is nothing to inherit.
    :param optimize: as in :func:`compile`.
    :raises SyntaxError: if the source is no valid program.
    :raises TypeError: if ``source`` is no ``str``.
    :raises ValueError: if ``return_mode``, ``mode`` or a compiler flag is unknown.
    """

    def __init__(
        self,
        source,
        *,
        return_mode="last_expr",
        mode="exec",
        quiet_trailing_semicolon=True,
        filename=_UNNAMED,
        flags=0x0,
        dont_inherit=False,
        optimize=-1,
    ):
        if return_mode not in _RETURN_MODES:
            raise ValueError(f"return_mode must be one of {_RETURN_MODES}, not {return_mode!r}")
        if mode not in _MODES:
            raise ValueError(f"mode must be one of {_MODES}, not {mode!r}")
        source = _dedent(source)
        self.ast = compile(source, filename, mode, flags | PyCF_ONLY_AST, dont_inherit)
        self.code = None
        quiet = quiet_trailing_semicolon and _ends_with_semicolon(source, self.ast)
        self._source = source
        self._return_mode = "none" if quiet else return_mode
        self._options = (filename, mode, flags, dont_inherit, optimize)

    def compile(self):
        """Compile the syntax tree and return self.

        :raises RuntimeError: if that was done before.
        :raises SyntaxError: for what only the compiler finds, such as ``return`` in no function.
        """
        if self.code is not None:
            raise RuntimeError("Already compiled; make another CodeRunner for a changed tree")
        tree = self.ast
        if self._return_mode != "none":
            tree = _assign_value(tree, self._return_mode)
        self.code = _return_value(compile(tree, *self._options))
        if self.code.co_filename != _UNNAMED:
            remember_source(self._source, self.code.co_filename)
        return self

    def run(self, globals=None, locals=None):
        """Run the program.

        :param globals: the namespace, a ``dict``; a new one by default.
        :param locals: the local namespace, a mapping; the same by default.
        :returns: the value that the return mode asks for, or None.
        :raises RuntimeError: before :meth:`compile`, and if the program has top-level ``await``.
        """
        if self._awaits():
            raise RuntimeError("the program has top-level await, so it needs run_async")
        return eval(self.code, {} if globals is None else globals, locals)

    async def run_async(self, globals=None, locals=None):
        """Like :meth:`run`, and awaits top-level ``await``."""
        awaits = self._awaits()
        value = eval(self.code, {} if globals is None else globals, locals)
        return await value if awaits else value

    def _awaits(self):
        if self.code is None:
            raise RuntimeError("Not yet compiled; call compile() first")
        return bool(self.code.co_flags & _CO_COROUTINE)


async def run_program(program, globals, locals):
    """Run a pair of code objects that may contain top-level ``await``."""
    value = None
    for code in program:
        if code is None:
            continue
        value = eval(code, globals, locals)
        if code.co_flags & _CO_COROUTINE:
            value = await value
    return value if program[1] is not None else None


def eval_code(
    source,
    globals=None,
    locals=None,
    *,
    return_mode="last_expr",
    quiet_trailing_semicolon=True,
    filename=_UNNAMED,
    flags=0x0,
    dont_inherit=False,
    optimize=-1,
):
    """Run a program's text and return the value of its last expression.

    Parameters and errors are those of :class:`CodeRunner` and its ``run``.
    """
    runner = CodeRunner(
        source,
        return_mode=return_mode,
        quiet_trailing_semicolon=quiet_trailing_semicolon,
        filename=filename,
        flags=flags,
        dont_inherit=dont_inherit,
        optimize=optimize,
    )
    return runner.compile().run(globals, locals)


async def eval_code_async(
    source,
    globals=None,
    locals=None,
    *,
    return_mode="last_expr",
    quiet_trailing_semicolon=True,
    filename=_UNNAMED,
    flags=0x0,
    dont_inherit=False,
    optimize=-1,
):
    """Like :func:`eval_code`, for programs with top-level ``await``."""
    runner = CodeRunner(
        source,
        return_mode=return_mode,
        quiet_trailing_semicolon=quiet_trailing_semicolon,
        filename=filename,
        flags=flags | PyCF_ALLOW_TOP_LEVEL_AWAIT,
        dont_inherit=dont_inherit,
        optimize=optimize,
    )
    return await runner.compile().run_async(globals, locals)


def run_js(code, /):
    """Run JavaScript source text in the global scope and return its value.

    :raises TypeError: if ``code`` is no ``str``.
    :raises JsException: what the code throws, also where a page forbids ``eval``.
    """
    if not isinstance(code, str):
        raise TypeError(f"the code must be a str, not {type(code).__name__}")
    import js

    return js.eval(code)


def _accepted(function):
    """What a callable takes: a number of positional arguments and a collection of keywords.

    Either is None where there is no limit. None instead of the pair means that the callable does not
    tell.
    """
    from types import FunctionType, MethodType

    bound = isinstance(function, MethodType)
    plain = function.__func__ if bound else function
    if isinstance(plain, FunctionType) and not plain.__dict__:
        # A function that no decorator changed: what `inspect` would find, without importing it.
        code = plain.__code__
        first = max(code.co_posonlyargcount, int(bound))
        named = code.co_varnames[first : code.co_argcount + code.co_kwonlyargcount]
        return (
            None if code.co_flags & _CO_VARARGS else code.co_argcount - bound,
            None if code.co_flags & _CO_VARKEYWORDS else named,
        )
    from annotationlib import Format
    from inspect import Parameter, signature

    try:
        # Annotations are not looked at, so they may name what does not exist.
        parameters = signature(function, annotation_format=Format.STRING).parameters.values()
    except (TypeError, ValueError):
        return None
    kinds = [parameter.kind for parameter in parameters]
    by_position = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    by_name = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    named = [parameter.name for parameter in parameters if parameter.kind in by_name]
    return (
        None if Parameter.VAR_POSITIONAL in kinds else sum(kind in by_position for kind in kinds),
        None if Parameter.VAR_KEYWORD in kinds else named,
    )


def _call_with_accepted(function, accepted, args, kwargs):
    positional, keywords = accepted
    if keywords is not None:
        kwargs = {name: value for name, value in kwargs.items() if name in keywords}
    return function(*args[:positional], **kwargs)


def relaxed_call(func, /, *args, **kwargs):
    """Call a function as JavaScript does: arguments that it does not take are dropped.

    A callable that does not tell what it takes, as some builtins and JavaScript functions do not,
    gets all of them.

    :returns: what ``func`` returns.
    :raises TypeError: if ``func`` misses an argument or is not callable.
    """
    accepted = _accepted(func)
    if accepted is None:
        return func(*args, **kwargs)
    return _call_with_accepted(func, accepted, args, kwargs)


def relaxed_wrap(func):
    """Decorate a function so that every call of it is a :func:`relaxed_call`.

    :raises TypeError: if ``func`` is not callable or does not tell what it takes.
    """
    accepted = _accepted(func)
    if accepted is None:
        raise TypeError(f"{func!r} cannot be wrapped: it is no callable that tells what it takes")
    from functools import wraps

    @wraps(func)
    def relaxed(*args, **kwargs):
        return _call_with_accepted(func, accepted, args, kwargs)

    return relaxed
