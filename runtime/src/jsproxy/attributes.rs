//! Reading, setting and deleting properties as attributes.

use std::ffi::c_int;
use std::ptr::null_mut;

use pyo3_ffi as ffi;

use super::{fields, flag, new_member};
use crate::jsref::{JsRef, Slot};
use crate::py::{self, Object, Raised, Result};
use crate::wire::{self, Record, tag};

#[link(wasm_import_module = "ferropy")]
unsafe extern "C" {
    /// `value[name]`, where `name` is the index of a cached text: 0, -1 if it threw, or [`MISSING`].
    safe fn js_get(value: Slot, name: u32, out: *mut Record) -> c_int;
    /// `value[name] = item`; -1 if it threw.
    safe fn js_set(value: Slot, name: u32, item: *const Record) -> c_int;
    /// `delete value[name]`; -1 if it threw.
    safe fn js_delete(value: Slot, name: u32) -> c_int;
}

unsafe extern "C" {
    /// `Objects/typeobject.c`: a borrowed reference, or NULL with no exception set.
    fn _PyType_Lookup(
        class: *mut ffi::PyTypeObject,
        name: *mut ffi::PyObject,
    ) -> *mut ffi::PyObject;
}

/// There is no such property.
const MISSING: c_int = -2;

/// The import system sets these on modules, which JavaScript objects may serve as.
const OWN_NAMES: [&str; 5] = [
    "__loader__",
    "__name__",
    "__package__",
    "__path__",
    "__spec__",
];

/// What an operation read: functions remember what they were read from.
///
/// # Safety
/// `status` is what the import returned, `record` what it filled; `owner` is a live proxy.
pub unsafe fn member(status: c_int, record: &Record, owner: *mut ffi::PyObject) -> Result<Object> {
    if status >= 0 && record.tag == tag::VALUE {
        return new_member(JsRef::from_slot(record.aux)?, record.low, owner);
    }
    // SAFETY: passed on.
    unsafe { wire::finish(status, record) }
}

fn missing(name: *mut ffi::PyObject) -> Raised {
    // SAFETY: a live str.
    let text = unsafe { Object::from_borrowed(name).and_then(|name| py::text(&name)) };
    let text = text.unwrap_or_default();
    // SAFETY: a static exception class.
    unsafe {
        py::raise_new(
            ffi::PyExc_AttributeError,
            &format!("the JavaScript object has no property '{text}'"),
        )
    }
}

pub unsafe extern "C" fn get(
    object: *mut ffi::PyObject,
    name: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: slot of the type.
    unsafe {
        if ffi::PyUnicode_Check(name) == 0 {
            return ffi::PyObject_GenericGetAttr(object, name);
        }
        // The type's own members first; asking so makes no exception that is then thrown away.
        if !_PyType_Lookup(ffi::Py_TYPE(object), name).is_null() {
            return ffi::PyObject_GenericGetAttr(object, name);
        }
        let fields = fields(object);
        if !fields.dict.is_null() {
            let own = ffi::PyDict_GetItemWithError(fields.dict, name);
            if !own.is_null() {
                ffi::Py_INCREF(own);
                return own;
            }
        }
        // Star imports ask modules for their names so.
        if !fields.dict.is_null()
            && ffi::PyUnicode_CompareWithASCIIString(name, c"__dict__".as_ptr()) == 0
        {
            return py::into_c(Object::from_borrowed(object).and_then(|object| {
                py::import(c"pyodide._modules")?.call_method(c"star_names", &[&object])
            }));
        }
        let mut out = Record::default();
        let status = js_get(fields.value.slot(), wire::name_index(name), &raw mut out);
        if status == MISSING {
            let Raised = missing(name);
            return null_mut();
        }
        let value = member(status, &out, object);
        if fields.signature.is_null() {
            return py::into_c(value);
        }
        py::into_c(value.and_then(|value| {
            py::import(c"pyodide._signature")?.call_method(
                c"attribute",
                &[
                    &Object::from_borrowed(fields.signature)?,
                    &Object::from_borrowed(name)?,
                    &value,
                ],
            )
        }))
    }
}

pub unsafe extern "C" fn set(
    object: *mut ffi::PyObject,
    name: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
) -> c_int {
    // SAFETY: slot of the type; `value` is NULL for `del`.
    unsafe {
        let Ok(text) = Object::from_borrowed(name).and_then(|name| py::text(&name)) else {
            return -1;
        };
        if OWN_NAMES.contains(&text.as_str()) || is_own(object, name) {
            return ffi::PyObject_GenericSetAttr(object, name, value);
        }
        let slot = fields(object).value.slot();
        let status = if value.is_null() {
            js_delete(slot, wire::name_index(name))
        } else {
            let unread = wire::Unread::begin();
            let mut record = Record::default();
            if wire::write(&mut record, value).is_err() {
                return -1;
            }
            let name = wire::name_index(name);
            drop(unread);
            js_set(slot, name, &raw const record)
        };
        if status < 0 {
            let Raised = crate::errors::raise_js_error();
            return -1;
        }
        0
    }
}

/// Whether the type has a setter of this name, such as `__traceback__` of errors.
unsafe fn is_own(object: *mut ffi::PyObject, name: *mut ffi::PyObject) -> bool {
    // SAFETY: live objects; a descriptor's type is live while it is.
    unsafe {
        let descriptor = _PyType_Lookup(ffi::Py_TYPE(object), name);
        !descriptor.is_null()
            && (*ffi::Py_TYPE(descriptor)).tp_descr_set.is_some()
            && fields(object).flags & flag::IS_ERROR != 0
    }
}
