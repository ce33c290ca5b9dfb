//! What Python code asks of its host: the builtin module `_ferropy`, waking the
//! event loop, and sleeping.

use std::cell::{Cell, RefCell};
use std::ffi::{c_char, c_int};
use std::ptr::null_mut;

use pyo3_ffi as ffi;

use crate::errors;
use crate::jsproxy;
use crate::lifetimes;
use crate::number;
use crate::py::{self, Object, Result};
use crate::wire::{self, Record};

#[link(wasm_import_module = "ferropy")]
unsafe extern "C" {
    /// Calls `ferropy_wake` from the host's event loop after `ms` milliseconds.
    safe fn js_wake_after(ms: f64);
    /// Blocks for `ms` milliseconds; false if a signal ended the sleep.
    safe fn js_sleep(ms: f64) -> bool;
    /// The object behind `import js`, in the record.
    safe fn js_globals(out: *mut Record) -> c_int;
}

thread_local! {
    static HOSTED: Cell<bool> = const { Cell::new(true) };
    static WAKER: RefCell<Option<Object>> = const { RefCell::new(None) };
}

/// Says who drives the event loop: the host, or the program itself.
pub fn set_hosted(hosted: bool) {
    HOSTED.set(hosted);
}

/// Calls the event loop's waker: 0, or -1 after storing an error.
#[unsafe(no_mangle)]
pub extern "C" fn ferropy_wake() -> c_int {
    // The clone keeps the waker alive should it replace itself.
    let waker = WAKER.with_borrow(Clone::clone);
    wire::status(waker.map_or(Ok(()), |waker| waker.call(&[]).map(drop)))
}

/// Sleeps for `seconds`; 0 when the time is over, 1 when a signal came.
///
/// CPython's `time.sleep` calls this (`patches/cpython`), because libc's own
/// sleep would burn the processor and could not be interrupted.
#[unsafe(no_mangle)]
pub extern "C" fn ferropy_sleep(seconds: f64) -> c_int {
    c_int::from(!js_sleep(seconds * 1000.0))
}

type Function = unsafe extern "C" fn(*mut ffi::PyObject, *mut ffi::PyObject) -> *mut ffi::PyObject;

unsafe extern "C" fn set_waker(
    _: *mut ffi::PyObject,
    waker: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: METH_O gives a live argument.
    py::into_c(unsafe { Object::from_borrowed(waker) }.map(|waker| {
        WAKER.set((!waker.is_none()).then_some(waker));
        Object::none()
    }))
}

unsafe extern "C" fn wake_after(
    _: *mut ffi::PyObject,
    seconds: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: METH_O gives a live argument; -1.0 is told apart by the exception.
    unsafe {
        let seconds = ffi::PyFloat_AsDouble(seconds);
        if seconds == -1.0 && !ffi::PyErr_Occurred().is_null() {
            return null_mut();
        }
        js_wake_after(seconds * 1000.0);
    }
    Object::none().into_ptr()
}

unsafe extern "C" fn js_error(
    _: *mut ffi::PyObject,
    exception: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: METH_O gives a live argument.
    py::into_c(
        unsafe { Object::from_borrowed(exception) }
            .and_then(errors::to_js_error)
            .and_then(|error| jsproxy::new(error, jsproxy::flag::IS_ERROR)),
    )
}

unsafe extern "C" fn exception(
    _: *mut ffi::PyObject,
    reason: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: METH_O gives a live argument.
    py::into_c(unsafe { Object::from_borrowed(reason) }.and_then(errors::exception_of))
}

/// Keeps a function pointer and its documentation in CPython's form.
fn method(
    name: &'static std::ffi::CStr,
    function: Function,
    flags: c_int,
    doc: *const c_char,
) -> ffi::PyMethodDef {
    let pointer = ffi::PyMethodDefPointer {
        PyCFunction: function,
    };
    method_of(name, pointer, flags, doc)
}

fn method_of(
    name: &'static std::ffi::CStr,
    function: ffi::PyMethodDefPointer,
    flags: c_int,
    doc: *const c_char,
) -> ffi::PyMethodDef {
    ffi::PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: function,
        ml_flags: flags,
        ml_doc: doc,
    }
}

/// Creates `_ferropy`; CPython calls it at the first import.
pub unsafe extern "C" fn init_module() -> *mut ffi::PyObject {
    py::into_c(create())
}

fn create() -> Result<Object> {
    // CPython keeps pointers to the definition for the life of the process.
    let methods = Box::leak(Box::new([
        method(
            c"set_waker",
            set_waker,
            ffi::METH_O,
            c"Register what the host calls when it wakes the event loop.".as_ptr(),
        ),
        method(
            c"wake_after",
            wake_after,
            ffi::METH_O,
            c"Ask the host to call the waker after a number of seconds.".as_ptr(),
        ),
        method(
            c"js_error",
            js_error,
            ffi::METH_O,
            c"The JavaScript PythonError for an exception.".as_ptr(),
        ),
        method(
            c"exception",
            exception,
            ffi::METH_O,
            c"The exception for a value that JavaScript threw.".as_ptr(),
        ),
        method_of(
            c"operate",
            ffi::PyMethodDefPointer {
                PyCFunctionFast: jsproxy::operate,
            },
            ffi::METH_FASTCALL,
            c"operate(name, proxy, *arguments)\n--\n\nAn operation of runtime/src/jsproxy/operations.ts."
                .as_ptr(),
        ),
        method(
            c"unwrap",
            jsproxy::unwrap,
            ffi::METH_O,
            c"unwrap(proxy)\n--\n\nThe Python object behind a double proxy.".as_ptr(),
        ),
        method(
            c"set_bigint_class",
            number::set_bigint_class,
            ffi::METH_O,
            c"Tell what BigInts become.".as_ptr(),
        ),
        method_of(
            c"create_proxy",
            ffi::PyMethodDefPointer {
                PyCFunctionWithKeywords: lifetimes::create_proxy,
            },
            ffi::METH_VARARGS | ffi::METH_KEYWORDS,
            lifetimes::CREATE_PROXY.as_ptr(),
        ),
        method_of(
            c"create_once_callable",
            ffi::PyMethodDefPointer {
                PyCFunctionWithKeywords: lifetimes::create_once_callable,
            },
            ffi::METH_VARARGS | ffi::METH_KEYWORDS,
            lifetimes::CREATE_ONCE_CALLABLE.as_ptr(),
        ),
        method_of(
            c"to_js",
            ffi::PyMethodDefPointer {
                PyCFunctionWithKeywords: lifetimes::to_js,
            },
            ffi::METH_VARARGS | ffi::METH_KEYWORDS,
            lifetimes::TO_JS.as_ptr(),
        ),
        ffi::PyMethodDef::zeroed(),
    ]));
    let definition = Box::leak(Box::new(ffi::PyModuleDef {
        m_name: c"_ferropy".as_ptr(),
        m_doc: c"Internal interface between ferropy's Python modules and its runtime.".as_ptr(),
        m_size: -1,
        m_methods: methods.as_mut_ptr(),
        ..ffi::PyModuleDef {
            m_base: ffi::PyModuleDef_HEAD_INIT,
            m_name: std::ptr::null(),
            m_doc: std::ptr::null(),
            m_size: 0,
            m_methods: null_mut(),
            m_slots: null_mut(),
            m_traverse: None,
            m_clear: None,
            m_free: None,
        }
    }));
    // SAFETY: the definition is complete and lives for ever; the module is only
    // imported once the interpreter runs.
    unsafe {
        let module = Object::from_new(ffi::PyModule_Create(definition))?;
        let add = |name: &std::ffi::CStr, value: &Object| {
            py::check(ffi::PyModule_AddObjectRef(
                module.as_ptr(),
                name.as_ptr(),
                value.as_ptr(),
            ))
        };
        let (proxy, exception) = jsproxy::init()?;
        add(c"JsProxy", &proxy)?;
        add(c"JsException", &exception)?;
        let (null_class, null) = number::init()?;
        add(c"JsNull", &null_class)?;
        add(c"jsnull", &null)?;
        add(
            c"hosted",
            &Object::from_new(ffi::PyBool_FromLong(HOSTED.get().into()))?,
        )?;
        let mut globals = Record::default();
        let status = js_globals(&raw mut globals);
        add(c"js", &wire::finish(status, &globals)?)?;
        Ok(module)
    }
}
