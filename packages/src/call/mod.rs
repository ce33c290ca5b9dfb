//! How the loader calls in: memory, and requests and answers as JSON. Bytes take their own ways (`archive`,
//! `hash`): they are never part of a request.

use std::alloc::{Layout, alloc, dealloc};

use miette::Diagnostic;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::archive;

/// What the loader can ask for.
#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
enum Request {
    /// Whether a wheel of this name can be loaded.
    Name(archive::NameRequest),
    /// Reads and checks a wheel, and says what installing it means.
    OpenWheel(archive::WheelRequest),
    /// Reads and checks another zip archive.
    OpenZip(archive::ZipRequest),
    /// Checks every file of an open wheel against its RECORD.
    Verify { archive: u32 },
    /// Forgets an archive.
    Close { archive: u32 },
}

/// Why a request failed, as the loader sees it.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    kind: String,
    message: String,
    hint: Option<String>,
}

impl From<wheel::Error> for Failure {
    fn from(error: wheel::Error) -> Self {
        Self {
            kind: error
                .code()
                .map(|code| code.to_string())
                .unwrap_or_default(),
            message: error.to_string(),
            hint: error.help().map(|help| help.to_string()),
        }
    }
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

fn answer(request: &[u8]) -> Result<Value, Failure> {
    let request = serde_json::from_slice(request).map_err(|e| Failure::misuse(e.to_string()))?;
    match request {
        Request::Name(request) => archive::name(&request),
        Request::OpenWheel(request) => archive::open_wheel(request),
        Request::OpenZip(request) => archive::open_zip(&request),
        Request::Verify { archive } => archive::verify(archive),
        Request::Close { archive } => {
            archive::close(archive);
            Ok(Value::Null)
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

/// Answers a request.
///
/// # Safety
/// The address and length are those of memory that the loader has filled.
#[unsafe(no_mangle)]
unsafe extern "C" fn call(request: *const u8, length: usize) -> u64 {
    // SAFETY: the caller's promise.
    let request = unsafe { std::slice::from_raw_parts(request, length) };
    packed(answer(request))
}
