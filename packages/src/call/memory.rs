//! What every module that the loader calls has: memory to be written to, and answers as JSON. Both crates of this
//! workspace include it.

use std::alloc::{Layout, alloc, dealloc};

use serde::Serialize;
use serde_json::{Value, json};

/// Why a request failed, as the loader sees it.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    pub(crate) kind: String,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Failure {
    /// A mistake of the loader's own.
    pub(crate) fn misuse(message: String) -> Self {
        Self {
            kind: "misuse".to_owned(),
            message,
            hint: None,
        }
    }
}

/// A result as the loader reads it: an address above 32 bits of length. It frees the text.
pub(crate) fn packed(result: Result<Value, Failure>) -> u64 {
    let value = match result {
        Ok(value) => json!({ "ok": value }),
        Err(failure) => json!({ "error": failure }),
    };
    let text = value.to_string().into_bytes().into_boxed_slice();
    let length = text.len() as u64;
    let address = Box::into_raw(text).cast::<u8>() as usize as u64;
    address << 32 | length
}

fn layout(length: usize) -> Layout {
    Layout::array::<u8>(length).unwrap_or(Layout::new::<u8>())
}

/// Memory for the loader to write to.
#[unsafe(no_mangle)]
extern "C" fn allocate(length: usize) -> *mut u8 {
    if length == 0 {
        return std::ptr::dangling_mut();
    }
    // SAFETY: the size is not 0.
    unsafe { alloc(layout(length)) }
}

/// Gives memory of `allocate`, or an answer, back.
///
/// # Safety
/// The memory was given out with this very length and is not used any more.
#[unsafe(no_mangle)]
unsafe extern "C" fn release(memory: *mut u8, length: usize) {
    if length > 0 {
        // SAFETY: the caller's promise; a boxed slice of bytes has the same layout.
        unsafe { dealloc(memory, layout(length)) };
    }
}
