//! Python's protocols for JavaScript values: the slots that a type gets for its abilities.

use std::ffi::{c_int, c_void};
use std::ptr::null_mut;

use pyo3_ffi as ffi;

use super::types::Slots;
use super::{attributes, fields, flag, is_proxy};
use crate::errors;
use crate::jsref::{JsRef, Slot};
use crate::py::{self, Object, Raised, Result};
use crate::wire::{self, Record};

#[link(wasm_import_module = "ferropy")]
unsafe extern "C" {
    safe fn js_text(value: Slot, out: *mut Record) -> c_int;
    safe fn js_same(left: Slot, right: Slot) -> bool;
    /// JavaScript's `<`, `<=`, `>` or `>=`, by CPython's number; -1 if it threw.
    safe fn js_order(left: Slot, right: Slot, operation: c_int) -> c_int;
    safe fn js_id(value: Slot) -> u32;
    /// Whether the value is true by Python's rules; -1 if it threw.
    safe fn js_truth(value: Slot) -> c_int;
    /// Length or size; -1 if it threw.
    safe fn js_length(value: Slot, flags: u32) -> isize;
    /// An element by position: 0, -1 if it threw, or [`END`].
    /// With `hole`, an element that was never set is none.
    safe fn js_element(
        value: Slot,
        index: usize,
        flags: u32,
        hole: bool,
        out: *mut Record,
    ) -> c_int;
    safe fn js_set_element(value: Slot, index: usize, item: *const Record) -> c_int;
    safe fn js_splice(value: Slot, index: usize) -> c_int;
    /// A new array of `count` elements, `step` apart.
    safe fn js_slice(
        value: Slot,
        start: isize,
        step: isize,
        count: usize,
        flags: u32,
        out: *mut Record,
    ) -> c_int;
    /// Replaces those elements by the ones of the array `items`.
    safe fn js_set_slice(
        value: Slot,
        start: isize,
        step: isize,
        count: usize,
        items: Slot,
    ) -> c_int;
    /// Removes those elements.
    safe fn js_delete_slice(value: Slot, start: isize, step: isize, count: usize) -> c_int;
    /// An item by key.
    safe fn js_item(value: Slot, flags: u32, key: *const Record, out: *mut Record) -> c_int;
    safe fn js_set_item(value: Slot, flags: u32, key: *const Record, item: *const Record) -> c_int;
    safe fn js_delete_item(value: Slot, flags: u32, key: *const Record) -> c_int;
    /// 0 or 1; -1 if it threw.
    safe fn js_contains(value: Slot, flags: u32, item: *const Record) -> c_int;
    /// Throws if the typed array's buffer is detached.
    safe fn js_check_buffer(value: Slot) -> c_int;
    safe fn js_iterate(value: Slot, flags: u32, out: *mut Record) -> c_int;
    /// The next value of an iterator: 0, -1 if it threw, or [`END`] with the return value in `out`.
    safe fn js_next(value: Slot, flags: u32, argument: *const Record, out: *mut Record) -> c_int;
    safe fn js_array() -> Slot;
    safe fn js_push(array: Slot, item: *const Record) -> c_int;
}

/// There is nothing more.
const END: c_int = -2;

/// 0 or -1 of a C slot.
fn done(status: c_int) -> c_int {
    if status < 0 {
        let Raised = errors::raise_js_error();
        -1
    } else {
        0
    }
}

unsafe fn record_of(object: *mut ffi::PyObject) -> Result<Record> {
    let mut record = Record::default();
    // SAFETY: passed on.
    unsafe { wire::write(&mut record, object)? };
    Ok(record)
}

/// # Safety
/// `object` is a proxy.
unsafe fn target(object: *mut ffi::PyObject) -> (Slot, u32) {
    // SAFETY: passed on.
    let fields = unsafe { fields(object) };
    (fields.value.slot(), fields.flags)
}

pub unsafe extern "C" fn repr(object: *mut ffi::PyObject) -> *mut ffi::PyObject {
    let mut out = Record::default();
    // SAFETY: slot of the type.
    py::into_c(unsafe { wire::finish(js_text(target(object).0, &raw mut out), &out) })
}

pub unsafe extern "C" fn compare(
    object: *mut ffi::PyObject,
    other: *mut ffi::PyObject,
    operation: c_int,
) -> *mut ffi::PyObject {
    // SAFETY: slot of the type; NotImplemented and the bools are immortal.
    unsafe {
        if !is_proxy(other) {
            return ffi::Py_NewRef(ffi::Py_NotImplemented());
        }
        if !matches!(operation, ffi::Py_EQ | ffi::Py_NE) {
            let answer = js_order(target(object).0, target(other).0, operation);
            if answer < 0 {
                done(answer);
                return null_mut();
            }
            return ffi::PyBool_FromLong(answer.into());
        }
        let same = js_same(target(object).0, target(other).0);
        ffi::PyBool_FromLong((same == (operation == ffi::Py_EQ)).into())
    }
}

/// `js_id` for the getter.
pub unsafe extern "C" fn id(object: *mut ffi::PyObject, _: *mut c_void) -> *mut ffi::PyObject {
    // SAFETY: getter of the type.
    unsafe { ffi::PyLong_FromUnsignedLong(js_id(target(object).0).into()) }
}

pub unsafe extern "C" fn truth(object: *mut ffi::PyObject) -> c_int {
    // SAFETY: slot of the type.
    let answer = js_truth(unsafe { target(object).0 });
    if answer < 0 { done(answer) } else { answer }
}

unsafe extern "C" fn length(object: *mut ffi::PyObject) -> ffi::Py_ssize_t {
    // SAFETY: slot of the type.
    let (value, flags) = unsafe { target(object) };
    let length = js_length(value, flags);
    if length < 0 {
        let Raised = errors::raise_js_error();
    }
    length
}

/// A position from an index object, negative ones counted from the end.
unsafe fn position(object: *mut ffi::PyObject, key: *mut ffi::PyObject) -> Result<usize> {
    // SAFETY: live objects.
    unsafe {
        let mut index = ffi::PyNumber_AsSsize_t(key, ffi::PyExc_IndexError);
        if index == -1 && !ffi::PyErr_Occurred().is_null() {
            return Err(Raised);
        }
        if index < 0 {
            index += py::check_size(length(object))? as ffi::Py_ssize_t;
        }
        usize::try_from(index).map_err(|_| out_of_range())
    }
}

fn out_of_range() -> Raised {
    // SAFETY: a static exception class.
    unsafe { py::raise_new(ffi::PyExc_IndexError, "the index is out of range") }
}

/// Start, step and count of a slice.
unsafe fn extent(
    object: *mut ffi::PyObject,
    slice: *mut ffi::PyObject,
) -> Result<(isize, isize, usize)> {
    let (mut start, mut stop, mut step) = (0, 0, 0);
    // SAFETY: `slice` is a slice; the numbers are ours.
    unsafe {
        py::check(ffi::PySlice_Unpack(
            slice,
            &raw mut start,
            &raw mut stop,
            &raw mut step,
        ))?;
        let length = py::check_size(length(object))?;
        let count = ffi::PySlice_AdjustIndices(
            length as ffi::Py_ssize_t,
            &raw mut start,
            &raw mut stop,
            step,
        );
        Ok((start, step, count as usize))
    }
}

unsafe fn is_slice(key: *mut ffi::PyObject) -> bool {
    // SAFETY: a live object.
    unsafe { ffi::Py_TYPE(key) == &raw mut ffi::PySlice_Type }
}

unsafe extern "C" fn subscript(
    object: *mut ffi::PyObject,
    key: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    let mut out = Record::default();
    // SAFETY: slot of the type; `key` is live.
    py::into_c(unsafe {
        let (value, flags) = target(object);
        if flags & flag::SEQUENCES == 0 {
            return py::into_c(record_of(key).and_then(|key| {
                wire::finish(js_item(value, flags, &raw const key, &raw mut out), &out)
            }));
        }
        if is_slice(key) {
            extent(object, key).and_then(|(start, step, count)| {
                let status = js_slice(value, start, step, count, flags, &raw mut out);
                wire::finish(status, &out)
            })
        } else {
            index_key(key)
                .and_then(|()| position(object, key))
                .and_then(
                    |index| match js_element(value, index, flags, true, &raw mut out) {
                        END => Err(out_of_range()),
                        status => attributes::member(status, &out, object),
                    },
                )
        }
    })
}

/// `PySequence_GetItem`, which has counted negative indices from the end.
unsafe extern "C" fn item(
    object: *mut ffi::PyObject,
    index: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    // SAFETY: slot of the type.
    unsafe {
        let (value, flags) = target(object);
        let mut out = Record::default();
        let Ok(index) = usize::try_from(index) else {
            let Raised = out_of_range();
            return null_mut();
        };
        match js_element(value, index, flags, true, &raw mut out) {
            END => {
                let Raised = out_of_range();
                null_mut()
            }
            status => py::into_c(attributes::member(status, &out, object)),
        }
    }
}

/// Says what sequences are indexed with.
unsafe fn index_key(key: *mut ffi::PyObject) -> Result<()> {
    // SAFETY: a live object and a static exception class.
    unsafe {
        if ffi::PyIndex_Check(key) != 0 {
            return Ok(());
        }
        let class = Object::from_borrowed(ffi::Py_TYPE(key).cast())?;
        let name = py::text(&class.getattr(c"__name__")?)?;
        Err(py::raise_new(
            ffi::PyExc_TypeError,
            &format!("indices of JavaScript arrays must be integers or slices, not {name}"),
        ))
    }
}

/// A JavaScript array of an iterable's items: what a slice is replaced by.
pub unsafe fn items_array(iterable: *mut ffi::PyObject) -> Result<JsRef> {
    // SAFETY: a live object; the fast sequence keeps its items alive.
    unsafe {
        let array = JsRef::from_slot(js_array())?;
        let list = Object::from_new(ffi::PySequence_List(iterable))?;
        let count = ffi::PyList_Size(list.as_ptr());
        for index in 0..count {
            let record = record_of(ffi::PyList_GetItem(list.as_ptr(), index))?;
            if js_push(array.slot(), &raw const record) < 0 {
                return Err(errors::raise_js_error());
            }
        }
        Ok(array)
    }
}

unsafe extern "C" fn set_subscript(
    object: *mut ffi::PyObject,
    key: *mut ffi::PyObject,
    to: *mut ffi::PyObject,
) -> c_int {
    // SAFETY: slot of the type; `to` is NULL for `del`.
    let status: Result<c_int> = unsafe {
        let (value, flags) = target(object);
        if flags & flag::SEQUENCES == 0 {
            let unread = wire::Unread::begin();
            record_of(key).and_then(|key| {
                if to.is_null() {
                    return Ok(js_delete_item(value, flags, &raw const key));
                }
                let to = record_of(to)?;
                drop(unread);
                Ok(js_set_item(value, flags, &raw const key, &raw const to))
            })
        } else if is_slice(key) {
            extent(object, key).and_then(|(start, step, count)| {
                if to.is_null() {
                    return Ok(js_delete_slice(value, start, step, count));
                }
                let items = items_array(to)?;
                Ok(js_set_slice(value, start, step, count, items.slot()))
            })
        } else {
            index_key(key)
                .and_then(|()| position(object, key))
                .and_then(|index| {
                    let typed = flags & flag::IS_TYPED_ARRAY != 0;
                    if !typed && index >= py::check_size(length(object))? {
                        return Err(out_of_range());
                    }
                    if to.is_null() {
                        return Ok(js_splice(value, index));
                    }
                    let to = record_of(to)?;
                    Ok(js_set_element(value, index, &raw const to))
                })
        }
    };
    status.map_or(-1, done)
}

unsafe extern "C" fn contains(object: *mut ffi::PyObject, item: *mut ffi::PyObject) -> c_int {
    // SAFETY: slot of the type.
    let answer = unsafe {
        let (value, flags) = target(object);
        record_of(item).map(|item| js_contains(value, flags, &raw const item))
    };
    match answer {
        Ok(answer) if answer >= 0 => answer,
        Ok(answer) => done(answer),
        Err(Raised) => -1,
    }
}

unsafe extern "C" fn iterate(object: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: slot of the type.
    unsafe {
        let (value, flags) = target(object);
        if flags & (flag::IS_ARRAY | flag::IS_TYPED_ARRAY) != 0 {
            if flags & flag::IS_TYPED_ARRAY != 0 && done(js_check_buffer(value)) < 0 {
                return null_mut();
            }
            return py::into_c(array_iterator::new(object));
        }
        let mut out = Record::default();
        let status = js_iterate(value, flags, &raw mut out);
        py::into_c(wire::finish(status, &out))
    }
}

unsafe extern "C" fn next(object: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: slot of the type.
    unsafe {
        let (value, flags) = target(object);
        let mut out = Record::default();
        let nothing = Record::default();
        match js_next(value, flags, &raw const nothing, &raw mut out) {
            END => {
                // Only a value worth passing on needs an exception.
                if out.tag != wire::tag::UNDEFINED
                    && let Ok(result) = wire::read(&out)
                {
                    stop_iteration(&result);
                }
                null_mut()
            }
            status => py::into_c(wire::finish(status, &out)),
        }
    }
}

/// Raises `StopIteration(result)`.
fn stop_iteration(result: &Object) {
    // SAFETY: a static exception class, and a live object.
    unsafe {
        let class = Object::from_borrowed(ffi::PyExc_StopIteration);
        if let Ok(exception) = class.and_then(|class| class.call(&[result])) {
            let Raised = py::raise(exception);
        }
    }
}

/// `send(value)` of iterators and generators.
pub unsafe extern "C" fn send(
    object: *mut ffi::PyObject,
    argument: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: method of the type.
    unsafe {
        let (value, flags) = target(object);
        let mut out = Record::default();
        py::into_c(record_of(argument).and_then(|argument| {
            let status = js_next(value, flags, &raw const argument, &raw mut out);
            resumed(status, &out)
        }))
    }
}

/// What a generator gave when it was resumed: a value, or `StopIteration`.
pub unsafe fn resumed(status: c_int, out: &Record) -> Result<Object> {
    // SAFETY: passed on.
    unsafe {
        if status == END {
            stop_iteration(&wire::read(out)?);
            return Err(Raised);
        }
        wire::finish(status, out)
    }
}

unsafe extern "C" fn itself(object: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: slot of the type.
    unsafe { ffi::Py_NewRef(object) }
}

unsafe fn webloop(object: *mut ffi::PyObject, function: &std::ffi::CStr) -> Result<Object> {
    // SAFETY: slot of the type.
    let object = unsafe { Object::from_borrowed(object)? };
    py::import(c"pyodide.webloop")?.call_method(function, &[&object])
}

unsafe extern "C" fn awaiter(object: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: slot of the type.
    py::into_c(
        unsafe { webloop(object, c"future_of") }
            .and_then(|future| future.call_method(c"__await__", &[])),
    )
}

unsafe extern "C" fn async_iterate(object: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: slot of the type.
    py::into_c(unsafe { webloop(object, c"async_iterator") })
}

unsafe extern "C" fn async_next(object: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: slot of the type.
    py::into_c(unsafe { webloop(object, c"async_next") })
}

/// `array * count` and `count * array`.
unsafe extern "C" fn repeat(
    object: *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    // SAFETY: slot of the type.
    py::into_c(unsafe { repeated(object, count.max(0) as usize) })
}

unsafe fn repeated(object: *mut ffi::PyObject, count: usize) -> Result<Object> {
    #[link(wasm_import_module = "ferropy")]
    unsafe extern "C" {
        safe fn js_repeat(value: Slot, count: usize, out: *mut Record) -> c_int;
    }
    let mut out = Record::default();
    // SAFETY: passed on.
    unsafe { wire::finish(js_repeat(target(object).0, count, &raw mut out), &out) }
}

/// `array *= count`.
unsafe extern "C" fn repeat_in_place(
    object: *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    #[link(wasm_import_module = "ferropy")]
    unsafe extern "C" {
        safe fn js_repeat_in_place(value: Slot, count: usize) -> c_int;
    }
    // SAFETY: slot of the type.
    unsafe {
        if done(js_repeat_in_place(target(object).0, count.max(0) as usize)) < 0 {
            return null_mut();
        }
        ffi::Py_NewRef(object)
    }
}

/// `array + iterable`: a new array.
unsafe extern "C" fn concatenate(
    object: *mut ffi::PyObject,
    other: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    #[link(wasm_import_module = "ferropy")]
    unsafe extern "C" {
        safe fn js_concatenate(left: Slot, right: Slot, out: *mut Record) -> c_int;
    }
    let mut out = Record::default();
    // SAFETY: slot of the type.
    py::into_c(unsafe {
        items_array(other).and_then(|items| {
            let status = js_concatenate(target(object).0, items.slot(), &raw mut out);
            wire::finish(status, &out)
        })
    })
}

unsafe extern "C" fn extend_in_place(
    object: *mut ffi::PyObject,
    other: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: slot of the type.
    py::into_c(unsafe { extend(object, other).and_then(|()| Object::from_borrowed(object)) })
}

/// Appends an iterable's items.
pub unsafe fn extend(object: *mut ffi::PyObject, iterable: *mut ffi::PyObject) -> Result<()> {
    #[link(wasm_import_module = "ferropy")]
    unsafe extern "C" {
        safe fn js_extend(value: Slot, items: Slot) -> c_int;
    }
    // SAFETY: passed on.
    unsafe {
        let items = items_array(iterable)?;
        if js_extend(target(object).0, items.slot()) < 0 {
            return Err(errors::raise_js_error());
        }
        Ok(())
    }
}

/// Adds the slots that correspond to abilities.
pub(super) fn add(slots: &mut Slots, flags: u32) {
    let has = |bits: u32| flags & bits != 0;
    if has(flag::HAS_LENGTH | flag::IS_PY_JSON_DICT | flag::IS_OBJECT_MAP | flag::SEQUENCES) {
        slots.add(ffi::Py_mp_length, length as *mut c_void);
    }
    if has(flag::SEQUENCES) {
        slots.add(ffi::Py_sq_length, length as *mut c_void);
        slots.add(ffi::Py_sq_item, item as *mut c_void);
    }
    if has(flag::HAS_GET | flag::IS_PY_JSON_DICT | flag::IS_OBJECT_MAP | flag::SEQUENCES) {
        slots.add(ffi::Py_mp_subscript, subscript as *mut c_void);
    }
    let settable = flag::HAS_SET
        | flag::IS_PY_JSON_DICT
        | flag::IS_OBJECT_MAP
        | flag::IS_ARRAY
        | flag::IS_TYPED_ARRAY;
    if has(settable) {
        slots.add(ffi::Py_mp_ass_subscript, set_subscript as *mut c_void);
    }
    if has(flag::HAS_HAS
        | flag::HAS_INCLUDES
        | flag::IS_PY_JSON_DICT
        | flag::IS_OBJECT_MAP
        | flag::SEQUENCES)
    {
        slots.add(ffi::Py_sq_contains, contains as *mut c_void);
    }
    if has(flag::IS_ITERATOR) {
        slots.add(ffi::Py_tp_iter, itself as *mut c_void);
        slots.add(ffi::Py_tp_iternext, next as *mut c_void);
    } else if has(flag::IS_ITERABLE | flag::IS_PY_JSON_DICT | flag::IS_OBJECT_MAP) {
        slots.add(ffi::Py_tp_iter, iterate as *mut c_void);
    }
    if has(flag::IS_AWAITABLE) {
        slots.add(ffi::Py_am_await, awaiter as *mut c_void);
    }
    if has(flag::IS_ASYNC_ITERATOR) {
        slots.add(ffi::Py_am_aiter, itself as *mut c_void);
        slots.add(ffi::Py_am_anext, async_next as *mut c_void);
    } else if has(flag::IS_ASYNC_ITERABLE) {
        slots.add(ffi::Py_am_aiter, async_iterate as *mut c_void);
    }
    if has(flag::IS_ARRAY | flag::IS_ARRAY_LIKE) {
        slots.add(ffi::Py_sq_repeat, repeat as *mut c_void);
        slots.add(ffi::Py_sq_concat, concatenate as *mut c_void);
    }
    if has(flag::IS_ARRAY) {
        slots.add(ffi::Py_sq_inplace_concat, extend_in_place as *mut c_void);
        slots.add(ffi::Py_sq_inplace_repeat, repeat_in_place as *mut c_void);
    }
}

/// Iterators over arrays, which JavaScript may change meanwhile.
pub mod array_iterator {
    use std::cell::Cell;

    use super::{
        END, Object, Record, Result, attributes, c_int, c_void, ffi, itself, js_element, null_mut,
        py, target,
    };

    #[repr(C)]
    struct Iterator {
        base: ffi::PyObject,
        /// The array's proxy; NULL once the end was reached.
        array: *mut ffi::PyObject,
        index: usize,
    }

    thread_local! {
        static CLASS: Cell<*mut ffi::PyTypeObject> = const { Cell::new(null_mut()) };
    }

    /// Whether a type is that of these iterators.
    #[must_use]
    pub fn is_class(class: *mut ffi::PyTypeObject) -> bool {
        !class.is_null() && class == CLASS.get()
    }

    /// An iterator over the array behind a proxy.
    ///
    /// # Safety
    /// `array` is a live proxy of an array.
    pub unsafe fn new(array: *mut ffi::PyObject) -> Result<Object> {
        if CLASS.get().is_null() {
            CLASS.set(make_class()?.into_ptr().cast());
        }
        // SAFETY: the class's instances have this layout.
        unsafe {
            let object = Object::from_new(ffi::PyType_GenericAlloc(CLASS.get(), 0))?;
            let iterator = object.as_ptr().cast::<Iterator>();
            (*iterator).array = ffi::Py_NewRef(array);
            (*iterator).index = 0;
            Ok(object)
        }
    }

    unsafe extern "C" fn next(object: *mut ffi::PyObject) -> *mut ffi::PyObject {
        // SAFETY: slot of the type.
        unsafe {
            let iterator = &mut *object.cast::<Iterator>();
            if iterator.array.is_null() {
                return null_mut();
            }
            let (value, flags) = target(iterator.array);
            let mut out = Record::default();
            match js_element(value, iterator.index, flags, false, &raw mut out) {
                END => {
                    ffi::Py_DECREF(std::mem::replace(&mut iterator.array, null_mut()));
                    null_mut()
                }
                status => {
                    iterator.index += 1;
                    py::into_c(attributes::member(status, &out, iterator.array))
                }
            }
        }
    }

    unsafe extern "C" fn dealloc(object: *mut ffi::PyObject) {
        // SAFETY: the last reference is gone.
        unsafe {
            let class = ffi::Py_TYPE(object);
            ffi::Py_XDECREF((*object.cast::<Iterator>()).array);
            (*class).tp_free.expect("a ready type has tp_free")(object.cast());
            ffi::Py_DECREF(class.cast());
        }
    }

    fn make_class() -> Result<Object> {
        let mut slots = [
            (ffi::Py_tp_iter, itself as *mut c_void),
            (ffi::Py_tp_iternext, next as *mut c_void),
            (ffi::Py_tp_dealloc, dealloc as *mut c_void),
            (0, null_mut()),
        ]
        .map(|(slot, pfunc)| ffi::PyType_Slot { slot, pfunc });
        let mut spec = ffi::PyType_Spec {
            name: c"pyodide.ffi.JsArrayIterator".as_ptr(),
            basicsize: size_of::<Iterator>() as c_int,
            itemsize: 0,
            flags: (ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_DISALLOW_INSTANTIATION) as u32,
            slots: slots.as_mut_ptr(),
        };
        // SAFETY: the spec is complete.
        unsafe { Object::from_new(ffi::PyType_FromSpec(&raw mut spec)) }
    }
}
