//! A zip archive whose directory was checked: every entry has a safe, unique path, its sizes are within the
//! limits, and no two entries share bytes.
//!
//! Works on anything that can be read and sought, so that a page's archives need not be copied into wasm memory.
//! It reads what wheels are made of, stored and deflated files, and refuses what only hostile or damaged ones
//! have. What an archive is for is not known here; [`directory`](crate::directory) reads the format.

use std::collections::HashSet;
use std::io::{Read, Seek, SeekFrom};

use flate2::{Crc, Decompress, FlushDecompress, Status};
use sha2::{Digest, Sha256};

use crate::Error;
use crate::directory::{self, Header, Method};
use crate::record::Digested;

/// How much an archive may take when unpacked.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of all files together.
    pub total: u64,
    /// Bytes of one file.
    pub file: u64,
    /// Number of entries.
    pub entries: usize,
    /// Bytes unpacked for each byte packed, over the whole archive; checked above 64 MiB.
    pub ratio: u64,
}

impl Default for Limits {
    /// Generous for real archives: a 4 GiB address space bounds what is useful.
    fn default() -> Self {
        Self {
            total: 4 << 30,
            file: 2 << 30,
            entries: 200_000,
            ratio: 200,
        }
    }
}

/// One file of the archive; folders are not listed.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its place among the archive's files.
    pub index: usize,
    /// Its path, with slashes.
    pub path: String,
    /// The size of its content in bytes, as the directory says.
    pub size: u64,
    packed: u64,
    /// Where its data begins.
    pub(crate) start: u64,
    method: Method,
    crc: u32,
}

/// An archive with its checked directory.
#[derive(Debug)]
pub struct Container<R> {
    label: String,
    reader: R,
    entries: Vec<Entry>,
}

/// How much is read and unpacked at a time.
const CHUNK: usize = 1 << 16;

impl<R: Read + Seek> Container<R> {
    /// Reads and checks the directory. `label` is what errors call the archive.
    pub fn open(label: &str, mut reader: R, limits: Limits) -> Result<Self, Error> {
        let headers = directory::read(&mut reader).map_err(|why| zip_error(label, &why))?;
        let entries = check(label, headers, limits)?;
        Ok(Self::of(label, reader, entries))
    }

    /// One whose directory was read and checked elsewhere.
    pub(crate) fn of(label: &str, reader: R, entries: Vec<Entry>) -> Self {
        Self {
            label: label.to_owned(),
            reader,
            entries,
        }
    }

    /// Its files, in the directory's order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry with a path.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.path == path)
    }

    /// What errors call the archive.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Unpacks an entry piece by piece; fails unless it is as long as the directory says and has the checksum
    /// that stands there. The sha256 is made only when asked for: it takes longer than unpacking.
    pub fn unpack(
        &mut self,
        entry: &Entry,
        hashed: bool,
        mut sink: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<Option<Digested>, Error> {
        let damaged = |why: &str| zip_error(&self.label, &format!("{}: {why}", entry.path));
        let mut hash = hashed.then(Sha256::new);
        let mut crc = Crc::new();
        let mut size = 0_u64;
        let mut take = |bytes: &[u8]| -> Result<(), Error> {
            size += bytes.len() as u64;
            if size > entry.size {
                return Err(damaged(LYING));
            }
            crc.update(bytes);
            if let Some(hash) = &mut hash {
                hash.update(bytes);
            }
            sink(bytes)
        };
        self.reader
            .seek(SeekFrom::Start(entry.start))
            .map_err(|e| damaged(&e.to_string()))?;
        let mut left = entry.packed;
        let mut input = vec![0; chunk(entry.packed)];
        let mut output = vec![0; chunk(entry.size)];
        let mut inflate = (entry.method == Method::Deflated).then(|| Decompress::new(false));
        let mut ended = false;
        while left > 0 {
            let length = chunk(left).min(input.len());
            self.reader
                .read_exact(&mut input[..length])
                .map_err(|e| damaged(&e.to_string()))?;
            left -= length as u64;
            let Some(inflate) = &mut inflate else {
                take(&input[..length])?;
                continue;
            };
            let mut bytes = &input[..length];
            loop {
                if ended {
                    return Err(damaged("there are bytes after its end"));
                }
                let (before_in, before_out) = (inflate.total_in(), inflate.total_out());
                let status = inflate
                    .decompress(bytes, &mut output, FlushDecompress::None)
                    .map_err(|e| damaged(&e.to_string()))?;
                let used = usize::try_from(inflate.total_in() - before_in).unwrap_or_default();
                let made = usize::try_from(inflate.total_out() - before_out).unwrap_or_default();
                take(&output[..made])?;
                bytes = &bytes[used..];
                ended = status == Status::StreamEnd;
                if bytes.is_empty() && (ended || made < output.len()) {
                    break;
                }
                if used == 0 && made == 0 {
                    return Err(damaged("its data makes no sense"));
                }
            }
        }
        if inflate.is_some() && !ended {
            return Err(damaged("its data is cut off"));
        }
        if size != entry.size {
            return Err(damaged(LYING));
        }
        if crc.sum() != entry.crc {
            return Err(damaged("its checksum is wrong"));
        }
        Ok(hash.map(|hash| (hash.finalize().into(), size)))
    }

    /// The content of a small entry; an error if it is longer than `most` bytes.
    pub fn read(&mut self, entry: &Entry, most: u64) -> Result<Vec<u8>, Error> {
        if entry.size > most {
            return Err(Error::TooLarge {
                wheel: self.label.clone(),
                what: format!(
                    "{} has {} bytes, {most} are allowed",
                    entry.path, entry.size
                ),
            });
        }
        let mut out = Vec::new();
        self.unpack(entry, false, |bytes| {
            out.extend_from_slice(bytes);
            Ok(())
        })?;
        Ok(out)
    }

    /// The first bytes of an entry, at most `most`; the rest is not looked at.
    pub fn head(&mut self, entry: &Entry, most: usize) -> Result<Vec<u8>, Error> {
        let mut out = Vec::new();
        let enough = || zip_error("", &"");
        let unpacked = self.unpack(entry, false, |bytes| {
            out.extend_from_slice(bytes);
            if out.len() < most {
                Ok(())
            } else {
                Err(enough())
            }
        });
        if out.len() < most {
            unpacked?;
        }
        out.truncate(most);
        Ok(out)
    }
}

/// A directory that states another size than there is.
const LYING: &str = "it unpacks to another size than it declares";

fn chunk(size: u64) -> usize {
    usize::try_from(size).map_or(CHUNK, |size| size.clamp(1, CHUNK))
}

fn zip_error(archive: &str, why: &dyn std::fmt::Display) -> Error {
    Error::Zip {
        wheel: archive.to_owned(),
        why: why.to_string(),
    }
}

/// The files of a directory, if all of it is as it should be.
pub(crate) fn check(
    archive: &str,
    headers: Vec<Header>,
    limits: Limits,
) -> Result<Vec<Entry>, Error> {
    let too_large = |what: String| Error::TooLarge {
        wheel: archive.to_owned(),
        what,
    };
    if headers.len() > limits.entries {
        return Err(too_large(format!(
            "{} entries, {} are allowed",
            headers.len(),
            limits.entries
        )));
    }
    let mut entries = Vec::with_capacity(headers.len());
    // File paths and every folder above them: nothing may be both.
    let mut files = HashSet::new();
    let mut folders = HashSet::new();
    let (mut total, mut packed) = (0_u64, 0_u64);
    for header in headers {
        let path = String::from_utf8(header.name)
            .map_err(|_| zip_error(archive, &"an entry's name is not UTF-8"))?;
        let unsafe_path = |why| Error::UnsafePath {
            wheel: archive.to_owned(),
            entry: path.clone(),
            why,
        };
        if let Some(why) = unsafe_reason(&path) {
            return Err(unsafe_path(why));
        }
        // S_IFMT, S_IFREG and S_IFDIR of the Unix mode; 0 where there is none.
        match header.mode & 0o170_000 {
            0 | 0o100_000 | 0o040_000 => {}
            _ => return Err(unsafe_path("it is a link or a device, not a file")),
        }
        if let Some(folder) = path.strip_suffix('/') {
            folders.insert(folder.to_owned());
            continue;
        }
        total = total.saturating_add(header.size);
        packed = packed.saturating_add(header.packed);
        if header.size > limits.file {
            return Err(too_large(format!(
                "{path} has {} bytes, {} are allowed",
                header.size, limits.file
            )));
        }
        let mut above = path.as_str();
        while let Some((parent, _)) = above.rsplit_once('/') {
            if !folders.insert(parent.to_owned()) {
                break;
            }
            above = parent;
        }
        if !files.insert(path.clone()) {
            return Err(unsafe_path("another entry has the same name"));
        }
        entries.push(Entry {
            index: entries.len(),
            path,
            size: header.size,
            packed: header.packed,
            start: header.start,
            method: header.method,
            crc: header.crc,
        });
    }
    if let Some(both) = files.iter().find(|f| folders.contains(*f)) {
        return Err(Error::UnsafePath {
            wheel: archive.to_owned(),
            entry: both.clone(),
            why: "it is both a file and a folder",
        });
    }
    if total > limits.total {
        return Err(too_large(format!(
            "{total} bytes when unpacked, {} are allowed",
            limits.total
        )));
    }
    if total > 64 << 20 && total / packed.max(1) > limits.ratio {
        return Err(too_large(format!(
            "{packed} bytes would unpack to {total}, more than {} times as much",
            limits.ratio
        )));
    }
    Ok(entries)
}

/// Why a path may not be unpacked, if it may not.
fn unsafe_reason(path: &str) -> Option<&'static str> {
    let inner = path.strip_suffix('/').unwrap_or(path);
    if inner.is_empty() {
        return Some("it is empty");
    }
    if path.contains('\\') {
        return Some("it holds a backslash");
    }
    if path.chars().any(char::is_control) {
        return Some("it holds a control character");
    }
    if path.starts_with('/') {
        return Some("it is absolute");
    }
    if path.as_bytes().get(1) == Some(&b':') {
        return Some("it names a drive");
    }
    for part in inner.split('/') {
        match part {
            ".." => return Some("it leaves the folder that it is unpacked into"),
            "." | "" => return Some("it is not in its shortest form"),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_paths() {
        for path in [
            "/etc/passwd",
            "../x",
            "a/../../x",
            "a/./b",
            "a//b",
            "C:/x",
            "a\\b",
            "a\0b",
            "/",
            "",
        ] {
            assert!(unsafe_reason(path).is_some(), "{path:?}");
        }
        for path in ["a/b.py", "a/", "a/..b", "ä/€.txt", "a b"] {
            assert_eq!(unsafe_reason(path), None, "{path:?}");
        }
    }
}
