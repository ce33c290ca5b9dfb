//! Calling JavaScript functions.

use std::ffi::c_int;
use std::ptr::null_mut;

use pyo3_ffi as ffi;

use super::{Fields, fields, flag};
use crate::jsref::{JsRef, Slot};
use crate::py::{self, Object, Result};
use crate::wire::{self, Record, tag};

#[link(wasm_import_module = "ferropy")]
unsafe extern "C" {
    /// `value.apply(this, arguments)`: `count` positional arguments are followed by the values of
    /// `named` keyword arguments and their names. The result is in `out`; -1 if it threw.
    safe fn js_call(
        value: Slot,
        this: *const Record,
        arguments: *const Record,
        count: usize,
        named: usize,
        out: *mut Record,
    ) -> c_int;
    /// `new value(...arguments)`, likewise.
    safe fn js_construct(
        value: Slot,
        arguments: *const Record,
        count: usize,
        named: usize,
        out: *mut Record,
    ) -> c_int;
}

/// Calls with up to this many arguments need no memory but the stack.
const FEW: usize = 8;

/// Whether a record holds a promise, which a call makes a future of.
fn is_promise(record: &Record) -> bool {
    record.tag == tag::VALUE && record.low & flag::IS_AWAITABLE != 0
}

/// Writes the arguments of a vectorcall and hands them to `operation`.
unsafe fn with_arguments(
    arguments: *const *mut ffi::PyObject,
    count: usize,
    names: *mut ffi::PyObject,
    operation: impl FnOnce(*const Record, usize) -> c_int,
) -> Result<c_int> {
    // SAFETY: as vectorcall says: `count` positional arguments, then one for each name.
    unsafe {
        let named = if names.is_null() {
            0
        } else {
            ffi::PyTuple_GET_SIZE(names) as usize
        };
        let total = count + 2 * named;
        let mut few = [Record::default(); FEW];
        let mut many = Vec::new();
        let records = if total <= FEW {
            &mut few[..total]
        } else {
            many.resize(total, Record::default());
            &mut many[..]
        };
        // One text alone is in nobody's way.
        let unread = (total > 1).then(wire::Unread::begin);
        let mut written = Ok(());
        for (index, record) in records.iter_mut().enumerate() {
            let object = if index < count + named {
                *arguments.add(index)
            } else {
                ffi::PyTuple_GET_ITEM(names, (index - count - named) as ffi::Py_ssize_t)
            };
            written = wire::write(record, object);
            if written.is_err() {
                break;
            }
        }
        drop(unread);
        written.map(|()| operation(records.as_ptr(), named))
    }
}

pub unsafe extern "C" fn vectorcall(
    callable: *mut ffi::PyObject,
    arguments: *const *mut ffi::PyObject,
    flagged_count: usize,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: CPython keeps all of it alive for the call.
    unsafe {
        let fields = fields(callable);
        let count = ffi::PyVectorcall_NARGS(flagged_count) as usize;
        if !fields.signature.is_null() {
            return py::into_c(signed(c"call", fields, arguments, count, names));
        }
        let mut out = Record::default();
        let value = fields.value.slot();
        let mut this = Record::default();
        if !fields.owner.is_null() && wire::write(&mut this, fields.owner).is_err() {
            return null_mut();
        }
        let called = with_arguments(arguments, count, names, |records, named| {
            js_call(value, &raw const this, records, count, named, &raw mut out)
        });
        py::into_c(called.and_then(|status| result(status, &out)))
    }
}

/// The value of a call: promises become futures, so that they run whether or not they are awaited.
unsafe fn result(status: c_int, out: &Record) -> Result<Object> {
    // SAFETY: passed on.
    unsafe {
        let promise = status >= 0 && is_promise(out);
        let value = wire::finish(status, out)?;
        if promise {
            return py::import(c"pyodide.webloop")?.call_method(c"future_of", &[&value]);
        }
        Ok(value)
    }
}

/// A call whose arguments a signature converts, by a function of `python/pyodide/_signature.py`.
unsafe fn signed(
    function: &std::ffi::CStr,
    fields: &Fields,
    arguments: *const *mut ffi::PyObject,
    count: usize,
    names: *mut ffi::PyObject,
) -> Result<Object> {
    // SAFETY: as in `vectorcall`.
    unsafe {
        let unsigned = super::new_member(fields.value.clone(), fields.flags, fields.owner)?;
        let caller = py::import(c"pyodide._signature")?.getattr(function)?;
        let named = if names.is_null() {
            0
        } else {
            ffi::PyTuple_GET_SIZE(names) as usize
        };
        let mut all = vec![unsigned.as_ptr(), fields.signature];
        all.extend((0..count + named).map(|index| *arguments.add(index)));
        Object::from_new(ffi::PyObject_Vectorcall(
            caller.as_ptr(),
            all.as_ptr(),
            count + 2,
            names,
        ))
    }
}

/// `value.new(*arguments, **keywords)`.
pub unsafe extern "C" fn new_method(
    object: *mut ffi::PyObject,
    arguments: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: method of the type.
    unsafe {
        let fields = fields(object);
        let count = count as usize;
        if !fields.signature.is_null() {
            return py::into_c(signed(c"construct", fields, arguments, count, names));
        }
        let mut out = Record::default();
        let value = fields.value.slot();
        let called = with_arguments(arguments, count, names, |records, named| {
            js_construct(value, records, count, named, &raw mut out)
        });
        py::into_c(called.and_then(|status| wire::finish(status, &out)))
    }
}

/// Calls a JavaScript function from Rust.
pub fn call_value(function: &JsRef, arguments: &[&Object]) -> Result<Object> {
    let pointers: Vec<_> = arguments.iter().map(|argument| argument.as_ptr()).collect();
    let mut out = Record::default();
    let this = Record::default();
    // SAFETY: the pointers are live for the call.
    unsafe {
        let status = with_arguments(
            pointers.as_ptr(),
            pointers.len(),
            null_mut(),
            |records, named| {
                js_call(
                    function.slot(),
                    &raw const this,
                    records,
                    pointers.len(),
                    named,
                    &raw mut out,
                )
            },
        )?;
        wire::finish(status, &out)
    }
}

/// As an attribute of a class, a function becomes a method: its `this` is the instance.
pub unsafe extern "C" fn bind(
    function: *mut ffi::PyObject,
    instance: *mut ffi::PyObject,
    _class: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: slot of the type; the instance is NULL or None when read from the class.
    unsafe {
        if instance.is_null() || instance == ffi::Py_None() {
            ffi::Py_INCREF(function);
            return function;
        }
        let fields = fields(function);
        py::into_c(super::new_member(
            fields.value.clone(),
            fields.flags,
            instance,
        ))
    }
}
