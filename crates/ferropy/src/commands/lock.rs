//! `ferropy lock`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use ::lock::{Folder, Kind, Location, Lock, Package};
use cache::Cache;
use clap::CommandFactory as _;
use clap::error::ErrorKind;
use imports::Import;
use index::{Ready, Wanted};
use miette::{Result, WrapErr as _};
use pep440_rs::Version;
use pep508_rs::PackageName;
use progress::Progress;
use resolver::{Prereleases, Problem};
use serde_json::json;
use url::Url;
use wheel::{Archive, parse_requirement};

use crate::cli::{Cli, Format, LockArgs};
use crate::inputs::Inputs;
use crate::lockfile;
use crate::report::{advised, hinted, out};

pub(crate) fn run(args: &LockArgs) -> Result<ExitCode> {
    if args.names_nothing() && !Path::new("pyproject.toml").is_file() {
        let why = "nothing to lock: name requirements, a script or a project (there is no pyproject.toml here)";
        Cli::command()
            .error(ErrorKind::MissingRequiredArgument, why)
            .exit();
    }
    let to_stdout = args.output.as_deref() == Some(Path::new("-"));
    let by_name = args.output.as_deref().map_or(Format::Pyodide, Format::of);
    let format = args.format.unwrap_or(by_name);
    let path = match &args.output {
        Some(path) if !to_stdout => path.clone(),
        _ => format.file_name().into(),
    };
    // On standard output nothing is replaced, so there is nothing to keep either.
    let old = (!to_stdout && path.exists())
        .then(|| lockfile::read(&path))
        .transpose();
    let inputs = Inputs::read(args)?;
    if args.frozen {
        return frozen(&inputs, &path, args);
    }
    // With --upgrade nothing is kept, so what is there need not be readable.
    let old = if args.upgrade {
        old.unwrap_or(None)
    } else {
        old?
    };
    let lock = Locking::new(args, inputs, old.as_ref())?.run(&path)?;
    let text = format.write(&lock);
    if to_stdout {
        out(&text)?;
        return Ok(ExitCode::SUCCESS);
    }
    let same = std::fs::read_to_string(&path).is_ok_and(|there| there == text);
    if !same && !args.check {
        lockfile::write(&path, &text)?;
    }
    out(&Changes::between(old.as_ref(), &lock).tell(&path, &lock, same, args))?;
    Ok(if args.check && !same {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// `--frozen`: whether the lock file answers what is wanted.
fn frozen(inputs: &Inputs, path: &Path, args: &LockArgs) -> Result<ExitCode> {
    let lock = lockfile::read_ours(path)?;
    let wanted = texts(&inputs.wanted)?;
    let mut faults: Vec<String> = inputs
        .wanted
        .iter()
        .filter_map(|wanted| lockfile::unmet(&lock, wanted))
        .collect();
    if faults.is_empty() && !lock.requirements.is_empty() {
        let recorded: BTreeSet<String> = lock.requirements.iter().cloned().collect();
        faults.extend(
            wanted
                .difference(&recorded)
                .map(|text| format!("it was not made for {text}")),
        );
        // What stands for imports is checked by the imports.
        let extra = recorded
            .difference(&wanted)
            .filter(|_| inputs.imports.is_empty());
        faults.extend(extra.map(|text| format!("it was made for {text}, which is not wanted")));
    }
    for import in missing(&inputs.imports, &lock) {
        faults.push(format!("no package in it has the module {}", import.module));
    }
    for (name, package) in &lock.packages {
        inputs.check_hash(name, &package.file.file_name(), &package.sha256)?;
    }
    if !faults.is_empty() {
        return Err(advised(
            format!(
                "{} does not answer what is wanted\n  {}",
                path.display(),
                faults.join("\n  ")
            ),
            "run the same command without --frozen to renew it",
        ));
    }
    out(&Changes::default().tell(path, &lock, true, args))?;
    Ok(ExitCode::SUCCESS)
}

/// The requirements as the lock tells them.
fn texts(wanted: &[Wanted]) -> Result<BTreeSet<String>> {
    let texts = wanted.iter().map(Wanted::locked_text);
    Ok(texts.collect::<std::result::Result<_, _>>()?)
}

/// Imports that no package of a lock has.
fn missing<'a>(all: &'a [Import], lock: &Lock) -> Vec<&'a Import> {
    let has = |module: &str| {
        lock.packages
            .values()
            .flat_map(|p| &p.imports)
            .any(|there| {
                let below = |long: &str, short: &str| {
                    long == short
                        || long
                            .strip_prefix(short)
                            .is_some_and(|rest| rest.starts_with('.'))
                };
                // `import google` is met by whoever has `google.cloud`.
                below(module, there) || below(there, module)
            })
    };
    all.iter().filter(|import| !has(&import.module)).collect()
}

/// One resolution, or two when imports are to be found.
struct Locking {
    cache: Cache,
    progress: Progress,
    inputs: Inputs,
    options: index::Options,
    preferences: BTreeMap<PackageName, Version>,
}

impl Locking {
    fn new(args: &LockArgs, inputs: Inputs, old: Option<&Lock>) -> Result<Self> {
        let kept = old.filter(|_| !args.upgrade);
        let packages = kept.into_iter().flat_map(|lock| &lock.packages);
        let preferences = packages
            .filter(|(name, _)| !args.upgrade_package.contains(name))
            .filter_map(|(name, package)| Some((name.clone(), package.version.parse().ok()?)))
            .collect();
        let options = index::Options {
            index_url: inputs.index_url.clone(),
            extra_index_urls: inputs.extra_index_urls.clone(),
            refresh: args.refresh,
        };
        Ok(Self {
            cache: Cache::open().map_err(hinted)?,
            progress: Progress::new(),
            inputs,
            options,
            preferences,
        })
    }

    fn run(mut self, path: &Path) -> Result<Lock> {
        let imports = std::mem::take(&mut self.inputs.imports);
        let mut lock = Lock::new(lockfile::interpreter());
        if imports.is_empty() || !self.inputs.wanted.is_empty() {
            lock = self.lock(path)?;
        }
        // What was asked for by name may have the modules already, under another name than
        // the one that would be guessed.
        let mut guessed: BTreeMap<PackageName, &Import> = BTreeMap::new();
        for import in missing(&imports, &lock) {
            let name = imports::package(&import.module).ok_or_else(|| unknown(import, None))?;
            guessed.entry(name).or_insert(import);
        }
        if !guessed.is_empty() {
            for name in guessed.keys() {
                let requirement = parse_requirement(name.as_ref())
                    .map_err(|e| hinted(format!("«{name}» is no requirement: {e}")))?;
                self.inputs
                    .wanted
                    .push(Wanted::Named(Box::new(requirement)));
            }
            lock = self.lock(path).wrap_err_with(|| {
                let places = guessed.iter().map(|(name, import)| {
                    let Import { module, file, line } = import;
                    format!("{name} for {module} ({}, line {line})", file.display())
                });
                let places: Vec<String> = places.collect();
                format!("packages were guessed for imports: {}", places.join(", "))
            })?;
            if let Some(import) = missing(&imports, &lock).first() {
                return Err(unknown(import, imports::package(&import.module)));
            }
        }
        self.progress.clear();
        Ok(lock)
    }

    fn lock(&self, path: &Path) -> Result<Lock> {
        let mut problem = Problem::new(Vec::new(), index::ours().clone(), Vec::new());
        problem.constraints.clone_from(&self.inputs.constraints);
        problem.overrides.clone_from(&self.inputs.overrides);
        problem.preferences.clone_from(&self.preferences);
        if self.inputs.prereleases {
            problem.prereleases = Prereleases::Allow;
        }
        let ready = index::gather(
            &self.cache,
            &self.progress,
            &self.inputs.wanted,
            problem,
            &self.options,
        )?;
        let mut lock = Lock::new(lockfile::interpreter());
        lock.requirements = texts(&self.inputs.wanted)?.into_iter().collect();
        let base = lockfile::base(path)?;
        let names: BTreeSet<&PackageName> = ready.iter().map(|r| &r.pick.name).collect();
        for item in &ready {
            self.inputs
                .check_hash(&item.pick.name, &item.file.name, &item.sha256)?;
            let package = package(item, &names, &base)?;
            lock.packages.insert(item.pick.name.clone(), package);
        }
        Ok(lock)
    }
}

fn unknown(import: &Import, guess: Option<PackageName>) -> miette::Report {
    let place = format!("{}, line {}", import.file.display(), import.line);
    let why = match guess {
        Some(name) => format!("the package {name} was tried and does not have it"),
        None => "no package could be called so".to_owned(),
    };
    advised(
        format!(
            "{place}: no package is known for the module {}: {why}",
            import.module
        ),
        "name the package that has it as an argument, beside --from-imports",
    )
}

/// The entry of one picked wheel.
fn package(item: &Ready, names: &BTreeSet<&PackageName>, base: &Path) -> Result<Package> {
    let archive = Archive::open(&item.path).map_err(index::Error::from)?;
    let metadata = std::fs::metadata(&item.path)
        .map_err(|e| hinted(format!("cannot read {}: {e}", item.path.display())))?;
    let depends: BTreeSet<&PackageName> = item
        .pick
        .requires
        .iter()
        .map(|requirement| &requirement.name)
        .filter(|name| names.contains(name))
        .collect();
    Ok(Package {
        version: item.pick.version.to_string(),
        file: location(&item.file.url, base)?,
        sha256: item.sha256.clone(),
        size: Some(metadata.len()),
        kind: Kind::Package,
        folder: Folder::Site,
        imports: imports::modules(archive.files()),
        depends: depends.into_iter().cloned().collect(),
        unvendored_tests: false,
    })
}

/// A file below the lock's folder is told by its path, anything else by its URL.
fn location(url: &Url, base: &Path) -> Result<Location> {
    let below = (url.scheme() == "file")
        .then(|| url.to_file_path().ok())
        .flatten()
        .and_then(|path| path.strip_prefix(base).ok().map(Path::to_owned));
    let text = if let Some(path) = below {
        let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
        parts.join("/")
    } else {
        let mut url = url.clone();
        url.set_fragment(None);
        // Only URLs without a host refuse this, and those have no user.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.into()
    };
    Location::parse(&text).map_err(|why| {
        advised(
            format!("«{text}» cannot stand in a lock file: {why}"),
            "move the wheel to a folder with a simpler name",
        )
    })
}

/// What a new lock changes.
#[derive(Debug, Default)]
struct Changes {
    added: Vec<(PackageName, String)>,
    removed: Vec<(PackageName, String)>,
    updated: Vec<(PackageName, String, String)>,
}

impl Changes {
    fn between(old: Option<&Lock>, new: &Lock) -> Self {
        let mut out = Self::default();
        let none = BTreeMap::new();
        let old = old.map_or(&none, |lock| &lock.packages);
        for (name, package) in &new.packages {
            let version = package.version.clone();
            match old.get(name) {
                None => out.added.push((name.clone(), version)),
                Some(there) if there.version != version => {
                    out.updated
                        .push((name.clone(), there.version.clone(), version));
                }
                Some(_) => {}
            }
        }
        for (name, package) in old {
            if !new.packages.contains_key(name) {
                out.removed.push((name.clone(), package.version.clone()));
            }
        }
        out
    }

    fn tell(&self, path: &Path, lock: &Lock, same: bool, args: &LockArgs) -> String {
        let count = lock.packages.len();
        if args.json.json {
            let pairs = |all: &[(PackageName, String)]| -> Vec<_> {
                let all = all.iter();
                all.map(|(name, version)| json!({ "name": name, "version": version }))
                    .collect()
            };
            let updated: Vec<_> = self
                .updated
                .iter()
                .map(|(name, from, to)| json!({ "name": name, "from": from, "to": to }))
                .collect();
            let report = json!({
                "file": path.display().to_string(),
                "changed": !same,
                "packages": count,
                "added": pairs(&self.added),
                "removed": pairs(&self.removed),
                "updated": updated,
            });
            return format!("{report}\n");
        }
        let packages = if count == 1 { "package" } else { "packages" };
        let file = path.display();
        let mut text = match (same, args.check) {
            (true, _) => format!("{file} is up to date: {count} {packages}\n"),
            (false, true) => format!("{file} would change: {count} {packages}\n"),
            (false, false) => format!("{file} written: {count} {packages}\n"),
        };
        // Writing to a String cannot fail.
        for (name, version) in &self.added {
            let _ = writeln!(text, "  + {name} {version}");
        }
        for (name, from, to) in &self.updated {
            let _ = writeln!(text, "  ~ {name} {from} -> {to}");
        }
        for (name, version) in &self.removed {
            let _ = writeln!(text, "  - {name} {version}");
        }
        if !same && self.added.is_empty() && self.updated.is_empty() && self.removed.is_empty() {
            text.push_str("  the same versions, told differently\n");
        }
        text
    }
}
