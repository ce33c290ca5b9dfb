//! Compressed copies of files, made once and kept on disk.
//!
//! A copy is named by the file's path, size and time of change, so a changed file gets
//! a new copy; old ones go when the cache is cleaned.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

/// A content coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Coding {
    Brotli,
    Gzip,
}

impl Coding {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Gzip => ".gz",
        }
    }

    /// What an `Accept-Encoding` header allows, best first.
    pub(crate) fn accepted(header: &str) -> Vec<Self> {
        let allows = |name: &str| {
            header.split(',').any(|part| {
                let mut fields = part.split(';').map(str::trim);
                fields.next().is_some_and(|n| n.eq_ignore_ascii_case(name))
                    && fields
                        .find_map(|f| f.strip_prefix("q="))
                        .is_none_or(|q| q.parse().is_ok_and(|q: f32| q > 0.0))
            })
        };
        [Self::Brotli, Self::Gzip]
            .into_iter()
            .filter(|c| allows(c.name()))
            .collect()
    }
}

/// Below this, headers weigh more than what is saved. Bytes.
const SMALLEST: u64 = 1024;
/// The largest file that is worth the wait. Bytes.
const LARGEST: u64 = 256 << 20;
/// Brotli's quality: close to the best at a tenth of its time.
const QUALITY: i32 = 5;

/// Makes and finds compressed copies.
pub(crate) struct Compressor {
    dir: PathBuf,
    /// One lock per copy, so that two requests at once make it once.
    making: Mutex<HashMap<PathBuf, Arc<tokio::sync::Mutex<()>>>>,
}

impl Compressor {
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self {
            dir,
            making: Mutex::default(),
        }
    }

    /// The compressed copy of `file`; `None` when there is no use in one or it cannot be made.
    pub(crate) async fn copy(&self, file: &Path, coding: Coding) -> Option<PathBuf> {
        let meta = fs::metadata(file).ok()?;
        if !(SMALLEST..=LARGEST).contains(&meta.len()) {
            return None;
        }
        let id = format!(
            "{} {} {:?}",
            file.display(),
            meta.len(),
            meta.modified().ok()?
        );
        let name = format!(
            "{}{}",
            hex::encode(&Sha256::digest(id)[..16]),
            coding.suffix()
        );
        let copy = self.dir.join(name);
        if copy.is_file() {
            return Some(copy);
        }
        let lock = {
            let mut making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
            making.entry(copy.clone()).or_default().clone()
        };
        let _held = lock.lock().await;
        if copy.is_file() {
            return Some(copy);
        }
        let (from, to) = (file.to_owned(), copy.clone());
        let made = tokio::task::spawn_blocking(move || make(&from, &to, coding)).await;
        match made {
            Ok(Ok(())) => Some(copy),
            other => {
                tracing::debug!(file = %file.display(), ?other, "sent uncompressed");
                None
            }
        }
    }
}

fn make(from: &Path, to: &Path, coding: Coding) -> io::Result<()> {
    let dir = to.parent().unwrap_or(to);
    fs::create_dir_all(dir)?;
    let mut temp = tempfile::NamedTempFile::new_in(dir)?;
    let mut source = BufReader::new(File::open(from)?);
    match coding {
        Coding::Brotli => {
            let params = brotli::enc::BrotliEncoderParams {
                quality: QUALITY,
                ..Default::default()
            };
            brotli::BrotliCompress(
                &mut source,
                &mut BufWriter::new(temp.as_file_mut()),
                &params,
            )?;
        }
        Coding::Gzip => {
            let out = BufWriter::new(temp.as_file_mut());
            let mut encoder = flate2::write::GzEncoder::new(out, flate2::Compression::default());
            io::copy(&mut source, &mut encoder)?;
            encoder.finish()?.flush()?;
        }
    }
    temp.persist(to).map_err(|e| e.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_encoding() {
        use Coding::{Brotli, Gzip};
        for (header, expected) in [
            ("gzip, deflate, br", vec![Brotli, Gzip]),
            ("gzip;q=1.0, br;q=0", vec![Gzip]),
            ("BR", vec![Brotli]),
            ("identity", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(Coding::accepted(header), expected, "{header}");
        }
    }
}
