//! A target, and locks to write.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::collections::BTreeSet;

use lock::pylock::Choice;
use lock::{Folder, Interpreter, Kind, Location, Lock, Package};
use pep440_rs::Version;
use pep508_rs::{MarkerEnvironment, MarkerEnvironmentBuilder};
use wheel::Tags;

pub struct Target {
    tags: Tags,
    markers: MarkerEnvironment,
    python: Version,
}

impl Target {
    pub fn new() -> Self {
        let markers = MarkerEnvironmentBuilder {
            implementation_name: "cpython",
            implementation_version: "3.15.0",
            os_name: "posix",
            platform_machine: "wasm32",
            platform_python_implementation: "CPython",
            platform_release: "",
            platform_system: "Emscripten",
            platform_version: "",
            python_full_version: "3.15.0",
            python_version: "3.15",
            sys_platform: "emscripten",
        };
        Self {
            tags: Tags::new((3, 15), &["plat_1_wasm32".to_owned()]),
            markers: MarkerEnvironment::try_from(markers).unwrap(),
            python: Version::new([3, 15, 0]),
        }
    }

    pub fn choice(&self) -> Choice<'_> {
        Choice {
            tags: &self.tags,
            markers: &self.markers,
            python: &self.python,
            interpreter: interpreter(),
            extras: BTreeSet::new(),
            groups: None,
        }
    }
}

pub fn interpreter() -> Interpreter {
    Interpreter {
        python: "3.15.0".to_owned(),
        platform: "emscripten_9".to_owned(),
        arch: "wasm32".to_owned(),
        abi: "1".to_owned(),
    }
}

pub fn package(file: &str, version: &str, depends: &[&str]) -> Package {
    Package {
        version: version.to_owned(),
        file: Location::parse(file).unwrap(),
        sha256: "a".repeat(64),
        size: Some(7),
        kind: Kind::Package,
        folder: Folder::Site,
        imports: vec!["one".to_owned(), "two".to_owned()],
        depends: depends.iter().map(|d| d.parse().unwrap()).collect(),
        unvendored_tests: false,
    }
}

/// A cycle, a URL and a path.
pub fn lock() -> Lock {
    let mut lock = Lock::new(interpreter());
    lock.requirements = vec!["app>=1".to_owned()];
    for (name, file, version, depends) in [
        (
            "app",
            "https://h.test/app-1.0-py3-none-any.whl",
            "1.0",
            &["left"][..],
        ),
        ("left", "wheels/left-2-py3-none-any.whl", "2", &["right"]),
        (
            "right",
            "right-3rc1-cp315-cp315-plat_1_wasm32.whl",
            "3rc1",
            &["left"],
        ),
    ] {
        lock.packages
            .insert(name.parse().unwrap(), package(file, version, depends));
    }
    lock
}
