//! From the files of one project to the one wheel that would be installed.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::str::FromStr;

use pep440_rs::{Operator, Version, VersionSpecifiers};
use pep508_rs::PackageName;
use wheel::WheelName;

use crate::page::File;
use crate::target::Target;

/// A wheel that can be installed.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Its parsed name.
    pub wheel: WheelName,
    /// Where it is.
    pub file: File,
    /// True when it was asked for by URL or path, not by name.
    pub direct: bool,
}

/// All that the indexes have of one project, sorted for picking.
#[derive(Debug)]
pub struct Project {
    name: PackageName,
    /// Newest first; only wheels whose tags and `Requires-Python` fit.
    fitting: Vec<Candidate>,
    /// Names and reasons of everything else.
    sdists: Vec<String>,
    /// Source archives that a wheel could be built from, newest first.
    sources: Vec<(Version, File)>,
    other_tags: Vec<WheelName>,
    other_python: Vec<(String, VersionSpecifiers)>,
    versions: BTreeSet<Version>,
}

impl Project {
    /// Sorts the files of all indexes; on equal terms an earlier file wins.
    #[must_use]
    pub fn new(name: PackageName, files: Vec<File>, target: &Target) -> Self {
        let mut out = Self {
            name,
            fitting: Vec::new(),
            sdists: Vec::new(),
            sources: Vec::new(),
            other_tags: Vec::new(),
            other_python: Vec::new(),
            versions: BTreeSet::new(),
        };
        let mut ranked = Vec::new();
        for file in files {
            if is_sdist(&file.name) {
                out.sdists.push(file.name.clone());
                let fits = file
                    .requires_python
                    .as_ref()
                    .is_none_or(|wants| wants.contains(&target.python));
                if let Some(version) = source_version(&file.name)
                    && fits
                    && file.yanked.is_none()
                {
                    out.sources.push((version, file));
                }
                continue;
            }
            // Names that are no wheels of this project (eggs, installers) are of no use.
            let Ok(wheel) = WheelName::from_str(&file.name) else {
                continue;
            };
            if wheel.name != out.name {
                continue;
            }
            out.versions.insert(wheel.version.clone());
            if let Some(wants) = file.requires_python.clone()
                && !wants.contains(&target.python)
            {
                out.other_python.push((file.name, wants));
                continue;
            }
            match target.tags.rank(&wheel) {
                Some(rank) => ranked.push((
                    rank,
                    Candidate {
                        wheel,
                        file,
                        direct: false,
                    },
                )),
                None => out.other_tags.push(wheel),
            }
        }
        ranked.sort_by(|(rank_a, a), (rank_b, b)| {
            b.wheel
                .version
                .cmp(&a.wheel.version)
                .then(rank_a.cmp(rank_b))
                .then(b.wheel.build.cmp(&a.wheel.build))
        });
        out.sources.sort_by(|a, b| b.0.cmp(&a.0));
        out.fitting = ranked.into_iter().map(|(_, c)| c).collect();
        out
    }

    /// The newest wheel that all the specifiers allow.
    ///
    /// As pip has it: pre-releases count only when a specifier names one or nothing
    /// else is left, and yanked files only when an exact version was asked for.
    #[must_use]
    pub fn pick(&self, all: &[VersionSpecifiers]) -> Option<&Candidate> {
        let pinned = all
            .iter()
            .flat_map(|s| s.iter())
            .any(|s| matches!(s.operator(), Operator::Equal | Operator::ExactEqual));
        let pre = all
            .iter()
            .flat_map(|s| s.iter())
            .any(pep440_rs::VersionSpecifier::any_prerelease);
        let mut allowed = self
            .fitting
            .iter()
            .filter(|c| pinned || c.file.yanked.is_none())
            .filter(|c| all.iter().all(|s| s.contains(&c.wheel.version)));
        let first = allowed.next()?;
        if pre || !first.wheel.version.any_prerelease() {
            return Some(first);
        }
        allowed
            .find(|c| !c.wheel.version.any_prerelease())
            .or(Some(first))
    }

    /// The newest source archive that all the specifiers allow, for when there is no wheel.
    #[must_use]
    pub fn source(&self, all: &[VersionSpecifiers]) -> Option<&File> {
        let pre = all
            .iter()
            .flat_map(|s| s.iter())
            .any(pep440_rs::VersionSpecifier::any_prerelease);
        self.sources
            .iter()
            .filter(|(version, _)| pre || !version.any_prerelease())
            .find(|(version, _)| all.iter().all(|s| s.contains(version)))
            .map(|(_, file)| file)
    }

    /// Why [`Project::pick`] found nothing: the reasons, one a line, and what to do.
    #[must_use]
    pub fn explain(&self, all: &[VersionSpecifiers], target: &Target) -> (String, String) {
        let mut text = String::new();
        let mut hint = "ask for another version of it, or for another package".to_owned();
        let allows = |v: &Version| all.iter().all(|s| s.contains(v));
        if !self.versions.iter().any(&allows) && !self.versions.is_empty() {
            let newest: Vec<String> = self
                .versions
                .iter()
                .rev()
                .take(8)
                .map(ToString::to_string)
                .collect();
            line(&mut text, "versions with wheels", &newest.join(", "));
        }
        let yanked: Vec<&str> = self
            .fitting
            .iter()
            .filter(|c| allows(&c.wheel.version) && c.file.yanked.is_some())
            .map(|c| c.file.name.as_str())
            .collect();
        if !yanked.is_empty() {
            line(&mut text, "yanked by its authors", &some(&yanked));
            hint =
                "yanked files are taken only when their exact version is asked for (NAME==VERSION)"
                    .into();
        }
        let python: Vec<String> = self
            .other_python
            .iter()
            .map(|(file, wants)| format!("{file} ({wants})"))
            .collect();
        if !python.is_empty() {
            let what = format!("for another Python than {}", target.python);
            line(&mut text, &what, &some(&python));
        }
        let other: Vec<&WheelName> = self
            .other_tags
            .iter()
            .filter(|w| allows(&w.version))
            .collect();
        if let Some(newest) = other.iter().map(|w| &w.version).max() {
            let mut tags: Vec<String> = other
                .iter()
                .filter(|w| w.version == *newest)
                .map(|w| w.tag())
                .collect();
            // Those for another WebAssembly ABI tell most.
            tags.sort_by_key(|tag| !tag.contains("wasm32"));
            let what = format!("tags of the wheels of {newest}");
            line(&mut text, &what, &some(&tags));
            line(&mut text, "our tags", &target.tags.summary());
            hint = format!(
                "its compiled parts were not built for WebAssembly: a wheel tagged {} or a pure-Python one is needed",
                target.tags.iter().next().unwrap_or_default()
            );
        }
        if !self.sdists.is_empty() {
            let only = if self.versions.is_empty() {
                "only source archives"
            } else {
                "source archives"
            };
            let newest: Vec<&String> = self.sdists.iter().rev().take(3).collect();
            let names: Vec<&str> = newest.into_iter().map(String::as_str).collect();
            line(&mut text, only, &some(&names));
            if self.versions.is_empty() {
                hint = "a wheel could not be made of its source archive here: build one elsewhere (`pip wheel NAME` for a pure-Python project) and pass that with --with PATH".into();
            }
        }
        if text.is_empty() {
            line(&mut text, "files", "none");
        }
        (text.trim_end().to_owned(), hint)
    }

    /// True when other constraints would allow a wheel that fits.
    #[must_use]
    pub fn has_fitting(&self) -> bool {
        !self.fitting.is_empty()
    }
}

fn line(text: &mut String, what: &str, items: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "  {what}: {items}");
}

/// The first few of a list, and how many more there are.
fn some<T: AsRef<str>>(items: &[T]) -> String {
    const SHOWN: usize = 4;
    let shown: Vec<&str> = items.iter().take(SHOWN).map(AsRef::as_ref).collect();
    let more = items.len().saturating_sub(SHOWN);
    if more == 0 {
        shown.join(", ")
    } else {
        format!("{}, and {more} more", shown.join(", "))
    }
}

/// The version in `NAME-VERSION.tar.gz`, the one form that PEP 625 allows.
fn source_version(name: &str) -> Option<Version> {
    let (_, version) = name.strip_suffix(".tar.gz")?.rsplit_once('-')?;
    Version::from_str(version).ok()
}

fn is_sdist(name: &str) -> bool {
    [".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz"]
        .iter()
        .any(|ext| name.ends_with(ext))
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn project(files: &[&str]) -> Project {
        let files = files
            .iter()
            .map(|text| {
                let mut parts = text.split('|');
                let name = parts.next().unwrap();
                let mut file = File {
                    name: name.to_owned(),
                    url: Url::parse("http://i.test/").unwrap().join(name).unwrap(),
                    sha256: None,
                    requires_python: None,
                    yanked: None,
                    metadata: None,
                    size: None,
                };
                for part in parts {
                    match part.strip_prefix("py") {
                        Some(spec) => file.requires_python = spec.parse().ok(),
                        None => file.yanked = Some(part.to_owned()),
                    }
                }
                file
            })
            .collect();
        Project::new("demo".parse().unwrap(), files, &Target::ours())
    }

    fn pick(files: &[&str], spec: &str) -> Option<String> {
        let spec: VersionSpecifiers = spec.parse().unwrap();
        project(files).pick(&[spec]).map(|c| c.file.name.clone())
    }

    #[test]
    fn newest_that_fits() {
        let platform = &pins::pins().abi.platform;
        let native = format!("demo-2-cp315-cp315-{platform}.whl");
        let files = [
            "demo-1-py3-none-any.whl",
            "demo-2-py3-none-any.whl",
            &native,
            "demo-3-cp315-cp315-win_amd64.whl",
            "demo-4.tar.gz",
            "demo-5-py3-none-any.whl|py<3.15",
        ];
        assert_eq!(pick(&files, ""), Some(native.clone()));
        assert_eq!(pick(&files, "<2"), Some(files[0].to_owned()));
        assert_eq!(pick(&files, ">=3"), None);
    }

    #[test]
    fn prereleases_and_yanked() {
        let files = ["demo-1-py3-none-any.whl", "demo-2rc1-py3-none-any.whl"];
        assert_eq!(pick(&files, ""), Some(files[0].to_owned()));
        assert_eq!(pick(&files, ">=2rc1"), Some(files[1].to_owned()));
        assert_eq!(pick(&files[1..], ""), Some(files[1].to_owned()));
        let files = ["demo-1-py3-none-any.whl", "demo-2-py3-none-any.whl|oops"];
        assert_eq!(pick(&files, ""), Some(files[0].to_owned()));
        assert_eq!(
            pick(&files, "==2"),
            Some("demo-2-py3-none-any.whl".to_owned())
        );
        assert_eq!(pick(&files, ">=2"), None);
    }

    #[test]
    fn higher_build_wins() {
        let files = [
            "demo-1-1-py3-none-any.whl",
            "demo-1-2-py3-none-any.whl",
            "demo-1-py3-none-any.whl",
        ];
        assert_eq!(pick(&files, ""), Some(files[1].to_owned()));
    }

    #[test]
    fn explains_each_kind_of_failure() {
        let target = Target::ours();
        let say = |files: &[&str], spec: &str| {
            let (text, hint) = project(files).explain(&[spec.parse().unwrap()], &target);
            format!("{text}\n{hint}")
        };
        let sdist = say(&["demo-1.tar.gz"], "");
        assert!(
            sdist.contains("only source archives: demo-1.tar.gz"),
            "{sdist}"
        );
        assert!(
            sdist.contains("could not be made of its source archive"),
            "{sdist}"
        );
        let native = say(&["demo-1-cp315-cp315-win_amd64.whl"], "");
        assert!(
            native.contains("cp315-cp315-win_amd64") && native.contains("our tags"),
            "{native}"
        );
        let python = say(&["demo-1-py3-none-any.whl|py<3"], "");
        assert!(
            python.contains("for another Python") && python.contains("(<3)"),
            "{python}"
        );
        let yanked = say(&["demo-1-py3-none-any.whl|bad"], "");
        assert!(yanked.contains("yanked by its authors"), "{yanked}");
        let versions = say(&["demo-1-py3-none-any.whl"], ">2");
        assert!(versions.contains("versions with wheels: 1"), "{versions}");
    }
}
