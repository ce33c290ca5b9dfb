//! `lock`, `download`, `tree`, `why` and `run --locked`, with a package index on loopback and
//! stand-ins for the distribution and Node.

#![cfg(unix)]

mod alone;
#[path = "../../index/tests/common/mod.rs"]
mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output};

use common::Index;
use serde_json::Value;
use wheel::testing::Builder;

/// A folder to work in, a cache and an index.
struct World {
    dir: tempfile::TempDir,
    index: Index,
}

impl World {
    /// `app` needs `lib`, and `lib` needs `six`; `lib` has two versions.
    fn new() -> Self {
        let mut index = Index::start();
        let app = Builder::new("app", "1.0")
            .header("Requires-Dist: lib>=1")
            .header("Requires-Dist: winonly ; sys_platform == 'win32'")
            .header("Requires-Dist: fast ; extra == 'speed'")
            .header("Provides-Extra: speed")
            .file("app/__init__.py", b"");
        let lib = |version| {
            Builder::new("lib", version)
                .header("Requires-Dist: six")
                .file("lib.py", b"")
        };
        let alike = Builder::new("PyYAML", "6").file("yaml/__init__.py", b"");
        let namespace =
            Builder::new("google_cloud_storage", "3").file("google/cloud/storage/__init__.py", b"");
        for wheel in [
            app,
            lib("1"),
            Builder::new("six", "1.17").file("six.py", b""),
            alike,
            namespace,
        ] {
            index.add(&wheel);
        }
        index.add(&Builder::new("fast", "2rc1").file("fast.py", b""));
        index.source("onlysource-1.tar.gz", &[("setup.py", "")]);
        let world = Self {
            dir: tempfile::tempdir().unwrap(),
            index,
        };
        fs::create_dir_all(world.path("dist/node")).unwrap();
        fs::write(world.path("dist/ferropy.asm.wasm"), "").unwrap();
        let node = "#!/bin/sh\nif [ \"$1\" = --version ]; then echo v24.1.0; exit 0; fi\necho \"site=$FERROPY_SITE\"\n";
        world.write("bin/node", node);
        fs::set_permissions(world.path("bin/node"), fs::Permissions::from_mode(0o755)).unwrap();
        world
    }

    fn newer_lib(&mut self) {
        let lib = Builder::new("lib", "2")
            .header("Requires-Dist: six")
            .file("lib.py", b"");
        self.index.add(&lib);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn command(&self) -> Command {
        let mut command = alone::ferropy(self.dir.path(), self.index.url.as_ref());
        command.env("PIP_CONFIG_FILE", "/dev/null");
        command
    }

    fn run(&self, line: &str) -> Output {
        self.command().args(line.split(' ')).output().unwrap()
    }

    /// What goes right: standard output.
    fn good(&self, line: &str) -> String {
        let out = self.run(line);
        assert_eq!(
            out.status.code(),
            Some(0),
            "{line}: {}",
            String::from_utf8_lossy(&out.stderr)
        );
        String::from_utf8(out.stdout).unwrap()
    }

    /// What goes wrong: standard error, with the places of this run replaced.
    fn bad(&self, line: &str, code: i32) -> String {
        let out = self.run(line);
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(code), "{line}: {text}");
        let server = self.index.url.trim_end_matches("/simple/");
        text.replace(server, "http://SERVER")
            .replace(&self.dir.path().display().to_string(), "DIR")
            .lines()
            // How long things take is another time another.
            .filter(|line| !line.starts_with("ferropy ["))
            .map(str::trim_end)
            .collect::<Vec<_>>()
            .join("\n")
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    fn names(&self, name: &str) -> String {
        let json = self.json(name);
        let packages = json["packages"].as_object().unwrap();
        let all: Vec<String> = packages
            .values()
            .map(|p| {
                format!(
                    "{}=={}",
                    p["name"].as_str().unwrap(),
                    p["version"].as_str().unwrap()
                )
            })
            .collect();
        all.join(" ")
    }
}

#[test]
fn requirements_become_a_lock_that_says_everything() {
    let world = World::new();
    let said = world.good("lock app");
    assert_eq!(
        said,
        "pyodide-lock.json written: 3 packages\n  + app 1.0\n  + lib 1\n  + six 1.17\n"
    );
    let lock = world.json("pyodide-lock.json");
    let app = &lock["packages"]["app"];
    assert_eq!(app["imports"], serde_json::json!(["app"]));
    assert_eq!(
        app["depends"],
        serde_json::json!(["lib"]),
        "markers are judged for our platform"
    );
    assert_eq!(app["package_type"], "package");
    assert_eq!(app["install_dir"], "site");
    assert!(
        app["file_name"]
            .as_str()
            .unwrap()
            .ends_with("/files/app-1.0-py3-none-any.whl")
    );
    assert!(app["size"].as_u64().unwrap() > 100);
    assert_eq!(lock["ferropy"]["requirements"], serde_json::json!(["app"]));
    let mode = fs::metadata(world.path("pyodide-lock.json"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o400, 0o400);
}

#[test]
fn the_same_question_gives_the_same_bytes() {
    let world = World::new();
    world.good("lock app fast -o one.json");
    world.good("lock fast app --refresh -o two.json");
    assert_eq!(world.read("one.json"), world.read("two.json"));
    world.good("lock app fast -o pylock.toml");
    let stdout = world.good("lock fast app --format pylock -o -");
    assert_eq!(world.read("pylock.toml"), stdout);
    assert_eq!(
        world.good("lock app fast -o one.json"),
        "one.json is up to date: 4 packages\n"
    );
}

#[test]
fn versions_are_kept_until_they_are_to_be_upgraded() {
    let mut world = World::new();
    world.good("lock app");
    world.newer_lib();
    assert_eq!(
        world.good("lock app --refresh"),
        "pyodide-lock.json is up to date: 3 packages\n"
    );
    let before = world.read("pyodide-lock.json");
    let out = world.run("lock app --check --upgrade-package LIB");
    assert_eq!(out.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&out.stdout),
        "pyodide-lock.json would change: 3 packages\n  ~ lib 1 -> 2\n"
    );
    assert_eq!(world.read("pyodide-lock.json"), before);
    let json = world.good("lock app --upgrade-package lib --json");
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["updated"][0]["to"], "2");
    assert_eq!(
        world.good("lock app --check"),
        "pyodide-lock.json is up to date: 3 packages\n"
    );
    world.write("pyodide-lock.json", "damaged");
    assert!(world.bad("lock app", 1).contains("line 1, column 1"));
    world.good("lock app --upgrade");
}

#[test]
fn frozen_asks_nobody() {
    let world = World::new();
    insta::assert_snapshot!("frozen_absent", world.bad("lock app --frozen", 1));
    world.good("lock app");
    let asked = world.index.log().len();
    world.good("lock app --frozen");
    insta::assert_snapshot!("frozen_other", world.bad("lock app lib>=2 --frozen", 1));
    insta::assert_snapshot!("frozen_less", world.bad("lock six --frozen", 1));
    assert_eq!(world.index.log().len(), asked);
}

#[test]
fn projects_scripts_and_requirements_files() {
    let world = World::new();
    world.write(
        "pyproject.toml",
        "[project]\nname = 'p'\ndependencies = ['lib']\n[project.optional-dependencies]\ny = ['pyyaml']\n[dependency-groups]\ndev = ['fast']\n",
    );
    world.good("lock");
    assert_eq!(world.names("pyodide-lock.json"), "lib==1 six==1.17");
    world.good("lock pyproject.toml --extra y --group dev -o all.json");
    assert_eq!(
        world.names("all.json"),
        "fast==2rc1 lib==1 pyyaml==6 six==1.17"
    );
    world.write("s.py", "# /// script\n# dependencies = ['six<2']\n# ///\n");
    world.good("lock s.py -o s.json");
    assert_eq!(world.names("s.json"), "six==1.17");
    world.write("c.txt", "lib<2\n");
    world.write("r.txt", "app[speed]\n-c c.txt\n");
    world.good("lock -r r.txt -o r.json");
    assert_eq!(
        world.names("r.json"),
        "app==1.0 fast==2rc1 lib==1 six==1.17"
    );
    world.good("lock app --override lib==1 --constraint c.txt -o o.json");
    assert_eq!(world.names("o.json"), "app==1.0 lib==1 six==1.17");
    world.write("none.py", "import os\n");
    insta::assert_snapshot!("script_without_block", world.bad("lock none.py", 1));
    insta::assert_snapshot!("extra_without_project", world.bad("lock app --extra y", 1));
    world.write("e.txt", "six\n-e ./here\n");
    insta::assert_snapshot!("editable", world.bad("lock -r e.txt", 1));
    insta::assert_snapshot!("text_file", world.bad("lock e.txt", 1));
}

#[test]
fn hashes_of_requirements_files_are_checked() {
    let world = World::new();
    world.good("lock six -o six.json");
    let good = world.json("six.json")["packages"]["six"]["sha256"]
        .as_str()
        .unwrap()
        .to_owned();
    world.write(
        "r.txt",
        &format!("--require-hashes\nsix==1.17 --hash=sha256:{good}\n"),
    );
    world.good("lock -r r.txt");
    world.write(
        "r.txt",
        &format!("six==1.17 --hash=sha256:{}\n", "0".repeat(64)),
    );
    let text = world
        .bad("lock -r r.txt -o x.json", 1)
        .replace(&good, "GOOD");
    insta::assert_snapshot!("wrong_hash", text);
    assert!(!world.path("x.json").exists());
    world.write("r.txt", "--require-hashes\nsix\n");
    assert!(
        world
            .bad("lock -r r.txt -o x.json", 1)
            .contains("six has none")
    );
}

#[test]
fn imports_of_a_program() {
    let world = World::new();
    world.write("app/main.py", "import os, helper\nfrom google.cloud import storage\ntry:\n    import yaml\nexcept ImportError: pass\n");
    world.write("app/helper.py", "def f():\n    import six\n");
    world.good("lock --from-imports app/main.py");
    assert_eq!(
        world.names("pyodide-lock.json"),
        "google-cloud-storage==3 pyyaml==6 six==1.17"
    );
    world.good("lock --from-imports app/main.py --frozen");
    world.write("fast.py", "");
    world.write("other/x.py", "import lib\nimport six\n");
    // `app` has no module `x`, and `lib` is found in what was asked for.
    world.good("lock lib --from-imports other -o lib.json");
    let lock = world.json("lib.json");
    assert_eq!(lock["ferropy"]["requirements"], serde_json::json!(["lib"]));
    world.write("other/x.py", "\nimport nowhere.part\n");
    insta::assert_snapshot!(
        "unknown_import",
        world.bad("lock --from-imports other -o x.json", 1)
    );
    world.write("other/x.py", "import _hidden\n");
    insta::assert_snapshot!(
        "nameless_import",
        world.bad("lock --from-imports other -o x.json", 1)
    );
    world.write("other/x.py", "def\n");
    insta::assert_snapshot!(
        "no_python",
        world.bad("lock --from-imports other -o x.json", 1)
    );
}

#[test]
fn what_cannot_be_locked_is_explained() {
    let world = World::new();
    for line in ["lock absent", "lock lib>=9", "lock onlysource"] {
        let text = world.bad(&format!("{line} -o x.json"), 1);
        let name = line.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        insta::assert_snapshot!(name, text);
    }
    assert!(!world.path("x.json").exists(), "nothing half-written");
    world.bad("lock --frozen --upgrade", 2);
    world.bad("why", 2);
    assert!(world.bad("lock", 2).contains("nothing to lock"));
    world.bad("lock app --upgrade-package -x", 2);
    assert!(
        world
            .bad("lock app -o no/such/x.json", 1)
            .contains("no/such")
    );
}

#[test]
fn a_wheel_beside_the_lock_is_told_by_its_path() {
    let world = World::new();
    fs::create_dir(world.path("wheels")).unwrap();
    let own = Builder::new("own", "0.1")
        .header("Requires-Dist: six")
        .file("own.py", b"");
    assert!(own.write(&world.path("wheels")).is_file());
    world.good("lock wheels/own-0.1-py3-none-any.whl");
    let lock = world.json("pyodide-lock.json");
    assert_eq!(
        lock["packages"]["own"]["file_name"],
        "wheels/own-0.1-py3-none-any.whl"
    );
    assert_eq!(
        lock["ferropy"]["requirements"],
        serde_json::json!(["own==0.1"])
    );
    assert!(
        !world
            .read("pyodide-lock.json")
            .contains(&world.dir.path().display().to_string())
    );
}

#[test]
fn download_makes_a_folder_that_needs_no_network() {
    let world = World::new();
    for (input, format) in [("pyodide-lock.json", "pyodide"), ("pylock.toml", "pylock")] {
        world.good(&format!("lock app --format {format}"));
        let dir = format!("offline-{format}");
        let said = world.good(&format!("download {input} -d {dir}"));
        assert!(said.starts_with("3 files ("), "{said}");
        let lock = world.json(&format!("{dir}/pyodide-lock.json"));
        for package in lock["packages"].as_object().unwrap().values() {
            let name = package["file_name"].as_str().unwrap();
            let size = fs::metadata(world.path(&dir).join(name)).unwrap().len();
            assert_eq!(package["size"], size);
        }
    }
    assert_eq!(
        world.read("offline-pyodide/pyodide-lock.json"),
        world.read("offline-pylock/pyodide-lock.json")
    );
    // Without a network and without a cache.
    let offline = |args: &str| {
        let mut command = world.command();
        command
            .args(args.split(' '))
            .env("FERROPY_INDEX_URL", "http://127.0.0.1:9/simple/");
        command
            .env("FERROPY_CACHE", world.path("cache2"))
            .output()
            .unwrap()
    };
    world.write("s.py", "# /// script\n# dependencies = ['app']\n# ///\n");
    let out = offline("run --locked offline-pyodide/pyodide-lock.json s.py");
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert_eq!(
        out.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let site = text.trim().strip_prefix("site=").unwrap();
    assert!(PathBuf::from(site).join("six.py").is_file());
    // A flipped byte is noticed.
    let wheel = world.path("offline-pyodide/six-1.17-py3-none-any.whl");
    let mut bytes = fs::read(&wheel).unwrap();
    bytes[40] ^= 1;
    fs::write(&wheel, bytes).unwrap();
    let out = offline("run --locked offline-pyodide/pyodide-lock.json s.py");
    assert_eq!(out.status.code(), Some(1));
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(
        text.contains("wrong content") && text.contains("six-1.17"),
        "{text}"
    );
}

/// pip's `pylock.toml` names wheels and hashes, and no more.
#[test]
fn what_other_tools_leave_out_is_read_from_the_wheels() {
    let world = World::new();
    world.good("lock app[speed] -o full.json");
    let full = world.json("full.json");
    let mut text = "lock-version = \"1.0\"\ncreated-by = \"pip\"\n".to_owned();
    for (name, package) in full["packages"].as_object().unwrap() {
        let entry = format!(
            "[[packages]]\nname = \"{name}\"\nversion = {}\n[[packages.wheels]]\nurl = {}\n[packages.wheels.hashes]\nsha256 = {}\n",
            package["version"], package["file_name"], package["sha256"]
        );
        text.push_str(&entry);
    }
    world.write("pylock.toml", &text);
    world.good("download pylock.toml -d off");
    let made = world.json("off/pyodide-lock.json");
    for (name, package) in full["packages"].as_object().unwrap() {
        for key in ["depends", "imports", "sha256", "size", "version"] {
            assert_eq!(made["packages"][name][key], package[key], "{name} {key}");
        }
    }
}

#[test]
fn a_locked_run_has_what_the_script_asks_for() {
    let world = World::new();
    world.good("lock six");
    world.write(
        "s.py",
        "# /// script\n# dependencies = ['lib>=1', 'six>2']\n# ///\n",
    );
    insta::assert_snapshot!(
        "locked_lacks",
        world.bad("run --locked pyodide-lock.json s.py", 1)
    );
    let text = world.read("pyodide-lock.json");
    let other = text.replace("\"abi_version\": \"", "\"abi_version\": \"1999_");
    world.write("other.json", &other);
    let text = world.bad("run --locked other.json s.py", 1);
    assert!(text.contains("1999_") && text.contains("ours:"), "{text}");
    assert!(
        world
            .bad("run --locked x.json --with six s.py", 2)
            .contains("--with")
    );
}

#[test]
fn trees_and_reasons() {
    let world = World::new();
    world.good("lock app pyyaml");
    insta::assert_snapshot!("tree", world.good("tree"));
    insta::assert_snapshot!("tree_inverted", world.good("tree --invert"));
    insta::assert_snapshot!("tree_depth", world.good("tree pyodide-lock.json --depth 1"));
    insta::assert_snapshot!("tree_json", world.good("tree --depth 1 --json"));
    insta::assert_snapshot!("why", world.good("why SIX"));
    assert_eq!(
        world.good("why app"),
        "app 1.0 is in pyodide-lock.json because of\n  itself: it was asked for, or nothing else needs it\n"
    );
    insta::assert_snapshot!("why_absent", world.bad("why numpy", 1));
    let json: Value = serde_json::from_str(&world.good("why six --json")).unwrap();
    assert_eq!(json["chains"], serde_json::json!([["app", "lib", "six"]]));
    fs::remove_file(world.path("pyodide-lock.json")).unwrap();
    insta::assert_snapshot!("no_lock", world.bad("tree", 1));
}

#[test]
fn credentials_stay_out() {
    let world = World::new();
    let url = world.index.url.replace("http://", "http://me:secret@");
    let out = world
        .command()
        .args(["lock", "app", "--index-url", &url])
        .output()
        .unwrap();
    assert_eq!(
        out.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    assert!(!world.read("pyodide-lock.json").contains("secret"));
}

#[test]
fn completions_know_the_commands() {
    let world = World::new();
    let text = world.good("completions bash");
    for word in [
        "lock",
        "download",
        "tree",
        "why",
        "--from-imports",
        "--upgrade-package",
    ] {
        assert!(text.contains(word), "{word}");
    }
}
