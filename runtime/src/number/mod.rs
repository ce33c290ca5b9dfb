//! Numbers and `null`: what JavaScript has and Python lacks, and the other way round.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::ptr::null_mut;

use pyo3_ffi as ffi;

use crate::py::{self, Object, Raised, Result};

/// The largest magnitude whose integers a JavaScript number holds exactly,
/// `Number.MAX_SAFE_INTEGER`.
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

thread_local! {
    static JS_NULL: Cell<*mut ffi::PyObject> = const { Cell::new(null_mut()) };
    /// The class `pyodide.ffi.JsBigInt`, NULL until something needs it.
    static JS_BIGINT: Cell<*mut ffi::PyObject> = const { Cell::new(null_mut()) };
}

/// A Python number for a JavaScript one: an int if it is a safe integer, else a float. -0 is a
/// float, since an int could not say it.
pub fn from_f64(value: f64) -> Result<Object> {
    #[allow(
        clippy::float_cmp,
        reason = "asks whether the conversion lost anything"
    )]
    // SAFETY: constructors of new objects.
    unsafe {
        let small = value as i32;
        if f64::from(small) == value && (small != 0 || value.is_sign_positive()) {
            return Object::from_new(ffi::PyLong_FromLong(small));
        }
        #[allow(clippy::cast_precision_loss, reason = "2^53 - 1 is exact")]
        let safe = value.abs() <= MAX_SAFE_INTEGER as f64 && value.trunc() == value;
        if safe && value != 0.0 {
            return Object::from_new(ffi::PyLong_FromLongLong(value as i64));
        }
        Object::from_new(ffi::PyFloat_FromDouble(value))
    }
}

/// What Python code sees of BigInts: a subclass of `int`, written in Python (`pyodide.ffi`).
pub struct JsBigInt;

impl JsBigInt {
    /// The `JsBigInt` of an int.
    pub fn of(int: &Object) -> Result<Object> {
        if JS_BIGINT.get().is_null() {
            let class = py::import(c"pyodide.ffi")?.getattr(c"JsBigInt")?;
            JS_BIGINT.set(class.into_ptr());
        }
        // SAFETY: a strong reference that is never released.
        unsafe { Object::from_borrowed(JS_BIGINT.get())? }.call(&[int])
    }
}

/// Whether an int is a `JsBigInt`.
///
/// # Safety
/// `object` is live.
pub unsafe fn is_js_bigint(object: *mut ffi::PyObject) -> bool {
    let class = JS_BIGINT.get().cast::<ffi::PyTypeObject>();
    // SAFETY: as above; without the class there are no instances.
    !class.is_null() && unsafe { ffi::PyType_IsSubtype(ffi::Py_TYPE(object), class) != 0 }
}

/// Tells the runtime which class BigInts become: `_ferropy.set_bigint_class(class)`.
pub unsafe extern "C" fn set_bigint_class(
    _: *mut ffi::PyObject,
    class: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: METH_O gives a live argument.
    py::into_c(unsafe { Object::from_borrowed(class) }.map(|class| {
        JS_BIGINT.set(class.into_ptr());
        Object::none()
    }))
}

/// `pyodide.ffi.jsnull`.
#[must_use]
pub fn js_null() -> Object {
    // SAFETY: init() made it and keeps it.
    unsafe { Object::from_borrowed(JS_NULL.get()).unwrap_or_else(|Raised| Object::none()) }
}

/// Whether this is `jsnull`.
#[must_use]
pub fn is_js_null(object: *mut ffi::PyObject) -> bool {
    object == JS_NULL.get()
}

/// For CPython's `json` (patches/cpython): whether an object is `jsnull`.
#[unsafe(no_mangle)]
pub extern "C" fn ferropy_is_js_null(object: *mut ffi::PyObject) -> c_int {
    is_js_null(object).into()
}

unsafe extern "C" fn null_repr(_: *mut ffi::PyObject) -> *mut ffi::PyObject {
    py::into_c(py::string("jsnull"))
}

unsafe extern "C" fn null_typeof(_: *mut ffi::PyObject, _: *mut c_void) -> *mut ffi::PyObject {
    py::into_c(py::string("object"))
}

unsafe extern "C" fn null_truth(_: *mut ffi::PyObject) -> c_int {
    0
}

/// `JsNull()` is `jsnull`, as `type(None)()` is None.
unsafe extern "C" fn null_new(
    _: *mut ffi::PyTypeObject,
    _: *mut ffi::PyObject,
    _: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    js_null().into_ptr()
}

unsafe extern "C" fn null_reduce(
    _: *mut ffi::PyObject,
    _: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // A string names a global variable of the object's module.
    py::into_c(py::string("jsnull"))
}

/// Creates the type `JsNull` and its one instance; called once at start-up.
pub fn init() -> Result<(Object, Object)> {
    let methods = Box::leak(Box::new([
        ffi::PyMethodDef {
            ml_name: c"__reduce__".as_ptr(),
            ml_meth: ffi::PyMethodDefPointer {
                PyCFunction: null_reduce,
            },
            ml_flags: ffi::METH_NOARGS,
            ml_doc: std::ptr::null(),
        },
        ffi::PyMethodDef::zeroed(),
    ]));
    let getters = Box::leak(Box::new([
        ffi::PyGetSetDef {
            name: c"typeof".as_ptr(),
            get: Some(null_typeof),
            set: None,
            doc: c"JavaScript's `typeof null`.".as_ptr(),
            closure: null_mut(),
        },
        ffi::PyGetSetDef {
            name: std::ptr::null(),
            get: None,
            set: None,
            doc: std::ptr::null(),
            closure: null_mut(),
        },
    ]));
    let mut slots = [
        (ffi::Py_tp_getset, getters.as_mut_ptr().cast()),
        (ffi::Py_tp_repr, null_repr as *mut c_void),
        (ffi::Py_nb_bool, null_truth as *mut c_void),
        (ffi::Py_tp_new, null_new as *mut c_void),
        (ffi::Py_tp_methods, methods.as_mut_ptr().cast()),
        (
            ffi::Py_tp_doc,
            c"The type of jsnull, JavaScript's null."
                .as_ptr()
                .cast_mut()
                .cast(),
        ),
        (0, null_mut()),
    ]
    .map(|(slot, pfunc)| ffi::PyType_Slot { slot, pfunc });
    let mut spec = ffi::PyType_Spec {
        name: c"pyodide.ffi.JsNull".as_ptr(),
        basicsize: size_of::<ffi::PyObject>() as c_int,
        itemsize: 0,
        flags: ffi::Py_TPFLAGS_DEFAULT as u32,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: the spec is complete; the instance has no fields of its own.
    unsafe {
        let class = Object::from_new(ffi::PyType_FromSpec(&raw mut spec))?;
        let null = Object::from_new(ffi::PyType_GenericAlloc(class.as_ptr().cast(), 0))?;
        JS_NULL.set(null.clone().into_ptr());
        Ok((class, null))
    }
}
