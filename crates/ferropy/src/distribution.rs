//! The one place where the CLI asks for built things; the building is crate `dist`'s.

use std::path::PathBuf;

use progress::Progress;

use crate::report::hinted;

/// The distribution's folder, built if it is not there or out of date.
pub(crate) fn ensure(progress: &Progress) -> miette::Result<PathBuf> {
    let dist = dist::ensure_dist(progress).map_err(hinted)?;
    Ok(dist.path)
}

/// Like [`ensure`], with the choices of `ferropy dist`.
pub(crate) fn build(progress: &Progress, options: dist::Options) -> miette::Result<PathBuf> {
    let dist = dist::ensure_dist_with(progress, options).map_err(hinted)?;
    Ok(dist.path)
}

/// The archive of `CPython`'s own tests, which the distribution does not carry.
pub(crate) fn tests_archive(progress: &Progress) -> miette::Result<PathBuf> {
    dist::ensure_python_tests(progress).map_err(hinted)
}
