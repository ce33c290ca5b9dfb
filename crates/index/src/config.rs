//! Which indexes to ask: the command line, the environment, pip's configuration, and last
//! what the machine's own pip has built in. No index is named in this source.
//!
//! uv's `uv.toml` is not read; its environment variables are.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cache::Cache;
use ini::Ini;
use url::Url;

use crate::Error;

/// A user name and password for one server.
pub(crate) type Login = (String, Option<String>);

/// One package index.
#[derive(Clone, Debug)]
pub struct Index {
    /// The index's root, ending in a slash, without credentials.
    pub url: Url,
    /// What the URL carried as `user:password@`.
    pub(crate) login: Option<Login>,
}

impl Index {
    /// Reads an index URL; `origin` says for error messages where it was set.
    pub fn parse(text: &str, origin: &str) -> Result<Self, Error> {
        let bad = |why: String| Error::Url {
            url: redact(text),
            why,
            origin: format!("it comes from {origin}"),
        };
        let mut url = Url::parse(text.trim()).map_err(|e| bad(e.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad(format!("its scheme is {}", url.scheme())));
        }
        let login = take_login(&mut url);
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        Ok(Self { url, login })
    }

    /// The page of one project.
    pub(crate) fn project(&self, name: &str) -> Url {
        let mut url = self.url.clone();
        // The path ends in a slash, so pushing cannot lose its last part.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push(name).push("");
        }
        url
    }
}

/// Removes user and password from a URL and returns them decoded.
pub(crate) fn take_login(url: &mut Url) -> Option<Login> {
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8_lossy()
            .into_owned()
    };
    let login = (!url.username().is_empty() || url.password().is_some())
        .then(|| (decode(url.username()), url.password().map(decode)));
    // Both setters fail only on URLs without a host, which have no user either.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    login
}

/// A URL's text without credentials, for messages.
pub(crate) fn redact(text: &str) -> String {
    if let Ok(mut url) = Url::parse(text) {
        take_login(&mut url);
        return url.into();
    }
    match (text.find("://"), text.rfind('@')) {
        (Some(start), Some(at)) if at > start => {
            format!("{}{}", &text[..start + 3], &text[at + 1..])
        }
        _ => text.to_owned(),
    }
}

/// The environment and files that decide, so that tests can replace them.
pub(crate) struct Settings<'a> {
    /// `--index-url`.
    pub(crate) option: Option<&'a str>,
    /// Looks up an environment variable.
    pub(crate) env: &'a dyn Fn(&str) -> Option<String>,
    /// pip's configuration files, lowest priority first.
    pub(crate) pip_files: Vec<PathBuf>,
}

impl Settings<'_> {
    /// The primary index, if anything names one, then the extra ones.
    pub(crate) fn indexes(&self) -> Result<(Option<Index>, Vec<Index>), Error> {
        let pip = PipConfig::read(&self.pip_files);
        let var = |name: &'static str| {
            (self.env)(name)
                .filter(|v| !v.trim().is_empty())
                .map(|v| (v, name.to_owned()))
        };
        let main = self
            .option
            .map(|v| (v.to_owned(), "--index-url".to_owned()))
            .or_else(|| var("FERROPY_INDEX_URL"))
            .or_else(|| var("PIP_INDEX_URL"))
            .or_else(|| var("UV_DEFAULT_INDEX"))
            .or(pip.index_url)
            .map(|(text, origin)| Index::parse(strip_name(&text), &origin))
            .transpose()?;
        let mut extra = Vec::new();
        for (text, origin) in [var("PIP_EXTRA_INDEX_URL"), var("UV_INDEX")]
            .into_iter()
            .flatten()
            .chain(pip.extra_index_url)
        {
            for part in text.split_whitespace() {
                extra.push(Index::parse(strip_name(part), &origin)?);
            }
        }
        Ok((main, extra))
    }
}

/// uv lets an index be written `name=url`.
fn strip_name(text: &str) -> &str {
    match text.split_once('=') {
        Some((name, url)) if !name.contains("://") && url.contains("://") => url,
        _ => text,
    }
}

/// Values with the file they come from.
#[derive(Default)]
struct PipConfig {
    index_url: Option<(String, String)>,
    extra_index_url: Option<(String, String)>,
}

impl PipConfig {
    fn read(files: &[PathBuf]) -> Self {
        let mut out = Self::default();
        for file in files {
            // A file that pip would reject is pip's to report.
            let options = ini::ParseOption {
                enabled_indented_mutiline_value: true,
                ..Default::default()
            };
            let Ok(ini) = Ini::load_from_file_opt(file, options) else {
                continue;
            };
            // pip ranks the section of its command above [global].
            for section in ["global", "install"] {
                let get = |key: &str| {
                    ini.get_from(Some(section), key)
                        .or_else(|| ini.get_from(Some(section), &key.replace('-', "_")))
                        .map(|v| (v.to_owned(), format!("[{section}] in {}", file.display())))
                };
                out.index_url = get("index-url").or(out.index_url);
                out.extra_index_url = get("extra-index-url").or(out.extra_index_url);
            }
        }
        out
    }
}

/// Where pip looks for its configuration, lowest priority first.
pub(crate) fn pip_files(env: &dyn Fn(&str) -> Option<String>) -> Vec<PathBuf> {
    let mut out = Vec::new();
    let xdg = env("XDG_CONFIG_DIRS").unwrap_or_else(|| "/etc/xdg".to_owned());
    out.extend(xdg.split(':').map(|d| Path::new(d).join("pip/pip.conf")));
    out.push("/etc/pip.conf".into());
    if let Some(home) = env("HOME") {
        let home = PathBuf::from(home);
        out.push(home.join(".pip/pip.conf"));
        let config = env("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from);
        out.push(config.join("pip/pip.conf"));
    }
    out.extend(env("VIRTUAL_ENV").map(|v| Path::new(&v).join("pip.conf")));
    if let Some(only) = env("PIP_CONFIG_FILE") {
        // pip's way to say "no configuration at all".
        if only == "/dev/null" {
            return Vec::new();
        }
        out.push(only.into());
    }
    out
}

/// Asks pip, in the machine's python3 or in the wheel that `ensurepip` carries.
const ASK_PIP: &str = "\
import sys
try:
    from pip._internal.models.index import PyPI
except ImportError:
    import ensurepip, glob, os
    found = glob.glob(os.path.join(os.path.dirname(ensurepip.__file__), '_bundled', 'pip-*.whl'))
    sys.path[:0] = found or glob.glob('/usr/share/python-wheels/pip-*.whl')
    from pip._internal.models.index import PyPI
print(PyPI.simple_url)
";

/// The index that the machine's pip uses when nothing is configured; kept in the cache.
pub(crate) fn pip_default(cache: &Cache) -> Result<Index, Error> {
    let file = cache.folder("index")?.join("pip-default");
    if let Ok(text) = std::fs::read_to_string(&file)
        && let Ok(index) = Index::parse(&text, "the cache")
    {
        return Ok(index);
    }
    let mut why = Vec::new();
    for python in ["python3", "python"] {
        match ask_pip(python.into()) {
            Ok(text) => {
                let index = Index::parse(&text, "the machine's pip")?;
                // Not being able to keep it costs a process start next time, no more.
                let _ = std::fs::write(&file, &text);
                return Ok(index);
            }
            Err(e) => why.push(format!("{python}: {e}")),
        }
    }
    Err(Error::NoIndex {
        why: why.join("; "),
    })
}

fn ask_pip(python: OsString) -> Result<String, String> {
    let out = Command::new(python)
        .args(["-I", "-c", ASK_PIP])
        .stdin(Stdio::null())
        .output()
        .map_err(|e| e.to_string())?;
    let text = String::from_utf8_lossy(&out.stdout).trim().to_owned();
    if out.status.success() && !text.is_empty() {
        return Ok(text);
    }
    let stderr = String::from_utf8_lossy(&out.stderr);
    Err(stderr
        .lines()
        .last()
        .unwrap_or("it printed nothing")
        .to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn indexes(
        option: Option<&str>,
        vars: &[(&str, &str)],
        pip: &str,
    ) -> Result<(Option<Index>, Vec<Index>), Error> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), pip).unwrap();
        let env = |name: &str| {
            vars.iter()
                .find(|(k, _)| *k == name)
                .map(|(_, v)| (*v).to_owned())
        };
        Settings {
            option,
            env: &env,
            pip_files: vec![file.path().to_owned()],
        }
        .indexes()
    }

    fn main_url(option: Option<&str>, vars: &[(&str, &str)], pip: &str) -> Option<String> {
        indexes(option, vars, pip).unwrap().0.map(|i| i.url.into())
    }

    #[test]
    fn priority_of_sources() {
        let pip = "[global]\nindex-url = http://pip.test/simple\n";
        let uv = ("UV_DEFAULT_INDEX", "main=http://uv.test/simple");
        let env = ("PIP_INDEX_URL", "http://env.test/simple");
        let own = ("FERROPY_INDEX_URL", "http://own.test/simple");
        let is = |got: Option<String>, host: &str| {
            assert_eq!(got, Some(format!("http://{host}.test/simple/")));
        };
        assert_eq!(main_url(None, &[], ""), None);
        is(main_url(None, &[], pip), "pip");
        is(main_url(None, &[uv], pip), "uv");
        is(main_url(None, &[uv, env], pip), "env");
        is(main_url(None, &[uv, env, own], pip), "own");
        is(main_url(Some("http://opt.test/simple"), &[own], pip), "opt");
        let install = format!("{pip}[install]\nindex_url = http://install.test/simple\n");
        is(main_url(None, &[], &install), "install");
    }

    #[test]
    fn extra_indexes_add_up() {
        let (_, extra) = indexes(
            None,
            &[("PIP_EXTRA_INDEX_URL", "http://a.test/ http://b.test/x")],
            "[global]\nextra-index-url =\n    http://c.test/\n    http://d.test/\n",
        )
        .unwrap();
        let urls: Vec<&str> = extra.iter().map(|i| i.url.as_str()).collect();
        assert_eq!(urls[..2], ["http://a.test/", "http://b.test/x/"]);
        assert!(urls.contains(&"http://c.test/"), "{urls:?}");
    }

    #[test]
    fn credentials_are_taken_out() {
        let index = Index::parse("https://me:s%40fe@h.test/simple", "test").unwrap();
        assert_eq!(index.url.as_str(), "https://h.test/simple/");
        assert_eq!(index.login, Some(("me".into(), Some("s@fe".into()))));
        assert_eq!(
            index.project("my-pkg").as_str(),
            "https://h.test/simple/my-pkg/"
        );
        let err = Index::parse("ftp://me:secret@h.test", "test").unwrap_err();
        assert!(!err.to_string().contains("secret"), "{err}");
        assert!(!redact("ht tp://me:secret@h").contains("secret"));
    }
}
