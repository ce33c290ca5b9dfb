//! JavaScript values in Python: the type `pyodide.ffi.JsProxy`.
//!
//! A `JsProxy` owns a [`JsRef`]. What a value can do is found out when its proxy
//! is made (`flags.ts`); each set of abilities has a subtype of its own, with
//! the Python protocols that correspond, so that `len()`, `callable()` or
//! `isinstance()` see the truth.

mod attributes;
mod call;
mod exception;
mod methods;
mod protocols;
mod types;

use std::ptr::{self, null_mut};

use pyo3_ffi as ffi;

use crate::jsref::{JsRef, Slot};
use crate::py::{Object, Result};

pub use call::call_value;
pub use methods::{operate, unwrap};
pub use types::{init, is_proxy};

/// What a JavaScript value can do; `flags.ts` has the same bits.
pub mod flag {
    #![allow(
        missing_docs,
        reason = "the names are those of the JavaScript members or classes"
    )]
    pub const HAS_GET: u32 = 1 << 0;
    pub const HAS_SET: u32 = 1 << 1;
    pub const HAS_HAS: u32 = 1 << 2;
    pub const HAS_INCLUDES: u32 = 1 << 3;
    pub const HAS_LENGTH: u32 = 1 << 4;
    pub const HAS_DISPOSE: u32 = 1 << 5;
    pub const HAS_ASYNC_DISPOSE: u32 = 1 << 6;
    pub const IS_ARRAY: u32 = 1 << 7;
    pub const IS_ARRAY_LIKE: u32 = 1 << 8;
    pub const IS_TYPED_ARRAY: u32 = 1 << 9;
    pub const IS_BUFFER: u32 = 1 << 10;
    pub const IS_CALLABLE: u32 = 1 << 11;
    pub const IS_ERROR: u32 = 1 << 12;
    pub const IS_AWAITABLE: u32 = 1 << 13;
    pub const IS_GENERATOR: u32 = 1 << 14;
    pub const IS_ASYNC_GENERATOR: u32 = 1 << 15;
    pub const IS_ITERABLE: u32 = 1 << 16;
    pub const IS_ASYNC_ITERABLE: u32 = 1 << 17;
    pub const IS_ITERATOR: u32 = 1 << 18;
    pub const IS_ASYNC_ITERATOR: u32 = 1 << 19;
    pub const IS_PY_JSON_DICT: u32 = 1 << 20;
    pub const IS_PY_JSON_SEQUENCE: u32 = 1 << 21;
    pub const IS_DOUBLE_PROXY: u32 = 1 << 22;
    pub const IS_OBJECT_MAP: u32 = 1 << 23;
    pub const IS_ONCE_CALLABLE: u32 = 1 << 24;
    pub const IS_WEAK_REF: u32 = 1 << 25;
    /// An `IS_OBJECT_MAP` that shows the properties of prototypes too.
    pub const IS_HEREDITARY: u32 = 1 << 26;
    /// Indexed by numbers, as a Python sequence.
    pub const SEQUENCES: u32 = IS_ARRAY | IS_ARRAY_LIKE | IS_TYPED_ARRAY;
}

/// What every proxy has, whatever its type.
#[repr(C)]
struct Fields {
    value: JsRef,
    flags: u32,
    vectorcall: Option<ffi::vectorcallfunc>,
    /// What a function was read from, so that calling it is a method call. Owned, or NULL.
    owner: *mut ffi::PyObject,
    /// What `bind_sig` or `bind_class` set. Owned, or NULL.
    signature: *mut ffi::PyObject,
    /// What the import system sets on modules. Owned, or NULL.
    dict: *mut ffi::PyObject,
    weak_references: *mut ffi::PyObject,
}

/// The layout of all proxies but errors.
#[repr(C)]
struct JsProxy {
    base: ffi::PyObject,
    fields: Fields,
}

/// The layout of errors, which are exceptions first.
#[repr(C)]
struct JsException {
    base: ffi::PyBaseExceptionObject,
    fields: Fields,
}

/// # Safety
/// `object` is a proxy; CPython guarantees it for `self` in the types' own slots.
unsafe fn fields<'a>(object: *mut ffi::PyObject) -> &'a mut Fields {
    // SAFETY: passed on to the caller; the type's flag says which layout it is.
    unsafe {
        if (*ffi::Py_TYPE(object)).tp_flags & ffi::Py_TPFLAGS_BASE_EXC_SUBCLASS == 0 {
            &mut (*object.cast::<JsProxy>()).fields
        } else {
            &mut (*object.cast::<JsException>()).fields
        }
    }
}

/// The slot behind a proxy, or `None` if the object is something else.
///
/// # Safety
/// `object` is live.
#[must_use]
pub unsafe fn slot_of(object: *mut ffi::PyObject) -> Option<Slot> {
    // SAFETY: passed on.
    unsafe { is_proxy(object).then(|| fields(object).value.slot()) }
}

/// A new proxy of `value`, which has the abilities `flags`.
pub fn new(value: JsRef, flags: u32) -> Result<Object> {
    new_member(value, flags, null_mut())
}

/// A proxy of a value that was read from the proxy `owner`; functions remember it as their `this`.
///
/// `owner` is a live object, or NULL.
pub fn new_member(value: JsRef, flags: u32, owner: *mut ffi::PyObject) -> Result<Object> {
    if flags & flag::IS_ERROR != 0 {
        return exception::new(value, flags);
    }
    let class = types::of(flags)?;
    // SAFETY: the type's instances have this layout; every field is written before anyone sees it.
    unsafe {
        let object = Object::from_new(ffi::PyType_GenericAlloc(class, 0))?;
        let proxy = object.as_ptr().cast::<JsProxy>();
        let called = flags & flag::IS_CALLABLE != 0;
        let owner = if called { owner } else { null_mut() };
        ffi::Py_XINCREF(owner);
        ptr::write(
            &raw mut (*proxy).fields,
            Fields {
                value,
                flags,
                vectorcall: if called { Some(call::vectorcall) } else { None },
                owner,
                signature: null_mut(),
                dict: null_mut(),
                weak_references: null_mut(),
            },
        );
        Ok(object)
    }
}
