//! Which wheels our interpreter accepts, best first (PEP 425, PEP 783).
//!
//! Knows no platform by itself: the caller says which Python and which platform tags.

use std::collections::{HashMap, HashSet};

use crate::WheelName;

/// The tags an interpreter accepts, in order of preference.
#[derive(Clone, Debug)]
pub struct Tags {
    order: Vec<(String, String, String)>,
    /// By Python, ABI and platform tag, so that a look-up needs no copy of them.
    ranks: HashMap<String, HashMap<String, HashMap<String, usize>>>,
    python: (u32, u32),
    platforms: Vec<String>,
}

impl Tags {
    /// Tags of `CPython` `major.minor` on the given platforms, in the order in which
    /// Python's own `packaging` lists them.
    #[must_use]
    pub fn new(python: (u32, u32), platforms: &[String]) -> Self {
        let (major, minor) = python;
        let cp = format!("cp{major}{minor}");
        let mut order: Vec<(String, String, String)> = Vec::new();
        let mut seen = HashSet::new();
        let mut add = |py: &str, abi: &str, plat: &str| {
            let tag = (py.to_owned(), abi.to_owned(), plat.to_owned());
            if seen.insert(tag.clone()) {
                order.push(tag);
            }
        };
        for abi in [cp.as_str(), "abi3", "none"] {
            for plat in platforms {
                add(&cp, abi, plat);
            }
        }
        // The stable ABI began with 3.2.
        for older in (2..minor).rev() {
            for plat in platforms {
                add(&format!("cp{major}{older}"), "abi3", plat);
            }
        }
        let pure: Vec<String> = [format!("py{major}{minor}"), format!("py{major}")]
            .into_iter()
            .chain((0..minor).rev().map(|m| format!("py{major}{m}")))
            .collect();
        for py in &pure {
            for plat in platforms {
                add(py, "none", plat);
            }
        }
        add(&cp, "none", "any");
        for py in &pure {
            add(py, "none", "any");
        }
        let mut ranks: HashMap<String, HashMap<String, HashMap<String, usize>>> = HashMap::new();
        for (rank, (py, abi, plat)) in order.iter().enumerate() {
            let abis = ranks.entry(py.clone()).or_default();
            let platforms = abis.entry(abi.clone()).or_default();
            platforms.insert(plat.clone(), rank);
        }
        Self {
            order,
            ranks,
            python,
            platforms: platforms.to_vec(),
        }
    }

    /// How well a wheel fits: 0 is best, `None` does not fit at all.
    #[must_use]
    pub fn rank(&self, wheel: &WheelName) -> Option<usize> {
        let abis = wheel.pythons.iter().filter_map(|py| self.ranks.get(py));
        let platforms = abis.flat_map(|by| wheel.abis.iter().filter_map(|abi| by.get(abi)));
        platforms
            .flat_map(|by| wheel.platforms.iter().filter_map(|plat| by.get(plat)))
            .min()
            .copied()
    }

    /// Like [`Tags::rank`], with an error that names both sides.
    pub fn check(&self, wheel: &WheelName) -> Result<usize, Mismatch> {
        self.rank(wheel).ok_or_else(|| Mismatch {
            file: wheel.file().to_owned(),
            theirs: wheel.tag(),
            ours: self.summary(),
            fix: self.fix(wheel),
        })
    }

    /// The accepted tags, best first, as `python-abi-platform`.
    pub fn iter(&self) -> impl Iterator<Item = String> + '_ {
        self.order.iter().map(|(p, a, t)| format!("{p}-{a}-{t}"))
    }

    /// A line short enough for an error message.
    #[must_use]
    pub fn summary(&self) -> String {
        let (major, minor) = self.python;
        let mut out: Vec<String> = Vec::new();
        for plat in &self.platforms {
            out.push(format!("cp{major}{minor}-cp{major}{minor}-{plat}"));
            out.push(format!("cp{major}2…cp{major}{minor}-abi3-{plat}"));
            out.push(format!("py{major}-none-{plat}"));
        }
        out.push(format!("py{major}-none-any"));
        out.join(", ")
    }

    fn fix(&self, wheel: &WheelName) -> String {
        let (major, minor) = self.python;
        let platform = self.platforms.first().map_or("any", String::as_str);
        let other_python = wheel.platforms.iter().any(|p| self.platforms.contains(p));
        let name = &wheel.name;
        if other_python {
            return format!(
                "It is for our platform but another Python: take the build of {name} for CPython {major}.{minor}, or a version of it that has one."
            );
        }
        let older_emscripten = wheel
            .platforms
            .iter()
            .any(|p| p.starts_with("pyodide_") || p.starts_with("pyemscripten_"));
        if older_emscripten {
            return format!(
                "It is for WebAssembly, but for another Emscripten ABI: take the build of {name} tagged {platform}."
            );
        }
        format!(
            "It is compiled for another system. Take a pure-Python wheel of {name} (…-py{major}-none-any.whl) or one tagged {platform}, or ask by name (`--with {name}`) so that ferropy picks one."
        )
    }
}

/// A wheel that our interpreter cannot load.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the wheel {file} does not fit this Python\n  its tags:  {theirs}\n  ours:      {ours}")]
pub struct Mismatch {
    /// The wheel's file name.
    pub file: String,
    /// The wheel's compressed tag set.
    pub theirs: String,
    /// A summary of the tags that are accepted.
    pub ours: String,
    /// What to do about it.
    pub fix: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags() -> Tags {
        Tags::new((3, 15), &["plat_1_wasm32".to_owned()])
    }

    fn rank(tag: &str) -> Option<usize> {
        tags().rank(&format!("x-1-{tag}.whl").parse().unwrap())
    }

    #[test]
    fn prefers_the_closest_tag() {
        let best_first = [
            "cp315-cp315-plat_1_wasm32",
            "cp315-abi3-plat_1_wasm32",
            "cp315-none-plat_1_wasm32",
            "cp314-abi3-plat_1_wasm32",
            "cp32-abi3-plat_1_wasm32",
            "py3-none-plat_1_wasm32",
            "py315-none-any",
            "py3-none-any",
            "py314-none-any",
        ];
        let ranks: Vec<usize> = best_first
            .iter()
            .map(|t| rank(t).unwrap_or_else(|| panic!("{t} is refused")))
            .collect();
        assert!(ranks.is_sorted() && ranks[0] == 0, "{ranks:?}");
        assert_eq!(rank("py2.py3-none-any"), rank("py3-none-any"));
    }

    #[test]
    fn refuses_what_does_not_load() {
        for tag in [
            "cp315-cp315-manylinux_2_28_x86_64",
            "cp314-cp314-plat_1_wasm32",
            "cp315-cp315t-plat_1_wasm32",
            "cp316-abi3-plat_1_wasm32",
            "py2-none-any",
            "py316-none-any",
            "cp315-abi3-any",
        ] {
            assert_eq!(rank(tag), None, "{tag}");
        }
    }

    #[test]
    fn mismatch_names_both_sides_and_a_fix() {
        let wheel = "numpy-2.0-cp315-cp315-manylinux_2_28_x86_64.whl"
            .parse()
            .unwrap();
        let err = tags().check(&wheel).unwrap_err();
        let text = err.to_string();
        assert!(text.contains("cp315-cp315-manylinux_2_28_x86_64"), "{text}");
        assert!(text.contains("cp315-cp315-plat_1_wasm32"), "{text}");
        assert!(err.fix.contains("--with numpy"), "{}", err.fix);
        let wheel = "numpy-2.0-cp314-cp314-plat_1_wasm32.whl".parse().unwrap();
        assert!(
            tags()
                .check(&wheel)
                .unwrap_err()
                .fix
                .contains("another Python")
        );
        let wheel = "numpy-2.0-cp313-cp313-pyodide_2025_0_wasm32.whl"
            .parse()
            .unwrap();
        assert!(
            tags()
                .check(&wheel)
                .unwrap_err()
                .fix
                .contains("Emscripten ABI")
        );
    }
}
