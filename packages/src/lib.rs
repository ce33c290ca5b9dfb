//! `packages.wasm`: what the package loader does in Rust, in a module of its own that is loaded with the first
//! package, so that starting the interpreter stays as small as it is.
//!
//! Each folder is one idea with both its halves: Rust in here, TypeScript in the loader. No I/O is done here:
//! the loader downloads, keeps the archives' bytes outside of this module's memory and mounts the files.

mod archive;
mod call;
mod hash;
