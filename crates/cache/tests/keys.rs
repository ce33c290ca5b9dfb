//! What changes a key and what does not.

use std::fs;
use std::path::Path;

use cache::Key;

fn all(_: &Path) -> bool {
    true
}

#[test]
fn the_same_inputs_give_the_same_key_for_ever() {
    // A literal: if this changes, every cache in the world is rebuilt.
    let key = Key::of("test 1")
        .text("flags", "-O2")
        .texts("list", ["a", "b"])
        .finish();
    assert_eq!(
        key.hex(),
        "3e0ef27ef105f659e21ecd0953961bc341657da270c5d70b6042677e98ca367f"
    );
    assert_eq!(key.short().len(), 20);
}

#[test]
fn neighbouring_inputs_do_not_run_together() {
    let one = Key::of("r").text("a", "bc").finish();
    assert_ne!(one, Key::of("r").text("ab", "c").finish());
    assert_ne!(one, Key::of("ra").text("", "bc").finish());
    assert_ne!(
        Key::of("r").texts("l", ["a", "b"]).finish(),
        Key::of("r").texts("l", ["ab"]).finish()
    );
}

#[test]
fn a_tree_key_sees_content_names_and_nothing_else() {
    let dir = tempfile::tempdir().expect("temp dir");
    let key = || {
        Key::of("r")
            .tree("t", dir.path(), |path| {
                path.extension().is_none_or(|e| e != "pyc")
            })
            .expect("tree is readable")
            .finish()
    };
    let empty = key();
    fs::create_dir(dir.path().join("sub")).expect("mkdir");
    fs::write(dir.path().join("sub/a.py"), "a = 1\n").expect("write");
    let one = key();
    assert_ne!(empty, one);
    fs::write(dir.path().join("sub/a.py"), "a = 1\n").expect("write again");
    fs::write(dir.path().join("sub/a.pyc"), "ignored").expect("write");
    assert_eq!(
        one,
        key(),
        "a new mtime and a file that is filtered out change nothing"
    );
    fs::rename(dir.path().join("sub/a.py"), dir.path().join("sub/b.py")).expect("rename");
    assert_ne!(one, key());
}

#[test]
fn a_missing_tree_is_an_empty_one_but_a_missing_file_is_an_error() {
    let missing = Path::new("/nonexistent/ferropy");
    assert!(Key::of("r").tree("t", missing, all).is_ok());
    let error = Key::of("r").file("f", missing).expect_err("must fail");
    assert!(
        error.to_string().contains("/nonexistent/ferropy"),
        "{error}"
    );
}
