//! What a project asks for, read from the files that projects have: `requirements.txt` as
//! pip reads it, and `pyproject.toml` (PEP 621, PEP 735).
//!
//! Requirements stay texts here. Nothing is resolved, and no backend is asked for what a
//! `pyproject.toml` calls dynamic: that would run the project's code.

mod project;
mod text_file;

use std::path::PathBuf;

pub use project::Project;
pub use text_file::{Line, TextFile};

/// Why a file's requirements are not known.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// Something in it is wrong, or means nothing here.
    #[error("{}{place}: {why}", .path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// `, line 3` or `, [project]`.
        place: String,
        /// What is wrong.
        why: String,
        /// What to do about it.
        fix: String,
    },
}

impl Error {
    /// What to do about it.
    #[must_use]
    pub fn fix(&self) -> &str {
        match self {
            Self::Read { .. } => "check that it exists, may be read, and is UTF-8 text",
            Self::Wrong { fix, .. } => fix,
        }
    }
}
