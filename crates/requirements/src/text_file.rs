//! `requirements.txt`, in pip's syntax.
//!
//! Options that choose where packages come from are kept; those that only say how to build
//! or to connect mean nothing here and are refused, each with the reason.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::Error;

/// A requirement with the place it stands at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// A requirement, or the path or URL of a wheel.
    pub text: String,
    /// What `--hash=sha256:…` allows; everything if empty.
    pub sha256: Vec<String>,
    /// The file.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
}

/// What a `requirements.txt` and the files that it includes ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextFile {
    /// What is wanted.
    pub wanted: Vec<Line>,
    /// Bounds on what is wanted by something else (`-c`).
    pub constraints: Vec<Line>,
    /// `--index-url`; the last one counts.
    pub index_url: Option<String>,
    /// `--extra-index-url`.
    pub extra_index_urls: Vec<String>,
    /// `--pre`.
    pub prereleases: bool,
    /// `--require-hashes`.
    pub require_hashes: bool,
}

/// Options that change nothing here, with whether they take a value.
const WITHOUT_EFFECT: &[(&str, bool)] = &[
    ("--prefer-binary", false),
    ("--only-binary", true),
    ("--use-feature", true),
    ("--config-settings", true),
    ("--global-option", true),
    ("--use-pep517", false),
    ("--no-build-isolation", false),
];

/// Options that cannot be honoured.
const REFUSED: &[(&str, &str)] = &[
    (
        "--find-links",
        "folders of links are not searched; an index is, and single wheels by their path or URL",
    ),
    (
        "--no-index",
        "without an index nothing is found by name; give the wheels by path or URL",
    ),
    (
        "--no-binary",
        "nothing is built here, so wheels cannot be refused",
    ),
    (
        "--trusted-host",
        "certificates are always checked; use SSL_CERT_FILE for one of your own",
    ),
    (
        "--editable",
        "an editable install is a link to a source folder, and only wheels can be locked",
    ),
];

impl TextFile {
    /// Reads a file and all that it includes.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let mut out = Self::default();
        out.include(path, false, &mut BTreeSet::new())?;
        Ok(out)
    }

    /// Reads a file of constraints.
    pub fn read_constraints(path: &Path) -> Result<Vec<Line>, Error> {
        let mut out = Self::default();
        out.include(path, true, &mut BTreeSet::new())?;
        Ok(out.constraints)
    }

    fn include(
        &mut self,
        path: &Path,
        constraints: bool,
        seen: &mut BTreeSet<(PathBuf, bool)>,
    ) -> Result<(), Error> {
        let unreadable = |source| Error::Read {
            path: path.to_owned(),
            source,
        };
        // Files may include each other, each time by a longer path.
        let real = path.canonicalize().map_err(unreadable)?;
        if !seen.insert((real, constraints)) {
            return Ok(());
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        for (line, text) in logical_lines(text) {
            let text = expand(&text, |name| std::env::var(name).ok());
            self.line(&text, path, line, constraints, seen)?;
        }
        Ok(())
    }

    fn line(
        &mut self,
        text: &str,
        path: &Path,
        line: usize,
        constraints: bool,
        seen: &mut BTreeSet<(PathBuf, bool)>,
    ) -> Result<(), Error> {
        let wrong = |why: String, fix: &str| Error::Wrong {
            path: path.to_owned(),
            place: format!(", line {line}"),
            why,
            fix: fix.to_owned(),
        };
        if !text.starts_with('-') {
            let requirement = requirement(text, path, line)?;
            if constraints {
                self.constraints.push(requirement);
            } else {
                self.wanted.push(requirement);
            }
            return Ok(());
        }
        let mut words = text.split_whitespace().peekable();
        while let Some(word) = words.next() {
            let (option, attached) = option(word);
            if let Some((_, why)) = REFUSED.iter().find(|(name, _)| *name == option) {
                return Err(wrong(
                    format!("«{option}» cannot be honoured: {why}"),
                    "remove the line",
                ));
            }
            let mut value = || {
                let next = attached.map(ToOwned::to_owned);
                next.or_else(|| words.next().map(ToOwned::to_owned))
                    .ok_or_else(|| wrong(format!("«{option}» has no value"), "write one after it"))
            };
            match option {
                "--requirement" | "--constraint" => {
                    let name = value()?;
                    if name.contains("://") {
                        return Err(wrong(
                            format!("«{name}» is on a server, and its content may change"),
                            "download it and include the file",
                        ));
                    }
                    let place = path.parent().unwrap_or(Path::new("")).join(&name);
                    self.include(&place, constraints || option == "--constraint", seen)?;
                }
                "--index-url" => self.index_url = Some(value()?),
                "--extra-index-url" => self.extra_index_urls.push(value()?),
                "--pre" => self.prereleases = true,
                "--require-hashes" => self.require_hashes = true,
                _ => match WITHOUT_EFFECT.iter().find(|(name, _)| *name == option) {
                    Some((_, true)) => drop(value()?),
                    Some((_, false)) => {}
                    None => {
                        return Err(wrong(
                            format!("«{word}» is no option of a requirements file"),
                            "remove it, or correct its spelling",
                        ));
                    }
                },
            }
        }
        Ok(())
    }
}

/// An option in its long form, and the value that is attached to it.
fn option(word: &str) -> (&str, Option<&str>) {
    const SHORT: &[(&str, &str)] = &[
        ("-r", "--requirement"),
        ("-c", "--constraint"),
        ("-i", "--index-url"),
        ("-e", "--editable"),
        ("-f", "--find-links"),
    ];
    if word.starts_with("--") {
        return match word.split_once('=') {
            Some((option, value)) => (option, Some(value)),
            None => (word, None),
        };
    }
    let short = SHORT.iter().find(|(short, _)| word.starts_with(short));
    match short {
        Some((short, long)) => (long, Some(&word[short.len()..]).filter(|v| !v.is_empty())),
        None => (word, None),
    }
}

/// A requirement with its own options.
fn requirement(text: &str, path: &Path, line: usize) -> Result<Line, Error> {
    let wrong = |why: String, fix: &str| Error::Wrong {
        path: path.to_owned(),
        place: format!(", line {line}"),
        why,
        fix: fix.to_owned(),
    };
    let at = text.find(" --").unwrap_or(text.len());
    let (text, options) = (text[..at].trim(), &text[at..]);
    let mut sha256 = Vec::new();
    let mut words = options.split_whitespace();
    while let Some(word) = words.next() {
        let (option, attached) = option(word);
        if option == "--hash" {
            let value = attached.or_else(|| words.next()).unwrap_or_default();
            let digits = value.strip_prefix("sha256:").filter(|digits| {
                digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit())
            });
            let digits = digits.ok_or_else(|| {
                wrong(
                    format!("«{value}» is not a hash that can be checked"),
                    "write --hash=sha256: and 64 hexadecimal digits",
                )
            })?;
            sha256.push(digits.to_ascii_lowercase());
        } else if !WITHOUT_EFFECT.iter().any(|(name, _)| *name == option) {
            return Err(wrong(
                format!("«{word}» is no option of a requirement"),
                "only --hash=sha256:… is known there",
            ));
        }
    }
    let url = text.split_once('@').map_or(text, |(_, url)| url.trim());
    if ["git+", "hg+", "svn+", "bzr+"]
        .iter()
        .any(|vcs| url.starts_with(vcs))
    {
        return Err(wrong(
            format!("«{text}» is a repository, and only wheels can be locked"),
            "build a wheel of it with `pip wheel` and name that",
        ));
    }
    let folder = matches!(text, "." | "..") || text.contains('/') && !text.contains('@');
    if folder && text.strip_suffix(".whl").is_none() && !text.contains("://") {
        return Err(wrong(
            format!("«{text}» is a folder, and only wheels can be locked"),
            "build a wheel of it with `pip wheel` and name that",
        ));
    }
    Ok(Line {
        text: text.to_owned(),
        sha256,
        file: path.to_owned(),
        line,
    })
}

/// Lines without comments, joined where one ends in a backslash; with their first number.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut out = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (number, line) in text.lines().enumerate() {
        let comment = line.trim_start().starts_with('#');
        if comment && open.is_some() {
            continue;
        }
        let (start, mut joined) = open.take().unwrap_or((number + 1, String::new()));
        if let Some(head) = line.strip_suffix('\\').filter(|_| !comment) {
            joined.push_str(head);
            open = Some((start, joined));
        } else {
            joined.push_str(line);
            out.push((start, joined));
        }
    }
    out.extend(open);
    out.into_iter()
        .map(|(number, line)| (number, without_comment(&line).trim().to_owned()))
        .filter(|(_, line)| !line.is_empty())
        .collect()
}

/// A comment begins with `#` at the start or after a blank: URLs have `#` inside.
fn without_comment(line: &str) -> &str {
    let starts = line.char_indices().filter(|(_, c)| *c == '#');
    let mut comments = starts.filter(|(at, _)| {
        let before = line[..*at].chars().next_back();
        before.is_none_or(char::is_whitespace)
    });
    comments.next().map_or(line, |(at, _)| &line[..at])
}

/// Replaces `${NAME}`; what is not set stays as it is, as pip has it.
fn expand(text: &str, lookup: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        out.push_str(&rest[..start]);
        let after = &rest[start + 2..];
        let name = after.split_once('}').map(|(name, _)| name).filter(|name| {
            let legal = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
            !name.is_empty() && name.chars().all(legal)
        });
        if let Some((name, value)) = name.and_then(|name| Some((name, lookup(name)?))) {
            out.push_str(&value);
            rest = &after[name.len() + 1..];
        } else {
            out.push_str("${");
            rest = after;
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(files: &[(&str, &str)]) -> Result<TextFile, Error> {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        TextFile::read(&dir.path().join(files[0].0))
    }

    fn texts(lines: &[Line]) -> Vec<&str> {
        lines.iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn the_whole_syntax() {
        let hash = "a".repeat(64);
        let text = format!(
            "\u{feff}# comment\n\nrich>=13 # why\nsix ; python_version < '4'\n\
             attrs==1 \\\n  --hash=sha256:{hash} \\\n# between\n  --hash sha256:{hash}\n\
             x @ https://h.test/x-1-py3-none-any.whl#sha256=ab\n./w/y-1-py3-none-any.whl\n\
             -r sub/more.txt\n--constraint=limits.txt\n-i https://i.test/simple\n\
             --extra-index-url https://e.test --extra-index-url=https://f.test\n--pre\n\
             --only-binary :all:\n--prefer-binary\nlast[a,b] \\\n"
        );
        let file = read(&[
            ("r.txt", &text),
            ("sub/more.txt", "inner\n-r ../r.txt\n-c ../limits.txt\r\n"),
            ("limits.txt", "urllib3<3\n-r more.txt"),
            ("more.txt", "idna<4"),
        ])
        .unwrap();
        assert_eq!(
            texts(&file.wanted),
            [
                "rich>=13",
                "six ; python_version < '4'",
                "attrs==1",
                "x @ https://h.test/x-1-py3-none-any.whl#sha256=ab",
                "./w/y-1-py3-none-any.whl",
                "inner",
                "last[a,b]"
            ]
        );
        assert_eq!(file.wanted[2].sha256, [hash.as_str(), &hash]);
        assert_eq!(file.wanted[2].line, 5);
        assert_eq!(texts(&file.constraints)[..2], ["urllib3<3", "idna<4"]);
        assert_eq!(file.index_url.as_deref(), Some("https://i.test/simple"));
        assert_eq!(file.extra_index_urls, ["https://e.test", "https://f.test"]);
        assert!(file.prereleases && !file.require_hashes);
    }

    #[test]
    fn what_cannot_be_honoured_is_refused_with_the_reason() {
        for (text, part) in [
            ("-e .", "editable"),
            ("a\n--editable=./x", "line 2"),
            ("--find-links dir", "index"),
            ("--no-binary :all:", "built"),
            ("--trusted-host h", "certificates"),
            ("--no-index", "path"),
            ("git+https://h.test/x", "repository"),
            ("x @ git+https://h.test/x", "repository"),
            ("./folder", "folder"),
            (".", "folder"),
            ("-r https://h.test/r.txt", "server"),
            ("-r", "no value"),
            ("--hsah=x", "no option"),
            ("six --hash=md5:00", "md5:00"),
            ("six --what", "--what"),
        ] {
            let error = read(&[("r.txt", text)]).unwrap_err();
            assert!(error.to_string().contains(part), "{text}: {error}");
            assert!(!error.fix().is_empty());
        }
        let error = read(&[("r.txt", "-r none.txt")]).unwrap_err();
        assert!(error.to_string().contains("none.txt"), "{error}");
    }

    #[test]
    fn variables() {
        let lookup = |name: &str| (name == "TOKEN").then(|| "s3".to_owned());
        assert_eq!(
            expand("https://${TOKEN}@h/${OTHER}${lower}${", lookup),
            "https://s3@h/${OTHER}${lower}${"
        );
    }
}
