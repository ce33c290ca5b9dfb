//! A project's page on an index: JSON (PEP 691) or HTML (PEP 503), read into the same list.
//!
//! Nothing is judged here: every file is returned, sdists too. Where the page comes from
//! and where it is kept is the caller's.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use pep440_rs::VersionSpecifiers;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use url::Url;

/// One file that an index offers.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// A file as a page lists it: of thousands, a resolution looks at one or two, so the texts are kept unread.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed<'a> {
    /// Its name.
    #[serde(borrow)]
    pub(crate) name: Cow<'a, str>,
    /// Where it is, as a rule relative to its page.
    #[serde(borrow)]
    pub(crate) url: Cow<'a, str>,
    pub(crate) sha256: Option<Cow<'a, str>>,
    pub(crate) requires_python: Option<Cow<'a, str>>,
    pub(crate) yanked: Option<Cow<'a, str>>,
    /// If it can be had apart: its sha256, empty if that is unknown.
    pub(crate) metadata: Option<Cow<'a, str>>,
    pub(crate) size: Option<u64>,
}

impl Listed<'_> {
    /// What is listed; `None` if its address cannot be read.
    pub(crate) fn read(self, base: &Url) -> Option<File> {
        let url = base.join(self.url.trim()).ok()?;
        let (url, in_url) = without_fragment(url);
        Some(File {
            name: self.name.into_owned(),
            url,
            sha256: self.sha256.map(|h| h.to_ascii_lowercase()).or(in_url),
            requires_python: self.requires_python.as_deref().and_then(specifiers),
            yanked: self.yanked.map(Cow::into_owned),
            metadata: self
                .metadata
                .map(|hash| (!hash.is_empty()).then(|| hash.into_owned())),
            size: self.size,
        })
    }
}

impl From<File> for Listed<'static> {
    fn from(file: File) -> Self {
        Self {
            name: file.name.into(),
            url: String::from(file.url).into(),
            sha256: file.sha256.map(Cow::from),
            requires_python: file.requires_python.map(|s| s.to_string().into()),
            yanked: file.yanked.map(Cow::from),
            metadata: file.metadata.map(|hash| hash.unwrap_or_default().into()),
            size: file.size,
        }
    }
}

/// All files of a page.
#[derive(Debug)]
pub struct Listing<'a> {
    /// What their addresses are relative to.
    pub(crate) base: Url,
    pub(crate) files: Vec<Listed<'a>>,
}

/// What to ask an index for, best first.
pub const ACCEPT: &str = "application/vnd.pypi.simple.v1+json, \
    application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1";

/// Reads a page according to its content type.
///
/// # Errors
/// What is wrong with it, to be put beside the page's address.
pub fn parse_page<'a>(
    body: &'a [u8],
    content_type: &str,
    url: &Url,
) -> Result<Listing<'a>, String> {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    match kind {
        "application/vnd.pypi.simple.v1+json" | "application/json" => {
            let files = json(body).map_err(|e| {
                // What a proxy's or a portal's error page looks like.
                let html = body.trim_ascii_start().first() == Some(&b'<');
                if html {
                    format!("it is called JSON and is HTML, an error page perhaps ({e})")
                } else {
                    e
                }
            })?;
            let base = url.clone();
            Ok(Listing { base, files })
        }
        "application/vnd.pypi.simple.v1+html" | "text/html" => html(body, url),
        other => Err(format!("its content type is «{other}»")),
    }
}

#[derive(Deserialize)]
struct JsonPage<'a> {
    #[serde(default)]
    meta: JsonMeta,
    #[serde(borrow)]
    files: Vec<JsonFile<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", default)]
struct JsonMeta {
    api_version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct JsonFile<'a> {
    #[serde(borrow)]
    filename: Cow<'a, str>,
    #[serde(borrow)]
    url: Cow<'a, str>,
    #[serde(borrow, default)]
    hashes: Hashes<'a>,
    #[serde(default)]
    requires_python: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    yanked: Flag<'a>,
    #[serde(borrow, default)]
    core_metadata: Flag<'a>,
    #[serde(borrow, default)]
    dist_info_metadata: Flag<'a>,
    size: Option<u64>,
}

#[derive(Deserialize, Default)]
struct Hashes<'a> {
    #[serde(borrow, default)]
    sha256: Option<Cow<'a, str>>,
}

/// A boolean, or more than yes.
#[derive(Default)]
enum Flag<'a> {
    #[default]
    No,
    Yes,
    Text(Cow<'a, str>),
    Hashes(Hashes<'a>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Flag<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seen;
        impl<'de> Visitor<'de> for Seen {
            type Value = Flag<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false, a text or hashes")
            }

            fn visit_bool<E>(self, yes: bool) -> Result<Flag<'de>, E> {
                Ok(if yes { Flag::Yes } else { Flag::No })
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Flag<'de>, E> {
                Ok(Flag::Text(text.into()))
            }

            fn visit_str<E>(self, text: &str) -> Result<Flag<'de>, E> {
                Ok(Flag::Text(text.to_owned().into()))
            }

            fn visit_unit<E>(self) -> Result<Flag<'de>, E> {
                Ok(Flag::No)
            }

            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Flag<'de>, M::Error> {
                Hashes::deserialize(MapAccessDeserializer::new(map)).map(Flag::Hashes)
            }
        }
        deserializer.deserialize_any(Seen)
    }
}

impl<'a> Flag<'a> {
    /// Of `yanked`: the reason.
    fn reason(self) -> Option<Cow<'a, str>> {
        match self {
            Self::No => None,
            Self::Text(reason) => Some(reason),
            Self::Yes | Self::Hashes(_) => Some("".into()),
        }
    }

    /// Of metadata that can be had: see [`Listed::metadata`].
    fn hash(self) -> Option<Cow<'a, str>> {
        match self {
            Self::No => None,
            Self::Hashes(hashes) => Some(hashes.sha256.unwrap_or_default()),
            Self::Yes | Self::Text(_) => Some("".into()),
        }
    }
}

fn json(body: &[u8]) -> Result<Vec<Listed<'_>>, String> {
    let parsed: JsonPage<'_> = serde_json::from_slice(body).map_err(|e| e.to_string())?;
    if let Some(version) = &parsed.meta.api_version
        && !version.starts_with("1.")
    {
        return Err(format!(
            "it has format version {version}, and only 1 is known"
        ));
    }
    let files = parsed.files.into_iter().map(|f| Listed {
        name: f.filename,
        url: f.url,
        sha256: f.hashes.sha256,
        requires_python: f.requires_python,
        yanked: f.yanked.reason(),
        metadata: f.core_metadata.hash().or(f.dist_info_metadata.hash()),
        size: f.size,
    });
    Ok(files.collect())
}

fn html(body: &[u8], page: &Url) -> Result<Listing<'static>, String> {
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
    let mut files = Vec::new();
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
        let label = html_escape::decode_html_entities(tag.inner_text(parser).trim()).into_owned();
        let (path, _) = href.split_once(['#', '?']).unwrap_or((&href, ""));
        let last = decoded(path.trim().rsplit('/').next().unwrap_or_default());
        let metadata = attribute(tag, "data-core-metadata")
            .or_else(|| attribute(tag, "data-dist-info-metadata"))
            .filter(|v| v != "false")
            .map(|v| {
                v.strip_prefix("sha256=")
                    .unwrap_or_default()
                    .to_owned()
                    .into()
            });
        files.push(Listed {
            name: if last.is_empty() { label } else { last }.into(),
            url: href.into(),
            sha256: None,
            requires_python: attribute(tag, "data-requires-python").map(Cow::from),
            yanked: attribute(tag, "data-yanked").map(Cow::from),
            metadata,
            size: None,
        });
    }
    Ok(Listing { base, files })
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
    decoded(last)
}

fn decoded(part: &str) -> String {
    percent_encoding::percent_decode_str(part)
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

    fn read(body: &[u8], content_type: &str) -> Vec<File> {
        let Listing { base, files } = parse_page(body, content_type, &page()).unwrap();
        files.into_iter().filter_map(|f| f.read(&base)).collect()
    }

    #[test]
    fn json_page() {
        let body = br#"{"meta":{"api-version":"1.1"},"name":"demo","files":[
            {"filename":"demo-1-py3-none-any.whl","url":"../../f/demo-1-py3-none-any.whl",
             "hashes":{"sha256":"AB"},"requires-python":">=3.8","yanked":"broken",
             "core-metadata":{"sha256":"cd"},"size":7},
            {"filename":"demo-1.tar.gz","url":"http://o.test/demo-1.tar.gz","hashes":{},
             "yanked":false,"dist-info-metadata":true,"requires-python":"nonsense"}]}"#;
        let files = read(body, "application/vnd.pypi.simple.v1+json");
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
        let files = read(body, "text/html; charset=utf-8");
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
