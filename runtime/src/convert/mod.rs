//! Deep copies of containers across the border.
//!
//! A copy travels as a *tape*: the side that has the original walks it and writes
//! operations for a small stack machine on the other side, which builds the copy.
//! So a nested structure costs a few crossings instead of several per element.
//! The tape is handed over in pieces, and a converter that the user gave can run
//! between two of them.
//!
//! `encode.ts` and `decode.ts` are the other halves; single values are `wire`'s.

mod from_js;
mod to_js;

pub use from_js::from_js;
pub use to_js::{Converters, to_js};

/// Operations of a tape beyond the tags of [`crate::wire`]; `tape.ts` has the same numbers.
///
/// Each is a word of 8 bytes: the operation and a number (`aux`) of 4 bytes each, then what it needs.
pub mod op {
    /// Begin an array or list. To JavaScript: `aux` is the original's address.
    pub const ARRAY: u32 = 16;
    /// Begin a Map or dict; keys and values alternate.
    pub const MAP: u32 = 17;
    /// Begin a Set or set.
    pub const SET: u32 = 18;
    /// End the innermost container.
    pub const END: u32 = 19;
    /// A container that was begun before: its original's address, or its index in order of ARRAY, MAP,
    /// SET, RECORD, BUFFER and CACHE.
    pub const REF: u32 = 20;
    /// `aux` numbers, a word each.
    pub const RUN: u32 = 21;
    /// A buffer. To JavaScript: of the object at the address `aux`. To Python: a typed array in the slot
    /// `aux`, and a word with the character of its format and its size in bytes.
    pub const BUFFER: u32 = 22;
    /// To Python: a key of a record, which later ones refer to: like STRING.
    pub const KEY: u32 = 23;
    /// To Python: the key with the index `aux`.
    pub const KEY_REF: u32 = 24;
    /// To JavaScript: a proxy of the object at `aux`; a word with its abilities.
    pub const PROXY: u32 = 25;
    /// To JavaScript: the object at `aux` has no counterpart; ask the default converter.
    pub const DEFAULT: u32 = 26;
    /// To JavaScript: ask the eager converter about the object at `aux`.
    pub const EAGER: u32 = 27;
    /// To Python: begin the dict of a plain object, whose keys are different strings.
    pub const RECORD: u32 = 28;
    /// To Python: begin a value of its own, which the machine hands out.
    pub const ROOT: u32 = 29;
    /// To Python: remember the object on top as the next index.
    pub const CACHE: u32 = 30;
}
