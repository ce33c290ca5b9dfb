//! Gets source archives: from a local folder, upstream, or the machine's Debian mirror.
//!
//! Whatever the place, the content must have the pinned hash; anything else never enters the cache.

use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::Duration;

use cache::{Cache, Key, Product};
use pins::Source;
use progress::{Progress, Step};
use sha2::{Digest as _, Sha256};

use crate::Error;
use crate::apt;
use crate::error::{Attempt, Problem};

/// Somewhere that may have a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file on this machine.
    File(PathBuf),
    /// A server.
    Url(String),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Place::File(path) => write!(f, "{}", path.display()),
            Place::Url(url) => f.write_str(url),
        }
    }
}

/// The key of a source: its hash is all that decides it.
#[must_use]
pub fn source_key(source: &Source) -> Key {
    Key::of("source 1")
        .text("sha256", &source.sha256)
        .text("file", &source.file)
        .finish()
}

/// The places of a source, best first: the folder `FERROPY_SOURCES`, upstream, the machine's Debian mirrors.
#[must_use]
pub fn places(source: &Source) -> Vec<Place> {
    let local = std::env::var_os("FERROPY_SOURCES").filter(|dir| !dir.is_empty());
    let mut places: Vec<Place> = local
        .map(|dir| Place::File(Path::new(&dir).join(&source.file)))
        .into_iter()
        .collect();
    places.push(Place::Url(source.upstream.clone()));
    places.extend(
        apt::mirrors()
            .iter()
            .map(|mirror| Place::Url(format!("{mirror}/{}", source.debian))),
    );
    places
}

/// Returns the path of the verified archive, getting it first if it is not in the cache.
pub fn fetch(cache: &Cache, progress: &Progress, source: &Source) -> Result<PathBuf, Error> {
    let key = source_key(source);
    if let Some(dir) = cache.lookup("sources", &key) {
        return Ok(dir.join(&source.file));
    }
    let step = progress.step(
        &format!("Fetch {}", source.file),
        "a pinned source, checked by its sha256",
    );
    let path = fetch_from(cache, &step, source, &places(source))?;
    step.finish();
    Ok(path)
}

/// As [`fetch`], from the given places.
pub fn fetch_from(
    cache: &Cache,
    step: &Step,
    source: &Source,
    places: &[Place],
) -> Result<PathBuf, Error> {
    let key = source_key(source);
    let product = Product {
        kind: "sources",
        key: &key,
        what: &source.file,
        needs: 200 << 20,
    };
    let dir = cache.product(
        product,
        |holder| step.note(&holder.to_string()),
        |build| {
            let target = build.dir().join(&source.file);
            let mut tried = Vec::new();
            for place in places {
                step.message(&place.to_string());
                match get(place, &target, &source.sha256, step)? {
                    Ok(()) => return Ok(()),
                    Err(problem) => {
                        tracing::info!(%place, %problem, "no source here");
                        tried.push(Attempt {
                            place: place.to_string(),
                            problem,
                        });
                    }
                }
            }
            Err(Error::Source {
                file: source.file.clone(),
                sha256: source.sha256.clone(),
                tried,
            })
        },
    )?;
    Ok(dir.join(&source.file))
}

/// The outer error is this machine's (a full disk); the inner one the place's.
fn get(
    place: &Place,
    target: &Path,
    sha256: &str,
    step: &Step,
) -> Result<Result<(), Problem>, Error> {
    let outcome = match place {
        Place::File(path) => match File::open(path) {
            Ok(file) => {
                let length = file.metadata().ok().map(|meta| meta.len());
                receive(file, length, target, step)?
            }
            Err(_) => return Ok(Err(Problem::NoFile)),
        },
        Place::Url(url) => match client().get(url).send() {
            Ok(answer) if answer.status().is_success() => {
                let length = answer.content_length();
                receive(answer, length, target, step)?
            }
            Ok(answer) => return Ok(Err(Problem::Status(answer.status().as_u16()))),
            Err(error) => return Ok(Err(Problem::Network(chain(&error)))),
        },
    };
    let problem = match outcome {
        Ok(found) if found == sha256 => return Ok(Ok(())),
        Ok(found) => Problem::WrongHash(found),
        Err(problem) => problem,
    };
    fs::remove_file(target).map_err(|e| cache::Error::io("remove", target, e))?;
    Ok(Err(problem))
}

/// Copies a body to `target` and returns its hash.
fn receive(
    mut body: impl Read,
    length: Option<u64>,
    target: &Path,
    step: &Step,
) -> Result<Result<String, Problem>, Error> {
    let failed = |e: io::Error| Error::Cache(cache::Error::io("write", target, e));
    let mut file = File::create(target).map_err(failed)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut got: u64 = 0;
    let broken = loop {
        match body.read(&mut buffer) {
            Ok(0) => break None,
            Ok(read) => {
                hash.update(&buffer[..read]);
                file.write_all(&buffer[..read]).map_err(failed)?;
                got += read as u64;
                if let Some(length) = length.filter(|length| *length > 0) {
                    #[expect(clippy::cast_precision_loss, reason = "a share for display")]
                    step.set_share(got as f64 / length as f64);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break Some(error),
        }
    };
    match (length, broken) {
        (Some(expected), _) if got < expected => Ok(Err(Problem::Truncated { got, expected })),
        (_, Some(error)) => Ok(Err(Problem::Network(error.to_string()))),
        _ => Ok(Ok(hex::encode(hash.finalize()))),
    }
}

/// An HTTP client with this machine's certificates and proxies.
pub(crate) fn client() -> reqwest::blocking::Client {
    static PROVIDER: Once = Once::new();
    // Fails only when another crate of this process has installed one, which is as good.
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    reqwest::blocking::Client::builder()
        .connect_timeout(Duration::from_secs(15))
        .timeout(Duration::from_mins(20))
        .build()
        .expect("a TLS provider is installed and nothing else of this can fail")
}

/// An error with the causes that say what really happened.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
