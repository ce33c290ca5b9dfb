//! What can go wrong between a package's name and a wheel on disk.
//!
//! URLs in messages never carry credentials.

use std::path::PathBuf;

use miette::Diagnostic;

/// Why packages could not be found, picked, downloaded or installed.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum Error {
    /// A requirement does not follow PEP 508.
    #[error("«{text}» is not a requirement: {why}")]
    #[diagnostic(
        code(index::requirement),
        help("write NAME, NAME==1.2, NAME[extra]>=1,<2, the path of a .whl file, or its URL")
    )]
    Requirement {
        /// As given.
        text: String,
        /// The parser's complaint.
        why: String,
    },
    /// Nothing on the machine says which index to use.
    #[error(
        "no package index is known: this machine's pip could not be asked for its default ({why})"
    )]
    #[diagnostic(
        code(index::none),
        help("name one with --index-url or FERROPY_INDEX_URL, or install pip for python3")
    )]
    NoIndex {
        /// What happened when pip was asked.
        why: String,
    },
    /// An index URL cannot be used.
    #[error("«{url}» is not a usable URL: {why}")]
    #[diagnostic(
        code(index::url),
        help("an http:// or https:// URL is needed; {origin}")
    )]
    Url {
        /// The URL, credentials removed.
        url: String,
        /// Why not.
        why: String,
        /// Where it was set.
        origin: String,
    },
    /// The server could not be reached or did not finish, after several attempts.
    #[error("cannot get {url}: {why}")]
    #[diagnostic(
        code(index::network),
        help(
            "check the network connection, the proxy (HTTPS_PROXY) and the certificates (SSL_CERT_FILE); wheels that are in the cache work without a network"
        )
    )]
    Network {
        /// What was asked for.
        url: String,
        /// The deepest cause.
        why: String,
    },
    /// The server answered with an error.
    #[error("cannot get {url}: the server answered {status}")]
    #[diagnostic(code(index::status), help("{hint}"))]
    Status {
        /// What was asked for.
        url: String,
        /// Code and reason.
        status: String,
        /// Depends on the code.
        hint: String,
    },
    /// The index's answer is in no known format.
    #[error("{url} is not a package index page: {why}")]
    #[diagnostic(
        code(index::page),
        help(
            "an index URL ends in /simple/ as a rule; check --index-url, FERROPY_INDEX_URL or pip's configuration"
        )
    )]
    Page {
        /// The page.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The file has other content than the index promised.
    #[error(
        "{url} has the wrong content\n  sha256 expected: {expected}\n  sha256 received: {actual}"
    )]
    #[diagnostic(
        code(index::hash),
        help(
            "the file was damaged or replaced on its way; nothing of it was kept. Try again, and if it persists do not use this index"
        )
    )]
    Hash {
        /// The file.
        url: String,
        /// From the index.
        expected: String,
        /// Of the bytes received.
        actual: String,
    },
    /// No set of versions meets the requirements.
    #[error("{0}")]
    #[diagnostic(code(index::resolution), help("{}", .0.hint))]
    Resolution(resolver::Explanation),
    /// No wheel fits and none could be made of the source archive.
    #[error("no wheel fits, and none could be built from {file}: {why}")]
    #[diagnostic(
        code(index::build),
        help(
            "only pure-Python projects can be built here: build a wheel elsewhere and pass it with --with PATH, or ask for another version"
        )
    )]
    Build {
        /// The source archive.
        file: String,
        /// The end of the build's output, or what came before it.
        why: String,
    },
    /// A local file cannot be used.
    #[error("cannot {what} {path}")]
    #[diagnostic(
        code(index::io),
        help("check that it exists, may be accessed, and that the disk is not full")
    )]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// Something is wrong with a wheel.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Wheel(#[from] wheel::Error),
    /// Something is wrong with the cache.
    #[error(transparent)]
    #[diagnostic(code(index::cache))]
    Cache(#[from] cache::Error),
}

impl Error {
    pub(crate) fn io(
        what: &'static str,
        path: &std::path::Path,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { what, path, source }
    }

    /// True when the same request may succeed once the network is back.
    #[must_use]
    pub fn is_network(&self) -> bool {
        matches!(self, Self::Network { .. })
    }
}
