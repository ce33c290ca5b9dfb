//! `ferropy wheel check` beside the interpreter that it checks against.

mod real;

use real::{ferropy_command, stderr, stdout};
use serde_json::Value;
use wheel::testing::Builder;

const TAG: &str = "cp315-cp315-pyemscripten_2026_5_wasm32";

#[test]
fn findings_decide_about_the_exit_code() {
    let dir = tempfile::tempdir().unwrap();
    let good = Builder::new("good", "1.0")
        .file("good.py", b"")
        .write(dir.path());
    let check = |arguments: &[&str]| {
        let mut command = ferropy_command(dir.path());
        command
            .args(["wheel", "check"])
            .args(arguments)
            .output()
            .unwrap()
    };
    let good = good.to_str().unwrap();
    let out = check(&[good]);
    assert_eq!(out.status.code(), Some(0), "{}", stderr(&out));
    assert!(
        stdout(&out).contains("warning: no licence is in the wheel"),
        "{}",
        stdout(&out)
    );
    assert_eq!(check(&[good, "--strict"]).status.code(), Some(1));

    let bad = Builder::new("bad", "1.0")
        .tag(TAG)
        .file("bad.so", b"\x7fELF");
    let bad = bad.write(dir.path());
    let out = check(&[good, bad.to_str().unwrap(), "--json"]);
    assert_eq!(out.status.code(), Some(1), "{}", stderr(&out));
    let reports: Value = serde_json::from_str(&stdout(&out)).unwrap();
    assert_eq!(reports[0]["findings"][0]["check"], "licence");
    let finding = &reports[1]["findings"][0];
    assert_eq!(finding["severity"], "error");
    assert_eq!(finding["file"], "bad.so");
    assert_eq!(finding["what"], "it is a library for Linux");
}

#[test]
fn what_is_no_wheel() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("x-1-py3-none-any.whl"), "text").unwrap();
    for (file, word) in [
        ("nowhere-1-py3-none-any.whl", "nowhere"),
        ("x-1-py3-none-any.whl", "x-1"),
    ] {
        let mut command = ferropy_command(dir.path());
        let out = command.args(["wheel", "check", file]).output().unwrap();
        assert_eq!(out.status.code(), Some(1));
        assert!(stderr(&out).contains(word), "{}", stderr(&out));
    }
}
