//! Every way in which a lock file can be wrong: where, why, what to do.

mod common;

use std::fmt::Write as _;

use common::{Target, lock};
use lock::{Error, pylock, pyodide};

fn tell(out: &mut String, what: &str, error: &Error) {
    assert!(!error.fix.is_empty(), "{what}");
    writeln!(
        out,
        "{what}\n    {}\n    fix: {}",
        error.to_string().replace('\n', "\n    "),
        error.fix
    )
    .unwrap();
}

#[test]
fn pyodide_lock() {
    let good = pyodide::write(&lock());
    let mut out = String::new();
    for (what, from, to) in [
        ("no JSON", "{", "{,"),
        ("cut off", "\n  \"packages\"", ""),
        (
            "a key twice",
            "\"arch\": \"wasm32\",",
            "\"arch\": \"wasm32\", \"arch\": \"wasm64\",",
        ),
        ("no info", "\"info\"", "\"inform\""),
        ("no ABI", "\"abi_version\"", "\"abi\""),
        ("a newer schema", "\"schema\": 1", "\"schema\": 2"),
        ("a path that leaves", "\"wheels/left", "\"../left"),
        ("an absolute path", "\"wheels/left", "\"/left"),
        ("an encoded path", "\"wheels/left", "\"%2e%2e/left"),
        ("a strange URL", "https://h.test", "data://h.test"),
        ("a short hash", &"a".repeat(64), "abc"),
        ("a hash that is none", &"a".repeat(64), &"g".repeat(64)),
        (
            "an unknown type",
            "\"package_type\": \"package\"",
            "\"package_type\": \"applet\"",
        ),
        ("an unknown folder", "\"site\"", "\"/etc\""),
        ("a missing dependency", "\"right\"\n", "\"absent\"\n"),
        ("a dependency that is no name", "\"right\"\n", "\"-\"\n"),
        ("names alike", "\"left\": {", "\"Left\": {}, \"left\": {"),
        (
            "another name inside",
            "\"name\": \"left\"",
            "\"name\": \"right\"",
        ),
        (
            "another version",
            "\"version\": \"2\"",
            "\"version\": \"9\"",
        ),
        ("another wheel", "/app-1.0-", "/virus-1.0-"),
        (
            "a wheel's bad name",
            "/app-1.0-py3-none-any.whl",
            "/app.whl",
        ),
        (
            "a text for a list",
            "\"depends\": [\n        \"left\"\n      ]",
            "\"depends\": \"left\"",
        ),
        ("a negative size", "\"size\": 7", "\"size\": -7"),
        ("an empty text", "\"version\": \"2\"", "\"version\": \"\""),
    ] {
        let bad = if what == "cut off" {
            good[..good.find(from).unwrap()].to_owned()
        } else {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good, "{what} changes nothing");
            bad
        };
        match pyodide::read(&bad, "pyodide-lock.json") {
            Err(error) => tell(&mut out, what, &error),
            Ok(_) => panic!("{what} is accepted"),
        }
    }
    insta::assert_snapshot!(out);
}

#[test]
fn pylock() {
    let target = Target::new();
    let good = pylock::write(&lock());
    let mut out = String::new();
    for (what, from, to) in [
        ("no TOML", "created-by = ", "created-by "),
        ("a key twice", "created-by", "created-by = 'x'\ncreated-by"),
        ("a newer format", "\"1.0\"", "\"2.0\""),
        ("a newer schema", "schema = 1", "schema = 5"),
        ("no maker", "created-by", "made-by"),
        ("another Python", "==3.15.*", ">=3.16"),
        ("another system", "'emscripten'", "'linux'"),
        (
            "a bad marker",
            "version = \"2\"",
            "version = \"2\"\nmarker = \"os_name ~ 'x'\"",
        ),
        (
            "only an sdist",
            "wheels = [{ name = \"left",
            "sdist = [{ name = \"left",
        ),
        (
            "nothing",
            "wheels = [{ name = \"left",
            "wheelies = [{ name = \"left",
        ),
        (
            "for another platform",
            "\"right-3rc1-cp315-cp315-plat_1_wasm32.whl\"",
            "\"right-3rc1-cp315-cp315-win_amd64.whl\"",
        ),
        ("a path that leaves", "\"wheels/left", "\"../left"),
        ("no hash", "sha256 =", "md5 ="),
        ("a bad hash", &"a".repeat(64), "abc"),
        ("another wheel", "name = \"app-1.0", "name = \"virus-1.0"),
        ("another version", "version = \"2\"", "version = \"9\""),
        (
            "a missing dependency",
            "{ name = \"right\" }",
            "{ name = \"absent\" }",
        ),
        (
            "two that apply",
            "name = \"left\"\nversion = \"2\"\ndependencies",
            "name = \"left\"\nversion = \"2\"\nwheels = [{ url = \"https://h.test/left-2-py3-none-any.whl\", hashes = { sha256 = \"HASH\" } }]\n\n[[packages]]\nname = \"left\"\nversion = \"2\"\ndependencies",
        ),
        (
            "a repository",
            "wheels = [{ name = \"left",
            "vcs = { type = \"git\", url = \"https://h.test/x\", commit-id = \"1\" }\nwheelies = [{ name = \"left",
        ),
        (
            "a source archive by URL",
            "wheels = [{ name = \"left",
            "archive = { url = \"https://h.test/left-2.tar.gz\", hashes = {} }\nwheelies = [{ name = \"left",
        ),
    ] {
        let bad = good.replacen(from, &to.replace("HASH", &"a".repeat(64)), 1);
        assert_ne!(bad, good, "{what} changes nothing");
        match pylock::read(&bad, "pylock.toml", &target.choice()) {
            Err(error) => tell(&mut out, what, &error),
            Ok(_) => panic!("{what} is accepted"),
        }
    }
    let mut choice = target.choice();
    choice.extras.insert("cli".to_owned());
    tell(
        &mut out,
        "an extra that it lacks",
        &pylock::read(&good, "pylock.toml", &choice).unwrap_err(),
    );
    insta::assert_snapshot!(out);
}

#[test]
fn nothing_that_is_cut_off_panics() {
    let target = Target::new();
    let (json, toml) = (pyodide::write(&lock()), pylock::write(&lock()));
    for end in 0..json.len() - 1 {
        assert!(pyodide::read(&json[..end], "x").is_err());
    }
    for end in 0..toml.len() {
        drop(pylock::read(&toml[..end], "x", &target.choice()));
    }
    for deep in ["[", "{\"a\":"] {
        assert!(pyodide::read(&deep.repeat(100_000), "x").is_err());
    }
    assert!(
        pylock::read(
            &format!("a = {}", "[".repeat(100_000)),
            "x",
            &target.choice()
        )
        .is_err()
    );
}
