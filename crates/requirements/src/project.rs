//! `pyproject.toml`: dependencies, extras and dependency groups.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};
use pep508_rs::{ExtraName, PackageName};
use serde::Deserialize;
use wheel::parse_requirement;

use crate::Error;

/// What a `pyproject.toml` says of dependencies.
#[derive(Debug)]
pub struct Project {
    path: PathBuf,
    table: Option<Table>,
    groups: BTreeMap<ExtraName, Vec<Entry>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct File {
    project: Option<Table>,
    #[serde(default)]
    dependency_groups: BTreeMap<String, Vec<Entry>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Table {
    name: String,
    requires_python: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
    #[serde(default)]
    optional_dependencies: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    dynamic: Vec<String>,
}

/// A member of a dependency group (PEP 735).
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Entry {
    Requirement(String),
    Include {
        #[serde(rename = "include-group")]
        group: String,
    },
}

impl Project {
    /// Reads `pyproject.toml`, or the one in a folder.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let path = if path.is_dir() {
            path.join("pyproject.toml")
        } else {
            path.to_owned()
        };
        let text = std::fs::read_to_string(&path).map_err(|source| Error::Read {
            path: path.clone(),
            source,
        })?;
        let file: File = toml::from_str(&text).map_err(|e| Error::Wrong {
            path: path.clone(),
            place: String::new(),
            why: format!("it cannot be read\n{}", e.to_string().trim_end()),
            fix: "correct the TOML at the place that is shown".to_owned(),
        })?;
        let mut out = Self {
            path,
            table: file.project,
            groups: BTreeMap::new(),
        };
        for (name, entries) in file.dependency_groups {
            let key = out.name("[dependency-groups]", &name)?;
            if out.groups.insert(key.clone(), entries).is_some() {
                return Err(out.wrong(
                    "[dependency-groups]",
                    format!("two groups are called {key}, apart from case and dashes"),
                    "rename one of them",
                ));
            }
        }
        Ok(out)
    }

    fn wrong(&self, place: &str, why: String, fix: &str) -> Error {
        Error::Wrong {
            path: self.path.clone(),
            place: format!(", {place}"),
            why,
            fix: fix.to_owned(),
        }
    }

    fn name(&self, place: &str, text: &str) -> Result<ExtraName, Error> {
        ExtraName::from_str(text).map_err(|e| {
            self.wrong(
                place,
                e.to_string(),
                "letters, digits, and between them - _ . may be in a name",
            )
        })
    }

    /// The requirements of the project itself, with these extras and groups.
    ///
    /// # Errors
    /// Names that it does not have, groups that include each other, and what is dynamic.
    pub fn requirements(
        &self,
        extras: &[String],
        groups: &[String],
        python: &Version,
    ) -> Result<Vec<String>, Error> {
        let mut out = Vec::new();
        match &self.table {
            Some(table) => self.project(table, extras, python, &mut out)?,
            None if groups.is_empty() || !extras.is_empty() => {
                return Err(self.wrong(
                    "[project]",
                    "there is no such table, so the project asks for nothing".to_owned(),
                    "add one with `dependencies`, or name a dependency group with --group",
                ));
            }
            None => {}
        }
        for group in groups {
            let group = self.name("--group", group)?;
            self.group(&group, &mut Vec::new(), &mut out)?;
        }
        Ok(out)
    }

    fn project(
        &self,
        table: &Table,
        extras: &[String],
        python: &Version,
        out: &mut Vec<String>,
    ) -> Result<(), Error> {
        if let Some(wants) = &table.requires_python {
            let specifiers = VersionSpecifiers::from_str(wants).map_err(|e| {
                self.wrong(
                    "project.requires-python",
                    e.to_string(),
                    "write a range such as >=3.12",
                )
            })?;
            if !specifiers.contains(python) {
                return Err(self.wrong(
                    "project.requires-python",
                    format!("it wants Python {wants}, and this is {python}"),
                    "widen the range, or use a ferropy with that Python",
                ));
            }
        }
        for key in ["dependencies", "optional-dependencies"] {
            if table.dynamic.iter().any(|d| d == key) {
                return Err(self.wrong(
                    "project.dynamic",
                    format!("`{key}` are computed by the project's build, which is not run here"),
                    "build its wheel with `pip wheel` and lock that",
                ));
            }
        }
        out.extend(table.dependencies.iter().cloned());
        let mut known: BTreeMap<ExtraName, &Vec<String>> = BTreeMap::new();
        for (name, requirements) in &table.optional_dependencies {
            let place = "project.optional-dependencies";
            known.insert(self.name(place, name)?, requirements);
        }
        let itself = PackageName::from_str(&table.name).ok();
        let mut waiting = Vec::new();
        for extra in extras {
            waiting.push(self.name("--extra", extra)?);
        }
        let mut seen = BTreeSet::new();
        while let Some(extra) = waiting.pop() {
            if !seen.insert(extra.clone()) {
                continue;
            }
            let requirements = known.get(&extra).ok_or_else(|| {
                let names: Vec<&str> = known.keys().map(AsRef::as_ref).collect();
                self.wrong(
                    "project.optional-dependencies",
                    format!("there is no extra «{extra}»"),
                    &format!("it has: {}", names.join(", ")),
                )
            })?;
            for text in *requirements {
                // An extra may name others of its own project.
                match parse_requirement(text) {
                    Ok(own) if Some(&own.name) == itself.as_ref() => waiting.extend(own.extras),
                    _ => out.push(text.clone()),
                }
            }
        }
        Ok(())
    }

    fn group(
        &self,
        name: &ExtraName,
        path: &mut Vec<ExtraName>,
        out: &mut Vec<String>,
    ) -> Result<(), Error> {
        let place = "[dependency-groups]";
        if path.contains(name) {
            let all: Vec<&str> = path.iter().chain([name]).map(AsRef::as_ref).collect();
            return Err(self.wrong(
                place,
                format!("groups include each other: {}", all.join(" → ")),
                "remove one of the includes",
            ));
        }
        let entries = self.groups.get(name).ok_or_else(|| {
            let names: Vec<&str> = self.groups.keys().map(AsRef::as_ref).collect();
            self.wrong(
                place,
                format!("there is no group «{name}»"),
                &format!("it has: {}", names.join(", ")),
            )
        })?;
        path.push(name.clone());
        for entry in entries {
            match entry {
                Entry::Requirement(text) => {
                    if !out.contains(text) {
                        out.push(text.clone());
                    }
                }
                Entry::Include { group } => {
                    let group = self.name(place, group)?;
                    self.group(&group, path, out)?;
                }
            }
        }
        path.pop();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        [project]
        name = "My_App"
        requires-python = ">=3.12"
        dependencies = ["rich>=13"]
        [project.optional-dependencies]
        CLI = ["click"]
        all = ["my-app[cli]", "six", "my.app[all]"]
        [dependency-groups]
        Test = ["pytest", {include-group = "lint"}]
        lint = ["ruff", "pytest"]
        a = [{include-group = "b"}]
        b = [{include-group = "a"}]
    "#;

    fn ask(text: &str, extras: &[&str], groups: &[&str]) -> Result<String, Error> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("pyproject.toml"), text).unwrap();
        let own = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        Project::read(dir.path())?
            .requirements(&own(extras), &own(groups), &Version::new([3, 15, 0]))
            .map(|all| all.join(" "))
    }

    #[test]
    fn dependencies_extras_and_groups() {
        assert_eq!(ask(TEXT, &[], &[]).unwrap(), "rich>=13");
        assert_eq!(ask(TEXT, &["all"], &[]).unwrap(), "rich>=13 six click");
        assert_eq!(
            ask(TEXT, &["cli"], &["test"]).unwrap(),
            "rich>=13 click pytest ruff"
        );
        let only_groups = "[dependency-groups]\ndev = ['x']";
        assert_eq!(ask(only_groups, &[], &["dev"]).unwrap(), "x");
    }

    #[test]
    fn mistakes_are_named() {
        let own = |text: &str| format!("[project]\nname = 'x'\n{text}");
        for (text, extras, groups, part) in [
            (TEXT.to_owned(), &["no"][..], &[][..], "no extra «no»"),
            (TEXT.to_owned(), &[], &["no"], "no group «no»"),
            (TEXT.to_owned(), &[], &["a"], "a → b → a"),
            (own("dynamic = ['dependencies']"), &[], &[], "build"),
            (own("requires-python = '<3'"), &[], &[], "wants Python <3"),
            (own("dependencies = 'six'"), &[], &[], "line 3"),
            (String::new(), &[], &[], "[project]"),
            (
                "[dependency-groups]\na-b = []\na_b = []".to_owned(),
                &[],
                &["a-b"],
                "two groups",
            ),
        ] {
            let error = ask(&text, extras, groups).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
