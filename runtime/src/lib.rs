//! The runtime core inside the WebAssembly module.
//!
//! CPython runs unchanged below; JavaScript calls the `ferropy_*` exports and
//! supplies the functions of the import module `ferropy`. Each area has its
//! Rust half in `mod.rs` and its TypeScript half in the `.ts` file beside it.
//!
//! This crate does no I/O and knows nothing of URLs, packages or files: the
//! loader (`js/`) puts files into Emscripten's file system and calls in.

pub mod convert;
pub mod errors;
pub mod eval;
pub mod host;
pub mod jsproxy;
pub mod jsref;
pub mod lifetimes;
pub mod number;
pub mod py;
pub mod pyproxy;
pub mod stack;
pub mod start;
pub mod wire;
