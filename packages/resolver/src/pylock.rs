//! `pylock.toml` for the loader, which knows `pyodide-lock.json`: the same lock, in that form. What it says is checked
//! as strictly as on the command line.

use std::collections::BTreeSet;

use lock::pylock::Choice;
use lock::{Interpreter, pylock, pyodide};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::memory::Failure;

/// A `pylock.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    text: String,
    /// What errors call it.
    file: String,
    interpreter: crate::Interpreter,
    /// The full version of Python.
    python: String,
    /// The version of Emscripten, for markers.
    emscripten: String,
    /// The version of the ABI, for files that do not say what they are for.
    abi: String,
}

impl From<lock::Error> for Failure {
    fn from(error: lock::Error) -> Self {
        Self {
            kind: "lock".to_owned(),
            message: error.to_string(),
            hint: Some(error.fix),
        }
    }
}

/// The text of the `pyodide-lock.json` that says the same, and whether no entry tells what it needs, as in files of
/// other tools.
pub(crate) fn read(query: &Query) -> Result<Value, Failure> {
    let target = query.interpreter.target(&query.python, &query.emscripten)?;
    let choice = Choice {
        tags: &target.tags,
        markers: &target.markers,
        python: &target.python,
        interpreter: Interpreter {
            python: query.python.clone(),
            platform: format!("emscripten_{}", query.emscripten.replace('.', "_")),
            arch: "wasm32".to_owned(),
            abi: query.abi.clone(),
        },
        extras: BTreeSet::new(),
        groups: None,
    };
    let lock = pylock::read(&query.text, &query.file, &choice)?;
    let untold =
        lock.requirements.is_empty() && lock.packages.values().all(|one| one.depends.is_empty());
    Ok(json!({ "text": pyodide::write(&lock), "untold": untold }))
}
