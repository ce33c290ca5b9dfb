//! All files of one project on one index, by version ([`Page`]), and what the pages of all
//! indexes say together ([`Project`]).
//!
//! A page keeps its files undecoded until a version is looked at: of thousands, a
//! resolution looks at one or two.

use std::cell::OnceCell;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use pep440_rs::Version;
use pep508_rs::PackageName;
use url::Url;
use wheel::WheelName;

use crate::page::{File, Listed, Listing};
use crate::target::Target;

/// A wheel that can be installed, or a source archive that may be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its version.
    pub version: Version,
    /// Where it is.
    pub file: File,
    /// True for a source archive.
    pub source: bool,
    /// True when it was asked for by URL, not by name.
    pub direct: bool,
}

/// A project's page on one index.
#[derive(Clone)]
pub struct Page {
    bytes: Arc<[u8]>,
    base: Url,
    /// Ascending; the place of a version's files in the bytes.
    releases: Vec<(Version, Range<usize>)>,
}

impl Page {
    /// A page of these files.
    ///
    /// Files that are neither wheels nor source archives of this project are left out.
    #[must_use]
    pub fn new(name: &PackageName, base: Url, files: Vec<File>) -> Self {
        let files = files.into_iter().map(Listed::from).collect();
        Self::listed(name, Listing { base, files })
    }

    /// Sorts the files of a page by version, and leaves out what [`Page::new`] does.
    #[must_use]
    pub fn listed(name: &PackageName, Listing { base, files }: Listing<'_>) -> Self {
        let mut by_version: Vec<(Version, usize)> = Vec::with_capacity(files.len());
        let mut last: Option<(&str, Version)> = None;
        for (at, file) in files.iter().enumerate() {
            let Some(part) = wheel_version(name, &file.name) else {
                by_version.extend(source_version(name, &file.name).map(|version| (version, at)));
                continue;
            };
            // As a rule the wheels of a version come together.
            let version = match last.take() {
                Some((known, version)) if known == part => version,
                _ => match wheel::parse_version(part).ok() {
                    Some(version) => version,
                    None => continue,
                },
            };
            by_version.push((version.clone(), at));
            last = Some((part, version));
        }
        by_version.sort();
        let mut blob = Vec::new();
        let mut releases: Vec<(Version, Range<usize>)> = Vec::new();
        for group in by_version.chunk_by(|(a, _), (b, _)| a == b) {
            let start = blob.len();
            let group_files: Vec<&Listed<'_>> = group.iter().map(|(_, at)| &files[*at]).collect();
            // Writing into memory what serde derives cannot fail.
            blob = postcard::to_extend(&group_files, blob).unwrap_or_default();
            releases.push((group[0].0.clone(), start..blob.len()));
        }
        let table = releases
            .iter()
            .map(|(v, place)| (v.to_string(), place.len()));
        let table: Vec<(String, usize)> = table.collect();
        let mut bytes = postcard::to_allocvec(&(base.as_str(), table)).unwrap_or_default();
        for (_, place) in &mut releases {
            *place = place.start + bytes.len()..place.end + bytes.len();
        }
        bytes.extend(blob);
        Self {
            bytes: bytes.into(),
            base,
            releases,
        }
    }

    /// The page as bytes, to be kept.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Takes back what [`Page::bytes`] gave; `None` if this is something else.
    ///
    /// The caller sees to it that not a byte has changed; this is no check of that.
    #[must_use]
    pub fn from_bytes(bytes: Arc<[u8]>) -> Option<Self> {
        type Head<'a> = (&'a str, Vec<(&'a str, usize)>);
        let ((base, table), rest): (Head<'_>, &[u8]) = postcard::take_from_bytes(&bytes).ok()?;
        let base = Url::parse(base).ok()?;
        let mut start = bytes.len() - rest.len();
        let mut releases = Vec::with_capacity(table.len());
        for (version, len) in table {
            let end = start.checked_add(len).filter(|end| *end <= bytes.len())?;
            releases.push((Version::from_str(version).ok()?, start..end));
            start = end;
        }
        Some(Self {
            bytes,
            base,
            releases,
        })
    }

    /// All files, by ascending version.
    pub fn files(&self) -> impl Iterator<Item = File> {
        let places = self.releases.iter().map(|(_, place)| place);
        places.flat_map(|place| self.at(place))
    }

    fn at(&self, place: &Range<usize>) -> Vec<File> {
        let listed: Vec<Listed<'_>> =
            postcard::from_bytes(&self.bytes[place.clone()]).unwrap_or_default();
        listed
            .into_iter()
            .filter_map(|f| f.read(&self.base))
            .collect()
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let versions = self.releases.iter().map(|(version, _)| version.to_string());
        f.debug_list().entries(versions).finish()
    }
}

/// What one version of a project offers to a target.
#[derive(Debug, Default)]
pub(crate) struct Offer {
    /// The best wheel that fits and is not yanked.
    pub(crate) wheel: Option<Candidate>,
    /// The best wheel that fits and is yanked.
    pub(crate) yanked: Option<Candidate>,
    /// A source archive that is not yanked.
    pub(crate) source: Option<Candidate>,
    /// Files for another Python than the target's, with what they want.
    pub(crate) other_python: Vec<(String, String)>,
    /// Wheels with other tags than the target's.
    pub(crate) other_tags: Vec<WheelName>,
}

/// A version with its files.
pub(crate) struct Release {
    pub(crate) version: Version,
    /// Page and place, in the order of the indexes.
    files: Vec<(usize, Range<usize>)>,
    offer: OnceCell<Offer>,
}

/// All that the indexes have of one project.
pub(crate) struct Project {
    pages: Vec<Page>,
    /// Ascending.
    pub(crate) releases: Vec<Release>,
}

impl Project {
    /// Puts the pages of several indexes together; on equal terms an earlier one wins.
    pub(crate) fn new(pages: Vec<Page>) -> Self {
        let mut releases: Vec<Release> = Vec::new();
        for (number, page) in pages.iter().enumerate() {
            for (version, place) in &page.releases {
                let files = (number, place.clone());
                match releases.binary_search_by(|r| r.version.cmp(version)) {
                    Ok(at) => releases[at].files.push(files),
                    Err(at) => releases.insert(
                        at,
                        Release {
                            version: version.clone(),
                            files: vec![files],
                            offer: OnceCell::new(),
                        },
                    ),
                }
            }
        }
        Self { pages, releases }
    }

    /// What a version offers; always asked with the same target.
    pub(crate) fn offer(&self, place: usize, target: &Target) -> &Offer {
        let release = &self.releases[place];
        release.offer.get_or_init(|| {
            let files = release.files.iter();
            let files = files.flat_map(|(page, place)| self.pages[*page].at(place));
            Offer::of(&release.version, files, target)
        })
    }
}

impl Offer {
    fn of(version: &Version, files: impl Iterator<Item = File>, target: &Target) -> Self {
        let mut out = Self::default();
        // (tags, build): the smaller rank first, then the higher build.
        let mut best = None;
        let mut best_yanked = None;
        for file in files {
            if let Some(wants) = &file.requires_python
                && !wants.contains(&target.python)
            {
                out.other_python.push((file.name, wants.to_string()));
                continue;
            }
            let candidate = |file, source| Candidate {
                version: version.clone(),
                file,
                source,
                direct: false,
            };
            let Ok(wheel) = WheelName::from_str(&file.name) else {
                let source = file.name.strip_suffix(".whl").is_none();
                if source && file.yanked.is_none() && out.source.is_none() {
                    out.source = Some(candidate(file, true));
                }
                continue;
            };
            let Some(rank) = target.tags.rank(&wheel) else {
                out.other_tags.push(wheel);
                continue;
            };
            let (best, slot) = match file.yanked {
                None => (&mut best, &mut out.wheel),
                Some(_) => (&mut best_yanked, &mut out.yanked),
            };
            let score = (std::cmp::Reverse(rank), wheel.build);
            if best.as_ref().is_none_or(|best| score > *best) {
                *best = Some(score);
                *slot = Some(candidate(file, false));
            }
        }
        out
    }
}

/// The version in the name of a wheel of this project, unread.
fn wheel_version<'a>(name: &PackageName, file: &'a str) -> Option<&'a str> {
    let stem = file.strip_suffix(".whl")?;
    if !(4..=5).contains(&stem.bytes().filter(|b| *b == b'-').count()) {
        return None;
    }
    let mut parts = stem.split('-');
    let (given, version) = (parts.next()?, parts.next()?);
    // As a rule it is written as it is normalised but for the dashes.
    let plain = given
        .bytes()
        .map(|b| if b == b'_' { b'-' } else { b })
        .eq(name.as_ref().bytes());
    let same = plain || PackageName::from_str(given).is_ok_and(|given| given == *name);
    same.then_some(version)
}

/// The version in `NAME-VERSION.tar.gz`; older forms are archives of other kinds.
fn source_version(name: &PackageName, file: &str) -> Option<Version> {
    let stem = [".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz"]
        .iter()
        .find_map(|ext| file.strip_suffix(ext))?;
    // Old names have dashes in them, and old versions too.
    stem.match_indices('-').find_map(|(at, _)| {
        let same = PackageName::from_str(&stem[..at]).is_ok_and(|given| given == *name);
        same.then(|| Version::from_str(&stem[at + 1..]).ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Url {
        Url::parse("http://i.test/").unwrap()
    }

    fn project(files: &[&str]) -> Project {
        let files = files.iter().map(|text| {
            let mut parts = text.split('|');
            let name = parts.next().unwrap();
            let mut file = File::at(base().join(name).unwrap());
            for part in parts {
                match part.strip_prefix("py") {
                    Some(spec) => file.requires_python = spec.parse().ok(),
                    None => file.yanked = Some(part.to_owned()),
                }
            }
            file
        });
        let page = Page::new(&"demo".parse().unwrap(), base(), files.collect());
        let again = Page::from_bytes(page.bytes().into()).unwrap();
        Project::new(vec![again])
    }

    fn target() -> Target {
        Target::emscripten("3.15.0", "9.9.1", &["plat_wasm32".to_owned()]).unwrap()
    }

    fn wheel(files: &[&str]) -> Option<String> {
        let project = project(files);
        assert_eq!(project.releases.len(), 1, "one version");
        let wheel = project.offer(0, &target()).wheel.clone();
        wheel.map(|c| c.file.name)
    }

    #[test]
    fn the_closest_tag_then_the_highest_build() {
        let pure = "demo-1-py3-none-any.whl";
        let native = "demo-1-cp315-cp315-plat_wasm32.whl";
        assert_eq!(wheel(&[pure, native]).as_deref(), Some(native));
        assert_eq!(wheel(&[native, pure]).as_deref(), Some(native));
        let builds = [
            "demo-1-1-py3-none-any.whl",
            "demo-1-10-py3-none-any.whl",
            "demo-1-2-py3-none-any.whl",
            pure,
        ];
        assert_eq!(wheel(&builds).as_deref(), Some(builds[1]));
    }

    #[test]
    fn sorts_what_does_not_fit() {
        let files = [
            "demo-1-cp315-cp315-win_amd64.whl",
            "demo-1-py3-none-any.whl|py<3.15",
            "demo-1-py2.py3-none-any.whl|broken",
            "demo-1.tar.gz",
            "demo-1-py3.9.egg",
            "other-1-py3-none-any.whl",
        ];
        let project = project(&files);
        let offer = project.offer(0, &target());
        assert!(offer.wheel.is_none());
        assert!(files[2].starts_with(&offer.yanked.as_ref().unwrap().file.name));
        assert!(offer.source.as_ref().unwrap().source);
        assert_eq!(offer.other_python[0].1, "<3.15");
        assert_eq!(offer.other_tags.len(), 1);
    }

    #[test]
    fn earlier_indexes_win_on_equal_terms() {
        let page = |host: &str| {
            let url = format!("http://{host}.test/demo-1-py3-none-any.whl");
            Page::new(
                &"demo".parse().unwrap(),
                base(),
                vec![File::at(Url::parse(&url).unwrap())],
            )
        };
        let project = Project::new(vec![page("a"), page("b")]);
        let wheel = project.offer(0, &target()).wheel.clone().unwrap();
        assert_eq!(wheel.file.url.host_str(), Some("a.test"));
    }

    #[test]
    fn versions_of_source_archives() {
        let version = |name: &str, file: &str| {
            source_version(&name.parse().unwrap(), file).map(|v| v.to_string())
        };
        assert_eq!(version("demo", "demo-1.0.tar.gz").as_deref(), Some("1.0"));
        assert_eq!(version("a-b", "A-b-1.0.zip").as_deref(), Some("1.0"));
        assert_eq!(
            version("a-b", "a_b-1.0-1.tar.gz").as_deref(),
            Some("1.0.post1")
        );
        assert_eq!(version("demo", "demo2-1.0.tar.gz"), None);
        assert_eq!(version("demo", "demo-1.0.exe"), None);
    }

    #[test]
    fn other_bytes_are_no_page() {
        assert!(Page::from_bytes([255; 40].as_slice().into()).is_none());
        let page = Page::new(
            &"demo".parse().unwrap(),
            base(),
            vec![File::at(Url::parse("http://i.test/demo-1.tar.gz").unwrap())],
        );
        assert!(Page::from_bytes(page.bytes()[..page.bytes().len() - 1].into()).is_none());
    }
}
