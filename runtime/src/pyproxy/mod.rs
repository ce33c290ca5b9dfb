//! Python objects in JavaScript: what the `PyProxy` class (`pyproxy.ts`) calls.
//!
//! A `PyProxy` owns one strong reference, given by [`new`] and returned through
//! `ferropy_release`.

use std::ffi::c_int;

use pyo3_ffi as ffi;

use crate::convert;
use crate::jsref::{self, JsRef, Slot};
use crate::py::{self, Object, Raised, Result};

#[link(wasm_import_module = "ferropy")]
unsafe extern "C" {
    /// A new `PyProxy`; takes over the strong reference. `abilities` is a union
    /// of the `ABLE_*` bits.
    safe fn js_pyproxy(object: *mut ffi::PyObject, abilities: u32) -> Slot;
    safe fn js_length(array: Slot) -> usize;
    safe fn js_element(array: Slot, index: usize) -> Slot;
}

const ABLE_CALL: u32 = 1;
const ABLE_LENGTH: u32 = 2;
const ABLE_GET: u32 = 4;
const ABLE_ITERATE: u32 = 8;
const ABLE_AWAIT: u32 = 16;

/// A proxy that owns `object`.
pub fn new(object: Object) -> Result<JsRef> {
    let abilities = abilities(&object);
    JsRef::from_slot(js_pyproxy(object.into_ptr(), abilities))
}

fn abilities(object: &Object) -> u32 {
    // SAFETY: reads slots of a live object's type, whose sub-tables may be NULL.
    unsafe {
        let class = &*ffi::Py_TYPE(object.as_ptr());
        let sequence = class.tp_as_sequence.as_ref();
        let mapping = class.tp_as_mapping.as_ref();
        let awaitable = class.tp_as_async.as_ref();
        let mut able = 0;
        if ffi::PyCallable_Check(object.as_ptr()) != 0 {
            able |= ABLE_CALL;
        }
        if sequence.is_some_and(|s| s.sq_length.is_some())
            || mapping.is_some_and(|m| m.mp_length.is_some())
        {
            able |= ABLE_LENGTH;
        }
        if sequence.is_some_and(|s| s.sq_item.is_some())
            || mapping.is_some_and(|m| m.mp_subscript.is_some())
        {
            able |= ABLE_GET;
        }
        if class.tp_iter.is_some() {
            able |= ABLE_ITERATE;
        }
        if awaitable.is_some_and(|a| a.am_await.is_some())
            || ffi::PyCoro_CheckExact(object.as_ptr()) != 0
        {
            able |= ABLE_AWAIT;
        }
        able
    }
}

/// Runs `operation` on the object behind a live proxy and hands its result over.
///
/// # Safety
/// `object` is the pointer of a `PyProxy` that has not been destroyed.
unsafe fn with(
    object: *mut ffi::PyObject,
    operation: impl FnOnce(&Object) -> Result<JsRef>,
) -> Slot {
    // SAFETY: passed on to the caller.
    jsref::finish(unsafe { jsref::borrow_object(object) }.and_then(|object| operation(&object)))
}

/// Takes ownership of an argument's slot.
fn argument(slot: Slot) -> Result<Object> {
    convert::from_js(&JsRef::from_slot(slot)?)
}

fn done(_: ()) -> JsRef {
    JsRef::undefined()
}

/// Gives a proxy's reference back.
///
/// # Safety
/// `object` is a `PyProxy`'s pointer; the proxy does not use it again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_release(object: *mut ffi::PyObject) {
    // SAFETY: the proxy's strong reference ends here.
    unsafe { ffi::Py_XDECREF(object) };
}

/// Another strong reference, for `PyProxy.copy`.
///
/// # Safety
/// See [`with`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_copy(object: *mut ffi::PyObject) -> Slot {
    // SAFETY: passed on.
    unsafe { with(object, |object| new(object.clone())) }
}

/// The name of the object's type.
///
/// # Safety
/// See [`with`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_type_name(object: *mut ffi::PyObject) -> Slot {
    // SAFETY: passed on; an object's type is live while the object is.
    unsafe {
        with(object, |object| {
            let class = Object::from_borrowed(ffi::Py_TYPE(object.as_ptr()).cast())?;
            convert::to_js(&class.getattr(c"__name__")?)
        })
    }
}

/// `repr(object)` or `str(object)`.
///
/// # Safety
/// See [`with`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_text(object: *mut ffi::PyObject, repr: bool) -> Slot {
    // SAFETY: passed on.
    unsafe {
        with(object, |object| {
            convert::string_to_js(&if repr {
                object.to_repr()?
            } else {
                object.to_str()?
            })
        })
    }
}

/// `len(object)`.
///
/// # Safety
/// See [`with`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_length(object: *mut ffi::PyObject) -> Slot {
    // SAFETY: passed on.
    unsafe {
        with(object, |object| {
            let length = py::check_size(ffi::PyObject_Size(object.as_ptr()))?;
            convert::to_js(&Object::from_new(ffi::PyLong_FromSize_t(length))?)
        })
    }
}

/// `getattr(object, name)`.
///
/// # Safety
/// See [`with`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_get_attribute(object: *mut ffi::PyObject, name: Slot) -> Slot {
    // SAFETY: passed on.
    unsafe {
        with(object, |object| {
            let name = argument(name)?;
            convert::to_js(&Object::from_new(ffi::PyObject_GetAttr(
                object.as_ptr(),
                name.as_ptr(),
            ))?)
        })
    }
}

/// Whether the object has the attribute.
///
/// # Safety
/// See [`with`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_has_attribute(object: *mut ffi::PyObject, name: Slot) -> Slot {
    // SAFETY: passed on.
    unsafe {
        with(object, |object| {
            let name = argument(name)?;
            truth(ffi::PyObject_HasAttrWithError(
                object.as_ptr(),
                name.as_ptr(),
            ))
        })
    }
}

/// `setattr(object, name, value)`.
///
/// # Safety
/// See [`with`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_set_attribute(
    object: *mut ffi::PyObject,
    name: Slot,
    value: Slot,
) -> Slot {
    // SAFETY: passed on.
    unsafe {
        with(object, |object| {
            let (name, value) = (argument(name)?, argument(value)?);
            py::check(ffi::PyObject_SetAttr(
                object.as_ptr(),
                name.as_ptr(),
                value.as_ptr(),
            ))
            .map(done)
        })
    }
}

/// `delattr(object, name)`.
///
/// # Safety
/// See [`with`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_delete_attribute(object: *mut ffi::PyObject, name: Slot) -> Slot {
    // SAFETY: passed on.
    unsafe {
        with(object, |object| {
            let name = argument(name)?;
            py::check(ffi::PyObject_DelAttr(object.as_ptr(), name.as_ptr())).map(done)
        })
    }
}

/// `object[key]`; a missing key of a mapping or index gives `undefined`.
///
/// # Safety
/// See [`with`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_get_item(object: *mut ffi::PyObject, key: Slot) -> Slot {
    // SAFETY: passed on.
    unsafe {
        with(object, |object| {
            let key = argument(key)?;
            match Object::from_new(ffi::PyObject_GetItem(object.as_ptr(), key.as_ptr())) {
                Ok(value) => convert::to_js(&value),
                Err(Raised) if ffi::PyErr_ExceptionMatches(ffi::PyExc_LookupError) != 0 => {
                    ffi::PyErr_Clear();
                    Ok(JsRef::undefined())
                }
                Err(raised) => Err(raised),
            }
        })
    }
}

/// `object[key] = value`.
///
/// # Safety
/// See [`with`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_set_item(
    object: *mut ffi::PyObject,
    key: Slot,
    value: Slot,
) -> Slot {
    // SAFETY: passed on.
    unsafe {
        with(object, |object| {
            let (key, value) = (argument(key)?, argument(value)?);
            py::check(ffi::PyObject_SetItem(
                object.as_ptr(),
                key.as_ptr(),
                value.as_ptr(),
            ))
            .map(done)
        })
    }
}

/// `del object[key]`.
///
/// # Safety
/// See [`with`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_delete_item(object: *mut ffi::PyObject, key: Slot) -> Slot {
    // SAFETY: passed on.
    unsafe {
        with(object, |object| {
            let key = argument(key)?;
            py::check(ffi::PyObject_DelItem(object.as_ptr(), key.as_ptr())).map(done)
        })
    }
}

/// `key in object`.
///
/// # Safety
/// See [`with`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_contains(object: *mut ffi::PyObject, key: Slot) -> Slot {
    // SAFETY: passed on.
    unsafe {
        with(object, |object| {
            let key = argument(key)?;
            truth(ffi::PySequence_Contains(object.as_ptr(), key.as_ptr()))
        })
    }
}

/// `object(*arguments, **keywords)`; `keywords` is a plain object or `undefined`.
///
/// # Safety
/// See [`with`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_call(
    object: *mut ffi::PyObject,
    arguments: Slot,
    keywords: Slot,
) -> Slot {
    // SAFETY: passed on.
    unsafe {
        with(object, |object| {
            let arguments = JsRef::from_slot(arguments)?;
            let keywords = convert::copy_from_js(&JsRef::from_slot(keywords)?, 1)?;
            let length = js_length(arguments.slot());
            let tuple = py::tuple(length)?;
            for index in 0..length {
                let item = argument(js_element(arguments.slot(), index))?;
                ffi::PyTuple_SetItem(tuple.as_ptr(), index as ffi::Py_ssize_t, item.into_ptr());
            }
            let keywords = if keywords.is_none() {
                std::ptr::null_mut()
            } else {
                keywords.as_ptr()
            };
            convert::to_js(&Object::from_new(ffi::PyObject_Call(
                object.as_ptr(),
                tuple.as_ptr(),
                keywords,
            ))?)
        })
    }
}

/// `iter(object)`, as a proxy.
///
/// # Safety
/// See [`with`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_iterate(object: *mut ffi::PyObject) -> Slot {
    // SAFETY: passed on.
    unsafe {
        with(object, |object| {
            new(Object::from_new(ffi::PyObject_GetIter(object.as_ptr()))?)
        })
    }
}

/// The next item of an iterator: a one-element array, or `null` at its end.
///
/// # Safety
/// See [`with`]; the object is an iterator.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_next(object: *mut ffi::PyObject) -> Slot {
    #[link(wasm_import_module = "ferropy")]
    unsafe extern "C" {
        /// A one-element array; takes over the slot.
        safe fn js_box(value: Slot) -> Slot;
    }
    // SAFETY: passed on; `item` receives a strong reference or NULL.
    unsafe {
        with(object, |object| {
            let mut item = std::ptr::null_mut();
            match ffi::PyIter_NextItem(object.as_ptr(), &raw mut item) {
                0 => JsRef::from_slot(jsref::NULL),
                1 => {
                    let value = convert::to_js(&Object::from_new(item)?)?;
                    JsRef::from_slot(js_box(value.into_slot()))
                }
                _ => Err(Raised),
            }
        })
    }
}

/// A deep copy in JavaScript values, `depth` levels (negative: all).
///
/// # Safety
/// See [`with`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_copy_to_js(object: *mut ffi::PyObject, depth: c_int) -> Slot {
    // SAFETY: passed on.
    unsafe { with(object, |object| convert::copy_to_js(object, depth)) }
}

fn truth(status: c_int) -> Result<JsRef> {
    py::check(status)?;
    JsRef::from_slot(if status == 0 {
        jsref::FALSE
    } else {
        jsref::TRUE
    })
}

/// Copies a JavaScript value into Python and returns a proxy (or scalar) of the
/// copy: `pyodide.toPy`.
#[unsafe(no_mangle)]
pub extern "C" fn ferropy_to_py(value: Slot, depth: c_int) -> Slot {
    jsref::finish(
        JsRef::from_slot(value)
            .and_then(|value| convert::copy_from_js(&value, depth))
            .and_then(|object| convert::to_js(&object)),
    )
}
