//! JavaScript values in Python: the type `pyodide.ffi.JsProxy`.
//!
//! A `JsProxy` owns a [`JsRef`]. Attribute access, calls, subscripts, iteration
//! and `await` go to JavaScript; scalars are converted on the way.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::ptr::null_mut;

use pyo3_ffi as ffi;

use crate::convert;
use crate::jsref::{self, JsRef, Slot};
use crate::py::{self, Object, Raised, Result};

#[link(wasm_import_module = "ferropy")]
unsafe extern "C" {
    /// `value[name]`; slot 0 with nothing thrown means that there is no such
    /// property, which [`js_threw`] tells apart.
    safe fn js_get(value: Slot, name: Slot) -> Slot;
    safe fn js_threw() -> bool;
    /// Sets a property; takes over `to`. 0 if it threw.
    safe fn js_set_property(value: Slot, name: Slot, to: Slot) -> Slot;
    safe fn js_delete_property(value: Slot, name: Slot) -> Slot;
    /// `value.apply(this, arguments)`, or `new value(...arguments)` if
    /// `construct`. Takes over the arguments array.
    safe fn js_call(value: Slot, this: Slot, arguments: Slot, construct: bool) -> Slot;
    safe fn js_array() -> Slot;
    safe fn js_append(container: Slot, value: Slot) -> Slot;
    /// A plain object; entries are added with [`js_set_property`].
    safe fn js_object() -> Slot;
    safe fn js_to_text(value: Slot) -> Slot;
    /// Length or size, or -1 if the value has none.
    safe fn js_size(value: Slot) -> isize;
    /// An element of an Array, Map or typed array; like [`js_get`].
    safe fn js_get_item(value: Slot, key: Slot) -> Slot;
    safe fn js_set_item(value: Slot, key: Slot, to: Slot) -> Slot;
    safe fn js_delete_item(value: Slot, key: Slot) -> Slot;
    /// A JavaScript array of what iterating over the value gives.
    safe fn js_iterate(value: Slot) -> Slot;
    safe fn js_typeof(value: Slot) -> Slot;
    safe fn js_property_names(value: Slot) -> Slot;
    safe fn js_is_function(value: Slot) -> bool;
    safe fn js_same(left: Slot, right: Slot) -> bool;
    safe fn js_truth(value: Slot) -> bool;
}

thread_local! {
    static TYPE: Cell<*mut ffi::PyTypeObject> = const { Cell::new(null_mut()) };
}

/// The instance layout.
#[repr(C)]
struct JsProxy {
    base: ffi::PyObject,
    value: JsRef,
    /// What a function was read from, so that calling it is a method call.
    this: Option<JsRef>,
}

/// A new proxy of `value`.
pub fn new(value: JsRef, this: Option<JsRef>) -> Result<Object> {
    let class = TYPE.get();
    // SAFETY: tp_alloc gives zeroed memory of the instance's size with a strong
    // reference; the two Rust fields are written before anyone can see it.
    unsafe {
        let alloc = (*class).tp_alloc.expect("a ready type has tp_alloc");
        let object = Object::from_new(alloc(class, 0))?;
        let proxy = object.as_ptr().cast::<JsProxy>();
        (&raw mut (*proxy).value).write(value);
        (&raw mut (*proxy).this).write(this);
        Ok(object)
    }
}

/// The JavaScript value if `object` is a `JsProxy`.
#[must_use]
pub fn unwrap(object: &Object) -> Option<JsRef> {
    // SAFETY: reads the type pointer, then the layout that the type guarantees.
    unsafe {
        (ffi::Py_TYPE(object.as_ptr()) == TYPE.get()).then(|| proxy(object.as_ptr()).value.clone())
    }
}

/// # Safety
/// `object` is an instance of `JsProxy`; CPython guarantees it for `self` in the
/// type's own slots.
unsafe fn proxy<'a>(object: *mut ffi::PyObject) -> &'a JsProxy {
    // SAFETY: passed on to the caller.
    unsafe { &*object.cast::<JsProxy>() }
}

/// A slot that may also say «no such property»: 0 with nothing thrown.
fn optional(slot: Slot) -> Result<Option<JsRef>> {
    if slot == 0 && !js_threw() {
        return Ok(None);
    }
    JsRef::from_slot(slot).map(Some)
}

/// A value read from `owner`; functions remember it as their `this`.
fn member(value: JsRef, owner: &JsRef) -> Result<Object> {
    if js_is_function(value.slot()) {
        return new(value, Some(owner.clone()));
    }
    convert::from_js(&value)
}

/// The value a property or element access gives, or NULL with `missing` raised.
unsafe fn found(
    result: Result<Option<JsRef>>,
    owner: &JsRef,
    missing: *mut ffi::PyObject,
    name: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    py::into_c(result.and_then(|value| match value {
        Some(value) => member(value, owner),
        None => {
            // SAFETY: both live; the exception keeps its own reference.
            unsafe { ffi::PyErr_SetObject(missing, name) };
            Err(Raised)
        }
    }))
}

fn call(
    value: &JsRef,
    this: Slot,
    arguments: *mut ffi::PyObject,
    keywords: *mut ffi::PyObject,
    construct: bool,
) -> Result<Object> {
    let array = JsRef::from_slot(js_array())?;
    // SAFETY: `arguments` is a tuple and `keywords` a dict or NULL, live for
    // the call.
    unsafe {
        for index in 0..ffi::PyTuple_Size(arguments) {
            let item = Object::from_borrowed(ffi::PyTuple_GetItem(arguments, index))?;
            let item = convert::to_js(&item)?;
            JsRef::from_slot(js_append(array.slot(), item.into_slot()))?;
        }
        if !keywords.is_null() && ffi::PyDict_Size(keywords) > 0 {
            let options = JsRef::from_slot(js_object())?;
            let (mut position, mut key, mut item) = (0, null_mut(), null_mut());
            while ffi::PyDict_Next(keywords, &raw mut position, &raw mut key, &raw mut item) != 0 {
                let key = convert::to_js(&Object::from_borrowed(key)?)?;
                let item = convert::to_js(&Object::from_borrowed(item)?)?;
                JsRef::from_slot(js_set_property(
                    options.slot(),
                    key.slot(),
                    item.into_slot(),
                ))?;
            }
            JsRef::from_slot(js_append(array.slot(), options.into_slot()))?;
        }
    }
    convert::from_js(&JsRef::from_slot(js_call(
        value.slot(),
        this,
        array.into_slot(),
        construct,
    ))?)
}

unsafe extern "C" fn dealloc(object: *mut ffi::PyObject) {
    // SAFETY: the last reference is gone; the fields were written in `new`.
    unsafe {
        let class = ffi::Py_TYPE(object);
        std::ptr::drop_in_place(&raw mut (*object.cast::<JsProxy>()).value);
        std::ptr::drop_in_place(&raw mut (*object.cast::<JsProxy>()).this);
        (*class).tp_free.expect("a ready type has tp_free")(object.cast());
        ffi::Py_DECREF(class.cast());
    }
}

unsafe extern "C" fn repr(object: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: slot of the type.
    let value = unsafe { &proxy(object).value };
    py::into_c(JsRef::from_slot(js_to_text(value.slot())).and_then(|text| convert::from_js(&text)))
}

unsafe extern "C" fn get_attribute(
    object: *mut ffi::PyObject,
    name: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: slot of the type; `name` is a live str.
    unsafe {
        // Methods of the type itself first, as they would hide nothing useful.
        let own = ffi::PyObject_GenericGetAttr(object, name);
        if !own.is_null() || ffi::PyErr_ExceptionMatches(ffi::PyExc_AttributeError) == 0 {
            return own;
        }
        ffi::PyErr_Clear();
        let value = &proxy(object).value;
        let result = Object::from_borrowed(name)
            .and_then(|name| convert::string_to_js(&name))
            .and_then(|name| optional(js_get(value.slot(), name.slot())));
        found(result, value, ffi::PyExc_AttributeError, name)
    }
}

unsafe extern "C" fn set_attribute(
    object: *mut ffi::PyObject,
    name: *mut ffi::PyObject,
    to: *mut ffi::PyObject,
) -> c_int {
    // SAFETY: slot of the type; `to` is NULL for `del`.
    let result = unsafe {
        let value = &proxy(object).value;
        Object::from_borrowed(name)
            .and_then(|name| convert::string_to_js(&name))
            .and_then(|name| {
                if to.is_null() {
                    JsRef::from_slot(js_delete_property(value.slot(), name.slot()))
                } else {
                    let to = convert::to_js(&Object::from_borrowed(to)?)?;
                    JsRef::from_slot(js_set_property(value.slot(), name.slot(), to.into_slot()))
                }
            })
    };
    if result.is_ok() { 0 } else { -1 }
}

unsafe extern "C" fn call_slot(
    object: *mut ffi::PyObject,
    arguments: *mut ffi::PyObject,
    keywords: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: slot of the type.
    let me = unsafe { proxy(object) };
    let this = me.this.as_ref().map_or(jsref::UNDEFINED, JsRef::slot);
    py::into_c(call(&me.value, this, arguments, keywords, false))
}

unsafe extern "C" fn length(object: *mut ffi::PyObject) -> ffi::Py_ssize_t {
    // SAFETY: slot of the type; the class is live.
    unsafe {
        let size = js_size(proxy(object).value.slot());
        if size < 0 {
            py::raise_new(
                ffi::PyExc_TypeError,
                "this JavaScript value has no length or size",
            );
        }
        size
    }
}

unsafe extern "C" fn truth(object: *mut ffi::PyObject) -> c_int {
    // SAFETY: slot of the type.
    c_int::from(js_truth(unsafe { proxy(object) }.value.slot()))
}

unsafe extern "C" fn get_item(
    object: *mut ffi::PyObject,
    key: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: slot of the type; `key` is live.
    unsafe {
        let value = &proxy(object).value;
        let result = Object::from_borrowed(key)
            .and_then(|key| convert::to_js(&key))
            .and_then(|key| optional(js_get_item(value.slot(), key.slot())));
        let missing = if ffi::PyLong_Check(key) != 0 {
            ffi::PyExc_IndexError
        } else {
            ffi::PyExc_KeyError
        };
        found(result, value, missing, key)
    }
}

unsafe extern "C" fn set_item(
    object: *mut ffi::PyObject,
    key: *mut ffi::PyObject,
    to: *mut ffi::PyObject,
) -> c_int {
    // SAFETY: slot of the type; `to` is NULL for `del`.
    let result = unsafe {
        let value = &proxy(object).value;
        Object::from_borrowed(key)
            .and_then(|key| convert::to_js(&key))
            .and_then(|key| {
                if to.is_null() {
                    JsRef::from_slot(js_delete_item(value.slot(), key.slot()))
                } else {
                    let to = convert::to_js(&Object::from_borrowed(to)?)?;
                    JsRef::from_slot(js_set_item(value.slot(), key.slot(), to.into_slot()))
                }
            })
    };
    if result.is_ok() { 0 } else { -1 }
}

unsafe extern "C" fn iterate(object: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: slot of the type.
    let value = unsafe { &proxy(object).value };
    py::into_c(
        JsRef::from_slot(js_iterate(value.slot()))
            .and_then(|items| convert::copy_from_js(&items, 1))
            // SAFETY: a list has an iterator.
            .and_then(|list| unsafe { Object::from_new(ffi::PyObject_GetIter(list.as_ptr())) }),
    )
}

unsafe extern "C" fn awaiter(object: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: slot of the type.
    py::into_c(
        unsafe { Object::from_borrowed(object) }.and_then(|promise| {
            py::import(c"pyodide.webloop")?
                .call_method(c"future_of", &[&promise])?
                .call_method(c"__await__", &[])
        }),
    )
}

unsafe extern "C" fn compare(
    object: *mut ffi::PyObject,
    other: *mut ffi::PyObject,
    operation: c_int,
) -> *mut ffi::PyObject {
    // SAFETY: slot of the type; NotImplemented and the bools are immortal.
    unsafe {
        if ffi::Py_TYPE(other) != TYPE.get() || !matches!(operation, ffi::Py_EQ | ffi::Py_NE) {
            ffi::Py_INCREF(ffi::Py_NotImplemented());
            return ffi::Py_NotImplemented();
        }
        let same = js_same(proxy(object).value.slot(), proxy(other).value.slot());
        ffi::PyBool_FromLong((same == (operation == ffi::Py_EQ)).into())
    }
}

unsafe extern "C" fn new_method(
    object: *mut ffi::PyObject,
    arguments: *mut ffi::PyObject,
    keywords: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: method of the type.
    let value = unsafe { &proxy(object).value };
    py::into_c(call(value, jsref::UNDEFINED, arguments, keywords, true))
}

unsafe extern "C" fn to_py(
    object: *mut ffi::PyObject,
    arguments: *mut ffi::PyObject,
    keywords: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    let mut depth: c_int = -1;
    let mut names = [c"depth".as_ptr().cast_mut(), null_mut()];
    // SAFETY: the format asks for one optional keyword-only int.
    let parsed = unsafe {
        ffi::PyArg_ParseTupleAndKeywords(
            arguments,
            keywords,
            c"|$i:to_py".as_ptr(),
            names.as_mut_ptr().cast(),
            &raw mut depth,
        )
    };
    if parsed == 0 {
        return null_mut();
    }
    // SAFETY: method of the type.
    py::into_c(convert::copy_from_js(
        unsafe { &proxy(object).value },
        depth,
    ))
}

unsafe extern "C" fn dir(object: *mut ffi::PyObject, _: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: method of the type.
    let value = unsafe { &proxy(object).value };
    py::into_c(
        JsRef::from_slot(js_property_names(value.slot()))
            .and_then(|names| convert::copy_from_js(&names, 1)),
    )
}

unsafe extern "C" fn type_of(object: *mut ffi::PyObject, _: *mut c_void) -> *mut ffi::PyObject {
    // SAFETY: getter of the type.
    let value = unsafe { &proxy(object).value };
    py::into_c(JsRef::from_slot(js_typeof(value.slot())).and_then(|text| convert::from_js(&text)))
}

/// Creates the type; called once at start-up.
pub fn init() -> Result<Object> {
    // CPython keeps pointers to these tables for as long as the type lives.
    let methods = Box::leak(Box::new([
        ffi::PyMethodDef {
            ml_name: c"new".as_ptr(),
            ml_meth: ffi::PyMethodDefPointer {
                PyCFunctionWithKeywords: new_method,
            },
            ml_flags: ffi::METH_VARARGS | ffi::METH_KEYWORDS,
            ml_doc: c"Construct: JavaScript's `new value(...)`.".as_ptr(),
        },
        ffi::PyMethodDef {
            ml_name: c"to_py".as_ptr(),
            ml_meth: ffi::PyMethodDefPointer {
                PyCFunctionWithKeywords: to_py,
            },
            ml_flags: ffi::METH_VARARGS | ffi::METH_KEYWORDS,
            ml_doc: c"Copy Arrays, Maps, Sets, buffers and plain objects into Python, \
                      `depth` levels deep (default: all)."
                .as_ptr(),
        },
        ffi::PyMethodDef {
            ml_name: c"__dir__".as_ptr(),
            ml_meth: ffi::PyMethodDefPointer { PyCFunction: dir },
            ml_flags: ffi::METH_NOARGS,
            ml_doc: std::ptr::null(),
        },
        ffi::PyMethodDef::zeroed(),
    ]));
    let getters = Box::leak(Box::new([
        ffi::PyGetSetDef {
            name: c"typeof".as_ptr(),
            get: Some(type_of),
            set: None,
            doc: c"JavaScript's `typeof value`.".as_ptr(),
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
        (ffi::Py_tp_dealloc, dealloc as *mut c_void),
        (ffi::Py_tp_repr, repr as *mut c_void),
        (ffi::Py_tp_getattro, get_attribute as *mut c_void),
        (ffi::Py_tp_setattro, set_attribute as *mut c_void),
        (ffi::Py_tp_call, call_slot as *mut c_void),
        (ffi::Py_tp_iter, iterate as *mut c_void),
        (ffi::Py_tp_richcompare, compare as *mut c_void),
        (
            ffi::Py_tp_hash,
            ffi::PyObject_HashNotImplemented as *mut c_void,
        ),
        (ffi::Py_nb_bool, truth as *mut c_void),
        (ffi::Py_mp_length, length as *mut c_void),
        (ffi::Py_mp_subscript, get_item as *mut c_void),
        (ffi::Py_mp_ass_subscript, set_item as *mut c_void),
        (ffi::Py_am_await, awaiter as *mut c_void),
        (ffi::Py_tp_methods, methods.as_mut_ptr().cast()),
        (ffi::Py_tp_getset, getters.as_mut_ptr().cast()),
        (0, null_mut()),
    ]
    .map(|(slot, pfunc)| ffi::PyType_Slot { slot, pfunc });
    let mut spec = ffi::PyType_Spec {
        name: c"pyodide.ffi.JsProxy".as_ptr(),
        basicsize: size_of::<JsProxy>() as c_int,
        itemsize: 0,
        flags: (ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_DISALLOW_INSTANTIATION) as u32,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: the spec and its tables are complete; CPython copies the spec.
    let class = unsafe { Object::from_new(ffi::PyType_FromSpec(&raw mut spec))? };
    TYPE.set(class.clone().into_ptr().cast());
    Ok(class)
}
