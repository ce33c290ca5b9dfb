//! How pages and metadata come: validators, ranges, damage, hostile servers.

mod common;

use cache::Cache;
use common::Index;
use index::{Error, Options, Wanted};
use progress::Progress;
use wheel::testing::Builder;

struct World {
    index: Index,
    cache: Cache,
    dir: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::at(dir.path().join("cache")).unwrap();
        Self {
            index: Index::start(),
            cache,
            dir,
        }
    }

    fn pick(&self, wanted: &str) -> Result<String, Error> {
        self.pick_with(wanted, false)
    }

    fn pick_with(&self, wanted: &str, refresh: bool) -> Result<String, Error> {
        let options = Options {
            index_url: Some(self.index.url.clone()),
            refresh,
            ..Options::default()
        };
        let wanted = [Wanted::parse(wanted, self.dir.path())?];
        let picks = index::pick(&self.cache, &Progress::hidden(), &wanted, &options)?;
        let picks = picks.iter().map(|p| format!("{} {}", p.name, p.version));
        Ok(picks.collect::<Vec<_>>().join(", "))
    }

    /// The wheel without metadata beside it, on an HTML page.
    fn html(&self, wheel: &Builder) {
        let name = wheel.file_name();
        self.index
            .page(&format!("/files/{name}"), "application/zip", &wheel.bytes());
        let project = name.split('-').next().unwrap();
        let html = format!("<html><a href='/files/{name}'>x</a></html>");
        self.index
            .page(&format!("/simple/{project}/"), "text/html", html.as_bytes());
    }
}

#[test]
fn fresh_pages_need_no_request_and_old_ones_only_a_confirmation() {
    let mut world = World::new();
    world.index.add(&Builder::new("demo", "1"));
    world.index.change("/simple/demo/", |page| {
        page.headers = vec!["ETag: \"a\"".into(), "Cache-Control: max-age=600".into()];
    });
    assert_eq!(world.pick("demo").unwrap(), "demo 1");
    let hits = world.index.log().len();
    assert_eq!(world.pick("demo").unwrap(), "demo 1");
    assert_eq!(world.index.log().len(), hits);
    assert_eq!(world.pick_with("demo", true).unwrap(), "demo 1");
    assert_eq!(world.index.hits("/simple/demo/"), 2);
    // A page that changed is taken as it is now.
    world.index.add(&Builder::new("demo", "2"));
    assert_eq!(world.pick("demo").unwrap(), "demo 1");
    assert_eq!(world.pick_with("demo", true).unwrap(), "demo 2");
}

#[test]
fn pages_that_must_not_be_kept_are_asked_for_again() {
    let mut world = World::new();
    world.index.add(&Builder::new("demo", "1"));
    world.index.change("/simple/demo/", |page| {
        page.headers = vec!["Cache-Control: no-cache".into()];
    });
    world.pick("demo").unwrap();
    world.pick("demo").unwrap();
    assert_eq!(world.index.hits("/simple/demo/"), 2);
}

#[test]
fn damaged_cache_entries_are_fetched_again() {
    let mut world = World::new();
    let demo = Builder::new("demo", "1").header("Requires-Dist: helper");
    world.index.add(&demo);
    world.index.add(&Builder::new("helper", "1"));
    assert_eq!(world.pick("demo").unwrap(), "demo 1, helper 1");
    let hits = world.index.log().len();
    let mut damaged = 0;
    for folder in ["pages", "metadata"] {
        for file in std::fs::read_dir(world.cache.dir().join(folder)).unwrap() {
            let path = file.unwrap().path();
            let mut bytes = std::fs::read(&path).unwrap();
            let at = bytes.len() / 2;
            bytes[at] ^= 1;
            std::fs::write(&path, bytes).unwrap();
            damaged += 1;
        }
    }
    assert_eq!(world.pick("demo").unwrap(), "demo 1, helper 1");
    assert_eq!(world.index.log().len(), hits + damaged);
}

#[test]
fn metadata_comes_from_inside_a_wheel_in_ranges() {
    let world = World::new();
    let noise: Vec<u8> = (0..400_000_u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 24).to_le_bytes()[0])
        .collect();
    let demo = Builder::new("demo", "1")
        .header("Requires-Dist: helper")
        .file("demo.bin", &noise);
    world.html(&demo);
    world.html(&Builder::new("helper", "1"));
    for name in ["demo", "helper"] {
        let path = format!("/files/{name}-1-py3-none-any.whl");
        world.index.change(&path, |page| page.ranges = true);
    }
    assert_eq!(world.pick("demo").unwrap(), "demo 1, helper 1");
    assert!(
        !world.cache.dir().join("wheels").exists(),
        "no wheel was fetched"
    );
    let log = world.index.log();
    assert!(log.iter().any(|line| line.starts_with("range /files/demo")));
}

#[test]
fn redirects_stay_on_the_web() {
    let world = World::new();
    world.index.page("/simple/demo/", "text/html", b"");
    for to in ["file:///etc/passwd", "ftp://h.test/", "/simple/demo/"] {
        world.index.change("/simple/demo/", |page| {
            page.status = 302;
            page.headers = vec![format!("Location: {to}")];
        });
        let error = world.pick("demo").unwrap_err();
        let text = error.to_string();
        let named = text.contains("redirect") || text.contains("scheme is not allowed");
        assert!(named, "{to}: {text}");
    }
}

#[test]
fn an_error_page_called_json_is_named() {
    let world = World::new();
    let kind = "application/vnd.pypi.simple.v1+json";
    world.index.page("/simple/demo/", kind, b"<html>502</html>");
    let text = world.pick("demo").unwrap_err().to_string();
    assert!(text.contains("is HTML"), "{text}");
}

#[test]
fn packages_cannot_ask_for_local_files() {
    let mut world = World::new();
    let path = Builder::new("helper", "1").write(world.dir.path());
    let header = format!("Requires-Dist: helper @ file://{}", path.display());
    world.index.add(&Builder::new("demo", "1").header(&header));
    let text = world.pick("demo").unwrap_err().to_string();
    assert!(text.contains("a file on this machine"), "{text}");
}

#[test]
fn all_that_an_index_offers_of_projects() {
    let mut world = World::new();
    world.index.add(&Builder::new("demo", "2"));
    world.index.add(&Builder::new("demo", "1"));
    world.index.name_only("demo-3.tar.gz");
    let options = Options {
        index_url: Some(world.index.url.clone()),
        ..Options::default()
    };
    let first = index::indexes(&world.cache, &options, true)
        .unwrap()
        .remove(0);
    assert_eq!(first.url.as_str(), world.index.url);
    let names = ["nowhere", "demo"].map(|name| name.parse().unwrap());
    for _ in 0..2 {
        let all = index::offered(&world.cache, &Progress::hidden(), &first, &names).unwrap();
        let [None, Some(files)] = &all[..] else {
            panic!("{all:?}");
        };
        let files: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        let wheel = |version| format!("demo-{version}-py3-none-any.whl");
        assert_eq!(files, [&wheel(1), &wheel(2), "demo-3.tar.gz"]);
    }
    assert_eq!(world.index.hits("/demo/"), 1, "the second time it is known");
}
