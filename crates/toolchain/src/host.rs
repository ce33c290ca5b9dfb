//! Compilers that the machine already has: an emsdk install, Rust with `rust-src`, the build Python.
//!
//! Used only when every part is there; otherwise the Debian root provides all of them, so that the
//! parts always fit each other.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pins::pins;

use crate::exec::ask;

/// A complete set of host tools.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    /// The folder with `emcc` and `em-config`.
    pub(crate) emscripten: PathBuf,
    /// What identifies these tools in cache keys.
    pub(crate) identity: String,
}

/// One part of a host toolchain, as found.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) name: &'static str,
    /// What was found, for people; empty when nothing was.
    pub(crate) found: String,
    pub(crate) ok: bool,
    pub(crate) fix: String,
}

/// The version of the Emscripten in a folder, from its version file.
pub(crate) fn emscripten_version(folder: &Path) -> Option<String> {
    let text = fs::read_to_string(folder.join("emscripten-version.txt")).ok()?;
    Some(text.trim().trim_matches('"').to_owned())
}

/// The folder of the machine's Emscripten: of `EMSDK`, else of `emcc` on PATH.
fn emscripten_folder() -> Option<PathBuf> {
    let emsdk = std::env::var_os("EMSDK")
        .filter(|dir| !dir.is_empty())
        .map(PathBuf::from);
    emsdk
        .map(|dir| dir.join("upstream/emscripten"))
        .filter(|dir| dir.join("emcc").is_file())
        .or_else(|| {
            let emcc = fs::canonicalize(which::which("emcc").ok()?).ok()?;
            emcc.parent().map(Path::to_owned)
        })
}

/// Looks at every part, starting `rustc` only when the Emscripten fits.
pub(crate) fn parts() -> Vec<Part> {
    let mut parts = vec![emscripten_part()];
    if parts[0].ok {
        parts.push(rust_part());
        parts.push(python_part());
    }
    parts
}

fn emscripten_part() -> Part {
    let pin = &pins().toolchain.emscripten;
    let folder = emscripten_folder();
    let version = folder.as_deref().and_then(emscripten_version);
    Part {
        name: "Emscripten",
        ok: version.as_ref() == Some(pin),
        found: match (&version, &folder) {
            (Some(version), Some(folder)) => format!("{version} in {}", folder.display()),
            _ => String::new(),
        },
        fix: format!("emsdk install {pin} && emsdk activate {pin}, then set EMSDK"),
    }
}

fn rust_part() -> Part {
    let version = ask(
        Command::new("rustc").arg("--version"),
        "asking rustc for its version",
    )
    .unwrap_or_default();
    let sysroot = ask(
        Command::new("rustc").args(["--print", "sysroot"]),
        "asking rustc for its folder",
    );
    let has_source = sysroot.is_ok_and(|dir| {
        Path::new(&dir)
            .join("lib/rustlib/src/rust/library/Cargo.lock")
            .exists()
    });
    let number = version.split_whitespace().nth(1).unwrap_or_default();
    Part {
        name: "Rust for wasm",
        ok: has_source && at_least(number, &pins().rust.minimum),
        found: if has_source {
            format!("{version} with rust-src")
        } else {
            version.clone()
        },
        fix: format!(
            "rustup target add {} && rustup component add rust-src",
            pins().rust.target
        ),
    }
}

fn python_part() -> Part {
    let name = format!("python{}", pins().toolchain.build_python);
    let found = which::which(&name).ok();
    Part {
        name: "Build Python",
        ok: found.is_some(),
        found: found
            .map(|path| path.display().to_string())
            .unwrap_or_default(),
        fix: format!("install {name} and put it on PATH"),
    }
}

/// Compares dotted versions by number.
pub(crate) fn at_least(version: &str, minimum: &str) -> bool {
    let numbers = |text: &str| -> Vec<u32> {
        text.split(['.', '-'])
            .map_while(|part| part.parse().ok())
            .collect()
    };
    !numbers(version).is_empty() && numbers(version) >= numbers(minimum)
}

/// The host tools, when they are complete.
pub(crate) fn find() -> Option<Host> {
    let parts = parts();
    if !parts.iter().all(|part| part.ok) {
        return None;
    }
    let identity = parts
        .iter()
        .flat_map(|part| [part.name, ": ", &part.found, "\n"])
        .collect();
    Some(Host {
        emscripten: emscripten_folder()?,
        identity,
    })
}

#[cfg(test)]
mod tests {
    use super::at_least;

    #[test]
    fn versions_compare_by_number() {
        assert!(at_least("1.97.1", "1.95"));
        assert!(at_least("1.100.0", "1.95"));
        assert!(at_least("1.95.0-nightly", "1.95"));
        assert!(!at_least("1.9.9", "1.95"));
        assert!(!at_least("", "1.95"));
    }
}
