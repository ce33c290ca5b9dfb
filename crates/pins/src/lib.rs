//! Typed view of `versions.toml`, the one place that names versions and hashes.
//!
//! The file is compiled in, so a built binary always knows what it was built to use.
//! This crate does no IO and knows nothing about how a version is obtained.

use std::sync::LazyLock;

use serde::Deserialize;

/// The text of `versions.toml` as compiled in; part of every cache key that depends on pins as a whole.
pub const TEXT: &str = include_str!("../../../versions.toml");

/// Everything `versions.toml` pins.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pins {
    /// What wheels and extensions have to agree with.
    pub abi: Abi,
    /// `CPython`'s source.
    pub cpython: Source,
    /// libmpdec's source, for the fast `decimal`.
    pub mpdecimal: Source,
    /// The compilers.
    pub toolchain: Toolchain,
    /// The Rust target.
    pub rust: Rust,
    /// The JavaScript host.
    pub node: Node,
    /// What benchmarks compare with.
    pub peer: Peer,
}

/// The binary interface of the runtime.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Abi {
    /// Python's `major.minor`.
    pub python: String,
    /// The wheel tag of that Python, such as `cp315`.
    pub tag: String,
    /// The platform tag of wheels that we build.
    pub platform: String,
    /// The platform tags of wheels that load in our runtime, best first.
    pub accepted_platforms: Vec<String>,
    /// Compiler flags that every object must share.
    pub flags: Vec<String>,
}

impl Abi {
    /// What the file names of this interpreter's own extension modules end with.
    #[must_use]
    pub fn extension_suffix(&self) -> String {
        let version = self.tag.trim_start_matches("cp");
        format!(".cpython-{version}-wasm32-emscripten.so")
    }
}

/// A source archive, verified by its hash wherever it comes from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Upstream's version.
    pub version: String,
    /// Hex SHA-256 of the archive.
    pub sha256: String,
    /// The name of the archive in a local folder of sources.
    pub file: String,
    /// Where upstream publishes it.
    pub upstream: String,
    /// Its path below a Debian mirror's root.
    pub debian: String,
}

/// The compilers and where they can come from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Toolchain {
    /// Emscripten's version, fixed by the platform tag.
    pub emscripten: String,
    /// The Debian suite that carries it.
    pub debian_suite: String,
    /// Major version of the clang that compiles the wasm-gc call trampoline.
    pub trampoline_clang: String,
    /// `major.minor` of the Python that runs on the build machine.
    pub build_python: String,
    /// Packages of a Debian root.
    pub debian_packages: Vec<String>,
}

/// Rust for the runtime.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rust {
    /// The target triple.
    pub target: String,
    /// Oldest usable compiler, `major.minor`.
    pub minimum: String,
}

/// Node, which runs the distribution outside browsers.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Oldest major version that runs the distribution.
    pub minimum: u32,
    /// Oldest major version with stack switching on by default.
    pub jspi: u32,
}

/// The distribution that ours is measured against.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// Its npm package, `name@version`.
    pub npm: String,
}

impl Pins {
    /// The ABI's version, such as `2026_5`: it stands between the platform tag's name and machine.
    #[must_use]
    pub fn abi_version(&self) -> &str {
        let platform = &self.abi.platform;
        let inside = platform
            .strip_prefix("pyemscripten_")
            .and_then(|rest| rest.strip_suffix("_wasm32"));
        inside.unwrap_or(platform)
    }

    /// The platform as lock files call it, `emscripten_` and Emscripten's version.
    #[must_use]
    pub fn lock_platform(&self) -> String {
        format!("emscripten_{}", self.toolchain.emscripten.replace('.', "_"))
    }
}

static PINS: LazyLock<Pins> = LazyLock::new(|| {
    // The text is part of this binary and a test parses it, so this cannot fail at run time.
    toml::from_str(TEXT).expect("versions.toml is valid")
});

/// Returns the pins that this binary was built with.
///
/// # Panics
/// Never in a tested build: the file is compiled in and checked by this crate's tests.
#[must_use]
pub fn pins() -> &'static Pins {
    &PINS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_sha256_and_files_match_versions() {
        for source in [&pins().cpython, &pins().mpdecimal] {
            assert_eq!(source.sha256.len(), 64, "{}", source.file);
            assert!(
                source.sha256.bytes().all(|b| b.is_ascii_hexdigit()),
                "{}",
                source.file
            );
            assert!(source.file.contains(&source.version), "{}", source.file);
            assert!(
                source.upstream.ends_with(&source.file),
                "{}",
                source.upstream
            );
            assert!(source.debian.starts_with("pool/"), "{}", source.debian);
        }
    }

    #[test]
    fn abi_is_consistent() {
        let abi = &pins().abi;
        assert_eq!(abi.tag, format!("cp{}", abi.python.replace('.', "")));
        assert!(abi.accepted_platforms.contains(&abi.platform));
        assert!(pins().cpython.version.starts_with(&abi.python));
        assert_eq!(pins().toolchain.build_python, abi.python);
        assert!(abi.flags.iter().any(|f| f == "-fwasm-exceptions"));
    }

    #[test]
    fn the_root_has_the_trampolines_compiler() {
        let t = &pins().toolchain;
        for tool in ["clang", "lld"] {
            let name = format!("{tool}-{}", t.trampoline_clang);
            assert!(t.debian_packages.contains(&name), "{name} missing");
        }
        assert!(
            t.debian_packages
                .contains(&format!("python{}", t.build_python))
        );
    }

    #[test]
    fn unknown_keys_are_refused() {
        let extra = format!("{TEXT}\n[surprise]\nversion = 1\n");
        assert!(toml::from_str::<Pins>(&extra).is_err());
    }
}
