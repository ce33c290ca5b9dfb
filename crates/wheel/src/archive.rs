//! Opening a wheel and checking everything that can be checked before unpacking.
//!
//! After [`Archive::open`] every entry has a safe, unique path, the sizes are within
//! the limits, `METADATA`, `WHEEL` and `RECORD` were understood, and RECORD lists
//! every file. Content hashes are checked while unpacking, when the bytes are read anyway.

use std::collections::{BTreeSet, HashSet};
use std::io::{Read, Seek};
use std::str::FromStr;

use pep508_rs::PackageName;

use crate::container::{Container, Entry, Limits};
use crate::metadata::Project;
use crate::record::{self, Digested, Expected, Record};
use crate::{Error, WheelInfo, WheelName};

/// Real METADATA files with a long README stay far below this.
const MOST_METADATA: u64 = 64 << 20;

/// An opened wheel that passed every check which needs no unpacking.
#[derive(Debug)]
pub struct Archive<R> {
    pub(crate) container: Container<R>,
    pub(crate) dist_info: String,
    pub(crate) record: Record,
    name: WheelName,
    project: Project,
    metadata_text: Vec<u8>,
    info: WheelInfo,
}

impl<R: Read + Seek> Archive<R> {
    /// Reads and checks a wheel with the given file name.
    pub fn new(name: WheelName, reader: R, limits: Limits) -> Result<Self, Error> {
        let container = Container::open(name.file(), reader, limits)?;
        Self::of(container, Some(name))
    }

    /// Reads and checks a wheel whose file name is not known; it is put together from what stands inside.
    pub fn unnamed(label: &str, reader: R, limits: Limits) -> Result<Self, Error> {
        Self::of(Container::open(label, reader, limits)?, None)
    }

    fn of(mut container: Container<R>, name: Option<WheelName>) -> Result<Self, Error> {
        let label = container.label().to_owned();
        let invalid = |why: String| Error::Invalid {
            wheel: label.clone(),
            why,
        };
        let dist_info = find_dist_info(container.entries()).map_err(invalid)?;
        let mut read = |file: &str| -> Result<Vec<u8>, Error> {
            let path = format!("{dist_info}/{file}");
            let entry = container
                .find(&path)
                .cloned()
                .ok_or_else(|| invalid(format!("it has no {path}")))?;
            container.read(&entry, MOST_METADATA)
        };
        let metadata_text = read("METADATA")?;
        let project = Project::parse(&metadata_text).map_err(invalid)?;
        let info = WheelInfo::parse(&read("WHEEL")?).map_err(invalid)?;
        let record = record::parse(&read("RECORD")?).map_err(invalid)?;
        let name = match name {
            Some(name) => name,
            None => stated_name(&project, &info).map_err(invalid)?,
        };
        if !belongs(&dist_info, &name) {
            return Err(invalid(format!(
                "its folder {dist_info} belongs to another project"
            )));
        }
        if project.name != name.name || !same_version(&project, &name) {
            return Err(invalid(format!(
                "its name says {} {}, its METADATA {} {}",
                name.name, name.version, project.name, project.version
            )));
        }
        check_record(&dist_info, container.entries(), &record).map_err(invalid)?;
        Ok(Self {
            container,
            dist_info,
            record,
            name,
            project,
            metadata_text,
            info,
        })
    }

    /// Unpacks an entry piece by piece. When `checked`, its content must be what RECORD says.
    pub fn unpack(
        &mut self,
        entry: &Entry,
        checked: bool,
        sink: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<Option<Digested>, Error> {
        let checked = checked && !unhashed(&self.dist_info, &entry.path);
        let found = self.container.unpack(entry, checked, sink)?;
        match (found, self.record.get(&entry.path)) {
            (None, _) => Ok(None),
            (Some((digest, size)), Some(Expected::Sha256(expected))) if *expected == digest => {
                Ok(Some((digest, size)))
            }
            _ => Err(Error::Hash {
                wheel: self.container.label().to_owned(),
                entry: entry.path.clone(),
            }),
        }
    }

    /// Its zip archive.
    pub fn container(&mut self) -> &mut Container<R> {
        &mut self.container
    }

    /// The paths of its files.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.container
            .entries()
            .iter()
            .map(|entry| entry.path.as_str())
    }

    /// The parsed file name.
    #[must_use]
    pub fn name(&self) -> &WheelName {
        &self.name
    }

    /// What the wheel's `METADATA` says of the project.
    #[must_use]
    pub fn project(&self) -> &Project {
        &self.project
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
}

/// A wheel's file name, from its metadata.
fn stated_name(metadata: &Project, info: &WheelInfo) -> Result<WheelName, String> {
    let tag = info.tags.first().ok_or("its WHEEL states no Tag")?;
    let project = metadata.name.as_ref().replace('-', "_");
    let version = metadata.version.to_string().replace('+', "_");
    let name = WheelName::from_str(&format!("{project}-{version}-{tag}.whl"));
    let mut name = name.map_err(|e| format!("its WHEEL states the tag «{tag}»: {e}"))?;
    // Every tag that it states, and not only the first.
    for tag in &info.tags[1..] {
        if let [python, abi, platform] = tag.split('-').collect::<Vec<_>>()[..] {
            for (all, one) in [
                (&mut name.pythons, python),
                (&mut name.abis, abi),
                (&mut name.platforms, platform),
            ] {
                if !all.iter().any(|known| known == one) {
                    all.push(one.to_owned());
                }
            }
        }
    }
    Ok(name)
}

pub(crate) fn same_version(metadata: &Project, name: &WheelName) -> bool {
    // A file name may leave the local part out.
    metadata.version == name.version
        || metadata.version.clone().without_local() == name.version.clone().without_local()
}

/// The `NAME-VERSION.dist-info` folder; there is exactly one.
pub(crate) fn find_dist_info(entries: &[Entry]) -> Result<String, String> {
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
        [one] => Ok(one.to_owned()),
        _ => Err(format!(
            "it has {} .dist-info folders: {}",
            folders.len(),
            folders.join(", ")
        )),
    }
}

/// Whether the folder is that of the wheel's project.
pub(crate) fn belongs(dist_info: &str, name: &WheelName) -> bool {
    let stem = dist_info.trim_end_matches(".dist-info");
    let project = stem.split_once('-').map_or(stem, |(project, _)| project);
    PackageName::from_str(project).is_ok_and(|project| project == name.name)
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
