//! PEP 723: dependencies written into a script.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use miette::Diagnostic;
use pep440_rs::{Version, VersionSpecifiers};
use serde::Deserialize;

/// What a script's `# /// script` block asks for.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Metadata {
    #[serde(default)]
    pub(crate) dependencies: Vec<String>,
    requires_python: Option<String>,
}

/// What is wrong with a script's block.
#[derive(Debug, thiserror::Error, Diagnostic, PartialEq, Eq)]
pub(crate) enum Error {
    #[error("{}: the block `# /// script` has no end", .script.display())]
    #[diagnostic(
        code(script::unclosed),
        help(
            "end it with a line `# ///`; every line between them, empty ones too, begins with `#`"
        )
    )]
    Unclosed { script: PathBuf },
    #[error("{}: there is more than one `# /// script` block", .script.display())]
    #[diagnostic(code(script::twice), help("keep one of them"))]
    Twice { script: PathBuf },
    #[error("{}: the `# /// script` block cannot be read\n{why}", .script.display())]
    #[diagnostic(
        code(script::syntax),
        help("it holds TOML, for example: dependencies = [\"rich>=13\"]")
    )]
    Syntax { script: PathBuf, why: String },
    #[error("{}: it wants Python {wants}, and this is Python {ours}", .script.display())]
    #[diagnostic(
        code(script::python),
        help("change requires-python in its `# /// script` block, or run it with another Python")
    )]
    Python {
        script: PathBuf,
        wants: String,
        ours: String,
    },
}

/// Reads the block of a script; `None` for one without it, or that is no text file.
pub(crate) fn metadata(script: &Path, python: &Version) -> Result<Option<Metadata>, Error> {
    // A folder, an archive or an unreadable file is Python's to judge.
    let Ok(bytes) = std::fs::read(script) else {
        return Ok(None);
    };
    parse(&String::from_utf8_lossy(&bytes), script, python)
}

fn parse(text: &str, script: &Path, python: &Version) -> Result<Option<Metadata>, Error> {
    let at = || script.to_owned();
    let Some(toml) = block(text).map_err(|e| match e {
        Block::Unclosed => Error::Unclosed { script: at() },
        Block::Twice => Error::Twice { script: at() },
    })?
    else {
        return Ok(None);
    };
    let syntax = |why: String| Error::Syntax { script: at(), why };
    let metadata: Metadata = toml::from_str(&toml).map_err(|e| syntax(e.to_string()))?;
    if let Some(wants) = &metadata.requires_python {
        let specifiers = VersionSpecifiers::from_str(wants)
            .map_err(|e| syntax(format!("requires-python: {e}")))?;
        if !specifiers.contains(python) {
            return Err(Error::Python {
                script: at(),
                wants: wants.clone(),
                ours: python.to_string(),
            });
        }
    }
    Ok(Some(metadata))
}

enum Block {
    Unclosed,
    Twice,
}

/// The TOML inside the block, comment signs removed.
fn block(text: &str) -> Result<Option<String>, Block> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = None;
    let mut at = 0;
    while at < lines.len() {
        if lines[at] != "# /// script" {
            at += 1;
            continue;
        }
        // The run of comment lines after it, up to its last `# ///`.
        let run = lines[at + 1..]
            .iter()
            .take_while(|l| **l == "#" || l.starts_with("# "))
            .count();
        let inside = &lines[at + 1..=at + run];
        let end = inside
            .iter()
            .rposition(|l| *l == "# ///")
            .ok_or(Block::Unclosed)?;
        // Another block's opening inside this run means that the first `# ///` ends ours.
        let end = match inside.iter().position(|l| l.starts_with("# /// ")) {
            Some(next) => inside[..next]
                .iter()
                .rposition(|l| *l == "# ///")
                .ok_or(Block::Unclosed)?,
            None => end,
        };
        let toml: String = inside[..end]
            .iter()
            .map(|l| l.strip_prefix("# ").unwrap_or_default())
            .flat_map(|l| [l, "\n"])
            .collect();
        if found.replace(toml).is_some() {
            return Err(Block::Twice);
        }
        at += end + 2;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<Metadata>, Error> {
        parse(text, Path::new("s.py"), &Version::new([3, 15, 0]))
    }

    #[test]
    fn reads_dependencies() {
        let text = "#!/usr/bin/env python\n# /// script\n# requires-python = '>=3.11'\n#\n\
            # dependencies = [\n#   'rich>=13',\n#   \"six\",\n# ]\n# [tool.other]\n# x = 1\n# ///\n\nimport rich\n";
        assert_eq!(
            read(text).unwrap().unwrap().dependencies,
            ["rich>=13", "six"]
        );
    }

    #[test]
    fn scripts_without_a_block() {
        for text in [
            "",
            "print(1)\n",
            "# /// other\n# x\n# ///\n",
            "x = '''\n # /// script\n'''",
        ] {
            assert_eq!(read(text).unwrap(), None, "{text}");
        }
    }

    #[test]
    fn windows_line_ends_and_two_kinds_of_block() {
        let text = "# /// script\r\n# dependencies = ['a']\r\n# ///\r\n";
        assert_eq!(read(text).unwrap().unwrap().dependencies, ["a"]);
        let text = "# /// script\n# dependencies = ['a']\n# ///\n# /// other\n# y\n# ///\n";
        assert_eq!(read(text).unwrap().unwrap().dependencies, ["a"]);
    }

    #[test]
    fn mistakes_are_named() {
        let err = |text: &str| read(text).unwrap_err();
        assert!(matches!(
            err("# /// script\n# dependencies = []\n\n# ///\n"),
            Error::Unclosed { .. }
        ));
        let twice = "# /// script\n# ///\n\n# /// script\n# ///\n";
        assert!(matches!(err(twice), Error::Twice { .. }));
        assert!(matches!(
            err("# /// script\n# dependencies = 3\n# ///\n"),
            Error::Syntax { .. }
        ));
        assert!(matches!(
            err("# /// script\n# requires-python = 'x'\n# ///\n"),
            Error::Syntax { .. }
        ));
        let python = err("# /// script\n# requires-python = '<3.14'\n# ///\n").to_string();
        assert!(
            python.contains("<3.14") && python.contains("3.15"),
            "{python}"
        );
    }
}
