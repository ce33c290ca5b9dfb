//! Sources from places that misbehave: every failure is named, and nothing bad stays in the cache.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::thread;

use cache::Cache;
use pins::Source;
use progress::Progress;
use toolchain::fetch::{Place, fetch_from, source_key};
use toolchain::{Error, Problem};

const CONTENT: &str = "the pinned content\n";

fn source() -> Source {
    Source {
        version: "1".into(),
        // sha256sum of CONTENT
        sha256: "68b73066bea33b7667ae5b54dbaa9623c527dbbead4663cda8f8bad3669f0f97".into(),
        file: "thing-1.tar.xz".into(),
        upstream: String::new(),
        debian: String::new(),
    }
}

/// Answers every connection with `answer` and closes it. Returns the server's URL.
fn server(answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
    let url = format!("http://{}", listener.local_addr().expect("address"));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("accept");
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).expect("request");
            stream.write_all(answer.as_bytes()).expect("answer");
        }
    });
    url
}

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn get(cache: &Path, places: &[Place]) -> Result<String, Error> {
    let cache = Cache::at(cache).expect("cache");
    let progress = Progress::hidden();
    let step = progress.step("Fetch", "a test");
    let path = fetch_from(&cache, &step, &source(), places)?;
    Ok(fs::read_to_string(path).expect("read"))
}

fn problems(error: &Error) -> Vec<Problem> {
    match error {
        Error::Source { tried, .. } => tried
            .iter()
            .map(|attempt| attempt.problem.clone())
            .collect(),
        other => panic!("not a source error: {other}"),
    }
}

#[test]
fn the_first_place_with_the_right_content_wins() {
    let dir = tempfile::tempdir().expect("temp dir");
    let local = dir.path().join("sources/thing-1.tar.xz");
    let places = [
        Place::File(local.clone()),
        Place::Url(format!(
            "{}/missing",
            server(
                "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".into()
            )
        )),
        Place::Url(format!("{}/wrong", server(ok("something else\n")))),
        Place::Url(format!("{}/right", server(ok(CONTENT)))),
    ];
    assert_eq!(
        get(&dir.path().join("cache"), &places).expect("found"),
        CONTENT
    );
    fs::create_dir(dir.path().join("sources")).expect("mkdir");
    fs::write(&local, CONTENT).expect("write");
    assert_eq!(
        get(&dir.path().join("cache2"), &places[..1]).expect("found"),
        CONTENT
    );
}

#[test]
fn every_failure_is_named_and_nothing_stays() {
    let dir = tempfile::tempdir().expect("temp dir");
    let half = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\nthe pin",
        CONTENT.len()
    );
    let missing =
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned();
    let places = [
        Place::File(dir.path().join("nothing")),
        Place::Url(server(missing)),
        Place::Url(server(half)),
        Place::Url(server(ok("something else\n"))),
    ];
    let cache = dir.path().join("cache");
    let error = get(&cache, &places).expect_err("must fail");
    let found = problems(&error);
    assert_eq!(found[0], Problem::NoFile);
    assert_eq!(found[1], Problem::Status(404));
    assert_eq!(
        found[2],
        Problem::Truncated {
            got: 7,
            expected: CONTENT.len() as u64
        }
    );
    assert!(
        matches!(&found[3], Problem::WrongHash(hash) if hash.len() == 64),
        "{found:?}"
    );
    let text = error.to_string();
    for part in [
        "thing-1.tar.xz",
        "no such file",
        "answered 404",
        "only 7 of 19 bytes",
        "FERROPY_SOURCES",
    ] {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
    assert_eq!(
        Cache::at(&cache)
            .expect("cache")
            .lookup("sources", &source_key(&source())),
        None
    );
    assert_eq!(fs::read_dir(cache.join("tmp")).expect("read").count(), 0);
}

#[test]
fn no_network_is_said() {
    let dir = tempfile::tempdir().expect("temp dir");
    // A port that was free a moment ago and that nobody listens on.
    let port = TcpListener::bind("127.0.0.1:0")
        .expect("bind")
        .local_addr()
        .expect("address")
        .port();
    let error = get(
        dir.path(),
        &[Place::Url(format!("http://127.0.0.1:{port}/x"))],
    )
    .expect_err("must fail");
    assert!(
        matches!(&problems(&error)[..], [Problem::Network(_)]),
        "{error}"
    );
    assert!(error.to_string().contains("no connection"), "{error}");
}
