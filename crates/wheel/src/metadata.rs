//! `METADATA` (core metadata) and `WHEEL`: the fields that installing and resolving need.
//!
//! Fields that ferropy does not act on are not kept.

use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};
use pep508_rs::{ExtraName, PackageName};

use crate::{Requirement, parse_requirement};

/// Core metadata of one distribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// `Name`, normalised.
    pub name: PackageName,
    /// `Version`.
    pub version: Version,
    /// `Requires-Dist`, in order.
    pub requires: Vec<Requirement>,
    /// `Requires-Python`.
    pub requires_python: Option<VersionSpecifiers>,
    /// `Provides-Extra`.
    pub extras: Vec<ExtraName>,
}

impl Metadata {
    /// Reads the text of a `METADATA` (or PEP 658 `.metadata`) file.
    ///
    /// # Errors
    /// The text of what is missing or malformed, to be put beside the wheel's name.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let headers = headers(text, "METADATA")?;
        let one = |key: &str| {
            headers
                .iter()
                .find(|(k, _)| k.eq_ignore_ascii_case(key))
                .map(|(_, v)| v.as_str())
        };
        let all = |key: &'static str| {
            headers
                .iter()
                .filter(move |(k, _)| k.eq_ignore_ascii_case(key))
                .map(|(_, v)| v.as_str())
        };
        let need = |key: &str| one(key).ok_or_else(|| format!("METADATA has no {key}"));
        let bad = |key: &str, value: &str, e: &dyn std::fmt::Display| {
            format!("METADATA: «{key}: {value}» cannot be read: {e}")
        };
        let name = need("Name")?;
        let version = need("Version")?;
        Ok(Self {
            name: PackageName::from_str(name).map_err(|e| bad("Name", name, &e))?,
            version: Version::from_str(version).map_err(|e| bad("Version", version, &e))?,
            requires: all("Requires-Dist")
                .map(|v| parse_requirement(v).map_err(|e| bad("Requires-Dist", v, &e)))
                .collect::<Result<_, _>>()?,
            // One that cannot be read (`>=3.6.*`) bounds nothing, as on an index page and in pip.
            requires_python: one("Requires-Python")
                .and_then(|v| VersionSpecifiers::from_str(v).ok()),
            // An extra with a name that PEP 685 forbids can never be asked for.
            extras: all("Provides-Extra")
                .filter_map(|v| ExtraName::from_str(v).ok())
                .collect(),
        })
    }
}

impl Metadata {
    /// Header lines with these fields and nothing else: what a cache needs to keep.
    #[must_use]
    pub fn essence(&self) -> String {
        let mut out = format!(
            "Metadata-Version: 2.1\nName: {}\nVersion: {}\n",
            self.name, self.version
        );
        if let Some(wants) = &self.requires_python {
            out.extend(["Requires-Python: ", &wants.to_string(), "\n"]);
        }
        for extra in &self.extras {
            out.extend(["Provides-Extra: ", extra.as_ref(), "\n"]);
        }
        for requirement in &self.requires {
            out.extend(["Requires-Dist: ", &requirement.to_string(), "\n"]);
        }
        out
    }
}

/// What installing needs to know of core metadata. Requirements are not understood here: a page that only installs
/// does not have to download what understands them.
#[derive(Clone, Debug)]
pub struct Project {
    /// `Name`, normalised.
    pub name: PackageName,
    /// `Name` as it is written.
    pub title: String,
    /// `Version`.
    pub version: Version,
    /// The normalised names of projects that it needs without any extra.
    pub requires: Vec<PackageName>,
    /// Those, and the ones that it needs with extras.
    pub mentions: Vec<PackageName>,
}

impl Project {
    /// Reads the text of a `METADATA` file.
    ///
    /// # Errors
    /// The text of what is missing or malformed, to be put beside the wheel's name.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let headers = headers(text, "METADATA")?;
        let one = |key: &str| {
            let found = headers.iter().find(|(k, _)| k.eq_ignore_ascii_case(key));
            found
                .map(|(_, value)| value.clone())
                .ok_or_else(|| format!("METADATA has no {key}"))
        };
        let (title, version) = (one("Name")?, one("Version")?);
        let bad = |key: &str, value: &str, e: &dyn std::fmt::Display| {
            format!("METADATA: «{key}: {value}» cannot be read: {e}")
        };
        let needs = |extras: bool| {
            headers
                .iter()
                .filter(|(key, _)| key.eq_ignore_ascii_case("Requires-Dist"))
                .filter(move |(_, value)| {
                    let marker = value.split_once(';').map(|(_, marker)| marker);
                    extras || marker.is_none_or(|marker| !marker.contains("extra"))
                })
                .filter_map(|(_, value)| {
                    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
                    PackageName::from_str(value.split(|c| !plain(c)).next()?).ok()
                })
                .collect()
        };
        Ok(Self {
            name: PackageName::from_str(&title).map_err(|e| bad("Name", &title, &e))?,
            version: Version::from_str(&version).map_err(|e| bad("Version", &version, &e))?,
            requires: needs(false),
            mentions: needs(true),
            title,
        })
    }
}

/// The fields of `WHEEL` that decide where files go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WheelInfo {
    /// `Wheel-Version`; the major number is always 1.
    pub version: (u32, u32),
    /// `Root-Is-Purelib`.
    pub purelib: bool,
    /// `Tag`, in order.
    pub tags: Vec<String>,
}

impl WheelInfo {
    /// Reads the text of a `WHEEL` file.
    ///
    /// # Errors
    /// The text of what is missing or malformed, to be put beside the wheel's name.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let headers = headers(text, "WHEEL")?;
        let one = |key: &str| {
            headers
                .iter()
                .find(|(k, _)| k.eq_ignore_ascii_case(key))
                .map(|(_, v)| v.as_str())
                .ok_or_else(|| format!("WHEEL has no {key}"))
        };
        let version = one("Wheel-Version")?;
        let version = version
            .split_once('.')
            .and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)))
            .ok_or_else(|| format!("WHEEL: «Wheel-Version: {version}» is not a version"))?;
        if version.0 != 1 {
            return Err(format!(
                "it is of wheel format {}.{}, and only format 1 is known",
                version.0, version.1
            ));
        }
        let purelib = match one("Root-Is-Purelib")? {
            v if v.eq_ignore_ascii_case("true") => true,
            v if v.eq_ignore_ascii_case("false") => false,
            v => {
                return Err(format!(
                    "WHEEL: «Root-Is-Purelib: {v}» is not true or false"
                ));
            }
        };
        let tags = headers
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case("Tag"))
            .map(|(_, value)| value.clone())
            .collect();
        Ok(Self {
            version,
            purelib,
            tags,
        })
    }
}

/// Header lines as (key, value); the body after the blank line is left out.
///
/// RFC 822 as far as core metadata uses it: folded lines, UTF-8, no encoded words. A line
/// without a colon is passed over, as pip and uv do.
fn headers(text: &[u8], what: &str) -> Result<Vec<(String, String)>, String> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut out: Vec<(String, String)> = Vec::new();
    for line in text.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        let line = String::from_utf8_lossy(line);
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = out.last_mut() {
                value.push('\n');
                value.push_str(line.trim());
            }
        } else if let Some((key, value)) = line.split_once(':') {
            out.push((key.trim_end().to_owned(), value.trim().to_owned()));
        }
    }
    if out.is_empty() {
        return Err(format!("{what} has no header lines"));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Metadata-Version: 2.4\nName: My_Pkg\nVersion: 1.0\nAuthor: Zoë\n\
        Requires-Python: >=3.9\nRequires-Dist: six>=1 ; python_version < '3'\n\
        Requires-Dist: rich[jupyter] (>=13) ; extra == 'cli'\nProvides-Extra: cli\n\
        \nName: not-this-one\nbody";

    #[test]
    fn reads_fields_and_stops_at_the_body() {
        let m = Metadata::parse(TEXT.as_bytes()).unwrap();
        assert_eq!(m.name.as_ref(), "my-pkg");
        assert_eq!(m.requires.len(), 2);
        assert_eq!(m.requires[1].name.as_ref(), "rich");
        assert_eq!(m.requires_python.unwrap().to_string(), ">=3.9");
        assert_eq!(m.extras.len(), 1);
    }

    #[test]
    fn the_essence_says_the_same() {
        let m = Metadata::parse(TEXT.as_bytes()).unwrap();
        let again = Metadata::parse(m.essence().as_bytes()).unwrap();
        assert_eq!(m, again);
        assert!(!m.essence().contains("Author"));
    }

    #[test]
    fn folded_lines_and_lines_without_a_colon() {
        let text = "Name: a\r\nVersion: 1\r\nDescription: x\r\n        Name: b\r\nstray\r\nRequires-Dist: six\r\n  >=1\r\n\r\n";
        let m = Metadata::parse(text.as_bytes()).unwrap();
        assert_eq!(m.name.as_ref(), "a");
        assert_eq!(m.requires[0].to_string(), "six>=1");
    }

    #[test]
    fn a_project_is_read_without_its_requirements() {
        let text = TEXT.replace("My_Pkg\n", "My_Pkg\nRequires-Dist: Foo_Bar[x] (>=1)\n");
        let project = Project::parse(text.as_bytes()).unwrap();
        assert_eq!(
            (project.name.as_ref(), &*project.title),
            ("my-pkg", "My_Pkg")
        );
        let names = |all: &[PackageName]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(&project.requires), ["foo-bar", "six"]);
        assert_eq!(names(&project.mentions), ["foo-bar", "six", "rich"]);
    }

    #[test]
    fn says_which_field_is_wrong() {
        for (text, part) in [
            ("Name: a\n", "no Version"),
            ("Version: 1\n", "no Name"),
            ("Name: a\nVersion: x\n", "Version: x"),
            (
                "Name: a\nVersion: 1\nRequires-Dist: ??\n",
                "Requires-Dist: ??",
            ),
        ] {
            let err = Metadata::parse(text.as_bytes()).unwrap_err();
            assert!(err.contains(part), "{err}");
        }
    }

    #[test]
    fn wheel_info() {
        let ok = WheelInfo::parse(b"Wheel-Version: 1.9\nRoot-Is-Purelib: True\n").unwrap();
        assert!(ok.purelib);
        let err = WheelInfo::parse(b"Wheel-Version: 2.0\nRoot-Is-Purelib: true\n").unwrap_err();
        assert!(err.contains("format 2.0"), "{err}");
        assert!(WheelInfo::parse(b"Wheel-Version: 1.0\n").is_err());
    }
}
