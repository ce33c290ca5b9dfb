//! Real requests over loopback, written byte by byte so that nothing tidies the paths.

use std::collections::HashMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use serve::{Options, Server};

struct Reply {
    status: u16,
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

impl Reply {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

fn ask(server: &Server, method: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
    let url = server.url();
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(address).unwrap();
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&[name, ": ", value, "\r\n"].concat());
    }
    text.push_str("\r\n");
    stream.write_all(text.as_bytes()).unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).unwrap();
    let end = reply.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(reply[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let status = lines
        .next()
        .unwrap()
        .split(' ')
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    let headers = lines
        .map(|l| l.split_once(": ").unwrap())
        .map(|(k, v)| (k.to_ascii_lowercase(), v.to_owned()))
        .collect();
    Reply {
        status,
        headers,
        body: reply[end + 4..].to_vec(),
    }
}

fn get(server: &Server, path: &str) -> Reply {
    ask(server, "GET", path, &[])
}

fn site(dir: &Path) -> Options {
    let root = dir.join("site");
    fs::create_dir_all(root.join("sub")).unwrap();
    fs::write(root.join("a.mjs"), "export const a = 1;\n".repeat(200)).unwrap();
    fs::write(root.join("a.wasm"), [0, 0x61, 0x73, 0x6d]).unwrap();
    fs::write(root.join("digits.txt"), "0123456789").unwrap();
    fs::write(root.join("console.html"), "<p>console").unwrap();
    fs::write(root.join("sub/index.html"), "<p>sub").unwrap();
    fs::write(dir.join("secret.txt"), "secret").unwrap();
    Options {
        home: Some("console.html".to_owned()),
        compressed: Some(dir.join("compressed")),
        ..Options::new(root)
    }
}

#[test]
fn types_and_isolation_headers() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(site(dir.path())).unwrap();
    let reply = get(&server, "/a.mjs");
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.header("content-type"),
        "text/javascript; charset=utf-8"
    );
    assert_eq!(reply.header("cross-origin-opener-policy"), "same-origin");
    assert_eq!(reply.header("cross-origin-embedder-policy"), "require-corp");
    assert_eq!(reply.header("cross-origin-resource-policy"), "same-origin");
    assert_eq!(reply.header("cache-control"), "no-cache");
    assert_eq!(
        get(&server, "/a.wasm").header("content-type"),
        "application/wasm"
    );
    // A worker script that is missing must still not break isolation.
    let missing = get(&server, "/none.mjs");
    assert_eq!(missing.status, 404);
    assert_eq!(
        missing.header("cross-origin-embedder-policy"),
        "require-corp"
    );
}

#[test]
fn isolation_can_be_left_out_and_a_policy_set() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(Options {
        isolation: false,
        csp: Some("script-src 'self'".to_owned()),
        ..site(dir.path())
    })
    .unwrap();
    let reply = get(&server, "/a.mjs");
    assert_eq!(reply.header("cross-origin-opener-policy"), "");
    assert_eq!(reply.header("content-security-policy"), "script-src 'self'");
}

#[test]
fn home_page_folders_and_methods() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(site(dir.path())).unwrap();
    let home = get(&server, "/");
    assert_eq!(
        (home.status, home.header("location")),
        (307, "/console.html")
    );
    let folder = get(&server, "/sub");
    assert_eq!((folder.status, folder.header("location")), (307, "/sub/"));
    assert_eq!(get(&server, "/sub/").body, b"<p>sub");
    let post = ask(&server, "POST", "/a.mjs", &[]);
    assert_eq!((post.status, post.header("allow")), (405, "GET, HEAD"));
    let head = ask(&server, "HEAD", "/digits.txt", &[]);
    assert_eq!(
        (head.status, head.header("content-length"), head.body.len()),
        (200, "10", 0)
    );
}

#[test]
fn ranges() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(site(dir.path())).unwrap();
    let range = |value| {
        ask(
            &server,
            "GET",
            "/digits.txt",
            &[("Range", value), ("Accept-Encoding", "br")],
        )
    };
    let middle = range("bytes=2-4");
    assert_eq!(middle.status, 206);
    assert_eq!(middle.header("content-range"), "bytes 2-4/10");
    assert_eq!(middle.header("content-encoding"), "");
    assert_eq!(middle.body, b"234");
    assert_eq!(range("bytes=-3").body, b"789");
    assert_eq!(range("bytes=20-30").status, 416);
}

#[test]
fn revalidation() {
    let dir = tempfile::tempdir().unwrap();
    let options = site(dir.path());
    let file = options.root.join("digits.txt");
    let server = Server::start(options).unwrap();
    let tag = get(&server, "/digits.txt").header("etag").to_owned();
    assert!(!tag.is_empty());
    let same = ask(&server, "GET", "/digits.txt", &[("If-None-Match", &tag)]);
    assert_eq!((same.status, same.body.len()), (304, 0));
    fs::write(file, "changed content").unwrap();
    let changed = ask(&server, "GET", "/digits.txt", &[("If-None-Match", &tag)]);
    assert_eq!(
        (changed.status, &changed.body[..]),
        (200, &b"changed content"[..])
    );
}

#[test]
fn compresses_once_and_prefers_siblings() {
    let dir = tempfile::tempdir().unwrap();
    let options = site(dir.path());
    let plain = fs::read(options.root.join("a.mjs")).unwrap();
    let root = options.root.clone();
    let server = Server::start(options).unwrap();
    let br = ask(&server, "GET", "/a.mjs", &[("Accept-Encoding", "gzip, br")]);
    assert_eq!(br.header("content-encoding"), "br");
    assert_eq!(br.header("content-type"), "text/javascript; charset=utf-8");
    assert_eq!(br.header("vary"), "Accept-Encoding");
    let mut out = Vec::new();
    brotli::BrotliDecompress(&mut &br.body[..], &mut out).unwrap();
    assert_eq!(out, plain);
    assert_eq!(
        fs::read_dir(dir.path().join("compressed")).unwrap().count(),
        1
    );
    let gzip = ask(&server, "GET", "/a.mjs", &[("Accept-Encoding", "gzip")]);
    assert_eq!(gzip.header("content-encoding"), "gzip");
    assert_eq!(get(&server, "/a.mjs").body, plain);
    fs::write(root.join("a.mjs.br"), "sibling").unwrap();
    let sibling = ask(&server, "GET", "/a.mjs", &[("Accept-Encoding", "br")]);
    assert_eq!(
        (sibling.header("content-encoding"), &sibling.body[..]),
        ("br", &b"sibling"[..])
    );
}

#[test]
fn nothing_outside_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(site(dir.path())).unwrap();
    for path in [
        "/../secret.txt",
        "/sub/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/..%5csecret.txt",
        "//etc/passwd",
        "/%2fetc%2fpasswd",
    ] {
        let reply = get(&server, path);
        assert_eq!(reply.status, 404, "{path}");
    }
}

#[test]
fn port_in_use_and_missing_folder() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(site(dir.path())).unwrap();
    let port = server
        .url()
        .trim_end_matches('/')
        .rsplit(':')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let err = Server::start(Options {
        port,
        ..site(dir.path())
    })
    .unwrap_err();
    assert!(err.to_string().contains(&port.to_string()), "{err}");
    let err = Server::start(Options::new(dir.path().join("none"))).unwrap_err();
    assert!(err.to_string().contains("not a folder"), "{err}");
}
