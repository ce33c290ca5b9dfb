//! `resolver.wasm`: finds out which packages requirements mean, and reads `pylock.toml`. It does no I/O: the loader
//! fetches what it asks for (`resolve.ts`).

#[path = "../../src/call/memory.rs"]
mod memory;

mod pylock;
mod resolve;

use resolver::Target;
use serde::Deserialize;
use serde_json::Value;

use memory::{Failure, packed};

/// Which wheels the interpreter takes.
#[derive(Deserialize)]
struct Interpreter {
    python: (u32, u32),
    platforms: Vec<String>,
}

impl Interpreter {
    /// The same with what markers see: the full version of Python, and that of Emscripten.
    fn target(&self, python: &str, emscripten: &str) -> Result<Target, Failure> {
        Target::emscripten(python, emscripten, &self.platforms).map_err(Failure::misuse)
    }
}

/// What the loader can ask for.
#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
enum Request {
    /// Begins to resolve requirements.
    Resolve(Box<resolve::Query>),
    /// Goes on, as far as what is known allows.
    Step { session: u32 },
    /// Forgets a resolution.
    End { session: u32 },
    /// Reads a `pylock.toml`.
    Lock(pylock::Query),
}

fn answer(request: &[u8]) -> Result<Value, Failure> {
    let request = serde_json::from_slice(request).map_err(|e| Failure::misuse(e.to_string()))?;
    match request {
        Request::Resolve(query) => resolve::begin(*query),
        Request::Step { session } => resolve::step(session),
        Request::End { session } => {
            resolve::end(session);
            Ok(Value::Null)
        }
        Request::Lock(query) => pylock::read(&query),
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
