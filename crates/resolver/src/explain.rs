//! Why there is no solution, in sentences.
//!
//! pubgrub proves it with a tree of derivations. Read as prose such a proof is long and hard
//! to follow; what people need are the facts it rests on, in the order in which the
//! packages depend on each other: who wants what, and why each version is out.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;

use pep508_rs::{PackageName, VersionOrUrl};
use pubgrub::{DerivationTree, External, VersionSet};
use rustc_hash::{FxHashMap, FxHashSet};
use wheel::Requirement;

use crate::set::Set;
use crate::solve::Tree;
use crate::world::{Class, Name, Package, Refusal, Universe, World};

/// What kind of failure it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No index has this package.
    Missing(PackageName),
    /// The package exists, and none of its versions can be taken.
    NoVersion(PackageName),
    /// Requirements contradict each other.
    Conflict,
    /// A URL that was asked for is of no use.
    Url,
    /// A limit of the problem was reached.
    Limit,
}

/// Why there is no solution.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Explanation {
    /// What kind of failure it is.
    pub cause: Cause,
    /// A line that sums it up, then one line for each fact.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl Explanation {
    pub(crate) fn of_url(why: String) -> Self {
        Self {
            cause: Cause::Url,
            message: why,
            hint: "a URL has to be that of a wheel which fits this Python".to_owned(),
        }
    }

    pub(crate) fn of_limit(what: &str) -> Self {
        Self {
            cause: Cause::Limit,
            message: format!("the search was given up: {what}"),
            hint: "pin some of the packages (NAME==VERSION), which makes the search smaller"
                .to_owned(),
        }
    }
}

/// Facts that say the same of another package, shown one by one; more are summed up.
const SHOWN: usize = 3;

/// Versions of one package, and what they allow of another.
type Sets = Vec<(Set, Set)>;

/// What the proof rests on.
#[derive(Default)]
struct Facts {
    /// Who needs what.
    needs: Vec<(Package, Package, Sets)>,
    /// Of these, no version in the set can be taken.
    none: FxHashMap<Name, Set>,
    /// These versions are unusable.
    bad: Vec<(Name, Set, String)>,
}

impl Facts {
    /// Takes the tree apart without recursion: it is as deep as the search was long.
    fn of(tree: Tree) -> Self {
        let mut out = Self::default();
        let mut stack = vec![tree];
        while let Some(tree) = stack.pop() {
            match tree {
                // A shared part is looked at by whoever holds it last.
                DerivationTree::Derived(derived) => {
                    stack.extend(Arc::into_inner(derived.cause2));
                    stack.extend(Arc::into_inner(derived.cause1));
                }
                DerivationTree::External(fact) => out.add(fact),
            }
        }
        out
    }

    fn add(&mut self, fact: External<Package, Set, String>) {
        match fact {
            External::NotRoot(..) => {}
            External::FromDependencyOf(from, versions, to, allowed) => {
                let at = self
                    .needs
                    .iter()
                    .position(|(f, t, _)| (*f, *t) == (from, to));
                let at = at.unwrap_or_else(|| {
                    self.needs.push((from, to, Vec::new()));
                    self.needs.len() - 1
                });
                let sets = &mut self.needs[at].2;
                match sets.iter_mut().find(|(_, known)| *known == allowed) {
                    Some((known, _)) => *known = known.union(&versions),
                    None => sets.push((versions, allowed)),
                }
            }
            External::NoVersions(package, set) => {
                if let Package::Base(name) | Package::Extra(name, _) = package {
                    let known = self.none.entry(name).or_insert_with(Set::empty);
                    *known = known.union(&set);
                }
            }
            External::Custom(package, set, why) => {
                if let Package::Base(name) | Package::Extra(name, _) = package {
                    match self
                        .bad
                        .iter_mut()
                        .find(|(n, _, w)| *n == name && *w == why)
                    {
                        Some((_, known, _)) => *known = known.union(&set),
                        None => self.bad.push((name, set, why)),
                    }
                }
            }
        }
    }

    /// The packages from the root on, those that are needed first.
    fn order(&self) -> Vec<Package> {
        let mut seen = FxHashSet::from_iter([Package::Root]);
        let mut queue = VecDeque::from([Package::Root]);
        let mut out = Vec::new();
        while let Some(package) = queue.pop_front() {
            out.push(package);
            let mut next: Vec<Package> = Vec::new();
            for (from, to, _) in &self.needs {
                if *from == package && seen.insert(*to) {
                    next.push(*to);
                }
            }
            next.sort();
            queue.extend(next);
        }
        // What the proof mentions without saying how it is reached.
        let mut rest: Vec<Package> = self.needs.iter().map(|(from, ..)| *from).collect();
        rest.extend(self.none.keys().map(|name| Package::Base(*name)));
        rest.extend(self.bad.iter().map(|(name, ..)| Package::Base(*name)));
        rest.sort();
        out.extend(rest.into_iter().filter(|package| seen.insert(*package)));
        out
    }
}

/// The sentences for a failed search.
pub(crate) fn explain(world: &World, tree: Tree) -> Explanation {
    let facts = Facts::of(tree);
    let writer = Writer { world };
    let mut lines: Vec<String> = Vec::new();
    let mut told: FxHashSet<Name> = FxHashSet::default();
    let mut hints: Vec<(Refusal, String)> = Vec::new();
    let mut missing: Vec<PackageName> = Vec::new();
    let mut culprits: Vec<Name> = Vec::new();
    let order = facts.order();
    for package in &order {
        for (from, to, sets) in facts.needs.iter().filter(|(from, ..)| from == package) {
            writer.needs(*from, *to, sets, &mut lines);
        }
    }
    for package in &order {
        let Some(name) = world.name_of(*package) else {
            continue;
        };
        if !told.insert(name) {
            continue;
        }
        let Ok(universe) = world.universe(name) else {
            continue;
        };
        for (_, set, why) in facts.bad.iter().filter(|(bad, ..)| *bad == name) {
            let what = writer.versions(name, &universe, set);
            lines.push(format!("{what} cannot be used: {why}"));
        }
        if universe.len() == 0 {
            missing.push(world.package_name(name));
            continue;
        }
        let before = lines.len();
        let unmet = writer.unmet(&facts, name, &universe);
        if !unmet.is_empty() {
            writer.other_versions(name, &universe, &unmet, &mut lines, &mut hints);
        }
        if let Some(none) = facts.none.get(&name) {
            let asked = writer.asked(&facts, name);
            writer.excluded(name, &universe, none, &asked, &mut lines, &mut hints);
        }
        if lines.len() > before {
            culprits.push(name);
        }
    }
    let mut by_wanted: FxHashMap<Name, usize> = FxHashMap::default();
    for (_, to, sets) in &facts.needs {
        if let Package::Base(name) = to {
            *by_wanted.entry(*name).or_default() += sets.len();
        }
    }
    let clash = by_wanted.values().any(|count| *count > 1);
    let mut seen = FxHashSet::default();
    lines.retain(|line| seen.insert(line.clone()));
    let list = lines.iter().fold(String::new(), |mut text, line| {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n  {line}");
        text
    });
    hints.sort();
    let hint = hints.into_iter().next().map(|(_, hint)| hint);
    let (cause, first, hint) = match (&missing[..], &culprits[..]) {
        ([name], _) if !clash => (
            Cause::Missing(name.clone()),
            format!("there is no package «{name}»"),
            format!(
                "check the spelling; asked: {}",
                world.problem.indexes.join(", ")
            ),
        ),
        (_, [name]) if !clash => {
            let name = world.package_name(*name);
            let first = format!("no version of «{name}» can be used");
            let hint = hint.unwrap_or_else(|| {
                "ask for another version of it, or for another package".to_owned()
            });
            (Cause::NoVersion(name), first, hint)
        }
        _ => (
            Cause::Conflict,
            "the requirements cannot be met together".to_owned(),
            hint.unwrap_or_else(|| "loosen one of these requirements".to_owned()),
        ),
    };
    Explanation {
        cause,
        message: format!("{first}{list}"),
        hint,
    }
}

struct Writer<'a> {
    world: &'a World,
}

impl Writer<'_> {
    /// `demo 1.0 needs helper<2`, one line for each thing allowed.
    fn needs(&self, from: Package, to: Package, sets: &[(Set, Set)], lines: &mut Vec<String>) {
        let Some(wanted) = self.world.name_of(to) else {
            return;
        };
        let Some(name) = self.world.name_of(from) else {
            for requirement in self.requirements(from, 0, to) {
                lines.push(format!("you ask for {}", short(&requirement)));
            }
            return;
        };
        if name == wanted {
            return;
        }
        let Ok(universe) = self.world.universe(name) else {
            return;
        };
        let with_extra = |who: String| match from {
            Package::Extra(_, extra) => {
                let name = self.world.package_name(name).to_string();
                who.replacen(
                    &name,
                    &format!("{name}[{}]", self.world.extra_name(extra)),
                    1,
                )
            }
            _ => who,
        };
        let mut sets: Vec<&(Set, Set)> = sets.iter().collect();
        sets.sort_by_key(|(versions, _)| {
            std::cmp::Reverse(versions.descending(universe.len()).next())
        });
        let text = |versions: &Set| {
            let place = versions.descending(universe.len()).next()?;
            let all = self.requirements(from, place, to);
            Some(all.iter().map(short).collect::<Vec<_>>().join(" and "))
        };
        for (versions, _) in sets.iter().take(SHOWN) {
            let Some(what) = text(versions) else { continue };
            let who = with_extra(self.versions(name, &universe, versions));
            lines.push(format!("{who} needs {what}"));
        }
        if sets.len() > SHOWN {
            let rest = sets[SHOWN..]
                .iter()
                .fold(Set::empty(), |all, (set, _)| all.union(set));
            let who = with_extra(self.versions(name, &universe, &rest));
            let to = self.world.package_name(wanted);
            let oldest = sets
                .last()
                .and_then(|(versions, _)| text(versions))
                .unwrap_or_default();
            lines.push(format!(
                "{who} needs {to} in {} other ranges, the oldest {oldest}",
                sets.len() - SHOWN
            ));
        }
    }

    /// The requirements behind an edge of the proof.
    fn requirements(&self, from: Package, place: usize, to: Package) -> Vec<Requirement> {
        let Ok(Ok(all)) = self.world.requires(from, place) else {
            return Vec::new();
        };
        let all = all.iter().filter(|r| {
            let same = Some(self.world.number(&r.name)) == self.world.name_of(to);
            match to {
                Package::Extra(_, extra) => {
                    same && r.extras.contains(&self.world.extra_name(extra))
                }
                _ => same,
            }
        });
        all.cloned().collect()
    }

    /// Everything that is asked of a package in the proof, as one text.
    fn asked(&self, facts: &Facts, name: Name) -> String {
        let mut out: Vec<String> = Vec::new();
        for (from, to, sets) in &facts.needs {
            if self.world.name_of(*to) != Some(name) || self.world.name_of(*from) == Some(name) {
                continue;
            }
            let count = match self.world.name_of(*from).map(|n| self.world.universe(n)) {
                Some(Ok(universe)) => universe.len(),
                _ => 1,
            };
            for (versions, _) in sets {
                if let Some(place) = versions.descending(count).next() {
                    let all = self.requirements(*from, place, *to);
                    out.extend(all.iter().map(short));
                }
            }
        }
        out.sort();
        out.dedup();
        out.truncate(SHOWN);
        out.join(" and ")
    }

    /// Requirements that no version of a package meets.
    fn unmet(&self, facts: &Facts, name: Name, universe: &Universe) -> Vec<Requirement> {
        let mut out = Vec::new();
        for (from, to, sets) in &facts.needs {
            if self.world.name_of(*to) != Some(name) {
                continue;
            }
            let places = match self.world.name_of(*from).map(|n| self.world.universe(n)) {
                Some(Ok(universe)) => universe.len(),
                _ => 1,
            };
            for (versions, allowed) in sets {
                if allowed.descending(universe.len()).next().is_none()
                    && let Some(place) = versions.descending(places).next()
                {
                    out.extend(self.requirements(*from, place, *to));
                }
            }
        }
        out
    }

    /// Which versions there are, where none of them was asked for.
    fn other_versions(
        &self,
        name: Name,
        universe: &Universe,
        unmet: &[Requirement],
        lines: &mut Vec<String>,
        hints: &mut Vec<(Refusal, String)>,
    ) {
        let text = self.world.package_name(name);
        let newest: Vec<String> = (0..universe.len())
            .rev()
            .take(8)
            .map(|place| universe.version(place).to_string())
            .collect();
        let more = match universe.len() - newest.len() {
            0 => String::new(),
            more => format!(" and {more} older ones"),
        };
        lines.push(format!(
            "of {text}, there are these versions: {}{more}",
            newest.join(", ")
        ));
        let last = universe.version(universe.len() - 1);
        // `>=2` leaves 2rc1 out, and who writes that may not know.
        let meant = |requirement: &Requirement| match &requirement.version_or_url {
            Some(VersionOrUrl::VersionSpecifier(s)) => s.contains(&last.only_release()),
            _ => false,
        };
        if last.any_prerelease() && unmet.iter().all(meant) {
            let hint = format!("{last} is a pre-release: to take it, ask for {text}>={last}");
            hints.push((Refusal::Prerelease, hint));
        }
    }

    /// Why versions of a package cannot be taken, by reason.
    fn excluded(
        &self,
        name: Name,
        universe: &Universe,
        none: &Set,
        asked: &str,
        lines: &mut Vec<String>,
        hints: &mut Vec<(Refusal, String)>,
    ) {
        let text = self.world.package_name(name);
        let mut groups: FxHashMap<Refusal, Vec<usize>> = FxHashMap::default();
        for place in none.descending(universe.len()) {
            if let Class::Refused(why) = self.world.class(name, universe, place) {
                groups.entry(why).or_default().push(place);
            }
        }
        let mut groups: Vec<(Refusal, Vec<usize>)> = groups.into_iter().collect();
        groups.sort();
        for (why, places) in groups {
            let set = Set::of(universe.len(), |place| places.contains(&place));
            let who = self.all_versions(&text, universe, &set);
            let (reason, hint) = self.reason(why, &text, universe, places[0], asked);
            lines.push(format!("{who}: {reason}"));
            hints.push((why, hint));
        }
    }

    /// Why a version is out, and what to do about it.
    fn reason(
        &self,
        why: Refusal,
        name: &PackageName,
        universe: &Universe,
        place: usize,
        asked: &str,
    ) -> (String, String) {
        let target = &self.world.problem.target;
        let version = universe.version(place);
        let Some(project) = &universe.project else {
            return (
                "a constraint excludes it".to_owned(),
                "loosen the constraint".to_owned(),
            );
        };
        let build = || format!("`ferropy build {name}` makes a wheel from its source");
        if why == Refusal::Constraint {
            let constraints = self.world.problem.constraints.iter();
            let own: Vec<String> = constraints.filter(|c| c.name == *name).map(short).collect();
            let own = own.join(" and ");
            return (
                format!("the constraint {own} excludes it"),
                format!("loosen the constraint {own}"),
            );
        }
        let offer = project.offer(place, target);
        match why {
            Refusal::Constraint => unreachable!("returned above"),
            Refusal::Yanked => {
                let reason = offer.yanked.as_ref().and_then(|c| c.file.yanked.clone());
                let reason = reason.filter(|r| !r.is_empty()).map(|r| format!(" ({r})"));
                (
                    format!("withdrawn by its authors{}", reason.unwrap_or_default()),
                    format!(
                        "yanked versions are taken only when asked for exactly: {name}=={version}"
                    ),
                )
            }
            Refusal::Prerelease => (
                "a pre-release, which nobody asked for".to_owned(),
                format!(
                    "to take it, ask for {name}>={version}{}",
                    if asked.is_empty() {
                        ""
                    } else {
                        " in place of what is asked now"
                    }
                ),
            ),
            Refusal::Source => {
                let file = offer.source.as_ref().map(|c| c.file.name.as_str());
                (
                    format!("only a source archive ({})", file.unwrap_or_default()),
                    build(),
                )
            }
            Refusal::Python => {
                let wants = offer.other_python.first().map(|(_, wants)| wants.as_str());
                (
                    format!(
                        "for another Python ({}), and this is {}",
                        wants.unwrap_or_default(),
                        target.python
                    ),
                    format!(
                        "take a version of {name} for Python {}, or another package",
                        target.python
                    ),
                )
            }
            Refusal::Tags => {
                let mut tags: Vec<String> =
                    offer.other_tags.iter().map(wheel::WheelName::tag).collect();
                // Those for another WebAssembly ABI tell most.
                tags.sort_by_key(|tag| !tag.contains("wasm32"));
                let nearest = tags.first().cloned().unwrap_or_default();
                let more = match tags.len() {
                    0 => return ("it has no files that can be used".to_owned(), build()),
                    1 => String::new(),
                    count => format!(" and {} more", count - 1),
                };
                (
                    format!("only for another platform or Python ({nearest}{more})"),
                    format!(
                        "the nearest is {name} {version} for {nearest}; {}; tags that fit are {}",
                        build(),
                        target.tags.summary()
                    ),
                )
            }
        }
    }

    /// `demo 1.0`, `demo ≥1.0`, `every version of demo`: of those that can be taken.
    fn versions(&self, name: Name, universe: &Universe, set: &Set) -> String {
        let text = self.world.package_name(name);
        let usable: Vec<usize> = (0..universe.len())
            .filter(|place| {
                set.has(*place)
                    || !matches!(self.world.class(name, universe, *place), Class::Refused(_))
            })
            .collect();
        runs(&text, universe, set, &usable)
    }

    /// The same of all versions that exist.
    #[expect(clippy::unused_self, reason = "reads as its sibling")]
    fn all_versions(&self, name: &PackageName, universe: &Universe, set: &Set) -> String {
        let all: Vec<usize> = (0..universe.len()).collect();
        runs(name, universe, set, &all)
    }
}

/// The versions of a set as runs among the given places.
fn runs(name: &PackageName, universe: &Universe, set: &Set, among: &[usize]) -> String {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (at, place) in among.iter().enumerate() {
        if !set.has(*place) {
            continue;
        }
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == at => *last = at,
            _ => runs.push((at, at)),
        }
    }
    let end = among.len().saturating_sub(1);
    let version = |at: usize| universe.version(among[at]);
    let texts: Vec<String> = runs
        .iter()
        .rev()
        .map(|&(first, last)| match (first, last) {
            _ if first == last => version(first).to_string(),
            (0, last) if last < end => format!("≤{}", version(last)),
            (first, last) if last == end => format!("≥{}", version(first)),
            _ => format!("{}–{}", version(first), version(last)),
        })
        .collect();
    if runs == [(0, end)] && end > 0 {
        return format!("every version of {name}");
    }
    let more = texts.len().saturating_sub(4);
    let mut out = format!("{name} {}", texts[..texts.len() - more].join(", "));
    if more > 0 {
        // Writing to a String cannot fail.
        let _ = write!(out, " and {more} more");
    }
    out
}

/// A requirement without its marker, which was judged before.
fn short(requirement: &Requirement) -> String {
    let mut requirement = requirement.clone();
    requirement.marker = pep508_rs::MarkerTree::TRUE;
    requirement.to_string()
}
