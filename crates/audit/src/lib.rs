//! Whether a wheel will work in our interpreter, found out without running it: what auditwheel is on Linux.
//!
//! Every symbol that an extension module takes has to be given by the main module, by a library that comes with the
//! wheel, or by the module itself; names, tags and licence have to be right. What a wheel's code does is not looked at.

mod main_module;
mod module;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};

use pins::pins;
use serde::Serialize;
use wheel::{Archive, Tags};

pub use main_module::{Broken, Found, MainModule};
pub use module::{Import, Kind, Module, Unreadable};

/// Largest module that is looked at, in bytes.
const MOST: u64 = 1 << 30;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It may work.
    Warning,
    /// It will not load, or not be installed.
    Error,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Check {
    /// Names and tags.
    Tag,
    /// Files that should be WebAssembly modules.
    Module,
    /// Libraries that modules need.
    Library,
    /// Symbols that modules take.
    Symbol,
    /// Functions whose types differ on both sides.
    Signature,
    /// Conventions of our platform.
    Abi,
    /// The licence.
    Licence,
    /// Needless bytes.
    Size,
}

/// Something that is wrong with a wheel, or may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub check: Check,
    /// The file in the wheel, if it is about one.
    pub file: Option<String>,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub fix: String,
}

/// What was found out about a wheel.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Its file name.
    pub wheel: String,
    /// How many modules it has.
    pub modules: usize,
    /// How many symbols they take from the interpreter.
    pub symbols: usize,
    /// The worst first.
    pub findings: Vec<Finding>,
}

impl Report {
    /// True if something will not work.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        let mut findings = self.findings.iter();
        findings.any(|finding| finding.severity == Severity::Error)
    }
}

/// A wheel under audit.
struct Audit<'a> {
    main: &'a MainModule,
    modules: BTreeMap<String, Module>,
    findings: Vec<Finding>,
}

/// Audits a wheel for the interpreter that has this main module and takes these tags.
///
/// # Errors
/// If it is none, or damaged.
pub fn audit<R: Read + Seek>(
    archive: &mut Archive<R>,
    main: &MainModule,
    tags: &Tags,
) -> Result<Report, wheel::Error> {
    let mut audit = Audit {
        main,
        modules: BTreeMap::new(),
        findings: Vec::new(),
    };
    audit.licence(archive);
    let libraries: Vec<_> = archive.container().entries().to_vec();
    for entry in libraries.iter().filter(|entry| is_library(&entry.path)) {
        let bytes = archive.container().read(entry, MOST)?;
        match Module::read(&bytes) {
            Ok(module) if module.dynamic => {
                audit.modules.insert(entry.path.clone(), module);
            }
            Ok(_) => audit.error(
                Check::Module,
                &entry.path,
                "it is a WebAssembly program and no library",
                "link it with -shared, and leave -sSTANDALONE_WASM and -sMAIN_MODULE out",
            ),
            Err(why) => {
                let elf = bytes.starts_with(b"\x7fELF");
                let why = if elf {
                    "it is a library for Linux".to_owned()
                } else {
                    why.to_string()
                };
                let fix = "the compiler was not Emscripten's: build the wheel with `ferropy build`";
                audit.error(Check::Module, &entry.path, &why, fix);
            }
        }
    }
    audit.tags(archive, tags);
    let paths: Vec<String> = audit.modules.keys().cloned().collect();
    let symbols = paths.iter().map(|path| audit.module(path)).sum();
    let mut findings = audit.findings;
    findings.sort_by(|a, b| (b.severity, a.check, &a.file).cmp(&(a.severity, b.check, &b.file)));
    Ok(Report {
        wheel: archive.name().file().to_owned(),
        modules: paths.len(),
        symbols,
        findings,
    })
}

impl Audit<'_> {
    fn note(
        &mut self,
        severity: Severity,
        check: Check,
        file: Option<&str>,
        what: &str,
        fix: &str,
    ) {
        self.findings.push(Finding {
            severity,
            check,
            file: file.map(str::to_owned),
            what: what.to_owned(),
            fix: fix.to_owned(),
        });
    }

    fn error(&mut self, check: Check, file: &str, what: &str, fix: &str) {
        self.note(Severity::Error, check, Some(file), what, fix);
    }

    fn warning(&mut self, check: Check, file: &str, what: &str, fix: &str) {
        self.note(Severity::Warning, check, Some(file), what, fix);
    }

    fn licence<R: Read + Seek>(&mut self, archive: &Archive<R>) {
        let in_folder = archive.files().any(|path| {
            let Some((folder, rest)) = path.split_once(".dist-info/") else {
                return false;
            };
            let rest = rest.to_ascii_lowercase();
            let named = ["licen", "copying", "notice"];
            !folder.contains('/') && named.iter().any(|name| rest.contains(name))
        });
        if !in_folder {
            self.note(
                Severity::Warning,
                Check::Licence,
                None,
                "no licence is in the wheel",
                "name it in pyproject.toml: license-files = [\"LICENSE*\"]",
            );
        }
    }

    /// Whether the name of the wheel says what is in it.
    fn tags<R: Read + Seek>(&mut self, archive: &Archive<R>, tags: &Tags) {
        let name = archive.name();
        let pure = name.platforms == ["any"];
        let libraries: Vec<&str> = archive.files().filter(|f| is_library(f)).collect();
        if let Err(why) = tags.check(name) {
            self.note(
                Severity::Error,
                Check::Tag,
                None,
                &why.to_string(),
                &why.fix,
            );
        } else if pure && let [first, ..] = libraries[..] {
            let what = "the wheel's name says that it is for any platform, and this is for one";
            let fix = format!(
                "name the platform: {}-{}",
                name.tag().trim_end_matches("-any"),
                pins().abi.platform
            );
            self.error(Check::Tag, first, what, &fix);
        } else if !pure && libraries.is_empty() {
            let what = "the wheel's name says that it is for one platform, and nothing in it is";
            self.note(
                Severity::Warning,
                Check::Tag,
                None,
                what,
                "call it py3-none-any",
            );
        }
        let stable = name.abis == ["abi3"];
        for file in libraries {
            let Some(suffix) = extension_suffix(file) else {
                continue;
            };
            if !our_suffixes().iter().any(|one| one == suffix) {
                let what = format!("no interpreter of ours imports files that end in {suffix}");
                let fix = format!("it imports {}", our_suffixes().join(", "));
                self.error(Check::Tag, file, &what, &fix);
            } else if stable && suffix.contains("cpython-") {
                let what =
                    "the wheel's name promises the stable ABI, and this file is for one version";
                self.error(
                    Check::Tag,
                    file,
                    what,
                    "define Py_LIMITED_API, or name the version in the wheel's tag",
                );
            }
        }
    }

    /// Checks one module; returns how many symbols it takes from the interpreter.
    fn module(&mut self, path: &str) -> usize {
        let module = self.modules[path].clone();
        if let Some(name) = extension_name(path)
            && !module.exports.contains_key(&format!("PyInit_{name}"))
            && !module.exports.contains_key(&format!("PyModExport_{name}"))
        {
            let what = format!("it has neither PyInit_{name} nor PyModExport_{name}");
            let fix = "is the file named like its module, and is the function exported?";
            self.error(Check::Symbol, path, &what, fix);
        }
        if module.debug > 0 {
            let what = format!("it has {} bytes of debugging information", module.debug);
            self.warning(Check::Size, path, &what, "link with -s, or strip it");
        }
        let absent: Vec<String> = module
            .needed
            .iter()
            .filter(|needed| self.bundled(needed).is_none())
            .cloned()
            .collect();
        for needed in &absent {
            let what = format!("it needs {needed}, which is not in the wheel");
            let fix = "put it into a NAME.libs folder, or into a package that this one depends on";
            self.warning(Check::Library, path, &what, fix);
        }
        let mut seen = BTreeSet::new();
        let mut taken = 0;
        for import in &module.imports {
            if !seen.insert((import.from.clone(), import.name.clone())) {
                continue;
            }
            taken += usize::from(self.import(path, &module, import, &absent));
        }
        taken
    }

    /// Checks one symbol that a module takes; true if the interpreter gives it.
    fn import(&mut self, path: &str, module: &Module, import: &Import, absent: &[String]) -> bool {
        let Import {
            from, name, kind, ..
        } = import;
        if *kind == (Kind::Memory { shared: true }) {
            let what = "it wants memory that threads share, which our interpreter has not";
            self.error(
                Check::Abi,
                path,
                what,
                "compile without -pthread and -matomics",
            );
            return false;
        }
        if let Some(rest) = name.strip_prefix("invoke_") {
            let what =
                format!("it catches exceptions or longjmp through JavaScript (invoke_{rest})");
            let flags = pins().abi.flags.join(" ");
            self.error(
                Check::Abi,
                path,
                &what,
                &format!("compile and link all of it with {flags}"),
            );
            return false;
        }
        // Addresses, of functions and of variables, have no types that could differ.
        let address = from.starts_with("GOT.");
        if address && module.exports.contains_key(name) {
            return false;
        }
        if let Some(found) = self.main.find(name) {
            if let (false, Found::As(other)) = (address, found) {
                let other = other.clone();
                self.compare(path, name, kind, &other, "the interpreter");
            }
            return true;
        }
        let given = module
            .exports
            .get(name)
            .map(|kind| (path.to_owned(), kind.clone()));
        let given = given.or_else(|| {
            let mut libraries = module
                .needed
                .iter()
                .filter_map(|needed| self.bundled(needed));
            libraries.find_map(|(library, other)| {
                Some((library.to_owned(), other.exports.get(name)?.clone()))
            })
        });
        if let Some((library, other)) = given {
            if !address {
                self.compare(path, name, kind, &other, &library);
            }
            return false;
        }
        if import.weak {
            return false;
        }
        if let [first, ..] = absent {
            let what = format!("{name} has to come from {first}");
            self.warning(
                Check::Symbol,
                path,
                &what,
                "check the wheel together with that library's",
            );
        } else {
            let what = format!("nobody gives it {name}");
            self.error(Check::Symbol, path, &what, &advice(name));
        }
        false
    }

    fn compare(&mut self, path: &str, name: &str, wanted: &Kind, given: &Kind, by: &str) {
        match (wanted, given) {
            (Kind::Function(wanted), Kind::Function(given)) if wanted != given => {
                let what = format!("it calls {name} as {wanted}, and {by} has it as {given}");
                let fix = "declare it as its header does; a cast or a missing prototype is the usual reason";
                self.warning(Check::Signature, path, &what, fix);
            }
            (Kind::Tag(wanted), Kind::Tag(given)) if wanted != given => {
                let what = format!("its exceptions ({name}) are {wanted}, and {by} has {given}");
                let fix = format!("compile it with {}", pins().abi.flags.join(" "));
                self.error(Check::Abi, path, &what, &fix);
            }
            _ => {}
        }
    }

    /// A library that comes with the wheel, by its file's name.
    fn bundled(&self, needed: &str) -> Option<(&str, &Module)> {
        let mut modules = self.modules.iter();
        let found = modules.find(|(path, _)| path.rsplit('/').next() == Some(needed));
        found.map(|(path, module)| (path.as_str(), module))
    }
}

/// What usually helps when a symbol is missing.
fn advice(name: &str) -> String {
    let kind = if name.starts_with("pthread_") {
        "our interpreter has no threads: build without them"
    } else if name.ends_with('_') {
        "it looks like Fortran's: is a library in Fortran or LAPACK missing?"
    } else if name.starts_with("_ZN") || name.starts_with("_ZT") {
        "it is C++: is one of the package's own files, or a library, missing at the link?"
    } else if name.starts_with("Py") || name.starts_with("_Py") {
        "this CPython has no such function: is there a newer version of the package?"
    } else {
        "is a library missing at the link, or a check of configure's wrong?"
    };
    kind.to_owned()
}

fn is_library(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.strip_suffix(".so").is_some() || file.contains(".so.")
}

/// What a file's name ends with if it is that of an extension module: what comes after the first dot.
fn extension_suffix(path: &str) -> Option<&str> {
    let file = path.rsplit('/').next().unwrap_or(path);
    // A shared library's name begins like this, and a module's may not.
    let library = file.starts_with("lib") || path.contains(".libs/");
    let dot = file.find('.')?;
    (!library && file[dot..].strip_suffix(".so").is_some()).then(|| &file[dot..])
}

/// The name of the module that a file holds.
fn extension_name(path: &str) -> Option<&str> {
    extension_suffix(path)?;
    let file = path.rsplit('/').next().unwrap_or(path);
    file.split('.').next()
}

/// What our interpreter takes for extension modules.
fn our_suffixes() -> [String; 4] {
    [
        pins().abi.extension_suffix(),
        ".abi3-wasm32-emscripten.so".to_owned(),
        ".abi3.so".to_owned(),
        ".so".to_owned(),
    ]
}
