"""What annotations mean for `JsProxy.bind_sig` and `JsProxy.bind_class`."""

from pyodide._signature import (
    BindClass,
    Deep,
    Default,
    Js2PyConverterMeta,
    Json,
    Py2JsConverterMeta,
)

__all__ = [
    "BindClass",
    "Deep",
    "Default",
    "Js2PyConverterMeta",
    "Json",
    "Py2JsConverterMeta",
]
