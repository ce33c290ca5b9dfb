//! Lock files: which file of which package, with its hash, for one interpreter.
//!
//! Two formats, one model: [`pyodide`] is what loaders in pages read, [`pylock`] what other
//! Python tools read and write. This crate does no I/O, resolves nothing and downloads
//! nothing; it reads texts, checks every value in them, and writes the same bytes for the
//! same [`Lock`].

mod error;
mod graph;
mod location;
mod marker;
mod model;
mod node;
pub mod pylock;
pub mod pyodide;

pub use error::Error;
pub use graph::{Branch, Graph};
pub use location::Location;
pub use model::{Folder, Interpreter, Kind, Lock, Package};
