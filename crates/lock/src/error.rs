//! What is wrong with a lock file: where, why, and what to do.

use std::fmt;

/// A lock file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Error {
    /// The file, as the caller called it.
    pub file: String,
    /// Line and column, or the path of keys; empty when it is about the whole file.
    pub place: String,
    /// What is wrong there.
    pub why: String,
    /// What to do about it.
    pub fix: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file, place, why, ..
        } = self;
        if place.is_empty() {
            write!(f, "{file}: {why}")
        } else {
            write!(f, "{file}, {place}: {why}")
        }
    }
}

/// The fix for most of what can be wrong.
pub(crate) const AGAIN: &str = "make the file again with `ferropy lock`";
