//! `CPython`: its patched source, and `libpython` with headers and sysconfig data.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use pins::pins;
use toolchain::{Output, fetch};

use crate::{Context, Error, Keys, Part, jobs, native};

/// How `CPython` is optimized. Size matters as much as speed: the wasm is downloaded.
pub(crate) const OPTIMIZATION: &str = "-O2";

/// What only `CPython`'s own files are compiled with. Wheels call functions through pointers of another type,
/// which native machines forgive and WebAssembly does not; the trampoline makes such calls right.
pub(crate) const DEFINES: &str = "-DPY_CALL_TRAMPOLINE";

/// Arguments of configure, except those that name folders.
pub(crate) const CONFIGURE: &[&str] = &[
    "--host=wasm32-unknown-emscripten",
    "--prefix=/",
    // Everything is in one main module, at a fixed place.
    "--disable-shared",
    "--enable-wasm-dynamic-linking",
    // dlmalloc is as fast here as pymalloc and gives memory back.
    "--without-pymalloc",
    "--disable-ipv6",
    "--enable-big-digits=30",
    "--with-system-libmpdec",
    // Wasm has no frame pointers for a profiler to follow; keeping them only costs.
    "--without-frame-pointers",
    "--disable-test-modules",
];

/// The library's file name.
fn library() -> String {
    format!("libpython{}.a", pins().abi.python)
}

/// The name of the sysconfig data module.
pub(crate) const SYSCONFIG_DATA: &str = "_sysconfigdata__emscripten_wasm32-emscripten";

/// `-c` steps that the build takes, for its progress.
const COMPILED_FILES: f64 = 330.0;

/// The source tree with our patches; read by `libpython`, the standard library and the tests.
pub(crate) fn source(context: &Context, keys: &Keys) -> Result<PathBuf, Error> {
    let key = keys.of(Part::CpythonSource);
    if let Some(dir) = context.cache.lookup(Part::CpythonSource.kind(), key) {
        return Ok(dir);
    }
    let archive = fetch::fetch(&context.cache, &context.progress, &pins().cpython)?;
    context.product(Part::CpythonSource, key, 400 << 20, |build, step| {
        let output = Output::new(&context.cache, "cpython-source", step, Some(build))?;
        let mut tar = context.toolchain.command("tar");
        tar.args([
            "--extract",
            "--no-same-owner",
            "--strip-components=1",
            "--file",
        ])
        .arg(&archive);
        output.run(tar.current_dir(build.dir()), "unpacking CPython")?;
        for patch in patches(&context.repository)? {
            let mut command = context.toolchain.command("patch");
            command
                .args([
                    "--strip=1",
                    "--forward",
                    "--no-backup-if-mismatch",
                    "--input",
                ])
                .arg(&patch);
            let name = patch
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            output.run(
                command.current_dir(build.dir()),
                &format!("applying {name}"),
            )?;
        }
        Ok(())
    })
}

/// Our patches in the order of their numbers.
fn patches(repository: &Path) -> Result<Vec<PathBuf>, Error> {
    let dir = repository.join("patches/cpython");
    let entries = match fs::read_dir(&dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(Error::io("read", dir)(e)),
    };
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|p| p.extension().is_some_and(|e| e == "patch"))
        .collect();
    found.sort();
    Ok(found)
}

/// `lib/*.a`, `include/python3.15/`, `sysconfig/` (the data module, Makefile, pyconfig.h, build-details.json).
pub(crate) fn libpython(context: &Context, keys: &Keys) -> Result<PathBuf, Error> {
    let key = keys.of(Part::Libpython);
    if let Some(dir) = context.cache.lookup(Part::Libpython.kind(), key) {
        return Ok(dir);
    }
    let source = source(context, keys)?;
    let prefix = native::native_libs(context, keys)?;
    context.product(Part::Libpython, key, 500 << 20, |build, step| {
        let output = Output::new(&context.cache, "libpython", step, Some(build))?;
        // Kept when killed: the key names the folder, so make goes on where it stopped.
        let work = build.work()?.to_owned();
        let configured = work.join("ferropy-configured");
        if !configured.exists() {
            configure(context, &output, &source, &prefix, &work)?;
            fs::write(&configured, "").map_err(Error::io("write", &configured))?;
        }
        step.set_share(0.2);
        let released = released(&source)?;
        let make = |target: &str| {
            let mut make = context.toolchain.command("emmake");
            make.args(["make", &jobs(), "CROSS_COMPILE=yes", target])
                .arg(host_platform());
            make.current_dir(&work).env("PYTHONDONTWRITEBYTECODE", "1");
            // `sys.version` has a date; the release's does not change from build to build.
            make.env("SOURCE_DATE_EPOCH", &released);
            make
        };
        let mut compiled = 0.0;
        output.run_watched(&mut make(&library()), "compiling CPython", |line| {
            if line.contains(" -c ") {
                compiled += 1.0;
                step.set_share(0.2 + 0.75 * f64::min(compiled / COMPILED_FILES, 1.0));
            }
        })?;
        output.run(
            &mut make("pybuilddir.txt"),
            "writing CPython's sysconfig data",
        )?;
        collect(&source, &prefix, &work, build.dir())
    })
}

/// When the source was released, in seconds since 1970: the time of a file that is in every archive.
fn released(source: &Path) -> Result<String, Error> {
    let file = source.join("README.rst");
    let modified = fs::metadata(&file)
        .and_then(|meta| meta.modified())
        .map_err(Error::io("look at", &file))?;
    let since = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(since.as_secs().to_string())
}

/// The platform's name in sysconfig, from the wheel tag: `pyemscripten-2026.5-wasm32`.
fn host_platform() -> String {
    let parts: Vec<&str> = pins().abi.platform.split('_').collect();
    match parts.as_slice() {
        [name, year, release, machine] => {
            format!("_PYTHON_HOST_PLATFORM={name}-{year}.{release}-{machine}")
        }
        _ => format!("_PYTHON_HOST_PLATFORM={}", pins().abi.platform),
    }
}

fn configure(
    context: &Context,
    output: &Output<'_>,
    source: &Path,
    prefix: &Path,
    work: &Path,
) -> Result<(), Error> {
    let toolchain = &context.toolchain;
    let abi = pins().abi.flags.join(" ");
    let include = format!("-I{}", prefix.join("include").display());
    let lib = format!("-L{}", prefix.join("lib").display());
    let mut configure = toolchain.command("emconfigure");
    configure
        .arg(source.join("configure"))
        .args(CONFIGURE)
        .arg(format!("--build={}-pc-linux-gnu", std::env::consts::ARCH))
        .arg(format!("--with-build-python={}", toolchain.build_python()))
        .current_dir(work)
        .env(
            "CONFIG_SITE",
            source.join("Platforms/emscripten/config.site-wasm32-emscripten"),
        )
        .env("PLATFORM_TRIPLET", "wasm32-emscripten")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        // Everything it could find belongs to the build machine; without it, configure falls back to
        // Emscripten's ports, which download, unless the variables below name our own builds.
        .env("PKG_CONFIG", "false")
        .env("CPPFLAGS", &include)
        .env("CFLAGS", &abi)
        .env("CFLAGS_NODIST", DEFINES)
        .env("LDFLAGS", &lib)
        .env("OPT", format!("-DNDEBUG {OPTIMIZATION} -Wall"));
    for (variable, library) in [
        ("ZLIB", "-lz"),
        ("BZIP2", "-lbz2"),
        ("LIBLZMA", "-llzma"),
        ("LIBZSTD", "-lzstd"),
        ("LIBSQLITE3", "-lsqlite3"),
        ("LIBFFI", "-lffi"),
        ("LIBMPDEC", "-lmpdec -lm"),
    ] {
        configure.env(format!("{variable}_CFLAGS"), &include);
        configure.env(format!("{variable}_LIBS"), format!("{lib} {library}"));
    }
    output.run(&mut configure, "configuring CPython")?;
    if let Some(clang) = toolchain.trampoline_clang() {
        // The rule takes the clang of Emscripten's LLVM_ROOT, which in the root lacks wasm-gc.
        let makefile = work.join("Makefile");
        let text = fs::read_to_string(&makefile).map_err(Error::io("read", &makefile))?;
        let theirs = "$$(em-config LLVM_ROOT)/clang";
        if !text.contains(theirs) {
            return Err(Error::NotProduced {
                what: "configuring CPython (the rule for the call trampoline)",
                path: makefile,
            });
        }
        fs::write(&makefile, text.replace(theirs, &clang))
            .map_err(Error::io("write", &makefile))?;
    }
    Ok(())
}

/// Copies what later steps and extension builds use out of the build folder.
fn collect(source: &Path, prefix: &Path, work: &Path, product: &Path) -> Result<(), Error> {
    let copy = |from: &Path, to: &Path| -> Result<(), Error> {
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
        }
        fs::copy(from, to)
            .map(drop)
            .map_err(Error::io("copy", from))
    };
    let with_extension = |dir: &Path, extension: &str| -> Vec<PathBuf> {
        let files = walkdir::WalkDir::new(dir)
            .sort_by_file_name()
            .into_iter()
            .flatten();
        files
            .map(walkdir::DirEntry::into_path)
            .filter(|p| p.extension().is_some_and(|e| e == extension))
            .collect()
    };
    copy(&work.join(library()), &product.join("lib").join(library()))?;
    // Modules with archives of their own: expat and the verified hashes.
    for archive in with_extension(&work.join("Modules"), "a") {
        copy(
            &archive,
            &product
                .join("lib")
                .join(archive.file_name().unwrap_or_default()),
        )?;
    }
    let include = product.join(format!("include/python{}", pins().abi.python));
    for header in with_extension(&source.join("Include"), "h") {
        let relative = header
            .strip_prefix(source.join("Include"))
            .unwrap_or(&header);
        copy(&header, &include.join(relative))?;
    }
    copy(&work.join("pyconfig.h"), &include.join("pyconfig.h"))?;

    let sysconfig = product.join("sysconfig");
    for name in ["Makefile", "pyconfig.h"] {
        copy(&work.join(name), &sysconfig.join(name))?;
    }
    let built = work.join("pybuilddir.txt");
    let folder = fs::read_to_string(&built).map_err(Error::io("read", built))?;
    let folder = work.join(folder.trim());
    let data = format!("{SYSCONFIG_DATA}.py");
    let text =
        fs::read_to_string(folder.join(&data)).map_err(Error::io("read", folder.join(&data)))?;
    // No folder of this machine gets into the archive; those who compile against it replace the names.
    let mut text = text;
    for (folder, name) in [
        (work, "/ferropy-build"),
        (source, "/ferropy-source"),
        (prefix, "/ferropy-prefix"),
    ] {
        text = text.replace(&folder.display().to_string(), name);
    }
    fs::write(sysconfig.join(&data), text).map_err(Error::io("write", &sysconfig))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_are_applied_in_the_order_of_their_numbers() {
        let dir = tempfile::tempdir().expect("temp dir");
        let folder = dir.path().join("patches/cpython");
        fs::create_dir_all(&folder).expect("mkdir");
        for name in ["0010-b.patch", "0002-a.patch", "README.md"] {
            fs::write(folder.join(name), "").expect("write");
        }
        let names: Vec<String> = patches(dir.path())
            .expect("read")
            .iter()
            .map(|p| p.file_name().expect("name").to_string_lossy().into_owned())
            .collect();
        assert_eq!(names, ["0002-a.patch", "0010-b.patch"]);
    }

    #[test]
    fn the_host_platform_is_the_wheel_tag_with_dots() {
        assert_eq!(
            host_platform(),
            "_PYTHON_HOST_PLATFORM=pyemscripten-2026.5-wasm32"
        );
    }
}
