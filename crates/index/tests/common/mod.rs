//! A package index on loopback, made of wheels that the test makes.

#![allow(dead_code, reason = "each test uses a part")]

pub mod picks;

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use wheel::testing::Builder;

/// What a path answers.
#[derive(Clone, Default)]
pub struct Page {
    pub status: u16,
    pub kind: String,
    pub body: Vec<u8>,
    /// Declares the whole body and sends only this many bytes.
    pub cut: Option<usize>,
    /// Answers 503 this many times first.
    pub fails: usize,
    /// Further header lines, such as `ETag: "x"`, which is then honoured.
    pub headers: Vec<String>,
    /// Honours ranges.
    pub ranges: bool,
}

/// Paths with the logins that came with them.
type Logins = Arc<Mutex<Vec<(String, String)>>>;

/// The server; it runs until the test ends.
pub struct Index {
    pub url: String,
    pages: Arc<Mutex<HashMap<String, Page>>>,
    hits: Arc<Mutex<Vec<String>>>,
    logins: Logins,
    projects: HashMap<String, Vec<Value>>,
}

impl Index {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/simple/", listener.local_addr().unwrap());
        let pages = Arc::new(Mutex::new(HashMap::new()));
        let hits = Arc::new(Mutex::new(Vec::new()));
        let logins = Logins::default();
        let (served, log, with) = (pages.clone(), hits.clone(), logins.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (served, log, with) = (served.clone(), log.clone(), with.clone());
                std::thread::spawn(move || answer(stream, &served, &log, &with));
            }
        });
        Self {
            url,
            pages,
            hits,
            logins,
            projects: HashMap::new(),
        }
    }

    /// Offers a wheel; `extra` is merged into its entry on the JSON page.
    pub fn add_with(&mut self, wheel: &Builder, extra: Value) {
        let bytes = wheel.bytes();
        let name = wheel.file_name();
        let metadata = wheel.metadata();
        let mut entry = json!({
            "filename": name,
            "url": format!("../../files/{name}"),
            "hashes": { "sha256": hex::encode(Sha256::digest(&bytes)) },
            "core-metadata": { "sha256": hex::encode(Sha256::digest(&metadata)) },
            "size": bytes.len(),
        });
        if let (Value::Object(entry), Value::Object(extra)) = (&mut entry, extra) {
            entry.extend(extra);
        }
        self.page(&format!("/files/{name}"), "application/zip", &bytes);
        self.page(
            &format!("/files/{name}.metadata"),
            "text/plain",
            metadata.as_bytes(),
        );
        self.entry(&name, entry);
    }

    pub fn add(&mut self, wheel: &Builder) {
        self.add_with(wheel, json!({}));
    }

    /// Offers a source archive with these files below its one folder.
    pub fn source(&mut self, name: &str, files: &[(&str, &str)]) {
        let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(
            Vec::new(),
            flate2::Compression::default(),
        ));
        for (path, text) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            let path = format!("{}/{path}", name.trim_end_matches(".tar.gz"));
            tar.append_data(&mut header, path, text.as_bytes()).unwrap();
        }
        let bytes = tar.into_inner().unwrap().finish().unwrap();
        let entry = json!({
            "filename": name,
            "url": format!("../../files/{name}"),
            "hashes": { "sha256": hex::encode(Sha256::digest(&bytes)) },
        });
        self.page(&format!("/files/{name}"), "application/gzip", &bytes);
        self.entry(name, entry);
    }

    /// Offers a file that is only a name.
    pub fn name_only(&mut self, name: &str) {
        let entry = json!({ "filename": name, "url": format!("../../files/{name}"), "hashes": {} });
        self.entry(name, entry);
    }

    fn entry(&mut self, file: &str, entry: Value) {
        let project = file
            .split('-')
            .next()
            .unwrap()
            .replace('_', "-")
            .to_lowercase();
        let files = self.projects.entry(project.clone()).or_default();
        files.push(entry);
        let page = json!({ "meta": { "api-version": "1.1" }, "name": project, "files": files });
        let body = page.to_string().into_bytes();
        self.page(
            &format!("/simple/{project}/"),
            "application/vnd.pypi.simple.v1+json",
            &body,
        );
    }

    pub fn page(&self, path: &str, kind: &str, body: &[u8]) {
        let page = Page {
            status: 200,
            kind: kind.to_owned(),
            body: body.to_owned(),
            ..Page::default()
        };
        self.pages.lock().unwrap().insert(path.to_owned(), page);
    }

    /// Changes what a path answers.
    pub fn change(&self, path: &str, change: impl FnOnce(&mut Page)) {
        change(self.pages.lock().unwrap().get_mut(path).unwrap());
    }

    pub fn forget(&self, path: &str) {
        self.pages.lock().unwrap().remove(path);
    }

    /// How often paths with this ending were asked for.
    pub fn hits(&self, ending: &str) -> usize {
        let hits = self.hits.lock().unwrap();
        hits.iter().filter(|p| p.ends_with(ending)).count()
    }

    /// Paths that were asked for.
    pub fn log(&self) -> Vec<String> {
        self.hits.lock().unwrap().clone()
    }

    /// Those that were asked for with a login, and which.
    pub fn logins(&self) -> Vec<(String, String)> {
        self.logins.lock().unwrap().clone()
    }
}

fn answer(
    stream: TcpStream,
    pages: &Mutex<HashMap<String, Page>>,
    log: &Mutex<Vec<String>>,
    logins: &Mutex<Vec<(String, String)>>,
) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut out = stream;
    loop {
        let mut first = String::new();
        if reader.read_line(&mut first).ok()? == 0 {
            return None;
        }
        // Clients may encode what versions are written with.
        let path = first.split(' ').nth(1)?;
        let path = path.replace("%21", "!").replace("%2B", "+");
        let (mut range, mut etag) = (None, None);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            if let Some((key, value)) = line.trim().split_once(": ") {
                match key.to_ascii_lowercase().as_str() {
                    "authorization" => {
                        let login = (path.clone(), value.to_owned());
                        logins.lock().unwrap().push(login);
                    }
                    "range" => range = Some(value.to_owned()),
                    "if-none-match" => etag = Some(value.to_owned()),
                    _ => {}
                }
            }
            if line.trim().is_empty() {
                break;
            }
        }
        log.lock().unwrap().push(path.clone());
        let page = {
            let mut pages = pages.lock().unwrap();
            match pages.get_mut(&path) {
                Some(page) if page.fails > 0 => {
                    page.fails -= 1;
                    Page {
                        status: 503,
                        ..Page::default()
                    }
                }
                Some(page) => page.clone(),
                None => Page {
                    status: 404,
                    ..Page::default()
                },
            }
        };
        let mut page = page;
        let same = |tag: String| page.headers.contains(&format!("ETag: {tag}"));
        if etag.is_some_and(same) {
            page.status = 304;
            page.body.clear();
        }
        if let Some(range) = range.filter(|_| page.ranges) {
            let total = page.body.len();
            let (start, end) = range.strip_prefix("bytes=")?.split_once('-')?;
            let last: usize = end.parse().ok()?;
            let (start, end) = match start.parse() {
                Ok(start) => (start, (last + 1).min(total)),
                Err(_) => (total.saturating_sub(last), total),
            };
            page.status = 206;
            page.headers
                .push(format!("Content-Range: bytes {start}-{}/{total}", end - 1));
            page.body = page.body[start..end].to_owned();
            log.lock().unwrap().push(format!("range {path}"));
        }
        let lines = page.headers.iter();
        let more: String = lines.flat_map(|line| [line.as_str(), "\r\n"]).collect();
        let head = format!(
            "HTTP/1.1 {} X\r\nContent-Type: {}\r\n{more}Content-Length: {}\r\n\r\n",
            page.status,
            page.kind,
            page.body.len()
        );
        let sent = page.cut.unwrap_or(page.body.len());
        // At once: a second packet would wait until the first is acknowledged.
        let answer = [head.as_bytes(), &page.body[..sent]].concat();
        out.write_all(&answer).ok()?;
        if page.cut.is_some() {
            return None;
        }
    }
}
