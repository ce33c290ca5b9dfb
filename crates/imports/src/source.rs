//! The imports of one source text.

use std::collections::BTreeMap;

use ruff_python_ast::statement_visitor::{StatementVisitor, walk_stmt};
use ruff_python_ast::{ModModule, Stmt};
use ruff_python_parser::parse_module;
use ruff_text_size::TextSize;

/// A text that is not Python.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {why}")]
pub struct SyntaxError {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// What the parser says.
    pub why: String,
}

/// Absolute imports anywhere in a text: dotted names as written, each with its first line.
///
/// `from a.b import c` is `a.b.c`, because `c` may be a module of a package of its own.
pub fn imports(source: &str) -> Result<BTreeMap<String, usize>, SyntaxError> {
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    let parsed = parse_module(source).map_err(|e| {
        let (line, column) = place(source, e.location.start());
        SyntaxError {
            line,
            column,
            why: e.error.to_string(),
        }
    })?;
    let ModModule { body, .. } = parsed.syntax();
    let mut found = Found {
        source,
        imports: BTreeMap::new(),
    };
    found.visit_body(body);
    Ok(found.imports)
}

struct Found<'a> {
    source: &'a str,
    imports: BTreeMap<String, usize>,
}

impl Found<'_> {
    fn add(&mut self, name: String, at: TextSize) {
        let line = place(self.source, at).0;
        self.imports.entry(name).or_insert(line);
    }
}

impl<'a> StatementVisitor<'a> for Found<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Import(import) => {
                for alias in &import.names {
                    self.add(alias.name.to_string(), import.range.start());
                }
            }
            Stmt::ImportFrom(import) if import.level == 0 => {
                let module = import.module.as_ref().map_or("", |name| name.as_str());
                for alias in &import.names {
                    let name = match alias.name.as_str() {
                        "*" => module.to_owned(),
                        name => format!("{module}.{name}"),
                    };
                    self.add(name, import.range.start());
                }
            }
            _ => walk_stmt(self, statement),
        }
    }
}

fn place(source: &str, at: TextSize) -> (usize, usize) {
    let before = source.get(..at.to_usize()).unwrap_or(source);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default();
    (line, column.chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_imports_wherever_they_stand() {
        let source = "\u{feff}import a, b.c as d\n\
            from e.f import g, h as i\nfrom . import local\nfrom .x import y\nfrom j import *\n\
            def f():\n  try:\n    import k\n  except ImportError:\n    import l\n  else:\n    import m\n  finally:\n    import n\n\
            class C:\n  async def g(self):\n    with x:\n      import o\n    match x:\n      case 1:\n        import p\n\
            if x:\n  import q\nelif y:\n  import r\nelse:\n  import s\n\
            for x in y:\n  import t\nelse:\n  import u\nwhile x:\n  import v\n\
            lazy import w\ntext = 'import nothing'\n";
        let found = imports(source).unwrap();
        let names: Vec<&str> = found.keys().map(String::as_str).collect();
        let expected = "a b.c e.f.g e.f.h j k l m n o p q r s t u v w";
        assert_eq!(names.join(" "), expected);
        assert_eq!(found["e.f.g"], 2);
    }

    #[test]
    fn mistakes_are_named() {
        let error = imports("x = 1\nimport a b\n").unwrap_err();
        assert_eq!((error.line, error.column), (2, 10), "{error}");
        assert!(!error.why.is_empty());
        assert!(imports("print 'python 2'\n").is_err());
    }
}
