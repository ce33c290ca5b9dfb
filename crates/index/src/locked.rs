//! For lock files: resolving with the wheels fetched, and using wheels that were locked.
//!
//! Knows no lock file's format; the caller brings addresses and hashes.

use std::path::PathBuf;

use cache::Cache;
use pep508_rs::VersionOrUrl;
use progress::Progress;
use resolver::{Candidate, File, Pick, Problem};
use url::Url;
use wheel::{Requirement, WheelName};

use crate::Error;
use crate::config::{redact, take_login};
use crate::environment::{Options, Wanted, indexes, install, needs_index};
use crate::store::{Store, hash_file, local};
use crate::target::ours;

/// A picked package with its wheel on this machine.
#[derive(Clone, Debug)]
pub struct Ready {
    /// What was picked.
    pub pick: Pick,
    /// Where it is in the index.
    pub file: File,
    /// Where it is on this machine.
    pub path: PathBuf,
    /// Its hash, computed from the bytes.
    pub sha256: String,
}

/// Resolves `wanted` by the rules in `problem` and downloads the wheels; sorted by name.
///
/// [`Problem::requirements`] and [`Problem::indexes`] are filled in here. Nothing is built.
pub fn gather(
    cache: &Cache,
    progress: &Progress,
    wanted: &[Wanted],
    mut problem: Problem,
    options: &Options,
) -> Result<Vec<Ready>, Error> {
    let indexes = indexes(cache, options, needs_index(wanted))?;
    problem.indexes = indexes.iter().map(|i| i.url.to_string()).collect();
    let target = problem.target.clone();
    let store = Store::new(cache, progress, indexes, &target, None, options.refresh);
    problem.requirements = wanted
        .iter()
        .map(|item| store.requirement(item))
        .collect::<Result<_, _>>()?;
    let resolution = store.solve(problem)?;
    let (picks, candidates): (Vec<Pick>, Vec<Candidate>) = resolution
        .picks
        .into_iter()
        .filter_map(|pick| Some((pick.clone(), pick.candidate?)))
        .unzip();
    let wheels = store.wheels(&candidates)?;
    Ok(picks
        .into_iter()
        .zip(candidates)
        .zip(wheels)
        .map(|((pick, candidate), (path, sha256))| Ready {
            pick,
            file: candidate.file,
            path,
            sha256,
        })
        .collect())
}

/// Downloads files whose hashes are known, and returns where they are.
pub fn fetch(
    cache: &Cache,
    progress: &Progress,
    files: &[File],
    options: &Options,
) -> Result<Vec<PathBuf>, Error> {
    let candidates = files.iter().map(locked).collect::<Result<Vec<_>, _>>()?;
    let indexes = indexes(cache, options, false)?;
    let store = Store::new(cache, progress, indexes, ours(), None, false);
    let wheels = store.wheels(&candidates)?;
    Ok(wheels.into_iter().map(|(path, _)| path).collect())
}

/// Makes or finds the environment of exactly these wheels; returns its `site-packages`.
pub fn locked_environment(
    cache: &Cache,
    progress: &Progress,
    files: &[File],
    options: &Options,
) -> Result<PathBuf, Error> {
    let candidates = files.iter().map(locked).collect::<Result<Vec<_>, _>>()?;
    for candidate in &candidates {
        let name: WheelName = candidate.file.name.parse().map_err(wheel::Error::from)?;
        ours().tags.check(&name).map_err(wheel::Error::from)?;
    }
    let indexes = indexes(cache, options, false)?;
    let store = Store::new(cache, progress, indexes, ours(), None, false);
    install(cache, progress, &store, &candidates)
}

/// A file as something to download; one on this machine is compared with its hash at once.
fn locked(file: &File) -> Result<Candidate, Error> {
    if let (Some(path), Some(expected)) = (local(&file.url), &file.sha256) {
        let actual = hash_file(&path)?;
        if actual != *expected {
            return Err(Error::Hash {
                url: redact(file.url.as_str()),
                expected: expected.clone(),
                actual,
            });
        }
    }
    Ok(Candidate {
        // Not looked at: what is locked is not compared with other versions.
        version: pep508_rs::pep440_rs::Version::new([0]),
        file: file.clone(),
        source: false,
        direct: false,
    })
}

impl Wanted {
    /// The requirement as a lock file tells it: the same on every machine, without logins.
    pub fn locked_text(&self) -> Result<String, Error> {
        let plain = |url: &Url| {
            let mut url = File::at(url.clone()).url;
            take_login(&mut url);
            url
        };
        match self {
            Self::Named(requirement) => match &requirement.version_or_url {
                Some(VersionOrUrl::Url(url)) if local(url).is_none() => Ok(Requirement {
                    version_or_url: Some(VersionOrUrl::Url(plain(url))),
                    ..(**requirement).clone()
                }
                .to_string()),
                Some(VersionOrUrl::Url(url)) => Self::Wheel(url.clone()).locked_text(),
                _ => Ok(requirement.to_string()),
            },
            Self::Wheel(url) => {
                let url = plain(url);
                let name: WheelName = File::at(url.clone())
                    .name
                    .parse()
                    .map_err(wheel::Error::from)?;
                Ok(match local(&url) {
                    Some(_) => format!("{}=={}", name.name, name.version),
                    None => format!("{} @ {url}", name.name),
                })
            }
        }
    }
}

impl Store<'_> {
    /// What `item` means to a resolver.
    pub(crate) fn requirement(&self, item: &Wanted) -> Result<Requirement, Error> {
        match item {
            Wanted::Named(requirement) => match &requirement.version_or_url {
                // A local file is hashed, and a login belongs to its index.
                Some(VersionOrUrl::Url(url)) => {
                    let direct = self.direct(url)?;
                    Ok(Requirement {
                        version_or_url: direct.version_or_url,
                        ..(**requirement).clone()
                    })
                }
                _ => Ok((**requirement).clone()),
            },
            Wanted::Wheel(url) => self.direct(url),
        }
    }
}
