//! Random small indexes against a search that tries everything.

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use common::{Index, version};
use proptest::prelude::*;
use resolver::{Request, Resolver, Step};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const VERSIONS: u32 = 3;

/// A requirement: package, least and greatest version.
type Need = (usize, u32, u32);
/// What each version of each package needs; `None` if it does not exist.
type Graph = Vec<Vec<Option<Vec<Need>>>>;

fn needs() -> impl Strategy<Value = Vec<Need>> {
    let need = (0..NAMES.len(), 0..VERSIONS, 0..VERSIONS)
        .prop_map(|(name, x, y)| (name, x.min(y), x.max(y)));
    proptest::collection::vec(need, 0..3)
}

fn graphs() -> impl Strategy<Value = (Graph, Vec<Need>)> {
    let version = proptest::option::weighted(0.8, needs());
    let package = proptest::collection::vec(version, VERSIONS as usize);
    let graph = proptest::collection::vec(package, NAMES.len());
    (
        graph,
        proptest::collection::vec((0..NAMES.len(), 0..VERSIONS, 0..VERSIONS), 1..3),
    )
        .prop_map(|(graph, wanted)| {
            let wanted = wanted.into_iter().map(|(n, x, y)| (n, x.min(y), x.max(y)));
            (graph, wanted.collect())
        })
}

fn text((name, least, greatest): &Need) -> String {
    format!("{}>={least},<={greatest}", NAMES[*name])
}

fn index(graph: &Graph) -> Index {
    let mut out = String::new();
    for (name, versions) in graph.iter().enumerate() {
        for (version, needs) in versions.iter().enumerate() {
            if let Some(needs) = needs {
                let needs: Vec<String> = needs.iter().map(text).collect();
                let needs = needs.join(" | ");
                let needs = if needs.is_empty() {
                    needs
                } else {
                    format!(": {needs}")
                };
                let _ = writeln!(out, "{} {version}{needs}", NAMES[name]);
            }
        }
    }
    let mut index = Index::new(&out);
    index.indexes = 1;
    index
}

type Choice = [Option<u32>; NAMES.len()];

/// Whether every requirement that is reached is met.
fn holds(graph: &Graph, wanted: &[Need], choice: &Choice) -> bool {
    let mut queue: Vec<Need> = wanted.to_vec();
    let mut seen = [false; NAMES.len()];
    while let Some((name, least, greatest)) = queue.pop() {
        let Some(version) = choice[name] else {
            return false;
        };
        if version < least || version > greatest {
            return false;
        }
        let Some(needs) = &graph[name][version as usize] else {
            return false;
        };
        if !std::mem::replace(&mut seen[name], true) {
            queue.extend(needs.iter().copied());
        }
    }
    true
}

fn solvable(graph: &Graph, wanted: &[Need]) -> bool {
    let count = (VERSIONS + 1).pow(u32::try_from(NAMES.len()).unwrap());
    (0..count).any(|mut code| {
        let mut choice: Choice = [None; NAMES.len()];
        for slot in &mut choice {
            *slot = (code % (VERSIONS + 1)).checked_sub(1);
            code /= VERSIONS + 1;
        }
        holds(graph, wanted, &choice)
    })
}

/// Answers one request at a time, in an order that the seed decides.
fn one_by_one(index: &Index, wanted: &[&str], mut seed: usize) -> String {
    let mut resolver = Resolver::new(index.problem(wanted)).unwrap();
    let mut open: Vec<Request> = Vec::new();
    loop {
        match resolver.step() {
            Step::Needs(requests) => {
                for request in requests {
                    if !open.contains(&request) {
                        open.push(request);
                    }
                }
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let request = open.swap_remove((seed >> 33) % open.len());
                resolver.answer(&request, index.answer(&request));
            }
            Step::Done(resolution) => {
                let lines = resolution
                    .picks
                    .iter()
                    .map(|p| format!("{}=={}", p.name, p.version));
                return lines.collect::<Vec<_>>().join(" ");
            }
            Step::Failed(why) => return format!("{why}\nhint: {}", why.hint),
            Step::Blocked(request) => panic!("blocked by {request:?}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn right_complete_and_without_regard_to_order((graph, wanted) in graphs(), seed: usize) {
        let index = index(&graph);
        let texts: Vec<String> = wanted.iter().map(text).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let (found, _) = index.run(index.problem(&texts));
        prop_assert_eq!(found.is_ok(), solvable(&graph, &wanted), "{:?}", found);
        if let Ok(resolution) = &found {
            let versions: BTreeMap<&str, &_> =
                resolution.picks.iter().map(|p| (p.name.as_ref(), &p.version)).collect();
            let choice: Choice = NAMES.map(|name| {
                let picked = versions.get(name)?;
                (0..VERSIONS).find(|v| **picked == version(&v.to_string()))
            });
            prop_assert!(holds(&graph, &wanted, &choice), "{:?}", choice);
        }
        prop_assert_eq!(one_by_one(&index, &texts, seed), index.pick(&texts));
    }
}
