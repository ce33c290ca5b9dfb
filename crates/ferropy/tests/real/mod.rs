//! The real binary with the real distribution: `FERROPY_DIST` if set, else what
//! `ferropy` builds itself (which takes long the first time).

#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// `ferropy run` in `dir`, with nothing on standard input.
pub fn ferropy(dir: &Path) -> Command {
    let mut command = ferropy_command(dir);
    command.arg("run");
    command
}

/// The same for any command.
pub fn ferropy_command(dir: &Path) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("ferropy"));
    command.current_dir(dir).stdin(Stdio::null());
    for name in [
        "FERROPY_SITE",
        "FERROPY_EXTRA_ARCHIVES",
        "FERROPY_DEBUG",
        "PYTHONPATH",
    ] {
        command.env_remove(name);
    }
    command
}

/// Runs to the end with `input` on standard input.
pub fn with_input(mut command: Command, input: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

/// Runs `-c code` in a folder of its own.
pub fn code(code: &str) -> Output {
    let dir = tempfile::tempdir().unwrap();
    ferropy(dir.path()).args(["-c", code]).output().unwrap()
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Success, and exactly this on standard output.
pub fn assert_prints(output: &Output, expected: &str) {
    assert_eq!(stdout(output), expected, "stderr: {}", stderr(output));
    assert_eq!(output.status.code(), Some(0), "stderr: {}", stderr(output));
}
