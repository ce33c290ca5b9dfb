//! Modules and packages: what the standard library has, what a wheel has, and which package
//! a module is likely to come from.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::LazyLock;

use pep508_rs::PackageName;

/// Modules that the distribution adds to the standard library.
const ADDED: &[&str] = &["js", "pyodide", "pyodide_js"];

static STDLIB: LazyLock<BTreeSet<&str>> =
    LazyLock::new(|| rows(include_str!("stdlib.txt")).collect());

static PACKAGES: LazyLock<BTreeMap<&str, &str>> = LazyLock::new(|| {
    rows(include_str!("packages.txt"))
        .filter_map(|row| row.split_once(' '))
        .collect()
});

fn rows(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Whether a module comes with the interpreter.
#[must_use]
pub fn is_ours(module: &str) -> bool {
    let top = top(module);
    STDLIB.contains(top) || ADDED.contains(&top)
}

pub(crate) fn top(module: &str) -> &str {
    module.split('.').next().unwrap_or(module)
}

/// A dotted name and every shorter one, longest first.
fn prefixes(module: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(module), |m| m.rsplit_once('.').map(|(head, _)| head))
}

/// The package that a module is looked for in: the table's, else the one of its own name.
#[must_use]
pub fn package(module: &str) -> Option<PackageName> {
    let known = prefixes(module).find_map(|prefix| PACKAGES.get(prefix));
    PackageName::from_str(known.copied().unwrap_or(top(module))).ok()
}

/// The importable modules among a wheel's files, sorted.
///
/// A folder without code of its own (a namespace, such as `google`) is not named but what
/// is in it: many packages may share it.
#[must_use]
pub fn modules<'a>(files: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut code: BTreeSet<Vec<&str>> = BTreeSet::new();
    for file in files {
        let mut parts: Vec<&str> = file.split('/').collect();
        // What is in these two folders is installed beside the rest.
        if let [data, "purelib" | "platlib", ..] = parts[..]
            && data.strip_suffix(".data").is_some()
        {
            parts.drain(..2);
        }
        let Some(last) = parts.pop() else { continue };
        let stem = last
            .strip_suffix(".py")
            // `name.cpython-315-wasm32-emscripten.so`, `name.abi3.so`, `name.so`.
            .or_else(|| last.strip_suffix(".so").and_then(|s| s.split('.').next()));
        let Some(stem) = stem else { continue };
        // Data of a wheel is no module, and neither is a folder with a dash or a dot.
        if !parts.iter().chain([&stem]).all(|part| is_identifier(part)) {
            continue;
        }
        if stem != "__init__" {
            parts.push(stem);
        }
        if !parts.is_empty() {
            code.insert(parts);
        }
    }
    // Below a regular package nothing is a root of its own.
    let files: BTreeSet<Vec<&str>> = code.clone();
    let mut roots: BTreeSet<String> = BTreeSet::new();
    for parts in &files {
        let root = (1..=parts.len())
            .map(|length| &parts[..length])
            .find(|head| code.contains(*head))
            .unwrap_or(parts);
        roots.insert(root.join("."));
    }
    roots.into_iter().collect()
}

fn is_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_says_something() {
        let rows: Vec<&str> = rows(include_str!("packages.txt")).collect();
        assert!(rows.is_sorted());
        assert!(rows.len() >= 100, "{}", rows.len());
        for row in rows {
            let (module, name) = row.split_once(' ').unwrap();
            let package = PackageName::from_str(name).unwrap();
            assert_eq!(package.as_ref(), name, "written as indexes compare it");
            // A dotted module is listed even so: its first part alone would be looked for.
            let same = PackageName::from_str(module).ok() == Some(package);
            assert!(!same || module.contains('.'), "{row}");
            assert!(!is_ours(module), "{row}");
        }
    }

    #[test]
    fn packages_of_modules() {
        let of = |module: &str| package(module).map(|name| name.to_string());
        assert_eq!(of("cv2"), Some("opencv-python".into()));
        assert_eq!(of("yaml.constructor"), Some("pyyaml".into()));
        assert_eq!(
            of("google.cloud.storage.Client"),
            Some("google-cloud-storage".into())
        );
        assert_eq!(of("numpy.linalg"), Some("numpy".into()));
        assert_eq!(of("flask_sqlalchemy"), Some("flask-sqlalchemy".into()));
        assert_eq!(of("_secret"), None);
    }

    #[test]
    fn the_standard_library() {
        for ours in ["os.path", "asyncio", "_ssl", "js", "pyodide.ffi"] {
            assert!(is_ours(ours), "{ours}");
        }
        assert!(!is_ours("numpy") && !is_ours("distutils"));
    }

    #[test]
    fn modules_of_a_wheel() {
        let files = [
            "six.py",
            "pkg/__init__.py",
            "pkg/sub/deep.py",
            "pkg/tests/data/x.py",
            "_ext.cpython-315-wasm32-emscripten.so",
            "google/cloud/storage/__init__.py",
            "google/cloud/storage/client.py",
            "ruamel/yaml/main.py",
            "pkg.libs/libz.so",
            "pkg-1.0.dist-info/METADATA",
            "pkg-1.0.data/scripts/run.py",
            "pkg-1.0.data/purelib/extra.py",
            "notes.txt",
        ];
        assert_eq!(
            modules(files),
            [
                "_ext",
                "extra",
                "google.cloud.storage",
                "pkg",
                "ruamel.yaml.main",
                "six"
            ]
        );
    }
}
