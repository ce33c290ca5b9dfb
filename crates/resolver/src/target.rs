//! The interpreter that packages are picked for: which wheels fit, what markers say.

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

/// What markers see of a platform.
struct Platform<'a> {
    os_name: &'a str,
    sys: &'a str,
    system: &'a str,
    machine: &'a str,
    release: &'a str,
    version: &'a str,
}

impl Target {
    /// `CPython` on Emscripten, whose wheels carry one of these platform tags.
    ///
    /// `python` is its full version; a release candidate counts as its release, as pip has it.
    pub fn emscripten(
        python: &str,
        emscripten: &str,
        platforms: &[String],
    ) -> Result<Self, String> {
        let platform = Platform {
            os_name: "posix",
            sys: "emscripten",
            system: "Emscripten",
            machine: "wasm32",
            release: emscripten,
            version: "#1",
        };
        Self::new(python, &platform, platforms)
    }

    /// Reads `linux-x86_64-3.13`, `linux-aarch64-3.13`, `macos-arm64-3.13` or `windows-amd64-3.13`.
    ///
    /// Linux means glibc 2.28, the tags of `manylinux_2_28` and older. These targets exist
    /// to compare with other installers; nothing is ever run on them.
    pub fn native(name: &str) -> Result<Self, String> {
        let unknown = || {
            format!(
                "«{name}» is no known target: write for example linux-x86_64-3.13, linux-aarch64-3.13, macos-arm64-3.13 or windows-amd64-3.13"
            )
        };
        let (platform, python) = name.rsplit_once('-').ok_or_else(unknown)?;
        let (mut sys_platform, mut os_name, mut release) = ("linux", "posix", "");
        let (system, machine, tags) = match platform {
            "linux-x86_64" => ("Linux", "x86_64", linux("x86_64", 5)),
            "linux-aarch64" => ("Linux", "aarch64", linux("aarch64", 17)),
            "macos-arm64" => {
                sys_platform = "darwin";
                release = "23.0.0";
                ("Darwin", "arm64", macos())
            }
            "windows-amd64" => {
                (sys_platform, os_name) = ("win32", "nt");
                ("Windows", "AMD64", vec!["win_amd64".to_owned()])
            }
            _ => return Err(unknown()),
        };
        let platform = Platform {
            os_name,
            sys: sys_platform,
            system,
            machine,
            release,
            version: "",
        };
        Self::new(python, &platform, &tags)
    }

    fn new(python: &str, platform: &Platform<'_>, tags: &[String]) -> Result<Self, String> {
        let bad = || format!("«{python}» is not a version of Python such as 3.15.0");
        let version = Version::from_str(python).map_err(|_| bad())?;
        let number = |i: usize| version.release().get(i).copied().unwrap_or_default();
        let part = |i: usize| u32::try_from(number(i)).map_err(|_| bad());
        let (major, minor) = (part(0)?, part(1)?);
        if major != 3 || minor > 99 {
            return Err(bad());
        }
        let version = Version::new([3, number(1), number(2)]);
        let full = version.to_string();
        let short = format!("{major}.{minor}");
        let markers = MarkerEnvironment::try_from(MarkerEnvironmentBuilder {
            implementation_name: "cpython",
            implementation_version: &full,
            os_name: platform.os_name,
            platform_machine: platform.machine,
            platform_python_implementation: "CPython",
            platform_release: platform.release,
            platform_system: platform.system,
            platform_version: platform.version,
            // The library derives python_version from this one, and a release candidate's is not
            // >= 3.15 where Python's own `python_version` («3.15») is: the release it is.
            python_full_version: &full,
            python_version: &short,
            sys_platform: platform.sys,
        })
        .map_err(|e| e.to_string())?;
        Ok(Self {
            tags: Tags::new((major, minor), tags),
            markers,
            python: version,
        })
    }
}

/// Platform tags of glibc 2.28, best first; `oldest` is the first glibc of that machine.
fn linux(machine: &str, oldest: u32) -> Vec<String> {
    let mut out = Vec::new();
    for minor in (oldest..=28).rev() {
        out.push(format!("manylinux_2_{minor}_{machine}"));
        let alias = match minor {
            17 => "manylinux2014",
            12 => "manylinux2010",
            5 => "manylinux1",
            _ => continue,
        };
        out.push(format!("{alias}_{machine}"));
    }
    out.push(format!("linux_{machine}"));
    out
}

/// Platform tags of macOS 14 on Apple's own processors, best first.
fn macos() -> Vec<String> {
    let new = (11..=14)
        .rev()
        .flat_map(|major| ["arm64", "universal2"].map(|cpu| format!("macosx_{major}_0_{cpu}")));
    // Before 11, only what was built for both processors runs.
    let old = (4..=16)
        .rev()
        .map(|minor| format!("macosx_10_{minor}_universal2"));
    new.chain(old).collect()
}

#[cfg(test)]
mod tests {
    use wheel::parse_requirement;

    use super::*;

    fn applies(target: &Target, marker: &str) -> bool {
        let requirement = parse_requirement(&format!("x ; {marker}")).unwrap();
        requirement.evaluate_markers(&target.markers, &[])
    }

    #[test]
    fn markers_see_emscripten() {
        let target = Target::emscripten("3.15.0rc9", "9.9.1", &["p_wasm32".to_owned()]).unwrap();
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
            assert_eq!(applies(&target, marker), expected, "{marker}");
        }
        assert!(
            !target.python.any_prerelease(),
            "a candidate counts as its release"
        );
    }

    #[test]
    fn native_targets() {
        let target = Target::native("linux-x86_64-3.13").unwrap();
        assert_eq!(target.python.to_string(), "3.13.0");
        assert!(applies(
            &target,
            "sys_platform == 'linux' and platform_machine == 'x86_64'"
        ));
        let rank = |tag: &str| target.tags.rank(&format!("a-1-{tag}.whl").parse().unwrap());
        let best_first = [
            "cp313-cp313-manylinux_2_28_x86_64",
            "cp313-cp313-manylinux_2_17_x86_64",
            "cp313-cp313-manylinux2014_x86_64",
            "cp313-cp313-manylinux1_x86_64",
            "cp313-cp313-linux_x86_64",
            "cp313-abi3-manylinux_2_28_x86_64",
            "py3-none-any",
        ];
        let ranks: Vec<_> = best_first.map(|tag| rank(tag).unwrap()).into();
        assert!(ranks.is_sorted(), "{ranks:?}");
        assert_eq!(rank("cp313-cp313-manylinux_2_34_x86_64"), None);
        for name in [
            "linux-aarch64-3.14",
            "macos-arm64-3.13",
            "windows-amd64-3.12.1",
        ] {
            Target::native(name).unwrap();
        }
        for name in ["linux-x86_64", "amiga-68k-3.13", "linux-x86_64-two"] {
            assert!(
                Target::native(name)
                    .unwrap_err()
                    .contains(name.rsplit('-').next().unwrap())
            );
        }
    }
}
