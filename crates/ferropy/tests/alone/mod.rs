//! The binary by itself: nothing of this machine's configuration, cache or programs reaches it.

use std::path::Path;
use std::process::{Command, Stdio};

/// `ferropy` in `dir`, which holds its home, `cache`, `dist` and `bin`, with this package index and
/// nothing on standard input.
pub fn ferropy(dir: &Path, index: &str) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("ferropy"));
    for (name, _) in std::env::vars() {
        if name.starts_with("FERROPY_") || name.starts_with("PIP_") || name.starts_with("UV_") {
            command.env_remove(name);
        }
    }
    let path = format!("{}:/usr/bin:/bin", dir.join("bin").display());
    command
        .current_dir(dir)
        .env("PATH", path)
        .env("HOME", dir)
        .env("FERROPY_CACHE", dir.join("cache"))
        .env("FERROPY_DIST", dir.join("dist"))
        .env("FERROPY_INDEX_URL", index)
        .stdin(Stdio::null());
    command
}
