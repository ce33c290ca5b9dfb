//! What is written is read back, to the byte; and what the peer, uv and pip write is read.

mod common;

use common::{Target, interpreter, lock};
use lock::{Graph, pylock, pyodide};

#[test]
fn both_formats_keep_everything() {
    let target = Target::new();
    let lock = lock();
    let json = pyodide::write(&lock);
    assert_eq!(pyodide::read(&json, "x").unwrap(), lock);
    assert_eq!(pyodide::write(&pyodide::read(&json, "x").unwrap()), json);
    let toml = pylock::write(&lock);
    let read = pylock::read(&toml, "x", &target.choice()).unwrap();
    assert_eq!(read, lock);
    assert_eq!(pylock::write(&read), toml);
    insta::assert_snapshot!("pyodide", json);
    insta::assert_snapshot!("pylock", toml);
}

#[test]
fn the_peers_own_lock_file() {
    let text = include_str!("files/peer.json");
    let lock = pyodide::read(text, "peer.json").unwrap();
    assert_eq!(lock.packages.len(), 5);
    let again = pyodide::read(&pyodide::write(&lock), "again").unwrap();
    assert_eq!(again, lock);
    let error = lock.check(&interpreter(), "peer.json").unwrap_err();
    insta::assert_snapshot!(error.to_string(), @r"
    peer.json: it is for another interpreter
      the file's: Python 3.15, ABI 2026_5, wasm32
      ours:       Python 3.15, ABI 1, wasm32
    ");
}

#[test]
fn what_uv_writes() {
    let target = Target::new();
    let text = include_str!("files/uv.pylock.toml");
    let lock = pylock::read(text, "uv", &target.choice()).unwrap();
    let picked: Vec<String> = lock.packages.values().map(|p| p.file.file_name()).collect();
    // colorama is for Windows only.
    assert_eq!(picked, ["click-8.1.8-py3-none-any.whl"]);
}

#[test]
fn what_pip_writes() {
    let target = Target::new();
    let text = include_str!("files/pip.pylock.toml");
    let lock = pylock::read(text, "pip", &target.choice()).unwrap();
    let click = &lock.packages[&"click".parse().unwrap()];
    assert_eq!(click.version, "8.1.8");
    assert_eq!(lock.interpreter, interpreter());
}

#[test]
fn trees_and_chains() {
    let lock = lock();
    let graph = Graph::new(&lock);
    let roots = graph.tops(false);
    assert_eq!(roots.iter().map(AsRef::as_ref).collect::<Vec<_>>(), ["app"]);
    insta::assert_debug_snapshot!("tree", graph.tree(&roots, false, usize::MAX));
    let right = "right".parse().unwrap();
    let chains = graph.why(&right);
    let chain: Vec<&str> = chains[0].iter().map(AsRef::as_ref).collect();
    assert_eq!(chain, ["app", "left", "right"]);
    let upwards = graph.tree(&[&right], true, 1);
    assert_eq!(upwards[0].children[0].name.as_ref(), "left");
    assert!(upwards[0].children[0].cut, "there is more above it");
    assert!(graph.why(&"absent".parse().unwrap()).is_empty());
}

#[test]
fn packages_that_only_need_each_other_are_shown() {
    let mut lock = lock();
    lock.requirements.clear();
    lock.packages.remove(&"app".parse().unwrap());
    let graph = Graph::new(&lock);
    assert_eq!(graph.tops(false).len(), 1);
    assert_eq!(graph.tops(true).len(), 1);
}
