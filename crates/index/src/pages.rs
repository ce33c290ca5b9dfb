//! Project pages of one index, from the cache while they are fresh, else from the server.
//!
//! Cache layout: `pages/<hash of the page's address>`, the parsed page behind a small
//! header. A page that the server confirms by its `ETag` is not sent again.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cache::{Cache, Key};
use pep508_rs::PackageName;
use progress::Progress;
use resolver::Page;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::client::{Client, Fetched, Validity};
use crate::config::{Index, redact};
use crate::entry::{self, Entry};

/// For servers that do not say how long a page is good; pip and uv use the same.
const FRESH: Duration = Duration::from_mins(10);
/// Longest time for which a page is believed without asking, whatever the server says.
const LONGEST: Duration = Duration::from_hours(24);
/// The largest pages of big indexes have some 40 MB.
const LIMIT: u64 = 256 << 20;

/// What stands before a page in the cache.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    /// Seconds since 1970.
    confirmed: u64,
    max_age: u64,
    etag: Option<String>,
    /// Whether the index has the project at all.
    found: bool,
}

impl Header {
    fn new(validity: Validity, found: bool) -> Self {
        Self {
            confirmed: now(),
            max_age: validity.max_age.unwrap_or(FRESH).min(LONGEST).as_secs(),
            etag: validity.etag,
            found,
        }
    }

    fn is_fresh(&self) -> bool {
        // A clock that was set back makes a page old, not eternal.
        let age = now().checked_sub(self.confirmed);
        age.is_some_and(|age| age < self.max_age)
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

/// What an index has of a project: `None` when it does not know it.
pub(crate) type Found = Option<Page>;

/// Pages with what is needed to get them.
#[derive(Clone, Copy)]
pub(crate) struct Pages<'a> {
    pub(crate) cache: &'a Cache,
    pub(crate) progress: &'a Progress,
    pub(crate) client: &'a Client,
    /// Asks the server even when a page is fresh.
    pub(crate) refresh: bool,
}

impl Pages<'_> {
    /// A fresh page, without asking the server.
    pub(crate) fn cached(&self, index: &Index, name: &PackageName) -> Option<Found> {
        if self.refresh {
            return None;
        }
        let (header, found) = self.read(index, name)?;
        header.is_fresh().then_some(found)
    }

    /// The page, from the server unless it confirms that the cache has it.
    pub(crate) fn fetch(&self, index: &Index, name: &PackageName) -> Result<Found, Error> {
        let url = index.project(name.as_ref());
        let known = self.read(index, name);
        let etag = known
            .as_ref()
            .and_then(|(header, _)| header.etag.as_deref());
        let fetched = self.client.page(&url, resolver::ACCEPT, etag, LIMIT)?;
        let (header, found) = match (fetched, known) {
            (Fetched::Page(page), _) => {
                let bad = |why| Error::Page {
                    url: redact(url.as_str()),
                    why,
                };
                let listing =
                    resolver::parse_page(&page.body, &page.kind, &page.url).map_err(bad)?;
                (
                    Header::new(page.validity, true),
                    Some(Page::listed(name, listing)),
                )
            }
            (Fetched::Unchanged(validity), Some((old, found))) => {
                let mut header = Header::new(validity, old.found);
                header.etag = header.etag.or(old.etag);
                (header, found)
            }
            (Fetched::Unchanged(_), None) => {
                return Err(Error::Page {
                    url: redact(url.as_str()),
                    why: "the server calls it unchanged, and it was never here".to_owned(),
                });
            }
            (Fetched::Missing(validity), _) => (Header::new(validity, false), None),
        };
        self.write(index, name, &header, found.as_ref())?;
        Ok(found)
    }

    fn path(&self, index: &Index, name: &PackageName) -> Result<std::path::PathBuf, Error> {
        let key = Key::of("page 2").text("url", index.project(name.as_ref()).as_str());
        Ok(self.cache.folder("pages")?.join(key.finish().short()))
    }

    fn read(&self, index: &Index, name: &PackageName) -> Option<(Header, Found)> {
        let path = self.path(index, name).ok()?;
        let bytes = match entry::read(&path) {
            Entry::Found(bytes) => bytes,
            Entry::Absent => return None,
            Entry::Damaged => {
                self.progress.note(&format!(
                    "the cached page of {name} ({}) is damaged and is fetched again",
                    path.display()
                ));
                return None;
            }
        };
        let (header, rest): (Header, &[u8]) = postcard::take_from_bytes(&bytes).ok()?;
        if !header.found {
            return Some((header, None));
        }
        let page = Page::from_bytes(Arc::from(rest))?;
        Some((header, Some(page)))
    }

    fn write(
        &self,
        index: &Index,
        name: &PackageName,
        header: &Header,
        found: Option<&Page>,
    ) -> Result<(), Error> {
        // Writing into memory what serde derives cannot fail.
        let mut bytes = postcard::to_allocvec(header).unwrap_or_default();
        bytes.extend(found.map(Page::bytes).unwrap_or_default());
        entry::write(&self.path(index, name)?, &bytes)
    }
}
