//! `ferropy download`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use ::lock::Location;
use cache::Cache;
use miette::Result;
use progress::Progress;
use serde_json::json;

use crate::cli::{DownloadArgs, Format};
use crate::lockfile;
use crate::report::{advised, hinted, out};

pub(crate) fn run(args: &DownloadArgs) -> Result<ExitCode> {
    let path = lockfile::find(args.lock.as_deref())?;
    let mut lock = lockfile::read_ours(&path)?;
    let files = lockfile::files(&lock, &path)?;
    let mut names = BTreeSet::new();
    if let Some(twice) = files.iter().find(|file| !names.insert(&file.name)) {
        return Err(advised(
            format!("{} has two files called {}", path.display(), twice.name),
            "lock one of the two packages only",
        ));
    }
    let cache = Cache::open().map_err(hinted)?;
    let progress = Progress::new();
    let paths = index::fetch(&cache, &progress, &files, &index::Options::default())?;
    progress.clear();
    lockfile::complete(&mut lock, &paths)?;
    fs::create_dir_all(&args.dir).map_err(|e| unwritable(&args.dir, &e))?;
    let mut bytes = 0;
    for (package, (file, from)) in lock.packages.values_mut().zip(files.iter().zip(&paths)) {
        let size = copy(from, &args.dir, &file.name)?;
        bytes += size;
        package.file = Location::Relative(file.name.clone());
        package.size = Some(size);
    }
    // Last: a folder with a lock file is complete.
    let made = args.dir.join(Format::Pyodide.file_name());
    lockfile::write(&made, &Format::Pyodide.write(&lock))?;
    let count = paths.len();
    out(&if args.json.json {
        let lock = made.display().to_string();
        format!(
            "{}\n",
            json!({ "lock": lock, "packages": count, "bytes": bytes })
        )
    } else {
        format!(
            "{count} files ({}) and {} are in {}\n",
            cache::human(bytes),
            Format::Pyodide.file_name(),
            args.dir.display()
        )
    })?;
    Ok(ExitCode::SUCCESS)
}

fn unwritable(path: &Path, error: &std::io::Error) -> miette::Report {
    advised(
        format!("cannot write {}: {error}", path.display()),
        "check that the folder may be written and the disk is not full",
    )
}

/// Copies beside the target and renames, so that no half file has a wheel's name.
fn copy(from: &Path, dir: &Path, name: &str) -> Result<u64> {
    let to = dir.join(name);
    let part = dir.join(format!(".{name}.part-{}", std::process::id()));
    fs::copy(from, &part)
        .and_then(|size| fs::rename(&part, &to).map(|()| size))
        .map_err(|e| {
            // Nothing is to be done about a leftover that cannot be removed either.
            let _ = fs::remove_file(&part);
            unwritable(&to, &e)
        })
}
