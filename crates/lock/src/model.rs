//! What a lock file says, whichever format it is written in.

use std::collections::BTreeMap;
use std::str::FromStr;

use pep440_rs::Version;
use pep508_rs::PackageName;
use wheel::WheelName;

use crate::error::Error;
use crate::location::Location;
use crate::node::Node;

/// An interpreter and the packages for it, each one file with its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// What the packages are for.
    pub interpreter: Interpreter,
    /// What was asked for, sorted; empty in files of others, which do not tell.
    pub requirements: Vec<String>,
    /// By normalised name.
    pub packages: BTreeMap<PackageName, Package>,
}

/// Which interpreter a lock is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interpreter {
    /// Python's full version.
    pub python: String,
    /// `emscripten_` and its version.
    pub platform: String,
    /// The machine: `wasm32`.
    pub arch: String,
    /// Such as `2026_5`: compiled code of another one does not load.
    pub abi: String,
}

impl Interpreter {
    /// `major.minor` of its Python.
    #[must_use]
    pub fn short(&self) -> String {
        self.python.split('.').take(2).collect::<Vec<_>>().join(".")
    }

    fn describe(&self) -> String {
        format!("Python {}, ABI {}, {}", self.short(), self.abi, self.arch)
    }
}

/// One file that is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// As its authors number it; shared libraries do not follow Python's rules.
    pub version: String,
    /// Where the file is.
    pub file: Location,
    /// Its sha256, in lower-case hexadecimal.
    pub sha256: String,
    /// Its size in bytes, where known.
    pub size: Option<u64>,
    /// What it is.
    pub kind: Kind,
    /// Where it is unpacked.
    pub folder: Folder,
    /// Modules that it has, sorted.
    pub imports: Vec<String>,
    /// Packages of this lock that it needs, sorted.
    pub depends: Vec<PackageName>,
    /// Whether its tests were cut off into a package of their own.
    pub unvendored_tests: bool,
}

/// What a locked file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A wheel.
    Package,
    /// A part of the standard library.
    CpythonModule,
    /// A library that packages load.
    SharedLibrary,
    /// A library that packages are linked with.
    StaticLibrary,
}

impl Kind {
    /// All, with their names in `pyodide-lock.json`.
    pub(crate) const ALL: [(&'static str, Self); 4] = [
        ("package", Self::Package),
        ("cpython_module", Self::CpythonModule),
        ("shared_library", Self::SharedLibrary),
        ("static_library", Self::StaticLibrary),
    ];
}

/// Where a file is unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folder {
    /// `site-packages`.
    Site,
    /// Where shared libraries are looked for.
    Dynlib,
}

impl Folder {
    /// All, with their names in `pyodide-lock.json`.
    pub(crate) const ALL: [(&'static str, Self); 2] =
        [("site", Self::Site), ("dynlib", Self::Dynlib)];
}

/// Reads a word out of a fixed list, naming the list when it is another.
pub(crate) fn word<T: Copy>(node: &Node<'_>, all: &[(&str, T)]) -> Result<T, Error> {
    let text = node.text()?;
    let found = all.iter().find(|(name, _)| *name == text);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
        node.error(
            format!("«{text}» is unknown; known are {}", names.join(", ")),
            "a newer tool may have written it: renew ferropy, or make the file again with `ferropy lock`",
        )
    })
}

/// The name of a value in such a list.
pub(crate) fn named<T: Copy + PartialEq>(value: T, all: &[(&'static str, T)]) -> &'static str {
    all.iter()
        .find(|(_, v)| *v == value)
        .map_or("", |(name, _)| name)
}

impl Lock {
    /// An empty lock.
    #[must_use]
    pub fn new(interpreter: Interpreter) -> Self {
        Self {
            interpreter,
            requirements: Vec::new(),
            packages: BTreeMap::new(),
        }
    }

    /// Whether an interpreter can load this lock's packages.
    ///
    /// # Errors
    /// What the file is for and what we are.
    pub fn check(&self, ours: &Interpreter, file: &str) -> Result<(), Error> {
        let theirs = &self.interpreter;
        if theirs.describe() == ours.describe() {
            return Ok(());
        }
        Err(Error {
            file: file.to_owned(),
            place: String::new(),
            why: format!(
                "it is for another interpreter\n  the file's: {}\n  ours:       {}",
                theirs.describe(),
                ours.describe()
            ),
            fix: "make a lock for this one with `ferropy lock`, or use the ferropy it was made for"
                .to_owned(),
        })
    }
}

/// Reads a hash of 64 hexadecimal digits.
pub(crate) fn sha256(node: &Node<'_>) -> Result<String, Error> {
    node.parse("sha256", |text| {
        let digits = text.bytes().all(|b| b.is_ascii_hexdigit());
        if text.len() != 64 || !digits {
            return Err("it should have 64 hexadecimal digits and nothing else".to_owned());
        }
        Ok(text.to_ascii_lowercase())
    })
}

pub(crate) fn package_name(node: &Node<'_>) -> Result<PackageName, Error> {
    node.parse("name of a package", |text| {
        PackageName::from_str(text).map_err(|e| e.to_string())
    })
}

/// A wheel's file name must say what its entry says.
pub(crate) fn check_wheel(
    node: &Node<'_>,
    file: &str,
    name: &PackageName,
    version: &str,
) -> Result<WheelName, Error> {
    let wheel = WheelName::from_str(file).map_err(|e| node.wrong(e.to_string()))?;
    let same = Version::from_str(version).is_ok_and(|v| v == wheel.version);
    if wheel.name != *name || !same {
        return Err(node.error(
            format!("the entry is for {name} {version}, and its file is {file}"),
            "somebody may have tampered with it: make the file again with `ferropy lock`",
        ));
    }
    Ok(wheel)
}
