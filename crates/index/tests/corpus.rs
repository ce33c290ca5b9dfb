//! Our picks beside those of uv and pip for what people download: `corpus.txt` names about 500
//! projects. docs/corpus.md tells what is compared and what differed.
//!
//! Asks the index that this machine is configured for, so it runs only when asked for:
//! `FERROPY_UV=uv FERROPY_PIP=pip cargo test -p index --test corpus -- --ignored --nocapture`.
//! `FERROPY_CORPUS` names the file of another list.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use cache::Cache;
use common::{Index, picks};
use index::{Options, indexes, offered};
use pep508_rs::PackageName;
use progress::Progress;
use resolver::File;
use serde_json::{Value, json};
use wheel::WheelName;

/// Projects of which the whole graph is compared: large ones, and many that people install.
const GRAPHS: &[&str] = &[
    "accelerate",
    "aiohttp",
    "alembic",
    "altair",
    "ansible",
    "apache-airflow",
    "azure-storage-blob",
    "black",
    "boto3",
    "cachecontrol",
    "celery",
    "dask",
    "distributed",
    "django",
    "fastapi",
    "fastapi[standard]",
    "flask",
    "google-api-core",
    "google-cloud-storage",
    "httpx",
    "huggingface-hub",
    "ipykernel",
    "ipython",
    "ipywidgets",
    "jupyter-client",
    "jupyterlab",
    "keyring",
    "kubernetes",
    "langchain",
    "langgraph",
    "matplotlib",
    "mkdocs-material",
    "mypy",
    "nbconvert",
    "notebook",
    "opentelemetry-exporter-otlp",
    "pandas",
    "poetry",
    "polars",
    "pre-commit",
    "pydantic",
    "pydantic-settings",
    "pytest",
    "requests",
    "requests-oauthlib",
    "rich",
    "scikit-learn",
    "sphinx",
    "sqlalchemy",
    "streamlit",
    "sympy",
    "tensorflow",
    "tokenizers",
    "torch",
    "tox",
    "transformers",
    "twine",
    "typer",
    "uvicorn",
    "virtualenv",
];

/// The lines of the list that `FERROPY_CORPUS` names, else of this one.
fn lines(or: &str) -> Vec<String> {
    let text = match std::env::var("FERROPY_CORPUS") {
        Ok(file) => std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{file}: {e}")),
        Err(_) => or.to_owned(),
    };
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

/// A page's entry of a file, with METADATA beside it that says no more than the page.
///
/// What a project needs does not matter to what is picked of it alone, and a file would be
/// asked for by each of the three.
fn serve(index: &Index, file: &File) -> Value {
    let name = &file.name;
    let mut entry = json!({
        "filename": name,
        "url": format!("../../files/{name}"),
        "hashes": file.sha256.iter().map(|hash| ("sha256", hash)).collect::<BTreeMap<_, _>>(),
    });
    if let Some(why) = &file.yanked {
        entry["yanked"] = if why.is_empty() {
            true.into()
        } else {
            why.as_str().into()
        };
    }
    let python = file.requires_python.as_ref().map(ToString::to_string);
    if let Some(python) = &python {
        entry["requires-python"] = python.as_str().into();
    }
    if let Ok(wheel) = name.parse::<WheelName>() {
        entry["core-metadata"] = true.into();
        let python = python.map(|python| format!("Requires-Python: {python}\n"));
        let text = format!(
            "Metadata-Version: 2.1\nName: {}\nVersion: {}\n{}",
            wheel.name,
            wheel.version,
            python.unwrap_or_default()
        );
        index.page(
            &format!("/files/{name}.metadata"),
            "text/plain",
            text.as_bytes(),
        );
    }
    entry
}

/// The cache, and the index that this machine is configured for.
fn upstream() -> (Cache, index::Index) {
    let cache = Cache::open().unwrap();
    let mut all = indexes(&cache, &Options::default(), true).unwrap();
    (cache, all.remove(0))
}

#[test]
#[ignore = "needs uv, pip and this machine's index"]
fn picks_of_the_corpus_agree() {
    let ((cache, upstream), dir) = (upstream(), tempfile::tempdir().unwrap());
    // Each page is fetched once, one after the other, and all three read the same.
    let index = Index::start();
    let (mut there, mut absent) = (Vec::new(), Vec::new());
    let names = lines(include_str!("corpus.txt"));
    let known: Vec<PackageName> = names.iter().map(|name| name.parse().unwrap()).collect();
    let found = offered(&cache, &Progress::hidden(), &upstream, &known).unwrap();
    for (name, files) in names.into_iter().zip(found) {
        let Some(files) = files else {
            absent.push(name);
            continue;
        };
        let files: Vec<Value> = files.iter().map(|file| serve(&index, file)).collect();
        let page = json!({ "meta": { "api-version": "1.1" }, "name": name, "files": files });
        let (path, kind) = (
            format!("/simple/{name}/"),
            "application/vnd.pypi.simple.v1+json",
        );
        index.page(&path, kind, page.to_string().as_bytes());
        there.push(name);
    }
    println!(
        "{} projects are not on this index: {}",
        absent.len(),
        absent.join(" ")
    );
    let fresh = Cache::at(dir.path().join("cache")).unwrap();
    assert!(!there.is_empty(), "this index has none of them");
    let differences = picks::compare(&fresh, &index, &there, dir.path(), &|_, _| String::new());
    assert!(differences.is_empty(), "{} differ", differences.len());
}

#[test]
#[ignore = "needs uv and this machine's index"]
fn graphs_of_the_corpus_agree_with_uv() {
    let ((cache, upstream), dir) = (upstream(), tempfile::tempdir().unwrap());
    let mut differing = Vec::new();
    let (mut same, mut packages) = (0, 0);
    let names = lines(&GRAPHS.join("\n"));
    for name in &names {
        match picks::graphs(&cache, upstream.url.as_str(), name, dir.path()) {
            [Ok(mine), Ok(theirs)] if mine == theirs => {
                same += 1;
                packages += mine.len();
            }
            [Ok(mine), Ok(theirs)] => {
                let only = |a: &BTreeSet<String>, b| {
                    a.difference(b).cloned().collect::<Vec<_>>().join(" ")
                };
                println!(
                    "  {name}: only ours {}; only uv {}",
                    only(&mine, &theirs),
                    only(&theirs, &mine)
                );
                differing.push(name);
            }
            // Both refuse it, or one of them does.
            [mine, theirs] => {
                if mine.is_ok() || theirs.is_ok() {
                    differing.push(name);
                }
                println!("  {name}: ours {:?}, uv {:?}", mine.err(), theirs.err());
            }
        }
    }
    println!(
        "{} graphs, {same} of them the same, with {packages} packages",
        names.len()
    );
    assert!(same > 0 && differing.is_empty(), "{differing:?} differ");
}
