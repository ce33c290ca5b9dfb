//! Requirements in, `site-packages` out, against an index on loopback.

mod common;

use std::path::PathBuf;

use cache::Cache;
use common::Index;
use index::{Error, Options, Wanted};
use miette::Diagnostic;
use progress::Progress;
use serde_json::json;
use wheel::testing::Builder;

/// An index with a cache of its own.
struct World {
    index: Index,
    cache: Cache,
    dir: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            index: Index::start(),
            cache: Cache::at(dir.path().join("cache")).unwrap(),
            dir,
        }
    }

    fn options(&self) -> Options {
        Options {
            index_url: Some(self.index.url.clone()),
            ..Options::default()
        }
    }

    fn wanted(&self, wanted: &[&str]) -> Vec<Wanted> {
        wanted
            .iter()
            .map(|text| Wanted::parse(text, self.dir.path()).unwrap())
            .collect()
    }

    fn pick(&self, wanted: &[&str]) -> Result<Vec<String>, Error> {
        let picks = index::pick(
            &self.cache,
            &Progress::hidden(),
            &self.wanted(wanted),
            &self.options(),
        )?;
        Ok(picks
            .iter()
            .map(|c| format!("{} {}", c.name, c.version))
            .collect())
    }

    fn environment(&self, wanted: &[&str]) -> Result<PathBuf, Error> {
        self.environment_with(wanted, &self.options())
    }

    fn environment_with(&self, wanted: &[&str], options: &Options) -> Result<PathBuf, Error> {
        index::environment(
            &self.cache,
            &Progress::hidden(),
            &self.wanted(wanted),
            options,
            None,
        )
    }

    /// Nothing half-made may be where products are looked for.
    fn assert_no_products(&self) {
        for kind in ["wheels", "envs"] {
            let found = std::fs::read_dir(self.cache.dir().join(kind));
            assert!(found.is_err() || found.unwrap().next().is_none(), "{kind}");
        }
    }
}

fn demo(version: &str) -> Builder {
    Builder::new("demo", version).file("demo.py", format!("v = '{version}'\n").as_bytes())
}

fn help(error: &Error) -> String {
    error.help().unwrap().to_string()
}

#[test]
fn newest_compatible_with_its_dependencies() {
    let mut world = World::new();
    let platform = &pins::pins().abi.platform;
    world.index.add(&demo("1.0"));
    world
        .index
        .add(&demo("2.0").header("Requires-Dist: helper>=1 ; sys_platform == 'emscripten'"));
    world.index.add(&demo("3.0").tag("cp315-cp315-win_amd64"));
    world
        .index
        .add_with(&demo("4.0"), json!({ "requires-python": "<3.15" }));
    world
        .index
        .add_with(&demo("5.0"), json!({ "yanked": "broken" }));
    world.index.add(&demo("6.0rc1"));
    world.index.name_only("demo-7.0.tar.gz");
    let native = format!("cp315-cp315-{platform}");
    world.index.add(
        &Builder::new("helper", "1.5").header("Requires-Dist: windows-only ; os_name == 'nt'"),
    );
    world.index.add(
        &Builder::new("helper", "1.5")
            .tag(&native)
            .file("helper.so", b"x"),
    );
    assert_eq!(world.pick(&["demo"]).unwrap(), ["demo 2.0", "helper 1.5"]);
    assert_eq!(world.pick(&["demo<2"]).unwrap(), ["demo 1.0"]);
    assert_eq!(world.pick(&["demo==5.0"]).unwrap(), ["demo 5.0"]);
    assert_eq!(world.pick(&["demo>=6rc1"]).unwrap(), ["demo 6.0rc1"]);
    let site = world.environment(&["demo"]).unwrap();
    assert_eq!(
        std::fs::read_to_string(site.join("demo.py")).unwrap(),
        "v = '2.0'\n"
    );
    assert!(
        site.join("helper.so").is_file(),
        "the wheel for our platform is better"
    );
    assert_eq!(
        std::fs::read_to_string(site.join("demo-2.0.dist-info/INSTALLER")).unwrap(),
        "ferropy\n"
    );
    assert!(!site.join("demo-2.0.dist-info/direct_url.json").exists());
}

#[test]
fn extras_and_constraints_from_several_sides() {
    let mut world = World::new();
    world.index.add(
        &demo("1")
            .header("Provides-Extra: cli")
            .header("Requires-Dist: helper<3")
            .header("Requires-Dist: colour ; extra == 'cli'"),
    );
    for version in ["1", "2", "3"] {
        world.index.add(&Builder::new("helper", version));
    }
    world
        .index
        .add(&Builder::new("colour", "1").header("Requires-Dist: helper!=2"));
    assert_eq!(world.pick(&["demo"]).unwrap(), ["demo 1", "helper 2"]);
    assert_eq!(
        world.pick(&["demo[cli]"]).unwrap(),
        ["colour 1", "demo 1", "helper 1"]
    );
    assert_eq!(
        world.pick(&["demo; python_version < '3'"]).unwrap(),
        Vec::<String>::new()
    );
}

#[test]
fn a_conflict_names_both_sides() {
    let mut world = World::new();
    world
        .index
        .add(&demo("1").header("Requires-Dist: helper<2"));
    world.index.add(&Builder::new("helper", "1"));
    world.index.add(&Builder::new("helper", "2"));
    let error = world.pick(&["demo", "helper>=2"]).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::Resolution(_)), "{text}");
    assert!(text.contains("demo 1 needs helper<2"), "{text}");
    assert!(text.contains("you ask for helper>=2"), "{text}");
}

#[test]
fn missing_and_unusable_projects_say_why() {
    let mut world = World::new();
    let error = world.pick(&["nowhere"]).unwrap_err();
    assert!(
        error.to_string().contains("no package «nowhere»"),
        "{error}"
    );
    assert!(help(&error).contains(&world.index.url));
    world.index.name_only("sources-1.0.tar.gz");
    let error = world.pick(&["sources"]).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("only a source archive (sources-1.0.tar.gz)"),
        "{error}"
    );
    world
        .index
        .name_only("native-1.0-cp315-cp315-manylinux_2_28_x86_64.whl");
    let error = world.pick(&["native"]).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("cp315-cp315-manylinux_2_28_x86_64"), "{text}");
    assert!(
        help(&error).contains(&pins::pins().abi.platform),
        "{}",
        help(&error)
    );
}

#[test]
fn wrong_hash_keeps_nothing() {
    let mut world = World::new();
    world.index.add_with(
        &demo("1"),
        json!({ "hashes": { "sha256": "00".repeat(32) } }),
    );
    let error = world.environment(&["demo"]).unwrap_err();
    assert!(matches!(error, Error::Hash { .. }), "{error}");
    assert!(error.to_string().contains(&"00".repeat(32)), "{error}");
    world.assert_no_products();
}

#[test]
fn wrong_metadata_hash_is_refused() {
    let mut world = World::new();
    world.index.add_with(
        &demo("1"),
        json!({ "core-metadata": { "sha256": "11".repeat(32) } }),
    );
    let error = world.pick(&["demo"]).unwrap_err();
    assert!(matches!(error, Error::Hash { .. }), "{error}");
}

#[test]
fn file_that_answers_404() {
    let mut world = World::new();
    world.index.add(&demo("1"));
    world.index.forget("/files/demo-1-py3-none-any.whl");
    let error = world.environment(&["demo"]).unwrap_err();
    assert!(error.to_string().contains("404"), "{error}");
    world.assert_no_products();
}

#[test]
fn truncated_downloads_are_tried_again_then_refused() {
    let mut world = World::new();
    world.index.add(&demo("1"));
    let path = "/files/demo-1-py3-none-any.whl";
    world.index.change(path, |page| page.cut = Some(100));
    let error = world.environment(&["demo"]).unwrap_err();
    assert!(error.is_network(), "{error}");
    assert!(error.to_string().contains("100"), "{error}");
    assert_eq!(world.index.hits("any.whl"), 4);
    world.assert_no_products();
    world.index.change(path, |page| page.cut = None);
    world.environment(&["demo"]).unwrap();
}

#[test]
fn passing_server_errors_are_survived() {
    let mut world = World::new();
    world.index.add(&demo("1"));
    world.index.change("/simple/demo/", |page| page.fails = 2);
    assert_eq!(world.pick(&["demo"]).unwrap(), ["demo 1"]);
    assert_eq!(world.index.hits("/simple/demo/"), 3);
}

#[test]
fn answers_are_remembered_and_serve_without_a_network() {
    let mut world = World::new();
    world.index.add(&demo("1"));
    let first = world.environment(&["demo"]).unwrap();
    let hits = world.index.log().len();
    world.index.add(&demo("2"));
    assert_eq!(world.environment(&["demo"]).unwrap(), first);
    assert_eq!(
        world.index.log().len(),
        hits,
        "a fresh answer needs no request"
    );
    let refresh = Options {
        refresh: true,
        ..world.options()
    };
    let second = world.environment_with(&["demo"], &refresh).unwrap();
    assert_ne!(second, first);
}

#[test]
fn no_network_is_said_plainly() {
    let world = World::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let options = Options {
        index_url: Some(format!("http://127.0.0.1:{port}/simple/")),
        refresh: false,
        ..Options::default()
    };
    let error = world.environment_with(&["demo"], &options).unwrap_err();
    assert!(error.is_network(), "{error}");
    assert!(error.to_string().contains(&port.to_string()), "{error}");
    assert!(help(&error).contains("HTTPS_PROXY"));
}

#[test]
fn html_indexes_without_metadata_files() {
    let world = World::new();
    let wheel = demo("1").header("Requires-Dist: helper");
    world.index.page(
        "/files/demo-1-py3-none-any.whl",
        "application/zip",
        &wheel.bytes(),
    );
    let helper = Builder::new("helper", "1");
    world.index.page(
        "/files/helper-1-py3-none-any.whl",
        "application/zip",
        &helper.bytes(),
    );
    for name in ["demo", "helper"] {
        let html = format!("<html><a href='/files/{name}-1-py3-none-any.whl'>x</a></html>");
        world
            .index
            .page(&format!("/simple/{name}/"), "text/html", html.as_bytes());
    }
    let site = world.environment(&["demo"]).unwrap();
    assert!(site.join("helper-1.dist-info").is_dir());
    // This server does not do ranges, which is found out once.
    assert_eq!(world.index.hits("demo-1-py3-none-any.whl"), 2);
    assert_eq!(world.index.hits("helper-1-py3-none-any.whl"), 1);
}

#[test]
fn logins_go_to_their_server_only() {
    let mut world = World::new();
    world.index.add(&demo("1"));
    let options = Options {
        index_url: Some(world.index.url.replace("http://", "http://me:s%40fe@")),
        refresh: false,
        ..Options::default()
    };
    world.environment_with(&["demo"], &options).unwrap();
    // "me:s@fe" in base64.
    let seen = world.index.logins();
    let all = seen.iter().all(|(_, login)| login == "Basic bWU6c0BmZQ==");
    assert!(!seen.is_empty() && all, "{seen:?}");
    let kept = std::fs::read_dir(world.cache.dir().join("resolutions")).unwrap();
    for file in kept {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(!text.contains("s%40fe") && !text.contains("s@fe"), "{text}");
    }
}

#[test]
fn indexes_of_one_server_have_their_own_logins() {
    let mut world = World::new();
    world.index.add(&demo("1").header("Requires-Dist: other"));
    let other = Builder::new("other", "1");
    let name = other.file_name();
    let page = format!("<a href='../../files/{name}'>{name}</a>");
    let index = &world.index;
    index.page("/two/simple/other/", "text/html", page.as_bytes());
    index.page(
        &format!("/two/files/{name}"),
        "application/zip",
        &other.bytes(),
    );
    let (first, second) = (&index.url, index.url.replace("/simple/", "/two/simple/"));
    let options = Options {
        index_url: Some(first.replace("http://", "http://one:1@")),
        extra_index_urls: vec![second.replace("http://", "http://two:2@")],
        ..Options::default()
    };
    world.environment_with(&["demo"], &options).unwrap();
    let seen = world.index.logins();
    // "one:1" and "two:2" in base64.
    for (path, login) in &seen {
        let two = path.starts_with("/two/");
        let own = if two {
            "Basic dHdvOjI="
        } else {
            "Basic b25lOjE="
        };
        assert_eq!(login, own, "{path}");
    }
    for path in [format!("/two/files/{name}"), "/simple/demo/".to_owned()] {
        assert!(
            seen.iter().any(|(seen, _)| *seen == path),
            "{path} {seen:?}"
        );
    }
}

#[test]
fn files_and_urls() {
    let mut world = World::new();
    world.index.add(&Builder::new("helper", "1"));
    let file = demo("1")
        .header("Requires-Dist: helper")
        .write(world.dir.path());
    let site = world.environment(&["demo-1-py3-none-any.whl"]).unwrap();
    assert!(site.join("helper-1.dist-info").is_dir());
    let url = std::fs::read_to_string(site.join("demo-1.dist-info/direct_url.json")).unwrap();
    assert!(url.contains("file://") && url.contains("sha256"), "{url}");
    // The same name with other content is another environment.
    std::thread::sleep(std::time::Duration::from_millis(20));
    std::fs::write(&file, demo("1").file("new.py", b"").bytes()).unwrap();
    let again = world.environment(&["demo-1-py3-none-any.whl"]).unwrap();
    assert!(again.join("new.py").is_file());

    let url = world
        .index
        .url
        .replace("/simple/", "/files/demo-1-py3-none-any.whl");
    world.index.page(
        "/files/demo-1-py3-none-any.whl",
        "application/zip",
        &demo("1").bytes(),
    );
    for wanted in [url.clone(), format!("demo @ {url}")] {
        let site = world.environment(&[&wanted]).unwrap();
        assert!(site.join("demo.py").is_file(), "{wanted}");
    }
    let wrong = format!("other @ {url}");
    assert!(
        world
            .environment(&[&wrong])
            .unwrap_err()
            .to_string()
            .contains("is of demo")
    );
}

#[test]
fn bad_wheels_are_named_and_leave_nothing() {
    let mut world = World::new();
    let name = "native-1.0-cp315-cp315-manylinux_2_28_x86_64.whl";
    std::fs::write(world.dir.path().join(name), b"").unwrap();
    let error = world.environment(&[name]).unwrap_err();
    assert!(error.to_string().contains("its tags"), "{error}");
    assert!(
        error.to_string().contains(&pins::pins().abi.platform),
        "{error}"
    );

    let broken = "broken-1-py3-none-any.whl";
    std::fs::write(world.dir.path().join(broken), b"PK no zip").unwrap();
    let error = world.environment(&[broken]).unwrap_err();
    assert!(error.to_string().contains("not a sound zip"), "{error}");

    world
        .index
        .add(&Builder::new("slip", "1").file("../../evil.py", b"boo"));
    let error = world.environment(&["slip"]).unwrap_err();
    assert!(error.to_string().contains("unsafe path"), "{error}");
    assert!(!world.dir.path().join("evil.py").exists());
    let envs = world.cache.dir().join("envs");
    assert!(!envs.exists() || envs.read_dir().unwrap().next().is_none());
}

/// Stands in for the sandbox: checks what it is given and writes the wheel it has.
struct Stub(Option<Builder>);

impl index::Builder for Stub {
    fn build(&self, source: &index::Source<'_>) -> Result<(), String> {
        assert!(source.archive.ends_with("demo-1.tar.gz"));
        assert!(
            source.site.join("tool.py").is_file(),
            "the build's requirements are there"
        );
        assert_eq!(source.system.build_backend, "tool:backend");
        assert_eq!(source.system.backend_path, ["inner"]);
        let wheel = self.0.as_ref().ok_or("it did not compile")?;
        let _ = wheel.write(source.out);
        Ok(())
    }
}

#[test]
fn source_archives_go_to_the_builder_when_no_wheel_fits() {
    let mut world = World::new();
    world
        .index
        .add(&Builder::new("tool", "1").file("tool.py", b""));
    let toml = "[build-system]\nrequires = ['tool']\nbuild-backend = 'tool:backend'\nbackend-path = ['inner']\n";
    world.index.source(
        "demo-1.tar.gz",
        &[("pyproject.toml", toml), ("inner/x.py", "")],
    );
    world.index.add(&demo("2").tag("cp315-cp315-win_amd64"));
    let build = |stub: &Stub| {
        index::environment(
            &world.cache,
            &Progress::hidden(),
            &world.wanted(&["demo"]),
            &world.options(),
            Some(stub),
        )
    };
    let error = build(&Stub(None)).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("demo-1.tar.gz: it did not compile"),
        "{error}"
    );
    let native = demo("1").tag("cp315-cp315-linux_x86_64");
    let error = build(&Stub(Some(native))).unwrap_err();
    assert!(error.to_string().contains("linux_x86_64"), "{error}");
    world.cache.clean(Some("built")).unwrap();
    let site = build(&Stub(Some(demo("1")))).unwrap();
    assert!(site.join("demo.py").is_file());
    assert!(
        !site.join("tool.py").exists(),
        "the build's requirements stay out"
    );
}

#[test]
fn requirements_that_cannot_be_read() {
    for text in ["", "demo>>1", "demo[", "gone-1-py3-none-any.whl"] {
        let error = Wanted::parse(text, std::path::Path::new("/nonexistent")).unwrap_err();
        assert!(error.help().is_some(), "{text}: {error}");
    }
}
