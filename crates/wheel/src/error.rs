//! Everything that can be wrong with one wheel.

#[cfg(feature = "host")]
use std::path::Path;
use std::path::PathBuf;

use miette::Diagnostic;

/// Why a wheel cannot be used. Nothing is left half-written when one is returned.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum Error {
    /// The file name does not follow PEP 427.
    #[error(transparent)]
    #[diagnostic(
        code(wheel::name),
        help(
            "a wheel is called NAME-VERSION-PYTHON-ABI-PLATFORM.whl, for example six-1.17.0-py2.py3-none-any.whl"
        )
    )]
    Name(#[from] crate::NameError),
    /// The wheel's tags are not ours.
    #[error(transparent)]
    #[diagnostic(code(wheel::mismatch), help("{}", .0.fix))]
    Mismatch(#[from] crate::Mismatch),
    /// The file is not a readable zip archive.
    #[error("{wheel} is not a sound zip archive: {why}")]
    #[diagnostic(
        code(wheel::zip),
        help("the file is damaged or was not downloaded to its end: delete it and get it again")
    )]
    Zip {
        /// The wheel.
        wheel: String,
        /// What the zip reader says.
        why: String,
    },
    /// An entry's path would leave the folder that it is unpacked into, or is ambiguous.
    #[error("{wheel} holds an entry with an unsafe path: «{entry}» ({why})")]
    #[diagnostic(
        code(wheel::unsafe_path),
        help("no honest build makes such a wheel: do not use it, and tell the index it came from")
    )]
    UnsafePath {
        /// The wheel.
        wheel: String,
        /// The entry's name in the archive.
        entry: String,
        /// Which rule it breaks.
        why: &'static str,
    },
    /// Unpacking would take more space than allowed.
    #[error("{wheel} is too large to unpack: {what}")]
    #[diagnostic(
        code(wheel::too_large),
        help("this looks like a zip bomb; if the wheel is honest, unpack it by hand")
    )]
    TooLarge {
        /// The wheel.
        wheel: String,
        /// The limit that was passed, with both numbers.
        what: String,
    },
    /// `*.dist-info` or one of its files is missing or malformed.
    #[error("{wheel} is not a valid wheel: {why}")]
    #[diagnostic(
        code(wheel::invalid),
        help("the project that made this wheel has to rebuild it; another version may work")
    )]
    Invalid {
        /// The wheel.
        wheel: String,
        /// What is missing or wrong.
        why: String,
    },
    /// A file's content is not what RECORD says.
    #[error("{wheel}: the content of {entry} does not match its hash in RECORD")]
    #[diagnostic(
        code(wheel::hash),
        help(
            "the file was changed after it was built: delete it and get it again from where it was published"
        )
    )]
    Hash {
        /// The wheel.
        wheel: String,
        /// The entry in question.
        entry: String,
    },
    /// The wheel would overwrite a file of another one.
    #[error("{wheel} holds {path}, which another wheel has already installed")]
    #[diagnostic(
        code(wheel::conflict),
        help("two packages bring the same file: leave one of them out")
    )]
    Conflict {
        /// The wheel.
        wheel: String,
        /// The file both have, relative to the site folder.
        path: String,
    },
    /// The operating system refused.
    #[error("cannot {what} {path}")]
    #[diagnostic(
        code(wheel::io),
        help("check that the folder exists, may be written and has free space")
    )]
    Io {
        /// What was tried, such as «write».
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
}

#[cfg(feature = "host")]
impl Error {
    pub(crate) fn io(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { what, path, source }
    }
}
