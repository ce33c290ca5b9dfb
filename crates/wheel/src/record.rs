//! `RECORD`: one row per file with its sha256 and size (PEP 376, PEP 627).

use std::collections::HashMap;

use data_encoding::BASE64URL_NOPAD;

/// What RECORD says of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// A sha256 digest.
    Sha256([u8; 32]),
    /// No hash: allowed only for RECORD itself and its signatures.
    Nothing,
}

/// A sha256 digest and a size in bytes.
pub(crate) type Digested = ([u8; 32], u64);

/// Rows by path.
pub(crate) type Record = HashMap<String, Expected>;

/// Reads RECORD.
pub(crate) fn parse(text: &[u8]) -> Result<Record, String> {
    let mut out = Record::new();
    let rows = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text)
        .into_records();
    for row in rows {
        let row = row.map_err(|e| format!("RECORD cannot be read: {e}"))?;
        let path = row.get(0).unwrap_or_default();
        if path.is_empty() {
            return Err("RECORD has a row without a path".to_owned());
        }
        let expected = match row.get(1).unwrap_or_default() {
            "" => Expected::Nothing,
            hash => Expected::Sha256(
                decode(hash)
                    .ok_or_else(|| format!("RECORD: «{hash}» of {path} is not a sha256 hash"))?,
            ),
        };
        out.insert(path.to_owned(), expected);
    }
    Ok(out)
}

/// The hash column for a digest.
pub(crate) fn encode(digest: &[u8]) -> String {
    format!("sha256={}", BASE64URL_NOPAD.encode(digest))
}

/// Writes rows of (path, digest, size in bytes); a row without a digest is RECORD's own.
pub(crate) fn write(rows: &[(String, Option<Digested>)]) -> Vec<u8> {
    let mut out = csv::WriterBuilder::new()
        .terminator(csv::Terminator::Any(b'\n'))
        .from_writer(Vec::new());
    for (path, digest) in rows {
        let (hash, size) = match digest {
            Some((digest, size)) => (encode(digest), size.to_string()),
            None => (String::new(), String::new()),
        };
        // Writing into a Vec cannot fail.
        let _ = out.write_record([path.as_str(), &hash, &size]);
    }
    out.into_inner().unwrap_or_default()
}

fn decode(hash: &str) -> Option<[u8; 32]> {
    let text = hash.strip_prefix("sha256=")?.trim_end_matches('=');
    BASE64URL_NOPAD
        .decode(text.as_bytes())
        .ok()?
        .try_into()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_with_commas_and_quotes() {
        let rows = vec![
            ("a,b \"c\".py".to_owned(), Some(([7; 32], 3))),
            ("x.dist-info/RECORD".to_owned(), None),
        ];
        let read = parse(&write(&rows)).unwrap();
        assert_eq!(read["a,b \"c\".py"], Expected::Sha256([7; 32]));
        assert_eq!(read["x.dist-info/RECORD"], Expected::Nothing);
    }

    #[test]
    fn refuses_weak_hashes() {
        assert!(
            parse(b"a.py,md5=AAAA,1\n")
                .unwrap_err()
                .contains("md5=AAAA")
        );
    }
}
