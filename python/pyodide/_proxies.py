"""Methods of JavaScript values that their abilities give them.

The runtime calls :func:`mix_in` for each type that it makes (runtime/src/jsproxy).
What has to be fast is native; the rest is here.
"""

from _collections_abc import Mapping, MutableMapping, MutableSequence, Sequence

from _ferropy import JsException, operate, unwrap

HAS_GET = 1 << 0
HAS_SET = 1 << 1
HAS_HAS = 1 << 2
HAS_LENGTH = 1 << 4
HAS_DISPOSE = 1 << 5
HAS_ASYNC_DISPOSE = 1 << 6
IS_ARRAY = 1 << 7
IS_ARRAY_LIKE = 1 << 8
IS_TYPED_ARRAY = 1 << 9
IS_BUFFER = 1 << 10
IS_AWAITABLE = 1 << 13
IS_GENERATOR = 1 << 14
IS_ASYNC_GENERATOR = 1 << 15
IS_ITERABLE = 1 << 16
IS_ASYNC_ITERATOR = 1 << 19
IS_PY_JSON_DICT = 1 << 20
IS_DOUBLE_PROXY = 1 << 22
IS_OBJECT_MAP = 1 << 23


def names(proxy):
    """What dir() shows: the type's own names and those of properties, as Python can write them."""
    from keyword import iskeyword

    found = set(object.__dir__(proxy))
    for name in operate("names", proxy):
        found.add(name + "_" if iskeyword(name.rstrip("_")) else name)
    return sorted(found)


def reduce_error(error):
    """What copies and pickles of a JavaScript error are made from."""
    return JsException, (str(error.name), str(error.message), str(error.stack or ""))


class _Sequence:
    def index(self, value, start=0, stop=2147483647, /):
        length = len(self)
        if start < 0:
            start = max(start + length, 0)
        if stop < 0:
            stop += length
        found = operate("index", self, value, start)
        if found < 0 or found >= stop:
            raise ValueError(f"{value!r} is not in the array")
        return int(found)

    def count(self, value, /):
        return operate("count", self, value)

    def __reversed__(self):
        for index in range(len(self) - 1, -1, -1):
            yield self[index]


def _index(value):
    from operator import index

    return index(value)


class _Array:
    def append(self, item, /):
        operate("insert", self, len(self), item)

    def extend(self, items, /):
        self += items

    def insert(self, index, item, /):
        operate("insert", self, _index(index), item)

    def pop(self, index=-1, /):
        index = _index(index)
        length = len(self)
        if not -length <= index < length:
            raise IndexError("pop from an empty array" if length == 0 else "pop index out of range")
        return operate("pop", self, index)

    def remove(self, value, /):
        del self[self.index(value)]

    def reverse(self):
        operate("reverse", self)


class _TypedArray:
    def reverse(self):
        operate("reverse", self)


def _same_buffer(proxy, buffer):
    """A view of a Python buffer that has the format and size of a JavaScript one."""
    view = memoryview(buffer)
    if not view.c_contiguous:
        raise BufferError("the Python buffer is not contiguous")
    size = operate("item_size", proxy)
    if view.itemsize != size:
        raise ValueError(
            f"the formats differ: elements of {view.itemsize} bytes in Python, {size} in JavaScript"
        )
    length = operate("byte_length", proxy)
    if view.nbytes != length:
        raise ValueError(f"the length differs: {view.nbytes} bytes in Python, {length} in JavaScript")
    return view


class _Buffer:
    def assign(self, buffer, /):
        """Copy a Python buffer of the same size into this one.

        :raises TypeError: if it is no buffer.
        :raises ValueError: if its format or size differs.
        :raises BufferError: if it is not contiguous.
        """
        operate("assign", self, _same_buffer(self, buffer))

    def assign_to(self, buffer, /):
        """Copy this buffer into a writable Python one of the same size.

        :raises TypeError: if it is no buffer.
        :raises ValueError: if its format or size differs.
        :raises BufferError: if it is not contiguous or not writable.
        """
        view = _same_buffer(self, buffer)
        if view.readonly:
            raise BufferError("the Python buffer is not writable")
        operate("assign_to", self, view)

    def to_memoryview(self):
        """A memoryview of a copy."""
        return self.to_py()

    def to_bytes(self):
        """A copy as bytes."""
        return bytes(self.to_py().cast("B"))

    def to_string(self, encoding=None):
        """Decode the bytes: ``encoding`` is a label of JavaScript's TextDecoder, utf-8 by default.

        :raises ValueError: if the bytes are not valid.
        :raises LookupError: if there is no such encoding.
        """
        if encoding is not None and not isinstance(encoding, str):
            raise TypeError(f"encoding must be a str, not {type(encoding).__name__}")
        return operate("text", self, encoding)

    def to_file(self, file, /):
        """Write the bytes to an open file.

        :raises OSError: if that is not possible.
        """
        from os import write

        descriptor = file.fileno()
        file.flush()
        view = memoryview(self.to_bytes())
        while view:
            view = view[write(descriptor, view) :]

    def from_file(self, file, /):
        """Read as many bytes as there is room for from an open file; at its end the rest stays.

        :raises OSError: if that is not possible.
        """
        from os import SEEK_CUR, SEEK_SET, lseek, read

        descriptor = file.fileno()
        if file.seekable():
            lseek(descriptor, file.tell(), SEEK_SET)
        content = bytearray(self.to_bytes())
        at = 0
        while at < len(content) and (part := read(descriptor, len(content) - at)):
            content[at : at + len(part)] = part
            at += len(part)
        if file.seekable():
            file.seek(lseek(descriptor, 0, SEEK_CUR))
        operate("assign", self, memoryview(content))

    def _into_file(self, file, /):
        self.to_file(file)


class _Promise:
    def then(self, onfulfilled=None, onrejected=None):
        """A future for what a callback makes of the result (or of the error)."""
        return _future(self).then(onfulfilled, onrejected)

    def catch(self, onrejected, /):
        """A future for what a callback makes of the error."""
        return _future(self).catch(onrejected)

    def finally_(self, onfinally, /):
        """A future that is done after a callback has run, whatever the result."""
        return _future(self).finally_(onfinally)


def _future(promise):
    from pyodide.webloop import future_of

    return future_of(promise)


def _thrown(error, value, traceback):
    """The exception that `throw(type, value, traceback)` means."""
    is_class = isinstance(error, type) and issubclass(error, BaseException)
    if not is_class and not isinstance(error, BaseException):
        raise TypeError(
            "exceptions must be classes or instances deriving from BaseException, not "
            f"{type(error).__name__}"
        )
    if is_class:
        error = error() if value is None else value if isinstance(value, error) else error(value)
    if traceback is not None:
        error = error.with_traceback(traceback)
    return _to_js_error(error)


def _to_js_error(error):
    from _ferropy import js_error

    return error if isinstance(error, JsException) else js_error(error)


class _Generator:
    def throw(self, error, value=None, traceback=None, /):
        return operate("throw", self, _thrown(error, value, traceback))

    def close(self):
        if not operate("close", self):
            raise RuntimeError("the JavaScript generator ignored that it was closed")


class _AsyncIterator:
    def asend(self, value, /):
        return _step(self, "asend", value)


class _AsyncGenerator:
    def athrow(self, error, value=None, traceback=None, /):
        return _step(self, "athrow", _thrown(error, value, traceback))

    def aclose(self):
        return _task(_close(_future(operate("aclose", self))))


async def _close(future):
    if not (await future).done:
        raise RuntimeError("the JavaScript generator ignored that it was closed")


def _step(generator, operation, *arguments):
    from pyodide.webloop import step_of

    # Awaited by the future from now on: a rejection must not go unheard.
    return _task(step_of(_future(operate(operation, generator, *arguments))))


def _task(coroutine):
    from asyncio import ensure_future

    return ensure_future(coroutine)


class _Disposable:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        operate("dispose", self)


class _AsyncDisposable:
    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        result = operate("async_dispose", self)
        if result is not None:
            await _future(result)


class _DoubleProxy:
    def destroy(self):
        """Release the Python object. JavaScript's later uses of the proxy throw."""
        operate("destroy", self)

    def unwrap(self):
        """The Python object."""
        return unwrap(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.destroy()


class _Map:
    get = Mapping.get
    items = Mapping.items
    keys = Mapping.keys
    values = Mapping.values


_MISSING = object()


class _MutableMap:
    popitem = MutableMapping.popitem
    setdefault = MutableMapping.setdefault
    update = MutableMapping.update

    def pop(self, key, default=_MISSING, /):
        try:
            value = self[key]
        except KeyError:
            if default is _MISSING:
                raise
            return default
        del self[key]
        return value

    def clear(self):
        for key in list(self):
            del self[key]


def _add(cls, methods):
    for name, value in vars(methods).items():
        if callable(value) and name not in ("__dict__", "__weakref__", "__init_subclass__"):
            setattr(cls, name, value)


def mix_in(cls):
    """Give a type the methods for its abilities."""
    flags = cls._js_type_flags
    mapping = flags & (IS_PY_JSON_DICT | IS_OBJECT_MAP) or (
        flags & HAS_GET and flags & HAS_LENGTH and flags & IS_ITERABLE
    )
    sequence = flags & (IS_ARRAY | IS_ARRAY_LIKE | IS_TYPED_ARRAY)
    if sequence:
        _add(cls, _Sequence)
        (Sequence if flags & IS_ARRAY_LIKE else MutableSequence).register(cls)
    elif mapping:
        _add(cls, _Map)
        Mapping.register(cls)
        if flags & (HAS_SET | IS_PY_JSON_DICT | IS_OBJECT_MAP):
            _add(cls, _MutableMap)
            MutableMapping.register(cls)
    for flag, methods in (
        (IS_ARRAY, _Array),
        (IS_TYPED_ARRAY, _TypedArray),
        (IS_BUFFER, _Buffer),
        (IS_AWAITABLE, _Promise),
        (IS_GENERATOR, _Generator),
        (IS_ASYNC_ITERATOR, _AsyncIterator),
        (IS_ASYNC_GENERATOR, _AsyncGenerator),
        (HAS_DISPOSE, _Disposable),
        (HAS_ASYNC_DISPOSE, _AsyncDisposable),
        (IS_DOUBLE_PROXY, _DoubleProxy),
    ):
        if flags & flag:
            _add(cls, methods)
