//! Unpacking a wheel so that it appears all at once or not at all.
//!
//! Files go to a hidden folder beside their destination, every hash is checked
//! there, and only then are they renamed into place. Console-script wrappers are not
//! written: nothing on the host executes them, `python -m` does the same job.

use std::fs::{self, File};
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::archive::{Archive, unhashed};
use crate::container::{Entry, Limits};
use crate::layout::{DirectUrl, INSTALLER, Part, Scheme, listed};
use crate::record::{self, Digested};
use crate::{Error, WheelName};

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

impl Archive<BufReader<File>> {
    /// Opens `path`, whose last part must be the wheel's own file name.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::open_with(path, Limits::default())
    }

    /// Like [`Archive::open`] with limits of the caller's.
    pub fn open_with(path: &Path, limits: Limits) -> Result<Self, Error> {
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = WheelName::from_str(&file_name)?;
        let file = File::open(path).map_err(Error::io("open", path))?;
        Self::new(name, BufReader::new(file), limits)
    }

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
        for entry in self.container.entries().to_vec() {
            if unhashed(&self.dist_info, &entry.path) {
                continue;
            }
            let (part, inner) = self.place(&entry.path)?;
            let to = stage.path().join(part.stage()).join(inner);
            let digest = self.write_entry(&entry, &to)?;
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
        add("INSTALLER", INSTALLER)?;
        if let Some(url) = direct_url {
            add("direct_url.json", &url.text())?;
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

    /// Writes one entry while checking its hash and that it is as long as declared.
    fn write_entry(&mut self, entry: &Entry, to: &Path) -> Result<Digested, Error> {
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
        }
        let mut file = File::create_new(to).map_err(Error::io("create", to))?;
        let digest = self.unpack(entry, true, |bytes| {
            file.write_all(bytes).map_err(Error::io("write", to))
        })?;
        digest.ok_or_else(|| Error::Hash {
            wheel: self.container.label().to_owned(),
            entry: entry.path.clone(),
        })
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
                    wheel: self.container.label().to_owned(),
                    path: to.strip_prefix(root).unwrap_or(&to).display().to_string(),
                });
            }
        }
        Ok(())
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
