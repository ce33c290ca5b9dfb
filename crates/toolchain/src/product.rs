//! A product of the cache, built as a step that people see.

use std::fmt::Display;
use std::path::PathBuf;

use cache::{Build, Cache, Product};
use progress::{Progress, Step};

/// The product's folder. If it is not there, `build` makes it, shown as the step `name` that is done
/// because of `why`; meanwhile the step says which other process it waits for, if any.
pub fn product<E>(
    cache: &Cache,
    progress: &Progress,
    product: Product<'_>,
    (name, why): (&'static str, &'static str),
    build: impl FnOnce(&Build, &Step) -> Result<(), E>,
) -> Result<PathBuf, E>
where
    E: From<cache::Error> + Display,
{
    if let Some(dir) = cache.lookup(product.kind, product.key) {
        return Ok(dir);
    }
    let step = progress.step(name, why);
    let dir = cache.product(
        product,
        |holder| step.note(&holder.to_string()),
        |under_way| build(under_way, &step),
    )?;
    step.finish();
    Ok(dir)
}
