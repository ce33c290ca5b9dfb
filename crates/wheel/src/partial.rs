//! METADATA of a wheel of which only parts are here, such as ranges that a server gave: its end has the directory,
//! which says where METADATA is. What is missing is asked for; fetching is the caller's.

use std::io::Cursor;
use std::ops::Range;

use crate::archive::{belongs, find_dist_info, same_version};
use crate::container::{Container, Limits, check};
use crate::directory::{self, LOCAL_SIZE};
use crate::metadata::Project;
use crate::{Error, WheelName};

/// What is asked for first: the directories of most wheels fit, and METADATA is often among it.
pub const TAIL: u64 = 32 << 10;

/// What is asked for along with the rest of a directory: METADATA is as a rule among the last files.
const BEFORE: u64 = 16 << 10;

/// Real METADATA files stay far below this; a larger one is left to whoever has the whole wheel.
const MOST_METADATA: u64 = 16 << 20;

/// Directories of the largest wheels have about 2 MB.
const MOST_DIRECTORY: usize = 16 << 20;

/// Some bytes of a file.
#[derive(Clone, Debug)]
pub struct Part {
    /// The place of the first one.
    pub start: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// What the parts give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The text of METADATA.
    Metadata(Vec<u8>),
    /// These bytes are needed as well.
    Missing(Range<u64>),
}

/// Reads METADATA from parts of a wheel that has `length` bytes in all; its end is among the parts.
///
/// # Errors
/// What is wrong with the wheel, or with what is said of it. All of the wheel may tell it better.
pub fn metadata(name: &WheelName, length: u64, parts: &[Part]) -> Result<Found, Error> {
    let invalid = |why: String| Error::Invalid {
        wheel: name.file().to_owned(),
        why,
    };
    let tail = parts.iter().find(|part| end(part) == length);
    let tail = tail.ok_or_else(|| invalid("its end is missing".to_owned()))?;
    let (count, offset, size) = directory::end(&tail.bytes, tail.start).map_err(invalid)?;
    if size > MOST_DIRECTORY {
        return Err(invalid(format!("its directory has {size} bytes")));
    }
    let directory = match gather(parts, offset..offset + size as u64) {
        Ok(directory) => directory,
        Err(missing) => {
            let start = missing.start.saturating_sub(BEFORE);
            return Ok(Found::Missing(start..missing.end));
        }
    };
    let listed = directory::entries(&directory, count).map_err(invalid)?;
    let begins: Vec<u64> = listed.iter().map(|(_, begin)| *begin).collect();
    let headers = listed.iter().map(|(header, _)| header.clone()).collect();
    let entries = check(name.file(), headers, Limits::default())?;
    let dist_info = find_dist_info(&entries).map_err(invalid)?;
    if !belongs(&dist_info, name) {
        return Err(invalid(format!("its folder {dist_info} is another one's")));
    }
    let path = format!("{dist_info}/METADATA");
    let entry = entries.into_iter().find(|entry| entry.path == path);
    let place = listed
        .iter()
        .find(|(header, _)| header.name == path.as_bytes());
    let (Some(mut entry), Some((header, begin))) = (entry, place) else {
        return Err(invalid(format!("it has no {path}")));
    };
    if header.packed > MOST_METADATA {
        return Err(invalid(format!("its METADATA has {} bytes", header.packed)));
    }
    // Its own header has fields of unknown length; the next entry's begins after it.
    let next = begins.iter().copied().filter(|next| next > begin).min();
    let most = begin + (LOCAL_SIZE + path.len() + 0xffff) as u64 + header.packed;
    let limit = next.unwrap_or(offset).min(offset).min(most);
    let bytes = match gather(parts, *begin..limit) {
        Ok(bytes) => bytes,
        Err(missing) => return Ok(Found::Missing(missing)),
    };
    entry.start = directory::local(header, &bytes).map_err(invalid)?;
    let mut one = Container::of(name.file(), Cursor::new(bytes), Vec::new());
    let text = one.read(&entry, MOST_METADATA)?;
    let project = Project::parse(&text).map_err(invalid)?;
    if project.name != name.name || !same_version(&project, name) {
        return Err(invalid(format!(
            "its METADATA is that of {} {}",
            project.name, project.version
        )));
    }
    Ok(Found::Metadata(text))
}

fn end(part: &Part) -> u64 {
    part.start + part.bytes.len() as u64
}

/// The bytes of a range, or the range of those that are not here.
fn gather(parts: &[Part], range: Range<u64>) -> Result<Vec<u8>, Range<u64>> {
    let mut out = Vec::new();
    let mut at = range.start;
    while at < range.end {
        let Some(part) = parts.iter().find(|p| p.start <= at && at < end(p)) else {
            let begins = parts.iter().map(|part| part.start);
            let next = begins.filter(|begin| *begin > at).min();
            return Err(at..next.unwrap_or(range.end).min(range.end));
        };
        // Both lie within the part, whose bytes are in memory.
        let place = |at: u64| usize::try_from(at - part.start).unwrap_or(usize::MAX);
        let until = end(part).min(range.end);
        out.extend_from_slice(&part.bytes[place(at)..place(until)]);
        at = until;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Builder;

    /// Answers what is missing, and counts.
    fn read(bytes: &[u8], name: &str, tail: usize) -> Result<(Vec<u8>, usize), Error> {
        let name = name.parse()?;
        let part = |range: Range<usize>| Part {
            start: range.start as u64,
            bytes: bytes[range].to_vec(),
        };
        let mut parts = vec![part(bytes.len().saturating_sub(tail)..bytes.len())];
        loop {
            match metadata(&name, bytes.len() as u64, &parts)? {
                Found::Metadata(text) => return Ok((text, parts.len())),
                Found::Missing(range) => {
                    assert!(parts.len() < 4, "{range:?}");
                    let place = |at: u64| usize::try_from(at).unwrap();
                    parts.push(part(place(range.start)..place(range.end)));
                }
            }
        }
    }

    /// A wheel with that many modules besides, and bytes that cannot be packed after its METADATA.
    fn sample(modules: usize) -> (String, Vec<u8>, String) {
        let noise: Vec<u8> = (0..200_000_u32)
            .map(|i| (i.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0])
            .collect();
        let mut wheel = Builder::new("demo", "1.0")
            .header("Requires-Dist: six")
            .file("demo/noise", &noise);
        for module in 0..modules {
            wheel = wheel.file(&format!("demo/module_{module}.py"), b"");
        }
        (wheel.file_name(), wheel.bytes(), wheel.metadata())
    }

    #[test]
    fn a_tail_is_enough_or_says_what_is_missing() {
        let (name, bytes, text) = sample(3);
        for (tail, parts) in [(bytes.len(), 1), (32 << 10, 1), (700, 2), (22, 2)] {
            let (found, used) = read(&bytes, &name, tail).unwrap();
            assert_eq!(String::from_utf8(found).unwrap(), text);
            assert_eq!(used, parts, "{tail}");
        }
        let (name, bytes, text) = sample(1_000);
        let (found, used) = read(&bytes, &name, 1 << 14).unwrap();
        assert_eq!((String::from_utf8(found).unwrap(), used), (text, 2));
    }

    #[test]
    fn what_is_not_what_it_says_is_an_error() {
        let (name, bytes, _) = sample(3);
        for (name, bytes) in [
            (name.as_str(), &bytes[..bytes.len() - 1]),
            (&name, &bytes[1..]),
            (&name, b"no zip file at all, and long enough to be one"),
            (&name, b""),
            ("other-1.0-py3-none-any.whl", &bytes),
            ("demo-1.1-py3-none-any.whl", &bytes),
        ] {
            assert!(
                read(bytes, name, 1 << 10).is_err(),
                "{name} {}",
                bytes.len()
            );
        }
        let name: WheelName = name.parse().unwrap();
        assert!(metadata(&name, 10, &[]).is_err());
        // Each byte of the tail changed: an error, or what the wheel has.
        let start = bytes.len() - 700;
        let mut changed = bytes[start..].to_vec();
        for at in 0..changed.len() {
            changed[at] ^= 0xff;
            let part = Part {
                start: start as u64,
                bytes: changed.clone(),
            };
            if let Ok(Found::Missing(range)) = metadata(&name, bytes.len() as u64, &[part]) {
                assert!(range.end <= bytes.len() as u64 && !range.is_empty(), "{at}");
            }
            changed[at] ^= 0xff;
        }
    }
}
