//! The quick answer to "has anything changed?": the times and sizes of all input files.
//!
//! A stamp can only say that nothing changed. When it does not match, content is hashed as usual, so
//! a touched file costs a few milliseconds more and rebuilds nothing.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use cache::{Cache, Key, KeyBuilder};
use walkdir::WalkDir;

use crate::Error;

/// Folders of the checkout that products are made from.
const INPUTS: &[&str] = &[
    "runtime",
    "packages",
    "crates/wheel",
    "js",
    "python",
    "patches",
];

/// Files beside them.
const INPUT_FILES: &[&str] = &[
    "Cargo.toml",
    "versions.toml",
    "README.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
];

/// Folders below the inputs that hold no inputs.
const SKIPPED: &[&str] = &["node_modules", "target", "__pycache__", "tests"];

/// Variables that choose a toolchain.
const VARIABLES: &[&str] = &["EMSDK", "PATH"];

/// The state of the inputs, and where the product that they led to is written down.
pub(crate) struct Stamp {
    file: PathBuf,
    state: Key,
}

impl Stamp {
    pub(crate) fn take(cache: &Cache, repository: &Path, name: &str) -> Result<Self, Error> {
        let place = Key::of("stamp")
            .text("repository", repository.to_string_lossy())
            .finish();
        let file = cache.dir().join("stamps").join(format!("{name}-{place}"));
        let mut state = Key::of("stamp 1").text("pins", pins::TEXT);
        // The recipes are code: another binary may build otherwise from the same inputs.
        let binary = std::env::current_exe().map_err(Error::io("find", "this program"))?;
        state = add(state, &binary, Path::new("binary"));
        for name in VARIABLES {
            state = state.text(
                name,
                std::env::var_os(name).unwrap_or_default().to_string_lossy(),
            );
        }
        for name in INPUT_FILES {
            state = add(state, &repository.join(name), Path::new(name));
        }
        for name in INPUTS {
            let entries = WalkDir::new(repository.join(name))
                .sort_by_file_name()
                .into_iter();
            let entries =
                entries.filter_entry(|e| !SKIPPED.iter().any(|skipped| e.file_name() == *skipped));
            for entry in entries
                .flatten()
                .filter(|entry| !entry.file_type().is_dir())
            {
                let shown = entry
                    .path()
                    .strip_prefix(repository)
                    .unwrap_or(entry.path());
                state = add(state, entry.path(), shown);
            }
        }
        Ok(Self {
            file,
            state: state.finish(),
        })
    }

    /// The product that these very inputs led to, if it is still there.
    pub(crate) fn recall(&self) -> Option<PathBuf> {
        let text = fs::read_to_string(&self.file).ok()?;
        let (state, path) = text.trim_end().split_once('\n')?;
        let path = PathBuf::from(path);
        (state == self.state.hex() && path.exists()).then_some(path)
    }

    pub(crate) fn remember(&self, product: &Path) -> Result<(), Error> {
        let text = format!("{}\n{}\n", self.state.hex(), product.display());
        let folder = self.file.parent().unwrap_or(&self.file);
        fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        // Written beside and renamed: another ferropy may read it at this moment.
        let beside = self.file.with_extension(std::process::id().to_string());
        fs::write(&beside, text).map_err(Error::io("write", &beside))?;
        fs::rename(&beside, &self.file).map_err(Error::io("write", &self.file))
    }
}

fn add(state: KeyBuilder, path: &Path, shown: &Path) -> KeyBuilder {
    let fact = fs::symlink_metadata(path)
        .map(|meta| format!("{} {}.{:09}", meta.len(), meta.mtime(), meta.mtime_nsec()))
        .unwrap_or_default();
    state.text(&shown.to_string_lossy(), fact)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_recalls_until_an_input_changes_or_the_product_goes() {
        let dir = tempfile::tempdir().expect("temp dir");
        let cache = Cache::at(dir.path().join("cache")).expect("cache");
        let repository = dir.path().join("repository");
        fs::create_dir_all(repository.join("python")).expect("mkdir");
        fs::write(repository.join("python/a.py"), "a = 1\n").expect("write");
        let product = dir.path().join("product");
        fs::create_dir(&product).expect("mkdir");
        let take = || Stamp::take(&cache, &repository, "dist").expect("stamp");

        assert_eq!(take().recall(), None);
        take().remember(&product).expect("remember");
        assert_eq!(take().recall(), Some(product.clone()));
        fs::create_dir_all(repository.join("js/node_modules/x")).expect("mkdir");
        fs::write(repository.join("js/node_modules/x/index.js"), "").expect("write");
        assert_eq!(
            take().recall(),
            Some(product.clone()),
            "installed packages are not inputs"
        );
        fs::write(repository.join("python/b.py"), "").expect("write");
        assert_eq!(take().recall(), None);
        take().remember(&product).expect("remember");
        fs::remove_dir(&product).expect("rmdir");
        assert_eq!(take().recall(), None);
    }
}
