//! What is asked, and by which rules it is answered.

use std::collections::{BTreeMap, BTreeSet};

use pep440_rs::Version;
use pep508_rs::PackageName;
use wheel::Requirement;

use crate::target::Target;

/// When a version such as `2.0rc1` may be taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prereleases {
    /// Like any other.
    Allow,
    /// Never.
    Disallow,
    /// When a requirement, constraint or override names one (`>=2.0rc1`), or when no release
    /// fits what is asked. This is pip's rule; uv takes one only where no release fits, whatever
    /// is named.
    #[default]
    IfNeeded,
}

/// Which index a package comes from when several have it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// All files of all indexes are one offer: pip's rule.
    #[default]
    Merge,
    /// The first index that has the package: uv's rule.
    First,
}

/// Which packages may come as source archives where no wheel fits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sources {
    /// None.
    #[default]
    Never,
    /// All: the asker can build.
    Any,
    /// These.
    Only(BTreeSet<PackageName>),
}

impl Sources {
    pub(crate) fn allow(&self, name: &PackageName) -> bool {
        match self {
            Self::Never => false,
            Self::Any => true,
            Self::Only(names) => names.contains(name),
        }
    }
}

/// What bounds the work, so that hostile metadata cannot make it endless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Different requests.
    pub requests: usize,
    /// Different packages looked at.
    pub packages: usize,
    /// Versions tried in one step.
    pub tries: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests: 30_000,
            packages: 10_000,
            tries: 100_000,
        }
    }
}

/// What is to be resolved.
#[derive(Clone, Debug)]
pub struct Problem {
    /// What is wanted.
    pub requirements: Vec<Requirement>,
    /// Bounds on packages that are wanted by something else.
    pub constraints: Vec<Requirement>,
    /// Take the place of every requirement on their package.
    pub overrides: Vec<Requirement>,
    /// Requirements on these are dropped.
    pub excluded: BTreeSet<PackageName>,
    /// Packages that are there in this version, without files or dependencies.
    pub provided: BTreeMap<PackageName, Version>,
    /// Versions to be kept where possible, as from a lock file.
    pub preferences: BTreeMap<PackageName, Version>,
    /// What it is for.
    pub target: Target,
    /// The indexes in their order, as they are called in messages.
    pub indexes: Vec<String>,
    /// How they go together.
    pub strategy: Strategy,
    /// Policy on pre-releases.
    pub prereleases: Prereleases,
    /// Policy on source archives.
    pub sources: Sources,
    /// Bounds on the work.
    pub limits: Limits,
}

impl Problem {
    /// These requirements, for this target, from these indexes; all else as by default.
    #[must_use]
    pub fn new(requirements: Vec<Requirement>, target: Target, indexes: Vec<String>) -> Self {
        Self {
            requirements,
            constraints: Vec::new(),
            overrides: Vec::new(),
            excluded: BTreeSet::new(),
            provided: BTreeMap::new(),
            preferences: BTreeMap::new(),
            target,
            indexes,
            strategy: Strategy::default(),
            prereleases: Prereleases::default(),
            sources: Sources::default(),
            limits: Limits::default(),
        }
    }
}
