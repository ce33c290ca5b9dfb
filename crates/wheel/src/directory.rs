//! The directory of a zip archive as it stands in the file (APPNOTE 4.3), read strictly: the archive ends with it,
//! both headers of an entry say the same, and no two entries share bytes.
//!
//! Paths and sizes are not judged here.

use std::io::{Read, Seek, SeekFrom};

/// How an entry is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Stored,
    Deflated,
}

/// One entry.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) name: Vec<u8>,
    /// The Unix mode, or 0.
    pub(crate) mode: u32,
    pub(crate) size: u64,
    pub(crate) packed: u64,
    pub(crate) method: Method,
    pub(crate) crc: u32,
    /// Where its data begins.
    pub(crate) start: u64,
}

const END: u32 = 0x0605_4b50;
const ENTRY: u32 = 0x0201_4b50;
const LOCAL: u32 = 0x0403_4b50;

/// The sizes of the three records without what varies.
const END_SIZE: usize = 22;
const ENTRY_SIZE: usize = 46;
pub(crate) const LOCAL_SIZE: usize = 30;

/// What zip64 puts where a number stands elsewhere.
const ELSEWHERE: u32 = u32::MAX;

fn u16_at(bytes: &[u8], at: usize) -> Result<u16, String> {
    let field = bytes
        .get(at..at + 2)
        .and_then(|field| field.try_into().ok());
    field
        .map(u16::from_le_bytes)
        .ok_or_else(|| CUT_OFF.to_owned())
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32, String> {
    let field = bytes
        .get(at..at + 4)
        .and_then(|field| field.try_into().ok());
    field
        .map(u32::from_le_bytes)
        .ok_or_else(|| CUT_OFF.to_owned())
}

const CUT_OFF: &str = "its directory is cut off";

/// Reads an archive's directory.
pub(crate) fn read(reader: &mut (impl Read + Seek)) -> Result<Vec<Header>, String> {
    let io = |e: std::io::Error| e.to_string();
    let length = reader.seek(SeekFrom::End(0)).map_err(io)?;
    // A comment of at most 65,535 bytes may follow the end's own record.
    let window = length.min((END_SIZE + 0xffff) as u64);
    reader.seek(SeekFrom::Start(length - window)).map_err(io)?;
    let mut tail = vec![0; usize::try_from(window).unwrap_or_default()];
    reader.read_exact(&mut tail).map_err(io)?;
    let (count, offset, size) = end(&tail, length - window)?;
    reader.seek(SeekFrom::Start(offset)).map_err(io)?;
    let mut directory = vec![0; size];
    reader.read_exact(&mut directory).map_err(io)?;
    let mut listed = entries(&directory, count)?;
    let mut own = Vec::new();
    for (header, begin) in &mut listed {
        own.resize(LOCAL_SIZE + header.name.len(), 0);
        reader.seek(SeekFrom::Start(*begin)).map_err(io)?;
        reader.read_exact(&mut own).map_err(|_| {
            let name = String::from_utf8_lossy(&header.name);
            format!("the header of {name} is outside of it")
        })?;
        header.start = *begin + local(header, &own)?;
    }
    let mut ranges: Vec<(u64, u64)> = listed
        .iter()
        .map(|(header, begin)| (*begin, header.start + header.packed))
        .collect();
    ranges.sort_unstable();
    let ends = ranges.iter().map(|(_, end)| *end);
    let next = ranges.iter().skip(1).map(|(begin, _)| *begin);
    if ends.zip(next.chain([offset])).any(|(end, next)| end > next) {
        return Err("two entries share the same bytes".to_owned());
    }
    Ok(listed.into_iter().map(|(header, _)| header).collect())
}

/// The entries that a directory lists, and where each one's own header begins.
pub(crate) fn entries(directory: &[u8], count: usize) -> Result<Vec<(Header, u64)>, String> {
    let mut listed = Vec::with_capacity(count);
    let mut rest = directory;
    for _ in 0..count {
        let (header, begin, used) = entry(rest)?;
        rest = &rest[used..];
        listed.push((header, u64::from(begin)));
    }
    if !rest.is_empty() {
        return Err("its directory has more entries than it says".to_owned());
    }
    Ok(listed)
}

/// How far after the beginning of an entry's own header its data begins.
pub(crate) fn local(header: &Header, own: &[u8]) -> Result<u64, String> {
    let same = u32_at(own, 0)? == LOCAL
        && usize::from(u16_at(own, 26)?) == header.name.len()
        && own[LOCAL_SIZE..].starts_with(&header.name);
    if !same {
        return Err(format!(
            "the header of {} says something else than the directory",
            String::from_utf8_lossy(&header.name)
        ));
    }
    Ok((LOCAL_SIZE + header.name.len()) as u64 + u64::from(u16_at(own, 28)?))
}

/// The number of entries, and where the directory is and how long; `tail` are the bytes from `first` to the end.
pub(crate) fn end(tail: &[u8], first: u64) -> Result<(usize, u64, usize), String> {
    let signature = END.to_le_bytes();
    let at = (0..(tail.len() + 1).saturating_sub(END_SIZE))
        .rev()
        .find(|&at| {
            tail[at..].starts_with(&signature)
                && u16_at(tail, at + 20)
                    .is_ok_and(|comment| at + END_SIZE + usize::from(comment) == tail.len())
        });
    let Some(at) = at else {
        return Err("its end is missing: it is cut off, or no zip file at all".to_owned());
    };
    let record = &tail[at..];
    let (disk, first_disk) = (u16_at(record, 4)?, u16_at(record, 6)?);
    let (here, count) = (u16_at(record, 8)?, u16_at(record, 10)?);
    let (size, offset) = (u32_at(record, 12)?, u32_at(record, 16)?);
    if count == u16::MAX || size == ELSEWHERE || offset == ELSEWHERE {
        return Err(ZIP64.to_owned());
    }
    if disk != 0 || first_disk != 0 || here != count {
        return Err("it is one of several parts".to_owned());
    }
    if u64::from(offset) + u64::from(size) != first + at as u64 {
        return Err("its directory is not where its end says".to_owned());
    }
    Ok((usize::from(count), offset.into(), size as usize))
}

const ZIP64: &str = "it is in the zip64 format, for more than 4 GiB or 65,534 files";

/// The directory's next entry, where its own header begins, and how many bytes it takes.
fn entry(bytes: &[u8]) -> Result<(Header, u32, usize), String> {
    if u32_at(bytes, 0)? != ENTRY {
        return Err("its directory is damaged".to_owned());
    }
    let length = |at| u16_at(bytes, at).map(usize::from);
    let (name, extra, comment) = (length(28)?, length(30)?, length(32)?);
    let used = ENTRY_SIZE + name + extra + comment;
    let name = bytes
        .get(ENTRY_SIZE..ENTRY_SIZE + name)
        .filter(|_| bytes.len() >= used);
    let name = name.ok_or(CUT_OFF)?.to_vec();
    let shown = String::from_utf8_lossy(&name);
    if u16_at(bytes, 8)? & 0x41 != 0 {
        return Err(format!("{shown} is encrypted"));
    }
    let method = match u16_at(bytes, 10)? {
        0 => Method::Stored,
        8 => Method::Deflated,
        other => {
            return Err(format!(
                "{shown} uses the compression method {other}, and only stored and deflated files are known"
            ));
        }
    };
    let (packed, size, local) = (u32_at(bytes, 20)?, u32_at(bytes, 24)?, u32_at(bytes, 42)?);
    if [packed, size, local].contains(&ELSEWHERE) {
        return Err(ZIP64.to_owned());
    }
    if method == Method::Stored && packed != size {
        return Err(format!("the sizes of {shown} disagree"));
    }
    // The host system's number is 3 for Unix; others keep no mode here.
    let unix = u16_at(bytes, 4)? >> 8 == 3;
    let mode = if unix { u32_at(bytes, 38)? >> 16 } else { 0 };
    let header = Header {
        mode,
        size: size.into(),
        packed: packed.into(),
        method,
        crc: u32_at(bytes, 16)?,
        start: 0,
        name,
    };
    Ok((header, local, used))
}
