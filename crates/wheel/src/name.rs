//! Wheel file names: `name-version[-build]-python-abi-platform.whl` (PEP 427).
//!
//! Only the name is looked at here; the file does not have to exist.

use std::fmt;
use std::str::FromStr;

use pep440_rs::{Version, VersionParseError};
use pep508_rs::PackageName;

/// Why a file name is not that of a wheel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("«{file}» is not the name of a wheel: {why}")]
pub struct NameError {
    /// The name as given.
    pub file: String,
    /// What part of it is wrong.
    pub why: String,
}

/// A parsed wheel file name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WheelName {
    /// The distribution, normalised (PEP 503).
    pub name: PackageName,
    /// The distribution's version.
    pub version: Version,
    /// Build tag as (number, rest); an absent one sorts lowest.
    pub build: Option<(u64, String)>,
    /// Python tags, such as `cp315` or `py3`.
    pub pythons: Vec<String>,
    /// ABI tags, such as `cp315`, `abi3` or `none`.
    pub abis: Vec<String>,
    /// Platform tags, such as `any`.
    pub platforms: Vec<String>,
    file: String,
}

impl WheelName {
    /// The file name this was parsed from.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The compressed tag set as written in the name, such as `py2.py3-none-any`.
    #[must_use]
    pub fn tag(&self) -> String {
        format!(
            "{}-{}-{}",
            self.pythons.join("."),
            self.abis.join("."),
            self.platforms.join(".")
        )
    }
}

impl fmt::Display for WheelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)
    }
}

impl FromStr for WheelName {
    type Err = NameError;

    fn from_str(file: &str) -> Result<Self, NameError> {
        let bad = |why: &str| NameError {
            file: file.to_owned(),
            why: why.to_owned(),
        };
        let stem = file
            .strip_suffix(".whl")
            .ok_or_else(|| bad("it does not end in .whl"))?;
        let parts: Vec<&str> = stem.split('-').collect();
        let (name, version, build, tags) = match parts[..] {
            [name, version, py, abi, plat] => (name, version, None, [py, abi, plat]),
            [name, version, build, py, abi, plat] => (name, version, Some(build), [py, abi, plat]),
            _ => {
                return Err(bad(&format!(
                    "a wheel's name has 5 or 6 parts between dashes, this one {}",
                    parts.len()
                )));
            }
        };
        if name.is_empty() {
            return Err(bad("it does not begin with a project's name"));
        }
        let name = PackageName::from_str(name).map_err(|e| bad(&e.to_string()))?;
        let version = parse_version(version).map_err(|e| bad(&e.to_string()))?;
        let build = build.map(parse_build).transpose().map_err(bad)?;
        let set = |text: &str| -> Result<Vec<String>, NameError> {
            text.split('.')
                .map(|tag| {
                    let ok = !tag.is_empty()
                        && tag.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                    ok.then(|| tag.to_ascii_lowercase())
                        .ok_or_else(|| bad(&format!("«{tag}» is not a tag")))
                })
                .collect()
        };
        Ok(Self {
            name,
            version,
            build,
            pythons: set(tags[0])?,
            abis: set(tags[1])?,
            platforms: set(tags[2])?,
            file: file.to_owned(),
        })
    }
}

/// The version in a wheel's name, in which `_` may stand for what no file name should have.
///
/// # Errors
/// It is no version.
pub fn parse_version(text: &str) -> Result<Version, VersionParseError> {
    if !text.contains('_') {
        return Version::from_str(text);
    }
    Version::from_str(&text.replace('_', "+")).or_else(|_| Version::from_str(text))
}

fn parse_build(text: &str) -> Result<(u64, String), &'static str> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number = text[..digits]
        .parse()
        .map_err(|_| "its build tag does not start with a number")?;
    Ok((number, text[digits..].to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_part() {
        let w: WheelName = "Foo.Bar_baz-1.2.3rc1-7b-py2.py3-none-any.whl"
            .parse()
            .unwrap();
        assert_eq!(w.name.as_ref(), "foo-bar-baz");
        assert_eq!(w.version.to_string(), "1.2.3rc1");
        assert_eq!(w.build, Some((7, "b".into())));
        assert_eq!(w.pythons, ["py2", "py3"]);
        assert_eq!(w.tag(), "py2.py3-none-any");
        assert_eq!(w.file(), "Foo.Bar_baz-1.2.3rc1-7b-py2.py3-none-any.whl");
    }

    #[test]
    fn reads_local_versions_with_underscore() {
        let w: WheelName = "a-1.0_cpu.2-py3-none-any.whl".parse().unwrap();
        assert_eq!(w.version.to_string(), "1.0+cpu.2");
    }

    #[test]
    fn says_what_is_wrong() {
        for (file, part) in [
            ("foo-1.0.tar.gz", "does not end in .whl"),
            ("foo-1.0-py3-none.whl", "5 or 6 parts"),
            ("foo-one-py3-none-any.whl", "version"),
            ("foo-1.0-x-py3-none-any.whl", "build tag"),
            ("foo-1.0-py3-none-.whl", "not a tag"),
            ("-1.0-py3-none-any.whl", "project's name"),
        ] {
            let err = file.parse::<WheelName>().unwrap_err().to_string();
            assert!(err.contains(part), "{file}: {err}");
        }
    }
}
