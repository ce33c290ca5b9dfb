//! `cargo xtask tidy`: checks of the repository itself, as a list of findings. It changes nothing.

use std::collections::BTreeSet;
use std::path::Path;

use miette::{IntoDiagnostic, Result, WrapErr, bail};
use regex::Regex;

use crate::shell::{self, repo};

/// Sources longer than this are several things in one file.
const MAX_LINES: usize = 1000;

/// Extensions of what people write by hand here.
const SOURCES: &[&str] = &["rs", "ts", "mjs", "js", "py", "css", "html"];

/// Runs every check and fails when one of them found something.
pub fn run() -> Result<()> {
    let files = shell::tracked_files()?;
    let mut findings = Vec::new();
    findings.extend(architecture_paths()?);
    findings.extend(source_files(&files));
    findings.extend(versions(&files)?);
    findings.extend(peer_pin()?);
    findings.extend(package_versions(&files)?);
    for finding in &findings {
        println!("tidy: {finding}");
    }
    if !findings.is_empty() {
        bail!(
            help = "each line above says which file and why",
            "tidy found {} problems",
            findings.len()
        );
    }
    println!("tidy: {} files are in order", files.len());
    Ok(())
}

fn read(path: &str) -> Result<String> {
    std::fs::read_to_string(repo().join(path))
        .into_diagnostic()
        .wrap_err_with(|| format!("cannot read {path}"))
}

fn extension(path: &str) -> &str {
    Path::new(path)
        .extension()
        .and_then(|e| e.to_str())
        .unwrap_or_default()
}

/// Every path that ARCHITECTURE.md names in backquotes exists.
fn architecture_paths() -> Result<Vec<String>> {
    if !repo().join("ARCHITECTURE.md").is_file() {
        return Ok(vec!["ARCHITECTURE.md is missing".to_owned()]);
    }
    Ok(paths_in_markdown(&read("ARCHITECTURE.md")?)
        .into_iter()
        .filter(|path| !repo().join(path).exists())
        .map(|path| format!("ARCHITECTURE.md names `{path}`, which does not exist"))
        .collect())
}

/// Words in backquotes that can only be paths of the repository: they begin with one of its folders and hold
/// neither blanks nor placeholders.
fn paths_in_markdown(text: &str) -> BTreeSet<String> {
    let quoted =
        Regex::new(r"`([A-Za-z0-9_.@-]+(?:/[A-Za-z0-9_.@-]+)*/?)`").expect("a valid pattern");
    let roots = [
        "benches", "crates", "docs", "examples", "js", "patches", "python", "runtime", "tests",
        "xtask",
    ];
    quoted
        .captures_iter(text)
        .map(|found| found[1].to_owned())
        .filter(|path| {
            path.contains('/') && roots.contains(&path.split('/').next().unwrap_or_default())
        })
        .filter(|path| !path.contains("NNNN"))
        .collect()
}

/// File sizes, leftover notes and registry hosts.
fn source_files(files: &[String]) -> Vec<String> {
    // In two halves, so that this file does not contain what it looks for.
    let hosts = [
        ("pypi", ".org"),
        ("pythonhosted", ".org"),
        ("npmjs", ".org"),
        ("npmjs", ".com"),
        ("crates", ".io"),
        ("deb.debian", ".org"),
        ("snapshot.debian", ".org"),
    ]
    .map(|(name, end)| format!("{name}{end}"));
    let note = Regex::new(&format!(
        r"\b({}|{}|{})\b",
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X")
    ))
    .expect("a valid pattern");
    let mut findings = Vec::new();
    for path in files {
        let Ok(text) = read(path) else { continue }; // binary
        // Cargo writes its registry's address into lock files as an identifier.
        if !path.ends_with("Cargo.lock") {
            for host in hosts.iter().filter(|host| text.contains(host.as_str())) {
                findings.push(format!("{path} names the registry host {host}: read it from the machine's configuration"));
            }
        }
        if !SOURCES.contains(&extension(path)) {
            continue;
        }
        let lines = text.lines().count();
        if lines > MAX_LINES {
            findings.push(format!(
                "{path} has {lines} lines, more than {MAX_LINES}: split it"
            ));
        }
        for (number, line) in text
            .lines()
            .enumerate()
            .filter(|(_, line)| note.is_match(line))
        {
            findings.push(format!(
                "{path}:{}: unfinished: {}",
                number + 1,
                line.trim()
            ));
        }
    }
    findings
}

/// Versions and hashes of versions.toml appear nowhere else in code.
fn versions(files: &[String]) -> Result<Vec<String>> {
    let table: toml::Table = toml::from_str(&read("versions.toml")?).into_diagnostic()?;
    let mut pinned = BTreeSet::new();
    collect_pins(&toml::Value::Table(table), &mut pinned);
    let mut findings = Vec::new();
    for path in files {
        let code = SOURCES.contains(&extension(path))
            || extension(path) == "sh"
            || path.starts_with(".ci/");
        if !code {
            continue;
        }
        let Ok(text) = read(path) else { continue };
        for pin in pinned.iter().filter(|pin| text.contains(pin.as_str())) {
            findings.push(format!(
                "{path} repeats '{pin}', which only versions.toml may say"
            ));
        }
    }
    Ok(findings)
}

/// Full versions (three parts or more) and SHA-256 sums; shorter ones such as `3.15` mean other things, too.
fn collect_pins(value: &toml::Value, pins: &mut BTreeSet<String>) {
    match value {
        toml::Value::String(text) => {
            let version =
                text.split('.').count() >= 3 && text.starts_with(|c: char| c.is_ascii_digit());
            let hash = text.len() == 64 && text.chars().all(|c| c.is_ascii_hexdigit());
            if version || hash {
                pins.insert(text.clone());
            }
        }
        toml::Value::Table(table) => table.values().for_each(|value| collect_pins(value, pins)),
        toml::Value::Array(values) => values.iter().for_each(|value| collect_pins(value, pins)),
        _ => {}
    }
}

/// The peer that tests install is the one that versions.toml pins.
fn peer_pin() -> Result<Vec<String>> {
    let table: toml::Table = toml::from_str(&read("versions.toml")?).into_diagnostic()?;
    let pin = table["peer"]["npm"].as_str().unwrap_or_default();
    let manifest: serde_json::Value =
        serde_json::from_str(&read("tests/package.json")?).into_diagnostic()?;
    let installed = manifest["devDependencies"]
        .as_object()
        .into_iter()
        .flatten()
        .any(|(name, version)| pin == format!("{name}@{}", version.as_str().unwrap_or_default()));
    Ok(if installed {
        vec![]
    } else {
        vec![format!(
            "tests/package.json does not pin {pin} as versions.toml does"
        )]
    })
}

/// Every package.json that states a version states the workspace's.
fn package_versions(files: &[String]) -> Result<Vec<String>> {
    let workspace: toml::Table = toml::from_str(&read("Cargo.toml")?).into_diagnostic()?;
    let ours = workspace["workspace"]["package"]["version"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let mut findings = Vec::new();
    for path in files.iter().filter(|path| path.ends_with("package.json")) {
        let manifest: serde_json::Value = serde_json::from_str(&read(path)?).into_diagnostic()?;
        if let Some(version) = manifest["version"]
            .as_str()
            .filter(|version| *version != ours)
        {
            findings.push(format!(
                "{path} has version {version}, Cargo.toml has {ours}"
            ));
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_paths_are_those_below_our_folders() {
        let text = "See `crates/pins` and `runtime/src/eval/mod.rs`, not `a/b`, `crates/<name>` or `ferropy`.";
        let found: Vec<_> = paths_in_markdown(text).into_iter().collect();
        assert_eq!(found, ["crates/pins", "runtime/src/eval/mod.rs"]);
    }

    #[test]
    fn pins_are_full_versions_and_hashes() {
        let hash = "0123456789abcdef".repeat(4);
        let text = format!(
            "[a]\nshort = '3.15'\nfull = '7.8.9'\nlist = ['1.2.3']\nsum = '{hash}'\nname = 'x.y.z'"
        );
        let table: toml::Table = toml::from_str(&text).unwrap();
        let mut pins = BTreeSet::new();
        collect_pins(&toml::Value::Table(table), &mut pins);
        assert_eq!(
            pins.into_iter().collect::<Vec<_>>(),
            [hash.as_str(), "1.2.3", "7.8.9"]
        );
    }
}
