//! The loader: TypeScript bundled by esbuild, with the machine's Node and npm.
//!
//! The checkout is never written to: the sources are copied beside the installed packages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cache::{Key, Product};
use interpreter::Context;
use toolchain::{Output, product};
use walkdir::WalkDir;

use crate::Error;

const INSTALL: &str = "Install the loader's tools";
const BUNDLE: &str = "Bundle the loader";

/// This module's steps with their expected seconds.
pub(crate) const STEPS: [(&str, f64); 2] = [(INSTALL, 15.0), (BUNDLE, 5.0)];

/// Folders outside `js/` with TypeScript halves.
const HALVES: &[&str] = &["runtime/src", "packages/src", "packages/resolver/src"];

/// Files outside `js/` that the build reads.
const READ_TOO: &[&str] = &["Cargo.toml", "versions.toml"];

fn npm_key(repository: &Path) -> Result<Key, Error> {
    let js = repository.join("js");
    let key = Key::of("npm packages 1").text("machine", std::env::consts::ARCH);
    Ok(key
        .file("package", &js.join("package.json"))?
        .file("lock", &js.join("package-lock.json"))?
        .finish())
}

pub(crate) fn key(repository: &Path) -> Result<Key, Error> {
    let mut key = Key::of("loader 1").key("packages", &npm_key(repository)?);
    key = key.tree("js", &repository.join("js"), is_input)?;
    for name in HALVES {
        key = key.tree(name, &repository.join(name), is_typescript_half)?;
    }
    for name in READ_TOO {
        key = key.file(name, &repository.join(name))?;
    }
    Ok(key.finish())
}

/// What of [`STEPS`] the cache does not spare.
pub(crate) fn plan(context: &Context) -> Result<Vec<(&'static str, f64)>, Error> {
    let missing = |kind, key: Key| context.cache.lookup(kind, &key).is_none();
    let mut plan = Vec::new();
    if missing("loader", key(&context.repository)?) {
        if missing("npm-packages", npm_key(&context.repository)?) {
            plan.push(STEPS[0]);
        }
        plan.push(STEPS[1]);
    }
    Ok(plan)
}

fn is_input(path: &Path) -> bool {
    path.file_name()
        .is_none_or(|name| name != "node_modules" && name != "dist")
}

fn is_typescript_half(path: &Path) -> bool {
    path.extension().is_none_or(|e| e == "ts")
}

/// The bundles, as `js/build.mjs` names them.
pub(crate) fn bundles(context: &Context) -> Result<PathBuf, Error> {
    let key = key(&context.repository)?;
    if let Some(dir) = context.cache.lookup("loader", &key) {
        return Ok(dir);
    }
    let packages = packages(context)?;
    let bundles = Product {
        kind: "loader",
        key: &key,
        what: "the loader",
        needs: 100 << 20,
    };
    let step = (
        BUNDLE,
        "TypeScript becomes the files that pages and Node load",
    );
    product(
        &context.cache,
        &context.progress,
        bundles,
        step,
        |build, step| {
            let work = build.work()?;
            // A killed build's copies may be of files that are gone since.
            cache::remove_tree(work)?;
            let work = build.work()?;
            copy(&context.repository.join("js"), &work.join("js"), is_input)?;
            for name in HALVES {
                copy(
                    &context.repository.join(name),
                    &work.join(name),
                    is_typescript_half,
                )?;
            }
            for name in READ_TOO {
                fs::copy(context.repository.join(name), work.join(name))
                    .map_err(Error::io("copy", *name))?;
            }
            let link = work.join("js/node_modules");
            std::os::unix::fs::symlink(packages.join("node_modules"), &link)
                .map_err(Error::io("link", link))?;
            let output = Output::new(&context.cache, "loader", step, Some(build))?;
            let mut npm = npm()?;
            npm.args(["run", "build", "--", "--outdir"])
                .arg(build.dir())
                .current_dir(work.join("js"));
            output.run(&mut npm, "bundling the loader")?;
            // The sources were copied after they were hashed; see `interpreter::Error::Changed`.
            if self::key(&context.repository)? == key {
                Ok(())
            } else {
                Err(interpreter::Error::Changed(BUNDLE).into())
            }
        },
    )
}

/// `node_modules` as `js/package-lock.json` pins it.
fn packages(context: &Context) -> Result<PathBuf, Error> {
    let key = npm_key(&context.repository)?;
    let tools = Product {
        kind: "npm-packages",
        key: &key,
        what: "the loader's tools",
        needs: 400 << 20,
    };
    let step = (
        INSTALL,
        "esbuild and others, as js/package-lock.json pins them",
    );
    product(
        &context.cache,
        &context.progress,
        tools,
        step,
        |build, step| {
            for name in ["package.json", "package-lock.json"] {
                let from = context.repository.join("js").join(name);
                fs::copy(&from, build.dir().join(name)).map_err(Error::io("copy", from))?;
            }
            let output = Output::new(&context.cache, "npm-packages", step, Some(build))?;
            let mut npm = npm()?;
            npm.args(["ci", "--no-audit", "--no-fund", "--no-update-notifier"])
                .current_dir(build.dir());
            Ok(output.run(&mut npm, "installing the loader's tools")?)
        },
    )
}

fn npm() -> Result<Command, Error> {
    which::which("node").map_err(|_| Error::NoNode("Node.js"))?;
    let npm = which::which("npm").map_err(|_| Error::NoNode("npm"))?;
    Ok(Command::new(npm))
}

fn copy(from: &Path, to: &Path, take: impl Fn(&Path) -> bool) -> Result<(), Error> {
    for entry in WalkDir::new(from)
        .into_iter()
        .filter_entry(|e| e.depth() == 0 || take(e.path()))
    {
        let entry = entry.map_err(|e| Error::io("read", from)(e.into()))?;
        let target = to.join(entry.path().strip_prefix(from).unwrap_or(entry.path()));
        if entry.file_type().is_dir() {
            fs::create_dir_all(&target).map_err(Error::io("create", target))?;
        } else {
            fs::copy(entry.path(), &target).map_err(Error::io("copy", target))?;
        }
    }
    Ok(())
}
