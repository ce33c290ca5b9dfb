//! JavaScript → Python.

use pyo3_ffi as ffi;

use crate::jsproxy;
use crate::jsref::{JsRef, Slot};
use crate::py::{self, Object, Result};

#[link(wasm_import_module = "ferropy")]
unsafe extern "C" {
    /// What kind of value this is: one of the `KIND_*` numbers (`convert.ts`).
    safe fn js_kind(value: Slot) -> u32;
    safe fn js_as_number(value: Slot) -> f64;
    /// How many bytes the two's complement form of a BigInt needs.
    safe fn js_bigint_size(value: Slot) -> usize;
    safe fn js_bigint_copy(value: Slot, into: *mut u8, size: usize);
    /// A string's length in UTF-16 code units.
    safe fn js_string_length(value: Slot) -> usize;
    safe fn js_string_copy(value: Slot, into: *mut u16);
    /// The object behind a `PyProxy`, borrowed; NULL if it was destroyed.
    safe fn js_pyproxy_object(value: Slot) -> *mut ffi::PyObject;
    /// Length in bytes of an ArrayBuffer or a view.
    safe fn js_buffer_size(value: Slot) -> usize;
    safe fn js_buffer_copy(value: Slot, into: *mut u8);
    /// The `struct` format of a typed array's elements, as one character.
    safe fn js_buffer_format(value: Slot) -> u32;
    /// An array's, Map's or Set's contents or a plain object's entries as a new
    /// flat array: values, or key, value, key, value …
    safe fn js_contents(value: Slot) -> Slot;
    safe fn js_length(array: Slot) -> usize;
    safe fn js_element(array: Slot, index: usize) -> Slot;
    /// A new memo for [`js_memo_get`].
    safe fn js_memo() -> Slot;
    /// The object noted for `value`, borrowed, or NULL.
    safe fn js_memo_get(memo: Slot, value: Slot) -> *mut ffi::PyObject;
    safe fn js_memo_set(memo: Slot, value: Slot, object: *mut ffi::PyObject);
}

const KIND_NONE: u32 = 0;
const KIND_FALSE: u32 = 1;
const KIND_TRUE: u32 = 2;
const KIND_INTEGER: u32 = 3;
const KIND_FLOAT: u32 = 4;
const KIND_BIGINT: u32 = 5;
const KIND_STRING: u32 = 6;
const KIND_PYPROXY: u32 = 7;
const KIND_ARRAY: u32 = 8;
const KIND_MAP: u32 = 9;
const KIND_SET: u32 = 10;
const KIND_BUFFER: u32 = 11;
const KIND_RECORD: u32 = 12;

/// Converts scalars; a `PyProxy` gives its object back, anything else becomes a
/// `JsProxy`.
pub fn from_js(value: &JsRef) -> Result<Object> {
    from_kind(js_kind(value.slot()), value)
}

fn from_kind(kind: u32, value: &JsRef) -> Result<Object> {
    let slot = value.slot();
    // SAFETY: constructors of new objects; singletons are live and borrowed.
    unsafe {
        match kind {
            KIND_NONE => Ok(Object::none()),
            KIND_FALSE => Object::from_borrowed(ffi::Py_False()),
            KIND_TRUE => Object::from_borrowed(ffi::Py_True()),
            KIND_INTEGER => Object::from_new(ffi::PyLong_FromDouble(js_as_number(slot))),
            KIND_FLOAT => Object::from_new(ffi::PyFloat_FromDouble(js_as_number(slot))),
            KIND_BIGINT => bigint(slot),
            KIND_STRING => string(slot),
            KIND_PYPROXY => {
                let object = js_pyproxy_object(slot);
                if object.is_null() {
                    return Err(py::raise_new(
                        ffi::PyExc_ReferenceError,
                        "this PyProxy was destroyed, so its Python object is gone; \
                         keep a .copy() of it in JavaScript",
                    ));
                }
                Object::from_borrowed(object)
            }
            _ => jsproxy::new(value.clone(), None),
        }
    }
}

fn bigint(slot: Slot) -> Result<Object> {
    let mut bytes = vec![0_u8; js_bigint_size(slot)];
    js_bigint_copy(slot, bytes.as_mut_ptr(), bytes.len());
    // SAFETY: pointer and length describe `bytes`; -1 is native order, signed.
    unsafe {
        Object::from_new(ffi::PyLong_FromNativeBytes(
            bytes.as_ptr().cast(),
            bytes.len(),
            -1,
        ))
    }
}

fn utf16(slot: Slot) -> Vec<u16> {
    let mut units = vec![0_u16; js_string_length(slot)];
    js_string_copy(slot, units.as_mut_ptr());
    units
}

fn string(slot: Slot) -> Result<Object> {
    let units = utf16(slot);
    let has_surrogates = units.iter().any(|unit| (0xD800..0xE000).contains(unit));
    // SAFETY: pointer and length describe `units`.
    unsafe {
        if has_surrogates {
            // Pairs become one code point, lone surrogates stay as they are.
            let mut little_endian = -1;
            Object::from_new(ffi::PyUnicode_DecodeUTF16(
                units.as_ptr().cast(),
                (units.len() * 2) as ffi::Py_ssize_t,
                c"surrogatepass".as_ptr(),
                &raw mut little_endian,
            ))
        } else {
            Object::from_new(ffi::PyUnicode_FromKindAndData(
                2,
                units.as_ptr().cast(),
                units.len() as ffi::Py_ssize_t,
            ))
        }
    }
}

/// A Rust string from a JavaScript one, usable before Python is initialised.
#[must_use]
pub fn rust_string(value: &JsRef) -> String {
    String::from_utf16_lossy(&utf16(value.slot()))
}

/// Copies arrays to lists, Maps and plain objects to dicts, Sets to sets and
/// buffers to memoryviews, `depth` levels deep (negative: all). Shared and
/// cyclic references stay so. Other objects become proxies.
pub fn copy_from_js(value: &JsRef, depth: i32) -> Result<Object> {
    let memo = JsRef::from_slot(js_memo())?;
    copy(value, depth, &memo)
}

fn copy(value: &JsRef, depth: i32, memo: &JsRef) -> Result<Object> {
    let kind = js_kind(value.slot());
    if depth == 0 || kind < KIND_ARRAY {
        return from_kind(kind, value);
    }
    // SAFETY: the memo's objects are kept alive by the containers being built.
    if let Some(known) = std::ptr::NonNull::new(js_memo_get(memo.slot(), value.slot())) {
        return unsafe { Object::from_borrowed(known.as_ptr()) };
    }
    match kind {
        KIND_ARRAY => copy_array(value, depth, memo),
        KIND_SET => copy_set(value, depth, memo),
        KIND_MAP | KIND_RECORD => copy_entries(value, depth, memo),
        KIND_BUFFER => copy_buffer(value),
        _ => from_kind(kind, value),
    }
}

/// An array of JavaScript values that Rust reads element by element.
struct Contents {
    array: JsRef,
    length: usize,
}

impl Contents {
    fn of(value: &JsRef) -> Result<Self> {
        let array = JsRef::from_slot(js_contents(value.slot()))?;
        let length = js_length(array.slot());
        Ok(Self { array, length })
    }

    fn copy(&self, index: usize, depth: i32, memo: &JsRef) -> Result<Object> {
        copy(
            &JsRef::from_slot(js_element(self.array.slot(), index))?,
            depth,
            memo,
        )
    }
}

fn copy_array(value: &JsRef, depth: i32, memo: &JsRef) -> Result<Object> {
    // SAFETY: a new list; PyList_Append takes its own reference.
    unsafe {
        let list = Object::from_new(ffi::PyList_New(0))?;
        js_memo_set(memo.slot(), value.slot(), list.as_ptr());
        let contents = Contents::of(value)?;
        for index in 0..contents.length {
            let item = contents.copy(index, depth - 1, memo)?;
            py::check(ffi::PyList_Append(list.as_ptr(), item.as_ptr()))?;
        }
        Ok(list)
    }
}

fn copy_set(value: &JsRef, depth: i32, memo: &JsRef) -> Result<Object> {
    // SAFETY: a new set; PySet_Add takes its own reference.
    unsafe {
        let set = Object::from_new(ffi::PySet_New(std::ptr::null_mut()))?;
        js_memo_set(memo.slot(), value.slot(), set.as_ptr());
        let contents = Contents::of(value)?;
        for index in 0..contents.length {
            let item = contents.copy(index, depth - 1, memo)?;
            py::check(ffi::PySet_Add(set.as_ptr(), item.as_ptr()))?;
        }
        Ok(set)
    }
}

fn copy_entries(value: &JsRef, depth: i32, memo: &JsRef) -> Result<Object> {
    let dict = py::dict()?;
    js_memo_set(memo.slot(), value.slot(), dict.as_ptr());
    let contents = Contents::of(value)?;
    for index in (0..contents.length).step_by(2) {
        let key = contents.copy(index, depth - 1, memo)?;
        let item = contents.copy(index + 1, depth - 1, memo)?;
        // SAFETY: all live; the dict takes its own references.
        py::check(unsafe { ffi::PyDict_SetItem(dict.as_ptr(), key.as_ptr(), item.as_ptr()) })?;
    }
    Ok(dict)
}

fn copy_buffer(value: &JsRef) -> Result<Object> {
    let size = js_buffer_size(value.slot());
    // SAFETY: the bytearray has `size` bytes of its own.
    let view = unsafe {
        let bytes = Object::from_new(ffi::PyByteArray_FromStringAndSize(
            std::ptr::null(),
            size as ffi::Py_ssize_t,
        ))?;
        js_buffer_copy(
            value.slot(),
            ffi::PyByteArray_AsString(bytes.as_ptr()).cast(),
        );
        Object::from_new(ffi::PyMemoryView_FromObject(bytes.as_ptr()))?
    };
    match char::from_u32(js_buffer_format(value.slot())) {
        Some('B') | None => Ok(view),
        Some(format) => {
            let mut text = [0; 4];
            view.call_method(c"cast", &[&py::string(format.encode_utf8(&mut text))?])
        }
    }
}
