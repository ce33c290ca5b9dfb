//! A project's page on an index: JSON (PEP 691) or HTML (PEP 503), read into the same list.
//!
//! Nothing is judged here: every file is returned, sdists too. Where the page comes from
//! and where it is kept is the caller's.

use std::str::FromStr;

use pep440_rs::VersionSpecifiers;
use serde::{Deserialize, Serialize};
use url::Url;

/// One file that an index offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Where it is, without the hash fragment.
    pub url: Url,
    /// Hexadecimal sha256, when the index gives one.
    pub sha256: Option<String>,
    /// `Requires-Python`; `None` too when it cannot be read, as pip has it.
    pub requires_python: Option<VersionSpecifiers>,
    /// PEP 592: the reason, empty if none was given.
    pub yanked: Option<String>,
    /// PEP 658: `URL.metadata` exists; with its sha256 if known.
    pub metadata: Option<Option<String>>,
    /// Bytes.
    pub size: Option<u64>,
}

impl File {
    /// The file at a URL of which nothing else is known but its hash, if the fragment has one.
    #[must_use]
    pub fn at(url: Url) -> Self {
        let (url, sha256) = without_fragment(url);
        Self {
            name: last_segment(&url),
            url,
            sha256,
            requires_python: None,
            yanked: None,
            metadata: None,
            size: None,
        }
    }

    /// Where PEP 658 puts this file's metadata.
    #[must_use]
    pub fn metadata_url(&self) -> Url {
        let mut url = self.url.clone();
        url.set_path(&format!("{}.metadata", url.path()));
        url
    }
}

/// What to ask an index for, best first.
pub const ACCEPT: &str = "application/vnd.pypi.simple.v1+json, \
    application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1";

/// Reads a page according to its content type.
///
/// # Errors
/// What is wrong with it, to be put beside the page's address.
pub fn parse_page(body: &[u8], content_type: &str, url: &Url) -> Result<Vec<File>, String> {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    match kind {
        "application/vnd.pypi.simple.v1+json" | "application/json" => {
            json(body, url).map_err(|e| {
                // What a proxy's or a portal's error page looks like.
                let html = body.trim_ascii_start().first() == Some(&b'<');
                if html {
                    format!("it is called JSON and is HTML, an error page perhaps ({e})")
                } else {
                    e
                }
            })
        }
        "application/vnd.pypi.simple.v1+html" | "text/html" => html(body, url),
        other => Err(format!("its content type is «{other}»")),
    }
}

#[derive(Deserialize)]
struct JsonPage {
    #[serde(default)]
    meta: JsonMeta,
    files: Vec<JsonFile>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", default)]
struct JsonMeta {
    api_version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct JsonFile {
    filename: String,
    url: String,
    #[serde(default)]
    hashes: std::collections::HashMap<String, String>,
    requires_python: Option<String>,
    #[serde(default)]
    yanked: BoolOr<String>,
    #[serde(default)]
    core_metadata: BoolOr<std::collections::HashMap<String, String>>,
    #[serde(default)]
    dist_info_metadata: BoolOr<std::collections::HashMap<String, String>>,
    size: Option<u64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum BoolOr<T> {
    Bool(bool),
    Value(T),
}

impl<T> Default for BoolOr<T> {
    fn default() -> Self {
        Self::Bool(false)
    }
}

fn json(body: &[u8], page: &Url) -> Result<Vec<File>, String> {
    let parsed: JsonPage = serde_json::from_slice(body).map_err(|e| e.to_string())?;
    if let Some(version) = &parsed.meta.api_version
        && !version.starts_with("1.")
    {
        return Err(format!(
            "it has format version {version}, and only 1 is known"
        ));
    }
    let metadata = |value: BoolOr<std::collections::HashMap<String, String>>| match value {
        BoolOr::Bool(false) => None,
        BoolOr::Bool(true) => Some(None),
        BoolOr::Value(hashes) => Some(hashes.get("sha256").cloned()),
    };
    parsed
        .files
        .into_iter()
        .map(|f| {
            let url = page.join(&f.url).map_err(|e| format!("«{}»: {e}", f.url))?;
            Ok(File {
                name: f.filename,
                url: without_fragment(url).0,
                sha256: f.hashes.get("sha256").map(|h| h.to_ascii_lowercase()),
                requires_python: f.requires_python.as_deref().and_then(specifiers),
                yanked: match f.yanked {
                    BoolOr::Bool(false) => None,
                    BoolOr::Bool(true) => Some(String::new()),
                    BoolOr::Value(reason) => Some(reason),
                },
                metadata: metadata(f.core_metadata).or_else(|| metadata(f.dist_info_metadata)),
                size: f.size,
            })
        })
        .collect()
}

fn html(body: &[u8], page: &Url) -> Result<Vec<File>, String> {
    let text = String::from_utf8_lossy(body);
    let dom = tl::parse(&text, tl::ParserOptions::default()).map_err(|e| e.to_string())?;
    let parser = dom.parser();
    let attribute = |tag: &tl::HTMLTag<'_>, key: &str| -> Option<String> {
        let value = tag.attributes().get(key)?;
        let value = value
            .map(|b| b.as_utf8_str().into_owned())
            .unwrap_or_default();
        Some(html_escape::decode_html_entities(&value).into_owned())
    };
    let mut base = page.clone();
    let mut out = Vec::new();
    for node in dom.nodes() {
        let Some(tag) = node.as_tag() else { continue };
        let name = tag.name().as_utf8_str().to_ascii_lowercase();
        let Some(href) = attribute(tag, "href") else {
            continue;
        };
        if name == "base" {
            base = page.join(&href).map_err(|e| e.to_string())?;
        }
        if name != "a" {
            continue;
        }
        let url = base
            .join(href.trim())
            .map_err(|e| format!("«{href}»: {e}"))?;
        let (url, sha256) = without_fragment(url);
        let label = html_escape::decode_html_entities(tag.inner_text(parser).trim()).into_owned();
        let from_url = last_segment(&url);
        let metadata = attribute(tag, "data-core-metadata")
            .or_else(|| attribute(tag, "data-dist-info-metadata"))
            .filter(|v| v != "false")
            .map(|v| v.strip_prefix("sha256=").map(str::to_owned));
        out.push(File {
            name: if from_url.is_empty() { label } else { from_url },
            url,
            sha256,
            requires_python: attribute(tag, "data-requires-python")
                .as_deref()
                .and_then(specifiers),
            yanked: attribute(tag, "data-yanked"),
            metadata,
            size: None,
        });
    }
    Ok(out)
}

fn specifiers(text: &str) -> Option<VersionSpecifiers> {
    VersionSpecifiers::from_str(text).ok()
}

/// The last part of a URL's path, decoded: as a rule a file's name.
fn last_segment(url: &Url) -> String {
    let last = url
        .path_segments()
        .and_then(Iterator::last)
        .unwrap_or_default();
    percent_encoding::percent_decode_str(last)
        .decode_utf8_lossy()
        .into_owned()
}

/// Splits `#sha256=…` off.
fn without_fragment(mut url: Url) -> (Url, Option<String>) {
    let sha256 = url.fragment().and_then(|f| {
        f.split('&')
            .find_map(|part| part.strip_prefix("sha256="))
            .map(str::to_ascii_lowercase)
    });
    url.set_fragment(None);
    (url, sha256)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Url {
        Url::parse("http://i.test/simple/demo/").unwrap()
    }

    #[test]
    fn json_page() {
        let body = br#"{"meta":{"api-version":"1.1"},"name":"demo","files":[
            {"filename":"demo-1-py3-none-any.whl","url":"../../f/demo-1-py3-none-any.whl",
             "hashes":{"sha256":"AB"},"requires-python":">=3.8","yanked":"broken",
             "core-metadata":{"sha256":"cd"},"size":7},
            {"filename":"demo-1.tar.gz","url":"http://o.test/demo-1.tar.gz","hashes":{},
             "yanked":false,"dist-info-metadata":true,"requires-python":"nonsense"}]}"#;
        let files = parse_page(body, "application/vnd.pypi.simple.v1+json", &page()).unwrap();
        assert_eq!(
            files[0].url.as_str(),
            "http://i.test/f/demo-1-py3-none-any.whl"
        );
        assert_eq!(files[0].sha256.as_deref(), Some("ab"));
        assert_eq!(files[0].yanked.as_deref(), Some("broken"));
        assert_eq!(files[0].metadata, Some(Some("cd".into())));
        assert_eq!(files[0].size, Some(7));
        assert_eq!(files[1].metadata, Some(None));
        assert!(files[1].yanked.is_none() && files[1].requires_python.is_none());
    }

    #[test]
    fn html_page() {
        let body = br#"<!DOCTYPE html><html><body><h1>Links</h1>
            <a href="/f/demo-1%2Bx-py3-none-any.whl#sha256=ab" data-requires-python="&gt;=3.8"
               data-dist-info-metadata="sha256=cd">demo</a><br>
            <a href="demo-2.tar.gz" data-yanked>demo-2.tar.gz</a></body></html>"#;
        let files = parse_page(body, "text/html; charset=utf-8", &page()).unwrap();
        assert_eq!(files.len(), 2);
        assert_eq!(files[0].name, "demo-1+x-py3-none-any.whl");
        assert_eq!(files[0].sha256.as_deref(), Some("ab"));
        assert_eq!(
            files[0].requires_python.as_ref().unwrap().to_string(),
            ">=3.8"
        );
        assert_eq!(files[0].metadata, Some(Some("cd".into())));
        assert_eq!(
            files[1].url.as_str(),
            "http://i.test/simple/demo/demo-2.tar.gz"
        );
        assert_eq!(files[1].yanked.as_deref(), Some(""));
    }

    #[test]
    fn an_error_page_in_disguise() {
        let body = b"  <!DOCTYPE html><title>502</title>";
        let err = parse_page(body, "application/json", &page()).unwrap_err();
        assert!(err.contains("is HTML"), "{err}");
    }

    #[test]
    fn other_pages_are_refused() {
        assert!(
            parse_page(b"", "image/png", &page())
                .unwrap_err()
                .contains("image/png")
        );
        assert!(parse_page(b"{}", "application/json", &page()).is_err());
        let v2 = br#"{"meta":{"api-version":"2.0"},"files":[]}"#;
        let err = parse_page(v2, "application/json", &page()).unwrap_err();
        assert!(err.contains("2.0"), "{err}");
    }
}
