//! The archives of Python code: the standard library, and `CPython`'s tests.
//!
//! Entries are sorted and carry a fixed time, so that equal content gives equal archives.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use crate::{Context, Error, Keys, Part, cpython, keys, test_extensions};

/// Parts of `Lib/` that cannot work in WebAssembly, serve a desktop, or cost more download than they are
/// worth. `python/_missing_stdlib_info.py` tells the user who imports one of them why it is not there.
pub(crate) const LEFT_OUT: &[&str] = &[
    "test",
    "idlelib",
    "tkinter",
    "turtledemo",
    "turtle.py",
    "ensurepip",
    "venv",
    "curses",
    "lib2to3",
    "site-packages",
    // The texts behind help("if"): a tenth of the download.
    "pydoc_data/topics.py",
    // Twins in Python of modules in C.
    "_pydecimal.py",
    "_pydatetime.py",
    "_pyio.py",
    "_aix_support.py",
    "_android_support.py",
    "_apple_support.py",
    "_ios_support.py",
    "_osx_support.py",
    "email/architecture.rst",
    // It would have to read another process's memory.
    "profiling/sampling",
];

/// What `CPython`'s tests use of [`LEFT_OUT`]: they compare twins in Python with the C implementation.
pub(crate) const FOR_TESTS: &[&str] = &["_pydecimal.py", "_pydatetime.py", "_pyio.py"];

/// `python_stdlib.zip`: what goes into `/lib/python3.15`, with our own modules and the sysconfig data.
/// Its entries are stored: compressing the whole archive for transfer packs better than each entry alone.
pub(crate) fn stdlib(context: &Context, keys: &Keys) -> Result<PathBuf, Error> {
    let key = keys.of(Part::Stdlib);
    let name = "python_stdlib.zip";
    if let Some(dir) = context.cache.lookup(Part::Stdlib.kind(), key) {
        return Ok(dir.join(name));
    }
    let source = cpython::source(context, keys)?;
    let libpython = cpython::libpython(context, keys)?;
    let dir = context.product(Part::Stdlib, key, 50 << 20, |build, _| {
        let mut files = BTreeMap::new();
        collect(&source.join("Lib"), "", &mut files, |path| {
            keys::is_python(path) && !LEFT_OUT.iter().any(|left_out| path.starts_with(left_out))
        })?;
        let data = format!("{}.py", cpython::SYSCONFIG_DATA);
        files.insert(data.clone(), libpython.join("sysconfig").join(data));
        collect(
            &context.repository.join("python"),
            "",
            &mut files,
            keys::is_module,
        )?;
        write(&build.dir().join(name), &files)?;
        let index = default_index(&source.join("Lib/ensurepip/_bundled"))?;
        let path = build.dir().join(DEFAULT_INDEX);
        fs::write(&path, index).map_err(Error::io("write", &path))
    })?;
    Ok(dir.join(name))
}

/// Beside the standard library: the address of the package index that pip asks when nothing is configured.
pub(crate) const DEFAULT_INDEX: &str = "default-index";

/// Where pip has the address, in the wheel that `CPython` brings along.
const PIP_INDEX: &str = "pip/_internal/models/index.py";

/// The package index that the pip of this `CPython` asks when nothing is configured.
fn default_index(bundled: &Path) -> Result<String, Error> {
    let missing = || Error::NoDefaultIndex {
        folder: bundled.to_owned(),
    };
    let wheel = fs::read_dir(bundled)
        .map_err(Error::io("read", bundled))?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .ok_or_else(missing)?;
    let broken = |source| Error::Archive {
        path: wheel.clone(),
        source,
    };
    let file = File::open(&wheel).map_err(Error::io("read", &wheel))?;
    let mut archive = ZipArchive::new(file).map_err(broken)?;
    let mut text = String::new();
    archive
        .by_name(PIP_INDEX)
        .map_err(broken)?
        .read_to_string(&mut text)
        .map_err(Error::io("read", &wheel))?;
    index_of(&text).ok_or_else(missing)
}

/// The address in pip's source; its property `simple_url` adds the last part.
fn index_of(source: &str) -> Option<String> {
    let (_, rest) = source.split_once("PyPI = PackageIndex(")?;
    let start = rest.find("\"https://")? + 1;
    let end = start + rest[start..].find('"')?;
    Some(format!("{}/simple", rest[start..end].trim_end_matches('/')))
}

/// `python_tests.zip`: the `test` package with its data and extension modules.
pub(crate) fn python_tests(context: &Context, keys: &Keys) -> Result<PathBuf, Error> {
    let key = keys.of(Part::PythonTests);
    let name = "python_tests.zip";
    if let Some(dir) = context.cache.lookup(Part::PythonTests.kind(), key) {
        return Ok(dir.join(name));
    }
    let source = cpython::source(context, keys)?;
    let extensions = test_extensions::test_extensions(context, keys)?;
    let dir = context.product(Part::PythonTests, key, 100 << 20, |build, _| {
        let mut files = BTreeMap::new();
        collect(&source.join("Lib/test"), "test/", &mut files, |path| {
            path.file_name().unwrap_or_default() != "__pycache__"
        })?;
        collect(&extensions, "", &mut files, |path| {
            path.extension().is_some_and(|e| e == "so")
        })?;
        for name in FOR_TESTS {
            files.insert((*name).to_owned(), source.join("Lib").join(name));
        }
        // Stored, for a process to every test module: unpacking would take longer than most of them.
        write(&build.dir().join(name), &files)
    })?;
    Ok(dir.join(name))
}

/// Adds the files below `dir` for which `take` holds, named by their path below it after `prefix`.
fn collect(
    dir: &Path,
    prefix: &str,
    files: &mut BTreeMap<String, PathBuf>,
    take: impl Fn(&Path) -> bool,
) -> Result<(), Error> {
    if !dir.exists() {
        return Ok(());
    }
    let relative = |path: &Path| path.strip_prefix(dir).unwrap_or(path).to_owned();
    let entries = WalkDir::new(dir)
        .into_iter()
        .filter_entry(|e| e.depth() == 0 || take(&relative(e.path())));
    for entry in entries {
        let entry = entry.map_err(|e| Error::io("read", dir)(e.into()))?;
        if entry.file_type().is_file() {
            let name = format!("{prefix}{}", relative(entry.path()).to_string_lossy());
            files.insert(name, entry.into_path());
        }
    }
    Ok(())
}

/// Writes an archive whose entries are stored.
fn write(path: &Path, files: &BTreeMap<String, PathBuf>) -> Result<(), Error> {
    let broken = |source| Error::Archive {
        path: path.to_owned(),
        source,
    };
    let file = File::create(path).map_err(Error::io("write", path))?;
    let mut zip = ZipWriter::new(BufWriter::new(file));
    // Zip's epoch: no time of a build or of a checkout gets in.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    for (name, from) in files {
        let content = fs::read(from).map_err(Error::io("read", from))?;
        zip.start_file(name.as_str(), options).map_err(broken)?;
        zip.write_all(&content).map_err(Error::io("write", path))?;
    }
    zip.finish()
        .map_err(broken)?
        .flush()
        .map_err(Error::io("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_index_in_pips_source() {
        let source = "class PackageIndex: ...\n\nPyPI = PackageIndex(\"https://index.test/\", file_storage_domain=\"f\")\n";
        assert_eq!(
            index_of(source).as_deref(),
            Some("https://index.test/simple")
        );
        assert_eq!(index_of("PyPI = None"), None);
    }

    #[test]
    fn equal_content_gives_equal_archives() {
        let dir = tempfile::tempdir().expect("temp dir");
        let tree = dir.path().join("tree");
        fs::create_dir_all(tree.join("package/__pycache__")).expect("mkdir");
        fs::write(tree.join("package/b.py"), "b = 1\n").expect("write");
        fs::write(tree.join("a.py"), "a = 1\n").expect("write");
        fs::write(tree.join("package/__pycache__/b.pyc"), "x").expect("write");
        fs::write(tree.join("package/b.pyi"), "b: int\n").expect("write");
        fs::write(tree.join("package/py.typed"), "").expect("write");
        let archive = |name: &str| {
            let mut files = BTreeMap::new();
            collect(&tree, "top/", &mut files, keys::is_module).expect("collect");
            assert_eq!(
                files.keys().collect::<Vec<_>>(),
                ["top/a.py", "top/package/b.py"]
            );
            let path = dir.path().join(name);
            write(&path, &files).expect("write");
            fs::read(path).expect("read")
        };
        let first = archive("1.zip");
        std::thread::sleep(std::time::Duration::from_millis(1100));
        fs::write(tree.join("a.py"), "a = 1\n").expect("touch");
        assert_eq!(first, archive("2.zip"));
        let text = String::from_utf8_lossy(&first);
        assert!(text.contains("b = 1\n"), "entries are stored");
    }
}
