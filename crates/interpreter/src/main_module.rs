//! The Rust runtime's archive, and the link of everything into one WebAssembly module.

use std::fs;
use std::path::{Path, PathBuf};

use pins::pins;
use toolchain::Output;

use crate::{Context, Error, Keys, Part, cpython, native};

/// The runtime's archive, from cargo.
const RUNTIME_ARCHIVE: &str = "libferropy_runtime.a";

/// The glue that Emscripten writes; the wasm beside it has the same stem.
const GLUE: &str = "ferropy.asm.mjs";

fn runtime(context: &Context, keys: &Keys) -> Result<PathBuf, Error> {
    context.product(
        Part::Runtime,
        keys.of(Part::Runtime),
        1 << 30,
        |build, step| {
            let output = Output::new(&context.cache, "runtime", step, Some(build))?;
            let mut cargo = context.toolchain.cargo(native::VISIBILITY)?;
            // Always at the same place, so that cargo sees no change when there is none.
            let target = context.toolchain.cargo_target()?;
            fs::create_dir_all(&target).map_err(Error::io("create", &target))?;
            let config = target.join("pyo3.cfg");
            if fs::read_to_string(&config).ok().as_deref() != Some(&pyo3_config()) {
                fs::write(&config, pyo3_config()).map_err(Error::io("write", &config))?;
            }
            cargo
                .args(["--package", "ferropy-runtime"])
                .current_dir(context.repository.join("runtime"))
                .env("PYO3_CONFIG_FILE", &config);
            output.run(&mut cargo, "compiling the Rust runtime")?;
            let built = target
                .join(&pins().rust.target)
                .join("release")
                .join(RUNTIME_ARCHIVE);
            fs::copy(&built, build.dir().join(RUNTIME_ARCHIVE))
                .map_err(Error::io("copy", built))
                .map(drop)
        },
    )
}

/// What pyo3-ffi would ask a Python, if this target had one to run at build time.
pub(crate) fn pyo3_config() -> String {
    format!(
        "implementation=CPython\nversion={}\nshared=false\nabi3=false\npointer_width=32\n\
         build_flags=\nsuppress_build_script_link_lines=true\n",
        pins().abi.python
    )
}

/// The folder with the glue and the wasm.
pub(crate) fn main_module(context: &Context, keys: &Keys) -> Result<PathBuf, Error> {
    let key = keys.of(Part::MainModule);
    if let Some(dir) = context.cache.lookup(Part::MainModule.kind(), key) {
        return Ok(dir);
    }
    let libpython = cpython::libpython(context, keys)?;
    let prefix = native::native_libs(context, keys)?;
    let runtime = runtime(context, keys)?;
    let arguments = link_arguments(&context.repository.join("runtime/link.args"))?;
    context.product(Part::MainModule, key, 200 << 20, |build, step| {
        let output = Output::new(&context.cache, "main-module", step, Some(build))?;
        let mut emcc = context.toolchain.command("emcc");
        emcc.args(arguments)
            .arg("-o")
            .arg(GLUE)
            .current_dir(build.dir())
            .arg(runtime.join(RUNTIME_ARCHIVE));
        for dir in [&libpython, &prefix] {
            emcc.args(archives(&dir.join("lib"))?);
        }
        output.run(&mut emcc, "linking the main module")?;
        for path in [
            build.dir().join(GLUE),
            build.dir().join(GLUE).with_extension("wasm"),
        ] {
            if !path.is_file() {
                return Err(Error::NotProduced {
                    what: "linking the main module",
                    path,
                });
            }
        }
        Ok(())
    })
}

fn archives(dir: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = fs::read_dir(dir).map_err(Error::io("read", dir))?;
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.extension().is_some_and(|e| e == "a"))
        .collect();
    found.sort();
    Ok(found)
}

/// One argument per line; `#` starts a comment line.
fn link_arguments(path: &Path) -> Result<Vec<String>, Error> {
    let text = fs::read_to_string(path).map_err(Error::io("read", path))?;
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_blank_lines_are_not_arguments() {
        let dir = tempfile::tempdir().expect("temp dir");
        let path = dir.path().join("link.args");
        fs::write(&path, "# why\n-O2\n\n  -sMAIN_MODULE=1  \n").expect("write");
        assert_eq!(
            link_arguments(&path).expect("read"),
            ["-O2", "-sMAIN_MODULE=1"]
        );
    }
}
