//! What the interpreter gives to extension modules: the exports of its own module, and the JavaScript functions of
//! Emscripten's library that its glue has.

use std::collections::{BTreeSet, HashSet};

use crate::module::{Kind, Module, Unreadable};

/// What `dlopen` itself gives each module.
const FROM_LOADER: &[&str] = &[
    "__indirect_function_table",
    "__memory_base",
    "__stack_pointer",
    "__table_base",
    "memory",
];

/// The symbols that every extension module finds.
#[derive(Debug)]
pub struct MainModule {
    module: Module,
    /// Functions in JavaScript, whose types are not checked.
    javascript: BTreeSet<String>,
}

/// Why a distribution cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// Of its module.
    #[error(transparent)]
    Module(#[from] Unreadable),
    /// Of its glue.
    #[error("its JavaScript has no list of functions for WebAssembly")]
    Glue,
}

/// How a symbol is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// As this.
    As(&'a Kind),
    /// As something that JavaScript has.
    JavaScript,
}

impl MainModule {
    /// Reads `ferropy.asm.wasm` and `ferropy.asm.mjs`.
    pub fn read(wasm: &[u8], glue: &str) -> Result<Self, Broken> {
        let (_, list) = glue.split_once("wasmImports={").ok_or(Broken::Glue)?;
        let (list, _) = list.split_once('}').ok_or(Broken::Glue)?;
        // A stub stands for what somebody else may bring.
        let stubs: HashSet<&str> = glue
            .match_indices(".stub=true")
            .filter_map(|(at, _)| glue[..at].rsplit(|c: char| !is_identifier(c)).next())
            .collect();
        let names = list.split(',').filter_map(|entry| {
            let (name, function) = entry.split_once(':').unwrap_or((entry, entry));
            let stub = stubs.contains(function.trim());
            (!stub).then(|| name.trim().trim_matches('"').to_owned())
        });
        let loader = FROM_LOADER.iter().map(|name| (*name).to_owned());
        Ok(Self {
            module: Module::read(wasm)?,
            javascript: names.chain(loader).collect(),
        })
    }

    /// A symbol, if it is there.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Found<'_>> {
        match self.module.exports.get(name) {
            Some(kind) => Some(Found::As(kind)),
            None => self.javascript.contains(name).then_some(Found::JavaScript),
        }
    }
}

fn is_identifier(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '$')
}
