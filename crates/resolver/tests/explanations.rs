//! Failures in words. The expected text stands beside the index that causes it.

mod common;

use common::{Index, pick, requirements};
use insta::assert_snapshot;
use std::fmt::Write as _;

#[test]
fn two_sides() {
    let index = "
        demo 1: helper<2
        helper 1
        helper 2";
    assert_snapshot!(pick(index, &["demo", "helper>=2"]), @r#"
    the requirements cannot be met together
      you ask for demo
      you ask for helper>=2
      demo 1 needs helper<2
    hint: loosen one of these requirements
    "#);
}

#[test]
fn through_several_packages_and_versions() {
    let index = "
        app 1.0: lib>=1 | tool
        lib 1.0: core<2
        lib 1.1: core<2
        lib 1.2: core<2
        lib 2.0: core<3
        tool 1: core>=3
        tool 2: core>=3
        core 1
        core 2
        core 3";
    assert_snapshot!(pick(index, &["app"]), @r#"
    the requirements cannot be met together
      you ask for app
      app 1.0 needs lib>=1
      app 1.0 needs tool
      lib 2.0 needs core<3
      lib ≤1.2 needs core<2
      every version of tool needs core>=3
    hint: loosen one of these requirements
    "#);
}

#[test]
fn many_ranges_are_summed_up() {
    let mut index = "b 1: c>=100\n".to_owned();
    for i in 1..=20 {
        let _ = writeln!(index, "a {i}: c=={i}\nc {i}");
    }
    index += "c 100";
    assert_snapshot!(pick(&index, &["a", "b"]), @r#"
    the requirements cannot be met together
      you ask for a
      you ask for b
      a 20 needs c==20
      a 19 needs c==19
      a 18 needs c==18
      a ≤17 needs c in 17 other ranges, the oldest c==1
      b 1 needs c>=100
    hint: loosen one of these requirements
    "#);
}

#[test]
fn no_such_package() {
    assert_snapshot!(pick("demo 1: hepler>=2\nhelper 2", &["demo"]), @r#"
    there is no package «hepler»
      you ask for demo
      demo 1 needs hepler>=2
    hint: check the spelling; asked: http://i0.test/
    "#);
}

#[test]
fn no_such_version() {
    let index = "
        demo 1: helper>=9
        helper 1
        helper 2
        helper 3rc1";
    assert_snapshot!(pick(index, &["demo"]), @r#"
    no version of «helper» can be used
      you ask for demo
      demo 1 needs helper>=9
      of helper, there are these versions: 3rc1, 2, 1
    hint: ask for another version of it, or for another package
    "#);
}

#[test]
fn each_reason_for_leaving_a_version_out() {
    let index = "
        demo 1 py=<3.15
        demo 1.1 py=<3.15
        demo 2 tag=cp315-cp315-win_amd64
        demo 2 tag=cp314-cp314-pyodide_2025_0_wasm32
        demo 3 yanked
        demo 4 sdist
        demo 5 broken";
    assert_snapshot!(pick(index, &["demo"]), @r#"
    no version of «demo» can be used
      you ask for demo
      demo 5 cannot be used: it cannot be read
      demo 3: withdrawn by its authors (oops)
      demo 4: only a source archive (demo-4.tar.gz)
      demo ≤1.1: for another Python (<3.15), and this is 3.15.0
      demo 2: only for another platform or Python (cp314-cp314-pyodide_2025_0_wasm32 and 1 more)
    hint: yanked versions are taken only when asked for exactly: demo==3
    "#);
}

#[test]
fn only_for_another_platform() {
    let index = "
        app 1: native>=2
        native 1 tag=cp315-cp315-manylinux_2_28_x86_64
        native 2 tag=cp315-cp315-manylinux_2_28_x86_64
        native 2 sdist";
    assert_snapshot!(pick(index, &["app"]), @r#"
    no version of «native» can be used
      you ask for app
      app 1 needs native>=2
      native 2: only for another platform or Python (cp315-cp315-manylinux_2_28_x86_64)
    hint: the nearest is native 2 for cp315-cp315-manylinux_2_28_x86_64; `ferropy build native` makes a wheel from its source; tags that fit are cp315-cp315-plat_wasm32, cp32…cp315-abi3-plat_wasm32, py3-none-plat_wasm32, py3-none-any
    "#);
}

#[test]
fn only_sources() {
    assert_snapshot!(pick("demo 1 sdist\ndemo 2 sdist", &["demo"]), @r#"
    no version of «demo» can be used
      you ask for demo
      every version of demo: only a source archive (demo-2.tar.gz)
    hint: `ferropy build demo` makes a wheel from its source
    "#);
}

#[test]
fn withdrawn() {
    assert_snapshot!(pick("demo 1 yanked", &["demo"]), @r#"
    no version of «demo» can be used
      you ask for demo
      demo 1: withdrawn by its authors (oops)
    hint: yanked versions are taken only when asked for exactly: demo==1
    "#);
}

#[test]
fn constrained() {
    let index = Index::new("demo 1\ndemo 2: helper>=2\nhelper 1\nhelper 2");
    let mut problem = index.problem(&["demo>1"]);
    problem.constraints = requirements(&["helper<2"]);
    assert_snapshot!(index.solve(problem), @r#"
    no version of «helper» can be used
      you ask for demo>1
      demo 2 needs helper>=2
      helper 2: the constraint helper<2 excludes it
    hint: loosen the constraint helper<2
    "#);
}

#[test]
fn extras_conflict() {
    let index = "
        demo 1 extras=cli: helper<2 | helper>=2 ; extra == 'cli'
        helper 1
        helper 2";
    assert_snapshot!(pick(index, &["demo[cli]"]), @r#"
    the requirements cannot be met together
      you ask for demo[cli]
      demo[cli] 1 needs helper>=2
      demo 1 needs helper<2
    hint: loosen one of these requirements
    "#);
}
