//! Our picks beside those of uv and pip, on an index of 500 made-up projects that has every
//! kind of file that indexes have. docs/corpus.md tells what is compared and what differed.
//!
//! Needs uv and pip, so it runs only when asked for:
//! `FERROPY_UV=uv FERROPY_PIP=pip cargo test -p index --test agreement -- --ignored --nocapture`

mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use cache::Cache;
use common::Index;
use index::{Options, solve};
use progress::Progress;
use resolver::{Problem, Target};
use serde_json::{Value, json};
use wheel::parse_requirement;
use wheel::testing::Builder;

const PROJECTS: usize = 500;
/// Of those that we refuse, how many the two are asked for: each needs a process.
const ASKED: usize = 40;
/// How many they are asked for at once: pip begins anew for each that it refuses.
const TOGETHER: usize = 20;

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

/// One platform, as each of the three calls it.
struct Platform {
    target: Target,
    uv: &'static str,
    pip: Vec<String>,
}

fn platforms() -> [Platform; 2] {
    let mut manylinux = Vec::new();
    for minor in (5..=28).rev() {
        manylinux.push(format!("manylinux_2_{minor}_x86_64"));
        match minor {
            17 => manylinux.push("manylinux2014_x86_64".to_owned()),
            12 => manylinux.push("manylinux2010_x86_64".to_owned()),
            5 => manylinux.push("manylinux1_x86_64".to_owned()),
            _ => {}
        }
    }
    manylinux.push("linux_x86_64".to_owned());
    let wasm = vec!["pyodide_2025_0_wasm32".to_owned()];
    [
        Platform {
            target: Target::native("linux-x86_64-3.13").unwrap(),
            uv: "x86_64-manylinux_2_28",
            pip: manylinux,
        },
        Platform {
            target: Target::emscripten("3.13.0", "4.0.9", &wasm).unwrap(),
            uv: "wasm32-pyodide2025",
            pip: wasm,
        },
    ]
}

/// The picked file, if there is one.
fn ours(cache: &Cache, index: &Index, target: &Target, wanted: &str) -> Option<(String, String)> {
    let requirement = parse_requirement(wanted).unwrap();
    let problem = Problem::new(vec![requirement], target.clone(), Vec::new());
    let options = Options {
        index_url: Some(index.url.clone()),
        ..Options::default()
    };
    let resolution = solve(cache, &Progress::hidden(), problem, &options).ok()?;
    let pick = &resolution.picks[0];
    let file = pick.candidate.as_ref().unwrap().file.name.clone();
    Some((pick.version.to_string(), file))
}

/// The versions that uv takes, by project; it takes all or none, so halves are asked for when
/// it refuses.
fn uv(
    program: &str,
    index: &Index,
    platform: &str,
    wanted: &[String],
    dir: &Path,
) -> BTreeMap<String, String> {
    std::fs::write(dir.join("in.txt"), wanted.join("\n")).unwrap();
    let out = Command::new(program)
        .args([
            "pip",
            "compile",
            "in.txt",
            "--no-deps",
            "--no-header",
            "--no-annotate",
            "-q",
        ])
        .args(["--only-binary", ":all:", "--python-version", "3.13"])
        .args(["--python-platform", platform, "--default-index", &index.url])
        .args(["--cache-dir", "uv-cache", "--no-config"])
        // It only resolves, and for that any Python will do.
        .env("UV_PYTHON_DOWNLOADS", "never")
        .current_dir(dir)
        .output()
        .unwrap();
    if !out.status.success() {
        if wanted.len() == 1 {
            return BTreeMap::new();
        }
        let (first, second) = wanted.split_at(wanted.len() / 2);
        let mut all = uv(program, index, platform, first, dir);
        all.extend(uv(program, index, platform, second, dir));
        return all;
    }
    let text = String::from_utf8(out.stdout).unwrap();
    let lines = text.lines().filter_map(|line| line.split_once("=="));
    lines
        .map(|(name, version)| (name.to_owned(), version.to_owned()))
        .collect()
}

/// The files that pip takes, by project; it takes all or none, so what it refuses is left out.
fn pip(
    program: &str,
    index: &Index,
    tags: &[String],
    wanted: &[String],
    dir: &Path,
) -> BTreeMap<String, String> {
    let mut left: Vec<&String> = wanted.iter().collect();
    loop {
        let mut command = Command::new(program);
        command
            .args([
                "install",
                "--dry-run",
                "--no-deps",
                "--ignore-installed",
                "-q",
            ])
            .args([
                "--only-binary",
                ":all:",
                "--python-version",
                "3.13",
                "--implementation",
                "cp",
            ])
            .args([
                "--target",
                "t",
                "--report",
                "report.json",
                "--index-url",
                &index.url,
            ])
            .args([
                "--disable-pip-version-check",
                "--isolated",
                "--no-cache-dir",
            ])
            .args(["--abi", "cp313", "--abi", "abi3", "--abi", "none"]);
        for tag in tags {
            command.args(["--platform", tag]);
        }
        let out = command.args(&left).current_dir(dir).output().unwrap();
        if out.status.success() {
            let text = std::fs::read_to_string(dir.join("report.json")).unwrap();
            let report: Value = serde_json::from_str(&text).unwrap();
            let all = report["install"].as_array().unwrap().iter();
            return all
                .map(|item| {
                    let url = item["download_info"]["url"].as_str().unwrap();
                    let name = item["metadata"]["name"].as_str().unwrap();
                    (
                        name.to_owned(),
                        url.rsplit('/')
                            .next()
                            .unwrap()
                            .replace("%21", "!")
                            .replace("%2B", "+"),
                    )
                })
                .collect();
        }
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        let refused = text.split("No matching distribution found for ").nth(1);
        let refused = refused.and_then(|rest| rest.split_whitespace().next());
        let at = refused.and_then(|name| left.iter().position(|w| *w == name));
        let at = at.unwrap_or_else(|| panic!("pip: {text}"));
        left.remove(at);
        if left.is_empty() {
            return BTreeMap::new();
        }
    }
}

#[test]
#[ignore = "needs uv and pip"]
fn picks_agree_with_uv_and_pip() {
    let program = |variable: &str, name: &str| std::env::var(variable).unwrap_or(name.to_owned());
    let (uv_program, pip_program) = (program("FERROPY_UV", "uv"), program("FERROPY_PIP", "pip"));
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::at(dir.path().join("cache")).unwrap();
    let (index, wanted, facts) = made_up();
    for platform in platforms() {
        let mine: Vec<Option<(String, String)>> = wanted
            .iter()
            .map(|text| ours(&cache, &index, &platform.target, text))
            .collect();
        let (found, refused): (Vec<_>, Vec<_>) = wanted
            .iter()
            .cloned()
            .zip(&mine)
            .partition(|(_, mine)| mine.is_some());
        let found: Vec<String> = found.into_iter().map(|(text, _)| text).collect();
        let (mut by_uv, mut by_pip) = (BTreeMap::new(), BTreeMap::new());
        let refused = refused.iter().take(ASKED).map(|(text, _)| text);
        let alone = refused.map(std::slice::from_ref);
        for some in found.chunks(TOGETHER).chain(alone) {
            by_uv.extend(uv(&uv_program, &index, platform.uv, some, dir.path()));
            by_pip.extend(pip(&pip_program, &index, &platform.pip, some, dir.path()));
        }
        let mut differences = Vec::new();
        for (number, text) in wanted.iter().enumerate() {
            let (version, file) = mine[number].clone().unzip();
            let name = format!("p{number}");
            let (by_uv, by_pip) = (by_uv.get(&name).cloned(), by_pip.get(&name).cloned());
            if version != by_uv {
                let theirs = by_uv.clone().unwrap_or_default();
                let known = facts.get(&(name.clone(), theirs));
                differences.push(format!(
                    "{text}: ours {version:?}, uv {by_uv:?} ({known:?})"
                ));
            }
            if file != by_pip {
                differences.push(format!("{text}: ours {file:?}, pip {by_pip:?}"));
            }
        }
        println!(
            "{}: {} projects, {} resolve, {} differences",
            platform.uv,
            wanted.len(),
            found.len(),
            differences.len()
        );
        for line in differences {
            println!("  {line}");
        }
    }
}
