//! Puts the parts of a distribution into one folder.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

use cache::{Key, Product};
use interpreter::{Context, Keys, Part, is_stub};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use toolchain::product;
use walkdir::WalkDir;

use crate::{Error, Options, loader, package};

/// What a distribution must have, whoever makes it. Incomplete ones are never shown to anybody.
const REQUIRED: &[&str] = &[
    "package.json",
    "pyodide-lock.json",
    "python_stdlib.zip",
    "ferropy.asm.mjs",
    "ferropy.asm.wasm",
    "packages.wasm",
    "resolver.wasm",
    "packages.mjs",
    "ferropy.mjs",
    "pyodide.mjs",
    "pyodide.js",
    "ferropy.d.mts",
    "ferropy.d.ts",
    "pyodide.d.mts",
    "pyodide.d.ts",
    "ffi.d.ts",
    "typings/pyodide/py.typed",
    "typings/pyodide/ffi/__init__.pyi",
    "node/fetcher.mjs",
    "node/python.mjs",
    "node/repl.mjs",
    "console.html",
    "console.mjs",
    "console.worker.mjs",
    "service-worker.js",
];

/// What a page needs to start and to load packages; the service worker keeps these.
const OFFLINE: &[&str] = &[
    "ferropy.asm.mjs",
    "ferropy.asm.wasm",
    "ferropy.mjs",
    "packages.mjs",
    "packages.wasm",
    "pyodide-lock.json",
    "pyodide.js",
    "pyodide.mjs",
    "python_stdlib.zip",
];

/// Files of the checkout that go along; they are for people, and a checkout may lack them.
const DOCUMENTS: &[&str] = &["README.md", "LICENSE-MIT", "LICENSE-APACHE"];

/// Where type checkers of Python code find the stubs.
const STUBS: &str = "typings";

/// Extensions that gain from compression.
const COMPRESSED: &[&str] = &["wasm", "mjs", "js", "zip", "json", "css", "html"];

/// Brotli's best; made once and sent many times.
const BROTLI_QUALITY: i32 = 11;

pub(crate) fn dist(context: &Context, keys: &Keys, options: Options) -> Result<PathBuf, Error> {
    let repository = &context.repository;
    let mut key = Key::of("dist 1")
        .key("main module", keys.of(Part::MainModule))
        .key("stdlib", keys.of(Part::Stdlib))
        .key("packages", keys.of(Part::Packages))
        .key("loader", &loader::key(repository)?)
        .tree("stubs", &repository.join("python"), |path| {
            path.extension().is_none() || is_stub(path)
        })?
        .text("package", package::package_json().to_string())
        // The index is part of the standard library's product.
        .text("lock", package::lock_json("").to_string())
        .text("brotli", options.brotli.to_string());
    for name in DOCUMENTS
        .iter()
        .filter(|name| repository.join(name).exists())
    {
        key = key.file(name, &repository.join(name))?;
    }
    let key = key.finish();
    if let Some(dir) = context.cache.lookup("dist", &key) {
        return Ok(dir);
    }
    let interpreter = context.interpreter(keys)?;
    let bundles = loader::bundles(context)?;
    let distribution = Product {
        kind: "dist",
        key: &key,
        what: "the distribution",
        needs: 200 << 20,
    };
    let step = ("Assemble the distribution", "all files in one folder");
    product(
        &context.cache,
        &context.progress,
        distribution,
        step,
        |build, step| {
            let dir = build.dir();
            copy_tree(&bundles, dir, |_| true)?;
            copy_tree(&interpreter.main_module, dir, |_| true)?;
            copy_tree(&repository.join("python"), &dir.join(STUBS), is_stub)?;
            copy_tree(&interpreter.packages, dir, |_| true)?;
            copy(&interpreter.stdlib, &dir.join("python_stdlib.zip"))?;
            for name in DOCUMENTS
                .iter()
                .filter(|name| repository.join(name).exists())
            {
                copy(&repository.join(name), &dir.join(name))?;
            }
            write_json(&dir.join("package.json"), &package::package_json())?;
            write_json(
                &dir.join("pyodide-lock.json"),
                &package::lock_json(&interpreter.default_index),
            )?;
            complete_service_worker(dir)?;
            if let Some(missing) = REQUIRED.iter().find(|name| !dir.join(name).is_file()) {
                return Err(Error::Incomplete((*missing).to_owned()));
            }
            if options.brotli {
                compress(dir, |file| step.message(file))?;
            }
            Ok(())
        },
    )
}

fn write_json(path: &Path, value: &Value) -> Result<(), Error> {
    fs::write(path, format!("{value:#}\n")).map_err(Error::io("write", path))
}

/// Puts the hashes of the files that it keeps in front of the service worker.
fn complete_service_worker(dir: &Path) -> Result<(), Error> {
    let mut hashes = BTreeMap::new();
    for name in OFFLINE {
        let path = dir.join(name);
        let bytes = fs::read(&path).map_err(Error::io("read", &path))?;
        hashes.insert(*name, hex::encode(Sha256::digest(bytes)));
    }
    let path = dir.join("service-worker.js");
    let script = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
    let script = format!("const FERROPY_FILES={};\n{script}", json!(hashes));
    fs::write(&path, script).map_err(Error::io("write", &path))
}

fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    fs::copy(from, to)
        .map(drop)
        .map_err(Error::io("copy", from))
}

/// Copies the files below a folder for which `take` holds.
fn copy_tree(from: &Path, to: &Path, take: impl Fn(&Path) -> bool) -> Result<(), Error> {
    for entry in WalkDir::new(from) {
        let entry = entry.map_err(|e| Error::io("read", from)(e.into()))?;
        if entry.file_type().is_dir() || !take(entry.path()) {
            continue;
        }
        let target = to.join(entry.path().strip_prefix(from).unwrap_or(entry.path()));
        let folder = target.parent().unwrap_or(to);
        fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        copy(entry.path(), &target)?;
    }
    Ok(())
}

/// Writes `NAME.br` beside each file that gains from it.
fn compress(dir: &Path, mut told: impl FnMut(&str)) -> Result<(), Error> {
    let files: Vec<PathBuf> = WalkDir::new(dir)
        .into_iter()
        .flatten()
        .filter(|entry| entry.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .filter(|path| {
            path.extension()
                .is_some_and(|e| COMPRESSED.iter().any(|c| e == *c))
        })
        .collect();
    for path in files {
        told(&path.to_string_lossy());
        let mut name = path.clone().into_os_string();
        name.push(".br");
        let target = PathBuf::from(name);
        let mut from = BufReader::new(File::open(&path).map_err(Error::io("read", &path))?);
        let mut to = BufWriter::new(File::create(&target).map_err(Error::io("write", &target))?);
        let params = brotli::enc::BrotliEncoderParams {
            quality: BROTLI_QUALITY,
            lgwin: 24,
            ..Default::default()
        };
        brotli::BrotliCompress(&mut from, &mut to, &params)
            .map_err(Error::io("compress", &path))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn stubs_are_copied_without_their_modules() {
        let dir = tempfile::tempdir().expect("temp dir");
        let (from, to) = (dir.path().join("python"), dir.path().join("typings"));
        fs::create_dir_all(from.join("pyodide/__pycache__")).expect("mkdir");
        for name in [
            "js.py",
            "js.pyi",
            "pyodide/py.typed",
            "pyodide/__pycache__/a.pyc",
        ] {
            fs::write(from.join(name), "").expect("write");
        }
        copy_tree(&from, &to, is_stub).expect("copy");
        let mut files: Vec<_> = WalkDir::new(&to)
            .into_iter()
            .flatten()
            .filter(|entry| entry.file_type().is_file())
            .map(|entry| entry.path().strip_prefix(&to).expect("below").to_owned())
            .collect();
        files.sort();
        assert_eq!(files, [Path::new("js.pyi"), Path::new("pyodide/py.typed")]);
    }

    #[test]
    fn compressed_files_stand_beside_their_originals() {
        let dir = tempfile::tempdir().expect("temp dir");
        fs::create_dir(dir.path().join("node")).expect("mkdir");
        let text = "the same again, ".repeat(1000);
        fs::write(dir.path().join("node/python.mjs"), &text).expect("write");
        fs::write(dir.path().join("LICENSE-MIT"), &text).expect("write");
        compress(dir.path(), |_| {}).expect("compress");
        assert!(!dir.path().join("LICENSE-MIT.br").exists());
        let packed = fs::read(dir.path().join("node/python.mjs.br")).expect("read");
        assert!(packed.len() < 200, "{}", packed.len());
        let mut unpacked = String::new();
        brotli::Decompressor::new(&packed[..], 4096)
            .read_to_string(&mut unpacked)
            .expect("unpack");
        assert_eq!(unpacked, text);
    }
}
