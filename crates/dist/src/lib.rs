//! Assembles the distribution: one folder of static files that is also an npm package.
//!
//! [`ensure_dist`] is what commands call: it finds a finished distribution in a few milliseconds when
//! nothing has changed, and otherwise builds what has. This crate compiles no C and no Rust; see `interpreter`.

mod assemble;
mod error;
mod loader;
mod package;
mod stamp;

use std::path::{Path, PathBuf};

use cache::Cache;
use interpreter::{Context, DISTRIBUTION, Keys};
use progress::Progress;
use toolchain::Toolchain;
pub use toolchain::doctor::{Check, doctor};

pub use error::Error;

/// How to assemble a distribution.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Adds a `.br` file beside every file that compresses well, for servers that send those.
    pub brotli: bool,
    /// Takes the slow, exact way of finding out what has changed.
    pub exact: bool,
}

/// A finished distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dist {
    /// Its folder; not to be changed.
    pub path: PathBuf,
}

/// Kinds of products that each edit of our sources makes anew; without a limit they would fill the disk.
const EDITED: &[&str] = &[
    "runtime",
    "main-module",
    "packages",
    "stdlib",
    "loader",
    "dist",
];

/// How often a build runs after its sources before it asks for a pause.
const TRIES: u32 = 5;

/// How many of each are kept: enough for a few branches and checkouts.
const KEPT: usize = 10;

/// A file that every distribution has.
const MARK: &str = "ferropy.asm.wasm";

/// The distribution of this checkout, built if needed. `FERROPY_DIST` names a finished one to use instead.
pub fn ensure_dist(progress: &Progress) -> Result<Dist, Error> {
    ensure_dist_with(progress, Options::default())
}

/// As [`ensure_dist`], with options.
pub fn ensure_dist_with(progress: &Progress, options: Options) -> Result<Dist, Error> {
    if let Some(dir) = std::env::var_os("FERROPY_DIST").filter(|dir| !dir.is_empty()) {
        return ready(Path::new(&dir));
    }
    let cache = Cache::open()?;
    let repository = interpreter::repository()?;
    let name = if options.brotli {
        "dist-brotli"
    } else {
        "dist"
    };
    let path = through_stamp(&cache, &repository, name, options.exact, || {
        build(progress, options)
    })?;
    Ok(Dist { path })
}

/// `python_tests.zip`, built if needed: `CPython`'s `test` package, which the distribution does not carry.
/// Give its path to `node/python.mjs` in `FERROPY_EXTRA_ARCHIVES`.
pub fn ensure_python_tests(progress: &Progress) -> Result<PathBuf, Error> {
    let cache = Cache::open()?;
    let repository = interpreter::repository()?;
    through_stamp(&cache, &repository, "python-tests", false, || {
        let (context, keys) = context(progress)?;
        Ok(context.python_tests(&keys)?)
    })
}

/// Builds the distribution product; the path is in the cache. Starts again when a source is edited meanwhile.
pub fn build(progress: &Progress, options: Options) -> Result<PathBuf, Error> {
    let mut tries = 1;
    loop {
        let (context, keys) = context(progress)?;
        match assemble::dist(&context, &keys, options) {
            Err(Error::Interpreter(interpreter::Error::Changed(step))) if tries < TRIES => {
                progress.note(&format!(
                    "a source changed during \"{step}\"; building what it is now"
                ));
                tries += 1;
            }
            built => {
                let path = built?;
                for kind in EDITED {
                    context.cache.prune(kind, KEPT)?;
                }
                return Ok(path);
            }
        }
    }
}

/// Finds or makes the toolchain and hashes the inputs; announces to `progress` what there is to do.
pub fn context(progress: &Progress) -> Result<(Context, Keys), Error> {
    let cache = Cache::open()?;
    let repository = interpreter::repository()?;
    let missing = toolchain::plan(&cache).map_err(interpreter::Error::from)?;
    if !missing.is_empty() {
        // Without a toolchain there are no keys to look products up by: as good as all is to be built.
        progress.plan(
            missing
                .into_iter()
                .chain(interpreter::expected(DISTRIBUTION))
                .chain(loader::STEPS),
        );
    }
    let toolchain =
        Toolchain::provide(&cache, &repository, progress).map_err(interpreter::Error::from)?;
    let keys = Keys::compute(&repository, &toolchain)?;
    let context = Context {
        cache,
        repository,
        toolchain,
        progress: progress.clone(),
    };
    let mut plan = context.plan(&keys, DISTRIBUTION);
    plan.extend(loader::plan(&context)?);
    progress.plan(plan);
    Ok((context, keys))
}

fn ready(dir: &Path) -> Result<Dist, Error> {
    let path = std::path::absolute(dir).map_err(Error::io("find", dir))?;
    if path.join(MARK).is_file() {
        Ok(Dist { path })
    } else {
        Err(Error::NotADist(path))
    }
}

/// Remembers which product the input files led to, so that unchanged times and sizes spare the hashing.
fn through_stamp(
    cache: &Cache,
    repository: &Path,
    name: &str,
    exact: bool,
    build: impl FnOnce() -> Result<PathBuf, Error>,
) -> Result<PathBuf, Error> {
    let stamp = stamp::Stamp::take(cache, repository, name)?;
    if let Some(path) = stamp.recall().filter(|_| !exact) {
        return Ok(path);
    }
    let path = build()?;
    stamp.remember(&path)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_the_main_module_is_not_a_distribution() {
        let dir = tempfile::tempdir().expect("temp dir");
        let error = ready(dir.path()).expect_err("must fail").to_string();
        assert!(
            error.contains("FERROPY_DIST") && error.contains(&dir.path().display().to_string()),
            "{error}"
        );
        std::fs::write(dir.path().join(MARK), "").expect("write");
        assert_eq!(ready(dir.path()).expect("found").path, dir.path());
    }
}
