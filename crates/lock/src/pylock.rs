//! `pylock.toml` (PEP 751), ours and those of uv, pip and others.
//!
//! Such a file may hold wheels for every platform; reading it picks those of one target.
//! Attestations, upload times and other tools' tables are passed over.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};
use pep508_rs::{MarkerEnvironment, PackageName};
use serde_json::Value;
use wheel::{Tags, WheelName};

use crate::error::{AGAIN, Error};
use crate::location::Location;
use crate::marker;
use crate::model::{Folder, Interpreter, Kind, Lock, Package, check_wheel, package_name, sha256};
use crate::node::Node;
use crate::pyodide::{SCHEMA, extension};

/// What to take out of a `pylock.toml`.
#[derive(Clone, Debug)]
pub struct Choice<'a> {
    /// Which wheels fit.
    pub tags: &'a Tags,
    /// Values of the marker variables.
    pub markers: &'a MarkerEnvironment,
    /// The version that `requires-python` is compared with.
    pub python: &'a Version,
    /// What the result is for, where the file does not say.
    pub interpreter: Interpreter,
    /// Extras of the project.
    pub extras: BTreeSet<String>,
    /// Dependency groups; the file's own default if `None`.
    pub groups: Option<BTreeSet<String>>,
}

/// Reads a `pylock.toml`; `file` is its name for errors.
///
/// # Errors
/// Everything that is not as PEP 751 wants it, and packages without a wheel that fits.
pub fn read(text: &str, file: &str, choice: &Choice<'_>) -> Result<Lock, Error> {
    let value: Value = toml::from_str(text).map_err(|e| Error {
        file: file.to_owned(),
        place: e.span().map(|s| place(text, s.start)).unwrap_or_default(),
        why: e.message().to_owned(),
        fix: AGAIN.to_owned(),
    })?;
    let root = Node::root(file, &value);
    let (requirements, interpreter) = header(&root, choice)?;
    let groups = groups(&root, choice)?;
    let mut picked: BTreeMap<PackageName, (Package, Vec<Node<'_>>)> = BTreeMap::new();
    let mut known = BTreeSet::new();
    for node in root.need("packages")?.list()? {
        let name = package_name(&node.need("name")?)?;
        known.insert(name.clone());
        if let Some(marker) = node.get("marker")?
            && !marker::applies(&marker, choice.markers, &choice.extras, &groups)?
        {
            continue;
        }
        let package = package(&node, &name, choice)?;
        let needs = node.members("dependencies")?;
        if picked.insert(name.clone(), (package, needs)).is_some() {
            return Err(node.wrong(format!(
                "two entries of {name} apply to this platform, and only one may"
            )));
        }
    }
    let mut packages: BTreeMap<PackageName, Package> = BTreeMap::new();
    let here: BTreeSet<PackageName> = picked.keys().cloned().collect();
    for (name, (mut package, needs)) in picked {
        for needed in needs {
            let needed = needed.need("name")?;
            let dependency = package_name(&needed)?;
            if !known.contains(&dependency) {
                return Err(needed.wrong(format!("{dependency} is needed and not in the file")));
            }
            // One that is in the file for other platforms only is not needed on this one.
            if here.contains(&dependency) {
                package.depends.push(dependency);
            }
        }
        package.depends.sort();
        package.depends.dedup();
        packages.insert(name, package);
    }
    Ok(Lock {
        interpreter,
        requirements,
        packages,
    })
}

/// Checks what is said of the whole file; returns its requirements and interpreter.
fn header(root: &Node<'_>, choice: &Choice<'_>) -> Result<(Vec<String>, Interpreter), Error> {
    let version = root.need("lock-version")?;
    let number = version.text()?;
    if number.split('.').next() != Some("1") {
        return Err(version.error(
            format!("it is written in version {number} of the format, and only 1 is known"),
            "renew ferropy, or have the tool that wrote it write version 1.0",
        ));
    }
    root.need("created-by")?.text()?;
    check_python(root, choice)?;
    let environments = root.members("environments")?;
    let mut fits = environments.is_empty();
    for environment in &environments {
        fits |= marker::applies(
            environment,
            choice.markers,
            &choice.extras,
            &BTreeSet::new(),
        )?;
    }
    if !fits {
        let all = root.texts("environments")?;
        return Err(root.error(
            format!(
                "it is for other environments\n  the file's: {}\n  ours:       Python {} on {} ({})",
                all.join("\n              "),
                choice.python,
                choice.markers.sys_platform(),
                choice.markers.platform_machine(),
            ),
            "make a lock for this one with `ferropy lock`",
        ));
    }
    let ours = match root.get("tool")? {
        Some(tool) => tool.get("ferropy")?,
        None => None,
    };
    let Some(ours) = ours else {
        return Ok((Vec::new(), choice.interpreter.clone()));
    };
    let text = |key: &str| ours.need(key)?.text().map(ToOwned::to_owned);
    let requirements = extension(&ours)?;
    let interpreter = Interpreter {
        python: text("python")?,
        platform: text("platform")?,
        arch: text("arch")?,
        abi: text("abi-version")?,
    };
    Ok((requirements, interpreter))
}

/// The dependency groups that are meant; extras and groups that the file lacks are errors.
fn groups(root: &Node<'_>, choice: &Choice<'_>) -> Result<BTreeSet<String>, Error> {
    let defaults: BTreeSet<String> = root.texts("default-groups")?.into_iter().collect();
    let groups = choice.groups.clone().unwrap_or_else(|| defaults.clone());
    let mut named = root.texts("dependency-groups")?;
    named.extend(defaults);
    for (what, wanted, has) in [
        ("extra", &choice.extras, &root.texts("extras")?),
        ("dependency group", &groups, &named),
    ] {
        if let Some(missing) = wanted.iter().find(|name| !has.contains(name)) {
            return Err(root.error(
                format!("it has no {what} «{missing}»"),
                if has.is_empty() {
                    format!("leave the {what} out: the file has none at all")
                } else {
                    format!("take one that it has: {}", has.join(", "))
                },
            ));
        }
    }
    Ok(groups)
}

fn check_python(node: &Node<'_>, choice: &Choice<'_>) -> Result<(), Error> {
    let Some(wants) = node.get("requires-python")? else {
        return Ok(());
    };
    let specifiers = wants.parse("version specifier", |text| {
        VersionSpecifiers::from_str(text).map_err(|e| e.to_string())
    })?;
    if specifiers.contains(choice.python) {
        return Ok(());
    }
    Err(wants.error(
        format!(
            "it wants Python {specifiers}, and this is {}",
            choice.python
        ),
        "lock versions that support this Python, with `ferropy lock`",
    ))
}

fn package(node: &Node<'_>, name: &PackageName, choice: &Choice<'_>) -> Result<Package, Error> {
    check_python(node, choice)?;
    let version = node.get("version")?;
    let wheels = node.members("wheels")?;
    let mut files = Vec::new();
    if let Some(archive) = node.get("archive")? {
        let place = location(&archive)?;
        if !place.is_wheel() {
            return Err(not_a_wheel(node, name, &format!("the archive {place}")));
        }
        files.push((archive, place));
    }
    for wheel in wheels {
        let place = location(&wheel)?;
        files.push((wheel, place));
    }
    if files.is_empty() {
        for source in ["vcs", "directory", "sdist"] {
            if node.get(source)?.is_some() {
                return Err(not_a_wheel(node, name, &format!("a source (`{source}`)")));
            }
        }
        return Err(node.wrong(format!("{name} has no file at all")));
    }
    let mut best: Option<(usize, (WheelName, Node<'_>, Location))> = None;
    let mut tags = Vec::new();
    for (file, place) in files {
        let file_name = match file.get("name")? {
            Some(called) => called.text()?.to_owned(),
            None => place.file_name(),
        };
        let wheel = match &version {
            Some(version) => check_wheel(&file, &file_name, name, version.text()?)?,
            None => WheelName::from_str(&file_name).map_err(|e| file.wrong(e.to_string()))?,
        };
        if wheel.name != *name {
            return Err(file.wrong(format!(
                "the entry is for {name}, and its file is {file_name}"
            )));
        }
        tags.push(wheel.tag());
        if let Some(rank) = choice.tags.rank(&wheel)
            && best
                .as_ref()
                .is_none_or(|(other, (known, _, _))| (rank, &known.build) < (*other, &wheel.build))
        {
            best = Some((rank, (wheel, file, place)));
        }
    }
    let Some((_, (wheel, file, place))) = best else {
        return Err(node.error(
            format!(
                "no wheel of {name} fits this Python\n  its tags: {}\n  ours:     {}",
                tags.join(", "),
                choice.tags.summary()
            ),
            format!(
                "lock a version of {name} that has a pure-Python wheel or one for our platform, with `ferropy lock`"
            ),
        ));
    };
    let mut imports = match node.get("tool")? {
        Some(tool) => match tool.get("ferropy")? {
            Some(ours) => ours.texts("imports")?,
            None => Vec::new(),
        },
        None => Vec::new(),
    };
    imports.sort();
    imports.dedup();
    let hashes = file.need("hashes")?;
    let hash = hashes.get("sha256")?.ok_or_else(|| {
        hashes.error(
            "it has no sha256, the one kind of hash that is checked here",
            "make the file again with a tool that writes sha256 hashes",
        )
    })?;
    Ok(Package {
        version: match version {
            Some(version) => version.text()?.to_owned(),
            None => wheel.version.to_string(),
        },
        file: place,
        sha256: sha256(&hash)?,
        size: file.get("size")?.map(|n| n.number()).transpose()?,
        kind: Kind::Package,
        folder: Folder::Site,
        imports,
        depends: Vec::new(),
        unvendored_tests: false,
    })
}

fn not_a_wheel(node: &Node<'_>, name: &PackageName, what: &str) -> Error {
    node.error(
        format!("{name} is there only as {what}, and nothing is built while loading"),
        format!("build a wheel of {name} with `ferropy build` or `pip wheel` and lock that"),
    )
}

/// `path` counts before `url`: who ships the files along wants them used.
fn location(file: &Node<'_>) -> Result<Location, Error> {
    if let Some(path) = file.get("path")? {
        // Tools write `./`; it means nothing.
        return path.parse("place of a file", |text| {
            Location::parse(text.strip_prefix("./").unwrap_or(text))
        });
    }
    file.need("url")?.parse("place of a file", Location::parse)
}

/// Line and column of a byte.
fn place(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    format!("line {line}, column {column}")
}

/// Writes a `pylock.toml`: the same lock always becomes the same bytes.
#[must_use]
pub fn write(lock: &Lock) -> String {
    let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let texts = |all: &[String]| {
        let all: Vec<String> = all.iter().map(|t| text(t)).collect();
        format!("[{}]", all.join(", "))
    };
    let Interpreter {
        python,
        platform,
        arch,
        abi,
    } = &lock.interpreter;
    let short = lock.interpreter.short();
    let environment = format!("python_version == '{short}' and sys_platform == 'emscripten'");
    let mut out = format!(
        "lock-version = \"1.0\"\nenvironments = {}\nrequires-python = {}\ncreated-by = \"ferropy\"\n",
        texts(&[environment]),
        text(&format!("=={short}.*")),
    );
    for (name, package) in &lock.packages {
        let file = match &package.file {
            Location::Relative(path) => format!("path = {}", text(path)),
            Location::Url(url) => format!("url = {}", text(url.as_str())),
        };
        let size = package
            .size
            .map_or(String::new(), |size| format!("size = {size}, "));
        // Writing to a String cannot fail.
        let _ = write!(
            out,
            "\n[[packages]]\nname = {}\nversion = {}\n",
            text(name.as_ref()),
            text(&package.version)
        );
        if !package.depends.is_empty() {
            let all: Vec<String> = package
                .depends
                .iter()
                .map(|d| format!("{{ name = {} }}", text(d.as_ref())))
                .collect();
            let _ = writeln!(out, "dependencies = [{}]", all.join(", "));
        }
        let _ = writeln!(
            out,
            "wheels = [{{ name = {}, {file}, {size}hashes = {{ sha256 = {} }} }}]",
            text(&package.file.file_name()),
            text(&package.sha256)
        );
        if !package.imports.is_empty() {
            let _ = write!(
                out,
                "\n[packages.tool.ferropy]\nimports = {}\n",
                texts(&package.imports)
            );
        }
    }
    let _ = write!(
        out,
        "\n[tool.ferropy]\nschema = {SCHEMA}\nrequirements = {}\npython = {}\nplatform = {}\narch = {}\nabi-version = {}\n",
        texts(&lock.requirements),
        text(python),
        text(platform),
        text(arch),
        text(abi),
    );
    out
}
