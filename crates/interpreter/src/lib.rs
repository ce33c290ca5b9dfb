//! Builds the interpreter: every product from the pinned sources to the linked main module.
//!
//! The chain, each link a product of its own in the cache, keyed by what it is made from:
//!
//! ```text
//! sources ─ native-libs ─ libpython ─┬─ main-module (with: runtime)
//!                     cpython-source ┴─ stdlib, python-tests (with: test-extensions)
//! ```
//!
//! A change of the Rust runtime repeats only `runtime` and `main-module`; one of `python/` only `stdlib`.
//! This crate knows nothing of JavaScript sources or of the layout of the distribution.

mod archive;
mod cpython;
mod error;
mod keys;
mod main_module;
mod native;
mod packages;
mod test_extensions;

use std::path::{Path, PathBuf};

use cache::{Build, Cache, Key, Product};
use progress::{Progress, Step};
use toolchain::Toolchain;

pub use error::Error;
pub use keys::{Keys, is_stub};

/// What every build needs at hand.
#[derive(Debug)]
pub struct Context {
    /// Where products live.
    pub cache: Cache,
    /// The checkout that is built.
    pub repository: PathBuf,
    /// The compilers.
    pub toolchain: Toolchain,
    /// Where steps are shown.
    pub progress: Progress,
}

/// The products that a distribution is made from.
#[derive(Debug, Clone)]
pub struct Interpreter {
    /// The folder with `ferropy.asm.mjs` and `ferropy.asm.wasm`.
    pub main_module: PathBuf,
    /// The folder with `packages.wasm` and `resolver.wasm`.
    pub packages: PathBuf,
    /// `python_stdlib.zip`.
    pub stdlib: PathBuf,
    /// The address of the package index that pip asks when nothing is configured.
    pub default_index: String,
    /// The folder with headers, archives and sysconfig data, for building extensions.
    pub libpython: PathBuf,
}

/// The steps of this crate with the seconds they take on two cores.
const STEPS: &[(Part, &str, &str, f64)] = &[
    (
        Part::CpythonSource,
        "Unpack CPython",
        "its source, with our patches applied",
        10.0,
    ),
    (
        Part::NativeLibs,
        "Compile C libraries",
        "zlib, bzip2, xz, zstd, SQLite, libffi and libmpdec",
        110.0,
    ),
    (
        Part::Libpython,
        "Compile CPython",
        "every C file of the interpreter and its modules",
        280.0,
    ),
    (
        Part::Runtime,
        "Compile the Rust runtime",
        "the bridge between Python and JavaScript",
        30.0,
    ),
    (
        Part::MainModule,
        "Link the main module",
        "CPython, libraries and runtime become one WebAssembly file",
        45.0,
    ),
    (
        Part::Packages,
        "Compile the package loader",
        "packages.wasm, which pages load with their first package",
        60.0,
    ),
    (
        Part::Stdlib,
        "Pack the standard library",
        "one archive that the loader downloads",
        3.0,
    ),
    (
        Part::TestExtensions,
        "Compile CPython's test modules",
        "extension modules that its tests import",
        60.0,
    ),
    (
        Part::PythonTests,
        "Pack CPython's tests",
        "an extra archive for `-m test`",
        8.0,
    ),
];

/// A product of this crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `CPython`'s source tree, patched.
    CpythonSource,
    /// Headers and archives of the C libraries.
    NativeLibs,
    /// `libpython3.15.a` and what belongs to it.
    Libpython,
    /// The Rust runtime's archive.
    Runtime,
    /// The linked WebAssembly module and its glue.
    MainModule,
    /// The folder with `packages.wasm` and `resolver.wasm`.
    Packages,
    /// `python_stdlib.zip`.
    Stdlib,
    /// The extension modules of `CPython`'s tests.
    TestExtensions,
    /// `python_tests.zip`.
    PythonTests,
}

impl Part {
    /// The kind of the product in the cache.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Part::CpythonSource => "cpython-source",
            Part::NativeLibs => "native-libs",
            Part::Libpython => "libpython",
            Part::Runtime => "runtime",
            Part::MainModule => "main-module",
            Part::Packages => "packages",
            Part::Stdlib => "stdlib",
            Part::TestExtensions => "test-extensions",
            Part::PythonTests => "python-tests",
        }
    }

    fn step(self) -> (&'static str, &'static str, f64) {
        let (_, name, why, seconds) = STEPS
            .iter()
            .find(|(part, ..)| *part == self)
            .expect("STEPS lists every part; a test checks it");
        (name, why, *seconds)
    }
}

/// The steps of the given parts with their expected seconds, whether they are in the cache or not.
pub fn expected(parts: &[Part]) -> impl Iterator<Item = (&'static str, f64)> {
    parts.iter().map(|part| {
        let (name, _, seconds) = part.step();
        (name, seconds)
    })
}

/// The checkout to build from: `FERROPY_SOURCE`, else the one that this binary was compiled in.
pub fn repository() -> Result<PathBuf, Error> {
    let set = std::env::var_os("FERROPY_SOURCE")
        .filter(|dir| !dir.is_empty())
        .map(PathBuf::from);
    let compiled = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap_or(Path::new("/"));
    let dir = set.unwrap_or_else(|| compiled.to_owned());
    let dir = std::path::absolute(&dir).map_err(Error::io("find", &dir))?;
    if dir.join("runtime/Cargo.toml").is_file() {
        Ok(dir)
    } else {
        Err(Error::NoSource(dir))
    }
}

impl Context {
    /// The steps that the cache does not spare a build of the given parts, with their expected seconds.
    #[must_use]
    pub fn plan(&self, keys: &Keys, parts: &[Part]) -> Vec<(&'static str, f64)> {
        let missing = |part: &&Part| self.cache.lookup(part.kind(), keys.of(**part)).is_none();
        expected(&parts.iter().filter(missing).copied().collect::<Vec<_>>()).collect()
    }

    /// Everything that the distribution needs.
    pub fn interpreter(&self, keys: &Keys) -> Result<Interpreter, Error> {
        let main_module = main_module::main_module(self, keys)?;
        let stdlib = archive::stdlib(self, keys)?;
        let index = stdlib.with_file_name(archive::DEFAULT_INDEX);
        Ok(Interpreter {
            main_module,
            packages: packages::packages(self, keys)?,
            default_index: std::fs::read_to_string(&index).map_err(Error::io("read", index))?,
            stdlib,
            libpython: cpython::libpython(self, keys)?,
        })
    }

    /// `python_tests.zip`: the `test` package, for `FERROPY_EXTRA_ARCHIVES`. Not part of the distribution.
    pub fn python_tests(&self, keys: &Keys) -> Result<PathBuf, Error> {
        archive::python_tests(self, keys)
    }

    /// Builds one product as a step of its own.
    fn product(
        &self,
        part: Part,
        key: &Key,
        needs: u64,
        build: impl FnOnce(&Build, &Step) -> Result<(), Error>,
    ) -> Result<PathBuf, Error> {
        let (name, why, _) = part.step();
        let product = Product {
            kind: part.kind(),
            key,
            what: part.kind(),
            needs,
        };
        toolchain::product(
            &self.cache,
            &self.progress,
            product,
            (name, why),
            |under_way, step| {
                build(under_way, step)?;
                if part == Part::Libpython {
                    // Made from other products only, which nobody edits; and too long a step to lose.
                    return Ok(());
                }
                // An edit during the build would leave new content under the old content's key.
                let now = Keys::compute(&self.repository, &self.toolchain)?;
                if now.of(part) == key {
                    Ok(())
                } else {
                    Err(Error::Changed(name))
                }
            },
        )
    }
}

/// All parts that a distribution needs, in the order of building.
pub const DISTRIBUTION: &[Part] = &[
    Part::CpythonSource,
    Part::NativeLibs,
    Part::Libpython,
    Part::Runtime,
    Part::MainModule,
    Part::Packages,
    Part::Stdlib,
];

/// All parts of `python_tests.zip`, beyond those of the distribution.
pub const TESTS: &[Part] = &[Part::TestExtensions, Part::PythonTests];

/// As many jobs as the machine has cores, and one that waits for the disk.
fn jobs() -> String {
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    format!("-j{}", cores + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_has_a_step_of_its_own() {
        for part in DISTRIBUTION.iter().chain(TESTS) {
            let (name, why, seconds) = part.step();
            assert!(!name.is_empty() && !why.is_empty() && seconds > 0.0);
        }
        let names: std::collections::HashSet<_> = STEPS.iter().map(|(_, name, ..)| name).collect();
        assert_eq!(names.len(), STEPS.len());
    }

    #[test]
    fn the_repository_is_this_checkout() {
        assert!(repository().expect("found").join("versions.toml").is_file());
    }
}
