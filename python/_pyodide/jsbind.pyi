from typing import Any

__all__ = [
    "BindClass",
    "Deep",
    "Default",
    "Js2PyConverterMeta",
    "Json",
    "Py2JsConverterMeta",
]

class Js2PyConverterMeta(type):
    def js2py(cls, value: Any) -> Any: ...

class Py2JsConverterMeta(type):
    def py2js(cls, value: Any) -> Any: ...

class BindClass: ...

class Deep:
    @staticmethod
    def js2py(value: Any) -> Any: ...
    @staticmethod
    def py2js(value: Any) -> Any: ...

class Json:
    @staticmethod
    def js2py(value: Any) -> Any: ...
    @staticmethod
    def py2js(value: Any) -> Any: ...

class Default: ...
