//! Errors across the boundary, both ways.
//!
//! Python → JavaScript: the exception becomes a `PythonError` whose message is
//! the full traceback text and which keeps the exception alive.
//! JavaScript → Python: a `PythonError` turns back into the very exception it
//! came from; anything else becomes a `JsException` that holds the JavaScript
//! error.

use std::cell::Cell;
use std::ptr::null_mut;

use pyo3_ffi as ffi;

use crate::convert;
use crate::jsproxy;
use crate::jsref::{JsRef, Slot};
use crate::py::{self, Object, Raised, Result};

#[link(wasm_import_module = "ferropy")]
unsafe extern "C" {
    /// What the last import that returned 0 threw.
    safe fn js_take_error() -> Slot;
    /// The exception behind a `PythonError`, borrowed, or NULL.
    safe fn js_error_exception(error: Slot) -> *mut ffi::PyObject;
    /// `Name: message` of an error, or its string form if it is no `Error`.
    safe fn js_error_message(error: Slot) -> Slot;
    /// Makes a `PythonError`; takes over the strong reference `exception`.
    safe fn js_python_error(class: Slot, message: Slot, exception: *mut ffi::PyObject) -> Slot;
    /// Leaves an error for the export's JavaScript caller; takes over the slot.
    safe fn js_store_error(error: Slot);
}

thread_local! {
    static JS_EXCEPTION: Cell<*mut ffi::PyObject> = const { Cell::new(null_mut()) };
}

/// Creates the class `pyodide.ffi.JsException`; called once at start-up.
pub fn init() -> Result<Object> {
    // SAFETY: C strings and live classes; the interpreter is initialised.
    let class = unsafe {
        Object::from_new(ffi::PyErr_NewExceptionWithDoc(
            c"pyodide.ffi.JsException".as_ptr(),
            c"A JavaScript error.\n\nAttributes: js_error (the thrown value), name, message, stack."
                .as_ptr(),
            ffi::PyExc_Exception,
            null_mut(),
        ))?
    };
    JS_EXCEPTION.set(class.clone().into_ptr());
    Ok(class)
}

/// Raises what the last failed import threw.
pub fn raise_js_error() -> Raised {
    match JsRef::from_slot(js_take_error()) {
        Ok(error) => raise_js_value(error),
        Err(raised) => raised,
    }
}

/// Raises a JavaScript value as a Python exception.
pub fn raise_js_value(error: JsRef) -> Raised {
    // SAFETY: the PythonError in the slot keeps its exception alive meanwhile.
    if let Ok(exception) = unsafe { Object::from_borrowed(js_error_exception(error.slot())) } {
        return py::raise(exception);
    }
    match js_exception(error) {
        Ok(exception) => py::raise(exception),
        Err(raised) => raised,
    }
}

fn js_exception(error: JsRef) -> Result<Object> {
    let message = convert::from_js(&JsRef::from_slot(js_error_message(error.slot()))?)?;
    // SAFETY: init() stored a strong reference that is never released.
    let class = unsafe { Object::from_borrowed(JS_EXCEPTION.get())? };
    let exception = class.call(&[&message])?;
    let proxy = jsproxy::new(error, None)?;
    // SAFETY: all live for the call.
    py::check(unsafe {
        ffi::PyObject_SetAttrString(exception.as_ptr(), c"js_error".as_ptr(), proxy.as_ptr())
    })?;
    Ok(exception)
}

/// The `PythonError` for an exception; it keeps the exception alive.
pub fn to_js_error(exception: Object) -> Result<JsRef> {
    let class = type_name(&exception);
    let message = format_exception(&exception);
    let class = convert::string_to_js(&py::string(&class)?)?;
    let message = convert::string_to_js(&message)?;
    JsRef::from_slot(js_python_error(
        class.into_slot(),
        message.into_slot(),
        exception.into_ptr(),
    ))
}

/// Takes the current exception and leaves it for the JavaScript caller.
pub fn store_for_js(_: Raised) {
    let exception = py::take_exception();
    // Making the error can itself fail (out of memory): the second exception is
    // then as good as the first, and formatting it needs less.
    let error = to_js_error(exception).or_else(|Raised| to_js_error(py::take_exception()));
    match error {
        Ok(error) => js_store_error(error.into_slot()),
        Err(Raised) => {
            drop(py::take_exception());
            js_store_error(crate::jsref::NULL);
        }
    }
}

/// The qualified name of an exception's class, as `traceback` prints it.
fn type_name(exception: &Object) -> String {
    fn lookup(exception: &Object) -> Result<String> {
        // SAFETY: an object's type is live while the object is.
        let class = unsafe {
            Object::from_borrowed(ffi::Py_TYPE(exception.as_ptr()).cast::<ffi::PyObject>())?
        };
        let name = py::text(&class.getattr(c"__qualname__")?)?;
        let module = py::text(&class.getattr(c"__module__")?.to_str()?)?;
        Ok(if module == "builtins" || module == "__main__" {
            name
        } else {
            format!("{module}.{name}")
        })
    }
    lookup(exception).unwrap_or_else(|Raised| {
        drop(py::take_exception());
        "Exception".into()
    })
}

/// The text that Python would print for an uncaught exception.
fn format_exception(exception: &Object) -> Object {
    fn full(exception: &Object) -> Result<Object> {
        let lines = py::import(c"traceback")?.call_method(c"format_exception", &[exception])?;
        py::string("")?.call_method(c"join", &[&lines])
    }
    fn short(exception: &Object) -> Result<Object> {
        let text = py::text(&exception.to_str()?)?;
        py::string(&format!("{}: {text}\n", type_name(exception)))
    }
    full(exception)
        .or_else(|Raised| {
            drop(py::take_exception());
            short(exception)
        })
        .unwrap_or_else(|Raised| {
            drop(py::take_exception());
            Object::none()
        })
}
