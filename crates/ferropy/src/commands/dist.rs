//! `ferropy dist`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use miette::Diagnostic;
use progress::Progress;

use crate::cli::DistArgs;
use crate::{distribution, report};

#[derive(Debug, thiserror::Error, Diagnostic)]
enum Error {
    #[error("{} is not empty", .path.display())]
    #[diagnostic(
        code(dist::not_empty),
        help("choose another folder, or replace it with --force")
    )]
    NotEmpty { path: PathBuf },
    #[error("{} is not a distribution, so --force does not replace it", .path.display())]
    #[diagnostic(
        code(dist::not_ours),
        help("choose another folder, or remove this one yourself")
    )]
    NotOurs { path: PathBuf },
    #[error("cannot write the distribution to {}", .path.display())]
    #[diagnostic(
        code(dist::write),
        help("check that the folder may be written and the disk is not full")
    )]
    Write { path: PathBuf, source: io::Error },
}

pub(crate) fn run(args: &DistArgs) -> miette::Result<ExitCode> {
    if let Some(output) = &args.output {
        check(output, args.force)?;
    }
    let progress = Progress::new();
    let options = dist::Options {
        brotli: args.brotli,
        exact: args.force,
    };
    let built = distribution::build(&progress, options)?;
    progress.clear();
    let path = match &args.output {
        Some(output) => {
            replace(&built, output).map_err(|source| Error::Write {
                path: output.clone(),
                source,
            })?;
            output.clone()
        }
        None => built,
    };
    let path = std::path::absolute(&path).unwrap_or(path);
    if args.print_path {
        report::out(&format!("{}\n", path.display()))?;
    } else {
        report::out(&format!("The distribution is in {}\n", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Looked at before the build, so that nobody waits for nothing.
fn check(output: &Path, force: bool) -> Result<(), Error> {
    let path = output.to_owned();
    let full = fs::read_dir(output).is_ok_and(|mut entries| entries.next().is_some());
    match (full, force) {
        (false, _) => Ok(()),
        (true, false) => Err(Error::NotEmpty { path }),
        (true, true) if output.join("ferropy.mjs").is_file() => Ok(()),
        (true, true) => Err(Error::NotOurs { path }),
    }
}

/// Copies beside the target and swaps, so that a half-made copy is never in its place.
fn replace(from: &Path, to: &Path) -> io::Result<()> {
    let to = std::path::absolute(to)?;
    let parent = to.parent().unwrap_or(&to);
    fs::create_dir_all(parent)?;
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    let side = |what: &str| parent.join(format!(".{name}.{what}-{}", std::process::id()));
    let (new, old) = (side("new"), side("old"));
    let result = copy_tree(from, &new).and_then(|()| {
        if to.exists() {
            fs::rename(&to, &old)?;
        }
        fs::rename(&new, &to)
    });
    for leftover in [new, old] {
        if leftover.exists() {
            fs::remove_dir_all(leftover)?;
        }
    }
    result
}

fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_tree(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
