//! Content-keyed products on disk: everything expensive that ferropy makes lives here.
//!
//! A product is a folder named by its kind and the hash of everything it is made from. It is
//! built in a temporary folder of the same file system and renamed when complete, so a product
//! that exists is whole. A lock per product makes two builds at once wait for each other. This
//! crate knows nothing about what products contain and prints nothing.
//!
//! Layout below [`Cache::dir`]:
//!
//! ```text
//! <kind>/<key>/      a finished product, never changed afterwards
//! tmp/<kind>-<key>/  a build under way, or left by a killed one (removed by the next build)
//! work/<kind>-<key>/ scratch that a killed build continues from
//! locks/             one file per product: the lock, and who holds it
//! ```

mod disk;
mod key;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

pub use disk::{free_space, remove_tree};
pub use key::{Key, KeyBuilder};

/// What can go wrong with the cache itself. Paths and sizes are those on the host; sizes in bytes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Neither `FERROPY_CACHE` nor a home folder says where the cache is.
    #[error(
        "no place for the cache: neither FERROPY_CACHE nor HOME is set (hint: set FERROPY_CACHE to a folder)"
    )]
    NoPlace,
    /// An operation on a file or folder failed.
    #[error("cannot {action} {}: {source}{}", path.display(), permission_hint(source))]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// Something that is to be removed has another file system mounted in it.
    #[error(
        "cannot remove {}: a file system is mounted at {} (hint: unmount it, `umount {}`, and run the command again)",
        path.display(), mount.display(), mount.display()
    )]
    Mounted {
        /// What was to be removed; nothing of it was.
        path: PathBuf,
        /// The mount in it.
        mount: PathBuf,
    },
    /// The file system of the cache is full or about to be.
    #[error(
        "not enough disk space for {what} in {}: {} free, {} needed{} (hint: free some space, run `ferropy cache clean`, or set FERROPY_CACHE to a larger disk)",
        path.display(), human(*free), human(*need), cause.as_ref().map(|c| format!(" ({c})")).unwrap_or_default()
    )]
    DiskFull {
        /// The product that was being built.
        what: String,
        /// The cache folder.
        path: PathBuf,
        /// Bytes free when the build failed or before it started.
        free: u64,
        /// Bytes that the product is known to need.
        need: u64,
        /// What the build said when it ran out, if it had started.
        cause: Option<String>,
    },
}

fn permission_hint(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            " (hint: set FERROPY_CACHE to a folder that you can write to)"
        }
        _ => "",
    }
}

impl Error {
    /// Wraps an IO error with what was tried on which path.
    pub fn io(action: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::Io {
            action,
            path: path.into(),
            source,
        }
    }
}

/// Sizes for people, in binary units.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
pub fn human(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// The cache folder.
#[derive(Debug, Clone)]
pub struct Cache {
    dir: PathBuf,
}

/// A product to look up or build.
#[derive(Debug, Clone, Copy)]
pub struct Product<'a> {
    /// The kind: the name of the folder that holds all products of it.
    pub kind: &'a str,
    /// The hash of everything that decides the product.
    pub key: &'a Key,
    /// Its name for people, as in "builds X".
    pub what: &'a str,
    /// Bytes of disk that building it takes at the peak; checked before the build starts.
    pub needs: u64,
}

/// The process that holds a product's lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its process id. When that process was killed, tools that it started may still hold the lock.
    pub pid: Option<u32>,
    /// The product that it builds, for people.
    pub what: String,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.pid {
            Some(pid) => write!(
                f,
                "waiting for another ferropy (pid {pid}) that builds {}",
                self.what
            ),
            None => write!(f, "waiting for another ferropy that builds {}", self.what),
        }
    }
}

/// A build under way: where to put the product, and the lock that protects it.
#[derive(Debug)]
pub struct Build {
    dir: PathBuf,
    work: PathBuf,
    lock: File,
}

impl Build {
    /// The empty folder that becomes the product when the build succeeds.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A scratch folder that survives a failed or killed build of the same key and is removed
    /// after a successful one.
    pub fn work(&self) -> Result<&Path, Error> {
        fs::create_dir_all(&self.work).map_err(|e| Error::io("create", &self.work, e))?;
        Ok(&self.work)
    }

    /// A handle for the stdin of a tool (it reads as empty). The product stays locked while any process
    /// holds one, so tools that outlive a killed ferropy never share their folder with its successor.
    pub fn lock_handle(&self) -> Result<File, Error> {
        self.lock
            .try_clone()
            .map_err(|e| Error::io("share the lock of", &self.dir, e))
    }
}

/// The size of all products of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindSize {
    /// The kind; `tmp`, `work` and `locks` are listed too.
    pub kind: String,
    /// How many products there are.
    pub products: u64,
    /// Their size in bytes, as allocated on disk.
    pub bytes: u64,
}

impl Cache {
    /// The cache of this user: `FERROPY_CACHE`, else `$XDG_CACHE_HOME/ferropy`, else `~/.cache/ferropy`.
    pub fn open() -> Result<Self, Error> {
        let set = |name| {
            std::env::var_os(name)
                .filter(|v| !v.is_empty())
                .map(PathBuf::from)
        };
        let dir = set("FERROPY_CACHE")
            .or_else(|| set("XDG_CACHE_HOME").map(|dir| dir.join("ferropy")))
            .or_else(|| std::env::home_dir().map(|home| home.join(".cache/ferropy")))
            .ok_or(Error::NoPlace)?;
        Self::at(dir)
    }

    /// A cache in the given folder, which is created when first written to.
    pub fn at(dir: impl AsRef<Path>) -> Result<Self, Error> {
        let dir = dir.as_ref();
        let dir = std::path::absolute(dir).map_err(|e| Error::io("find", dir, e))?;
        Ok(Self { dir })
    }

    /// The cache folder; it may not exist yet.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where a product is or would be.
    #[must_use]
    pub fn path(&self, kind: &str, key: &Key) -> PathBuf {
        self.dir.join(kind).join(key.short())
    }

    /// The folder of a finished product.
    #[must_use]
    pub fn lookup(&self, kind: &str, key: &Key) -> Option<PathBuf> {
        let path = self.path(kind, key);
        path.is_dir().then_some(path)
    }

    /// A folder of the cache that is not a product (logs, stamps); created if missing.
    pub fn folder(&self, name: &str) -> Result<PathBuf, Error> {
        let path = self.dir.join(name);
        fs::create_dir_all(&path).map_err(|e| Error::io("create", &path, e))?;
        Ok(path)
    }

    /// Returns the product's folder, building it if it is not there.
    ///
    /// `wait` is told when another process holds the lock, before this one blocks. `build` fills
    /// [`Build::dir`]; when it fails nothing of it is visible to later runs but the scratch folder.
    pub fn product<E>(
        &self,
        product: Product<'_>,
        wait: impl FnOnce(&Holder),
        build: impl FnOnce(&Build) -> Result<(), E>,
    ) -> Result<PathBuf, E>
    where
        E: From<Error> + std::fmt::Display,
    {
        if let Some(path) = self.lookup(product.kind, product.key) {
            return Ok(path);
        }
        let name = format!("{}-{}", product.kind, product.key.short());
        let lock = self.lock(&name, product.what, wait)?;
        // Another process may have built it while this one waited.
        if let Some(path) = self.lookup(product.kind, product.key) {
            return Ok(path);
        }
        self.sweep(product.kind, &name)?;
        let free = free_space(&self.dir)?;
        if free < product.needs {
            return Err(self.full(product, free, None).into());
        }
        let dir = self.folder("tmp")?.join(&name);
        remove_tree(&dir)?;
        fs::create_dir(&dir).map_err(|e| Error::io("create", &dir, e))?;
        let under_way = Build {
            dir,
            work: self.dir.join("work").join(&name),
            lock,
        };
        if let Err(error) = build(&under_way) {
            // A tool that runs out of disk reports it in its own words; say it in ours.
            let free = free_space(&self.dir)?;
            drop(remove_tree(&under_way.dir));
            if free < NEARLY_FULL {
                return Err(self.full(product, free, Some(error.to_string())).into());
            }
            return Err(error);
        }
        let path = self.path(product.kind, product.key);
        self.folder(product.kind)?;
        fs::rename(&under_way.dir, &path).map_err(|e| Error::io("put in place", &path, e))?;
        remove_tree(&under_way.work)?;
        tracing::debug!(kind = product.kind, key = %product.key, "built");
        Ok(path)
    }

    fn full(&self, product: Product<'_>, free: u64, cause: Option<String>) -> Error {
        Error::DiskFull {
            what: product.what.to_owned(),
            path: self.dir.clone(),
            free,
            need: product.needs.max(NEARLY_FULL),
            cause,
        }
    }

    fn lock(&self, name: &str, what: &str, wait: impl FnOnce(&Holder)) -> Result<File, Error> {
        let path = self.folder("locks")?.join(name);
        let failed = |action| move |e| Error::io(action, path_of(name), e);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|e| Error::io("open", &path, e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                file.read_to_string(&mut text).map_err(failed("read"))?;
                let (pid, held) = text.trim().split_once(' ').unwrap_or_default();
                wait(&Holder {
                    pid: pid.parse().ok(),
                    what: if held.is_empty() {
                        what.to_owned()
                    } else {
                        held.to_owned()
                    },
                });
                file.lock().map_err(failed("lock"))?;
            }
            Err(TryLockError::Error(e)) => return Err(Error::io("lock", path, e)),
        }
        file.set_len(0).map_err(failed("write"))?;
        file.rewind().map_err(failed("write"))?;
        writeln!(file, "{} {what}", std::process::id()).map_err(failed("write"))?;
        Ok(file)
    }

    /// Removes what killed builds left: every temporary folder whose lock is free, and the scratch
    /// folders of this kind that belong to inputs which no longer exist in that form.
    fn sweep(&self, kind: &str, mine: &str) -> Result<(), Error> {
        for (folder, prefix) in [("tmp", String::new()), ("work", format!("{kind}-"))] {
            let Ok(entries) = fs::read_dir(self.dir.join(folder)) else {
                continue;
            };
            for entry in entries.flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                if name == mine || !name.starts_with(&prefix) || self.is_locked(&name) {
                    continue;
                }
                tracing::debug!(folder, name, "removing what a killed build left");
                remove_tree(&entry.path())?;
            }
        }
        Ok(())
    }

    fn is_locked(&self, name: &str) -> bool {
        File::open(self.dir.join("locks").join(name))
            .is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
    }

    /// The size of everything in the cache, by kind, sorted by name.
    pub fn size(&self) -> Result<Vec<KindSize>, Error> {
        let mut kinds = Vec::new();
        for entry in self.entries(&self.dir)? {
            let kind = entry.file_name().to_string_lossy().into_owned();
            let path = entry.path();
            let products = if path.is_dir() {
                self.entries(&path)?.len() as u64
            } else {
                1
            };
            kinds.push(KindSize {
                kind,
                products,
                bytes: disk::allocated(&path),
            });
        }
        kinds.sort_by(|a, b| a.kind.cmp(&b.kind));
        Ok(kinds)
    }

    /// Removes everything (or one kind) that no running build holds. Returns the bytes freed.
    pub fn clean(&self, kind: Option<&str>) -> Result<u64, Error> {
        let mut freed = 0;
        for entry in self.entries(&self.dir)? {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name == "locks" || kind.is_some_and(|kind| kind != name) {
                continue;
            }
            let path = entry.path();
            if !path.is_dir() {
                freed += disk::allocated(&path);
                fs::remove_file(&path).map_err(|e| Error::io("remove", &path, e))?;
                continue;
            }
            for product in self.entries(&path)? {
                let item = product.file_name().to_string_lossy().into_owned();
                let lock = if matches!(name.as_str(), "tmp" | "work") {
                    item
                } else {
                    format!("{name}-{item}")
                };
                if self.is_locked(&lock) {
                    continue;
                }
                freed += disk::allocated(&product.path());
                remove_tree(&product.path())?;
            }
            // Fails only when something locked is left inside, which is as it should be.
            drop(fs::remove_dir(&path));
        }
        Ok(freed)
    }

    /// Removes the products of a kind that were built longest ago, but for the newest `keep` and
    /// those that a running build holds. For kinds that each edit of a source makes anew.
    pub fn prune(&self, kind: &str, keep: usize) -> Result<(), Error> {
        let mut products: Vec<_> = self
            .entries(&self.dir.join(kind))?
            .into_iter()
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry)))
            .collect();
        products.sort_by_key(|(built, _)| std::cmp::Reverse(*built));
        for (_, entry) in products.into_iter().skip(keep) {
            if !self.is_locked(&format!("{kind}-{}", entry.file_name().to_string_lossy())) {
                remove_tree(&entry.path())?;
            }
        }
        Ok(())
    }

    #[expect(clippy::unused_self, reason = "reads as an operation of the cache")]
    fn entries(&self, dir: &Path) -> Result<Vec<fs::DirEntry>, Error> {
        match fs::read_dir(dir) {
            Ok(entries) => Ok(entries.flatten().collect()),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(e) => Err(Error::io("read", dir, e)),
        }
    }
}

/// Below this, a failed build is taken to have failed for want of space. Bytes.
const NEARLY_FULL: u64 = 256 * 1024;

fn path_of(name: &str) -> PathBuf {
    Path::new("locks").join(name)
}
