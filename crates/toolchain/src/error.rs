//! What can go wrong between here and a working compiler, each with what to do about it.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

/// A failure to find, make or run a tool, or to get a source.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The cache failed, or another file or folder.
    #[error(transparent)]
    Cache(#[from] cache::Error),
    /// A tool could not be started at all.
    #[error("cannot start `{program}` for {what}: {source}")]
    Start {
        /// What it was for.
        what: String,
        /// The program.
        program: String,
        /// Why it failed.
        source: io::Error,
    },
    /// A tool ran and failed.
    #[error(
        "{what} failed: `{program}` ended with {status}. The end of its output:\n{tail}\n(hint: its whole output is in {})",
        log.display()
    )]
    Tool {
        /// What it was for.
        what: String,
        /// The program.
        program: String,
        /// How it ended.
        status: ExitStatus,
        /// The last lines of its output.
        tail: String,
        /// The whole output.
        log: PathBuf,
    },
    /// A tool that ferropy cannot get by itself is missing.
    #[error("{what} is missing: {why} (hint: {fix})")]
    Missing {
        /// The tool.
        what: String,
        /// What it is needed for.
        why: String,
        /// How to get it: an exact command where there is one.
        fix: String,
    },
    /// No place offered the source with the right hash.
    #[error(
        "cannot get {file} (sha256 {sha256}). Tried:{}\n(hint: put the file into a folder and set FERROPY_SOURCES to that folder)",
        lines(tried)
    )]
    Source {
        /// The archive.
        file: String,
        /// The hash it must have.
        sha256: String,
        /// Every place that was tried, in order.
        tried: Vec<Attempt>,
    },
    /// The machine has no Debian mirror configured.
    #[error(
        "no Debian mirror is known: none in the machine's apt sources and FERROPY_DEBIAN_MIRROR is not set (hint: set FERROPY_DEBIAN_MIRROR to a mirror's URL, or install Emscripten {emscripten} and set EMSDK)"
    )]
    NoMirror {
        /// The pinned Emscripten version.
        emscripten: String,
    },
}

fn lines(tried: &[Attempt]) -> String {
    tried
        .iter()
        .flat_map(|attempt| ["\n  ".to_owned(), attempt.to_string()])
        .collect()
}

impl Error {
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Cache(cache::Error::io(action, path, source))
    }
}

/// One place where a source was looked for, and what was wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// A path or URL.
    pub place: String,
    /// What was wrong.
    pub problem: Problem,
}

impl std::fmt::Display for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

/// What was wrong with one place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A local folder does not have the file.
    #[error("no such file")]
    NoFile,
    /// The server answered, but not with the file.
    #[error("the server answered {0}")]
    Status(u16),
    /// The connection ended before the announced length. Bytes.
    #[error("only {got} of {expected} bytes arrived")]
    Truncated {
        /// Bytes that arrived.
        got: u64,
        /// Bytes that the server announced.
        expected: u64,
    },
    /// Not the pinned content.
    #[error("its sha256 is {0}")]
    WrongHash(String),
    /// No usable connection.
    #[error("no connection: {0}")]
    Network(String),
}
