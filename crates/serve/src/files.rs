//! From a request to a file: safe paths, MIME types, headers.
//!
//! Ranges, `If-None-Match` and the reading itself are tower-http's.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, LOCATION,
    RANGE, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use axum::response::IntoResponse;
use tower_http::services::ServeFile;

use crate::Options;
use crate::compress::{Coding, Compressor};

/// A folder being served.
pub(crate) struct Site {
    options: Options,
    compressor: Option<Compressor>,
}

impl Site {
    pub(crate) fn new(options: Options) -> Self {
        let compressor = options.compressed.clone().map(Compressor::new);
        Self {
            options,
            compressor,
        }
    }

    /// The body of a response without the headers that all share.
    async fn file(&self, request: Request) -> Response<Body> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD")]).into_response();
        }
        let path = request.uri().path().to_owned();
        let Some(mut file) = below(&self.options.root, &path) else {
            return not_found();
        };
        if file.is_dir() {
            if !path.ends_with('/') {
                return redirect(&format!("{path}/"));
            }
            file.push("index.html");
            if !file.is_file()
                && path == "/"
                && let Some(home) = &self.options.home
            {
                return redirect(&format!("/{home}"));
            }
        }
        if !file.is_file() {
            return not_found();
        }
        let mime = mime_of(&file);
        let (source, coding) = self.choose(&file, request.headers()).await;
        match ServeFile::new_with_mime(&source, &mime)
            .try_call(request)
            .await
        {
            Ok(response) => {
                let mut response = response.map(Body::new);
                let headers = response.headers_mut();
                if let Some(coding) = coding {
                    headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
                }
                if compressible(&file) {
                    headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
                }
                response
            }
            Err(error) => {
                tracing::warn!(file = %file.display(), %error, "cannot be read");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }

    /// The file itself or a compressed copy that the client takes.
    async fn choose(&self, file: &Path, headers: &HeaderMap) -> (PathBuf, Option<Coding>) {
        // Ranges are of the bytes as they are on disk.
        if headers.contains_key(RANGE) || !compressible(file) {
            return (file.to_owned(), None);
        }
        let accepted = headers
            .get(ACCEPT_ENCODING)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default();
        for coding in Coding::accepted(accepted) {
            let sibling = with_suffix(file, coding.suffix());
            if newer(&sibling, file) {
                return (sibling, Some(coding));
            }
        }
        if let Some(compressor) = &self.compressor
            && let Some(coding) = Coding::accepted(accepted).into_iter().next()
            && let Some(copy) = compressor.copy(file, coding).await
        {
            return (copy, Some(coding));
        }
        (file.to_owned(), None)
    }
}

/// Answers one request.
pub(crate) async fn respond(State(site): State<Arc<Site>>, request: Request) -> Response<Body> {
    let mut response = site.file(request).await;
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    // Keep a copy, but ask each time whether it still holds: the files change while one works.
    set(CACHE_CONTROL, "no-cache");
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    if site.options.isolation {
        set(
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        );
        set(
            HeaderName::from_static("cross-origin-embedder-policy"),
            "require-corp",
        );
        set(
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        );
    }
    if let Some(csp) = &site.options.csp
        && let Ok(value) = HeaderValue::from_str(csp)
    {
        headers.insert(CONTENT_SECURITY_POLICY, value);
    }
    response
}

fn not_found() -> Response<Body> {
    (StatusCode::NOT_FOUND, "not found\n").into_response()
}

fn redirect(to: &str) -> Response<Body> {
    // A path that is not a header value cannot have come from a request line.
    match HeaderValue::from_str(to) {
        Ok(to) => (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, to)]).into_response(),
        Err(_) => not_found(),
    }
}

/// The file that a URL path means; `None` for every path that is not plainly below the root.
fn below(root: &Path, path: &str) -> Option<PathBuf> {
    let decoded = percent_encoding::percent_decode_str(path)
        .decode_utf8()
        .ok()?;
    if decoded.contains('\0') || decoded.contains('\\') {
        return None;
    }
    let mut file = root.to_owned();
    for part in decoded.split('/').filter(|p| !p.is_empty()) {
        let mut components = Path::new(part).components();
        match (components.next(), components.next()) {
            (Some(Component::Normal(name)), None) => file.push(name),
            _ => return None,
        }
    }
    Some(file)
}

/// The MIME type to send.
fn mime_of(file: &Path) -> mime_guess::Mime {
    let extension = file
        .extension()
        .and_then(|e| e.to_str())
        .unwrap_or_default();
    let text = match extension {
        "js" | "mjs" | "cjs" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "whl" | "zip" => "application/zip",
        // `ts` would be guessed as an MPEG stream.
        "ts" | "mts" | "py" | "toml" | "map" | "rs" => "text/plain; charset=utf-8",
        "data" | "so" => "application/octet-stream",
        _ => {
            let mime = mime_guess::from_path(file).first_or_octet_stream();
            if mime.type_() != mime_guess::mime::TEXT || mime.get_param("charset").is_some() {
                return mime;
            }
            return format!("{mime}; charset=utf-8").parse().unwrap_or(mime);
        }
    };
    text.parse()
        .unwrap_or(mime_guess::mime::APPLICATION_OCTET_STREAM)
}

/// Whether compressing this kind of file pays. The standard library's archive is stored
/// uncompressed on purpose; wheels are not.
fn compressible(file: &Path) -> bool {
    let extension = file
        .extension()
        .and_then(|e| e.to_str())
        .unwrap_or_default();
    matches!(
        extension,
        "js" | "mjs"
            | "cjs"
            | "ts"
            | "wasm"
            | "json"
            | "html"
            | "css"
            | "svg"
            | "txt"
            | "md"
            | "py"
            | "map"
            | "data"
            | "so"
            | "xml"
            | "csv"
            | "toml"
    ) || file.file_name().is_some_and(|n| n == "python_stdlib.zip")
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// True when `copy` exists and is not older than `file`.
fn newer(copy: &Path, file: &Path) -> bool {
    let time = |p: &Path| std::fs::metadata(p).and_then(|m| m.modified()).ok();
    match (time(copy), time(file)) {
        (Some(copy), Some(file)) => copy >= file,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_below_the_root() {
        let root = Path::new("/srv");
        let ok = |path: &str| below(root, path).map(|p| p.display().to_string());
        assert_eq!(ok("/a%20b/c.js").as_deref(), Some("/srv/a b/c.js"));
        assert_eq!(ok("//a//").as_deref(), Some("/srv/a"));
        for path in [
            "/../x",
            "/a/%2e%2e/x",
            "/%2e%2e%2fx",
            "/a%5c..%5cx",
            "/%00",
            "/%ff",
            "/./x",
        ] {
            assert_eq!(ok(path), None, "{path}");
        }
    }

    #[test]
    fn mime_types() {
        for (file, mime) in [
            ("a.mjs", "text/javascript; charset=utf-8"),
            ("a.wasm", "application/wasm"),
            ("a.whl", "application/zip"),
            ("a.d.ts", "text/plain; charset=utf-8"),
            ("a.html", "text/html; charset=utf-8"),
            ("a.json", "application/json"),
            ("a.css", "text/css; charset=utf-8"),
            ("a.unknown", "application/octet-stream"),
        ] {
            assert_eq!(mime_of(Path::new(file)).to_string(), mime, "{file}");
        }
    }
}
