//! The binary with a distribution and a Node that are only stand-ins: what ferropy
//! itself does, prints and returns. Nothing here needs the real runtime.

#![cfg(unix)]

mod alone;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use wheel::testing::Builder;

/// Folders of one test: a cache, a stand-in distribution and a stand-in node.
struct World {
    dir: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let world = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        let dist = world.path("dist");
        fs::create_dir_all(dist.join("node")).unwrap();
        for file in ["ferropy.asm.wasm", "ferropy.mjs", "console.html"] {
            fs::write(dist.join(file), file).unwrap();
        }
        world.node("v20.11.1");
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A node that says it is of this version, counts how often it was asked, and
    /// prints its arguments and what ferropy put into the environment.
    fn node(&self, version: &str) -> PathBuf {
        let text = format!(
            "#!/bin/sh\n\
             if [ \"$1\" = --version ]; then echo asked >> {count}; echo {version}; exit 0; fi\n\
             for a in \"$@\"; do printf '<%s>' \"$a\"; done; echo\n\
             echo \"site=$FERROPY_SITE\"\necho \"archives=$FERROPY_EXTRA_ARCHIVES\"\nexit 7\n",
            count = self.path("asked").display()
        );
        let path = self.path("bin/node");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        // A new file each time: one that is being executed cannot be written to.
        let _ = fs::remove_file(&path);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn command(&self) -> Command {
        // Nothing may reach a real index from here.
        alone::ferropy(self.dir.path(), "http://127.0.0.1:9/simple/")
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command().args(args).output().unwrap()
    }
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn assert_has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "«{part}» is not in: {text}");
    }
}

#[test]
fn python_gets_its_arguments_untouched_and_its_status_comes_back() {
    let world = World::new();
    fs::write(world.path("a b.py"), "").unwrap();
    let python = world.path("dist/node/python.mjs");
    for (args, seen) in [
        (
            &["a b.py", "--with", "x", "-h"][..],
            "<a b.py><--with><x><-h>",
        ),
        (&["-c", "import sys", "--help"], "<-c><import sys><--help>"),
        (&["-Im", "json.tool", "-"], "<-Im><json.tool><->"),
        (&["--", "-c", "pass"], "<-c><pass>"),
        (&["-X", "utf8", "-", "x"], "<-X><utf8><-><x>"),
        (&[], ""),
    ] {
        let out = world.command().arg("run").args(args).output().unwrap();
        assert_eq!(out.status.code(), Some(7), "{}", stderr(&out));
        let line = stdout(&out).lines().next().unwrap().to_owned();
        assert_eq!(line, format!("<{}>{seen}", python.display()));
        assert_eq!(stderr(&out), "", "nothing is said when nothing is done");
    }
    // No command at all, and no terminal: what python3 does with a pipe.
    assert_has(&stdout(&world.run(&[])), &["python.mjs"]);
}

#[test]
fn a_missing_script_is_reported_as_python_does() {
    let world = World::new();
    let out = world.run(&["run", "gone.py", "x"]);
    assert_eq!(out.status.code(), Some(2));
    let path = world.dir.path().canonicalize().unwrap().join("gone.py");
    let expected = format!(
        "python3: can't open file '{}': [Errno 2] No such file or directory\n",
        path.display()
    );
    assert_eq!(stderr(&out), expected);
}

#[test]
fn without_node_the_fix_is_named() {
    let world = World::new();
    fs::remove_file(world.path("bin/node")).unwrap();
    let out = world
        .command()
        .env("PATH", world.path("bin"))
        .args(["run", "-c", "1"])
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(1));
    let minimum = format!("install Node.js {}", pins::pins().node.minimum);
    assert_has(
        &stderr(&out),
        &["there is none on PATH", &minimum, "FERROPY_NODE"],
    );
    let out = world
        .command()
        .env("FERROPY_NODE", "/nowhere/node")
        .args(["run", "-c", "1"])
        .output()
        .unwrap();
    assert_has(&stderr(&out), &["/nowhere/node (FERROPY_NODE)"]);
}

#[test]
fn an_old_node_is_named_with_its_version() {
    let world = World::new();
    let node = world.node("v18.19.0");
    let out = world.run(&["run", "-c", "1"]);
    assert_eq!(out.status.code(), Some(1));
    assert_has(
        &stderr(&out),
        &[
            &node.display().to_string(),
            "is Node.js 18.19.0",
            "help:",
            "FERROPY_NODE",
        ],
    );
    let node = world.node("no version");
    let out = world.run(&["run", "-c", "1"]);
    assert_has(
        &stderr(&out),
        &[&node.display().to_string(), "«no version»"],
    );
}

#[test]
fn nodes_version_is_asked_once() {
    let world = World::new();
    for _ in 0..3 {
        assert_eq!(world.run(&["run", "-c", "1"]).status.code(), Some(7));
    }
    let asked = || {
        fs::read_to_string(world.path("asked"))
            .unwrap()
            .lines()
            .count()
    };
    assert_eq!(asked(), 1);
    world.node("v22.0.0-changed");
    assert_eq!(world.run(&["run", "-c", "1"]).status.code(), Some(7));
    assert_eq!(asked(), 2);
}

#[test]
fn with_installs_and_tells_python_where() {
    let world = World::new();
    let wheel = Builder::new("demo", "1")
        .file("demo.py", b"")
        .write(world.dir.path());
    let wheel = wheel.display().to_string();
    // A wheel without dependencies needs no index.
    let out = world.run(&["run", "--with", &wheel, "-c", "1"]);
    let text = stdout(&out);
    let site = text
        .lines()
        .find_map(|l| l.strip_prefix("site="))
        .unwrap_or_default();
    assert!(
        PathBuf::from(site).join("demo.py").is_file(),
        "{text}{}",
        stderr(&out)
    );
    let out = world
        .command()
        .env("FERROPY_SITE", "/mine")
        .args(["run", "--with", &wheel, "-c", "1"])
        .output()
        .unwrap();
    assert_has(&stdout(&out), &[&format!("site={site}:/mine\n")]);
}

#[test]
fn script_blocks_are_honoured() {
    let world = World::new();
    let _ = Builder::new("demo", "1")
        .file("demo.py", b"")
        .write(world.dir.path());
    fs::create_dir(world.path("sub")).unwrap();
    let script = "# /// script\n# dependencies = ['../demo-1-py3-none-any.whl']\n# ///\n";
    fs::write(world.path("sub/s.py"), script).unwrap();
    let out = world.run(&["run", "sub/s.py"]);
    assert_has(&stdout(&out), &["/site-packages\n"]);
    let cases = [
        ("# requires-python = '<3.10'", "it wants Python <3.10"),
        ("# dependencies = [", "cannot be read"),
        ("# dependencies = ['a b']", "is not a requirement"),
    ];
    for (line, message) in cases {
        let script = format!("# /// script\n{line}\n# ///\n");
        fs::write(world.path("bad.py"), script).unwrap();
        let out = world.run(&["run", "bad.py"]);
        assert_eq!(out.status.code(), Some(1));
        assert_has(&stderr(&out), &[message, "help:"]);
    }
}

#[test]
fn wheels_for_another_system_and_broken_ones() {
    let world = World::new();
    let name = "native-1.0-cp315-cp315-manylinux_2_28_x86_64.whl";
    fs::write(world.path(name), "").unwrap();
    let out = world.run(&["run", "--with", name, "-c", "1"]);
    assert_eq!(out.status.code(), Some(1));
    let platform = &pins::pins().abi.platform;
    assert_has(
        &stderr(&out),
        &[
            "cp315-cp315-manylinux_2_28_x86_64",
            platform,
            "help:",
            "--with native",
        ],
    );
    fs::write(world.path("broken-1-py3-none-any.whl"), "no zip").unwrap();
    let out = world.run(&["run", "--with", "broken-1-py3-none-any.whl", "-c", "1"]);
    assert_eq!(out.status.code(), Some(1));
    assert_has(&stderr(&out), &["not a sound zip archive", "get it again"]);
}

#[test]
fn an_index_that_does_not_answer() {
    let world = World::new();
    let out = world.run(&["run", "--with", "demo", "-c", "1"]);
    assert_eq!(out.status.code(), Some(1));
    assert_has(
        &stderr(&out),
        &[
            "cannot get http://127.0.0.1:9/simple/demo/",
            "check the network",
        ],
    );
}

#[test]
fn a_distribution_that_is_none() {
    let world = World::new();
    fs::remove_file(world.path("dist/ferropy.asm.wasm")).unwrap();
    let out = world.run(&["run", "-c", "1"]);
    assert_eq!(out.status.code(), Some(1));
    assert_has(&stderr(&out), &["FERROPY_DIST"]);
}

#[test]
fn wrong_usage() {
    let world = World::new();
    for args in [
        &["run", "--wiht", "x"][..],
        &["frobnicate"],
        &["serve", "--port", "x"],
    ] {
        let out = world.run(args);
        assert_eq!(out.status.code(), Some(2), "{args:?}");
        assert_has(&stderr(&out), &["error:"]);
    }
}

#[test]
fn help_names_the_exit_codes() {
    let world = World::new();
    let out = world.run(&["--help"]);
    assert_eq!(out.status.code(), Some(0));
    assert_has(&stdout(&out), &["Exit codes:", "130", "FERROPY_CACHE"]);
    assert_has(
        &stdout(&world.run(&["run", "--help"])),
        &["--with", "PEP 723"],
    );
}

#[test]
fn completions_for_every_shell() {
    let world = World::new();
    for (shell, part) in [
        ("bash", "complete -F _ferropy"),
        ("zsh", "#compdef ferropy"),
        ("fish", "complete -c ferropy"),
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "edit:completion"),
    ] {
        let out = world.run(&["completions", shell]);
        assert_eq!(out.status.code(), Some(0));
        assert_has(&stdout(&out), &[part, "doctor"]);
    }
}

#[test]
fn doctor_prints_json_of_a_fixed_shape() {
    let world = World::new();
    let out = world.run(&["doctor", "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(report["python"], pins::pins().cpython.version.as_str());
    assert_eq!(report["platform"], pins::pins().abi.platform.as_str());
    let checks = report["checks"].as_array().unwrap();
    let lacking = checks
        .iter()
        .any(|c| c["needed"] == true && c["ok"] == false);
    assert_eq!(report["ok"], !lacking);
    assert_eq!(out.status.code(), Some(i32::from(lacking)));
    for check in checks {
        let text = |key: &str| check[key].as_str().unwrap_or_default().to_owned();
        assert!(
            !text("name").is_empty() && !text("found").is_empty(),
            "{check}"
        );
        assert!(check["ok"] == true || !text("fix").is_empty(), "{check}");
    }
    let node = checks.iter().find(|c| c["name"] == "Node.js").unwrap();
    assert_eq!(node["found"], "v20.11.1");
    world.node("v18.0.0");
    let out = world.run(&["doctor"]);
    assert_eq!(out.status.code(), Some(1));
    assert_has(&stdout(&out), &["missing  Node.js", "fix: "]);
    assert!(
        !stdout(&out).contains('\x1b'),
        "no colours without a terminal"
    );
}

#[test]
fn cache_dir_size_clean() {
    let world = World::new();
    let dir = world.path("cache").display().to_string();
    assert_eq!(stdout(&world.run(&["cache", "dir"])), format!("{dir}\n"));
    let json: serde_json::Value =
        serde_json::from_slice(&world.run(&["cache", "dir", "--json"]).stdout).unwrap();
    assert_eq!(json["dir"], dir.as_str());
    fs::create_dir_all(world.path("cache/wheels/abc")).unwrap();
    fs::write(world.path("cache/wheels/abc/x"), "x".repeat(100_000)).unwrap();
    let size = |world: &World| -> serde_json::Value {
        serde_json::from_slice(&world.run(&["cache", "size", "--json"]).stdout).unwrap()
    };
    let before = size(&world);
    assert!(before["bytes"].as_u64().unwrap() >= 100_000, "{before}");
    assert_eq!(before["kinds"][0]["kind"], "wheels");
    assert_has(
        &stdout(&world.run(&["cache", "size"])),
        &["wheels", "total"],
    );
    let freed: serde_json::Value =
        serde_json::from_slice(&world.run(&["cache", "clean", "--json"]).stdout).unwrap();
    assert!(freed["freed"].as_u64().unwrap() >= 100_000, "{freed}");
    assert_eq!(size(&world)["bytes"], 0);
}

#[test]
fn dist_copies_and_never_destroys() {
    let world = World::new();
    let out = world.run(&["dist", "--print-path"]);
    assert_eq!(stdout(&out), format!("{}\n", world.path("dist").display()));
    let out = world.run(&["dist", "-o", "copy"]);
    assert_eq!(out.status.code(), Some(0), "{}", stderr(&out));
    assert!(world.path("copy/console.html").is_file());
    assert_has(
        &stderr(&world.run(&["dist", "-o", "copy"])),
        &["is not empty", "--force"],
    );
    fs::write(world.path("copy/old"), "").unwrap();
    assert_eq!(
        world.run(&["dist", "-o", "copy", "--force"]).status.code(),
        Some(0)
    );
    assert!(!world.path("copy/old").exists());
    fs::create_dir(world.path("precious")).unwrap();
    fs::write(world.path("precious/thesis.txt"), "").unwrap();
    let out = world.run(&["dist", "-o", "precious", "--force"]);
    assert_has(&stderr(&out), &["is not a distribution"]);
    assert!(world.path("precious/thesis.txt").is_file());
    let names: Vec<_> = fs::read_dir(world.dir.path())
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|n| n.starts_with('.') && n != ".cache")
        .collect();
    assert!(names.is_empty(), "left behind: {names:?}");
}

#[test]
fn serve_says_where_and_stops_on_interrupt() {
    let world = World::new();
    let mut child = world
        .command()
        .args(["serve", "--port", "0", "--csp", "script-src 'self'"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    let address = line
        .split("http://")
        .nth(1)
        .and_then(|rest| rest.split('/').next())
        .unwrap_or_else(|| panic!("no URL in {line}"));
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    let reply = reply.to_lowercase();
    assert_has(
        &reply,
        &[
            "307",
            "location: /console.html",
            "cross-origin-embedder-policy",
            "script-src 'self'",
        ],
    );
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
