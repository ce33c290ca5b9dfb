//! Our picks beside those of uv and pip, on an index of 500 made-up projects that has every
//! kind of file that indexes have. docs/corpus.md tells what is compared and what differed.
//!
//! Needs uv and pip, so it runs only when asked for:
//! `FERROPY_UV=uv FERROPY_PIP=pip cargo test -p index --test agreement -- --ignored --nocapture`

mod common;

use std::collections::BTreeMap;

use cache::Cache;
use common::{Index, picks};
use serde_json::json;
use wheel::testing::Builder;

const PROJECTS: usize = 500;

/// A small generator of the same numbers everywhere (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % limit as u64).unwrap()
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }
}

const VERSIONS: &[&str] = &[
    "0.9.9",
    "1.0a1",
    "1.0",
    "1.0.post1",
    "1.1",
    "2.0rc1",
    "2.0",
    "2.0+local.1",
    "2.1.dev1",
    "2.10",
    "3.0b2",
    "2024.1",
    "1!0.5",
];
const TAGS: &[&str] = &[
    "py3-none-any",
    "py2.py3-none-any",
    "py2-none-any",
    "py313-none-any",
    "py314-none-any",
    "cp313-none-any",
    "cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64",
    "cp313-cp313-manylinux_2_28_x86_64",
    "cp313-cp313-manylinux_2_39_x86_64",
    "cp313-cp313t-manylinux_2_28_x86_64",
    "cp312-cp312-manylinux_2_28_x86_64",
    "cp38-abi3-manylinux_2_17_x86_64",
    "cp314-abi3-manylinux_2_28_x86_64",
    "cp313-cp313-musllinux_1_2_x86_64",
    "cp313-cp313-win_amd64",
    "cp313-cp313-macosx_11_0_arm64",
    "py3-none-manylinux1_x86_64",
    "py3-none-linux_x86_64",
    "cp313-cp313-pyodide_2025_0_wasm32",
    "cp312-cp312-pyodide_2024_0_wasm32",
    "cp313-cp313-pyemscripten_2025_0_wasm32",
    "cp38-abi3-pyodide_2025_0_wasm32",
    "py3-none-pyodide_2025_0_wasm32",
    "1-py3-none-any",
    "2b-py3-none-any",
];
const PYTHONS: &[&str] = &[
    "",
    "",
    "",
    "",
    ">=3.8",
    "<3.13",
    ">=3.14",
    ">=3.13,<4",
    "!=3.13.*",
    "==3.13.*",
    ">=3.6.*",
];
const WANTED: &[&str] = &[
    "",
    "",
    "",
    "",
    "",
    ">=1",
    "<2",
    "==2.0",
    "~=1.0",
    "!=2.0",
    ">=2.0rc1",
    "===2.0",
    "==2.*",
    ">1.0",
    "<=1.0.post1",
    "==1.0",
];

/// By project and version: `Requires-Python` and whether it is yanked.
type Facts = BTreeMap<(String, String), String>;

/// The index, and for each project what is asked for.
fn made_up() -> (Index, Vec<String>, Facts) {
    let mut random = Random(315);
    let mut index = Index::start();
    let (mut wanted, mut facts) = (Vec::new(), Facts::new());
    for number in 0..PROJECTS {
        let name = format!("p{number}");
        let mut versions = VERSIONS.to_vec();
        for _ in 0..=random.below(6) {
            // No index has a file twice.
            let version = versions.swap_remove(random.below(versions.len()));
            let mut tags = TAGS.to_vec();
            let python = random.of(PYTHONS);
            let yanked = random.below(8) == 0;
            let known = format!("Requires-Python «{python}», yanked: {yanked}");
            facts.insert((name.clone(), version.to_owned()), known);
            for _ in 0..=random.below(4) {
                let mut extra = json!({});
                if !python.is_empty() {
                    extra["requires-python"] = python.into();
                }
                if yanked {
                    extra["yanked"] = "withdrawn".into();
                }
                let mut wheel =
                    Builder::new(&name, version).tag(tags.swap_remove(random.below(tags.len())));
                // What the page says and what the wheel says agree, as they do on real indexes.
                if !python.is_empty() {
                    wheel = wheel.header(&format!("Requires-Python: {python}"));
                }
                index.add_with(&wheel, extra);
            }
            if random.below(3) == 0 {
                index.name_only(&format!("{name}-{version}.tar.gz"));
            }
        }
        wanted.push(format!("{name}{}", random.of(WANTED)));
    }
    (index, wanted, facts)
}

#[test]
#[ignore = "needs uv and pip"]
fn picks_agree_with_uv_and_pip() {
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::at(dir.path().join("cache")).unwrap();
    let (index, wanted, facts) = made_up();
    picks::compare(&cache, &index, &wanted, dir.path(), &|name, version| {
        let known = facts.get(&(name.to_owned(), version.to_owned()));
        known.cloned().unwrap_or_default()
    });
}
