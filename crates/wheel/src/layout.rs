//! Where the files of a wheel go, and what an installer adds to them (PEP 376, 427, 610).
//!
//! Nothing is written here: on a disk `install` does it, in a page the loader mounts the files.

use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::Error;
use crate::archive::{Archive, unhashed};
use crate::container::Entry;
use crate::record::{self, Digested, Expected};
use crate::scripts::{Script, console_scripts};

/// Where the parts of a wheel go.
#[derive(Clone, Debug)]
pub struct Scheme {
    /// `purelib` and `platlib`.
    pub site: PathBuf,
    /// `scripts`.
    pub scripts: PathBuf,
    /// `headers`.
    pub headers: PathBuf,
    /// `data`.
    pub data: PathBuf,
}

impl Scheme {
    /// An environment: `ROOT/{site-packages,bin,include}` and `ROOT` itself for data.
    #[must_use]
    pub fn under(root: &Path) -> Self {
        Self {
            site: root.join("site-packages"),
            scripts: root.join("bin"),
            headers: root.join("include"),
            data: root.to_owned(),
        }
    }

    /// An interpreter's own folders: its library's `site-packages`, and the others below `prefix`.
    #[must_use]
    pub fn system(site: &Path, prefix: &Path) -> Self {
        Self {
            site: site.to_owned(),
            scripts: prefix.join("bin"),
            headers: prefix.join("include"),
            data: prefix.to_owned(),
        }
    }

    /// Everything in one folder, as `pip install --target` does.
    #[must_use]
    pub fn flat(dir: &Path) -> Self {
        Self {
            site: dir.to_owned(),
            scripts: dir.join("bin"),
            headers: dir.join("include"),
            data: dir.to_owned(),
        }
    }

    pub(crate) fn get(&self, part: Part) -> &Path {
        match part {
            Part::Site => &self.site,
            Part::Scripts => &self.scripts,
            Part::Headers => &self.headers,
            Part::Data => &self.data,
        }
    }
}

/// `direct_url.json` (PEP 610): where a wheel came from that was not asked for by name.
#[derive(Clone, Debug, Serialize)]
pub struct DirectUrl {
    /// The URL, without credentials.
    pub url: String,
    /// Always present: the archive's hash.
    pub archive_info: ArchiveInfo,
}

/// The `archive_info` member of [`DirectUrl`].
#[derive(Clone, Debug, Serialize)]
pub struct ArchiveInfo {
    /// Hash algorithm to lower-case hexadecimal digest.
    pub hashes: std::collections::BTreeMap<String, String>,
}

impl DirectUrl {
    /// For an archive at `url` with the given sha256 (hexadecimal).
    #[must_use]
    pub fn new(url: &str, sha256: &str) -> Self {
        Self {
            url: url.to_owned(),
            archive_info: ArchiveInfo {
                hashes: [("sha256".to_owned(), sha256.to_owned())].into(),
            },
        }
    }

    /// The file's content.
    pub(crate) fn text(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Site,
    Scripts,
    Headers,
    Data,
}

/// What to do with a wheel's files.
#[derive(Debug)]
pub struct Plan {
    /// Its entries and where they go.
    pub files: Vec<(Entry, PathBuf)>,
    /// Files that the installer writes.
    pub added: Vec<(PathBuf, Vec<u8>)>,
}

impl<R: Read + Seek> Archive<R> {
    /// What installing into `scheme` means. The hashes are those of the wheel's own RECORD: whoever writes
    /// the files checks them.
    pub fn plan(
        &mut self,
        scheme: &Scheme,
        direct_url: Option<&DirectUrl>,
        requested: bool,
    ) -> Result<Plan, Error> {
        let mut files = Vec::new();
        let mut rows: Vec<(String, Option<Digested>)> = Vec::new();
        for entry in self.container.entries().to_vec() {
            if unhashed(&self.dist_info, &entry.path) {
                continue;
            }
            let (part, inner) = self.place(&entry.path)?;
            if let Some(Expected::Sha256(digest)) = self.record.get(&entry.path) {
                rows.push((listed(scheme, part, inner), Some((*digest, entry.size))));
            }
            let to = scheme.get(part).join(inner);
            files.push((entry, to));
        }
        let mut added: Vec<(Part, String, Vec<u8>)> = Vec::new();
        for Script { name, text } in self.scripts()? {
            added.push((Part::Scripts, name, text.into_bytes()));
        }
        let info = self.dist_info.clone();
        let mut add = |name: &str, text: &[u8]| {
            added.push((Part::Site, format!("{info}/{name}"), text.to_owned()));
        };
        add("INSTALLER", INSTALLER);
        if requested {
            add("REQUESTED", b"");
        }
        if let Some(url) = direct_url {
            add("direct_url.json", &url.text());
        }
        for (part, inner, text) in &added {
            let path = listed(scheme, *part, inner);
            rows.retain(|(known, _)| *known != path);
            let digest = Sha256::digest(text).into();
            rows.push((path, Some((digest, text.len() as u64))));
        }
        let record = format!("{info}/RECORD");
        rows.push((record.clone(), None));
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        added.push((Part::Site, record, record::write(&rows)));
        let added: Vec<(PathBuf, Vec<u8>)> = added
            .into_iter()
            .map(|(part, inner, text)| (scheme.get(part).join(inner), text))
            .collect();
        files.retain(|(_, to)| !added.iter().any(|(mine, _)| mine == to));
        Ok(Plan { files, added })
    }

    /// Wrappers of the wheel's entry points, for `bin`.
    fn scripts(&mut self) -> Result<Vec<Script>, Error> {
        /// Real ones have a few lines.
        const MOST: u64 = 1 << 20;
        let path = format!("{}/entry_points.txt", self.dist_info);
        match self.container.find(&path).cloned() {
            Some(entry) => Ok(console_scripts(&self.container.read(&entry, MOST)?)),
            None => Ok(Vec::new()),
        }
    }

    /// The part of the scheme that an entry belongs to, and its path there.
    pub(crate) fn place<'a>(&self, path: &'a str) -> Result<(Part, &'a str), Error> {
        let data = format!("{}.data/", self.dist_info.trim_end_matches(".dist-info"));
        let Some(inner) = path.strip_prefix(&data) else {
            return Ok((Part::Site, path));
        };
        let (key, inner) = inner.split_once('/').unwrap_or((inner, ""));
        let part = match key {
            "purelib" | "platlib" => Part::Site,
            "scripts" => Part::Scripts,
            "headers" => Part::Headers,
            "data" => Part::Data,
            _ => {
                return Err(Error::Invalid {
                    wheel: self.container.label().to_owned(),
                    why: format!("{path} is for an unknown place «{key}»"),
                });
            }
        };
        Ok((part, inner))
    }
}

/// The content of `INSTALLER`.
pub(crate) const INSTALLER: &[u8] = b"ferropy\n";

/// A file's path as RECORD lists it: relative to the site folder.
pub(crate) fn listed(scheme: &Scheme, part: Part, inner: &str) -> String {
    if part == Part::Site {
        return inner.to_owned();
    }
    let full = scheme.get(part).join(inner);
    let mut up = String::new();
    for above in scheme.site.ancestors() {
        if let Ok(below) = full.strip_prefix(above) {
            return format!("{up}{}", below.display());
        }
        up.push_str("../");
    }
    full.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_lists_paths_relative_to_the_site_folder() {
        let system = Scheme::system(Path::new("/lib/python3/site-packages"), Path::new("/"));
        assert_eq!(listed(&system, Part::Site, "a/b.py"), "a/b.py");
        assert_eq!(listed(&system, Part::Scripts, "tool"), "../../../bin/tool");
        let flat = Scheme::flat(Path::new("/x"));
        assert_eq!(listed(&flat, Part::Scripts, "tool"), "bin/tool");
        let under = Scheme::under(Path::new("/x"));
        assert_eq!(listed(&under, Part::Data, "share/d"), "../share/d");
    }
}
