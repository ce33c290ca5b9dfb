//! Opening a wheel and checking everything that can be checked before unpacking.
//!
//! After [`Archive::open`] every entry has a safe, unique path, the sizes are within
//! the limits, `METADATA`, `WHEEL` and `RECORD` were understood, and RECORD lists
//! every file. Content hashes are checked while unpacking, when the bytes are read anyway.

use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use pep508_rs::PackageName;
use zip::ZipArchive;

use crate::record::{self, Expected, Record};
use crate::{Error, Metadata, WheelInfo, WheelName};

/// How much a wheel may take when unpacked.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of all files together.
    pub total: u64,
    /// Bytes of one file.
    pub file: u64,
    /// Number of entries.
    pub entries: usize,
    /// Bytes unpacked for each byte packed, over the whole wheel; checked above 64 MiB.
    pub ratio: u64,
}

impl Default for Limits {
    /// Generous for real wheels: a 4 GiB address space bounds what is useful.
    fn default() -> Self {
        Self {
            total: 4 << 30,
            file: 2 << 30,
            entries: 200_000,
            ratio: 200,
        }
    }
}

/// One file of the wheel.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) index: usize,
    pub(crate) path: String,
    pub(crate) size: u64,
}

/// An opened wheel that passed every check which needs no unpacking.
#[derive(Debug)]
pub struct Archive {
    pub(crate) name: WheelName,
    pub(crate) zip: ZipArchive<BufReader<File>>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) dist_info: String,
    pub(crate) record: Record,
    metadata: Metadata,
    metadata_text: Vec<u8>,
    info: WheelInfo,
    path: PathBuf,
}

impl Archive {
    /// Opens `path`, whose last part must be the wheel's own file name.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::open_with(path, Limits::default())
    }

    /// Like [`Archive::open`] with limits of the caller's.
    pub fn open_with(path: &Path, limits: Limits) -> Result<Self, Error> {
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = WheelName::from_str(&file_name)?;
        let label = name.file().to_owned();
        let file = File::open(path).map_err(Error::io("open", path))?;
        let mut zip = ZipArchive::new(BufReader::new(file)).map_err(|e| zip_error(&label, &e))?;
        let entries = check_entries(&label, &mut zip, limits)?;
        let invalid = |why: String| Error::Invalid {
            wheel: label.clone(),
            why,
        };
        let dist_info = find_dist_info(&name, &entries).map_err(invalid)?;
        let mut read = |file: &str| -> Result<Vec<u8>, Error> {
            let path = format!("{dist_info}/{file}");
            let entry = entries
                .iter()
                .find(|e| e.path == path)
                .ok_or_else(|| invalid(format!("it has no {path}")))?;
            read_entry(&label, &mut zip, entry)
        };
        let metadata_text = read("METADATA")?;
        let metadata = Metadata::parse(&metadata_text).map_err(invalid)?;
        let info = WheelInfo::parse(&read("WHEEL")?).map_err(invalid)?;
        let record = record::parse(&read("RECORD")?).map_err(invalid)?;
        if metadata.name != name.name || !same_version(&metadata, &name) {
            return Err(invalid(format!(
                "its name says {} {}, its METADATA {} {}",
                name.name, name.version, metadata.name, metadata.version
            )));
        }
        check_record(&dist_info, &entries, &record).map_err(invalid)?;
        Ok(Self {
            name,
            zip,
            entries,
            dist_info,
            record,
            metadata,
            metadata_text,
            info,
            path: path.to_owned(),
        })
    }

    /// The parsed file name.
    #[must_use]
    pub fn name(&self) -> &WheelName {
        &self.name
    }

    /// The wheel's `METADATA`.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The bytes of `METADATA`, as an index would serve them.
    #[must_use]
    pub fn metadata_text(&self) -> &[u8] {
        &self.metadata_text
    }

    /// The wheel's `WHEEL`.
    #[must_use]
    pub fn info(&self) -> &WheelInfo {
        &self.info
    }

    /// Where the wheel lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn label(&self) -> String {
        self.name.file().to_owned()
    }
}

pub(crate) fn zip_error(wheel: &str, why: &dyn std::fmt::Display) -> Error {
    Error::Zip {
        wheel: wheel.to_owned(),
        why: why.to_string(),
    }
}

fn same_version(metadata: &Metadata, name: &WheelName) -> bool {
    // A file name may leave the local part out.
    metadata.version == name.version
        || metadata.version.clone().without_local() == name.version.clone().without_local()
}

fn check_entries(
    wheel: &str,
    zip: &mut ZipArchive<BufReader<File>>,
    limits: Limits,
) -> Result<Vec<Entry>, Error> {
    let too_large = |what: String| Error::TooLarge {
        wheel: wheel.to_owned(),
        what,
    };
    if zip.len() > limits.entries {
        return Err(too_large(format!(
            "{} entries, {} are allowed",
            zip.len(),
            limits.entries
        )));
    }
    if zip.has_duplicate_names() {
        return Err(zip_error(wheel, &"two entries have the same name"));
    }
    if zip
        .has_overlapping_files()
        .map_err(|e| zip_error(wheel, &e))?
    {
        return Err(zip_error(wheel, &"two entries share the same bytes"));
    }
    let mut entries = Vec::with_capacity(zip.len());
    // File paths and every folder above them: nothing may be both.
    let mut files = HashSet::new();
    let mut folders = HashSet::new();
    let (mut total, mut packed) = (0_u64, 0_u64);
    for index in 0..zip.len() {
        let file = zip.by_index_raw(index).map_err(|e| zip_error(wheel, &e))?;
        let path = std::str::from_utf8(file.name_raw())
            .map_err(|_| zip_error(wheel, &"an entry's name is not UTF-8"))?
            .to_owned();
        let unsafe_path = |why| Error::UnsafePath {
            wheel: wheel.to_owned(),
            entry: path.clone(),
            why,
        };
        if let Some(why) = unsafe_reason(&path) {
            return Err(unsafe_path(why));
        }
        if file.encrypted() {
            return Err(zip_error(wheel, &format!("{path} is encrypted")));
        }
        // S_IFMT, S_IFLNK and S_IFREG of the Unix mode; 0 where there is none.
        match file.unix_mode().unwrap_or(0) & 0o170_000 {
            0 | 0o100_000 | 0o040_000 => {}
            _ => return Err(unsafe_path("it is a link or a device, not a file")),
        }
        if path.ends_with('/') {
            folders.insert(path.trim_end_matches('/').to_owned());
            continue;
        }
        total = total.saturating_add(file.size());
        packed = packed.saturating_add(file.compressed_size());
        if file.size() > limits.file {
            return Err(too_large(format!(
                "{path} has {} bytes, {} are allowed",
                file.size(),
                limits.file
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
            return Err(unsafe_path("the name occurs twice"));
        }
        let size = file.size();
        entries.push(Entry { index, path, size });
    }
    if let Some(both) = files.iter().find(|f| folders.contains(*f)) {
        return Err(Error::UnsafePath {
            wheel: wheel.to_owned(),
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

/// The `NAME-VERSION.dist-info` folder; exactly one, and it belongs to the wheel's name.
fn find_dist_info(name: &WheelName, entries: &[Entry]) -> Result<String, String> {
    let mut found: BTreeSet<&str> = BTreeSet::new();
    for entry in entries {
        if let Some((top, _)) = entry.path.split_once('/')
            && top.ends_with(".dist-info")
        {
            found.insert(top);
        }
    }
    let folders: Vec<&str> = found.into_iter().collect();
    match folders[..] {
        [] => Err("it has no .dist-info folder".to_owned()),
        [one] => {
            let stem = one.trim_end_matches(".dist-info");
            let project = stem.split_once('-').map_or(stem, |(project, _)| project);
            if PackageName::from_str(project).is_ok_and(|p| p == name.name) {
                Ok(one.to_owned())
            } else {
                Err(format!("its folder {one} belongs to another project"))
            }
        }
        _ => Err(format!(
            "it has {} .dist-info folders: {}",
            folders.len(),
            folders.join(", ")
        )),
    }
}

/// Whether RECORD may list the file without a hash.
pub(crate) fn unhashed(dist_info: &str, path: &str) -> bool {
    ["RECORD", "RECORD.jws", "RECORD.p7s"]
        .iter()
        .any(|f| path == format!("{dist_info}/{f}"))
}

fn check_record(dist_info: &str, entries: &[Entry], record: &Record) -> Result<(), String> {
    for entry in entries.iter().filter(|e| !unhashed(dist_info, &e.path)) {
        match record.get(&entry.path) {
            Some(Expected::Sha256(_)) => {}
            Some(Expected::Nothing) => {
                return Err(format!("its RECORD has no hash for {}", entry.path));
            }
            None => return Err(format!("its RECORD does not list {}", entry.path)),
        }
    }
    let present: HashSet<&str> = entries.iter().map(|e| e.path.as_str()).collect();
    let mut missing: Vec<&String> = record
        .iter()
        .filter(|(path, expected)| {
            **expected != Expected::Nothing && !present.contains(path.as_str())
        })
        .map(|(path, _)| path)
        .collect();
    missing.sort();
    match missing.first() {
        Some(path) => Err(format!("{path} is in its RECORD, but not in the wheel")),
        None => Ok(()),
    }
}

fn read_entry(
    wheel: &str,
    zip: &mut ZipArchive<BufReader<File>>,
    entry: &Entry,
) -> Result<Vec<u8>, Error> {
    /// Real METADATA files with a long README stay far below this.
    const MOST: u64 = 64 << 20;
    let mut out = Vec::new();
    zip.by_index(entry.index)
        .map_err(|e| zip_error(wheel, &e))?
        .take(MOST)
        .read_to_end(&mut out)
        .map_err(|e| zip_error(wheel, &format!("{}: {e}", entry.path)))?;
    Ok(out)
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
