//! Errors across the boundary, both ways.
//!
//! Python → JavaScript: the exception becomes a `PythonError` whose message is
//! the full traceback text and which keeps the exception alive.
//! JavaScript → Python: a `PythonError` turns back into the very exception it
//! came from; anything else becomes a `JsException` that holds the JavaScript
//! error.

use std::ffi::{CString, c_char, c_int};
use std::ptr::null_mut;

use pyo3_ffi as ffi;

use crate::jsref::{JsRef, Slot};
use crate::py::{self, Object, Raised, Result};
use crate::wire::{self, Record};

#[link(wasm_import_module = "ferropy")]
unsafe extern "C" {
    /// Takes what the last import that failed threw: one of [`thrown`].
    safe fn js_take_error(out: *mut Record, name: *mut Record) -> u32;
    /// Makes a `PythonError`; takes over the strong reference `exception`. `cause` is the slot of the
    /// JavaScript error behind it, or 0; it stays the exception's.
    safe fn js_python_error(
        class: Slot,
        message: Slot,
        exception: *mut ffi::PyObject,
        cause: Slot,
    ) -> Slot;
    /// Leaves an error for the export's JavaScript caller; takes over the slot.
    safe fn js_store_error(error: Slot);
}

/// What was thrown; `errors.ts` has the same numbers.
mod thrown {
    /// A JavaScript error, in the record.
    pub const VALUE: u32 = 0;
    /// A `PythonError`: the record's `aux` is the exception, borrowed.
    pub const PYTHON: u32 = 1;
    /// A Python exception: its argument, and its class's name in the other record.
    pub const RAISE: u32 = 2;
}

/// Raises what the last failed import threw.
pub fn raise_js_error() -> Raised {
    let (mut out, mut name) = (Record::default(), Record::default());
    let kind = js_take_error(&raw mut out, &raw mut name);
    // SAFETY: the import filled the records as `kind` says; a PythonError keeps its exception alive.
    let raised = unsafe {
        match kind {
            thrown::VALUE => wire::read(&out),
            thrown::PYTHON => Object::from_borrowed(out.aux as *mut ffi::PyObject),
            thrown::RAISE => wire::read(&name).and_then(|name| {
                let argument = wire::read(&out)?;
                let exception = exception_class(&py::text(&name)?)?.call(&[&argument])?;
                let Raised = raise_cause();
                let cause = py::take_pending();
                if let Some(cause) = cause {
                    ffi::PyException_SetCause(exception.as_ptr(), cause.into_ptr());
                }
                Ok(exception)
            }),
            _ => Err(Raised),
        }
    };
    let Raised = raised.map_or(Raised, raise_object);
    add_frames();
    Raised
}

/// Puts the frames of the JavaScript code into the traceback of the exception that is set.
fn add_frames() {
    #[link(wasm_import_module = "ferropy")]
    unsafe extern "C" {
        /// The next frame of what was taken last: its line, or 0 if there is none.
        safe fn js_next_frame(name: *mut Record, file: *mut Record) -> c_int;
    }
    unsafe extern "C" {
        /// `Python/traceback.c`: adds a frame to the exception that is set.
        fn _PyTraceback_Add(name: *const c_char, file: *const c_char, line: c_int);
    }
    loop {
        let (mut name, mut file) = (Record::default(), Record::default());
        let line = js_next_frame(&raw mut name, &raw mut file);
        if line == 0 {
            return;
        }
        let exception = py::take_exception();
        // SAFETY: the import filled the records with texts.
        let texts = unsafe {
            wire::read(&name).and_then(|name| {
                let file = wire::read(&file)?;
                Ok((py::text(&name)?, py::text(&file)?))
            })
        };
        let texts = texts
            .ok()
            .and_then(|(name, file)| Some((CString::new(name).ok()?, CString::new(file).ok()?)));
        drop(py::take_pending());
        let Raised = py::raise(exception);
        if let Some((name, file)) = texts {
            // SAFETY: C strings; an exception is set.
            unsafe { _PyTraceback_Add(name.as_ptr(), file.as_ptr(), line) };
        }
    }
}

/// The exception for a value that JavaScript threw or rejected with.
pub fn exception_of(reason: Object) -> Result<Object> {
    let exception = as_exception(reason)?;
    // SAFETY: a static exception class.
    if exception.is_instance_of(unsafe { ffi::PyExc_BaseException }.cast()) {
        return Ok(exception);
    }
    py::import(c"_ferropy")?
        .getattr(c"JsException")?
        .call(&[&py::string("Error")?, &exception.to_str()?])
}

/// Raises what made JavaScript raise an exception, if it was an error; else leaves none set.
fn raise_cause() -> Raised {
    #[link(wasm_import_module = "ferropy")]
    unsafe extern "C" {
        /// Makes the cause of the last Raise what was thrown; false if it had none.
        safe fn js_next_cause() -> bool;
    }
    if js_next_cause() {
        return raise_js_error();
    }
    Raised
}

/// Raises an object that ought to be an exception.
fn raise_object(object: Object) -> Raised {
    // SAFETY: live objects and static exception classes.
    unsafe {
        if object.is_instance_of(ffi::PyExc_BaseException.cast()) {
            // Unlike py::raise, this notes what was being handled as the context.
            ffi::PyErr_SetObject(ffi::Py_TYPE(object.as_ptr()).cast(), object.as_ptr());
            return Raised;
        }
        py::raise_new(
            ffi::PyExc_RuntimeError,
            "JavaScript threw a value that is no error",
        )
    }
}

/// A class of exceptions by its name: a builtin one, or one of `pyodide.ffi`.
fn exception_class(name: &str) -> Result<Object> {
    let name = std::ffi::CString::new(name).unwrap_or_default();
    let builtins = py::import(c"builtins")?;
    builtins.getattr(&name).or_else(|Raised| {
        drop(py::take_exception());
        py::import(c"pyodide.ffi")?.getattr(&name)
    })
}

/// Raises `pyodide.ffi.ConversionError(message)`.
pub fn conversion_error(message: &str) -> Raised {
    let exception = py::string(message)
        .and_then(|message| exception_class("ConversionError")?.call(&[&message]));
    exception.map_or(Raised, py::raise)
}

/// Adds the way to the value to the message of a conversion error that is set.
pub fn located(path: &[String]) -> Raised {
    fn with_path(exception: &Object, path: &[String]) -> Result<Object> {
        let class = exception_class("ConversionError")?;
        if path.is_empty() || !exception.is_instance_of(class.as_ptr().cast()) {
            return Ok(exception.clone());
        }
        let text = py::text(&exception.to_str()?)?;
        let path = path.join("][");
        let message = py::string(&format!("{text}, at [{path}]"))?;
        let named = class.call(&[&message])?;
        // SAFETY: both are exceptions; the second call steals a reference, which may be NULL.
        unsafe {
            ffi::PyException_SetCause(
                named.as_ptr(),
                ffi::PyException_GetCause(exception.as_ptr()),
            );
        }
        Ok(named)
    }
    let exception = py::take_exception();
    match with_path(&exception, path) {
        Ok(named) => py::raise(named),
        Err(Raised) => {
            drop(py::take_exception());
            py::raise(exception)
        }
    }
}

/// The exception that an argument from JavaScript stands for: the one behind a `PythonError`, else the
/// argument itself.
pub fn as_exception(argument: Object) -> Result<Object> {
    #[link(wasm_import_module = "ferropy")]
    unsafe extern "C" {
        /// The exception behind a `PythonError`, borrowed, or NULL.
        safe fn js_exception_of(value: Slot) -> *mut ffi::PyObject;
    }
    // SAFETY: a live object; the PythonError keeps its exception alive.
    unsafe {
        let exception = crate::jsproxy::slot_of(argument.as_ptr())
            .map_or(null_mut(), |slot| js_exception_of(slot));
        if exception.is_null() {
            return Ok(argument);
        }
        Object::from_borrowed(exception)
    }
}

/// The `PythonError` for an exception; it keeps the exception alive.
///
/// As after an uncaught exception of a program, `sys.last_exc` has it.
pub fn to_js_error(exception: Object) -> Result<JsRef> {
    remember_last(&exception);
    let class = class_name(&exception);
    let message = format_exception(&exception);
    let class = wire::text_to_js(&py::string(&class)?)?;
    let message = wire::text_to_js(&message)?;
    // SAFETY: a live object, which keeps its slot.
    let cause = unsafe { crate::jsproxy::slot_of(exception.as_ptr()) }.unwrap_or_default();
    JsRef::from_slot(js_python_error(
        class.into_slot(),
        message.into_slot(),
        exception.into_ptr(),
        cause,
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

/// Sets `sys.last_exc` and its older parts.
fn remember_last(exception: &Object) {
    // SAFETY: all live for the calls; a missing traceback is None.
    unsafe {
        let traceback = Object::from_new(ffi::PyException_GetTraceback(exception.as_ptr()))
            .unwrap_or_else(|Raised| Object::none());
        for (name, value) in [
            (c"last_exc", exception.as_ptr()),
            (c"last_value", exception.as_ptr()),
            (c"last_type", ffi::Py_TYPE(exception.as_ptr()).cast()),
            (c"last_traceback", traceback.as_ptr()),
        ] {
            if ffi::PySys_SetObject(name.as_ptr(), value) < 0 {
                drop(py::take_exception());
            }
        }
    }
}

/// A class's name with its module, unless that is builtins or `__main__`, as `traceback` prints it.
pub fn qualified_name(class: &Object) -> Result<String> {
    let name = py::text(&class.getattr(c"__qualname__")?)?;
    let module = py::text(&class.getattr(c"__module__")?.to_str()?)?;
    Ok(if module == "builtins" || module == "__main__" {
        name
    } else {
        format!("{module}.{name}")
    })
}

/// The name of an exception's class, without its module.
fn class_name(exception: &Object) -> String {
    // SAFETY: an object's type is live while the object is.
    let class = unsafe { Object::from_borrowed(ffi::Py_TYPE(exception.as_ptr()).cast()) };
    let name = class.and_then(|class| py::text(&class.getattr(c"__qualname__")?));
    name.unwrap_or_else(|Raised| {
        drop(py::take_exception());
        "Exception".to_owned()
    })
}

/// The qualified name of an exception's class.
fn type_name(exception: &Object) -> String {
    // SAFETY: an object's type is live while the object is.
    let class = unsafe { Object::from_borrowed(ffi::Py_TYPE(exception.as_ptr()).cast()) };
    class
        .and_then(|class| qualified_name(&class))
        .unwrap_or_else(|Raised| {
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
