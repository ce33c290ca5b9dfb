//! Views of Python buffers: `PyBuffer.getBuffer`.

use std::ffi::{CStr, c_int};
use std::mem::MaybeUninit;
use std::slice;

use pyo3_ffi as ffi;

use crate::py::{self, Object, Result};
use crate::wire::status;

/// A view while JavaScript has it.
pub struct View {
    buffer: ffi::Py_buffer,
    /// The strides of a buffer that leaves them out.
    strides: Vec<isize>,
}

/// What JavaScript reads of a view: numbers only, in words of 4 bytes.
#[repr(C)]
pub struct Description {
    /// The view's own address, for [`ferropy_release_buffer`].
    view: *mut View,
    /// The address of the element with all indices 0.
    start: *const u8,
    /// The lowest address of an element, and how many bytes from there hold all of them.
    lowest: *const u8,
    extent: usize,
    size: usize,
    item_size: usize,
    dimensions: usize,
    /// Addresses of as many numbers; bytes for the strides.
    shape: *const isize,
    strides: *const isize,
    /// The format's characters.
    format: *const u8,
    format_length: usize,
    /// 1 read-only, 2 C-contiguous, 4 Fortran-contiguous.
    traits: u32,
}

/// Gets a view of the object's buffer, which stays until it is released.
///
/// # Safety
/// `object` is live; `out` has room for a [`Description`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_get_buffer(
    object: *mut ffi::PyObject,
    out: *mut Description,
) -> c_int {
    // Getting the buffer may run code that destroys the proxy.
    // SAFETY: passed on.
    let _held = unsafe { Object::from_borrowed(object) };
    // SAFETY: passed on.
    status(unsafe { get(object) }.map(|description| unsafe { out.write(description) }))
}

unsafe fn get(object: *mut ffi::PyObject) -> Result<Description> {
    let mut view = Box::new(MaybeUninit::<ffi::Py_buffer>::uninit());
    // SAFETY: the first call that succeeds initialises the view. A writable one is asked for first, so
    // that read-only buffers are told apart. Buffers with sub-offsets refuse both.
    unsafe {
        let pointer = view.as_mut_ptr();
        if ffi::PyObject_GetBuffer(object, pointer, ffi::PyBUF_RECORDS) < 0 {
            ffi::PyErr_Clear();
            py::check(ffi::PyObject_GetBuffer(
                object,
                pointer,
                ffi::PyBUF_RECORDS_RO,
            ))?;
        }
        let mut owner = Box::new(View {
            buffer: view.assume_init_read(),
            strides: Vec::new(),
        });
        let shape_of = &owner.buffer;
        if shape_of.strides.is_null() && shape_of.ndim > 0 {
            // Contiguous buffers may leave them out, as ctypes does.
            let shape = slice::from_raw_parts(shape_of.shape, shape_of.ndim as usize);
            owner.strides = contiguous_strides(shape, shape_of.itemsize);
            owner.buffer.strides = owner.strides.as_mut_ptr();
        }
        let owner = Box::into_raw(owner);
        let view = &(*owner).buffer;
        let dimensions = view.ndim as usize;
        let extents = |pointer: *const isize| {
            if dimensions == 0 || pointer.is_null() {
                &[][..]
            } else {
                slice::from_raw_parts(pointer, dimensions)
            }
        };
        let (shape, strides) = (extents(view.shape), extents(view.strides));
        let empty = shape.contains(&0);
        let (mut below, mut above) = (0_isize, 0_isize);
        for (length, stride) in shape.iter().zip(strides) {
            let last = (length - 1) * stride;
            below += last.min(0);
            above += last.max(0);
        }
        let start = view.buf.cast::<u8>().cast_const();
        let contiguous = |order: u8| ffi::PyBuffer_IsContiguous(view, order as _) != 0;
        let mut traits = u32::from(view.readonly != 0);
        if contiguous(b'C') {
            traits |= 2;
        }
        if contiguous(b'F') {
            traits |= 4;
        }
        let format = if view.format.is_null() {
            c"B"
        } else {
            CStr::from_ptr(view.format)
        };
        Ok(Description {
            view: owner,
            start,
            lowest: if empty { start } else { start.offset(below) },
            extent: if empty {
                0
            } else {
                (above - below) as usize + view.itemsize as usize
            },
            size: view.len as usize,
            item_size: view.itemsize as usize,
            dimensions,
            shape: shape.as_ptr(),
            strides: strides.as_ptr(),
            format: format.as_ptr().cast(),
            format_length: format.count_bytes(),
            traits,
        })
    }
}

/// The strides of an array whose elements lie one after the other, in C's order.
fn contiguous_strides(shape: &[isize], item_size: isize) -> Vec<isize> {
    let mut strides = vec![item_size; shape.len()];
    for index in (1..shape.len()).rev() {
        strides[index - 1] = strides[index] * shape[index];
    }
    strides
}

/// Releases a view.
///
/// # Safety
/// `view` comes from [`ferropy_get_buffer`] and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_release_buffer(view: *mut View) {
    // SAFETY: passed on; the box was made in `get`. Exporters do not look at the strides again.
    unsafe {
        ffi::PyBuffer_Release(&raw mut (*view).buffer);
        drop(Box::from_raw(view));
    }
}
