//! Making wheels for tests, good ones and bad ones. Compiled only for tests.

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::record;

/// A wheel to be written.
#[derive(Clone, Debug)]
pub struct Builder {
    name: String,
    version: String,
    tag: String,
    headers: Vec<String>,
    files: Vec<(String, Vec<u8>)>,
    record: bool,
}

impl Builder {
    /// A pure wheel with nothing in it but its metadata.
    #[must_use]
    pub fn new(name: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            tag: "py3-none-any".to_owned(),
            headers: Vec::new(),
            files: Vec::new(),
            record: true,
        }
    }

    /// Sets the tags in its name.
    #[must_use]
    pub fn tag(mut self, tag: &str) -> Self {
        tag.clone_into(&mut self.tag);
        self
    }

    /// Adds a METADATA line, such as `Requires-Dist: six`.
    #[must_use]
    pub fn header(mut self, line: &str) -> Self {
        self.headers.push(line.to_owned());
        self
    }

    /// Adds a file.
    #[must_use]
    pub fn file(mut self, path: &str, content: &[u8]) -> Self {
        self.files.push((path.to_owned(), content.to_owned()));
        self
    }

    /// Leaves every row but its own out of RECORD.
    #[must_use]
    pub fn without_record(mut self) -> Self {
        self.record = false;
        self
    }

    /// The file's name.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{}-{}-{}.whl", self.name, self.version, self.tag)
    }

    /// The text of METADATA.
    #[must_use]
    pub fn metadata(&self) -> String {
        let mut text = format!(
            "Metadata-Version: 2.1\nName: {}\nVersion: {}\n",
            self.name, self.version
        );
        for line in &self.headers {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    /// The wheel's bytes.
    ///
    /// # Panics
    /// When the zip writer refuses, which a test should show.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let info = format!("{}-{}.dist-info", self.name, self.version);
        let mut files = self.files.clone();
        files.push((format!("{info}/METADATA"), self.metadata().into_bytes()));
        let purelib = self.tag.ends_with("-any");
        files.push((
            format!("{info}/WHEEL"),
            format!(
                "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: {purelib}\nTag: {}\n",
                self.tag
            )
            .into_bytes(),
        ));
        let mut rows: Vec<_> = files
            .iter()
            .filter(|_| self.record)
            .map(|(path, content)| {
                let digest = Sha256::digest(content).into();
                (path.clone(), Some((digest, content.len() as u64)))
            })
            .collect();
        rows.push((format!("{info}/RECORD"), None));
        files.push((format!("{info}/RECORD"), record::write(&rows)));
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (path, content) in files {
            zip.start_file(path, SimpleFileOptions::default())
                .expect("start an entry");
            zip.write_all(&content).expect("write an entry");
        }
        zip.finish().expect("finish the zip").into_inner()
    }

    /// Writes it into `dir` and returns its path.
    ///
    /// # Panics
    /// When the folder cannot be written.
    #[must_use]
    pub fn write(&self, dir: &Path) -> PathBuf {
        let path = dir.join(self.file_name());
        fs::write(&path, self.bytes()).expect("write the wheel");
        path
    }
}
