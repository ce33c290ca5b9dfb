//! What a WebAssembly module takes from others and gives to them.
//!
//! Only the sections that linking looks at are read. Code is not validated: engines do that when they compile it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use wasmparser::{
    CompositeInnerType, Dylink0SectionReader, Dylink0Subsection, ExternalKind, FuncType,
    KnownCustom, Parser, Payload, SymbolFlags, TypeRef,
};

/// What a symbol is; two that meet have to be the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A function, with its type as `(i32, i64) -> f64`.
    Function(String),
    /// A variable: as a rule the address of something.
    Global,
    /// An exception's tag, with its type.
    Tag(String),
    /// The table of functions.
    Table,
    /// The memory; whether threads share it.
    Memory {
        /// True with threads.
        shared: bool,
    },
}

/// One symbol that a module takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// `env`, `GOT.func`, `GOT.mem` or `wasi_snapshot_preview1`.
    pub from: String,
    /// The symbol.
    pub name: String,
    /// What it is taken for.
    pub kind: Kind,
    /// Whether it may be missing.
    pub weak: bool,
}

/// The linking side of a module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Module {
    /// True for what `dlopen` can load: it has a `dylink.0` section.
    pub dynamic: bool,
    /// File names of libraries that have to be loaded before.
    pub needed: Vec<String>,
    /// What it takes.
    pub imports: Vec<Import>,
    /// What it gives.
    pub exports: BTreeMap<String, Kind>,
    /// Bytes of debugging information.
    pub debug: usize,
}

/// Why a module cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("it is no WebAssembly module: {0}")]
pub struct Unreadable(#[from] wasmparser::BinaryReaderError);

impl Module {
    /// Reads a module.
    pub fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut out = Self::default();
        let mut types: Vec<String> = Vec::new();
        // Types by function and by tag, imported ones first.
        let mut functions: Vec<String> = Vec::new();
        let mut tags: Vec<String> = Vec::new();
        let mut shared = false;
        let mut weak: BTreeSet<&str> = BTreeSet::new();
        let type_of = |types: &[String], index: u32| {
            let index = usize::try_from(index).unwrap_or(usize::MAX);
            types.get(index).cloned().unwrap_or_default()
        };
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::TypeSection(section) => {
                    for group in section {
                        for part in group?.into_types() {
                            types.push(match part.composite_type.inner {
                                CompositeInnerType::Func(function) => signature(&function),
                                // Of garbage collection: no C or Rust has it.
                                _ => String::new(),
                            });
                        }
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import?;
                        let kind = match import.ty {
                            TypeRef::Func(index) | TypeRef::FuncExact(index) => {
                                let of = type_of(&types, index);
                                functions.push(of.clone());
                                Kind::Function(of)
                            }
                            TypeRef::Tag(tag) => {
                                let of = type_of(&types, tag.func_type_idx);
                                tags.push(of.clone());
                                Kind::Tag(of)
                            }
                            TypeRef::Global(_) => Kind::Global,
                            TypeRef::Table(_) => Kind::Table,
                            TypeRef::Memory(memory) => {
                                shared |= memory.shared;
                                Kind::Memory {
                                    shared: memory.shared,
                                }
                            }
                        };
                        out.imports.push(Import {
                            from: import.module.to_owned(),
                            name: import.name.to_owned(),
                            kind,
                            weak: false,
                        });
                    }
                }
                Payload::FunctionSection(section) => {
                    for index in section {
                        functions.push(type_of(&types, index?));
                    }
                }
                Payload::TagSection(section) => {
                    for tag in section {
                        tags.push(type_of(&types, tag?.func_type_idx));
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        let kind = match export.kind {
                            ExternalKind::Func | ExternalKind::FuncExact => {
                                Kind::Function(type_of(&functions, export.index))
                            }
                            ExternalKind::Tag => Kind::Tag(type_of(&tags, export.index)),
                            ExternalKind::Global => Kind::Global,
                            ExternalKind::Table => Kind::Table,
                            ExternalKind::Memory => Kind::Memory { shared },
                        };
                        out.exports.insert(export.name.to_owned(), kind);
                    }
                }
                Payload::CustomSection(section) => {
                    let name = section.name();
                    if name == "name" || name.starts_with(".debug_") {
                        out.debug += section.data().len();
                    }
                    if let KnownCustom::Dylink0(parts) = section.as_known() {
                        out.dynamic = true;
                        out.read_dylink(parts, &mut weak)?;
                    }
                }
                _ => {}
            }
        }
        for import in &mut out.imports {
            import.weak = weak.contains(import.name.as_str());
        }
        Ok(out)
    }

    /// Reads `dylink.0`: which libraries it needs, and which symbols may be missing.
    fn read_dylink<'a>(
        &mut self,
        parts: Dylink0SectionReader<'a>,
        weak: &mut BTreeSet<&'a str>,
    ) -> Result<(), Unreadable> {
        for part in parts {
            match part? {
                Dylink0Subsection::Needed(needed) => {
                    self.needed.extend(needed.into_iter().map(str::to_owned));
                }
                Dylink0Subsection::ImportInfo(infos) => {
                    let infos = infos.into_iter();
                    let infos = infos.filter(|i| i.flags.contains(SymbolFlags::BINDING_WEAK));
                    weak.extend(infos.map(|i| i.field));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// A function's type as text.
fn signature(function: &FuncType) -> String {
    let list = |types: &[wasmparser::ValType]| {
        let types: Vec<String> = types.iter().map(ToString::to_string).collect();
        types.join(", ")
    };
    let mut out = format!("({})", list(function.params()));
    if !function.results().is_empty() {
        // Writing to a string cannot fail.
        let _ = write!(out, " -> {}", list(function.results()));
    }
    out
}
