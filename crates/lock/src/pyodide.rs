//! `pyodide-lock.json`: the peer's schema, which its loader and ours read.
//!
//! What the schema has no place for stands under the key `ferropy`, with a number of its
//! own that grows when its meaning changes.

use std::collections::BTreeMap;
use std::str::FromStr;

use pep508_rs::PackageName;
use serde_json::{Map, Value, json};

use crate::error::{AGAIN, Error};
use crate::location::Location;
use crate::model::{
    Folder, Interpreter, Kind, Lock, Package, check_wheel, named, package_name, sha256, word,
};
use crate::node::{Node, Unique};

/// The newest form of our own part that is understood.
pub(crate) const SCHEMA: u64 = 1;

/// Reads the text of a `pyodide-lock.json`; `file` is its name for errors.
///
/// # Errors
/// Everything that is not as the schema wants it.
pub fn read(text: &str, file: &str) -> Result<Lock, Error> {
    let Unique(value) = serde_json::from_str(text).map_err(|e| Error {
        file: file.to_owned(),
        place: format!("line {}, column {}", e.line(), e.column()),
        // The place is said already.
        why: match e.to_string().split_once(" at line ") {
            Some((why, _)) => why.to_owned(),
            None => e.to_string(),
        },
        fix: AGAIN.to_owned(),
    })?;
    let root = Node::root(file, &value);
    let requirements = match root.get("ferropy")? {
        Some(ours) => extension(&ours)?,
        None => Vec::new(),
    };
    let info = root.need("info")?;
    let text = |key: &str| info.need(key)?.text().map(ToOwned::to_owned);
    let interpreter = Interpreter {
        python: text("python")?,
        platform: text("platform")?,
        arch: text("arch")?,
        abi: text("abi_version")?,
    };
    let mut keys: BTreeMap<PackageName, (&str, Node<'_>)> = BTreeMap::new();
    for (key, node) in root.need("packages")?.entries()? {
        let name = PackageName::from_str(key)
            .map_err(|e| node.wrong(format!("«{key}» is no name of a package: {e}")))?;
        if let Some((twin, _)) = keys.insert(name.clone(), (key, node.clone())) {
            return Err(node.wrong(format!("`{twin}` and `{key}` are the same package, {name}")));
        }
    }
    let mut packages = BTreeMap::new();
    for (name, (_, node)) in keys {
        let package = package(&node, &name)?;
        packages.insert(name, package);
    }
    for (_, node) in root.need("packages")?.entries()? {
        for needed in node.members("depends")? {
            let name = package_name(&needed)?;
            if !packages.contains_key(&name) {
                return Err(needed.wrong(format!("{name} is needed and not in the file")));
            }
        }
    }
    Ok(Lock {
        interpreter,
        requirements,
        packages,
    })
}

/// Our own part, here and in `pylock.toml`: its requirements.
pub(crate) fn extension(node: &Node<'_>) -> Result<Vec<String>, Error> {
    let schema = node.need("schema")?;
    let number = schema.number()?;
    if number > SCHEMA {
        return Err(schema.error(
            format!("a newer ferropy wrote it, in schema {number}; this one knows up to {SCHEMA}"),
            "renew ferropy, or make the file again with `ferropy lock`",
        ));
    }
    node.texts("requirements")
}

fn package(node: &Node<'_>, name: &PackageName) -> Result<Package, Error> {
    let called = node.need("name")?;
    if package_name(&called)? != *name {
        return Err(called.wrong(format!("it stands under the name {name}")));
    }
    let version = node.need("version")?.text()?.to_owned();
    let file_node = node.need("file_name")?;
    let file = file_node.parse("place of a file", Location::parse)?;
    let kind = word(&node.need("package_type")?, &Kind::ALL)?;
    let file_name = file.file_name();
    if kind == Kind::Package && file.is_wheel() {
        check_wheel(&file_node, &file_name, name, &version)?;
    }
    let mut depends = Vec::new();
    for needed in node.members("depends")? {
        depends.push(package_name(&needed)?);
    }
    depends.sort();
    depends.dedup();
    let mut imports = node.texts("imports")?;
    imports.sort();
    imports.dedup();
    Ok(Package {
        version,
        file,
        sha256: sha256(&node.need("sha256")?)?,
        size: node.get("size")?.map(|n| n.number()).transpose()?,
        kind,
        folder: match node.get("install_dir")? {
            Some(folder) => word(&folder, &Folder::ALL)?,
            None => Folder::Site,
        },
        imports,
        depends,
        unvendored_tests: match node.get("unvendored_tests")? {
            Some(flag) => flag.boolean()?,
            None => false,
        },
    })
}

/// Writes a `pyodide-lock.json`: the same lock always becomes the same bytes.
#[must_use]
pub fn write(lock: &Lock) -> String {
    let mut packages = Map::new();
    for (name, package) in &lock.packages {
        let mut entry = json!({
            "depends": package.depends,
            "file_name": package.file.to_string(),
            "imports": package.imports,
            "install_dir": named(package.folder, &Folder::ALL),
            "name": name,
            "package_type": named(package.kind, &Kind::ALL),
            "sha256": package.sha256,
            "unvendored_tests": package.unvendored_tests,
            "version": package.version,
        });
        if let Some(size) = package.size {
            entry["size"] = size.into();
        }
        packages.insert(name.to_string(), entry);
    }
    let Interpreter {
        python,
        platform,
        arch,
        abi,
    } = &lock.interpreter;
    let mut all = json!({
        "info": { "abi_version": abi, "arch": arch, "platform": platform, "python": python },
        "packages": Value::Object(packages),
    });
    if !lock.requirements.is_empty() {
        all["ferropy"] = json!({ "requirements": lock.requirements, "schema": SCHEMA });
    }
    format!("{all:#}\n")
}
