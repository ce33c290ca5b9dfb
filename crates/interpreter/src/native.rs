//! The C libraries, gathered into one prefix: `include/` and `lib/`.
//!
//! Most come through cargo (`runtime/libs`), which pins and verifies them; libmpdec comes as source.

use std::fs;
use std::path::PathBuf;

use pins::pins;
use toolchain::{Output, fetch};

use crate::{Context, Error, Keys, Part, jobs};

/// How C code is compiled that cargo builds. Only `CPython`'s modules call the C libraries: exporting their
/// functions from the main module would cost download and serve nobody.
pub(crate) const VISIBILITY: &str = "-fvisibility=hidden";

/// The crates whose C code is optimized for speed; the others follow the profile of `runtime/Cargo.toml`,
/// which is for size. That is for `SQLite`: a fifth of the C code, and seldom the bottleneck.
pub(crate) const FAST_CRATES: &[&str] = &[
    "libz-sys",
    "bzip2-sys",
    "liblzma-sys",
    "zstd-sys",
    "ferropy-libs",
];

/// Cargo's setting that makes one of [`FAST_CRATES`] fast.
fn fast(name: &str) -> String {
    format!("profile.release.package.{name}.opt-level=2")
}

/// How libmpdec is optimized: its number-theoretic transforms gain from more.
const MPDECIMAL_OPTIMIZATION: &str = "-O3";

/// What of `SQLite` differs from libsqlite3-sys's defaults: foreign keys are off unless a program turns
/// them on, as in every other Python, and the mathematical functions are in.
pub(crate) const SQLITE_FLAGS: &str =
    "-USQLITE_DEFAULT_FOREIGN_KEYS -DSQLITE_DEFAULT_FOREIGN_KEYS=0 -DSQLITE_ENABLE_MATH_FUNCTIONS";

/// libmpdec's configure arguments; wasm is a 32-bit machine without its assembler code.
pub(crate) const MPDECIMAL_CONFIGURE: &[&str] = &[
    "--host=wasm32-unknown-emscripten",
    "--disable-cxx",
    "--disable-shared",
    "MACHINE=ansi32",
];

/// Every archive that must come out, so that a library that vanished is noticed here.
const ARCHIVES: &[&str] = &["z", "bz2", "lzma", "zstd", "sqlite3", "ffi", "mpdec"];

pub(crate) fn native_libs(context: &Context, keys: &Keys) -> Result<PathBuf, Error> {
    let key = keys.of(Part::NativeLibs);
    let toolchain = &context.toolchain;
    if let Some(dir) = context.cache.lookup(Part::NativeLibs.kind(), key) {
        return Ok(dir);
    }
    let mpdecimal = fetch::fetch(&context.cache, &context.progress, &pins().mpdecimal)?;
    context.product(Part::NativeLibs, key, 1 << 30, |build, step| {
        let output = Output::new(&context.cache, "native-libs", step, Some(build))?;
        let runtime = context.repository.join("runtime");
        let mut cargo = toolchain.cargo(VISIBILITY)?;
        for name in FAST_CRATES {
            cargo.args(["--config", &fast(name)]);
        }
        cargo
            .args(["--package", "ferropy-libs"])
            .current_dir(&runtime)
            .env("LIBSQLITE3_FLAGS", SQLITE_FLAGS)
            .env("FERROPY_LIBS_PREFIX", build.dir());
        let mut compiled = 0.0;
        output.run_watched(&mut cargo, "compiling the C libraries", |line| {
            if line.trim_start().starts_with("Compiling ") {
                compiled += 1.0;
                // Rust's own library and the crates together; the rest is libmpdec's.
                step.set_share(f64::min(compiled / 55.0, 1.0) * 0.8);
            }
        })?;

        let work = build.work()?;
        let mut tar = toolchain.command("tar");
        tar.args(["--extract", "--strip-components=1", "--file"])
            .arg(&mpdecimal)
            .current_dir(work);
        output.run(&mut tar, "unpacking libmpdec")?;
        let flags = format!(
            "CFLAGS={MPDECIMAL_OPTIMIZATION} {}",
            pins().abi.flags.join(" ")
        );
        let mut configure = toolchain.command("emconfigure");
        configure
            .arg("./configure")
            .args(MPDECIMAL_CONFIGURE)
            .arg(flags)
            .current_dir(work);
        output.run(&mut configure, "configuring libmpdec")?;
        let mut make = toolchain.command("emmake");
        make.args(["make", &jobs(), "-C", "libmpdec", "libmpdec.a"])
            .current_dir(work);
        output.run(&mut make, "compiling libmpdec")?;
        for (from, to) in [
            ("libmpdec/libmpdec.a", "lib/libmpdec.a"),
            ("libmpdec/mpdecimal.h", "include/mpdecimal.h"),
        ] {
            let to = build.dir().join(to);
            fs::copy(work.join(from), &to).map_err(Error::io("write", to))?;
        }
        for name in ARCHIVES {
            let path = build.dir().join(format!("lib/lib{name}.a"));
            if !path.is_file() {
                return Err(Error::NotProduced {
                    what: "compiling the C libraries",
                    path,
                });
            }
        }
        Ok(())
    })
}
