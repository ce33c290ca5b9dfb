//! Unpacking a wheel so that it appears all at once or not at all.
//!
//! Files go to a hidden folder beside their destination, every hash is checked
//! there, and only then are they renamed into place. Console-script wrappers are not
//! written: nothing on the host executes them, `python -m` does the same job.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::Error;
use crate::archive::{Archive, Entry, unhashed, zip_error};
use crate::record::{self, Digested, Expected};

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

    fn get(&self, part: Part) -> &Path {
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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Site,
    Scripts,
    Headers,
    Data,
}

impl Part {
    const ALL: [Self; 4] = [Self::Site, Self::Scripts, Self::Headers, Self::Data];

    fn stage(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::Scripts => "scripts",
            Self::Headers => "headers",
            Self::Data => "data",
        }
    }
}

impl Archive {
    /// Unpacks into `scheme` and returns the project's files relative to the site folder.
    ///
    /// On any error nothing of the wheel is left behind.
    pub fn install(
        &mut self,
        scheme: &Scheme,
        direct_url: Option<&DirectUrl>,
    ) -> Result<Vec<String>, Error> {
        fs::create_dir_all(&scheme.site).map_err(Error::io("create", &scheme.site))?;
        let stage = tempfile::Builder::new()
            .prefix(".ferropy-unpack-")
            .tempdir_in(&scheme.site)
            .map_err(Error::io("write in", &scheme.site))?;
        let mut rows = Vec::new();
        for entry in self.entries.clone() {
            if unhashed(&self.dist_info, &entry.path) {
                continue;
            }
            let (part, inner) = self.place(&entry.path)?;
            let to = stage.path().join(part.stage()).join(inner);
            let digest = self.unpack(&entry, &to)?;
            rows.push((listed(scheme, part, inner), Some(digest)));
        }
        let mut add = |name: &str, text: &[u8]| -> Result<(), Error> {
            let inner = format!("{}/{name}", self.dist_info);
            let to = stage.path().join(Part::Site.stage()).join(&inner);
            write_file(&to, text)?;
            rows.retain(|(path, _)| *path != inner);
            rows.push((
                inner,
                Some((Sha256::digest(text).into(), text.len() as u64)),
            ));
            Ok(())
        };
        add("INSTALLER", b"ferropy\n")?;
        if let Some(url) = direct_url {
            let text = serde_json::to_vec(url).unwrap_or_default();
            add("direct_url.json", &text)?;
        }
        let record = format!("{}/RECORD", self.dist_info);
        rows.push((record.clone(), None));
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        write_file(
            &stage.path().join(Part::Site.stage()).join(record),
            &record::write(&rows),
        )?;
        let moves: Vec<(PathBuf, &Path)> = Part::ALL
            .iter()
            .map(|p| (stage.path().join(p.stage()), scheme.get(*p)))
            .filter(|(from, _)| from.exists())
            .collect();
        for (from, to) in &moves {
            self.check_free(from, to, to)?;
        }
        for (from, to) in &moves {
            merge(from, to)?;
        }
        Ok(rows.into_iter().map(|(path, _)| path).collect())
    }

    /// The part of the scheme that an entry belongs to, and its path there.
    fn place<'a>(&self, path: &'a str) -> Result<(Part, &'a str), Error> {
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
                    wheel: self.label(),
                    why: format!("{path} is for an unknown place «{key}»"),
                });
            }
        };
        Ok((part, inner))
    }

    /// Writes one entry while checking its hash and that it is no longer than declared.
    fn unpack(&mut self, entry: &Entry, to: &Path) -> Result<Digested, Error> {
        let wheel = self.label();
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
        }
        let mut source = self
            .zip
            .by_index(entry.index)
            .map_err(|e| zip_error(&wheel, &e))?
            // One byte more than declared shows a lying header.
            .take(entry.size + 1);
        let mut file = File::create_new(to).map_err(Error::io("create", to))?;
        let mut hash = Sha256::new();
        let mut size = 0;
        let mut buffer = vec![0; 1 << 16];
        loop {
            let n = match source.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(zip_error(&wheel, &format!("{}: {e}", entry.path))),
            };
            size += n as u64;
            hash.update(&buffer[..n]);
            file.write_all(&buffer[..n])
                .map_err(Error::io("write", to))?;
        }
        if size != entry.size {
            return Err(zip_error(
                &wheel,
                &format!("{} unpacks to another size than it declares", entry.path),
            ));
        }
        let digest: [u8; 32] = hash.finalize().into();
        match self.record.get(&entry.path) {
            Some(Expected::Sha256(expected)) if *expected == digest => Ok((digest, size)),
            _ => Err(Error::Hash {
                wheel,
                entry: entry.path.clone(),
            }),
        }
    }

    /// Fails when a file of the stage is already there.
    fn check_free(&self, from: &Path, to: &Path, root: &Path) -> Result<(), Error> {
        for entry in fs::read_dir(from).map_err(Error::io("read", from))? {
            let entry = entry.map_err(Error::io("read", from))?;
            let (from, to) = (entry.path(), to.join(entry.file_name()));
            if !to.exists() {
                continue;
            }
            if from.is_dir() && to.is_dir() {
                self.check_free(&from, &to, root)?;
            } else {
                return Err(Error::Conflict {
                    wheel: self.label(),
                    path: to.strip_prefix(root).unwrap_or(&to).display().to_string(),
                });
            }
        }
        Ok(())
    }
}

/// A file's path as RECORD lists it: relative to the site folder.
fn listed(scheme: &Scheme, part: Part, inner: &str) -> String {
    if part == Part::Site {
        return inner.to_owned();
    }
    let full = scheme.get(part).join(inner);
    if let Ok(below) = full.strip_prefix(&scheme.site) {
        return below.display().to_string();
    }
    match scheme
        .site
        .parent()
        .and_then(|up| full.strip_prefix(up).ok())
    {
        Some(beside) => format!("../{}", beside.display()),
        None => full.display().to_string(),
    }
}

fn write_file(to: &Path, text: &[u8]) -> Result<(), Error> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
    }
    fs::write(to, text).map_err(Error::io("write", to))
}

/// Moves a tree; a folder that exists already (a namespace package) is merged.
fn merge(from: &Path, to: &Path) -> Result<(), Error> {
    fs::create_dir_all(to).map_err(Error::io("create", to))?;
    for entry in fs::read_dir(from).map_err(Error::io("read", from))? {
        let entry = entry.map_err(Error::io("read", from))?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if to.is_dir() {
            merge(&from, &to)?;
        } else {
            fs::rename(&from, &to).map_err(Error::io("move into place", &to))?;
        }
    }
    Ok(())
}
