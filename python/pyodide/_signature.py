"""Calls whose arguments and results are converted as annotations say.

``function.bind_sig(signature)`` gives a copy of a JavaScript function that checks
and converts its arguments as the annotations of a Python function say;
``bind_class`` does so for the constructor, the attributes and the methods of a
class. The runtime calls this module for such proxies (runtime/src/jsproxy).
"""

import inspect
from typing import Annotated, get_args, get_origin

from _ferropy import JsProxy, create_proxy, to_js

__all__ = ["BindClass", "Deep", "Default", "Js2PyConverterMeta", "Json", "Py2JsConverterMeta"]


class Js2PyConverterMeta(type):
    """The metaclass of converters of results: they have ``post_convert(value)``."""

    def js2py(cls, value):
        return cls.post_convert(value)


class Py2JsConverterMeta(type):
    """The metaclass of converters of arguments: they have ``pre_convert(value)``."""

    def py2js(cls, value):
        return cls.pre_convert(value)


class BindClass:
    """The base of classes whose annotations describe a JavaScript object."""


class Deep:
    """Copies containers all the way down, both ways."""

    @staticmethod
    def js2py(value):
        return value.to_py() if isinstance(value, JsProxy) else value

    @staticmethod
    def py2js(value):
        return to_js(value)


class Json:
    """Shows JSON-like values with the interface of the other language's JSON."""

    @staticmethod
    def js2py(value):
        return value.as_py_json() if hasattr(value, "as_py_json") else value

    @staticmethod
    def py2js(value):
        if not isinstance(value, dict | list | tuple):
            return value
        return create_proxy(value).asJsJson()


class Default:
    """Converts as if there were no annotation."""


def _is_bind_class(annotation):
    return isinstance(annotation, type) and issubclass(annotation, BindClass)


def _converter(annotation, name):
    """A function that converts values, or None."""
    if get_origin(annotation) is Annotated:
        for part in get_args(annotation)[1:]:
            if hasattr(part, name):
                return getattr(part, name)
        annotation = get_args(annotation)[0]
    if name == "js2py" and _is_bind_class(annotation):
        return lambda value: value.bind_sig(annotation) if isinstance(value, JsProxy) else value
    return None


class _Function:
    """A Python function's signature with the converters of its annotations."""

    def __init__(self, function, *, method=False):
        signature = inspect.signature(function, eval_str=True)
        parameters = list(signature.parameters.values())
        if method:
            parameters = parameters[1:]
        for parameter in parameters:
            if parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
                raise RuntimeError(
                    f"the parameter {parameter.name!r} is positional or keyword; JavaScript knows no "
                    "such thing (hint: put '/' or '*' into the signature)"
                )
        self.signature = signature.replace(parameters=parameters)
        self.is_async = inspect.iscoroutinefunction(function)
        self.result = _converter(signature.return_annotation, "js2py")
        self.converters = {
            parameter.name: _converter(parameter.annotation, "py2js") for parameter in parameters
        }

    def arguments(self, args, kwargs):
        """Checked and converted arguments."""
        bound = self.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        positional, named = [], {}
        for name, value in bound.arguments.items():
            convert = self.converters[name] or (lambda value: value)
            kind = self.signature.parameters[name].kind
            if kind is inspect.Parameter.VAR_POSITIONAL:
                positional += map(convert, value)
            elif kind is inspect.Parameter.VAR_KEYWORD:
                named |= {key: convert(item) for key, item in value.items()}
            elif kind is inspect.Parameter.KEYWORD_ONLY:
                named[name] = convert(value)
            else:
                positional.append(convert(value))
        # As the caller wrote them, then the defaults.
        order = [*kwargs, *(name for name in named if name not in kwargs)]
        return positional, {name: named[name] for name in order}

    def finish(self, result):
        if self.is_async:
            return self._later(result)
        return result if self.result is None else self.result(result)

    def _later(self, result):
        from asyncio import ensure_future, isfuture

        if not isfuture(result):
            raise TypeError("the JavaScript function of an async signature must return a promise")

        async def follow():
            value = await result
            return value if self.result is None else self.result(value)

        return ensure_future(follow())


class _Class:
    """A class's annotations and methods."""

    def __init__(self, cls):
        self.cls = cls
        self.converters = {}
        for base in reversed(cls.__mro__):
            annotations = inspect.get_annotations(base, eval_str=True) if base is not object else {}
            for name, annotation in annotations.items():
                self.converters[name] = _converter(annotation, "js2py")

    def method(self, name):
        function = inspect.getattr_static(self.cls, name, None)
        if isinstance(function, staticmethod):
            return _Function(function.__func__)
        return _Function(function, method=True) if inspect.isfunction(function) else None

    def attribute(self, name, value):
        convert = self.converters.get(name)
        if convert is not None:
            return convert(value)
        method = self.method(name)
        if method is not None and isinstance(value, JsProxy):
            return value.bind_sig(method)
        return value


class _Constructor(_Class):
    """What `bind_class` makes of a class: calling it makes an instance."""


def prepare(signature, constructor):
    """What a proxy keeps of a signature.

    :raises TypeError: if it is neither a function nor a class.
    """
    if isinstance(signature, _Function | _Class):
        return signature
    if isinstance(signature, type):
        return _Constructor(signature) if constructor else _Class(signature)
    if not callable(signature):
        raise TypeError(f"a signature must be a callable object, not {signature!r}")
    return signature


def _function_of(signature):
    if isinstance(signature, _Constructor):
        return _Function(signature.cls.__init__, method=True)
    if isinstance(signature, _Class):
        return signature.method("__call__")
    return signature if isinstance(signature, _Function) else _Function(signature)


def _signed(target, signature, args, kwargs):
    function = _function_of(signature)
    if function is None:
        return target(*args, **kwargs)
    positional, named = function.arguments(args, kwargs)
    return function.finish(target(*positional, **named))


def call(function, signature, /, *args, **kwargs):
    """Call a JavaScript function with a signature."""
    if isinstance(signature, _Constructor):
        made = _signed(function.new, signature, args, kwargs)
        return made.bind_sig(signature.cls)
    return _signed(function, signature, args, kwargs)


def construct(function, signature, /, *args, **kwargs):
    """``function.new(...)``, which no signature describes."""
    return function.new(*args, **kwargs)


def attribute(signature, name, value):
    """An attribute of an object with a signature."""
    return signature.attribute(name, value) if isinstance(signature, _Class) else value
