//! Keys: one hash over named inputs.
//!
//! Every input carries its name and length into the hash, so inputs cannot run into each other.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};
use walkdir::WalkDir;

use crate::Error;

/// The hash of everything that decides a product.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Key {
    hex: String,
}

impl Key {
    /// Starts a key. `recipe` names the recipe and its version: change it when the code that builds
    /// the product changes in a way that no other input shows.
    #[must_use]
    pub fn of(recipe: &str) -> KeyBuilder {
        let mut builder = KeyBuilder {
            hash: Sha256::new(),
        };
        builder.put("recipe", "", recipe.as_bytes());
        builder
    }

    /// The whole hash, in hex.
    #[must_use]
    pub fn hex(&self) -> &str {
        &self.hex
    }

    /// The part that names folders: 20 hex digits, 80 bits.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.hex[..20]
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.short())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.short())
    }
}

/// Collects the inputs of a [`Key`]; the order in which they are given counts.
#[derive(Debug, Clone)]
pub struct KeyBuilder {
    hash: Sha256,
}

impl KeyBuilder {
    /// Adds a string, such as a flag.
    #[must_use]
    pub fn text(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.put("text", name, value.as_ref().as_bytes());
        self
    }

    /// Adds several strings.
    #[must_use]
    pub fn texts<T: AsRef<str>>(mut self, name: &str, values: impl IntoIterator<Item = T>) -> Self {
        for value in values {
            self.put("texts", name, value.as_ref().as_bytes());
        }
        self
    }

    /// Adds another product that this one is made from.
    #[must_use]
    pub fn key(mut self, name: &str, key: &Key) -> Self {
        self.put("key", name, key.hex.as_bytes());
        self
    }

    /// Adds a file's content.
    pub fn file(mut self, name: &str, path: &Path) -> Result<Self, Error> {
        let digest = file_digest(path).map_err(|e| Error::io("read", path, e))?;
        self.put("file", name, &digest);
        Ok(self)
    }

    /// Adds the files below `dir` for which `take` holds, by their path relative to `dir`, content and
    /// executable bit. `take` also decides which folders are entered. A missing folder counts as empty.
    pub fn tree(
        mut self,
        name: &str,
        dir: &Path,
        take: impl Fn(&Path) -> bool,
    ) -> Result<Self, Error> {
        if !dir.exists() {
            self.put("tree", name, b"");
            return Ok(self);
        }
        let relative = |path: &Path| path.strip_prefix(dir).unwrap_or(path).to_owned();
        let entries = WalkDir::new(dir)
            .sort_by_file_name()
            .into_iter()
            .filter_entry(|entry| entry.depth() == 0 || take(&relative(entry.path())));
        self.put("tree", name, b"begin");
        for entry in entries {
            let entry = entry.map_err(|e| Error::io("read", dir, e.into()))?;
            let path = entry.path();
            let shown = relative(path);
            let shown = shown.to_string_lossy();
            if entry.file_type().is_symlink() {
                let target = fs::read_link(path).map_err(|e| Error::io("read", path, e))?;
                self.put("link", &shown, target.as_os_str().as_encoded_bytes());
            } else if entry.file_type().is_file() {
                let meta = entry
                    .metadata()
                    .map_err(|e| Error::io("read", path, e.into()))?;
                let mode = if meta.permissions().mode() & 0o111 == 0 {
                    "plain"
                } else {
                    "executable"
                };
                let digest = file_digest(path).map_err(|e| Error::io("read", path, e))?;
                self.put(mode, &shown, &digest);
            }
        }
        self.put("tree", name, b"end");
        Ok(self)
    }

    /// The finished key.
    #[must_use]
    pub fn finish(self) -> Key {
        Key {
            hex: hex::encode(self.hash.finalize()),
        }
    }

    fn put(&mut self, kind: &str, name: &str, value: &[u8]) {
        for part in [kind.as_bytes(), name.as_bytes(), value] {
            self.hash.update((part.len() as u64).to_le_bytes());
            self.hash.update(part);
        }
    }
}

fn file_digest(path: &Path) -> io::Result<[u8; 32]> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(hash.finalize().into());
        }
        hash.update(&buffer[..read]);
    }
}
