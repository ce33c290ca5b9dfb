//! Python objects in JavaScript: what the `PyProxy` class (`pyproxy.ts`) calls.
//!
//! A `PyProxy` owns one strong reference, which `ferropy_release` takes back.
//! All exports get the address of a live proxy's object. Arguments and results
//! are records (`wire`); the status is 0, -1 after storing an error, or -2 for
//! "there is none".

mod abilities;
mod buffer;

use std::ffi::c_int;
use std::ptr::null_mut;

use pyo3_ffi as ffi;

use crate::convert::{self, Converters};
use crate::errors;
use crate::jsref::Slot;
use crate::py::{self, Object, Raised, Result};
use crate::stack::Entered;
use crate::wire::{self, Arguments, Record, status, write_result};

pub use abilities::{able, of as abilities};

type Pointer = *mut ffi::PyObject;

/// There is no such attribute or item, or the iterator has ended.
const NONE: c_int = -2;

/// Keeps the object alive to the end of the export, since the code that it runs may destroy the proxy,
/// and fails with `$failure` if the stack has no room for that code.
macro_rules! hold {
    ($object:expr) => {
        hold!($object, -1)
    };
    ($object:expr, $failure:expr) => {
        // SAFETY: exports get live objects.
        let _held = unsafe { Object::from_borrowed($object) };
        let _entered = match Entered::new() {
            Ok(entered) => entered,
            Err(raised) => {
                errors::store_for_js(raised);
                return $failure;
            }
        };
    };
}

/// Another strong reference.
///
/// # Safety
/// `object` is live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_retain(object: Pointer) {
    // SAFETY: passed on.
    unsafe { ffi::Py_XINCREF(object) };
}

/// Gives a reference back.
///
/// # Safety
/// The caller owns the reference and does not use it again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_release(object: Pointer) {
    // SAFETY: passed on.
    unsafe { ffi::Py_XDECREF(object) };
}

/// What the object can do: a union of [`able`].
///
/// # Safety
/// See the module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_abilities(object: Pointer) -> u32 {
    // SAFETY: passed on.
    unsafe { abilities(object) }
}

/// A number that stands for the object's type as it is now; 0 if it has none.
///
/// # Safety
/// See the module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_type_tag(object: Pointer) -> u32 {
    // SAFETY: a live object's type is live.
    unsafe { abilities::type_tag(ffi::Py_TYPE(object)) }
}

/// The name of the object's type, with its module unless that is builtins or `__main__`.
///
/// # Safety
/// See the module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_type_name(object: Pointer, out: *mut Record) -> c_int {
    hold!(object);
    // SAFETY: an object's type is live while the object is.
    unsafe {
        let name = Object::from_borrowed(ffi::Py_TYPE(object).cast())
            .and_then(|class| py::string(&errors::qualified_name(&class)?));
        write_result(out, name)
    }
}

/// `str(object)` or `repr(object)`.
///
/// # Safety
/// See the module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_text(object: Pointer, repr: bool, out: *mut Record) -> c_int {
    hold!(object);
    // SAFETY: passed on.
    unsafe {
        let text = if repr {
            ffi::PyObject_Repr(object)
        } else {
            ffi::PyObject_Str(object)
        };
        write_result(out, Object::from_new(text))
    }
}

/// `len(object)`, or -1 after storing an error.
///
/// # Safety
/// See the module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_length(object: Pointer) -> isize {
    hold!(object);
    // SAFETY: passed on.
    let length = unsafe { ffi::PyObject_Size(object) };
    if length < 0 {
        errors::store_for_js(Raised);
    }
    length
}

/// Whether a value is the same as the one that was read before: the object itself, or a method that
/// Python makes anew each time.
unsafe fn is_same(value: Pointer, known: Pointer) -> bool {
    // SAFETY: live objects.
    unsafe {
        if value == known {
            return true;
        }
        let class = ffi::Py_TYPE(value);
        let method = class == &raw mut PyMethod_Type || class == &raw mut ffi::PyCFunction_Type;
        method
            && class == ffi::Py_TYPE(known)
            && ffi::PyObject_RichCompareBool(value, known, ffi::Py_EQ) == 1
    }
}

unsafe extern "C" {
    /// `Objects/classobject.c`.
    static mut PyMethod_Type: ffi::PyTypeObject;
}

/// `getattr(object, name)`; `name` is a `str`. `known` is NULL or the object of the proxy that was made
/// for the attribute; 1 says that it still is the value.
///
/// # Safety
/// See the module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_get_attribute(
    object: Pointer,
    name: Pointer,
    known: Pointer,
    out: *mut Record,
) -> c_int {
    hold!(object);
    let mut value = null_mut();
    // SAFETY: passed on; `value` receives a strong reference or NULL.
    unsafe {
        match ffi::PyObject_GetOptionalAttr(object, name, &raw mut value) {
            0 => NONE,
            1 if !known.is_null() && is_same(value, known) => {
                ffi::Py_DECREF(value);
                1
            }
            _ => write_result(out, Object::from_new(value)),
        }
    }
}

/// Whether the object has the attribute: 0, 1, or -1 after storing an error.
///
/// # Safety
/// See the module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_has_attribute(object: Pointer, name: Pointer) -> c_int {
    hold!(object);
    // SAFETY: passed on.
    answer(unsafe { ffi::PyObject_HasAttrWithError(object, name) })
}

/// `setattr(object, name, value)`.
///
/// # Safety
/// See the module; `value` was written by JavaScript.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_set_attribute(
    object: Pointer,
    name: Pointer,
    value: *const Record,
) -> c_int {
    hold!(object);
    // SAFETY: passed on.
    unsafe {
        status(
            wire::read(&*value)
                .and_then(|value| py::check(ffi::PyObject_SetAttr(object, name, value.as_ptr()))),
        )
    }
}

/// `delattr(object, name)`.
///
/// # Safety
/// See the module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_delete_attribute(object: Pointer, name: Pointer) -> c_int {
    hold!(object);
    // SAFETY: passed on.
    status(py::check(unsafe { ffi::PyObject_DelAttr(object, name) }))
}

/// `dir(object)`, as a tape's result.
///
/// # Safety
/// See the module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_dir(object: Pointer, out: *mut Record) -> c_int {
    hold!(object);
    // SAFETY: passed on.
    unsafe { write_result(out, Object::from_new(ffi::PyObject_Dir(object))) }
}

/// `object[key]`; the record holds the key and then the value. A missing key or index gives -2.
///
/// # Safety
/// See the module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_get_item(object: Pointer, record: *mut Record) -> c_int {
    hold!(object);
    // SAFETY: passed on.
    unsafe {
        let value = wire::read(&*record).and_then(|key| {
            if ffi::PyDict_CheckExact(object) != 0 {
                let value = ffi::PyDict_GetItemWithError(object, key.as_ptr());
                if value.is_null() && ffi::PyErr_Occurred().is_null() {
                    return Ok(None);
                }
                return Object::from_borrowed(value).map(Some);
            }
            Object::from_new(ffi::PyObject_GetItem(object, key.as_ptr())).map(Some)
        });
        match value {
            Ok(Some(value)) => write_result(record, Ok(value)),
            Ok(None) => NONE,
            Err(Raised)
                if ffi::PyErr_ExceptionMatches(ffi::PyExc_KeyError) != 0
                    || ffi::PyErr_ExceptionMatches(ffi::PyExc_IndexError) != 0 =>
            {
                ffi::PyErr_Clear();
                NONE
            }
            Err(raised) => write_result(record, Err(raised)),
        }
    }
}

/// `object[key] = value`; two records.
///
/// # Safety
/// See the module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_set_item(object: Pointer, records: *const Record) -> c_int {
    hold!(object);
    // SAFETY: passed on.
    unsafe {
        status(Arguments::read(records, 2).and_then(|arguments| {
            let [key, value] = arguments.first_two();
            py::check(ffi::PyObject_SetItem(object, key, value))
        }))
    }
}

/// `del object[key]`.
///
/// # Safety
/// See the module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_delete_item(object: Pointer, record: *const Record) -> c_int {
    hold!(object);
    // SAFETY: passed on.
    unsafe {
        status(
            wire::read(&*record)
                .and_then(|key| py::check(ffi::PyObject_DelItem(object, key.as_ptr()))),
        )
    }
}

/// `key in object`: 0, 1, or -1 after storing an error.
///
/// # Safety
/// See the module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_contains(object: Pointer, record: *const Record) -> c_int {
    hold!(object);
    // SAFETY: passed on.
    unsafe {
        answer(
            wire::read(&*record).map_or(-1, |key| ffi::PySequence_Contains(object, key.as_ptr())),
        )
    }
}

fn answer(answer: c_int) -> c_int {
    if answer < 0 {
        errors::store_for_js(Raised);
    }
    answer
}

/// `object(*arguments, **keywords)`: `count` records of positional arguments, then the values of
/// `named` keyword arguments, then their names. The result takes the first record.
///
/// # Safety
/// See the module; there is at least one record.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_call(
    object: Pointer,
    records: *mut Record,
    count: usize,
    named: usize,
) -> c_int {
    hold!(object);
    // SAFETY: passed on.
    unsafe {
        let result = Arguments::read(records, count + named).and_then(|arguments| {
            if named == 0 {
                return arguments.call(object, null_mut());
            }
            let names = py::tuple(named)?;
            for index in 0..named {
                let name = wire::read(&*records.add(count + named + index))?;
                ffi::PyTuple_SetItem(names.as_ptr(), index as ffi::Py_ssize_t, name.into_ptr());
            }
            arguments.call(object, names.as_ptr())
        });
        write_result(records, result)
    }
}

/// `relaxed_call(object, *arguments, **keywords)`, likewise: arguments too many are left out.
///
/// # Safety
/// See [`ferropy_call`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_relaxed_caller(object: Pointer) -> Pointer {
    hold!(object, null_mut());
    // SAFETY: passed on.
    py::into_c_stored(unsafe {
        Object::from_borrowed(object).and_then(|object| {
            let relaxed = py::import(c"pyodide.code")?.getattr(c"relaxed_call")?;
            relaxed.call_method(c"__get__", &[&object])
        })
    })
}

/// `iter(object)` (or `aiter`): a new reference that the caller owns; NULL after storing an error.
///
/// # Safety
/// See the module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_iterate(object: Pointer, asynchronous: bool) -> Pointer {
    hold!(object, null_mut());
    // SAFETY: passed on.
    py::into_c_stored(unsafe {
        Object::from_new(if asynchronous {
            ffi::PyObject_GetAIter(object)
        } else {
            ffi::PyObject_GetIter(object)
        })
    })
}

/// `next(object)`: 0 with the item, -2 with the value of `StopIteration`.
///
/// # Safety
/// See the module; the object is an iterator.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_next(object: Pointer, out: *mut Record) -> c_int {
    hold!(object);
    let mut item = null_mut();
    // SAFETY: passed on; `item` receives a strong reference or NULL.
    unsafe {
        match ffi::PyIter_Send(object, ffi::Py_None(), &raw mut item) {
            ffi::PySendResult::PYGEN_NEXT => write_result(out, Object::from_new(item)),
            ffi::PySendResult::PYGEN_RETURN => ended(out, Object::from_new(item)),
            ffi::PySendResult::PYGEN_ERROR => write_result(out, Err(Raised)),
        }
    }
}

unsafe fn ended(out: *mut Record, value: Result<Object>) -> c_int {
    // SAFETY: passed on.
    let written = unsafe { write_result(out, value) };
    if written < 0 { written } else { NONE }
}

/// Resumes a generator by one of its methods (`send`, `throw`, `close`) with the record's value; see
/// [`ferropy_next`] for what it gives.
///
/// # Safety
/// See the module; `method` is a `str`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_resume(
    object: Pointer,
    method: Pointer,
    record: *mut Record,
) -> c_int {
    hold!(object);
    // SAFETY: passed on.
    unsafe {
        let resumed = wire::read(&*record).and_then(|argument| {
            let argument = errors::as_exception(argument)?;
            let arguments = [object, argument.as_ptr()];
            Object::from_new(ffi::PyObject_VectorcallMethod(
                method,
                arguments.as_ptr(),
                2 | ffi::PY_VECTORCALL_ARGUMENTS_OFFSET,
                null_mut(),
            ))
        });
        match resumed {
            Err(Raised) if ffi::PyErr_ExceptionMatches(ffi::PyExc_StopIteration) != 0 => {
                ended(record, py::take_exception().getattr(c"value"))
            }
            resumed => write_result(record, resumed),
        }
    }
}

/// `iterator.__anext__()`, or a method of an asynchronous generator with the record's value; the
/// result is awaitable.
///
/// # Safety
/// See [`ferropy_resume`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_async_resume(
    object: Pointer,
    method: Pointer,
    record: *mut Record,
) -> c_int {
    hold!(object);
    // SAFETY: passed on.
    unsafe {
        let resumed = wire::read(&*record).and_then(|argument| {
            let argument = errors::as_exception(argument)?;
            py::import(c"pyodide.webloop")?.call_method(
                c"resume",
                &[
                    &Object::from_borrowed(object)?,
                    &Object::from_borrowed(method)?,
                    &argument,
                ],
            )
        });
        write_result(record, resumed)
    }
}

/// Starts an awaitable as a task and calls `resolve(value)` or `reject(error)` when it is done; the
/// records hold the two functions.
///
/// # Safety
/// See the module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_settle(object: Pointer, records: *const Record) -> c_int {
    hold!(object);
    // SAFETY: passed on.
    unsafe {
        status(Arguments::read(records, 2).and_then(|arguments| {
            let [resolve, reject] = arguments.first_two();
            py::import(c"pyodide.webloop")?
                .call_method(
                    c"settle",
                    &[
                        &Object::from_borrowed(object)?,
                        &Object::from_borrowed(resolve)?,
                        &Object::from_borrowed(reject)?,
                    ],
                )
                .map(drop)
        }))
    }
}

/// A copy in JavaScript values, `depth` levels (negative: all), made by the decoder in a slot, which
/// has the converters that the bits say.
///
/// # Safety
/// See the module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_to_js(
    object: Pointer,
    depth: c_int,
    decoder: Slot,
    converters: u32,
    out: *mut Record,
) -> c_int {
    hold!(object);
    // SAFETY: passed on.
    unsafe {
        match convert::to_js(object, depth, decoder, Converters::from_bits(converters)) {
            Ok(value) => {
                (*out).tag = wire::tag::TAKEN;
                (*out).aux = value.into_slot();
                0
            }
            Err(raised) => write_result(out, Err(raised)),
        }
    }
}
