//! What ferropy, uv and pip pick from the same index, for the two targets that all of them know.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use cache::Cache;
use index::{Options, solve};
use progress::Progress;
use resolver::{Problem, Target};
use serde_json::Value;
use wheel::parse_requirement;

use super::Index;

/// Of what we refuse, how much the two are asked for: each needs a process.
const ASKED: usize = 40;
/// How many they are asked for at once: pip begins anew for each that it refuses.
const TOGETHER: usize = 20;

/// What `FERROPY_UV` or `FERROPY_PIP` says, else the name alone.
fn program(name: &str) -> String {
    std::env::var(format!("FERROPY_{}", name.to_uppercase())).unwrap_or(name.to_owned())
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
    // uv takes both for its pyodide2025: PEP 783's name, and the one from before it.
    let wasm = ["pyemscripten_2025_0_wasm32", "pyodide_2025_0_wasm32"]
        .map(str::to_owned)
        .to_vec();
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

/// What makes uv resolve.
fn compile(program: &str, url: &str, platform: &str, wanted: &[String], dir: &Path) -> Command {
    std::fs::write(dir.join("in.txt"), wanted.join("\n")).unwrap();
    let mut command = Command::new(program);
    command
        .args(["pip", "compile", "in.txt", "--no-header", "--no-annotate"])
        .args(["-q", "--only-binary", ":all:", "--python-version", "3.13"])
        .args(["--python-platform", platform, "--default-index", url])
        .args(["--cache-dir", "uv-cache", "--no-config"])
        // It only resolves, and for that any Python will do.
        .env("UV_PYTHON_DOWNLOADS", "never")
        .current_dir(dir);
    // The certificates that pip is told of are those of the machine's index.
    if let Ok(file) = std::env::var("PIP_CERT") {
        command.env("SSL_CERT_FILE", file);
    }
    command
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
    let out = compile(program, &index.url, platform, wanted, dir)
        .arg("--no-deps")
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

/// Prints how the picks differ, each requirement by itself, and returns the same; `about` tells
/// what is known of a project's version.
pub fn compare(
    cache: &Cache,
    index: &Index,
    wanted: &[String],
    dir: &Path,
    about: &dyn Fn(&str, &str) -> String,
) -> Vec<String> {
    let (uv_program, pip_program) = (program("uv"), program("pip"));
    let mut all = Vec::new();
    for platform in platforms() {
        let mine: Vec<Option<(String, String)>> = wanted
            .iter()
            .map(|text| ours(cache, index, &platform.target, text))
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
            by_uv.extend(uv(&uv_program, index, platform.uv, some, dir));
            by_pip.extend(pip(&pip_program, index, &platform.pip, some, dir));
        }
        let mut differences = Vec::new();
        for (text, mine) in wanted.iter().zip(mine) {
            let (version, file) = mine.unzip();
            let name = parse_requirement(text).unwrap().name.to_string();
            let (by_uv, by_pip) = (by_uv.get(&name).cloned(), by_pip.get(&name).cloned());
            if version != by_uv {
                let known = about(&name, by_uv.as_deref().unwrap_or_default());
                differences.push(format!("{text}: ours {version:?}, uv {by_uv:?} ({known})"));
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
        for line in &differences {
            println!("  {line}");
        }
        all.extend(differences);
    }
    all
}

/// What a project and all that it needs resolve to on Linux, as `NAME==VERSION`, with uv and
/// without it; both ask the index at this address.
pub fn graphs(
    cache: &Cache,
    url: &str,
    name: &str,
    dir: &Path,
) -> [Result<BTreeSet<String>, String>; 2] {
    let [platform, _] = platforms();
    let problem = Problem::new(
        vec![parse_requirement(name).unwrap()],
        platform.target,
        Vec::new(),
    );
    let options = Options {
        index_url: Some(url.to_owned()),
        ..Options::default()
    };
    let mine = solve(cache, &Progress::hidden(), problem, &options);
    let mine = mine.map_err(|e| e.to_string()).map(|resolution| {
        let picks = resolution.picks.iter();
        picks
            .map(|p| format!("{}=={}", p.name, p.version))
            .collect()
    });
    let out = compile(&program("uv"), url, platform.uv, &[name.to_owned()], dir)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let theirs = if out.status.success() {
        Ok(text(&out.stdout).lines().map(str::to_owned).collect())
    } else {
        Err(text(&out.stderr))
    };
    [mine, theirs]
}
