//! `packages.wasm`: the package loader's Rust half, a module of its own.

use std::fs;
use std::path::PathBuf;

use toolchain::{Output, PLAIN_TARGET};

use crate::{Context, Error, Keys, Part};

/// The module's name in the distribution.
const FILE: &str = "packages.wasm";

/// What cargo calls it.
const BUILT: &str = "ferropy_packages.wasm";

/// The crates of this repository that are compiled into it.
pub(crate) const SHARED_CRATES: &[&str] = &["wheel"];

/// The module's file.
pub(crate) fn packages(context: &Context, keys: &Keys) -> Result<PathBuf, Error> {
    let key = keys.of(Part::Packages);
    let dir = context.product(Part::Packages, key, 1 << 30, |build, step| {
        let output = Output::new(&context.cache, "packages", step, Some(build))?;
        let mut cargo = context.toolchain.cargo_plain()?;
        cargo.current_dir(context.repository.join("packages"));
        output.run(&mut cargo, "compiling the package loader")?;
        let built = context
            .toolchain
            .cargo_target()?
            .join(PLAIN_TARGET)
            .join("release")
            .join(BUILT);
        fs::copy(&built, build.dir().join(FILE))
            .map_err(Error::io("copy", built))
            .map(drop)
    })?;
    Ok(dir.join(FILE))
}
