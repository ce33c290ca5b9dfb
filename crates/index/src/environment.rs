//! Installed environments: a set of wheels, unpacked once, shared by every run that needs it.
//!
//! Cache layout: `envs/<hash of the set>/site-packages` and `resolutions/<hash of the
//! question>.json`, the answer to a question asked before. An environment is never
//! changed after it was made.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use cache::{Cache, Key, Product};
use pep508_rs::PackageName;
use progress::Progress;
use resolver::{Candidate, File, Pick, Problem, Resolution, Target};
use serde::{Deserialize, Serialize};
use url::Url;
use wheel::{Archive, DirectUrl, Requirement, Scheme, parse_requirement};

use crate::Error;
use crate::build::Builder;
use crate::client::Client;
use crate::config::{self, Index, Settings, redact};
use crate::pages::Pages;
use crate::store::{self, Store};
use crate::target::ours;

/// How long an answer of the index is taken as still true; pip and uv use the same.
const FRESH: Duration = Duration::from_mins(10);

/// Something to be installed.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// By name, with extras, versions and markers.
    Named(Box<Requirement>),
    /// A wheel in a local file or at a URL.
    Wheel(Url),
}

impl Wanted {
    /// Reads `rich`, `rich[jupyter]>=13`, `name @ URL`, `dist/x-1-py3-none-any.whl` or a URL.
    ///
    /// Relative paths are below `base`.
    pub fn parse(text: &str, base: &Path) -> Result<Self, Error> {
        let bad = |why: String| Error::Requirement {
            text: redact(text),
            why,
        };
        let text = text.trim();
        if let Some((scheme, _)) = text.split_once("://")
            && matches!(scheme, "http" | "https" | "file")
        {
            return Url::parse(text)
                .map(Self::Wheel)
                .map_err(|e| bad(e.to_string()));
        }
        let is_path = !text.contains('@')
            && Path::new(text)
                .extension()
                .is_some_and(|e| e.eq_ignore_ascii_case("whl"));
        if is_path {
            let path = base.join(text);
            let path = std::path::absolute(&path).map_err(Error::io("find", &path))?;
            if !path.is_file() {
                let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
                return Err(Error::io("open", &path)(missing));
            }
            return Url::from_file_path(&path)
                .map(Self::Wheel)
                .map_err(|()| bad("it is not a path".to_owned()));
        }
        parse_requirement(text)
            .map(|r| Self::Named(Box::new(r)))
            .map_err(|e| bad(e.to_string()))
    }

    fn text(&self) -> String {
        match self {
            Self::Named(r) => r.to_string(),
            Self::Wheel(url) => url.to_string(),
        }
    }
}

/// How to find packages.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Overrides every configured index.
    pub index_url: Option<String>,
    /// Asked as well, after it.
    pub extra_index_urls: Vec<String>,
    /// Asks the index even when a recent answer is known.
    pub refresh: bool,
}

/// One wheel of an environment, as remembered between runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Pinned {
    file: String,
    url: Url,
    sha256: Option<String>,
    size: Option<u64>,
    direct: bool,
}

impl Pinned {
    fn of(candidate: &Candidate) -> Self {
        let file = &candidate.file;
        Self {
            file: file.name.clone(),
            url: file.url.clone(),
            sha256: file.sha256.clone(),
            size: file.size,
            direct: candidate.direct,
        }
    }

    fn candidate(&self) -> Result<Candidate, Error> {
        let wheel = wheel::WheelName::from_str(&self.file).map_err(wheel::Error::from)?;
        Ok(Candidate {
            version: wheel.version,
            source: false,
            file: File {
                name: self.file.clone(),
                url: self.url.clone(),
                sha256: self.sha256.clone(),
                requires_python: None,
                yanked: None,
                metadata: None,
                size: self.size,
            },
            direct: self.direct,
        })
    }
}

/// Makes or finds the environment for `wanted` and returns its `site-packages` folder.
///
/// `builder` makes wheels of source archives; without one they are refused.
/// Without a network, what was resolved and downloaded before keeps working.
pub fn environment(
    cache: &Cache,
    progress: &Progress,
    wanted: &[Wanted],
    options: &Options,
    builder: Option<&dyn Builder>,
) -> Result<PathBuf, Error> {
    let target = ours();
    let indexes = indexes(cache, options, needs_index(wanted))?;
    let store = Store::new(
        cache,
        progress,
        indexes.clone(),
        target,
        builder,
        options.refresh,
    );
    let answer = answer_path(cache, wanted, &indexes, target)?;
    let known = read_answer(&answer);
    if let Some((picks, age)) = &known
        && *age < FRESH
        && !options.refresh
    {
        return install(cache, progress, &store, picks);
    }
    match resolve(wanted, &store) {
        Ok(resolution) => {
            let picks = files(&resolution);
            let pinned: Vec<Pinned> = picks.iter().map(Pinned::of).collect();
            let text = serde_json::to_vec_pretty(&pinned).unwrap_or_default();
            store::keep(&answer, &text)?;
            install(cache, progress, &store, &picks)
        }
        Err(error) => match known {
            Some((picks, _)) if error.is_network() && !options.refresh => {
                progress.note(&format!(
                    "{error}; going on with the packages picked before"
                ));
                install(cache, progress, &store, &picks)
            }
            _ => Err(error),
        },
    }
}

/// Picks the packages for `wanted` without downloading more than metadata.
pub fn pick(
    cache: &Cache,
    progress: &Progress,
    wanted: &[Wanted],
    options: &Options,
) -> Result<Vec<Pick>, Error> {
    let indexes = indexes(cache, options, needs_index(wanted))?;
    let store = Store::new(cache, progress, indexes, ours(), None, options.refresh);
    Ok(resolve(wanted, &store)?.picks)
}

/// Answers any question, for any target, from the indexes that the options and this
/// machine's configuration name. [`Problem::indexes`] is filled in here.
pub fn solve(
    cache: &Cache,
    progress: &Progress,
    mut problem: Problem,
    options: &Options,
) -> Result<Resolution, Error> {
    let indexes = indexes(cache, options, true)?;
    problem.indexes = indexes.iter().map(|i| i.url.to_string()).collect();
    let target = problem.target.clone();
    let store = Store::new(cache, progress, indexes, &target, None, options.refresh);
    store.solve(problem)
}

/// All wheels and source archives that an index has of each of these projects, in their order;
/// `None` where it does not know one.
///
/// One page is asked for after the other, and none that the cache has fresh.
pub fn offered(
    cache: &Cache,
    progress: &Progress,
    index: &Index,
    names: &[PackageName],
) -> Result<Vec<Option<Vec<File>>>, Error> {
    let client = Client::new(std::slice::from_ref(index));
    let pages = Pages {
        cache,
        progress,
        client: &client,
        refresh: false,
    };
    let files = names.iter().map(|name| {
        let found = match pages.cached(index, name) {
            Some(found) => found,
            None => pages.fetch(index, name)?,
        };
        Ok(found.map(|page| page.files().collect()))
    });
    files.collect()
}

/// The wheels of a resolution.
pub(crate) fn files(resolution: &Resolution) -> Vec<Candidate> {
    let candidates = resolution.picks.iter().filter_map(|p| p.candidate.clone());
    candidates.collect()
}

/// A single wheel may need an index too, for what it depends on; without one it still works alone.
pub(crate) fn needs_index(wanted: &[Wanted]) -> bool {
    wanted.iter().any(|w| matches!(w, Wanted::Named(_)))
}

/// The indexes that the options and this machine's configuration name, first the primary one.
///
/// Where nothing names that one, it is what the machine's pip has built in; that there is none
/// is an error only if it is `needed`.
pub fn indexes(cache: &Cache, options: &Options, needed: bool) -> Result<Vec<Index>, Error> {
    let env = |name: &str| std::env::var(name).ok();
    let settings = Settings {
        option: options.index_url.as_deref(),
        env: &env,
        pip_files: config::pip_files(&env),
    };
    let (main, mut extra) = settings.indexes()?;
    let given = options.extra_index_urls.iter();
    let given = given.map(|url| Index::parse(url, "--extra-index-url"));
    extra.splice(0..0, given.collect::<Result<Vec<_>, _>>()?);
    let main = match main {
        Some(main) => Some(main),
        None => match config::pip_default(cache) {
            Ok(main) => Some(main),
            Err(error) if needed && extra.is_empty() => return Err(error),
            Err(_) => None,
        },
    };
    Ok(main.into_iter().chain(extra).collect())
}

fn resolve(wanted: &[Wanted], store: &Store<'_>) -> Result<Resolution, Error> {
    let requirements = wanted.iter().map(|item| store.requirement(item));
    store.resolve(requirements.collect::<Result<_, Error>>()?)
}

/// Where the answer to this question is kept.
fn answer_path(
    cache: &Cache,
    wanted: &[Wanted],
    indexes: &[Index],
    target: &Target,
) -> Result<PathBuf, Error> {
    let mut texts = Vec::new();
    for item in wanted {
        texts.push(item.text());
        // A local wheel that was built anew is another question.
        if let Wanted::Wheel(url) = item
            && let Some(path) = store::local(url)
        {
            let meta = std::fs::metadata(&path).map_err(Error::io("open", &path))?;
            texts.push(format!("{} {:?}", meta.len(), meta.modified().ok()));
        }
    }
    texts.sort();
    let key = Key::of("resolution 2")
        .texts("wanted", &texts)
        .texts("indexes", indexes.iter().map(|i| i.url.as_str()))
        .text(
            "target",
            format!("{} {}", target.python, target.tags.summary()),
        )
        .finish();
    Ok(cache
        .folder("resolutions")?
        .join(format!("{}.json", key.short())))
}

fn read_answer(path: &Path) -> Option<(Vec<Candidate>, Duration)> {
    let modified = std::fs::metadata(path).ok()?.modified().ok()?;
    let age = SystemTime::now()
        .duration_since(modified)
        .unwrap_or_default();
    let pinned: Vec<Pinned> = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    let picks = pinned
        .iter()
        .map(Pinned::candidate)
        .collect::<Result<_, _>>()
        .ok()?;
    Some((picks, age))
}

pub(crate) fn install(
    cache: &Cache,
    progress: &Progress,
    store: &Store<'_>,
    picks: &[Candidate],
) -> Result<PathBuf, Error> {
    // Each wheel is identified by its hash, or by its address where the index gives none.
    let mut parts: Vec<String> = picks
        .iter()
        .map(|c| {
            let id = c.file.sha256.as_deref().unwrap_or(c.file.url.as_str());
            format!("{} {id} {}", c.file.name, c.direct)
        })
        .collect();
    parts.sort();
    let key = Key::of("environment 1").texts("wheels", &parts).finish();
    let product = Product {
        kind: "envs",
        key: &key,
        what: "an environment of packages",
        needs: 4 * picks.iter().filter_map(|c| c.file.size).sum::<u64>(),
    };
    let dir = cache.product(
        product,
        |holder| progress.note(&holder.to_string()),
        |build| {
            let wheels = store.wheels(picks)?;
            let step = progress.step("Install packages", "unpack and check the wheels");
            let scheme = Scheme::under(build.dir());
            for (done, (candidate, (path, hash))) in picks.iter().zip(&wheels).enumerate() {
                step.message(&candidate.file.name);
                let url = candidate
                    .direct
                    .then(|| DirectUrl::new(&redact(candidate.file.url.as_str()), hash));
                Archive::open(path)?.install(&scheme, url.as_ref())?;
                #[expect(clippy::cast_precision_loss, reason = "a share to be shown")]
                step.set_share((done + 1) as f64 / picks.len() as f64);
            }
            step.finish();
            // An environment of no packages at all is an environment too.
            std::fs::create_dir_all(&scheme.site).map_err(Error::io("create", &scheme.site))
        },
    )?;
    Ok(Scheme::under(&dir).site)
}
