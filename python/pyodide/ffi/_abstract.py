"""Kinds of `JsProxy`: classes for ``isinstance`` and for annotations.

No value is created from them. The type of `JsProxy` answers ``isinstance`` and ``issubclass`` by
``_js_type_flags``: a tuple of alternatives, each an ``int`` of the bits below that a proxy must have.
Their methods are those that such proxies have; __init__.pyi lists them.
"""

from _collections_abc import Mapping, MutableMapping, MutableSequence

from _ferropy import JsProxy

__all__ = [
    "JsArray",
    "JsAsyncGenerator",
    "JsAsyncIterable",
    "JsAsyncIterator",
    "JsBuffer",
    "JsCallable",
    "JsCallableDoubleProxy",
    "JsDomElement",
    "JsDoubleProxy",
    "JsFetchResponse",
    "JsGenerator",
    "JsIterable",
    "JsIterator",
    "JsMap",
    "JsMutableMap",
    "JsOnceCallable",
    "JsPromise",
    "JsTypedArray",
    "JsWeakRef",
    "ToJsConverter",
]

# The same numbers as in runtime/src/jsproxy.
_HAS_GET = 1 << 0
_HAS_SET = 1 << 1
_HAS_LENGTH = 1 << 4
_IS_ARRAY = 1 << 7
_IS_ARRAY_LIKE = 1 << 8
_IS_TYPED_ARRAY = 1 << 9
_IS_BUFFER = 1 << 10
_IS_CALLABLE = 1 << 11
_IS_AWAITABLE = 1 << 13
_IS_GENERATOR = 1 << 14
_IS_ASYNC_GENERATOR = 1 << 15
_IS_ITERABLE = 1 << 16
_IS_ASYNC_ITERABLE = 1 << 17
_IS_ITERATOR = 1 << 18
_IS_ASYNC_ITERATOR = 1 << 19
_IS_PY_JSON_DICT = 1 << 20
_IS_DOUBLE_PROXY = 1 << 22
_IS_OBJECT_MAP = 1 << 23
_IS_ONCE_CALLABLE = 1 << 24
_IS_WEAK_REF = 1 << 25

# No import of `types` for one name.
_GenericAlias = type(list[int])


def _kind(name, doc, *alternatives, bases=(JsProxy,), parameters=True):
    """Make a class of proxies.

    :param alternatives: its ``_js_type_flags``; 0 for what flags cannot tell, so any proxy matches.
    :param parameters: whether annotations may subscript it.
    """
    namespace = {"__doc__": doc, "__module__": "pyodide.ffi", "__slots__": ()}
    namespace["_js_type_flags"] = alternatives
    if parameters:
        namespace["__class_getitem__"] = classmethod(_GenericAlias)
    return type(JsProxy)(name, bases, namespace)


JsIterable = _kind(
    "JsIterable",
    "A JavaScript iterable, which has ``Symbol.iterator``.",
    _IS_ITERABLE,
    _IS_OBJECT_MAP,
    _IS_PY_JSON_DICT,
)
JsIterator = _kind(
    "JsIterator",
    "A JavaScript iterator: an object with a method ``next``.",
    _IS_ITERATOR,
)
JsGenerator = _kind(
    "JsGenerator",
    "A JavaScript generator.",
    _IS_GENERATOR,
    bases=(JsIterable,),
)
JsAsyncIterable = _kind(
    "JsAsyncIterable",
    "A JavaScript async iterable, which has ``Symbol.asyncIterator``.",
    _IS_ASYNC_ITERABLE,
)
JsAsyncIterator = _kind(
    "JsAsyncIterator",
    "A JavaScript async iterator: an object with a method ``next`` that gives promises.",
    _IS_ASYNC_ITERATOR,
)
JsAsyncGenerator = _kind(
    "JsAsyncGenerator",
    "A JavaScript async generator.",
    _IS_ASYNC_GENERATOR,
    bases=(JsAsyncIterable,),
)
JsCallable = _kind(
    "JsCallable",
    "A JavaScript function.",
    _IS_CALLABLE,
)
JsOnceCallable = _kind(
    "JsOnceCallable",
    "What ``create_once_callable`` returns.",
    _IS_CALLABLE | _IS_ONCE_CALLABLE,
    bases=(JsCallable,),
)
JsDoubleProxy = _kind(
    "JsDoubleProxy",
    "What ``create_proxy`` returns: Python's view of JavaScript's view of a Python object.",
    _IS_DOUBLE_PROXY,
)
JsCallableDoubleProxy = _kind(
    "JsCallableDoubleProxy",
    "What ``create_proxy`` returns for a function.",
    _IS_DOUBLE_PROXY | _IS_CALLABLE,
    bases=(JsDoubleProxy, JsCallable),
)
JsPromise = _kind(
    "JsPromise",
    "A JavaScript promise, or another object with a method ``then``.",
    _IS_AWAITABLE,
)
JsArray = _kind(
    "JsArray",
    "A JavaScript array, typed array, or other iterable with a ``length``.",
    _IS_ARRAY,
    _IS_ARRAY_LIKE,
    _IS_TYPED_ARRAY,
    bases=(JsIterable,),
)
JsBuffer = _kind(
    "JsBuffer",
    "A JavaScript ``ArrayBuffer`` or a view of one.",
    _IS_BUFFER,
    parameters=False,
)
JsTypedArray = _kind(
    "JsTypedArray",
    "A JavaScript typed array, such as ``Uint8Array``.",
    _IS_TYPED_ARRAY,
    bases=(JsBuffer, JsArray),
    parameters=False,
)
JsMap = _kind(
    "JsMap",
    "A JavaScript object that maps: iterable, with ``get`` and a ``size`` or ``length``.",
    _HAS_GET | _HAS_LENGTH | _IS_ITERABLE,
    _IS_OBJECT_MAP,
    _IS_PY_JSON_DICT,
    bases=(JsIterable,),
)
JsMutableMap = _kind(
    "JsMutableMap",
    "A ``JsMap`` that has ``set`` too, such as a JavaScript ``Map``.",
    _HAS_GET | _HAS_SET | _HAS_LENGTH | _IS_ITERABLE,
    _IS_OBJECT_MAP,
    _IS_PY_JSON_DICT,
    bases=(JsMap,),
)
JsWeakRef = _kind(
    "JsWeakRef",
    "A JavaScript ``WeakRef``.",
    _IS_WEAK_REF,
)
JsDomElement = _kind(
    "JsDomElement",
    "An element of a page. Every proxy counts as one, because flags do not tell.",
    0,
    parameters=False,
)
JsFetchResponse = _kind(
    "JsFetchResponse",
    "What JavaScript's ``fetch`` gives. Every proxy counts as one, because flags do not tell.",
    0,
    parameters=False,
)

MutableSequence.register(JsArray)
Mapping.register(JsMap)
MutableMapping.register(JsMutableMap)


class ToJsConverter:
    """A function that ``to_js`` calls for an object: ``(value, convert, cache) -> JavaScript value``."""

    __module__ = "pyodide.ffi"
    __slots__ = ()
