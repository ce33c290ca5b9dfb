//! Running programs from the repository's root, with errors that name the command.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use miette::{IntoDiagnostic, Result, WrapErr, bail};

/// The repository's root folder.
pub fn repo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the repository")
        .to_owned()
}

/// A command that starts in the repository's root.
pub fn command(program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(repo());
    command
}

/// How the command would be typed.
pub fn words(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Runs it with our own output streams.
pub fn status(command: &mut Command) -> Result<ExitStatus> {
    let name = words(command);
    command
        .stdin(Stdio::null())
        .status()
        .into_diagnostic()
        .wrap_err_with(|| format!("cannot start `{name}`"))
}

/// Runs it and fails unless it exits with 0.
pub fn run(command: &mut Command) -> Result<()> {
    let name = words(command);
    let status = status(command)?;
    if !status.success() {
        bail!("`{name}` ended with {status}");
    }
    Ok(())
}

/// Runs it and returns what it printed to standard output, trimmed.
pub fn output(command: &mut Command) -> Result<String> {
    let name = words(command);
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .into_diagnostic()
        .wrap_err_with(|| format!("cannot start `{name}`"))?;
    if !output.status.success() {
        bail!("`{name}` ended with {}", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether a program of that name is on PATH.
pub fn on_path(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    })
}

/// The files that git tracks, relative to the root.
pub fn tracked_files() -> Result<Vec<String>> {
    let listed = output(&mut command(
        "git",
        &["ls-files", "--cached", "--others", "--exclude-standard"],
    ))?;
    Ok(listed
        .lines()
        .filter(|path| repo().join(path).is_file())
        .map(ToOwned::to_owned)
        .collect())
}
