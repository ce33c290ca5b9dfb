//! Products: whole or absent, whatever happens to the process that builds them.
//!
//! The tests that need a second process start this test binary again with `CACHE_TEST_ROLE` set.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cache::{Cache, Error, Holder, Key, Product};

fn key() -> Key {
    Key::of("test").finish()
}

fn product(key: &Key) -> Product<'_> {
    Product {
        kind: "thing",
        key,
        what: "the thing",
        needs: 0,
    }
}

fn no_wait(holder: &Holder) {
    panic!("nobody else builds: {holder}");
}

/// Starts this binary again, in the test named `role`, against the cache in `dir`.
fn again(role: &str, dir: &Path) -> Child {
    Command::new(std::env::current_exe().expect("own path"))
        .args([role, "--exact", "--nocapture", "--ignored"])
        .env("CACHE_TEST_DIR", dir)
        .stdout(Stdio::piped())
        .spawn()
        .expect("start a second process")
}

fn wait_for_line(child: &mut Child, wanted: &str) {
    let out = child.stdout.as_mut().expect("piped");
    for line in BufReader::new(out).lines() {
        if line.expect("text").contains(wanted) {
            return;
        }
    }
    panic!("the second process ended without saying {wanted:?}");
}

fn other_cache() -> Cache {
    Cache::at(std::env::var_os("CACHE_TEST_DIR").expect("run by another test")).expect("cache")
}

/// Builds half of the product, says so, and sleeps until it is killed or half a second passes.
fn half_then(seconds: f32) {
    let key = key();
    other_cache()
        .product::<Error>(
            product(&key),
            |_| {},
            |build| {
                fs::write(build.dir().join("half"), "1").expect("write");
                fs::write(build.work().expect("work").join("state"), "kept").expect("write");
                println!("HALF DONE");
                std::thread::sleep(Duration::from_secs_f32(seconds));
                fs::write(build.dir().join("whole"), "by the second process").expect("write");
                Ok(())
            },
        )
        .expect("build");
}

#[test]
#[ignore = "the second process of other tests"]
fn role_half_then_killed() {
    half_then(60.0);
}

#[test]
#[ignore = "the second process of other tests"]
fn role_half_then_whole() {
    half_then(0.7);
}

#[test]
fn a_product_is_built_once() {
    let dir = tempfile::tempdir().expect("temp dir");
    let cache = Cache::at(dir.path()).expect("cache");
    let key = key();
    let builds = AtomicU32::new(0);
    for _ in 0..2 {
        let path = cache
            .product::<Error>(product(&key), no_wait, |build| {
                builds.fetch_add(1, Ordering::Relaxed);
                fs::write(build.dir().join("file"), "x").expect("write");
                Ok(())
            })
            .expect("build");
        assert_eq!(fs::read_to_string(path.join("file")).expect("read"), "x");
    }
    assert_eq!(builds.into_inner(), 1);
}

#[test]
fn a_failed_build_leaves_no_product_and_keeps_its_scratch() {
    let dir = tempfile::tempdir().expect("temp dir");
    let cache = Cache::at(dir.path()).expect("cache");
    let key = key();
    let error = cache
        .product::<Error>(product(&key), no_wait, |build| {
            fs::write(build.dir().join("file"), "x").expect("write");
            fs::write(build.work()?.join("state"), "kept").expect("write");
            Err(Error::NoPlace)
        })
        .expect_err("must fail");
    assert!(matches!(error, Error::NoPlace));
    assert_eq!(cache.lookup("thing", &key), None);
    cache
        .product::<Error>(product(&key), no_wait, |build| {
            assert!(
                !build.dir().join("file").exists(),
                "starts from an empty folder"
            );
            assert_eq!(
                fs::read_to_string(build.work()?.join("state")).expect("read"),
                "kept"
            );
            Ok(())
        })
        .expect("build");
    assert_eq!(
        fs::read_dir(dir.path().join("work")).expect("read").count(),
        0
    );
}

#[test]
fn a_killed_build_is_never_used_and_is_swept() {
    let dir = tempfile::tempdir().expect("temp dir");
    let cache = Cache::at(dir.path()).expect("cache");
    let mut child = again("role_half_then_killed", dir.path());
    wait_for_line(&mut child, "HALF DONE");
    child.kill().expect("kill");
    child.wait().expect("wait");
    let key = key();
    assert_eq!(cache.lookup("thing", &key), None);
    // A build of something else removes what the killed one left behind.
    let other = Key::of("other").finish();
    cache
        .product::<Error>(product(&other), no_wait, |_| Ok(()))
        .expect("build");
    assert_eq!(
        fs::read_dir(dir.path().join("tmp")).expect("read").count(),
        0
    );
    let path = cache
        .product::<Error>(product(&key), no_wait, |build| {
            assert_eq!(fs::read_dir(build.dir()).expect("read").count(), 0);
            Ok(())
        })
        .expect("build");
    assert!(!path.join("half").exists());
}

#[test]
fn two_builds_at_once_wait_for_each_other() {
    let dir = tempfile::tempdir().expect("temp dir");
    let cache = Cache::at(dir.path()).expect("cache");
    let mut child = again("role_half_then_whole", dir.path());
    wait_for_line(&mut child, "HALF DONE");
    let key = key();
    let mut said = String::new();
    let path = cache
        .product::<Error>(
            product(&key),
            |holder| said = holder.to_string(),
            |_| panic!("the other process builds it"),
        )
        .expect("wait");
    assert_eq!(
        said,
        format!(
            "waiting for another ferropy (pid {}) that builds the thing",
            child.id()
        )
    );
    assert_eq!(
        fs::read_to_string(path.join("whole")).expect("read"),
        "by the second process"
    );
    assert!(child.wait().expect("wait").success());
}

#[test]
fn tools_that_outlive_a_build_keep_the_lock() {
    let dir = tempfile::tempdir().expect("temp dir");
    let cache = Cache::at(dir.path()).expect("cache");
    let key = key();
    let mut tool = None;
    cache
        .product::<Error>(product(&key), no_wait, |build| {
            let mut sleep = Command::new("sleep");
            sleep.arg("0.5").stdin(build.lock_handle()?);
            tool = Some(sleep.spawn().expect("start sleep"));
            Err(Error::NoPlace)
        })
        .expect_err("as if killed");
    let mut waited = false;
    cache
        .product::<Error>(product(&key), |_| waited = true, |_| Ok(()))
        .expect("build");
    assert!(waited);
    tool.expect("started").wait().expect("wait");
}

#[test]
fn too_little_space_is_said_before_the_build_starts() {
    let dir = tempfile::tempdir().expect("temp dir");
    let cache = Cache::at(dir.path()).expect("cache");
    let key = key();
    let error = cache
        .product::<Error>(
            Product {
                needs: u64::MAX,
                ..product(&key)
            },
            no_wait,
            |_| panic!("must not start"),
        )
        .expect_err("must fail");
    let text = error.to_string();
    assert!(
        text.contains("not enough disk space for the thing"),
        "{text}"
    );
    assert!(text.contains(&dir.path().display().to_string()), "{text}");
    assert!(text.contains("FERROPY_CACHE"), "{text}");
}

#[test]
fn a_disk_that_fills_up_is_named_and_leaves_nothing() {
    let dir = tempfile::tempdir().expect("temp dir");
    let mount = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
        .arg(dir.path())
        .stderr(Stdio::null())
        .status();
    if !mount.is_ok_and(|status| status.success()) {
        eprintln!("skipped: mounting a small tmpfs needs root");
        return;
    }
    let outcome = std::panic::catch_unwind(|| {
        let cache = Cache::at(dir.path()).expect("cache");
        let key = key();
        let error = cache
            .product::<Error>(product(&key), no_wait, |build| {
                let file = build.dir().join("big");
                fs::write(&file, vec![1; 4 << 20]).map_err(|e| Error::io("write", file, e))
            })
            .expect_err("must fail");
        assert!(
            error.to_string().contains("not enough disk space"),
            "{error}"
        );
        assert_eq!(cache.lookup("thing", &key), None);
        assert_eq!(
            fs::read_dir(dir.path().join("tmp")).expect("read").count(),
            0
        );
    });
    assert!(
        Command::new("umount")
            .arg(dir.path())
            .status()
            .expect("umount")
            .success()
    );
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn size_and_clean_see_everything() {
    let dir = tempfile::tempdir().expect("temp dir");
    let cache = Cache::at(dir.path()).expect("cache");
    assert_eq!(cache.size().expect("size"), []);
    for name in ["a", "b"] {
        let key = Key::of(name).finish();
        cache
            .product::<Error>(product(&key), no_wait, |build| {
                fs::write(build.dir().join("file"), vec![0; 8192]).expect("write");
                Ok(())
            })
            .expect("build");
    }
    let sizes = cache.size().expect("size");
    let thing = sizes
        .iter()
        .find(|size| size.kind == "thing")
        .expect("listed");
    assert_eq!(thing.products, 2);
    assert!(thing.bytes >= 2 * 8192, "{thing:?}");
    assert_eq!(cache.clean(Some("nothing")).expect("clean"), 0);
    assert!(cache.clean(None).expect("clean") >= 2 * 8192);
    assert!(!dir.path().join("thing").exists());
}

#[test]
fn pruning_keeps_the_newest() {
    let dir = tempfile::tempdir().expect("temp dir");
    let cache = Cache::at(dir.path()).expect("cache");
    let keys: Vec<Key> = ["a", "b", "c"]
        .into_iter()
        .map(|name| Key::of(name).finish())
        .collect();
    for key in &keys {
        cache
            .product::<Error>(product(key), no_wait, |_| Ok(()))
            .expect("build");
        std::thread::sleep(Duration::from_millis(20));
    }
    cache.prune("thing", 2).expect("prune");
    let left: Vec<bool> = keys
        .iter()
        .map(|key| cache.lookup("thing", key).is_some())
        .collect();
    assert_eq!(left, [false, true, true]);
    cache.prune("no such kind", 0).expect("nothing to prune");
}

#[test]
fn what_is_mounted_in_a_leftover_is_never_removed() {
    let dir = tempfile::tempdir().expect("temp dir");
    let leftover = dir.path().join("left over");
    let inside = leftover.join("proc");
    fs::create_dir_all(&inside).expect("mkdir");
    let mount = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
        .arg(&inside)
        .stderr(Stdio::null())
        .status();
    if !mount.is_ok_and(|status| status.success()) {
        eprintln!("skipped: mounting needs root");
        return;
    }
    fs::write(inside.join("theirs"), "precious").expect("write");
    let removed = cache::remove_tree(&leftover);
    let survived = inside.join("theirs").exists();
    assert!(
        Command::new("umount")
            .arg(&inside)
            .status()
            .expect("umount")
            .success()
    );
    let error = removed.expect_err("must refuse").to_string();
    assert!(
        survived && error.contains("umount") && error.contains("left over/proc"),
        "{error}"
    );
    cache::remove_tree(&leftover).expect("nothing is mounted any more");
    assert!(!leftover.exists());
}
