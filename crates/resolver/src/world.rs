//! What is known so far, seen through the rules of the problem: which versions a package
//! has, which of them a specifier means, which may be taken, and what they need.
//!
//! Everything is looked up and nothing is fetched. What is missing comes back as a [`Stop`].

use std::cell::RefCell;
use std::rc::Rc;
use std::str::FromStr;

use pep440_rs::{Operator, Version, VersionSpecifiers};
use pep508_rs::{ExtraName, PackageName, VersionOrUrl};
use pubgrub::VersionSet;
use rustc_hash::{FxHashMap, FxHashSet};
use url::Url;
use wheel::{Metadata, Requirement, WheelName};

use crate::page::File;
use crate::problem::{Prereleases, Problem, Strategy};
use crate::project::{Candidate, Page, Project};
use crate::resolver::{Answer, Request};
use crate::set::Set;

/// A package name by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Name(pub(crate) u32);

/// What the solver decides about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Package {
    /// The question itself.
    Root,
    /// A package.
    Base(Name),
    /// What an extra of a package adds; always at the package's own version.
    Extra(Name, u32),
}

impl std::fmt::Display for Package {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(self, f)
    }
}

/// Why the solver cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    #[error("answers are missing")]
    Needs(Vec<Request>),
    #[error("the caller could not answer")]
    Failed(Box<Request>),
    #[error("a rule was learned that changes earlier choices")]
    Restart,
    #[error("{0}")]
    Limit(String),
}

/// The versions of a package that can be spoken of.
pub(crate) struct Universe {
    /// What the indexes have; comes first in the places.
    pub(crate) project: Option<Project>,
    /// Asked for by URL, or provided by the caller; behind the project's places.
    pub(crate) directs: Vec<Direct>,
    /// Places that constraints allow, and all if there are none.
    constrained: Set,
    sets: RefCell<FxHashMap<VersionSpecifiers, Set>>,
}

/// A version that is on no index.
#[derive(Clone)]
pub(crate) enum Direct {
    Url(Box<Candidate>),
    Provided(Version),
}

impl Direct {
    fn version(&self) -> &Version {
        match self {
            Self::Url(candidate) => &candidate.version,
            Self::Provided(version) => version,
        }
    }
}

impl Universe {
    pub(crate) fn len(&self) -> usize {
        self.released() + self.directs.len()
    }

    /// How many versions the indexes have.
    pub(crate) fn released(&self) -> usize {
        self.project.as_ref().map_or(0, |p| p.releases.len())
    }

    pub(crate) fn version(&self, place: usize) -> &Version {
        match &self.project {
            Some(project) if place < project.releases.len() => &project.releases[place].version,
            _ => self.directs[place - self.released()].version(),
        }
    }

    /// Which versions a specifier means.
    fn allowed(&self, specifiers: &VersionSpecifiers) -> Set {
        if specifiers.is_empty() {
            return Set::full();
        }
        let mut sets = self.sets.borrow_mut();
        if let Some(set) = sets.get(specifiers) {
            return set.clone();
        }
        let set = Set::of(self.len(), |place| specifiers.contains(self.version(place)));
        sets.insert(specifiers.clone(), set.clone());
        set
    }
}

/// Whether and when a version may be taken, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// Whenever it is allowed.
    Free,
    /// A pre-release that is not wanted as such, while there is something else.
    Prerelease,
    /// Withdrawn by its authors, but asked for in just this version.
    Yanked,
    /// Would have to be built.
    Source,
    /// By URL, unless the name alone was asked for.
    Direct,
    /// Not.
    Refused(Refusal),
}

/// Why a version that exists cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Refusal {
    Constraint,
    Prerelease,
    Yanked,
    Source,
    Python,
    Tags,
}

enum Slot<T> {
    Is(T),
    Unusable(String),
    Failed,
}

/// Names and extras by number.
#[derive(Default)]
struct Numbers {
    names: Vec<PackageName>,
    by_name: FxHashMap<PackageName, Name>,
    extras: Vec<ExtraName>,
    by_extra: FxHashMap<ExtraName, u32>,
}

/// Learned while solving, from the dependencies met so far.
#[derive(Default)]
struct Learned {
    /// Versions that are asked for exactly.
    pins: FxHashMap<Name, Set>,
    /// URLs that dependencies ask for.
    directs: FxHashMap<Name, Vec<Candidate>>,
    /// Where a choice would have been another with more of the above.
    denied: FxHashSet<Name>,
}

/// What a version needs, or why it cannot be used.
pub(crate) type Requires = Result<Rc<[Requirement]>, String>;

/// See the module.
pub(crate) struct World {
    pub(crate) problem: Problem,
    pages: FxHashMap<PackageName, Vec<Option<Slot<Option<Page>>>>>,
    metadata: FxHashMap<Url, Slot<Metadata>>,
    numbers: RefCell<Numbers>,
    universes: RefCell<FxHashMap<Name, Rc<Universe>>>,
    requires: RefCell<FxHashMap<(Package, usize), Requires>>,
    /// From requirements, constraints and overrides: these packages come from URLs only.
    urls: FxHashMap<PackageName, Vec<Candidate>>,
    /// The same sources name pre-releases of these.
    explicit: FxHashSet<PackageName>,
    learned: RefCell<Learned>,
}

impl World {
    /// Fails when a URL of the problem cannot mean a wheel for its target.
    pub(crate) fn new(problem: Problem) -> Result<Self, String> {
        let mut urls: FxHashMap<PackageName, Vec<Candidate>> = FxHashMap::default();
        let mut explicit = FxHashSet::default();
        let own = [
            &problem.requirements,
            &problem.constraints,
            &problem.overrides,
        ];
        for requirement in own.into_iter().flatten() {
            if !requirement.evaluate_markers(&problem.target.markers, &[]) {
                continue;
            }
            match &requirement.version_or_url {
                Some(VersionOrUrl::Url(url)) => {
                    let candidate = direct(&requirement.name, url, &problem)?;
                    let known = urls.entry(requirement.name.clone()).or_default();
                    if !known.contains(&candidate) {
                        known.push(candidate);
                    }
                }
                Some(VersionOrUrl::VersionSpecifier(specifiers))
                    if names_prerelease(specifiers) =>
                {
                    explicit.insert(requirement.name.clone());
                }
                _ => {}
            }
        }
        Ok(Self {
            problem,
            pages: FxHashMap::default(),
            metadata: FxHashMap::default(),
            numbers: RefCell::default(),
            universes: RefCell::default(),
            requires: RefCell::default(),
            urls,
            explicit,
            learned: RefCell::default(),
        })
    }

    pub(crate) fn answer(&mut self, request: &Request, answer: Answer) {
        match request {
            Request::Page { index, name } => {
                let slot = match answer {
                    Answer::Page(page) => Slot::Is(Some(page)),
                    Answer::NoPage => Slot::Is(None),
                    _ => Slot::Failed,
                };
                let count = self.problem.indexes.len();
                let slots = self.pages.entry(name.clone());
                let slots = slots.or_insert_with(|| (0..count).map(|_| None).collect());
                if let Some(place) = slots.get_mut(*index) {
                    *place = Some(slot);
                }
            }
            Request::Metadata(candidate) => {
                let slot = match answer {
                    Answer::Metadata(metadata) => Slot::Is(*metadata),
                    Answer::Unusable(why) => Slot::Unusable(why),
                    _ => Slot::Failed,
                };
                self.metadata.insert(candidate.file.url.clone(), slot);
            }
        }
    }

    /// Forgets what earlier steps learned, so that the last step alone decides.
    pub(crate) fn begin(&self) {
        let learned = std::mem::take(&mut *self.learned.borrow_mut());
        for name in learned.directs.into_keys() {
            self.forget(name);
        }
    }

    /// Drops what was derived from a package's old universe.
    fn forget(&self, name: Name) {
        self.universes.borrow_mut().remove(&name);
        let mut requires = self.requires.borrow_mut();
        requires.retain(|(package, _), _| self.name_of(*package) != Some(name));
    }

    pub(crate) fn number(&self, name: &PackageName) -> Name {
        let mut numbers = self.numbers.borrow_mut();
        if let Some(known) = numbers.by_name.get(name) {
            return *known;
        }
        let new = Name(u32::try_from(numbers.names.len()).unwrap_or(u32::MAX));
        numbers.names.push(name.clone());
        numbers.by_name.insert(name.clone(), new);
        new
    }

    pub(crate) fn extra(&self, name: &ExtraName) -> u32 {
        let mut numbers = self.numbers.borrow_mut();
        if let Some(known) = numbers.by_extra.get(name) {
            return *known;
        }
        let new = u32::try_from(numbers.extras.len()).unwrap_or(u32::MAX);
        numbers.extras.push(name.clone());
        numbers.by_extra.insert(name.clone(), new);
        new
    }

    pub(crate) fn package_name(&self, name: Name) -> PackageName {
        self.numbers.borrow().names[name.0 as usize].clone()
    }

    pub(crate) fn extra_name(&self, extra: u32) -> ExtraName {
        self.numbers.borrow().extras[extra as usize].clone()
    }

    #[expect(clippy::unused_self, reason = "reads as a question to the world")]
    pub(crate) fn name_of(&self, package: Package) -> Option<Name> {
        match package {
            Package::Root => None,
            Package::Base(name) | Package::Extra(name, _) => Some(name),
        }
    }

    /// The versions of a package, or what has to be asked first.
    pub(crate) fn universe(&self, name: Name) -> Result<Rc<Universe>, Stop> {
        if let Some(known) = self.universes.borrow().get(&name) {
            return Ok(known.clone());
        }
        if self.universes.borrow().len() >= self.problem.limits.packages {
            return Err(Stop::Limit(format!(
                "more than {} packages are involved",
                self.problem.limits.packages
            )));
        }
        let text = self.package_name(name);
        let mut directs: Vec<Direct> = Vec::new();
        let mut project = None;
        if let Some(version) = self.problem.provided.get(&text) {
            directs.push(Direct::Provided(version.clone()));
        } else if let Some(urls) = self.urls.get(&text) {
            directs.extend(urls.iter().cloned().map(Box::new).map(Direct::Url));
        } else {
            project = self.project(&text)?;
            let learned = self.learned.borrow();
            let learned = learned.directs.get(&name).into_iter().flatten();
            directs.extend(learned.cloned().map(Box::new).map(Direct::Url));
        }
        let target = &self.problem.target;
        let mut universe = Universe {
            project,
            directs,
            constrained: Set::full(),
            sets: RefCell::default(),
        };
        for constraint in &self.problem.constraints {
            if constraint.name == text
                && constraint.evaluate_markers(&target.markers, &[])
                && let Some(VersionOrUrl::VersionSpecifier(specifiers)) = &constraint.version_or_url
            {
                let allowed = universe.allowed(specifiers);
                universe.constrained = universe.constrained.intersection(&allowed);
            }
        }
        let universe = Rc::new(universe);
        self.universes.borrow_mut().insert(name, universe.clone());
        Ok(universe)
    }

    fn project(&self, name: &PackageName) -> Result<Option<Project>, Stop> {
        let mut needs = Vec::new();
        let mut pages = Vec::new();
        let slots = self.pages.get(name);
        for index in 0..self.problem.indexes.len() {
            let request = || Request::Page {
                index,
                name: name.clone(),
            };
            match slots.and_then(|slots| slots.get(index)?.as_ref()) {
                None => needs.push(request()),
                Some(Slot::Is(Some(page))) => {
                    pages.push(page.clone());
                    if self.problem.strategy == Strategy::First && needs.is_empty() {
                        break;
                    }
                }
                Some(Slot::Is(None)) => {}
                Some(Slot::Unusable(_) | Slot::Failed) => {
                    return Err(Stop::Failed(Box::new(request())));
                }
            }
        }
        if !needs.is_empty() {
            return Err(Stop::Needs(needs));
        }
        Ok((!pages.is_empty()).then(|| Project::new(pages)))
    }

    /// Which versions of its package a requirement means.
    ///
    /// `own` is true for requirements of the problem itself, whose URLs are known from the
    /// start.
    pub(crate) fn allowed(&self, requirement: &Requirement, own: bool) -> Result<Set, Stop> {
        let name = self.number(&requirement.name);
        let universe = self.universe(name)?;
        match &requirement.version_or_url {
            None => Ok(Set::full()),
            Some(VersionOrUrl::VersionSpecifier(specifiers)) => {
                let set = universe.allowed(specifiers);
                self.learn(name, specifiers, &set)?;
                Ok(set)
            }
            // What the caller provides takes the place of any URL.
            Some(VersionOrUrl::Url(_)) if self.problem.provided.contains_key(&requirement.name) => {
                Ok(Set::full())
            }
            Some(VersionOrUrl::Url(url)) => {
                let wanted = crate::page::File::at(url.clone()).url;
                let at = universe
                    .directs
                    .iter()
                    .position(|direct| matches!(direct, Direct::Url(c) if c.file.url == wanted));
                if let Some(at) = at {
                    let place = universe.released() + at;
                    return Ok(Set::of(place + 1, |p| p == place));
                }
                // A URL of the problem itself rules out any other for its package.
                let fixed = self.urls.contains_key(&requirement.name);
                let Ok(candidate) = direct(&requirement.name, url, &self.problem) else {
                    return Ok(Set::empty());
                };
                if fixed || own {
                    return Ok(Set::empty());
                }
                let mut learned = self.learned.borrow_mut();
                learned.directs.entry(name).or_default().push(candidate);
                drop(learned);
                self.forget(name);
                Err(Stop::Restart)
            }
        }
    }

    /// Notes which versions a specifier asks for exactly.
    fn learn(&self, name: Name, specifiers: &VersionSpecifiers, set: &Set) -> Result<(), Stop> {
        let mut learned = self.learned.borrow_mut();
        let mut new = false;
        let exact = |o: &Operator| matches!(o, Operator::Equal | Operator::ExactEqual);
        if specifiers.iter().any(|s| exact(s.operator())) {
            let pins = learned.pins.entry(name).or_insert_with(Set::empty);
            let more = pins.union(set);
            new |= more != *pins;
            *pins = more;
        }
        if new && learned.denied.remove(&name) {
            return Err(Stop::Restart);
        }
        Ok(())
    }

    /// True for a set of versions of which one was asked for exactly.
    pub(crate) fn is_pinned(&self, name: Name, set: &Set) -> bool {
        let learned = self.learned.borrow();
        learned.pins.get(&name).is_some_and(|pins| {
            let universe = self.universes.borrow();
            let count = universe.get(&name).map_or(0, |u| u.len());
            let mut members = set.descending(count);
            let one = members.next();
            one.is_some_and(|one| pins.has(one)) && members.next().is_none()
        })
    }

    pub(crate) fn class(&self, name: Name, universe: &Universe, place: usize) -> Class {
        if !universe.constrained.has(place) {
            return Class::Refused(Refusal::Constraint);
        }
        let Some(project) = universe
            .project
            .as_ref()
            .filter(|p| place < p.releases.len())
        else {
            return Class::Direct;
        };
        let offer = project.offer(place, &self.problem.target);
        let version = &project.releases[place].version;
        let learned = self.learned.borrow();
        let text = || self.package_name(name);
        let builds =
            offer.wheel.is_none() && offer.source.is_some() && self.problem.sources.allow(&text());
        // What could not be taken as a release either is not called a pre-release.
        if version.any_prerelease() && (offer.wheel.is_some() || builds) {
            let explicit = match self.problem.prereleases {
                Prereleases::Allow => true,
                Prereleases::Disallow => return Class::Refused(Refusal::Prerelease),
                Prereleases::IfNeeded => self.explicit.contains(&text()),
            };
            if !explicit {
                // As pip has it: where no release fits what is asked, a pre-release that does is taken.
                return match offer.wheel {
                    Some(_) => Class::Prerelease,
                    None => Class::Refused(Refusal::Prerelease),
                };
            }
        }
        if offer.wheel.is_some() {
            return Class::Free;
        }
        if offer.yanked.is_some() {
            if learned.pins.get(&name).is_some_and(|pins| pins.has(place)) {
                return Class::Yanked;
            }
            return Class::Refused(Refusal::Yanked);
        }
        if builds {
            return Class::Source;
        }
        // A wheel for another platform is nearer than a source archive.
        if offer.source.is_some() && offer.other_tags.is_empty() {
            return Class::Refused(Refusal::Source);
        }
        if offer.other_tags.is_empty() && !offer.other_python.is_empty() {
            return Class::Refused(Refusal::Python);
        }
        Class::Refused(Refusal::Tags)
    }

    /// The version to take of a set: the preferred one, else the newest of the best class.
    pub(crate) fn choose(&self, name: Name, set: &Set) -> Result<Option<usize>, Stop> {
        let universe = self.universe(name)?;
        let text = self.package_name(name);
        if let Some(version) = self.problem.preferences.get(&text)
            && let Some(place) = set
                .descending(universe.len())
                .find(|place| universe.version(*place) == version)
            && !matches!(self.class(name, &universe, place), Class::Refused(_))
        {
            return Ok(Some(place));
        }
        let mut best: Option<(Class, usize)> = None;
        let mut denied = false;
        for place in set.descending(universe.len()) {
            match self.class(name, &universe, place) {
                Class::Free => {
                    best = Some((Class::Free, place));
                    break;
                }
                Class::Refused(why) => {
                    denied |= matches!(why, Refusal::Prerelease | Refusal::Yanked);
                }
                class if best.is_none_or(|(known, _)| class < known) => {
                    best = Some((class, place));
                }
                _ => {}
            }
        }
        if denied && best.is_none_or(|(class, _)| class != Class::Free) {
            self.learned.borrow_mut().denied.insert(name);
        }
        Ok(best.map(|(_, place)| place))
    }

    /// The file of a version; `None` for what the caller provides.
    pub(crate) fn candidate(&self, universe: &Universe, place: usize) -> Option<Candidate> {
        match universe
            .project
            .as_ref()
            .filter(|p| place < p.releases.len())
        {
            Some(project) => {
                let offer = project.offer(place, &self.problem.target);
                let best = offer.wheel.as_ref().or(offer.yanked.as_ref());
                best.or(offer.source.as_ref()).cloned()
            }
            None => match &universe.directs[place - universe.released()] {
                Direct::Url(candidate) => Some((**candidate).clone()),
                Direct::Provided(_) => None,
            },
        }
    }

    /// What a version needs, with markers judged and overrides applied.
    pub(crate) fn requires(&self, package: Package, place: usize) -> Result<Requires, Stop> {
        if let Some(known) = self.requires.borrow().get(&(package, place)) {
            return Ok(known.clone());
        }
        let requires = self.load_requires(package, place)?;
        let mut all = self.requires.borrow_mut();
        all.insert((package, place), requires.clone());
        Ok(requires)
    }

    fn load_requires(&self, package: Package, place: usize) -> Result<Requires, Stop> {
        let markers = &self.problem.target.markers;
        let (name, extra) = match package {
            Package::Root => {
                let all = self.problem.requirements.iter();
                let all = all.filter(|r| r.evaluate_markers(markers, &[]));
                return Ok(Ok(all.flat_map(|r| self.overridden(r)).collect()));
            }
            Package::Base(name) => (name, None),
            Package::Extra(name, extra) => (name, Some(self.extra_name(extra))),
        };
        let universe = self.universe(name)?;
        let Some(candidate) = self.candidate(&universe, place) else {
            return Ok(Ok(Rc::new([])));
        };
        let metadata = match self.metadata.get(&candidate.file.url) {
            None => return Err(Stop::Needs(vec![Request::Metadata(Box::new(candidate))])),
            Some(Slot::Failed) => {
                return Err(Stop::Failed(Box::new(Request::Metadata(Box::new(
                    candidate,
                )))));
            }
            Some(Slot::Unusable(why)) => return Ok(Err(why.clone())),
            Some(Slot::Is(metadata)) => metadata,
        };
        if let Some(why) = self.mismatch(name, &candidate, metadata) {
            return Ok(Err(why));
        }
        let active: Vec<ExtraName> = extra.into_iter().collect();
        let all = metadata.requires.iter().filter(|requirement| {
            let plain = requirement.evaluate_markers(markers, &[]);
            if active.is_empty() {
                return plain;
            }
            // What applies without the extra is the base package's.
            !plain && requirement.evaluate_markers(markers, &active)
        });
        Ok(Ok(all.flat_map(|r| self.overridden(r)).collect()))
    }

    /// Whether the metadata is of this file and for this Python.
    fn mismatch(&self, name: Name, candidate: &Candidate, metadata: &Metadata) -> Option<String> {
        let name = self.package_name(name);
        // A wheel built from source may carry a local version that the archive's name lacks.
        let same = metadata.version == candidate.version
            || metadata.version.clone().without_local() == candidate.version;
        if metadata.name != name || !same {
            return Some(format!(
                "its metadata is of {} {}",
                metadata.name, metadata.version
            ));
        }
        let wants = metadata.requires_python.as_ref()?;
        let python = &self.problem.target.python;
        (!wants.contains(python)).then(|| format!("it wants Python {wants}, and this is {python}"))
    }

    /// A requirement, or what overrides put in its place.
    fn overridden(&self, requirement: &Requirement) -> Vec<Requirement> {
        if self.problem.excluded.contains(&requirement.name) {
            return Vec::new();
        }
        let named = self.problem.overrides.iter();
        let mut named = named.filter(|o| o.name == requirement.name).peekable();
        if named.peek().is_none() {
            return vec![requirement.clone()];
        }
        let markers = &self.problem.target.markers;
        let applying = named.filter(|o| o.evaluate_markers(markers, &[]));
        let applying = applying.map(|o| {
            let mut o = o.clone();
            // An override is about versions; the extras are still wanted.
            for extra in &requirement.extras {
                if !o.extras.contains(extra) {
                    o.extras.push(extra.clone());
                }
            }
            o
        });
        applying.collect()
    }

    /// Extras that were asked for and that the version does not have.
    pub(crate) fn lacks(&self, candidate: &Candidate, extra: &ExtraName) -> bool {
        matches!(self.metadata.get(&candidate.file.url),
            Some(Slot::Is(metadata)) if !metadata.extras.contains(extra))
    }
}

fn names_prerelease(specifiers: &VersionSpecifiers) -> bool {
    specifiers
        .iter()
        .any(|s| s.any_prerelease() && *s.operator() != Operator::NotEqual)
}

/// The wheel behind `name @ URL`.
fn direct(name: &PackageName, url: &Url, problem: &Problem) -> Result<Candidate, String> {
    let file = File::at(url.clone());
    let wheel = WheelName::from_str(&file.name).map_err(|e| e.to_string())?;
    if wheel.name != *name {
        return Err(format!(
            "{name} was asked for, and the wheel {} is of {}",
            file.name, wheel.name
        ));
    }
    problem
        .target
        .tags
        .check(&wheel)
        .map_err(|e| format!("{e}\n{}", e.fix))?;
    Ok(Candidate {
        version: wheel.version,
        file,
        source: false,
        direct: true,
    })
}
