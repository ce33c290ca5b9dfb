//! Python → JavaScript.

use std::collections::HashMap;
use std::slice;

use pyo3_ffi as ffi;

use crate::jsproxy;
use crate::jsref::{FALSE, JsRef, Slot, TRUE};
use crate::py::{self, Object, Raised, Result};
use crate::pyproxy;

#[link(wasm_import_module = "ferropy")]
unsafe extern "C" {
    safe fn js_number(value: f64) -> Slot;
    /// A BigInt from two's complement, little-endian bytes.
    safe fn js_bigint(bytes: *const u8, length: usize) -> Slot;
    /// A string from `length` code points of `kind` bytes each; 0 stands for one byte that is ASCII.
    safe fn js_string(kind: u32, data: *const u8, length: usize) -> Slot;
    /// A `Uint8Array` with a copy of the bytes.
    safe fn js_bytes(data: *const u8, length: usize) -> Slot;
    safe fn js_array() -> Slot;
    safe fn js_map() -> Slot;
    safe fn js_set() -> Slot;
    /// Appends to an array or a set; takes over `value`. 0 if it threw.
    safe fn js_append(container: Slot, value: Slot) -> Slot;
    /// Sets a map's entry; takes over `key` and `value`. 0 if it threw.
    safe fn js_map_set(map: Slot, key: Slot, value: Slot) -> Slot;
}

/// The largest magnitude whose integers a JavaScript number holds exactly,
/// `Number.MAX_SAFE_INTEGER`.
const MAX_SAFE_INTEGER: i64 = (1 << 53) - 1;

/// Converts None, bool, int, float and str; anything else becomes a proxy (or
/// the original, if it is a proxy of a JavaScript value).
pub fn to_js(object: &Object) -> Result<JsRef> {
    match scalar_to_js(object)? {
        Some(value) => Ok(value),
        None => pyproxy::new(object.clone()),
    }
}

fn scalar_to_js(object: &Object) -> Result<Option<JsRef>> {
    let ptr = object.as_ptr();
    // SAFETY: type checks on a live object.
    unsafe {
        if object.is_none() {
            Ok(Some(JsRef::undefined()))
        } else if ffi::PyUnicode_Check(ptr) != 0 {
            string_to_js(object).map(Some)
        } else if ffi::PyBool_Check(ptr) != 0 {
            let slot = if ptr == ffi::Py_True() { TRUE } else { FALSE };
            JsRef::from_slot(slot).map(Some)
        } else if ffi::PyLong_Check(ptr) != 0 {
            int_to_js(object).map(Some)
        } else if ffi::PyFloat_Check(ptr) != 0 {
            JsRef::from_slot(js_number(ffi::PyFloat_AsDouble(ptr))).map(Some)
        } else {
            Ok(jsproxy::unwrap(object))
        }
    }
}

fn int_to_js(object: &Object) -> Result<JsRef> {
    let mut overflow = 0;
    // SAFETY: `object` is an int.
    let value = unsafe { ffi::PyLong_AsLongLongAndOverflow(object.as_ptr(), &raw mut overflow) };
    if overflow == 0 && value.abs() <= MAX_SAFE_INTEGER {
        #[allow(clippy::cast_precision_loss, reason = "exact up to MAX_SAFE_INTEGER")]
        return JsRef::from_slot(js_number(value as f64));
    }
    // -1: native byte order, signed (little-endian two's complement on wasm).
    const NATIVE_ENDIAN: i32 = -1;
    // SAFETY: with size 0 the call only computes the size that is needed.
    let needed = py::check_size(unsafe {
        ffi::PyLong_AsNativeBytes(object.as_ptr(), std::ptr::null_mut(), 0, NATIVE_ENDIAN)
    })?;
    let mut bytes = vec![0_u8; needed];
    // SAFETY: the buffer has `needed` bytes.
    py::check_size(unsafe {
        ffi::PyLong_AsNativeBytes(
            object.as_ptr(),
            bytes.as_mut_ptr().cast(),
            needed as ffi::Py_ssize_t,
            NATIVE_ENDIAN,
        )
    })?;
    JsRef::from_slot(js_bigint(bytes.as_ptr(), bytes.len()))
}

/// Converts a `str`, lone surrogates included.
pub fn string_to_js(object: &Object) -> Result<JsRef> {
    let ptr = object.as_ptr();
    // SAFETY: a str is always ready since 3.12; kind, data and length describe
    // its own storage, which JavaScript copies before it returns.
    JsRef::from_slot(unsafe {
        if ffi::PyUnicode_Check(ptr) == 0 {
            return Ok(JsRef::undefined());
        }
        let (kind, length) = (
            ffi::PyUnicode_KIND(ptr),
            ffi::PyUnicode_GET_LENGTH(ptr) as usize,
        );
        let data = ffi::PyUnicode_DATA(ptr).cast::<u8>();
        let ascii = kind == 1 && slice::from_raw_parts(data, length).is_ascii();
        js_string(if ascii { 0 } else { kind }, data, length)
    })
}

/// Copies lists and tuples to arrays, dicts to Maps, sets to Sets and bytes-like
/// objects to `Uint8Array`s, `depth` levels deep (negative: all). Shared and
/// cyclic references stay shared and cyclic. Other objects become proxies.
pub fn copy_to_js(object: &Object, depth: i32) -> Result<JsRef> {
    copy(object, depth, &mut HashMap::new())
}

type Seen = HashMap<*mut ffi::PyObject, JsRef>;

fn copy(object: &Object, depth: i32, seen: &mut Seen) -> Result<JsRef> {
    if let Some(value) = scalar_to_js(object)? {
        return Ok(value);
    }
    if depth == 0 {
        return pyproxy::new(object.clone());
    }
    if let Some(known) = seen.get(&object.as_ptr()) {
        return Ok(known.clone());
    }
    let ptr = object.as_ptr();
    // SAFETY: type checks on a live object.
    unsafe {
        if ffi::PyList_Check(ptr) != 0 || ffi::PyTuple_Check(ptr) != 0 {
            copy_elements(object, js_array(), depth, seen)
        } else if ffi::PyAnySet_Check(ptr) != 0 {
            copy_elements(object, js_set(), depth, seen)
        } else if ffi::PyDict_Check(ptr) != 0 {
            copy_dict(object, depth, seen)
        } else if ffi::PyObject_CheckBuffer(ptr) != 0 {
            copy_buffer(object)
        } else {
            pyproxy::new(object.clone())
        }
    }
}

fn copy_elements(object: &Object, container: Slot, depth: i32, seen: &mut Seen) -> Result<JsRef> {
    let container = JsRef::from_slot(container)?;
    seen.insert(object.as_ptr(), container.clone());
    // SAFETY: live object; the iterator is owned.
    let iterator = unsafe { Object::from_new(ffi::PyObject_GetIter(object.as_ptr()))? };
    loop {
        let mut item = std::ptr::null_mut();
        // SAFETY: `item` receives a strong reference or NULL.
        match unsafe { ffi::PyIter_NextItem(iterator.as_ptr(), &raw mut item) } {
            0 => return Ok(container),
            1 => {}
            _ => return Err(Raised),
        }
        // SAFETY: status 1 says that `item` is a strong reference.
        let item = unsafe { Object::from_new(item)? };
        let value = copy(&item, depth - 1, seen)?;
        JsRef::from_slot(js_append(container.slot(), value.into_slot()))?;
    }
}

fn copy_dict(object: &Object, depth: i32, seen: &mut Seen) -> Result<JsRef> {
    let map = JsRef::from_slot(js_map())?;
    seen.insert(object.as_ptr(), map.clone());
    // A list of pairs: converting values may run Python code, which could
    // change the dict during a direct iteration.
    // SAFETY: `object` is a dict.
    let items = unsafe { Object::from_new(ffi::PyDict_Items(object.as_ptr()))? };
    // SAFETY: `items` is a list of 2-tuples that nobody else sees.
    unsafe {
        for index in 0..ffi::PyList_Size(items.as_ptr()) {
            let pair = ffi::PyList_GetItem(items.as_ptr(), index);
            let key = Object::from_borrowed(ffi::PyTuple_GetItem(pair, 0))?;
            let value = Object::from_borrowed(ffi::PyTuple_GetItem(pair, 1))?;
            let key = copy(&key, 0, seen)?;
            let value = copy(&value, depth - 1, seen)?;
            JsRef::from_slot(js_map_set(map.slot(), key.into_slot(), value.into_slot()))?;
        }
    }
    Ok(map)
}

fn copy_buffer(object: &Object) -> Result<JsRef> {
    // bytes(object) makes any layout contiguous; bytes itself is not copied.
    // SAFETY: live object that supports the buffer protocol.
    unsafe {
        let bytes = Object::from_new(ffi::PyBytes_FromObject(object.as_ptr()))?;
        JsRef::from_slot(js_bytes(
            ffi::PyBytes_AsString(bytes.as_ptr()).cast(),
            ffi::PyBytes_Size(bytes.as_ptr()) as usize,
        ))
    }
}
