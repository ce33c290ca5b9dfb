//! What needs what: the trees and chains that `ferropy tree` and `ferropy why` show.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use pep508_rs::PackageName;
use wheel::parse_requirement;

use crate::model::Lock;

/// No tree is deeper: a hostile file could otherwise exhaust the stack.
const DEEPEST: usize = 500;

/// A package in a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// Its name.
    pub name: PackageName,
    /// Its version.
    pub version: String,
    /// What it needs, or, in an inverted tree, what needs it.
    pub children: Vec<Branch>,
    /// True when its children are shown elsewhere, or would lead back to it.
    pub cut: bool,
}

/// The dependencies of a lock, both ways.
#[derive(Debug)]
pub struct Graph<'a> {
    lock: &'a Lock,
    needed_by: BTreeMap<&'a PackageName, Vec<&'a PackageName>>,
}

impl<'a> Graph<'a> {
    /// The graph of a lock.
    #[must_use]
    pub fn new(lock: &'a Lock) -> Self {
        let mut needed_by: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (name, package) in &lock.packages {
            for needed in &package.depends {
                needed_by.entry(needed).or_default().push(name);
            }
        }
        Self { lock, needed_by }
    }

    /// Where a tree begins: what was asked for or, where the file does not say, what nothing
    /// else needs. An inverted one begins with what needs nothing.
    #[must_use]
    pub fn tops(&self, invert: bool) -> Vec<&'a PackageName> {
        let asked: BTreeSet<PackageName> = self
            .lock
            .requirements
            .iter()
            .filter_map(|text| parse_requirement(text).ok())
            .map(|requirement| requirement.name)
            .collect();
        let all = self.lock.packages.keys();
        let mut tops: Vec<_> = if invert || asked.is_empty() {
            all.filter(|name| self.next(name, !invert).is_empty())
                .collect()
        } else {
            all.filter(|name| asked.contains(*name)).collect()
        };
        // Packages that need each other and nothing else: the first stands for all.
        let mut reached = BTreeSet::new();
        self.reach(&tops, invert, &mut reached);
        for name in self.lock.packages.keys() {
            if !reached.contains(name) {
                tops.push(name);
                self.reach(&[name], invert, &mut reached);
            }
        }
        tops
    }

    fn reach(
        &self,
        from: &[&'a PackageName],
        invert: bool,
        reached: &mut BTreeSet<&'a PackageName>,
    ) {
        let mut queue: Vec<_> = from.to_vec();
        while let Some(name) = queue.pop() {
            if reached.insert(name) {
                queue.extend(self.next(name, invert));
            }
        }
    }

    fn next(&self, name: &PackageName, invert: bool) -> Vec<&'a PackageName> {
        if invert {
            return self.needed_by.get(name).cloned().unwrap_or_default();
        }
        self.lock
            .packages
            .get(name)
            .map_or(Vec::new(), |package| package.depends.iter().collect())
    }

    /// Trees below these packages, `depth` levels deep. A package is opened once.
    #[must_use]
    pub fn tree(&self, roots: &[&PackageName], invert: bool, depth: usize) -> Vec<Branch> {
        let mut shown = BTreeSet::new();
        roots
            .iter()
            .map(|name| self.branch(name, invert, depth.min(DEEPEST), &mut shown))
            .collect()
    }

    fn branch(
        &self,
        name: &PackageName,
        invert: bool,
        depth: usize,
        shown: &mut BTreeSet<PackageName>,
    ) -> Branch {
        let next = self.next(name, invert);
        let open = depth > 0 && shown.insert(name.clone());
        Branch {
            name: name.clone(),
            version: self
                .lock
                .packages
                .get(name)
                .map_or(String::new(), |package| package.version.clone()),
            cut: !open && !next.is_empty(),
            children: if open {
                next.into_iter()
                    .map(|child| self.branch(child, invert, depth - 1, shown))
                    .collect()
            } else {
                Vec::new()
            },
        }
    }

    /// For each root that leads to a package, the shortest chain from the one to the other.
    #[must_use]
    pub fn why(&self, name: &PackageName) -> Vec<Vec<&'a PackageName>> {
        let roots: BTreeSet<_> = self.tops(false).into_iter().collect();
        let Some((start, _)) = self.lock.packages.get_key_value(name) else {
            return Vec::new();
        };
        let mut towards: BTreeMap<&PackageName, Option<&PackageName>> =
            BTreeMap::from([(start, None)]);
        let mut queue = VecDeque::from([start]);
        while let Some(at) = queue.pop_front() {
            for above in self.next(at, true) {
                if !towards.contains_key(above) {
                    towards.insert(above, Some(at));
                    queue.push_back(above);
                }
            }
        }
        let found = roots.into_iter().filter(|root| towards.contains_key(root));
        found
            .map(|root| {
                let mut chain = vec![root];
                while let Some(Some(next)) = chain.last().and_then(|at| towards.get(at)) {
                    chain.push(next);
                }
                chain
            })
            .collect()
    }
}
