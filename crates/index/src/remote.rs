//! METADATA of a wheel on a server, without getting all of the wheel.
//!
//! A zip archive has its table of contents at its end. Two or three ranges are as a rule
//! enough: the end, perhaps more of the table, and the one file.

use std::io::{self, Read, Seek, SeekFrom};

use url::Url;

use crate::Error;
use crate::client::{Client, Part};

/// The end that is asked for first; the tables of most wheels fit.
const TAIL: u64 = 32 << 10;
/// What is asked for at least, so that small reads do not become many requests.
const CHUNK: u64 = 16 << 10;
/// Largest METADATA that is read.
const LIMIT: u64 = 16 << 20;
/// Ranges after which getting the whole file is better.
const REQUESTS: usize = 16;

/// The text of METADATA, or `None` when it cannot be had in this way.
pub(crate) fn metadata(client: &Client, url: &Url) -> Result<Option<Vec<u8>>, Error> {
    let Some(tail) = client.part(url, &format!("bytes=-{TAIL}"), TAIL)? else {
        return Ok(None);
    };
    let mut failed = None;
    let remote = Remote {
        client,
        url,
        total: tail.total,
        parts: vec![tail],
        at: 0,
        failed: &mut failed,
    };
    let text = read(remote);
    match failed {
        Some(error) => Err(error),
        None => Ok(text),
    }
}

/// Whatever the archive's fault, the whole file will show it, and name it better.
fn read(remote: Remote<'_>) -> Option<Vec<u8>> {
    let mut zip = zip::ZipArchive::new(remote).ok()?;
    let mut names = zip.file_names().filter_map(Result::ok);
    let name = names.find(|name| {
        name.strip_suffix(".dist-info/METADATA")
            .is_some_and(|folder| !folder.contains('/'))
    })?;
    let name = name.into_owned();
    drop(names);
    let entry = zip.by_name(&name).ok()?;
    let mut text = Vec::new();
    // The reader checks the entry's checksum at its end.
    entry.take(LIMIT + 1).read_to_end(&mut text).ok()?;
    (text.len() as u64 <= LIMIT).then_some(text)
}

/// A file on a server, read in ranges.
struct Remote<'a> {
    client: &'a Client,
    url: &'a Url,
    total: u64,
    parts: Vec<Part>,
    at: u64,
    /// What the network said, which an I/O error cannot carry.
    failed: &'a mut Option<Error>,
}

impl Remote<'_> {
    /// The bytes that are here from the present place on.
    fn here(&self) -> Option<&[u8]> {
        self.parts.iter().find_map(|part| {
            let offset = usize::try_from(self.at.checked_sub(part.start)?).ok()?;
            part.bytes.get(offset..).filter(|rest| !rest.is_empty())
        })
    }
}

impl Read for Remote<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.total || out.is_empty() {
            return Ok(0);
        }
        if self.here().is_none() {
            if self.parts.len() > REQUESTS {
                return Err(io::Error::other("too many ranges"));
            }
            let end = (self.at + CHUNK.max(out.len() as u64)).min(self.total);
            let range = format!("bytes={}-{}", self.at, end - 1);
            match self.client.part(self.url, &range, end - self.at) {
                Ok(Some(part)) if part.start == self.at && part.total == self.total => {
                    self.parts.push(part);
                }
                Ok(_) => return Err(io::Error::other("the server changed its mind")),
                Err(error) => {
                    *self.failed = Some(error);
                    return Err(io::Error::other("the transfer failed"));
                }
            }
        }
        let here = self.here().unwrap_or_default();
        let count = here.len().min(out.len());
        out[..count].copy_from_slice(&here[..count]);
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Remote<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.total.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = place.ok_or_else(|| io::Error::other("before the beginning"))?;
        Ok(self.at)
    }
}
