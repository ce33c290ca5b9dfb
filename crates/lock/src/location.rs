//! Where a locked file is: a URL, or a path below the lock file's own folder.

use std::fmt;
use std::path::Path;

use percent_encoding::percent_decode_str;
use url::Url;

/// Where a file is. A path never leaves the lock file's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// Below the lock file's folder, its parts separated by slashes.
    Relative(String),
    /// Anywhere else, without credentials.
    Url(Url),
}

impl Location {
    /// Reads a path or a URL.
    ///
    /// # Errors
    /// Why it may not be used.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.contains("://") {
            let url = Url::parse(text).map_err(|e| e.to_string())?;
            if !matches!(url.scheme(), "http" | "https" | "file") {
                return Err(format!(
                    "its scheme is {}, and only https, http and file can be read",
                    url.scheme()
                ));
            }
            let at = Self::Url(url);
            // The file will be written under its name somewhere.
            return match Self::parse(&at.file_name()) {
                Ok(Self::Relative(name)) if !name.contains('/') => Ok(at),
                _ => Err("it does not end in a file's name".to_owned()),
            };
        }
        // Browsers read these as parts of a URL, where `%2e%2e` is `..` again.
        if let Some(c) = text
            .chars()
            .find(|c| matches!(c, '\\' | '%' | '?' | '#' | ':') || c.is_control())
        {
            return Err(format!("a path in a lock file cannot have {c:?}"));
        }
        if text.starts_with('/') {
            return Err("it is an absolute path".to_owned());
        }
        if text.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err("it leads out of the lock file's folder, or to a folder".to_owned());
        }
        Ok(Self::Relative(text.to_owned()))
    }

    /// The last part: the file's own name.
    #[must_use]
    pub fn file_name(&self) -> String {
        match self {
            Self::Relative(path) => path.rsplit('/').next().unwrap_or_default().to_owned(),
            Self::Url(url) => {
                let last = url.path_segments().and_then(Iterator::last);
                percent_decode_str(last.unwrap_or_default())
                    .decode_utf8_lossy()
                    .into_owned()
            }
        }
    }

    /// Whether the file is called a wheel.
    #[must_use]
    pub fn is_wheel(&self) -> bool {
        // Lower case is part of the format.
        Path::new(&self.file_name())
            .extension()
            .is_some_and(|e| e == "whl")
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Relative(path) => f.write_str(path),
            Self::Url(url) => f.write_str(url.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_in_their_folder() {
        for bad in [
            "../a.whl",
            "a/../../b.whl",
            "/etc/passwd",
            "a//b.whl",
            "./a.whl",
            "C:/a.whl",
            "a\\..\\b.whl",
            "%2e%2e/a.whl",
            "a.whl?x",
            "a.whl\0",
            "dir/",
        ] {
            assert!(Location::parse(bad).is_err(), "{bad}");
        }
        for good in ["a.whl", "wheels/a-1+local.whl", "..a/b.whl"] {
            assert_eq!(
                Location::parse(good),
                Ok(Location::Relative(good.to_owned()))
            );
        }
    }

    #[test]
    fn urls() {
        let at = Location::parse("https://h.test/a/x-1%2Bl-py3-none-any.whl#sha256=1").unwrap();
        assert_eq!(at.file_name(), "x-1+l-py3-none-any.whl");
        for bad in [
            "javascript://a",
            "ftp://h.test/a.whl",
            "http://",
            "http://h.test/",
            "http://h.test/..%2Fa",
            "http://h.test/a%00",
        ] {
            assert!(Location::parse(bad).is_err(), "{bad}");
        }
    }
}
