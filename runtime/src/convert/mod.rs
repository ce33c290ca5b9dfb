//! Values across the boundary.
//!
//! Immutable scalars are converted; everything else crosses as a proxy
//! ([`to_js`], [`from_js`]) unless a copy is asked for ([`copy_to_js`],
//! [`copy_from_js`]).

mod from_js;
mod to_js;

pub use from_js::{copy_from_js, from_js, rust_string};
pub use to_js::{copy_to_js, string_to_js, to_js};
