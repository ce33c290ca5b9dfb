//! What a Python object can do, which decides what its proxy has.

use std::cell::RefCell;

use pyo3_ffi as ffi;

use crate::py::{self, Object, Result};

/// The abilities; `abilities.ts` has the same bits.
pub mod able {
    #![allow(
        missing_docs,
        reason = "the names are those of Python's abstract types"
    )]
    pub const CALL: u32 = 1 << 0;
    pub const LENGTH: u32 = 1 << 1;
    pub const GET: u32 = 1 << 2;
    pub const SET: u32 = 1 << 3;
    pub const HAS: u32 = 1 << 4;
    pub const ITERATE: u32 = 1 << 5;
    pub const ITERATOR: u32 = 1 << 6;
    pub const GENERATOR: u32 = 1 << 7;
    pub const ASYNC_ITERATE: u32 = 1 << 8;
    pub const ASYNC_ITERATOR: u32 = 1 << 9;
    pub const ASYNC_GENERATOR: u32 = 1 << 10;
    pub const AWAIT: u32 = 1 << 11;
    pub const BUFFER: u32 = 1 << 12;
    pub const DICT: u32 = 1 << 13;
    pub const SEQUENCE: u32 = 1 << 14;
    pub const MUTABLE_SEQUENCE: u32 = 1 << 15;
}

unsafe extern "C" {
    /// `Objects/typeobject.c`: 1 if the type has a version tag now.
    fn PyUnstable_Type_AssignVersionTag(class: *mut ffi::PyTypeObject) -> std::ffi::c_int;
}

/// Entries of the memory of types, by version tag.
const REMEMBERED: usize = 256;

thread_local! {
    /// Abilities by type: a version tag names one state of one type, and changes with it.
    static MEMORY: RefCell<[(u32, u32); REMEMBERED]> = const { RefCell::new([(0, 0); REMEMBERED]) };
}

/// The version tag of a type: no other state of any type has it. 0 if there are none left.
///
/// # Safety
/// `class` is live.
pub unsafe fn type_tag(class: *mut ffi::PyTypeObject) -> u32 {
    // SAFETY: the type is live.
    unsafe {
        if (*class).tp_version_tag == 0 {
            PyUnstable_Type_AssignVersionTag(class);
        }
        (*class).tp_version_tag
    }
}

/// The abilities of a live object.
///
/// # Safety
/// `object` is live.
#[must_use]
pub unsafe fn of(object: *mut ffi::PyObject) -> u32 {
    // SAFETY: a live object's type is live.
    unsafe {
        let class = ffi::Py_TYPE(object);
        let tag = type_tag(class);
        let index = tag as usize % REMEMBERED;
        if tag != 0 {
            let (known, able) = MEMORY.with_borrow(|memory| memory[index]);
            if known == tag {
                return able;
            }
        }
        let able = find_out(object, class);
        if tag != 0 && (*class).tp_version_tag == tag {
            MEMORY.with_borrow_mut(|memory| memory[index] = (tag, able));
        }
        able
    }
}

unsafe fn find_out(object: *mut ffi::PyObject, class: *mut ffi::PyTypeObject) -> u32 {
    // SAFETY: reads the slots of a live type, whose sub-tables may be NULL.
    unsafe {
        let slots = &*class;
        let sequence = slots.tp_as_sequence.as_ref();
        let mapping = slots.tp_as_mapping.as_ref();
        let awaitable = slots.tp_as_async.as_ref();
        let mut able = 0;
        let mut add = |bit: u32, has: bool| {
            if has {
                able |= bit;
            }
        };
        add(able::CALL, slots.tp_call.is_some());
        add(
            able::LENGTH,
            sequence.is_some_and(|s| s.sq_length.is_some())
                || mapping.is_some_and(|m| m.mp_length.is_some()),
        );
        // A class with __class_getitem__ has items only for annotations.
        add(
            able::GET,
            mapping.is_some_and(|m| m.mp_subscript.is_some())
                || sequence.is_some_and(|s| s.sq_item.is_some()),
        );
        add(
            able::SET,
            mapping.is_some_and(|m| m.mp_ass_subscript.is_some())
                || sequence.is_some_and(|s| s.sq_ass_item.is_some()),
        );
        add(able::HAS, sequence.is_some_and(|s| s.sq_contains.is_some()));
        let iterator = ffi::PyIter_Check(object) != 0;
        add(
            able::ITERATE,
            slots.tp_iter.is_some() || iterator || ffi::PySequence_Check(object) != 0,
        );
        add(able::ITERATOR, iterator);
        let async_iterator = awaitable.is_some_and(|a| a.am_anext.is_some());
        add(
            able::ASYNC_ITERATE,
            async_iterator || awaitable.is_some_and(|a| a.am_aiter.is_some()),
        );
        add(able::ASYNC_ITERATOR, async_iterator);
        add(
            able::AWAIT,
            awaitable.is_some_and(|a| a.am_await.is_some()) || ffi::PyCoro_CheckExact(object) != 0,
        );
        add(able::BUFFER, ffi::PyObject_CheckBuffer(object) != 0);
        add(able::DICT, ffi::PyDict_CheckExact(object) != 0);
        let mut is = |bit: u32, name: &std::ffi::CStr| {
            if is_instance(object, name).unwrap_or_else(|py::Raised| {
                drop(py::take_exception());
                false
            }) {
                able |= bit;
            }
        };
        is(able::GENERATOR, c"Generator");
        is(able::ASYNC_GENERATOR, c"AsyncGenerator");
        if sequence.is_some_and(|s| s.sq_contains.is_some()) {
            is(able::SEQUENCE, c"Sequence");
            is(able::MUTABLE_SEQUENCE, c"MutableSequence");
        }
        able
    }
}

unsafe fn is_instance(object: *mut ffi::PyObject, name: &std::ffi::CStr) -> Result<bool> {
    // The abstract types register what they hold for; `_collections_abc` is always loaded.
    let class: Object = py::import(c"_collections_abc")?.getattr(name)?;
    // SAFETY: live objects.
    let answer = unsafe { ffi::PyObject_IsInstance(object, class.as_ptr()) };
    py::check(answer).map(|()| answer == 1)
}
