//! HTTP: one client with the machine's certificates and proxies, retries, logins.
//!
//! Knows nothing about packages. Blocking on purpose: callers that want several
//! transfers at once use threads, and nothing here needs an async runtime of its own.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::blocking::{RequestBuilder, Response};
use reqwest::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use sha2::{Digest, Sha256};
use url::Url;

use crate::Error;
use crate::config::{Index, Login, redact};

/// Attempts in all, for failures that may pass.
const ATTEMPTS: u32 = 4;
/// Wait before the second attempt; doubles each time.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// Longest wait that a server may ask for with Retry-After.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// For each connect and each read, not for a whole transfer.
const STALL: Duration = Duration::from_mins(1);

/// Gets pages and files.
#[derive(Debug, Default)]
pub(crate) struct Client {
    http: OnceLock<reqwest::blocking::Client>,
    logins: HashMap<String, Login>,
}

impl Client {
    /// A client that sends the logins of these indexes, and only to their own servers.
    pub(crate) fn new<'a>(indexes: impl IntoIterator<Item = &'a Index>) -> Self {
        let mut logins = HashMap::new();
        for index in indexes {
            if let Some(login) = &index.login {
                logins.insert(server(&index.url), login.clone());
            }
        }
        Self {
            http: OnceLock::new(),
            logins,
        }
    }

    /// Gets a page: its bytes and content type. `None` when the server has no such page.
    pub(crate) fn page(&self, url: &Url, accept: &str) -> Result<Option<(Vec<u8>, String)>, Error> {
        self.retry(url, || {
            let response = self.send(self.http()?.get(url.clone()).header(ACCEPT, accept), url)?;
            if matches!(response.status(), StatusCode::NOT_FOUND | StatusCode::GONE) {
                return Ok(None);
            }
            let response = checked(response, url)?;
            let kind = response
                .headers()
                .get(CONTENT_TYPE)
                .and_then(|v| v.to_str().ok())
                .unwrap_or_default()
                .to_owned();
            let body = response
                .bytes()
                .map_err(|e| Failure::from_reqwest(url, &e))?;
            Ok(Some((body.to_vec(), kind)))
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
        let request = match self.login(url) {
            Some((user, password)) => request.basic_auth(user, password),
            None => request,
        };
        request.send().map_err(|e| Failure::from_reqwest(url, &e))
    }

    /// The login for a server: from an index URL, else from netrc.
    fn login(&self, url: &Url) -> Option<Login> {
        if let Some(login) = self.logins.get(&server(url)) {
            return Some(login.clone());
        }
        // A missing or unreadable netrc means that there are no logins in it.
        let netrc = netrc::Netrc::new().ok()?;
        let entry = netrc.hosts.get(url.host_str()?)?;
        Some((entry.login.clone(), Some(entry.password.clone())))
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

/// Scheme, host and port: what a login belongs to.
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
