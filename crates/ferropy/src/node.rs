//! Finding a Node.js that can run the distribution.
//!
//! Asking Node for its version costs a process start, so the answer is kept in the
//! cache until the file changes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::UNIX_EPOCH;

use cache::{Cache, Key};
use miette::Diagnostic;

/// Why no usable Node was found.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub(crate) enum Error {
    #[error("Node.js is needed to run Python outside a browser, and there is none{where_}")]
    #[diagnostic(
        code(node::missing),
        help(
            "install Node.js {minimum} or newer (nodejs.org, or your system's package manager), or set FERROPY_NODE to one"
        )
    )]
    Missing { where_: String, minimum: u32 },
    #[error("{} is Node.js {found}, and at least {minimum} is needed", .path.display())]
    #[diagnostic(
        code(node::too_old),
        help("install Node.js {minimum} or newer, or set FERROPY_NODE to one")
    )]
    TooOld {
        path: PathBuf,
        found: String,
        minimum: u32,
    },
    #[error("{} does not say which Node.js it is: {why}", .path.display())]
    #[diagnostic(
        code(node::broken),
        help("set FERROPY_NODE to a working Node.js {minimum} or newer")
    )]
    Broken {
        path: PathBuf,
        why: String,
        minimum: u32,
    },
}

/// The path of a Node that is new enough.
pub(crate) fn find(cache: &Cache) -> Result<PathBuf, Error> {
    let minimum = pins::pins().node.minimum;
    let path = match std::env::var_os("FERROPY_NODE").filter(|v| !v.is_empty()) {
        Some(set) => which::which(&set).map_err(|_| Error::Missing {
            where_: format!(" at {} (FERROPY_NODE)", set.display()),
            minimum,
        })?,
        None => which::which("node").map_err(|_| Error::Missing {
            where_: " on PATH".to_owned(),
            minimum,
        })?,
    };
    let broken = |why: String| Error::Broken {
        path: path.clone(),
        why,
        minimum,
    };
    let found = version(cache, &path).map_err(|e| broken(e.to_string()))?;
    let major: u32 = found
        .trim_start_matches('v')
        .split('.')
        .next()
        .and_then(|n| n.parse().ok())
        .ok_or_else(|| broken(format!("it answered «{found}»")))?;
    if major < minimum {
        return Err(Error::TooOld {
            path,
            found: found.trim_start_matches('v').to_owned(),
            minimum,
        });
    }
    Ok(path)
}

/// What `node --version` prints, from the cache if the program is the same file as then.
fn version(cache: &Cache, path: &Path) -> io::Result<String> {
    let meta = fs::metadata(path)?;
    let changed = meta
        .modified()?
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_nanos();
    let key = Key::of("node 1")
        .text("path", path.to_string_lossy())
        .text("file", format!("{} {changed}", meta.len()))
        .finish();
    let kept = cache.folder("node").ok().map(|dir| dir.join(key.short()));
    if let Some(file) = &kept
        && let Ok(text) = fs::read_to_string(file)
        && text.ends_with('\n')
    {
        return Ok(text.trim().to_owned());
    }
    let out = Command::new(path)
        .arg("--version")
        .stdin(Stdio::null())
        .output()?;
    let text = String::from_utf8_lossy(&out.stdout).trim().to_owned();
    if !out.status.success() {
        let stderr = String::from_utf8_lossy(&out.stderr);
        let why = stderr.lines().next().unwrap_or("it failed without a word");
        return Err(io::Error::other(why.to_owned()));
    }
    if let Some(file) = kept {
        // Without the note the next start asks again; the newline shows that it is whole.
        let _ = fs::write(file, format!("{text}\n"));
    }
    Ok(text)
}
