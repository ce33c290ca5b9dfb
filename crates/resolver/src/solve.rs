//! The problem as pubgrub sees it, and a look ahead at what it will ask.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::VecDeque;

use pubgrub::{
    Dependencies, DependencyConstraints, DependencyProvider, DerivationTree,
    PackageResolutionStatistics, PubGrubError, SelectedDependencies, VersionSet,
};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::resolver::Request;
use crate::set::Set;
use crate::world::{Name, Package, Stop, World};

/// Conflicts after which a package is decided earlier; of uv's order of magnitude.
const MANY_CONFLICTS: u32 = 10;
/// Metadata of how many older versions is asked for together, once newer ones failed.
const MOST_AHEAD: usize = 32;

/// Runs of the solver that each end in something learned.
const RESTARTS: usize = 1_000;

/// Which package to decide next: the greatest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tier {
    /// In the order of discovery.
    Plain,
    /// Was in many conflicts.
    Conflicting,
    /// One version is asked for.
    Pinned,
    Root,
}

/// One run of the solver.
pub(crate) struct Solver<'a> {
    world: &'a World,
    /// When a package was first heard of.
    order: RefCell<FxHashMap<Name, usize>>,
    /// Versions tried of each package, whose metadata was looked at.
    tried: RefCell<FxHashMap<Name, usize>>,
    tries: Cell<usize>,
}

/// Why there is no solution, as pubgrub derived it.
pub(crate) type Tree = DerivationTree<Package, Set, String>;

/// How a run of the solver ended.
pub(crate) enum Outcome {
    Found(SelectedDependencies<Package, u32>),
    Impossible(Box<Tree>),
    Stopped(Stop),
}

/// Solves with what is known, if that is enough.
pub(crate) fn solve(world: &World) -> Outcome {
    for _ in 0..RESTARTS {
        let solver = Solver {
            world,
            order: RefCell::default(),
            tried: RefCell::default(),
            tries: Cell::new(0),
        };
        match pubgrub::resolve(&solver, Package::Root, 0_u32) {
            Ok(found) => return Outcome::Found(found),
            Err(PubGrubError::NoSolution(tree)) => return Outcome::Impossible(Box::new(tree)),
            Err(
                PubGrubError::ErrorRetrievingDependencies { source, .. }
                | PubGrubError::ErrorChoosingVersion { source, .. }
                | PubGrubError::ErrorInShouldCancel(source),
            ) => match source {
                Stop::Restart => {}
                stop => return Outcome::Stopped(stop),
            },
        }
    }
    Outcome::Stopped(Stop::Limit(format!(
        "dependencies changed the rules more than {RESTARTS} times, with URLs or pre-releases"
    )))
}

impl Solver<'_> {
    fn meet(&self, name: Name) {
        let mut order = self.order.borrow_mut();
        let next = order.len();
        order.entry(name).or_insert(next);
    }

    /// The requests that come next if the versions below `place` are tried one by one.
    fn older(&self, name: Name, place: usize) -> Vec<Request> {
        let mut tried = self.tried.borrow_mut();
        let tried = tried.entry(name).or_default();
        *tried += 1;
        // The first two failures say little; after that, ask for twice as many each time.
        let ahead = match *tried {
            0..=2 => 0,
            n => (1 << (n - 2).min(10)).min(MOST_AHEAD),
        };
        // Not only of this set: when two packages move down together, as boto3 and botocore
        // do, each set has one version, and the next set is just below.
        let mut rest = Set::of(place, |_| true);
        let mut out = Vec::new();
        for _ in 0..ahead {
            let Ok(Some(next)) = self.world.choose(name, &rest) else {
                break;
            };
            if let Err(Stop::Needs(needs)) = self.world.requires(Package::Base(name), next) {
                out.extend(needs);
            }
            rest = rest.intersection(
                &Set::singleton(u32::try_from(next).unwrap_or(u32::MAX)).complement(),
            );
        }
        out
    }
}

type Constraints = DependencyConstraints<Package, Set>;

impl DependencyProvider for Solver<'_> {
    type P = Package;
    type V = u32;
    type VS = Set;
    type Priority = (Tier, Reverse<usize>, Reverse<Package>);
    type M = String;
    type Err = Stop;

    fn prioritize(
        &self,
        package: &Package,
        set: &Set,
        conflicts: &PackageResolutionStatistics,
    ) -> Self::Priority {
        let Some(name) = self.world.name_of(*package) else {
            return (Tier::Root, Reverse(0), Reverse(*package));
        };
        let tier = if self.world.is_pinned(name, set) {
            Tier::Pinned
        } else if conflicts.conflict_count() >= MANY_CONFLICTS {
            Tier::Conflicting
        } else {
            Tier::Plain
        };
        let order = self
            .order
            .borrow()
            .get(&name)
            .copied()
            .unwrap_or(usize::MAX);
        (tier, Reverse(order), Reverse(*package))
    }

    fn choose_version(&self, package: &Package, set: &Set) -> Result<Option<u32>, Stop> {
        self.tries.set(self.tries.get() + 1);
        let limit = self.world.problem.limits.tries;
        if self.tries.get() > limit {
            return Err(Stop::Limit(format!(
                "after {limit} versions that were tried, there is no solution yet"
            )));
        }
        let Some(name) = self.world.name_of(*package) else {
            return Ok(Some(0));
        };
        let Some(place) = self.world.choose(name, set)? else {
            return Ok(None);
        };
        // Asked here, where it is known which versions would come after it.
        if let Err(stop) = self.world.requires(*package, place) {
            let Stop::Needs(mut needs) = stop else {
                return Err(stop);
            };
            needs.extend(self.older(name, place));
            return Err(Stop::Needs(needs));
        }
        if matches!(package, Package::Base(_)) {
            *self.tried.borrow_mut().entry(name).or_default() += 1;
        }
        Ok(Some(u32::try_from(place).unwrap_or(u32::MAX)))
    }

    fn get_dependencies(
        &self,
        package: &Package,
        version: &u32,
    ) -> Result<Dependencies<Package, Set, String>, Stop> {
        let requires = match self.world.requires(*package, *version as usize)? {
            Ok(requires) => requires,
            Err(why) => return Ok(Dependencies::Unavailable(why)),
        };
        let mut out: Vec<(Package, Set)> = Vec::new();
        if let Package::Extra(name, _) = package {
            out.push((Package::Base(*name), Set::singleton(*version)));
        }
        let mut needs = Vec::new();
        let own = *package == Package::Root;
        for requirement in requires.iter() {
            let name = self.world.number(&requirement.name);
            self.meet(name);
            let set = match self.world.allowed(requirement, own) {
                Ok(set) => set,
                Err(Stop::Needs(more)) => {
                    needs.extend(more);
                    continue;
                }
                Err(stop) => return Err(stop),
            };
            if self.world.name_of(*package) == Some(name) {
                // Of itself, a package can only have more extras: it has one version.
                if !set.contains(version) {
                    return Ok(Dependencies::Unavailable(format!(
                        "it needs another version of itself ({requirement})"
                    )));
                }
            } else {
                out.push((Package::Base(name), set.clone()));
            }
            for extra in &requirement.extras {
                let dependency = Package::Extra(name, self.world.extra(extra));
                if dependency != *package {
                    out.push((dependency, set.clone()));
                }
            }
        }
        if !needs.is_empty() {
            return Err(Stop::Needs(needs));
        }
        Ok(Dependencies::Available(
            out.into_iter().collect::<Constraints>(),
        ))
    }
}

/// What the look-ahead knows of one package.
struct Ahead {
    set: Set,
    extras: Vec<u32>,
}

/// Everything that is missing if every package's newest version is the one: all that can be
/// asked for now, and not one after the other.
pub(crate) fn missing(world: &World) -> Vec<Request> {
    let mut ahead: FxHashMap<Name, Ahead> = FxHashMap::default();
    let mut walked: FxHashSet<(Package, usize)> = FxHashSet::default();
    let mut needs = Vec::new();
    let mut level: VecDeque<(Package, usize)> = VecDeque::from([(Package::Root, 0)]);
    // Each turn walks what was picked, then picks again with all that was learned.
    while !level.is_empty() && walked.len() <= world.problem.limits.packages {
        let mut touched: Vec<Name> = Vec::new();
        for (package, place) in level.drain(..) {
            let requires = match world.requires(package, place) {
                Ok(Ok(requires)) => requires,
                Ok(Err(_)) => {
                    // This version is of no use: look at the next one.
                    if let Some(name) = world.name_of(package)
                        && let Some(known) = ahead.get_mut(&name)
                    {
                        let place = u32::try_from(place).unwrap_or(u32::MAX);
                        let rest = Set::singleton(place).complement();
                        known.set = known.set.intersection(&rest);
                        touched.push(name);
                    }
                    continue;
                }
                Err(Stop::Needs(more)) => {
                    needs.extend(more);
                    continue;
                }
                Err(_) => continue,
            };
            for requirement in requires.iter() {
                let name = world.number(&requirement.name);
                let set = match world.allowed(requirement, package == Package::Root) {
                    Ok(set) => set,
                    Err(Stop::Needs(more)) => {
                        needs.extend(more);
                        continue;
                    }
                    Err(_) => continue,
                };
                let known = ahead.entry(name).or_insert_with(|| Ahead {
                    set: Set::full(),
                    extras: Vec::new(),
                });
                // A contradiction is the solver's to settle.
                let both = known.set.intersection(&set);
                if matches!(world.choose(name, &both), Ok(Some(_))) {
                    known.set = both;
                }
                for extra in &requirement.extras {
                    let extra = world.extra(extra);
                    if !known.extras.contains(&extra) {
                        known.extras.push(extra);
                    }
                }
                touched.push(name);
            }
        }
        for name in touched {
            let known = &ahead[&name];
            let Ok(Some(place)) = world.choose(name, &known.set) else {
                continue;
            };
            let extras = known
                .extras
                .iter()
                .map(|extra| Package::Extra(name, *extra));
            for package in std::iter::once(Package::Base(name)).chain(extras) {
                if walked.insert((package, place)) {
                    level.push_back((package, place));
                }
            }
        }
    }
    needs
}
