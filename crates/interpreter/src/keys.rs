//! The key of every product, computed from the inputs alone: no product has to exist.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use cache::Key;
use pins::pins;
use serde::Deserialize;
use toolchain::{Toolchain, fetch};

use crate::{Error, Part, archive, cpython, main_module, native, packages, test_extensions};

/// The keys of all products of this crate, for one checkout and one toolchain.
#[derive(Debug, Clone)]
pub struct Keys {
    cpython_source: Key,
    native_libs: Key,
    libpython: Key,
    runtime: Key,
    main_module: Key,
    packages: Key,
    stdlib: Key,
    test_extensions: Key,
    python_tests: Key,
}

impl Keys {
    /// Reads the inputs below `repository` and hashes them.
    pub fn compute(repository: &Path, toolchain: &Toolchain) -> Result<Self, Error> {
        let runtime_dir = repository.join("runtime");
        let lock = runtime_dir.join("Cargo.lock");
        let cpython_source = Key::of("cpython source 1")
            .key("archive", &fetch::source_key(&pins().cpython))
            .tree("patches", &repository.join("patches/cpython"), is_patch)?
            .finish();
        let native_libs = Key::of("native libs 1")
            .key("toolchain", toolchain.key())
            .texts("abi", &pins().abi.flags)
            .text("visibility", native::VISIBILITY)
            .texts("fast crates", native::FAST_CRATES)
            .text("sqlite", native::SQLITE_FLAGS)
            .texts("mpdecimal", native::MPDECIMAL_CONFIGURE)
            .key("mpdecimal", &fetch::source_key(&pins().mpdecimal))
            .tree("libs", &runtime_dir.join("libs"), is_rust)?
            .texts("lock", locked_closure(&lock, "ferropy-libs")?)
            .finish();
        let libpython = Key::of("libpython 2")
            .key("toolchain", toolchain.key())
            .key("source", &cpython_source)
            .key("native-libs", &native_libs)
            .texts("abi", &pins().abi.flags)
            .texts("configure", cpython::CONFIGURE)
            .text("defines", cpython::DEFINES)
            .text("optimization", cpython::OPTIMIZATION)
            .finish();
        let runtime = Key::of("runtime 1")
            .key("toolchain", toolchain.key())
            .text("rustflags", toolchain::RUSTFLAGS)
            .texts("abi", &pins().abi.flags)
            .text("python", main_module::pyo3_config())
            .tree("runtime", &runtime_dir, |path| {
                !path.starts_with("libs") && is_rust(path)
            })?
            .file("lock", &lock)?
            .finish();
        let main_module = Key::of("main module 1")
            .key("toolchain", toolchain.key())
            .key("libpython", &libpython)
            .key("native-libs", &native_libs)
            .key("runtime", &runtime)
            .file("link.args", &runtime_dir.join("link.args"))?
            .finish();
        let packages_dir = repository.join("packages");
        let mut packages = Key::of("packages 2")
            .key("toolchain", toolchain.key())
            .text("rustflags", toolchain::PLAIN_RUSTFLAGS)
            .tree("packages", &packages_dir, is_rust)?
            .file("lock", &packages_dir.join("Cargo.lock"))?
            // The versions that the shared crates inherit.
            .file("workspace", &repository.join("Cargo.toml"))?;
        for name in packages::SHARED_CRATES {
            packages = packages.tree(name, &repository.join("crates").join(name), is_rust)?;
        }
        let packages = packages.finish();
        let stdlib = Key::of("stdlib 2")
            .key("source", &cpython_source)
            .key("sysconfig", &libpython)
            .texts("left out", archive::LEFT_OUT)
            .tree("python", &repository.join("python"), is_module)?
            .finish();
        let test_extensions = Key::of("test extensions 2")
            .key("libpython", &libpython)
            .texts("modules", test_extensions::MODULES)
            .text("flags", test_extensions::FLAGS)
            .text("stand-ins", test_extensions::STAND_INS)
            .finish();
        let python_tests = Key::of("python tests 2")
            .key("source", &cpython_source)
            .key("extensions", &test_extensions)
            .texts("twins", archive::FOR_TESTS)
            .finish();
        Ok(Self {
            cpython_source,
            native_libs,
            libpython,
            runtime,
            main_module,
            packages,
            stdlib,
            test_extensions,
            python_tests,
        })
    }

    /// The key of one product.
    #[must_use]
    pub fn of(&self, part: Part) -> &Key {
        match part {
            Part::CpythonSource => &self.cpython_source,
            Part::NativeLibs => &self.native_libs,
            Part::Libpython => &self.libpython,
            Part::Runtime => &self.runtime,
            Part::MainModule => &self.main_module,
            Part::Packages => &self.packages,
            Part::Stdlib => &self.stdlib,
            Part::TestExtensions => &self.test_extensions,
            Part::PythonTests => &self.python_tests,
        }
    }
}

fn is_patch(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "patch")
}

/// Whether a path below `runtime/` is an input of cargo: everything but build output and the
/// TypeScript halves, which only the distribution reads.
fn is_rust(path: &Path) -> bool {
    path != Path::new("target")
        && path != Path::new("Cargo.lock")
        && path != Path::new("link.args")
        && path.extension().is_none_or(|e| e != "ts")
}

/// Whether a path below a library of Python code goes into the archive.
pub(crate) fn is_python(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name != "__pycache__" && name != "tests" && path.extension().is_none_or(|e| e != "pyc")
}

/// Whether a path below `python/` goes into the archive: stubs would only make the download larger.
pub(crate) fn is_module(path: &Path) -> bool {
    is_python(path) && !is_stub(path)
}

/// Whether a file below `python/` is for type checkers and not for the interpreter.
#[must_use]
pub fn is_stub(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "pyi")
        || path.file_name().is_some_and(|name| name == "py.typed")
}

/// What `Cargo.lock` pins of `package` and everything below it, as `name version checksum`, sorted.
fn locked_closure(lock: &Path, package: &str) -> Result<BTreeSet<String>, Error> {
    #[derive(Deserialize)]
    struct Lock {
        package: Vec<Package>,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
        version: String,
        #[serde(default)]
        checksum: String,
        #[serde(default)]
        dependencies: Vec<String>,
    }
    let broken = |reason: String| Error::Lock {
        path: lock.to_owned(),
        reason,
    };
    let text = fs::read_to_string(lock).map_err(|e| broken(e.to_string()))?;
    let parsed: Lock = toml::from_str(&text).map_err(|e| broken(e.to_string()))?;
    let mut by_name: BTreeMap<&str, Vec<&Package>> = BTreeMap::new();
    for package in &parsed.package {
        by_name.entry(&package.name).or_default().push(package);
    }
    let mut closure = BTreeSet::new();
    let mut open = vec![package.to_owned()];
    while let Some(wanted) = open.pop() {
        // A dependency is "name", or "name version" when the lock has several versions of it.
        let mut words = wanted.split(' ');
        let (name, version) = (words.next().unwrap_or_default(), words.next());
        let found = by_name
            .get(name)
            .into_iter()
            .flatten()
            .filter(|p| version.is_none_or(|v| p.version == v));
        let mut any = false;
        for package in found {
            any = true;
            if closure.insert(format!("{name} {} {}", package.version, package.checksum)) {
                open.extend(package.dependencies.iter().cloned());
            }
        }
        if !any {
            return Err(broken(format!("it does not list {wanted}")));
        }
    }
    Ok(closure)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"
        version = 4
        [[package]]
        name = "runtime"
        version = "0.1.0"
        dependencies = ["pyo3-ffi"]
        [[package]]
        name = "pyo3-ffi"
        version = "0.30.0"
        checksum = "aa"
        [[package]]
        name = "libs"
        version = "0.1.0"
        dependencies = ["cc 1.2.0", "zlib"]
        [[package]]
        name = "cc"
        version = "1.2.0"
        checksum = "bb"
        [[package]]
        name = "cc"
        version = "1.0.0"
        checksum = "cc"
        [[package]]
        name = "zlib"
        version = "3.0.0"
        checksum = "dd"
        dependencies = ["cc 1.2.0"]
    "#;

    fn closure(text: &str, package: &str) -> Result<Vec<String>, Error> {
        let dir = tempfile::tempdir().expect("temp dir");
        let path = dir.path().join("Cargo.lock");
        fs::write(&path, text).expect("write");
        locked_closure(&path, package).map(|set| set.into_iter().collect())
    }

    #[test]
    fn only_what_a_package_depends_on_counts() {
        let all = closure(LOCK, "libs").expect("closure");
        assert_eq!(all, ["cc 1.2.0 bb", "libs 0.1.0 ", "zlib 3.0.0 dd"]);
        let changed = LOCK.replace("0.30.0", "0.31.0").replace("1.0.0", "1.0.1");
        assert_eq!(closure(&changed, "libs").expect("closure"), all);
    }

    #[test]
    fn a_package_that_is_not_locked_is_an_error() {
        let error = closure(LOCK, "other").expect_err("must fail").to_string();
        assert!(
            error.contains("does not list other") && error.contains("Cargo.lock"),
            "{error}"
        );
    }

    #[test]
    fn typescript_and_link_arguments_are_not_cargos_inputs() {
        assert!(is_rust(Path::new("src/eval/mod.rs")));
        assert!(is_rust(Path::new("Cargo.toml")));
        assert!(!is_rust(Path::new("src/eval/eval.ts")));
        assert!(!is_rust(Path::new("link.args")));
        assert!(!is_rust(Path::new("target")));
    }
}
