//! How the loader calls in: memory, and requests and answers as JSON. Bytes take their own ways (`archive`,
//! `hash`): they are never part of a request.

mod memory;

use miette::Diagnostic;
use serde::Deserialize;
use serde_json::Value;

use crate::archive;

pub(crate) use memory::{Failure, packed};

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
    /// The METADATA of a wheel that need not be open.
    Metadata(archive::MetadataRequest),
    /// The METADATA of a wheel of which only parts are here, or what else is needed for it.
    Partial(archive::PartialRequest),
    /// Forgets an archive.
    Close { archive: u32 },
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

fn answer(request: &[u8]) -> Result<Value, Failure> {
    let request = serde_json::from_slice(request).map_err(|e| Failure::misuse(e.to_string()))?;
    match request {
        Request::Name(request) => archive::name(&request),
        Request::OpenWheel(request) => archive::open_wheel(request),
        Request::OpenZip(request) => archive::open_zip(&request),
        Request::Verify { archive } => archive::verify(archive),
        Request::Metadata(request) => archive::metadata(&request),
        Request::Partial(request) => archive::partial(&request),
        Request::Close { archive } => {
            archive::close(archive);
            Ok(Value::Null)
        }
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
