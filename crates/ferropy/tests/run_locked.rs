//! What `lock` and `download` write, read by the real loader and run by the real runtime.

mod real;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use real::{assert_prints, ferropy, stderr, stdout};
use wheel::testing::Builder;

/// Runs another command than `run`, where no index can be reached.
fn tool(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("ferropy"));
    command.args(args).current_dir(dir);
    command.env("FERROPY_INDEX_URL", "http://127.0.0.1:9/simple/");
    let out = command.output().unwrap();
    assert!(out.status.success(), "{args:?}: {}", stderr(&out));
    out
}

/// Two wheels, one needing the other, locked and downloaded to `offline`.
fn locked() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let under = Builder::new("under", "1.5").file("under/__init__.py", b"VALUE = 42\n");
    let over = Builder::new("over", "2.0")
        .header("Requires-Dist: under>=1")
        .file(
            "over.py",
            b"import under\ndef twice(): return 2 * under.VALUE\n",
        );
    let wheels = [under.write(dir.path()), over.write(dir.path())];
    let names = wheels.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned());
    tool(
        dir.path(),
        &["lock", &names[0], &names[1], "-o", "pylock.toml"],
    );
    tool(dir.path(), &["download", "pylock.toml", "-d", "offline"]);
    dir
}

const PROGRAM: &str =
    "import over, importlib.metadata as m; print(over.twice(), m.version('under'))";

#[test]
fn the_loader_reads_the_downloaded_folder() {
    let dir = locked();
    let dist = stdout(&tool(dir.path(), &["dist", "--print-path"]));
    let script = format!(
        "import {{ loadPyodide }} from 'file://{}/ferropy.mjs';\n\
         const quiet = {{ messageCallback: () => {{}} }};\n\
         const lockFileURL = 'file://{}/offline/pyodide-lock.json';\n\
         const py = await loadPyodide({{ lockFileURL, stdout: (line) => console.log(line) }});\n\
         await py.loadPackage('over', quiet);\n\
         py.runPython({PROGRAM:?});\n",
        dist.trim(),
        dir.path().display(),
    );
    fs::write(dir.path().join("load.mjs"), script).unwrap();
    let node = std::env::var_os("FERROPY_NODE").unwrap_or_else(|| "node".into());
    let out = Command::new(node)
        .arg(dir.path().join("load.mjs"))
        .output()
        .unwrap();
    assert_prints(&out, "84 1.5\n");
}

#[test]
fn run_installs_what_is_locked() {
    let dir = locked();
    for lock in ["pylock.toml", "offline/pyodide-lock.json"] {
        let mut command = ferropy(dir.path());
        let out = command.args(["--locked", lock, "-c", PROGRAM]).output();
        assert_prints(&out.unwrap(), "84 1.5\n");
    }
}
