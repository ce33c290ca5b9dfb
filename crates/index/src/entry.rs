//! Small files of the cache with a checksum, so that a flipped byte is noticed and never
//! taken for what an index said.

use std::fs;
use std::path::Path;

use crate::Error;
use crate::store::keep;

/// What a file of this kind begins with; the checksum of the rest follows.
const MAGIC: &[u8; 8] = b"ferropy1";

/// What a read found.
pub(crate) enum Entry {
    Found(Vec<u8>),
    Absent,
    /// The file is there, and not what was written.
    Damaged,
}

/// Reads what [`write`] wrote, without its frame.
pub(crate) fn read(path: &Path) -> Entry {
    let Ok(mut bytes) = fs::read(path) else {
        return Entry::Absent;
    };
    let head = MAGIC.len() + 4;
    let good = bytes.len() >= head
        && bytes[..MAGIC.len()] == *MAGIC
        && bytes[MAGIC.len()..head] == crc32fast::hash(&bytes[head..]).to_le_bytes();
    if !good {
        return Entry::Damaged;
    }
    bytes.drain(..head);
    Entry::Found(bytes)
}

/// Writes a file so that no reader sees half of it.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<(), Error> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(crc32fast::hash(content).to_le_bytes());
    bytes.extend(content);
    keep(path, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_byte_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("entry");
        assert!(matches!(read(&path), Entry::Absent));
        write(&path, b"content").unwrap();
        assert!(matches!(read(&path), Entry::Found(c) if c == b"content"));
        let good = fs::read(&path).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs::write(&path, bad).unwrap();
            assert!(matches!(read(&path), Entry::Damaged), "byte {at}");
        }
    }
}
