//! What is picked: each rule with the smallest index that shows it.

mod common;

use common::{Index, pick, requirements, version};
use resolver::{Prereleases, Sources, Strategy};
use std::fmt::Write as _;

#[test]
fn newest_with_dependencies() {
    let index = "
        demo 1
        demo 2: helper>=1 ; sys_platform == 'emscripten' | other ; os_name == 'nt'
        demo 3 tag=cp315-cp315-win_amd64
        demo 4 py=<3.15
        demo 5 yanked
        demo 6rc1
        demo 7 sdist
        helper 1.5";
    assert_eq!(pick(index, &["demo"]), "demo==2 helper==1.5");
    assert_eq!(pick(index, &["demo<2"]), "demo==1");
    assert_eq!(pick(index, &["demo==5"]), "demo==5");
    assert_eq!(pick(index, &["demo===5"]), "demo==5");
    assert_eq!(pick(index, &["demo>=6rc1"]), "demo==6rc1");
    assert_eq!(pick(index, &["demo; python_version < '3'"]), "");
    assert_eq!(pick(index, &["Demo", "DEMO>=1"]), "demo==2 helper==1.5");
}

#[test]
fn goes_back_to_older_versions() {
    let index = "
        a 1: c<2
        a 2: c>=2
        b 1: c<2
        c 1
        c 2";
    assert_eq!(pick(index, &["a", "b"]), "a==1 b==1 c==1");
    let index = "
        a 2: b>=2
        a 1
        b 1
        b 2: missing";
    assert_eq!(pick(index, &["a"]), "a==1");
}

#[test]
fn cycles() {
    let index = "
        a 1: b
        b 1: c
        c 1: a>=1 | b";
    assert_eq!(pick(index, &["a"]), "a==1 b==1 c==1");
    assert_eq!(pick("a 1: a", &["a"]), "a==1");
    assert_eq!(pick("a 1\na 2: a<2", &["a"]), "a==1");
}

#[test]
fn extras() {
    let index = "
        demo 1 extras=cli,fast,all: helper | colour ; extra == 'cli' | quick ; extra == 'fast' | demo[cli,fast] ; extra == 'all'
        helper 1
        colour 1: helper!=2
        helper 2
        quick 1: demo[cli]";
    assert_eq!(pick(index, &["demo"]), "demo==1 helper==2");
    assert_eq!(
        pick(index, &["demo[cli]"]),
        "colour==1 demo[cli]==1 helper==1"
    );
    assert_eq!(
        pick(index, &["demo[all]"]),
        "colour==1 demo[all,cli,fast]==1 helper==1 quick==1"
    );
    assert_eq!(
        pick(index, &["demo[fast]"]),
        "colour==1 demo[cli,fast]==1 helper==1 quick==1"
    );
    assert_eq!(
        pick(index, &["demo[nope]"]),
        "demo[nope]==1 helper==2 demo 1 has no extra «nope»"
    );
}

#[test]
fn an_extra_has_its_packages_version() {
    let index = "
        demo 1 extras=x: y ; extra == 'x'
        demo 2 extras=x: gone ; extra == 'x'
        y 1";
    assert_eq!(pick(index, &["demo[x]", "demo"]), "demo[x]==1 y==1");
}

#[test]
fn prereleases() {
    let index = "
        a 1
        a 2rc1
        only 1a1
        only 1a2
        wants 1: a>=2rc1
        dev 1.dev1
        dev 0.9";
    assert_eq!(pick(index, &["a"]), "a==1");
    assert_eq!(pick(index, &["only"]), "only==1a2");
    assert_eq!(pick(index, &["a>=1a1"]), "a==2rc1");
    // Nothing else fits.
    assert_eq!(pick(index, &["a>1"]), "a==2rc1");
    assert_eq!(pick(index, &["dev"]), "dev==0.9");
    assert_eq!(pick(index, &["wants"]), "a==2rc1 wants==1");
    assert_eq!(pick(index, &["a", "wants"]), "a==2rc1 wants==1");
    assert!(pick(index, &["a>=2"]).contains("pre-release"));
    let index = Index::new(index);
    let with = |policy| {
        let mut problem = index.problem(&["a"]);
        problem.prereleases = policy;
        index.solve(problem)
    };
    assert_eq!(with(Prereleases::Allow), "a==2rc1");
    assert_eq!(with(Prereleases::Disallow), "a==1");
    let mut problem = index.problem(&["a"]);
    problem.constraints = requirements(&["a>=0.dev0"]);
    assert_eq!(index.solve(problem), "a==2rc1");
    let mut problem = index.problem(&["only"]);
    problem.prereleases = Prereleases::Disallow;
    assert!(index.solve(problem).contains("pre-release"));
}

#[test]
fn yanked_versions_that_a_dependency_pins() {
    let index = "
        a 1: b==2
        a 2: b==3
        b 1
        b 2 yanked
        b 3 yanked
        c 1: b";
    assert_eq!(pick(index, &["a"]), "a==2 b==3");
    assert_eq!(pick(index, &["c", "a<2"]), "a==1 b==2 c==1");
    assert_eq!(pick(index, &["c"]), "b==1 c==1");
    assert!(pick(index, &["b>=2"]).contains("withdrawn by its authors (oops)"));
    assert!(pick(index, &["b==2.*"]).contains("withdrawn"));
}

/// docs/corpus.md: pip counts the yanked release and then finds nothing; uv does as we do.
#[test]
fn a_yanked_release_does_not_stand_before_a_prerelease() {
    let index = "
        a 1 yanked
        a 2rc1
        b 2+local.1 yanked";
    assert_eq!(pick(index, &["a"]), "a==2rc1");
    assert_eq!(pick(index, &["a==1"]), "a==1");
    // pip and we take it, uv does not.
    assert_eq!(pick(index, &["b==2"]), "b==2+local.1");
}

#[test]
fn specifiers_mean_what_pep_440_says() {
    let index = "
        a 1.0
        a 1.0+local.1
        a 1.0.post1
        a 1.1
        a 2.0
        a 2.0rc1
        a 1!0.5
        a 1.1.dev1";
    for (spec, expected) in [
        ("==1.0", "1.0+local.1"),
        ("===1.0", "1.0"),
        ("===1.0+local.1", "1.0+local.1"),
        ("<=1.0", "1.0+local.1"),
        ("==1.0.*", "1.0.post1"),
        ("~=1.0,<2", "1.1"),
        ("~=1.0.0", "1.0.post1"),
        ("<2.0", "1.1"),
        (">1.0,<1.1", "none"),
        (">1.0.post0,<1.1", "1.0.post1"),
        ("!=1.0,<1.0.post1", "none"),
        ("!=1!0.5,!=2.*", "1.1"),
        ("", "1!0.5"),
        ("<1!0", "2.0"),
        ("==1.1.dev1", "1.1.dev1"),
    ] {
        let got = pick(index, &[&format!("a{spec}")]);
        let got = got.strip_prefix("a==").unwrap_or("none");
        assert_eq!(got, expected, "{spec}");
    }
}

#[test]
fn constraints_overrides_excluded_and_provided() {
    let index = Index::new(
        "
        a 1: b>=2 | c
        b 1
        b 2
        b 3
        c 1",
    );
    let mut problem = index.problem(&["a"]);
    problem.constraints = requirements(&["b<3", "unrelated==7"]);
    assert_eq!(index.solve(problem.clone()), "a==1 b==2 c==1");
    problem.constraints = requirements(&["b<2"]);
    let text = index.solve(problem.clone());
    assert!(text.contains("the constraint b<2 excludes it"), "{text}");
    problem.overrides = requirements(&["b"]);
    assert_eq!(index.solve(problem.clone()), "a==1 b==1 c==1");
    problem.overrides = requirements(&["b ; os_name == 'nt'"]);
    assert_eq!(index.solve(problem.clone()), "a==1 c==1");
    let mut problem = index.problem(&["a"]);
    problem.excluded = ["c".parse().unwrap()].into();
    problem.provided = [("b".parse().unwrap(), version("2.5"))].into();
    assert_eq!(index.solve(problem.clone()), "a==1 b==2.5");
    problem.provided = [("b".parse().unwrap(), version("1.5"))].into();
    let text = index.solve(problem);
    assert!(
        text.contains("a 1 needs b>=2") && text.contains("1.5"),
        "{text}"
    );
}

#[test]
fn preferences_stay_unless_impossible() {
    let index = Index::new(
        "
        a 1: b
        a 2: b
        b 1
        b 2
        b 3 yanked",
    );
    let mut problem = index.problem(&["a"]);
    let prefer = |list: &[(&str, &str)]| {
        list.iter()
            .map(|(n, v)| (n.parse().unwrap(), version(v)))
            .collect()
    };
    problem.preferences = prefer(&[("a", "1"), ("b", "1")]);
    assert_eq!(index.solve(problem.clone()), "a==1 b==1");
    problem.preferences = prefer(&[("a", "9"), ("b", "3")]);
    assert_eq!(index.solve(problem.clone()), "a==2 b==2");
    problem.requirements = requirements(&["a>1"]);
    problem.preferences = prefer(&[("a", "1"), ("b", "1")]);
    assert_eq!(index.solve(problem), "a==2 b==1");
}

#[test]
fn several_indexes() {
    let index = Index::new(
        "
        a 1 index=0
        a 2 index=1
        a 1 index=1
        b 1 index=1: a",
    );
    assert_eq!(index.pick(&["b"]), "a==2 b==1");
    let mut problem = index.problem(&["b"]);
    problem.strategy = Strategy::First;
    assert_eq!(index.solve(problem.clone()), "a==1 b==1");
    let (found, _) = index.run(problem);
    let url = &found.unwrap().picks[0].candidate.clone().unwrap().file.url;
    assert_eq!(url.host_str(), Some("i0.test"));
}

#[test]
fn source_archives_only_where_allowed() {
    let index = Index::new(
        "
        a 1 sdist: b
        a 2 sdist yanked
        b 1
        b 2 sdist",
    );
    assert!(index.pick(&["a"]).contains("ferropy build a"));
    let mut problem = index.problem(&["a"]);
    problem.sources = Sources::Any;
    assert_eq!(index.solve(problem.clone()), "a==1 b==1", "wheels first");
    problem.sources = Sources::Only(["b".parse().unwrap()].into());
    assert!(index.solve(problem.clone()).contains("ferropy build a"));
    problem.sources = Sources::Only(["a".parse().unwrap()].into());
    assert_eq!(index.solve(problem), "a==1 b==1");
}

#[test]
fn urls() {
    let index = Index::new(
        "
        a 1: b
        a 2: b
        b 1
        c 1: b @ http://i0.test/b-9-py3-none-any.whl
        d 1: b<2
        b 9",
    );
    let url = "http://i0.test/a-1-py3-none-any.whl";
    assert_eq!(index.pick(&[&format!("a @ {url}#sha256=00")]), "a==1 b==9");
    assert!(
        index
            .pick(&[&format!("a @ {url}"), "a>1"])
            .contains("you ask for a>1")
    );
    assert_eq!(index.pick(&["c"]), "b==9 c==1");
    let text = index.pick(&["c", "d"]);
    assert!(
        text.contains("b @ http://i0.test/b-9") && text.contains("d 1 needs b<2"),
        "{text}"
    );
    assert!(index.pick(&[&format!("b @ {url}")]).contains("is of a"));
    assert!(
        index
            .pick(&["a @ http://i0.test/a-1-cp315-cp315-win_amd64.whl"])
            .contains("its tags")
    );
    assert!(
        index
            .pick(&["a @ http://i0.test/a.zip"])
            .contains("not the name of a wheel")
    );
}

#[test]
fn broken_metadata_costs_one_version() {
    let index = "
        a 1
        a 2 broken";
    assert_eq!(pick(index, &["a"]), "a==1");
    assert!(pick(index, &["a==2"]).contains("a 2 cannot be used: it cannot be read"));
}

#[test]
fn what_is_predictable_is_asked_for_at_once() {
    let mut text = String::new();
    for i in 0..30 {
        let _ = writeln!(text, "root{i} 1: leaf{i}\nleaf{i} 1");
    }
    let index = Index::new(&text);
    let wanted: Vec<String> = (0..30).map(|i| format!("root{i}")).collect();
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
    let (found, rounds) = index.run(index.problem(&wanted));
    assert_eq!(found.unwrap().picks.len(), 60);
    assert_eq!(rounds, 4, "pages and metadata of two generations");
}

#[test]
fn long_walks_back_take_few_rounds() {
    let mut text = String::new();
    for i in 1..=300 {
        let _ = writeln!(text, "a {i}: b=={i}");
    }
    text += "b 1";
    let index = Index::new(&text);
    let (found, rounds) = index.run(index.problem(&["a"]));
    assert_eq!(found.unwrap().picks[0].version, version("1"));
    assert!(rounds < 25, "{rounds}");
}

#[test]
fn packages_that_move_down_together_take_few_rounds() {
    // As boto3, botocore and urllib3 do.
    let mut text = String::from("old 1\nold 2\n");
    for i in 1..=300 {
        let old = if i < 5 { "old<2" } else { "old>=2" };
        let _ = writeln!(text, "a {i}: b=={i}\nb {i}: {old}");
    }
    let index = Index::new(&text);
    let (found, rounds) = index.run(index.problem(&["a", "old<2"]));
    assert_eq!(found.unwrap().picks[0].version, version("4"));
    assert!(rounds < 60, "{rounds}");
}

#[test]
fn limits_end_the_search() {
    let mut text = String::new();
    for i in 0..200 {
        let _ = writeln!(text, "p{i} 1: p{}", i + 1);
    }
    let index = Index::new(&text);
    let bounded = |packages: usize, requests: usize, tries: usize| {
        let mut problem = index.problem(&["p0"]);
        problem.limits.packages = packages;
        problem.limits.requests = requests;
        problem.limits.tries = tries;
        index.solve(problem)
    };
    assert!(bounded(50, 1000, 1000).contains("more than 50 packages"));
    assert!(bounded(1000, 20, 1000).contains("more than 20 requests"));
    assert!(bounded(1000, 1000, 100).contains("100 versions"));
}
