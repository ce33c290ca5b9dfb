//! Lock files on disk: finding, reading, writing, and what their entries are to the index.
//!
//! What is in them is the crate `lock`'s; which versions to lock is decided elsewhere.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use ::lock::pylock::Choice;
use ::lock::{Interpreter, Kind, Location, Lock, pylock, pyodide};
use index::Wanted;
use miette::{Report, Result};
use pep440_rs::Version;
use pep508_rs::{PackageName, VersionOrUrl};
use resolver::File;
use url::Url;
use wheel::Archive;

use crate::cli::Format;
use crate::report::advised;

/// The names that are looked for, in this order.
const NAMES: [&str; 2] = ["pyodide-lock.json", "pylock.toml"];

impl Format {
    /// The format of a file with this name.
    pub(crate) fn of(path: &Path) -> Self {
        if path.extension().is_some_and(|e| e == "toml") {
            Self::Pylock
        } else {
            Self::Pyodide
        }
    }

    /// What a file of this format is called when nobody says.
    pub(crate) fn file_name(self) -> &'static str {
        match self {
            Self::Pyodide => NAMES[0],
            Self::Pylock => NAMES[1],
        }
    }

    /// The text of a lock.
    pub(crate) fn write(self, lock: &Lock) -> String {
        match self {
            Self::Pyodide => pyodide::write(lock),
            Self::Pylock => pylock::write(lock),
        }
    }
}

/// What this ferropy's interpreter is in a lock file.
pub(crate) fn interpreter() -> Interpreter {
    let pins = pins::pins();
    Interpreter {
        python: pins.cpython.version.clone(),
        platform: pins.lock_platform(),
        arch: "wasm32".to_owned(),
        abi: pins.abi_version().to_owned(),
    }
}

/// The lock file that is meant: the given one, else the one in the current folder.
pub(crate) fn find(given: Option<&Path>) -> Result<PathBuf> {
    if let Some(path) = given {
        return Ok(path.to_owned());
    }
    let found = NAMES.iter().map(PathBuf::from).find(|path| path.is_file());
    found.ok_or_else(|| {
        advised(
            format!("there is no {} in this folder", NAMES.join(" or ")),
            "make one with `ferropy lock`, or name the lock file",
        )
    })
}

fn adviser(error: ::lock::Error) -> Report {
    advised(error.to_string(), error.fix)
}

/// Reads a lock file, for whatever interpreter it is.
pub(crate) fn read(path: &Path) -> Result<Lock> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|e| {
        advised(
            format!("cannot read {name}: {e}"),
            "check its name, or make it with `ferropy lock`",
        )
    })?;
    let lock = match Format::of(path) {
        Format::Pyodide => pyodide::read(&text, &name),
        Format::Pylock => {
            let target = index::ours();
            let choice = Choice {
                tags: &target.tags,
                markers: &target.markers,
                python: &target.python,
                interpreter: interpreter(),
                extras: BTreeSet::new(),
                groups: None,
            };
            pylock::read(&text, &name, &choice)
        }
    };
    lock.map_err(adviser)
}

/// Reads a lock file that has to be for our interpreter.
pub(crate) fn read_ours(path: &Path) -> Result<Lock> {
    let lock = read(path)?;
    let name = path.display().to_string();
    lock.check(&interpreter(), &name).map_err(adviser)?;
    Ok(lock)
}

/// Puts a text in a file's place, all of it or nothing.
pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    let failed = |e: std::io::Error| {
        advised(
            format!("cannot write {}: {e}", path.display()),
            "check that the folder exists and may be written, and that the disk is not full",
        )
    };
    let parent = path.parent().filter(|p| *p != Path::new(""));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // As any new file: others may read it if the user's mask lets them.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder
        .tempfile_in(parent.unwrap_or(Path::new(".")))
        .map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.persist(path).map_err(|e| failed(e.error))?;
    Ok(())
}

/// The folder that relative places in a lock file are below.
pub(crate) fn base(path: &Path) -> Result<PathBuf> {
    let full = std::path::absolute(path).map_err(|e| {
        advised(
            format!("cannot find {}: {e}", path.display()),
            "check its name",
        )
    })?;
    Ok(full.parent().unwrap_or(&full).to_owned())
}

/// The files of a lock, for downloading or installing.
pub(crate) fn files(lock: &Lock, path: &Path) -> Result<Vec<File>> {
    let base = base(path)?;
    let packages = lock.packages.values();
    packages
        .map(|package| {
            let url = match &package.file {
                Location::Url(url) => url.clone(),
                Location::Relative(below) => {
                    let full = base.join(below);
                    Url::from_file_path(&full).map_err(|()| {
                        advised(
                            format!("{} has no absolute path", full.display()),
                            "move it",
                        )
                    })?
                }
            };
            let mut file = File::at(url);
            file.sha256 = Some(package.sha256.clone());
            file.size = package.size;
            Ok(file)
        })
        .collect()
}

/// Adds what the lock files of other tools do not tell, modules and dependencies, from the
/// wheels themselves: loaders go by them.
pub(crate) fn complete(lock: &mut Lock, wheels: &[PathBuf]) -> Result<()> {
    let untold = lock
        .packages
        .values()
        .all(|package| package.depends.is_empty());
    let names: BTreeSet<PackageName> = lock.packages.keys().cloned().collect();
    for (package, path) in lock.packages.values_mut().zip(wheels) {
        if package.kind != Kind::Package || !package.file.is_wheel() {
            continue;
        }
        if !untold && !package.imports.is_empty() {
            continue;
        }
        let archive = Archive::open(path).map_err(index::Error::from)?;
        if package.imports.is_empty() {
            package.imports = imports::modules(archive.files());
        }
        if untold {
            // Which extras were meant is not told either; what is in the lock was needed.
            let metadata = wheel::Metadata::parse(archive.metadata_text())
                .map_err(|why| miette::miette!("{}: {why}", path.display()))?;
            let markers = &index::ours().markers;
            let applying = metadata.requires.iter();
            let applying = applying.filter(|r| r.evaluate_markers(markers, &metadata.extras));
            let needed: BTreeSet<&PackageName> = applying
                .map(|requirement| &requirement.name)
                .filter(|name| names.contains(name) && *name != &metadata.name)
                .collect();
            package.depends = needed.into_iter().cloned().collect();
        }
    }
    Ok(())
}

/// Packages that are not wheels: only the loader in a page or in Node can take those.
pub(crate) fn no_wheels(lock: &Lock) -> Vec<&str> {
    let others = lock
        .packages
        .iter()
        .filter(|(_, package)| package.kind != Kind::Package || !package.file.is_wheel());
    others.map(|(name, _)| name.as_ref()).collect()
}

/// What a lock lacks of what is wanted.
pub(crate) fn unmet(lock: &Lock, wanted: &Wanted) -> Option<String> {
    let Wanted::Named(requirement) = wanted else {
        let text = wanted.locked_text().ok()?;
        let name = text.split(['=', ' ']).next()?.parse().ok()?;
        return (!lock.packages.contains_key(&name)).then(|| format!("{text} is not in it"));
    };
    if !requirement.evaluate_markers(&index::ours().markers, &[]) {
        return None;
    }
    let Some(package) = lock.packages.get(&requirement.name) else {
        return Some(format!("{} is not in it", requirement.name));
    };
    match &requirement.version_or_url {
        Some(VersionOrUrl::VersionSpecifier(specifiers)) => {
            let version: Option<Version> = package.version.parse().ok();
            let good = version.is_some_and(|version| specifiers.contains(&version));
            (!good).then(|| {
                format!(
                    "{requirement} is wanted, and it has {} {}",
                    requirement.name, package.version
                )
            })
        }
        _ => None,
    }
}
