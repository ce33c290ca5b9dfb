//! What can go wrong while assembling a distribution.

use std::path::PathBuf;

/// A failed build of the distribution or of something in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The interpreter, the compilers or a source.
    #[error(transparent)]
    Interpreter(#[from] interpreter::Error),
    /// The cache, or another file or folder.
    #[error(transparent)]
    Cache(#[from] cache::Error),
    /// `FERROPY_DIST` names something else.
    #[error(
        "{} is not a ferropy distribution: it has no ferropy.asm.wasm (hint: set FERROPY_DIST to a folder made by `ferropy dist`, or unset it)",
        .0.display()
    )]
    NotADist(PathBuf),
    /// The loader's tools are not on this machine.
    #[error(
        "{0} is missing: the loader's TypeScript is bundled with it (hint: install Node.js with npm, or set FERROPY_DIST to a finished distribution)"
    )]
    NoNode(&'static str),
    /// A file that the loader's build should have written.
    #[error(
        "the loader's build did not write {0} (hint: see js/build.mjs; the log is in the cache's `logs` folder)"
    )]
    Incomplete(String),
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

impl From<toolchain::Error> for Error {
    fn from(error: toolchain::Error) -> Self {
        Self::Interpreter(error.into())
    }
}
