"""The `int` that is a `bigint` in JavaScript."""


class JsBigInt(int):
    """An ``int`` that becomes a ``bigint`` in JavaScript, however small it is.

    That is what a ``bigint`` becomes in Python. An operation whose only or left operand is a
    ``JsBigInt`` gives one too, if it gives an ``int``; in all else it behaves like an ``int``. The
    arguments are those of :class:`int`.
    """

    __slots__ = ()


JsBigInt.__module__ = "pyodide.ffi"  # where pickles look for it


def _keep_type(operation):
    """Make an operator of `int` return a `JsBigInt` where it would return an `int`."""

    def operator(self, /, *operands):
        result = operation(self, *operands)
        if type(result) is tuple:  # from divmod
            return tuple(map(JsBigInt, result))
        return JsBigInt(result) if type(result) is int else result

    operator.__name__ = operation.__name__
    operator.__qualname__ = f"JsBigInt.{operation.__name__}"
    return operator


for _name in (
    "__neg__ __pos__ __abs__ __invert__ __add__ __sub__ __mul__ __floordiv__ __mod__ __divmod__ "
    "__pow__ __lshift__ __rshift__ __and__ __xor__ __or__"
).split():
    setattr(JsBigInt, _name, _keep_type(getattr(int, _name)))
del _name
