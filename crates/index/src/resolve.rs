//! Which wheels a set of requirements means, with everything they depend on.
//!
//! [`Resolver`] is the seam: today's [`NewestFirst`] collects constraints and takes the
//! newest wheel of each package, as a plain pip-like pick. It never goes back to an
//! older version of one package to please another; it says so when that would be needed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use pep440_rs::VersionSpecifiers;
use pep508_rs::{ExtraName, PackageName, Requirement, VersionOrUrl};
use wheel::Metadata;

use crate::Error;
use crate::page::File;
use crate::project::{Candidate, Project};
use crate::target::Target;

/// Answers a resolver's questions; it may use the network, in parallel.
pub trait Provider {
    /// All files of a project, or `None` when no index has it.
    fn project(&self, name: &PackageName) -> Result<Option<Arc<Project>>, Error>;
    /// The metadata of a wheel.
    fn metadata(&self, candidate: &Candidate) -> Result<Arc<Metadata>, Error>;
    /// The wheel behind `name @ URL`.
    fn direct(&self, requirement: &Requirement) -> Result<Candidate, Error>;
    /// A wheel made of a source archive, if this provider can make one of it.
    fn build(&self, name: &PackageName, source: &File) -> Result<Option<Candidate>, Error>;
    /// Says that these will be asked for soon. Errors come when they are.
    fn expect(&self, projects: &[PackageName], metadata: &[Candidate]);
    /// Names the indexes, for errors.
    fn indexes(&self) -> String;
}

/// Turns requirements into wheels.
pub trait Resolver {
    /// The wheels to install, sorted by name. `given` were asked for as files or URLs.
    fn resolve(
        &self,
        wanted: &[Requirement],
        given: &[Candidate],
        target: &Target,
        provider: &dyn Provider,
    ) -> Result<Vec<Candidate>, Error>;
}

/// Newest wheel of each package, no backtracking.
#[derive(Clone, Copy, Debug, Default)]
pub struct NewestFirst;

/// Rounds after which the picks are taken to go in circles.
const ROUNDS: usize = 100;

/// What is asked of one package.
#[derive(Default)]
struct Demand {
    /// Specifiers and who set them.
    specifiers: Vec<(VersionSpecifiers, String)>,
    extras: BTreeSet<ExtraName>,
    /// A URL it has to come from.
    url: Option<Requirement>,
}

impl Demand {
    fn all(&self) -> Vec<VersionSpecifiers> {
        self.specifiers.iter().map(|(s, _)| s.clone()).collect()
    }

    /// One line for each requirement, for errors.
    fn lines(&self) -> String {
        let mut out = String::new();
        for (specifiers, by) in &self.specifiers {
            let wants = match specifiers.to_string() {
                any if any.is_empty() => "any version".to_owned(),
                text => text,
            };
            out.extend(["\n  ", by, " wants ", &wants]);
        }
        out
    }
}

type Picks = BTreeMap<PackageName, Candidate>;

impl Resolver for NewestFirst {
    fn resolve(
        &self,
        wanted: &[Requirement],
        given: &[Candidate],
        target: &Target,
        provider: &dyn Provider,
    ) -> Result<Vec<Candidate>, Error> {
        let given: Picks = given
            .iter()
            .map(|c| (c.wheel.name.clone(), c.clone()))
            .collect();
        let mut picks = given.clone();
        let mut changed = Vec::new();
        for _ in 0..ROUNDS {
            let demands = demands(wanted, &given, &picks, target, provider)?;
            let unknown: Vec<PackageName> = demands
                .iter()
                .filter(|(name, demand)| demand.url.is_none() && !given.contains_key(name))
                .map(|(name, _)| name.clone())
                .collect();
            provider.expect(&unknown, &[]);
            let mut next = Picks::new();
            for (name, demand) in &demands {
                next.insert(name.clone(), pick(name, demand, &given, target, provider)?);
            }
            changed = next
                .iter()
                .filter(|(name, c)| picks.get(name).is_none_or(|p| p.file.url != c.file.url))
                .map(|(name, c)| (name.clone(), c.clone()))
                .collect();
            if changed.is_empty() && next.len() == picks.len() {
                return Ok(next.into_values().collect());
            }
            let fresh: Vec<Candidate> = changed.iter().map(|(_, c)| c.clone()).collect();
            provider.expect(&[], &fresh);
            picks = next;
        }
        let names: Vec<String> = changed.iter().map(|(name, _)| name.to_string()).collect();
        Err(Error::Unsettled {
            names: names.join(", "),
        })
    }
}

/// Walks from the roots through the metadata of the present picks.
fn demands(
    wanted: &[Requirement],
    given: &Picks,
    picks: &Picks,
    target: &Target,
    provider: &dyn Provider,
) -> Result<BTreeMap<PackageName, Demand>, Error> {
    let mut demands: BTreeMap<PackageName, Demand> = BTreeMap::new();
    // (package, the extra to follow or none): each is followed once.
    let mut seen: BTreeSet<(PackageName, Option<ExtraName>)> = BTreeSet::new();
    let mut queue: VecDeque<(PackageName, Option<ExtraName>)> = VecDeque::new();
    let mut ask = |requirement: &Requirement,
                   by: &str,
                   queue: &mut VecDeque<(PackageName, Option<ExtraName>)>|
     -> Result<(), Error> {
        let name = &requirement.name;
        let demand = demands.entry(name.clone()).or_default();
        let specifiers = match &requirement.version_or_url {
            Some(VersionOrUrl::VersionSpecifier(s)) => s.clone(),
            Some(VersionOrUrl::Url(_)) => {
                demand.url = Some(requirement.clone());
                VersionSpecifiers::empty()
            }
            None => VersionSpecifiers::empty(),
        };
        let entry = (specifiers, by.to_owned());
        if !demand.specifiers.contains(&entry) {
            demand.specifiers.push(entry);
        }
        demand.extras.extend(requirement.extras.iter().cloned());
        let extras = requirement.extras.iter().cloned().map(Some);
        for extra in std::iter::once(None).chain(extras) {
            if seen.insert((name.clone(), extra.clone())) {
                queue.push_back((name.clone(), extra));
            }
        }
        Ok(())
    };
    for requirement in wanted {
        if requirement.evaluate_markers(&target.markers, &[]) {
            ask(requirement, "the command or script", &mut queue)?;
        }
    }
    for name in given.keys() {
        let requirement = Requirement {
            name: name.clone(),
            extras: Vec::new(),
            version_or_url: None,
            marker: pep508_rs::MarkerTree::default(),
            origin: None,
        };
        ask(&requirement, "the command or script", &mut queue)?;
    }
    while let Some((name, extra)) = queue.pop_front() {
        let Some(candidate) = picks.get(&name) else {
            continue;
        };
        let metadata = provider.metadata(candidate)?;
        let by = format!("{name} {}", candidate.wheel.version);
        let active: Vec<ExtraName> = extra.into_iter().collect();
        for requirement in &metadata.requires {
            let plain = requirement.evaluate_markers(&target.markers, &[]);
            let applies = if active.is_empty() {
                plain
            } else {
                // What applies without the extra was followed already.
                !plain && requirement.evaluate_markers(&target.markers, &active)
            };
            if applies {
                ask(requirement, &by, &mut queue)?;
            }
        }
    }
    Ok(demands)
}

fn pick(
    name: &PackageName,
    demand: &Demand,
    given: &Picks,
    target: &Target,
    provider: &dyn Provider,
) -> Result<Candidate, Error> {
    let all = demand.all();
    let conflict = || Error::Conflict {
        name: name.to_string(),
        constraints: demand.lines(),
    };
    let fixed = match (given.get(name), &demand.url) {
        (Some(candidate), _) => Some(candidate.clone()),
        (None, Some(requirement)) => Some(provider.direct(requirement)?),
        (None, None) => None,
    };
    if let Some(candidate) = fixed {
        let fits = all.iter().all(|s| s.contains(&candidate.wheel.version));
        return fits.then_some(candidate).ok_or_else(conflict);
    }
    let Some(project) = provider.project(name)? else {
        let by: Vec<&str> = demand
            .specifiers
            .iter()
            .map(|(_, by)| by.as_str())
            .collect();
        return Err(Error::NoProject {
            name: name.to_string(),
            needed_by: format!(" (needed by {})", by.join(", ")),
            indexes: provider.indexes(),
        });
    };
    if let Some(candidate) = project.pick(&all) {
        return Ok(candidate.clone());
    }
    // Each constraint alone can be met, so it is their combination that fails.
    let alone = all
        .iter()
        .all(|s| project.pick(std::slice::from_ref(s)).is_some());
    if all.len() > 1 && alone {
        return Err(conflict());
    }
    if let Some(source) = project.source(&all)
        && let Some(candidate) = provider.build(name, source)?
    {
        return Ok(candidate);
    }
    let (reasons, hint) = project.explain(&all, target);
    Err(Error::NoWheel {
        name: name.to_string(),
        constraints: demand.lines(),
        reasons,
        hint,
    })
}
