//! JavaScript errors as Python exceptions: the type `pyodide.ffi.JsException`.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::ptr::{self, null_mut};

use pyo3_ffi as ffi;

use super::types::{Slots, release};
use super::{Fields, JsException};
use crate::jsref::{JsRef, Slot};
use crate::py::{self, Object, Result};
use crate::wire;

#[link(wasm_import_module = "ferropy")]
unsafe extern "C" {
    /// A new error of that class if it is a global one, in a slot; an empty stack stays JavaScript's.
    safe fn js_new_error(name: Slot, message: Slot, stack: Slot) -> Slot;
}

thread_local! {
    static CLASS: Cell<*mut ffi::PyTypeObject> = const { Cell::new(null_mut()) };
}

pub(super) fn set_class(class: &Object) {
    CLASS.set(class.clone().into_ptr().cast());
}

/// The exception of a JavaScript error.
pub fn new(value: JsRef, flags: u32) -> Result<Object> {
    // SAFETY: init() made the class.
    unsafe { instance(CLASS.get(), value, flags) }
}

unsafe fn instance(class: *mut ffi::PyTypeObject, value: JsRef, flags: u32) -> Result<Object> {
    // SAFETY: BaseException's constructor fills its own part; ours is written before anyone sees it.
    unsafe {
        let base = ffi::PyExc_Exception.cast::<ffi::PyTypeObject>();
        let new = (*base).tp_new.expect("Exception has a constructor");
        let arguments = py::tuple(0)?;
        let object = Object::from_new(new(class, arguments.as_ptr(), null_mut()))?;
        ptr::write(
            &raw mut (*object.as_ptr().cast::<JsException>()).fields,
            Fields {
                value,
                flags,
                vectorcall: None,
                owner: null_mut(),
                signature: null_mut(),
                dict: null_mut(),
                weak_references: null_mut(),
            },
        );
        Ok(object)
    }
}

/// `JsException(name, message="", stack="")`: a new JavaScript error.
unsafe extern "C" fn construct(
    class: *mut ffi::PyTypeObject,
    arguments: *mut ffi::PyObject,
    keywords: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    let [mut name, mut message, mut stack] = [null_mut(); 3];
    let mut names = [
        c"name".as_ptr().cast_mut(),
        c"message".as_ptr().cast_mut(),
        c"stack".as_ptr().cast_mut(),
        null_mut(),
    ];
    // SAFETY: CPython gives a live type, a tuple and a dict or NULL; the format asks for three texts.
    unsafe {
        if ffi::PyArg_ParseTupleAndKeywords(
            arguments,
            keywords,
            c"U|UU:JsException".as_ptr(),
            names.as_mut_ptr().cast(),
            &raw mut name,
            &raw mut message,
            &raw mut stack,
        ) == 0
        {
            return null_mut();
        }
        let text = |given: *mut ffi::PyObject| {
            let text = if given.is_null() {
                py::string("")
            } else {
                Object::from_borrowed(given)
            };
            wire::text_to_js(&text?)
        };
        py::into_c((|| {
            let (name, message, stack) = (text(name)?, text(message)?, text(stack)?);
            let error = JsRef::from_slot(js_new_error(name.slot(), message.slot(), stack.slot()))?;
            instance(class, error, super::flag::IS_ERROR)
        })())
    }
}

/// Copies and pickles keep what a new error can be made from.
unsafe extern "C" fn reduce(
    object: *mut ffi::PyObject,
    _: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: method of the type.
    py::into_c(unsafe {
        Object::from_borrowed(object).and_then(|object| {
            py::import(c"pyodide._proxies")?.call_method(c"reduce_error", &[&object])
        })
    })
}

pub(super) const REDUCE: ffi::PyCFunction = reduce;

/// The message was given to the constructor; BaseException's would keep it twice.
unsafe extern "C" fn initialize(
    _: *mut ffi::PyObject,
    _: *mut ffi::PyObject,
    _: *mut ffi::PyObject,
) -> c_int {
    0
}

unsafe extern "C" fn dealloc(object: *mut ffi::PyObject) {
    // SAFETY: the last reference is gone; BaseException's own destructor frees the object.
    unsafe {
        let class = ffi::Py_TYPE(object);
        ffi::PyObject_GC_UnTrack(object.cast());
        let fields = &raw mut (*object.cast::<JsException>()).fields;
        release(fields);
        ffi::PyObject_GC_Track(object.cast());
        let base = ffi::PyExc_Exception.cast::<ffi::PyTypeObject>();
        (*base).tp_dealloc.expect("Exception has a destructor")(object);
        ffi::Py_DECREF(class.cast());
    }
}

unsafe extern "C" fn traverse(
    object: *mut ffi::PyObject,
    visit: ffi::visitproc,
    argument: *mut c_void,
) -> c_int {
    // SAFETY: a live object with these fields; NULL is skipped.
    unsafe {
        let fields = &(*object.cast::<JsException>()).fields;
        for own in [
            ffi::Py_TYPE(object).cast(),
            fields.owner,
            fields.signature,
            fields.dict,
        ] {
            if !own.is_null() {
                let status = visit(own, argument);
                if status != 0 {
                    return status;
                }
            }
        }
        let base = ffi::PyExc_Exception.cast::<ffi::PyTypeObject>();
        (*base).tp_traverse.expect("Exception is collected")(object, visit, argument)
    }
}

/// The error itself, which older code reads so.
unsafe extern "C" fn js_error(object: *mut ffi::PyObject, _: *mut c_void) -> *mut ffi::PyObject {
    // SAFETY: getter of the type.
    unsafe { ffi::Py_INCREF(object) };
    object
}

pub(super) fn js_error_getter() -> ffi::PyGetSetDef {
    ffi::PyGetSetDef {
        name: c"js_error".as_ptr(),
        get: Some(js_error),
        set: None,
        doc: c"The JavaScript error, which is this object itself.".as_ptr(),
        closure: null_mut(),
    }
}

pub(super) fn add(slots: &mut Slots) {
    slots.add(ffi::Py_tp_dealloc, dealloc as *mut c_void);
    slots.add(ffi::Py_tp_traverse, traverse as *mut c_void);
    slots.add(ffi::Py_tp_new, construct as *mut c_void);
    slots.add(ffi::Py_tp_init, initialize as *mut c_void);
    slots.add(
        ffi::Py_tp_doc,
        c"A JavaScript error.\n\nIts properties, such as name, message and stack, are attributes."
            .as_ptr()
            .cast_mut()
            .cast(),
    );
}
