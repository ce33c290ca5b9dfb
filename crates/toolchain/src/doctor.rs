//! What this machine has, what it lacks, and how to get it. Changes nothing.

use std::process::Command;
use std::time::Duration;

use cache::{Cache, free_space, human};
use pins::pins;
use serde::Serialize;

use crate::exec::ask;
use crate::{apt, fetch, host, root};

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What it is.
    pub name: String,
    /// What was found; says so when nothing was.
    pub found: String,
    /// Whether what was found will do.
    pub ok: bool,
    /// Whether building and running fail without it; the rest is for tests or for comfort.
    pub needed: bool,
    /// How to get it; empty when it is there.
    pub fix: String,
}

impl Check {
    fn new(
        name: &str,
        found: impl Into<String>,
        ok: bool,
        needed: bool,
        fix: impl Into<String>,
    ) -> Self {
        let found = found.into();
        let found = if found.is_empty() {
            "not found".to_owned()
        } else {
            found
        };
        Self {
            name: name.to_owned(),
            found,
            ok,
            needed,
            fix: if ok { String::new() } else { fix.into() },
        }
    }
}

/// Disk that a build from nothing takes, with room for a second root during an update. Bytes.
const DISK: u64 = 6 << 30;

/// Looks at everything that ferropy uses. Takes up to a few seconds when the network does not answer.
#[must_use]
pub fn doctor(cache: &Cache) -> Vec<Check> {
    let mut checks = compilers(cache);
    checks.push(node());
    checks.push(npm());
    checks.push(disk(cache));
    for (name, programs, package) in [
        (
            "Chromium",
            &["chromium", "chromium-browser", "google-chrome"][..],
            "chromium",
        ),
        ("Firefox", &["firefox-esr", "firefox"][..], "firefox-esr"),
    ] {
        let found = programs
            .iter()
            .find_map(|program| which::which(program).ok());
        let shown = found
            .as_ref()
            .map(|path| path.display().to_string())
            .unwrap_or_default();
        let fix = format!("apt-get install {package} (only the tests in browsers use it)");
        checks.push(Check::new(name, shown, found.is_some(), false, fix));
    }
    checks
}

fn compilers(cache: &Cache) -> Vec<Check> {
    let parts = host::parts();
    if parts.iter().all(|part| part.ok) {
        return parts
            .iter()
            .map(|part| Check::new(part.name, &part.found, true, true, ""))
            .collect();
    }
    let lacking = parts.iter().find(|part| !part.ok);
    let mut checks = Vec::new();
    if let Some(part) = lacking {
        let found = if part.found.is_empty() {
            String::new()
        } else {
            format!("{} (unfit)", part.found)
        };
        // Not needed: the Debian root below stands in for it.
        checks.push(Check::new(
            &format!("{} of this machine", part.name),
            found,
            false,
            false,
            part.fix.clone(),
        ));
    }
    match root::lookup(cache) {
        Ok(Some(made)) => {
            let fits = made.emscripten == pins().toolchain.emscripten;
            let fix = format!(
                "wheels of others may not load: install Emscripten {} with emsdk and set EMSDK",
                pins().toolchain.emscripten
            );
            let rust = made
                .packages
                .lines()
                .find_map(|line| line.strip_prefix("rustc "))
                .unwrap_or_default();
            checks.push(Check::new(
                "Toolchain root",
                format!("Emscripten {}, Rust {rust}", made.emscripten),
                fits,
                false,
                fix,
            ));
        }
        Ok(None) => {
            checks.push(Check::new(
                "Toolchain root",
                "made by the first build",
                true,
                false,
                "",
            ));
            checks.extend(root_makers());
        }
        Err(error) => checks.push(Check::new(
            "Toolchain root",
            error.to_string(),
            false,
            true,
            "ferropy cache clean",
        )),
    }
    checks
}

/// What making a root takes.
fn root_makers() -> Vec<Check> {
    let mut checks = Vec::new();
    let found = which::which("mmdebstrap").ok();
    let can_install = root::is_superuser() && which::which("apt-get").is_ok();
    let shown = match &found {
        Some(path) => path.display().to_string(),
        None if can_install => "installed by the first build".to_owned(),
        None => String::new(),
    };
    let fix = "sudo apt-get update && sudo apt-get install -y mmdebstrap uidmap";
    checks.push(Check::new(
        "mmdebstrap",
        shown,
        found.is_some() || can_install,
        true,
        fix,
    ));
    for program in ["unshare", "setpriv", "tar"] {
        let found = which::which(program)
            .map(|path| path.display().to_string())
            .unwrap_or_default();
        let ok = !found.is_empty();
        checks.push(Check::new(
            program,
            found,
            ok,
            true,
            "install util-linux and tar",
        ));
    }
    checks.push(mirror());
    checks
}

fn mirror() -> Check {
    let fix = "set FERROPY_DEBIAN_MIRROR to a mirror that this machine can reach";
    let mirrors = apt::mirrors();
    let Some(first) = mirrors.first() else {
        return Check::new("Debian mirror", "none in the apt sources", false, true, fix);
    };
    let url = format!("{first}/dists/{}/Release", pins().toolchain.debian_suite);
    match fetch::client()
        .head(&url)
        .timeout(Duration::from_secs(5))
        .send()
    {
        Ok(answer) if answer.status().is_success() => {
            Check::new("Debian mirror", first, true, true, "")
        }
        Ok(answer) => Check::new(
            "Debian mirror",
            format!("{url} answers {}", answer.status()),
            false,
            true,
            fix,
        ),
        Err(_) => Check::new(
            "Debian mirror",
            format!("{first} does not answer"),
            false,
            true,
            fix,
        ),
    }
}

fn node() -> Check {
    let program = std::env::var_os("FERROPY_NODE").unwrap_or_else(|| "node".into());
    let version = ask(
        Command::new(&program).arg("--version"),
        "asking node for its version",
    )
    .unwrap_or_default();
    let major: u32 = version
        .trim_start_matches('v')
        .split('.')
        .next()
        .and_then(|n| n.parse().ok())
        .unwrap_or(0);
    let minimum = pins().node.minimum;
    let fix = format!("install Node.js {minimum} or newer, or set FERROPY_NODE to one");
    Check::new("Node.js", version, major >= minimum, true, fix)
}

fn npm() -> Check {
    let version = ask(
        Command::new("npm").arg("--version"),
        "asking npm for its version",
    )
    .unwrap_or_default();
    let ok = !version.is_empty();
    Check::new(
        "npm",
        version,
        ok,
        true,
        "install npm (it comes with Node.js); the loader is built with it",
    )
}

fn disk(cache: &Cache) -> Check {
    let free = free_space(cache.dir()).unwrap_or(0);
    let fix = format!(
        "free some space (a build from nothing takes {}) or set FERROPY_CACHE to a larger disk",
        human(DISK)
    );
    Check::new(
        "Disk",
        format!("{} free in {}", human(free), cache.dir().display()),
        free >= DISK,
        true,
        fix,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failed_check_says_what_to_do() {
        let dir = tempfile::tempdir().expect("temp dir");
        let checks = doctor(&Cache::at(dir.path()).expect("cache"));
        for name in ["Node.js", "npm", "Disk", "Chromium", "Firefox"] {
            assert!(
                checks.iter().any(|check| check.name == name),
                "{name} is not covered"
            );
        }
        for check in checks {
            assert_eq!(check.ok, check.fix.is_empty(), "{check:?}");
            assert!(!check.found.is_empty(), "{check:?}");
        }
    }
}
