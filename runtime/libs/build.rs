//! Gathers the C libraries' headers and archives into one prefix, and builds libffi.
//!
//! The other libraries are built by their -sys crates; cargo tells this script where through
//! `DEP_<LINKS>_<KEY>`. The prefix is `FERROPY_LIBS_PREFIX`: `include/` and `lib/` as with `make install`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::MetadataCommand;

/// The crates that built a library: the name after `-l`, cargo's `links` name, and its headers
/// (files or folders below the include path).
const LIBRARIES: &[(&str, &str, &[&str])] = &[
    ("z", "Z", &["zlib.h", "zconf.h"]),
    ("bz2", "BZIP2", &["bzlib.h"]),
    ("lzma", "LZMA", &["lzma.h", "lzma"]),
    ("zstd", "ZSTD", &["zstd.h", "zdict.h", "zstd_errors.h"]),
    ("sqlite3", "SQLITE3", &["sqlite3.h", "sqlite3ext.h"]),
];

/// libffi's C files for wasm, below its source folder.
const FFI_FILES: &[&str] = &[
    "prep_cif.c",
    "types.c",
    "closures.c",
    "tramp.c",
    "debug.c",
    "wasm/ffi.c",
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=FERROPY_LIBS_PREFIX");
    let prefix = PathBuf::from(variable("FERROPY_LIBS_PREFIX"));
    let (include, lib) = (prefix.join("include"), prefix.join("lib"));
    for dir in [&include, &lib] {
        fs::create_dir_all(dir).unwrap_or_else(|e| panic!("cannot create {}: {e}", dir.display()));
    }
    for (name, links, headers) in LIBRARIES {
        let from = paths(&format!("DEP_{links}_INCLUDE"));
        for header in *headers {
            let found = from
                .iter()
                .map(|dir| dir.join(header))
                .find(|path| path.exists());
            let found = found.unwrap_or_else(|| panic!("{header} is in none of {from:?}"));
            copy(&found, &include.join(header));
        }
        let archive = format!("lib{name}.a");
        let roots = paths(&if *links == "SQLITE3" {
            "DEP_SQLITE3_LIB_DIR".to_owned()
        } else {
            format!("DEP_{links}_ROOT")
        });
        let found = roots.iter().find_map(|root| find(root, &archive));
        let found = found.unwrap_or_else(|| panic!("{archive} is below none of {roots:?}"));
        copy(&found, &lib.join(&archive));
    }
    libffi(&include, &lib);
}

fn variable(name: &str) -> String {
    env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set; the crate `interpreter` runs this build"))
}

fn paths(name: &str) -> Vec<PathBuf> {
    env::split_paths(&variable(name)).collect()
}

fn find(dir: &Path, name: &str) -> Option<PathBuf> {
    let direct = dir.join(name);
    if direct.is_file() {
        return Some(direct);
    }
    let entries = fs::read_dir(dir).ok()?;
    entries
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.is_dir())
        .find_map(|p| find(&p, name))
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap_or_else(|e| panic!("cannot create {}: {e}", to.display()));
        for entry in fs::read_dir(from)
            .expect("an existing folder is readable")
            .flatten()
        {
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else if from.extension().is_some_and(|e| e == "h" || e == "a") {
        fs::copy(from, to)
            .unwrap_or_else(|e| panic!("cannot copy {} to {}: {e}", from.display(), to.display()));
    }
}

/// Compiles libffi without its configure script, whose answers for this one target are fixed.
fn libffi(include: &Path, lib: &Path) {
    let metadata = MetadataCommand::new()
        .exec()
        .expect("cargo metadata of this crate");
    let package = metadata
        .packages
        .iter()
        .find(|package| package.name.as_str() == "libffi-sys")
        .expect("libffi-sys is a dependency, though never enabled");
    let root = package
        .manifest_path
        .parent()
        .expect("a manifest is in a folder")
        .join("libffi");
    let root = root.as_std_path();

    let out = PathBuf::from(variable("OUT_DIR")).join("libffi");
    fs::create_dir_all(&out).expect("OUT_DIR is writable");
    let configure = fs::read_to_string(root.join("configure.ac")).expect("libffi has configure.ac");
    let assigned = |name: &str| {
        configure
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
            .unwrap_or_else(|| panic!("configure.ac assigns {name}"))
            .trim_matches('"')
            .to_owned()
    };
    let version = assigned("FFI_VERSION_STRING");
    let header = fs::read_to_string(root.join("include/ffi.h.in"))
        .expect("libffi has ffi.h.in")
        .replace("@VERSION@", &version)
        .replace("@FFI_VERSION_STRING@", &version)
        .replace("@FFI_VERSION_NUMBER@", &assigned("FFI_VERSION_NUMBER"))
        .replace("@TARGET@", "wasm32")
        .replace("@HAVE_LONG_DOUBLE@", "1")
        .replace("@FFI_EXEC_TRAMPOLINE_TABLE@", "0");
    assert!(
        !header.contains('@'),
        "ffi.h.in has a placeholder that build.rs does not know"
    );
    fs::write(include.join("ffi.h"), header).expect("the prefix is writable");
    copy(
        &root.join("src/wasm/ffitarget.h"),
        &include.join("ffitarget.h"),
    );

    // What configure finds on this target; the rest of libffi does without.
    let config = format!(
        "#define PACKAGE \"libffi\"\n#define PACKAGE_STRING \"libffi {version}\"\n\
         #define PACKAGE_VERSION \"{version}\"\n#define VERSION \"{version}\"\n\
         #define HAVE_ALLOCA_H 1\n#define HAVE_HIDDEN_VISIBILITY_ATTRIBUTE 1\n\
         #define HAVE_LONG_DOUBLE 1\n#define HAVE_MEMCPY 1\n#define STDC_HEADERS 1\n\
         #define SIZEOF_DOUBLE 8\n#define SIZEOF_LONG_DOUBLE 16\n#define SIZEOF_SIZE_T 4\n\
         #define FFI_HIDDEN __attribute__((visibility(\"hidden\")))\n"
    );
    fs::write(out.join("fficonfig.h"), config).expect("OUT_DIR is writable");
    cc::Build::new()
        .files(FFI_FILES.iter().map(|file| root.join("src").join(file)))
        .include(&out)
        .include(include)
        .include(root.join("include"))
        .include(root.join("src"))
        .define("HAVE_CONFIG_H", None)
        .define("FFI_BUILDING", None)
        .warnings(false)
        .cargo_metadata(false)
        .compile("ffi");
    copy(
        &PathBuf::from(variable("OUT_DIR")).join("libffi.a"),
        &lib.join("libffi.a"),
    );
}
