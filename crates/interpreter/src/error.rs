//! What can go wrong while building the interpreter.

use std::path::PathBuf;

/// A failed build of one of the interpreter's products.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A compiler, a tool or a source.
    #[error(transparent)]
    Toolchain(#[from] toolchain::Error),
    /// The cache, or another file or folder.
    #[error(transparent)]
    Cache(#[from] cache::Error),
    /// The checkout that everything is built from is not there.
    #[error(
        "ferropy's source is not in {} (hint: run from the checkout that built this binary, set FERROPY_SOURCE to a checkout, or set FERROPY_DIST to a finished distribution)",
        .0.display()
    )]
    NoSource(PathBuf),
    /// A tool reported success but did not make what it should have.
    #[error("{what} did not produce {} (hint: `ferropy cache clean` and build again; the log is in the cache's `logs` folder)", path.display())]
    NotProduced {
        /// The step.
        what: &'static str,
        /// What is not there.
        path: PathBuf,
    },
    /// An input was edited during the build.
    #[error("a source file changed during the step \"{0}\" (hint: run the command again)")]
    Changed(&'static str),
    /// A lock file that cargo would not have written.
    #[error("cannot read {}: {reason} (hint: run `cargo generate-lockfile` beside it)", path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// `CPython`'s pip is not as it was.
    #[error("there is no pip in {} that names its package index (hint: see `default_index` in crates/interpreter)", folder.display())]
    NoDefaultIndex {
        /// Where it should be.
        folder: PathBuf,
    },
    /// An archive could not be written or read.
    #[error("cannot use the archive {}: {source}", path.display())]
    Archive {
        /// The archive.
        path: PathBuf,
        /// Why it failed.
        source: zip::result::ZipError,
    },
}

impl Error {
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Cache(cache::Error::io(action, path, source))
    }
}
