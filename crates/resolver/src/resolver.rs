//! The loop that a caller drives: step, fetch what is asked for, answer, step again.

use std::collections::BTreeSet;

use pep440_rs::Version;
use pep508_rs::{ExtraName, PackageName};
use pubgrub::SelectedDependencies;
use rustc_hash::FxHashSet;
use wheel::{Metadata, Requirement};

use crate::explain::{self, Explanation};
use crate::problem::Problem;
use crate::project::{Candidate, Page};
use crate::solve::{self, Outcome};
use crate::world::{Package, Stop, World};

/// Something that the resolver has to know to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// The page of a project on one of the [`Problem::indexes`].
    Page {
        /// The number of the index.
        index: usize,
        /// The project.
        name: PackageName,
    },
    /// The metadata of a wheel, or of the wheel that a source archive makes.
    Metadata(Box<Candidate>),
}

impl Request {
    /// Different for different requests.
    fn key(&self) -> (usize, &str) {
        match self {
            Self::Page { index, name } => (*index, name.as_ref()),
            Self::Metadata(candidate) => (usize::MAX, candidate.file.url.as_str()),
        }
    }
}

/// What is known of a [`Request`].
#[derive(Clone, Debug)]
pub enum Answer {
    /// The project's page.
    Page(Page),
    /// The index does not have the project.
    NoPage,
    /// The metadata.
    Metadata(Box<Metadata>),
    /// This file cannot be used, for this reason; another version may do.
    Unusable(String),
    /// There is no answer. If the resolution depends on it, it ends in [`Step::Blocked`].
    Failed,
}

/// One package of a resolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick {
    /// Its name.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// The file to install; `None` for [`Problem::provided`].
    pub candidate: Option<Candidate>,
    /// The extras that something asked for.
    pub extras: BTreeSet<ExtraName>,
    /// What it needs on this target, with these extras, overrides applied.
    pub requires: Vec<Requirement>,
}

/// The answer to a [`Problem`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolution {
    /// Sorted by name.
    pub picks: Vec<Pick>,
    /// What is odd, yet no reason to fail: extras that do not exist.
    pub warnings: Vec<String>,
}

/// How far the resolver came.
#[derive(Debug)]
pub enum Step {
    /// These have to be answered; all of them can be fetched at the same time. Whoever answers some of them and
    /// steps again gets the others again, if they are still of interest, and what the answers have led to.
    Needs(Vec<Request>),
    /// There is a solution.
    Done(Resolution),
    /// There is none.
    Failed(Explanation),
    /// It depends on a request that was answered with [`Answer::Failed`].
    Blocked(Request),
}

/// Solves one [`Problem`]; see the crate's documentation.
pub struct Resolver {
    world: World,
    asked: FxHashSet<(usize, String)>,
}

impl Resolver {
    /// A resolver that knows nothing yet.
    pub fn new(problem: Problem) -> Result<Self, Explanation> {
        let world = World::new(problem).map_err(Explanation::of_url)?;
        let asked = FxHashSet::default();
        Ok(Self { world, asked })
    }

    /// The problem.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.world.problem
    }

    /// Tells what is known. The order of answers has no influence on the result.
    pub fn answer(&mut self, request: &Request, answer: Answer) {
        self.world.answer(request, answer);
    }

    /// Goes as far as the answers allow.
    pub fn step(&mut self) -> Step {
        self.world.begin();
        let needs = solve::missing(&self.world);
        if !needs.is_empty() {
            return self.needs(needs);
        }
        self.world.begin();
        match solve::solve(&self.world) {
            Outcome::Found(found) => Step::Done(resolution(&self.world, &found)),
            Outcome::Impossible(tree) => Step::Failed(explain::explain(&self.world, *tree)),
            Outcome::Stopped(Stop::Needs(needs)) => self.needs(needs),
            Outcome::Stopped(Stop::Failed(request)) => Step::Blocked(*request),
            Outcome::Stopped(Stop::Limit(what)) => Step::Failed(Explanation::of_limit(&what)),
            Outcome::Stopped(Stop::Restart) => unreachable!("the solver restarts by itself"),
        }
    }

    fn needs(&mut self, mut needs: Vec<Request>) -> Step {
        for (index, key) in needs.iter().map(Request::key) {
            self.asked.insert((index, key.to_owned()));
        }
        let limit = self.world.problem.limits.requests;
        if self.asked.len() > limit {
            let what = format!("more than {limit} requests were needed");
            return Step::Failed(Explanation::of_limit(&what));
        }
        needs.sort_by(|a, b| a.key().cmp(&b.key()));
        needs.dedup();
        Step::Needs(needs)
    }
}

/// The chosen versions with their files, by package.
fn resolution(world: &World, found: &SelectedDependencies<Package, u32>) -> Resolution {
    let mut chosen: Vec<(&Package, usize)> = found.iter().map(|(p, v)| (p, *v as usize)).collect();
    // Base before its extras.
    chosen.sort();
    let mut out = Resolution::default();
    for (package, place) in chosen.iter().filter(|(p, _)| matches!(p, Package::Base(_))) {
        let Package::Base(number) = package else {
            continue;
        };
        let Ok(universe) = world.universe(*number) else {
            continue;
        };
        let name = world.package_name(*number);
        let candidate = world.candidate(&universe, *place);
        let version = universe.version(*place).clone();
        let mut pick = Pick {
            name: name.clone(),
            version,
            candidate,
            extras: BTreeSet::new(),
            requires: Vec::new(),
        };
        for (part, _) in &chosen {
            match part {
                Package::Base(other) if other == number => {}
                Package::Extra(other, extra) if other == number => {
                    let extra = world.extra_name(*extra);
                    if let Some(candidate) = &pick.candidate
                        && world.lacks(candidate, &extra)
                    {
                        let warning = format!("{name} {} has no extra «{extra}»", pick.version);
                        out.warnings.push(warning);
                    }
                    pick.extras.insert(extra);
                }
                _ => continue,
            }
            if let Ok(Ok(requires)) = world.requires(**part, *place) {
                for requirement in requires.iter() {
                    if requirement.name != name && !pick.requires.contains(requirement) {
                        pick.requires.push(requirement.clone());
                    }
                }
            }
        }
        out.picks.push(pick);
    }
    out.picks.sort_by(|a, b| a.name.cmp(&b.name));
    out.warnings.sort();
    out
}
