//! Reads the machine's apt sources, to use the Debian mirror that this machine can reach.
//!
//! Understands both forms, one-line `.list` and deb822 `.sources`; runs no program and asks no server.

use std::fs;
use std::path::Path;

/// The roots of the Debian mirrors that the machine is configured with, in order, without
/// duplicates. `FERROPY_DEBIAN_MIRROR` comes first when set.
#[must_use]
pub fn mirrors() -> Vec<String> {
    let mut found: Vec<String> = std::env::var("FERROPY_DEBIAN_MIRROR")
        .ok()
        .filter(|m| !m.is_empty())
        .into_iter()
        .collect();
    found.extend(mirrors_below(Path::new("/etc/apt")));
    dedup(found)
}

/// As [`mirrors`], from another folder in place of `/etc/apt`.
#[must_use]
pub fn mirrors_below(etc_apt: &Path) -> Vec<String> {
    let mut files = vec![etc_apt.join("sources.list")];
    if let Ok(entries) = fs::read_dir(etc_apt.join("sources.list.d")) {
        let mut more: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        more.sort();
        files.extend(more);
    }
    let mut found = Vec::new();
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        match file.extension().and_then(|e| e.to_str()) {
            Some("list") => found.extend(one_line(&text)),
            Some("sources") => found.extend(deb822(&text)),
            _ => {}
        }
    }
    dedup(found)
}

fn dedup(urls: Vec<String>) -> Vec<String> {
    let mut unique = Vec::new();
    for url in urls {
        let url = url.trim_end_matches('/').to_owned();
        if !unique.contains(&url) {
            unique.push(url);
        }
    }
    unique
}

/// `deb [options] URI suite component…`
fn one_line(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| {
            let line = line.split('#').next()?.trim();
            let rest = line
                .strip_prefix("deb")
                .filter(|rest| rest.starts_with([' ', '\t']))?
                .trim_start();
            let rest = match rest.strip_prefix('[') {
                Some(options) => options.split_once(']')?.1,
                None => rest,
            };
            rest.split_whitespace()
                .next()
                .filter(|url| is_debian(url))
                .map(str::to_owned)
        })
        .collect()
}

/// Paragraphs of `Field: value`, where a line that starts with a space continues the value.
fn deb822(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut paragraph: Vec<(String, String)> = Vec::new();
    for line in text.lines().chain([""]) {
        if line.trim_start().starts_with('#') {
            continue;
        }
        if line.trim().is_empty() {
            found.extend(uris(&paragraph));
            paragraph.clear();
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = paragraph.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((field, value)) = line.split_once(':') {
            paragraph.push((field.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    found
}

fn uris(paragraph: &[(String, String)]) -> Vec<String> {
    let field = |name: &str| {
        paragraph
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.as_str())
    };
    let words = |name: &str| field(name).unwrap_or_default().split_whitespace();
    let enabled = !field("enabled").is_some_and(|v| v.eq_ignore_ascii_case("no"));
    if !enabled || !words("types").any(|t| t == "deb") {
        return Vec::new();
    }
    words("uris")
        .filter(|url| is_debian(url))
        .map(str::to_owned)
        .collect()
}

/// Whether a source is Debian's main archive: other archives have no suite of Debian's, and the
/// security archive has no pool of sources that are not fixes. A mirror keeps `debian` as the last
/// part of its path, as Debian asks of mirrors.
fn is_debian(url: &str) -> bool {
    (url.starts_with("http://") || url.starts_with("https://"))
        && url.trim_end_matches('/').rsplit('/').next() == Some("debian")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_sources() {
        let text = "# deb http://comment.example/debian sid main\n\
                    deb [arch=amd64 signed-by=/x.gpg] http://a.example/debian/ bookworm main # tail\n\
                    deb-src http://source.example/debian bookworm main\n\
                    deb http://security.example/debian-security bookworm-security main\n\
                    deb\thttps://b.example/debian sid main\n\
                    deb cdrom:[Debian]/ bookworm main\n";
        assert_eq!(
            one_line(text),
            ["http://a.example/debian/", "https://b.example/debian"]
        );
    }

    #[test]
    fn deb822_sources() {
        let text = "Types: deb deb-src\n# note\nURIs: http://a.example/debian\n  http://b.example/debian\nSuites: bookworm\n\n\
                    Types: deb\nURIs: http://off.example/debian\nEnabled: no\n\n\
                    Types: deb-src\nURIs: http://src.example/debian\n\n\
                    Types: deb\nURIs: https://vendor.example/node_20.x\nSuites: nodistro\n";
        assert_eq!(
            deb822(text),
            ["http://a.example/debian", "http://b.example/debian"]
        );
    }

    #[test]
    fn both_forms_in_one_folder_without_duplicates() {
        let dir = tempfile::tempdir().expect("temp dir");
        fs::create_dir(dir.path().join("sources.list.d")).expect("mkdir");
        fs::write(
            dir.path().join("sources.list"),
            "deb http://a.example/debian sid main\n",
        )
        .expect("write");
        fs::write(
            dir.path().join("sources.list.d/debian.sources"),
            "Types: deb\nURIs: http://a.example/debian/ http://b.example/debian\nSuites: sid\n",
        )
        .expect("write");
        fs::write(
            dir.path().join("sources.list.d/readme.txt"),
            "deb http://c.example/debian sid main\n",
        )
        .expect("write");
        assert_eq!(
            mirrors_below(dir.path()),
            ["http://a.example/debian", "http://b.example/debian"]
        );
    }

    #[test]
    fn no_sources_no_mirrors() {
        assert_eq!(
            mirrors_below(Path::new("/nonexistent")),
            Vec::<String>::new()
        );
    }
}
