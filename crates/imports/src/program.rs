//! The imports of a program on disk: a file with the modules beside it, or a whole folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::names::{is_ours, top};
use crate::source::{SyntaxError, imports};

/// One imported module with the first place that imports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Dotted, as written.
    pub module: String,
    /// The file.
    pub file: PathBuf,
    /// The line.
    pub line: usize,
}

/// Why the imports of a program are not known.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder cannot be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A file is not Python.
    #[error("{}, {source}", .path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: SyntaxError,
    },
}

/// What a file and the modules beside it, or all files of a folder, import from elsewhere.
/// Sorted by module.
pub fn program(path: &Path) -> Result<Vec<Import>, Error> {
    let folder = path.is_dir();
    let root = match path.parent() {
        _ if folder => path,
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let own = own_modules(root)?;
    let mut waiting = if folder {
        python_files(root)?
    } else {
        vec![path.to_owned()]
    };
    // A package may import itself by its full name.
    let itself = folder
        .then(|| std::path::absolute(path).ok())
        .flatten()
        .filter(|full| full.join("__init__.py").is_file());
    let itself = itself
        .as_deref()
        .and_then(Path::file_name)
        .map(|name| name.to_string_lossy().into_owned());
    let mut seen: BTreeSet<PathBuf> = waiting.iter().cloned().collect();
    let mut found: BTreeMap<String, Import> = BTreeMap::new();
    while let Some(file) = waiting.pop() {
        for (module, line) in read(&file)? {
            if let Some(places) = own.get(top(&module)) {
                for place in places {
                    let files = if place.is_dir() {
                        python_files(place)?
                    } else {
                        vec![place.clone()]
                    };
                    waiting.extend(files.into_iter().filter(|file| seen.insert(file.clone())));
                }
            } else if !is_ours(&module) && itself.as_deref() != Some(top(&module)) {
                let here = Import {
                    module: module.clone(),
                    file: file.clone(),
                    line,
                };
                let first = found.entry(module).or_insert_with(|| here.clone());
                if (&here.file, here.line) < (&first.file, first.line) {
                    *first = here;
                }
            }
        }
    }
    Ok(found.into_values().collect())
}

fn read(path: &Path) -> Result<BTreeMap<String, usize>, Error> {
    let source = std::fs::read_to_string(path).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })?;
    imports(&source).map_err(|source| Error::Syntax {
        path: path.to_owned(),
        source,
    })
}

/// Modules that Python would find beside the program, or in its `src`, before any other.
fn own_modules(root: &Path) -> Result<BTreeMap<String, Vec<PathBuf>>, Error> {
    let mut own: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for folder in [root.to_owned(), root.join("src")] {
        if !folder.is_dir() {
            continue;
        }
        let error = |source| Error::Read {
            path: folder.clone(),
            source,
        };
        for entry in std::fs::read_dir(&folder).map_err(error)? {
            let path = entry.map_err(error)?.path();
            let module = path.extension().is_some_and(|e| e == "py")
                || (path.is_dir() && !skipped(&path) && has_python(&path));
            if let (true, Some(stem)) = (module, path.file_stem()) {
                let stem = stem.to_string_lossy().into_owned();
                own.entry(stem).or_default().push(path);
            }
        }
    }
    Ok(own)
}

fn has_python(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder);
    entries.is_ok_and(|entries| {
        entries
            .flatten()
            .any(|entry| entry.path().extension().is_some_and(|e| e == "py"))
    })
}

/// Folders that hold other people's code, or none.
fn skipped(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with('.')
        || matches!(
            name.as_ref(),
            "__pycache__" | "node_modules" | "site-packages"
        )
        || folder.join("pyvenv.cfg").is_file()
}

fn python_files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    let walk = WalkDir::new(folder).sort_by_file_name().into_iter();
    let inside = walk.filter_entry(|entry| {
        entry.depth() == 0 || !entry.file_type().is_dir() || !skipped(entry.path())
    });
    for entry in inside {
        let entry = entry.map_err(|e| Error::Read {
            path: folder.to_owned(),
            source: e.into(),
        })?;
        if entry.file_type().is_file() && entry.path().extension().is_some_and(|e| e == "py") {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        dir
    }

    fn names(path: &Path) -> String {
        let found = program(path).unwrap();
        let names: Vec<String> = found.into_iter().map(|i| i.module).collect();
        names.join(" ")
    }

    #[test]
    fn modules_beside_a_program_are_followed_and_not_named() {
        let dir = tree(&[
            (
                "app.py",
                "import os, helper, pkg.part, numpy as np\nfrom src_mod import x",
            ),
            ("helper.py", "import yaml\nimport app"),
            ("other.py", "import never"),
            ("pkg/part.py", "from . import z\nimport bs4"),
            ("src/src_mod.py", "import attr"),
            ("docs/readme.txt", ""),
        ]);
        assert_eq!(names(&dir.path().join("app.py")), "attr bs4 numpy yaml");
    }

    #[test]
    fn a_whole_folder_without_other_peoples_code() {
        let dir = tree(&[
            ("mine/__init__.py", "import mine.a\nfrom rich import print"),
            ("mine/a.py", "import six"),
            ("mine/.venv/x.py", "import hidden"),
            ("mine/env/pyvenv.cfg", ""),
            ("mine/env/y.py", "import hidden"),
            ("mine/__pycache__/z.py", "import hidden"),
        ]);
        assert_eq!(names(&dir.path().join("mine")), "rich.print six");
    }

    #[test]
    fn faults_name_the_file() {
        let dir = tree(&[("app.py", "import helper"), ("helper.py", "def")]);
        let error = program(&dir.path().join("app.py")).unwrap_err().to_string();
        assert!(error.contains("helper.py, line 1"), "{error}");
        let error = program(&dir.path().join("none.py"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("none.py"), "{error}");
    }
}
