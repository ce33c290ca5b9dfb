//! `ferropy run`, and `ferropy` alone: everything up to the moment Node takes over.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use cache::Cache;
use index::Wanted;
use progress::Progress;
use resolver::File;

use crate::cli::RunArgs;
use crate::python_args::{self, Program};
use crate::report::{advised, hinted};
use crate::sandbox::Sandbox;
use crate::{distribution, lockfile, node, script};

/// What python3 returns for a script that is not there, and for wrong usage.
const USAGE: u8 = 2;

/// `ferropy` without a command.
pub(crate) fn bare() -> miette::Result<ExitCode> {
    run(RunArgs {
        with: Vec::new(),
        locked: None,
        index_url: None,
        refresh: false,
        python: Vec::new(),
    })
}

/// `ferropy run`.
pub(crate) fn run(args: RunArgs) -> miette::Result<ExitCode> {
    let program = python_args::program(&args.python);
    let cwd = env::current_dir().map_err(|e| hinted(format!("the current folder is gone: {e}")))?;
    let mut wanted = Vec::new();
    for text in &args.with {
        wanted.push(Wanted::parse(text, &cwd)?);
    }
    if let Program::Script(path) = &program {
        let full = std::path::absolute(path).unwrap_or_else(|_| cwd.join(path));
        if !full.exists() {
            // Python's words, without building or starting anything.
            eprintln!(
                "python3: can't open file '{}': [Errno 2] No such file or directory",
                full.display()
            );
            return Ok(USAGE.into());
        }
        let metadata = script::metadata(&full, &index::ours().python)?;
        let folder = full.parent().unwrap_or(&cwd);
        for text in metadata.iter().flat_map(|m| &m.dependencies) {
            wanted.push(Wanted::parse(text, folder)?);
        }
    }
    let locked = args.locked.as_deref();
    let locked = locked.map(|path| locked_files(path, &wanted)).transpose()?;
    let cache = Cache::open().map_err(hinted)?;
    let node = node::find(&cache)?;
    let progress = Progress::new();
    let dist = distribution::ensure(&progress)?;
    let mut site = Vec::new();
    let options = index::Options {
        index_url: args.index_url,
        refresh: args.refresh,
        ..index::Options::default()
    };
    if let Some(files) = locked {
        site.push(index::locked_environment(
            &cache, &progress, &files, &options,
        )?);
    } else if !wanted.is_empty() {
        let sandbox = Sandbox {
            node: node.clone(),
            dist: dist.clone(),
        };
        site.push(index::environment(
            &cache,
            &progress,
            &wanted,
            &options,
            Some(&sandbox),
        )?);
    }
    let mut archives = Vec::new();
    if matches!(&program, Program::Module(name) if is_test(name)) {
        archives.push(distribution::tests_archive(&progress)?);
    }
    progress.clear();
    let interactive = args.python.is_empty() && io::stdin().is_terminal();
    let entry = if interactive {
        "repl.mjs"
    } else {
        "python.mjs"
    };
    let mut command = Command::new(node);
    command
        .arg(dist.join("node").join(entry))
        .args(args.python)
        .env("FERROPY_SITE", joined("FERROPY_SITE", site)?);
    let archives = joined("FERROPY_EXTRA_ARCHIVES", archives)?;
    if !archives.is_empty() {
        command.env("FERROPY_EXTRA_ARCHIVES", archives);
    }
    take_over(command)
}

/// The wheels of a lock file, which has to have what the script asks for.
fn locked_files(path: &Path, wanted: &[Wanted]) -> miette::Result<Vec<File>> {
    let lock = lockfile::read_ours(path)?;
    let unmet: Vec<String> = wanted
        .iter()
        .filter_map(|wanted| lockfile::unmet(&lock, wanted))
        .collect();
    if !unmet.is_empty() {
        return Err(advised(
            format!(
                "{} lacks what the script asks for\n  {}",
                path.display(),
                unmet.join("\n  ")
            ),
            "renew it with `ferropy lock SCRIPT -o LOCK`",
        ));
    }
    let others = lockfile::no_wheels(&lock);
    if !others.is_empty() {
        return Err(advised(
            format!(
                "{} has packages that are not wheels: {}",
                path.display(),
                others.join(", ")
            ),
            "load it with `loadPyodide({ lockFileURL })`, or lock only what the script needs",
        ));
    }
    lockfile::files(&lock, path)
}

/// `test` and what is in it: `CPython`'s own tests are not part of the plain distribution.
fn is_test(module: &str) -> bool {
    module == "test" || module.starts_with("test.")
}

/// These paths, then those that the variable has already.
fn joined(variable: &str, mut paths: Vec<PathBuf>) -> miette::Result<OsString> {
    if let Some(set) = env::var_os(variable) {
        paths.extend(env::split_paths(&set).filter(|p| p != Path::new("")));
    }
    env::join_paths(paths).map_err(|e| hinted(format!("{variable} cannot be set: {e}")))
}

/// Becomes the other program, so that signals and the exit code are its own.
#[cfg(unix)]
fn take_over(mut command: Command) -> miette::Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    let error = command.exec();
    Err(cannot_start(command.get_program(), &error))
}

/// Runs the other program to its end; Ctrl-C reaches it through the console.
#[cfg(not(unix))]
fn take_over(mut command: Command) -> miette::Result<ExitCode> {
    let status = command
        .status()
        .map_err(|error| cannot_start(command.get_program(), &error))?;
    let code = status.code().unwrap_or(1);
    Ok(u8::try_from(code).unwrap_or(1).into())
}

fn cannot_start(program: &OsStr, error: &io::Error) -> miette::Report {
    hinted(format!(
        "cannot start {}: {error} (hint: set FERROPY_NODE to a working Node.js)",
        program.display()
    ))
}
