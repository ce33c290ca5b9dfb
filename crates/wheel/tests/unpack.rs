//! Whole wheels: sound ones unpack completely, bad ones leave nothing behind.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use wheel::testing::Builder;
use wheel::{Archive, DirectUrl, Error, Limits, Scheme};

fn tree(dir: &Path) -> BTreeSet<String> {
    fn walk(root: &Path, dir: &Path, out: &mut BTreeSet<String>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, out);
            } else {
                out.insert(path.strip_prefix(root).unwrap().display().to_string());
            }
        }
    }
    let mut out = BTreeSet::new();
    if dir.exists() {
        walk(dir, dir, &mut out);
    }
    out
}

/// Opens and installs; afterwards the site folder must be empty when it failed.
fn refuse(wheel: &Path) -> Error {
    let out = tempfile::tempdir().unwrap();
    let result = Archive::open(wheel).and_then(|mut a| {
        a.install(&Scheme::under(out.path()), None)
            .map(|files| panic!("installed {files:?}"))
    });
    assert_eq!(tree(out.path()), BTreeSet::new());
    result.unwrap_err()
}

#[test]
fn installs_every_scheme_and_rewrites_record() {
    let dir = tempfile::tempdir().unwrap();
    let wheel = Builder::new("demo", "1.0")
        .file("demo/__init__.py", b"x = 1\n")
        .file("demo-1.0.data/purelib/extra.py", b"")
        .file("demo-1.0.data/scripts/demo", b"#!python\n")
        .file("demo-1.0.data/headers/demo.h", b"")
        .file("demo-1.0.data/data/share/demo.txt", b"hi")
        .write(dir.path());
    let out = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(&wheel).unwrap();
    assert!(archive.info().purelib);
    let url = DirectUrl::new("file:///demo.whl", "00ff");
    archive
        .install(&Scheme::under(out.path()), Some(&url))
        .unwrap();
    let files = tree(out.path());
    let expected = [
        "bin/demo",
        "include/demo.h",
        "share/demo.txt",
        "site-packages/demo-1.0.dist-info/INSTALLER",
        "site-packages/demo-1.0.dist-info/METADATA",
        "site-packages/demo-1.0.dist-info/RECORD",
        "site-packages/demo-1.0.dist-info/WHEEL",
        "site-packages/demo-1.0.dist-info/direct_url.json",
        "site-packages/demo/__init__.py",
        "site-packages/extra.py",
    ];
    assert_eq!(files, expected.map(str::to_owned).into());
    let info = out.path().join("site-packages/demo-1.0.dist-info");
    let record = fs::read_to_string(info.join("RECORD")).unwrap();
    for line in [
        "../bin/demo,sha256=",
        "../share/demo.txt,",
        "extra.py,sha256=",
    ] {
        assert!(record.contains(line), "{line} in {record}");
    }
    assert!(record.contains("demo-1.0.dist-info/RECORD,,\n"), "{record}");
    assert_eq!(
        fs::read_to_string(info.join("direct_url.json")).unwrap(),
        r#"{"url":"file:///demo.whl","archive_info":{"hashes":{"sha256":"00ff"}}}"#
    );
}

#[test]
fn namespace_packages_merge_and_conflicts_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let out = tempfile::tempdir().unwrap();
    let scheme = Scheme::under(out.path());
    let install = |b: &Builder| {
        Archive::open(&b.write(dir.path()))
            .unwrap()
            .install(&scheme, None)
    };
    install(&Builder::new("ns_a", "1").file("ns/a.py", b"")).unwrap();
    install(&Builder::new("ns_b", "1").file("ns/b.py", b"")).unwrap();
    let before = tree(out.path());
    let err = install(
        &Builder::new("ns_c", "1")
            .file("aaa.py", b"")
            .file("ns/a.py", b"other"),
    )
    .unwrap_err();
    assert!(
        matches!(&err, Error::Conflict { path, .. } if path == "ns/a.py"),
        "{err}"
    );
    assert_eq!(tree(out.path()), before);
}

#[test]
fn zip_slip_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for path in [
        "../evil.py",
        "/tmp/evil.py",
        "a/../../evil.py",
        "a\\..\\evil.py",
    ] {
        let wheel = Builder::new("evil", "1")
            .file(path, b"boo")
            .write(dir.path());
        let err = refuse(&wheel);
        assert!(matches!(err, Error::UnsafePath { .. }), "{path}: {err}");
    }
    assert!(!dir.path().join("evil.py").exists());
}

#[test]
fn file_that_is_also_a_folder_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let wheel = Builder::new("odd", "1")
        .file("a", b"")
        .file("a/b", b"")
        .write(dir.path());
    assert!(matches!(refuse(&wheel), Error::UnsafePath { .. }));
}

#[test]
fn same_name_twice_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = Builder::new("twice", "1")
        .file("aa.py", b"1")
        .file("ab.py", b"2")
        .bytes();
    // The writer refuses duplicates, so rename one in the finished bytes.
    let mut text = bytes.clone();
    for i in 0..text.len() - 5 {
        if &text[i..i + 5] == b"ab.py" {
            text[i + 1] = b'a';
        }
    }
    let path = dir.path().join("twice-1-py3-none-any.whl");
    fs::write(&path, text).unwrap();
    let err = refuse(&path).to_string();
    assert!(err.contains("same name"), "{err}");
}

#[test]
fn changed_content_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = Builder::new("changed", "1").without_record().bytes();
    let path = dir.path().join("changed-1-py3-none-any.whl");
    fs::write(&path, bytes).unwrap();
    let err = refuse(&path);
    assert!(
        matches!(&err, Error::Invalid { why, .. } if why.contains("does not list")),
        "{err}"
    );

    let good = Builder::new("swap", "1").file("m.py", b"good");
    let evil = Builder::new("swap", "1").file("m.py", b"evil").bytes();
    // RECORD of `good` with the content of `evil`.
    let path = dir.path().join("swap-1-py3-none-any.whl");
    let mut target = zip::ZipWriter::new(fs::File::create(&path).unwrap());
    let good_bytes = good.bytes();
    for (bytes, want) in [(&good_bytes, false), (&evil, true)] {
        let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
        for i in 0..zip.len() {
            let file = zip.by_index_raw(i).unwrap();
            let is_module = file.name_raw() == b"m.py";
            if is_module == want {
                target.raw_copy_file(file).unwrap();
            }
        }
    }
    target.finish().unwrap();
    let err = refuse(&path);
    assert!(
        matches!(&err, Error::Hash { entry, .. } if entry == "m.py"),
        "{err}"
    );
}

#[test]
fn broken_zips_are_refused_with_advice() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = Builder::new("broken", "1")
        .file("m.py", &[b'x'; 5000])
        .bytes();
    let path = dir.path().join("broken-1-py3-none-any.whl");
    let half = &bytes[..bytes.len() / 2];
    let mut flipped = bytes.clone();
    flipped[40] ^= 0xff;
    for bad in [half, &b"<html>not found</html>"[..], &b""[..], &flipped[..]] {
        fs::write(&path, bad).unwrap();
        let err = refuse(&path);
        assert!(matches!(err, Error::Zip { .. }), "{err}");
        let help = miette::Diagnostic::help(&err).unwrap().to_string();
        assert!(help.contains("get it again"), "{help}");
    }
}

#[test]
fn bombs_are_refused_before_unpacking() {
    let dir = tempfile::tempdir().unwrap();
    let wheel = Builder::new("bomb", "1")
        .file("zeros", &vec![0; 1 << 20])
        .write(dir.path());
    for limits in [
        Limits {
            total: 1 << 19,
            ..Limits::default()
        },
        Limits {
            file: 1 << 19,
            ..Limits::default()
        },
        Limits {
            entries: 2,
            ..Limits::default()
        },
    ] {
        let err = Archive::open_with(&wheel, limits).unwrap_err();
        assert!(matches!(err, Error::TooLarge { .. }), "{err}");
    }
    let wheel = Builder::new("bomb", "2")
        .file("zeros", &vec![0; 80 << 20])
        .write(dir.path());
    let err = Archive::open(&wheel).unwrap_err().to_string();
    assert!(err.contains("200 times"), "{err}");
}

#[test]
fn name_and_metadata_must_agree() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = Builder::new("honest", "1").bytes();
    let path = dir.path().join("other-1-py3-none-any.whl");
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(refuse(&path), Error::Invalid { .. }));
    let path = dir.path().join("honest-2-py3-none-any.whl");
    fs::write(&path, &bytes).unwrap();
    let err = refuse(&path).to_string();
    assert!(err.contains("its name says honest 2"), "{err}");
}
