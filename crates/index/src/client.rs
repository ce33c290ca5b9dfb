//! HTTP: one client with the machine's certificates and proxies, retries, logins.
//!
//! Knows nothing about packages. Blocking on purpose: callers that want several
//! transfers at once use threads, and nothing here needs an async runtime of its own.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::blocking::{RequestBuilder, Response};
use reqwest::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, IF_NONE_MATCH,
    LOCATION, RANGE, RETRY_AFTER,
};
use sha2::{Digest, Sha256};
use url::Url;
use wheel::partial::Part;

use crate::Error;
use crate::config::{Index, redact};
use crate::logins::Logins;
use crate::store::lock;

/// Attempts in all, for failures that may pass.
const ATTEMPTS: u32 = 4;
/// Wait before the second attempt; doubles each time.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// Longest wait that a server may ask for with Retry-After.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// For each connect and each read, not for a whole transfer.
const STALL: Duration = Duration::from_mins(1);

/// A page as it came.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) body: Vec<u8>,
    pub(crate) kind: String,
    /// Where it came from in the end: what its links are relative to.
    pub(crate) url: Url,
    pub(crate) validity: Validity,
}

/// For how long and by what a page is known to be current.
#[derive(Clone, Debug, Default)]
pub(crate) struct Validity {
    pub(crate) etag: Option<String>,
    /// `None` when the server says nothing about it.
    pub(crate) max_age: Option<Duration>,
}

impl Validity {
    fn of(headers: &HeaderMap) -> Self {
        let text = |name: HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
        let directives = text(CACHE_CONTROL).unwrap_or_default().to_ascii_lowercase();
        let mut directives = directives.split(',').map(str::trim);
        let max_age = directives.clone().find_map(|d| d.strip_prefix("max-age="));
        let max_age = max_age
            .and_then(|s| s.parse().ok())
            .map(Duration::from_secs);
        let never = directives.any(|d| d == "no-cache" || d == "no-store");
        Self {
            etag: text(ETAG).map(str::to_owned),
            max_age: if never { Some(Duration::ZERO) } else { max_age },
        }
    }
}

/// What a server says about a page.
#[derive(Debug)]
pub(crate) enum Fetched {
    Page(Page),
    /// It is still what the `ETag` stands for.
    Unchanged(Validity),
    /// There is no such page.
    Missing(Validity),
}

/// Gets pages and files.
#[derive(Debug, Default)]
pub(crate) struct Client {
    http: OnceLock<reqwest::blocking::Client>,
    logins: Logins,
    /// Servers that answered a range with the whole file: not worth another try.
    whole: Mutex<HashSet<String>>,
}

impl Client {
    /// A client that sends the logins of these indexes, and only to their own servers.
    pub(crate) fn new<'a>(indexes: impl IntoIterator<Item = &'a Index>) -> Self {
        Self {
            http: OnceLock::new(),
            logins: Logins::new(indexes),
            whole: Mutex::default(),
        }
    }

    /// Gets a page of at most `limit` bytes, unless it is still what `etag` stands for.
    pub(crate) fn page(
        &self,
        url: &Url,
        accept: &str,
        etag: Option<&str>,
        limit: u64,
    ) -> Result<Fetched, Error> {
        self.retry(url, || {
            let mut request = self.http()?.get(url.clone()).header(ACCEPT, accept);
            if let Some(etag) = etag {
                request = request.header(IF_NONE_MATCH, etag);
            }
            let response = self.send(request, url)?;
            let validity = Validity::of(response.headers());
            match response.status() {
                StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(Fetched::Missing(validity)),
                StatusCode::NOT_MODIFIED => return Ok(Fetched::Unchanged(validity)),
                _ => {}
            }
            let response = checked(response, url)?;
            let kind = response
                .headers()
                .get(CONTENT_TYPE)
                .and_then(|v| v.to_str().ok())
                .unwrap_or_default()
                .to_owned();
            let landed = response.url().clone();
            let body = body(response, url, limit)?;
            Ok(Fetched::Page(Page {
                body,
                kind,
                url: landed,
                validity,
            }))
        })
    }

    /// Gets a part of a file, `bytes=-100` or `bytes=5-9`, and the file's length; `None` when the server only
    /// gives whole files.
    pub(crate) fn part(
        &self,
        url: &Url,
        range: &str,
        limit: u64,
    ) -> Result<Option<(Part, u64)>, Error> {
        if lock(&self.whole).contains(&server(url)) {
            return Ok(None);
        }
        self.retry(url, || {
            let request = self.http()?.get(url.clone()).header(RANGE, range);
            let response = self.send(request, url)?;
            if response.status() != StatusCode::PARTIAL_CONTENT {
                if response.status() == StatusCode::OK {
                    lock(&self.whole).insert(server(url));
                }
                return Ok(None);
            }
            let place = response
                .headers()
                .get(CONTENT_RANGE)
                .and_then(|v| content_range(v.to_str().ok()?));
            let Some((start, total)) = place else {
                return Ok(None);
            };
            let bytes = body(response, url, limit)?;
            Ok(Some((Part { start, bytes }, total)))
        })
    }

    /// Streams a file into `open()`'s writer and returns its sha256 (hexadecimal).
    ///
    /// `open` is called once for each attempt and must start from nothing. `seen` is
    /// told the bytes received so far.
    pub(crate) fn file<W: Write>(
        &self,
        url: &Url,
        mut open: impl FnMut() -> Result<W, Error>,
        mut seen: impl FnMut(u64),
    ) -> Result<String, Error> {
        self.retry(url, || {
            let response = checked(self.send(self.http()?.get(url.clone()), url)?, url)?;
            let expected = response.content_length();
            let mut response = response;
            let mut out = open().map_err(Failure::Final)?;
            let mut hash = Sha256::new();
            let mut total = 0;
            let mut buffer = vec![0; 1 << 16];
            loop {
                let n = match response.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(n) => n,
                    Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
                    Err(e) => {
                        let why =
                            format!("the transfer broke off after {total} bytes: {}", root(&e));
                        return Err(Failure::passing(url, why));
                    }
                };
                hash.update(&buffer[..n]);
                out.write_all(&buffer[..n]).map_err(|e| {
                    Failure::Final(Error::io("write", std::path::Path::new(url.path()))(e))
                })?;
                total += n as u64;
                seen(total);
            }
            if let Some(expected) = expected
                && expected != total
            {
                let why = format!("the transfer ended after {total} of {expected} bytes");
                return Err(Failure::passing(url, why));
            }
            Ok(hex::encode(hash.finalize()))
        })
    }

    fn http(&self) -> Result<&reqwest::blocking::Client, Failure> {
        if let Some(client) = self.http.get() {
            return Ok(client);
        }
        // Fails only when a provider is installed already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::blocking::Client::builder()
            .user_agent(concat!("ferropy/", env!("CARGO_PKG_VERSION")))
            .timeout(STALL)
            .connect_timeout(Duration::from_secs(15))
            // The library follows ten redirects in a row, to http and https only, and takes
            // the login out of a request that leaves its server.
            .build()
            .map_err(|e| {
                Failure::Final(Error::Network {
                    url: "anything".to_owned(),
                    why: format!("the HTTPS client cannot be set up: {}", root(&e)),
                })
            })?;
        Ok(self.http.get_or_init(|| client))
    }

    fn send(&self, request: RequestBuilder, url: &Url) -> Result<Response, Failure> {
        let request = match self.logins.of(url) {
            Some((user, password)) => request.basic_auth(user, password),
            None => request,
        };
        request.send().map_err(|e| Failure::from_reqwest(url, &e))
    }

    #[expect(clippy::unused_self, reason = "reads as an operation of the client")]
    fn retry<T>(
        &self,
        url: &Url,
        mut attempt: impl FnMut() -> Result<T, Failure>,
    ) -> Result<T, Error> {
        let mut wait = FIRST_WAIT;
        for number in 1.. {
            match attempt() {
                Ok(value) => return Ok(value),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Passing { error, after }) => {
                    if number == ATTEMPTS {
                        return Err(error);
                    }
                    tracing::debug!(%url, number, %error, "trying again");
                    std::thread::sleep(after.unwrap_or(wait).min(LONGEST_WAIT));
                    wait *= 2;
                }
            }
        }
        unreachable!("the loop above has no end")
    }
}

/// A failed attempt.
enum Failure {
    /// Another attempt may succeed, at the earliest after this time.
    Passing {
        error: Error,
        after: Option<Duration>,
    },
    Final(Error),
}

impl Failure {
    fn passing(url: &Url, why: String) -> Self {
        Self::Passing {
            error: Error::Network {
                url: redact(url.as_str()),
                why,
            },
            after: None,
        }
    }

    fn from_reqwest(url: &Url, error: &reqwest::Error) -> Self {
        // Where a server redirects to does not change by asking again.
        if error.is_redirect() || error.is_builder() {
            return Self::Final(Error::Network {
                url: redact(url.as_str()),
                why: root(error),
            });
        }
        let why = if error.is_timeout() {
            "the server did not answer in time".to_owned()
        } else {
            root(error)
        };
        Self::passing(url, why)
    }
}

fn checked(response: Response, url: &Url) -> Result<Response, Failure> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    if status.is_redirection() {
        let to = response
            .headers()
            .get(LOCATION)
            .and_then(|v| v.to_str().ok());
        return Err(Failure::Final(Error::Status {
            url: redact(url.as_str()),
            status: format!(
                "{status}, a redirect to «{}»",
                redact(to.unwrap_or_default())
            ),
            hint: "only http and https addresses are followed".to_owned(),
        }));
    }
    let hint = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            "the server wants a login: put it in the index URL (https://USER:PASSWORD@…) or in ~/.netrc"
        }
        StatusCode::NOT_FOUND => {
            "the file is gone from the index; `--refresh` forgets earlier answers of the index"
        }
        _ => "the server has a problem; try again later",
    };
    let error = Error::Status {
        url: redact(url.as_str()),
        status: status.to_string(),
        hint: hint.to_owned(),
    };
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        let after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|v| v.to_str().ok()?.parse().ok())
            .map(Duration::from_secs);
        return Err(Failure::Passing { error, after });
    }
    Err(Failure::Final(error))
}

/// Reads a whole answer, up to a limit.
fn body(response: Response, url: &Url, limit: u64) -> Result<Vec<u8>, Failure> {
    let expected = response.content_length();
    let mut out = Vec::new();
    let mut limited = response.take(limit + 1);
    limited.read_to_end(&mut out).map_err(|e| {
        let why = format!(
            "the transfer broke off after {} bytes: {}",
            out.len(),
            root(&e)
        );
        Failure::passing(url, why)
    })?;
    if out.len() as u64 > limit {
        return Err(Failure::Final(Error::Page {
            url: redact(url.as_str()),
            why: format!("it is larger than {limit} bytes"),
        }));
    }
    if let Some(expected) = expected
        && expected != out.len() as u64
    {
        let why = format!("the transfer ended after {} of {expected} bytes", out.len());
        return Err(Failure::passing(url, why));
    }
    Ok(out)
}

/// `bytes 5-9/100` as (5, 100).
fn content_range(text: &str) -> Option<(u64, u64)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (start, _) = range.split_once('-')?;
    Some((start.trim().parse().ok()?, total.trim().parse().ok()?))
}

/// Scheme, host and port.
fn server(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// The innermost cause, where the words that help are.
fn root(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
