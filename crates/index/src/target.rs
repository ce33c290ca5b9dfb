//! What packages see of our interpreter when they ask with markers (PEP 508).

use std::str::FromStr;

use pep440_rs::Version;
use pep508_rs::{MarkerEnvironment, MarkerEnvironmentBuilder};
use wheel::Tags;

/// The interpreter that packages are picked for.
#[derive(Clone, Debug)]
pub struct Target {
    /// Which wheels fit.
    pub tags: Tags,
    /// Values of the marker variables.
    pub markers: MarkerEnvironment,
    /// The version that `Requires-Python` is compared with.
    pub python: Version,
}

impl Target {
    /// The interpreter that this ferropy makes.
    ///
    /// # Panics
    /// Never in a tested build: all values come from `versions.toml`.
    #[must_use]
    pub fn ours() -> Self {
        let pins = pins::pins();
        let full = &pins.cpython.version;
        let version = Version::from_str(full).expect("versions.toml: cpython.version");
        // pip compares with X.Y.Z: a release candidate counts as its release.
        let python = Version::new(version.release().iter().copied());
        let markers = MarkerEnvironment::try_from(MarkerEnvironmentBuilder {
            implementation_name: "cpython",
            implementation_version: full,
            os_name: "posix",
            platform_machine: "wasm32",
            platform_python_implementation: "CPython",
            platform_release: &pins.toolchain.emscripten,
            platform_system: "Emscripten",
            platform_version: "#1",
            // The library derives python_version from this one, and a release candidate's is not
            // >= 3.15 where Python's own `python_version` («3.15») is: the release it is.
            python_full_version: &python.to_string(),
            python_version: &pins.abi.python,
            sys_platform: "emscripten",
        })
        .expect("versions.toml: versions follow PEP 440");
        Self {
            tags: Tags::ours(),
            markers,
            python,
        }
    }
}

#[cfg(test)]
mod tests {
    use pep508_rs::{Requirement, VerbatimUrl};

    use super::*;

    #[test]
    fn markers_see_our_platform() {
        let target = Target::ours();
        for (marker, expected) in [
            ("sys_platform == 'emscripten'", true),
            ("platform_machine == 'wasm32'", true),
            ("os_name == 'posix'", true),
            ("python_version >= '3.15'", true),
            ("python_version < '3.15'", false),
            ("platform_system == 'Windows'", false),
            (
                "implementation_name == 'cpython' and platform_python_implementation == 'CPython'",
                true,
            ),
            ("sys_platform == 'win32' or sys_platform == 'linux'", false),
        ] {
            let text = format!("x ; {marker}");
            let requirement = Requirement::<VerbatimUrl>::from_str(&text).unwrap();
            assert_eq!(
                requirement.evaluate_markers(&target.markers, &[]),
                expected,
                "{marker}"
            );
        }
    }

    #[test]
    fn a_release_candidate_counts_as_its_release() {
        assert!(!Target::ours().python.any_prerelease());
    }
}
