//! `packages.wasm` and `resolver.wasm`: the package loader's Rust halves, modules of their own.

use std::fs;
use std::path::PathBuf;

use toolchain::{Output, PLAIN_TARGET};

use crate::{Context, Error, Keys, Part};

/// The modules by their names in the distribution, and what cargo calls them.
const MODULES: &[(&str, &str)] = &[
    ("packages.wasm", "ferropy_packages.wasm"),
    ("resolver.wasm", "ferropy_resolver.wasm"),
];

/// The crates of this repository that are compiled into them.
pub(crate) const SHARED_CRATES: &[&str] = &["lock", "resolver", "wheel"];

/// The folder with the modules.
pub(crate) fn packages(context: &Context, keys: &Keys) -> Result<PathBuf, Error> {
    let key = keys.of(Part::Packages);
    context.product(Part::Packages, key, 1 << 30, |build, step| {
        let output = Output::new(&context.cache, "packages", step, Some(build))?;
        let mut cargo = context.toolchain.cargo_plain()?;
        cargo
            .arg("--workspace")
            .current_dir(context.repository.join("packages"));
        output.run(&mut cargo, "compiling the package loader")?;
        let target = context.toolchain.cargo_target()?;
        for (name, built) in MODULES {
            let built = target.join(PLAIN_TARGET).join("release").join(built);
            fs::copy(&built, build.dir().join(name)).map_err(Error::io("copy", built))?;
        }
        Ok(())
    })
}
