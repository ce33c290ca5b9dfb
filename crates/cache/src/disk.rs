//! Facts about and operations on the file system that std has no function for.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::Error;

/// Bytes that this user can still write on the file system of `path` (or of its nearest existing parent).
pub fn free_space(path: &Path) -> Result<u64, Error> {
    let existing = path
        .ancestors()
        .find(|p| p.exists())
        .unwrap_or(Path::new("/"));
    let stat = rustix::fs::statvfs(existing)
        .map_err(|e| Error::io("ask the free space of", existing, e.into()))?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Removes a file or a folder with everything in it; folders without write permission too (a Debian
/// root has some). Something that is not there counts as removed.
pub fn remove_tree(path: &Path) -> Result<(), Error> {
    let gone = |result: io::Result<()>| match result {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    };
    let is_dir = match fs::symlink_metadata(path) {
        Ok(meta) => meta.is_dir(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(Error::io("look at", path, e)),
    };
    if !is_dir {
        return gone(fs::remove_file(path)).map_err(|e| Error::io("remove", path, e));
    }
    // A killed tool may have left a mount in here, of /proc or worse: what is below belongs to others.
    if let Some(mount) = mounts_below(path).into_iter().next() {
        return Err(Error::Mounted {
            path: path.to_owned(),
            mount,
        });
    }
    let first = gone(fs::remove_dir_all(path));
    match first {
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
            for entry in WalkDir::new(path)
                .same_file_system(true)
                .into_iter()
                .flatten()
                .filter(|e| e.file_type().is_dir())
            {
                // A folder that is not ours stays as it is, and the removal below reports it.
                drop(fs::set_permissions(
                    entry.path(),
                    fs::Permissions::from_mode(0o700),
                ));
            }
            gone(fs::remove_dir_all(path)).map_err(|e| Error::io("remove", path, e))
        }
        other => other.map_err(|e| Error::io("remove", path, e)),
    }
}

/// What is mounted at or below `path`, as this process sees it.
fn mounts_below(path: &Path) -> Vec<PathBuf> {
    // The kernel names mounts by their real paths. Where there is no /proc there is nothing to read.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let table = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    table
        .lines()
        .filter_map(|line| line.split(' ').nth(1))
        // The four characters that the table's own syntax uses are escaped in it.
        .map(|p| {
            p.replace("\\040", " ")
                .replace("\\011", "\t")
                .replace("\\012", "\n")
                .replace("\\134", "\\")
        })
        .map(PathBuf::from)
        .filter(|mount| mount.starts_with(&path))
        .collect()
}

/// Bytes allocated on disk for `path` and everything below it.
pub(crate) fn allocated(path: &Path) -> u64 {
    WalkDir::new(path)
        .same_file_system(true)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.metadata().ok())
        .map(|meta| meta.blocks() * 512)
        .sum()
}
