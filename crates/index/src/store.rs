//! What was learned and downloaded, in memory for this run and in the cache for the next.
//!
//! Cache layout: `pages/` (see there), `metadata/<sha256 of the wheel>` (the part of METADATA
//! that resolving needs), `wheels/<key>/NAME.whl` (a product, checked by its hash), and
//! `sdists` and `built` for what is built from source.

use std::collections::HashMap;
use std::fs::{self, File as FsFile};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cache::{Cache, Key, Product};
use pep508_rs::VersionOrUrl;
use progress::Progress;
use resolver::{
    Answer, Candidate, File, Problem, Request, Resolution, Resolver, Sources, Step, Target,
};
use sha2::{Digest, Sha256};
use url::Url;
use wheel::{Archive, Metadata, Requirement, WheelName};

use crate::Error;
use crate::build::{self, Builder, Source};
use crate::client::{Client, Fetched};
use crate::config::{Index, redact, take_login};
use crate::entry::{self, Entry};
use crate::environment;
use crate::pages::Pages;
use crate::remote;

/// Transfers at a time: enough to hide latency, few enough for a small machine.
const TRANSFERS: usize = 24;
/// Largest METADATA that is read.
const METADATA_LIMIT: u64 = 16 << 20;

/// Everything known of packages, with the means to learn more.
pub(crate) struct Store<'a> {
    cache: &'a Cache,
    progress: &'a Progress,
    client: Client,
    indexes: Vec<Index>,
    target: &'a Target,
    builder: Option<&'a dyn Builder>,
    refresh: bool,
    /// Wheels made of source archives, by the archive's address.
    built: Mutex<HashMap<Url, Candidate>>,
}

impl<'a> Store<'a> {
    pub(crate) fn new(
        cache: &'a Cache,
        progress: &'a Progress,
        indexes: Vec<Index>,
        target: &'a Target,
        builder: Option<&'a dyn Builder>,
        refresh: bool,
    ) -> Self {
        Self {
            cache,
            progress,
            client: Client::new(&indexes),
            indexes,
            target,
            builder,
            refresh,
            built: Mutex::default(),
        }
    }

    /// The requirement that means the wheel at a URL or in a local file.
    ///
    /// A local file is hashed here, so that an environment made from it is made anew
    /// when it changes.
    pub(crate) fn direct(&self, url: &Url) -> Result<Requirement, Error> {
        let mut url = url.clone();
        take_login(&mut url);
        let mut file = File::at(url.clone());
        let wheel = WheelName::from_str(&file.name).map_err(wheel::Error::from)?;
        self.target.tags.check(&wheel).map_err(wheel::Error::from)?;
        if let Some(path) = local(&file.url) {
            let actual = hash_file(&path)?;
            if let Some(expected) = file.sha256.replace(actual.clone())
                && expected != actual
            {
                return Err(Error::Hash {
                    url: path.display().to_string(),
                    expected,
                    actual,
                });
            }
            url.set_fragment(Some(&format!("sha256={actual}")));
        }
        Ok(Requirement {
            name: wheel.name,
            extras: Vec::new(),
            version_or_url: Some(VersionOrUrl::Url(url)),
            marker: pep508_rs::MarkerTree::TRUE,
            origin: None,
        })
    }

    /// Resolves; of packages that had to be built, the result names the wheels.
    pub(crate) fn resolve(&self, wanted: Vec<Requirement>) -> Result<Resolution, Error> {
        let indexes = self.indexes.iter().map(|i| i.url.to_string()).collect();
        let mut problem = Problem::new(wanted, self.target.clone(), indexes);
        if self.builder.is_some() {
            problem.sources = Sources::Any;
        }
        let mut resolution = self.solve(problem)?;
        let built = lock(&self.built);
        for candidate in resolution
            .picks
            .iter_mut()
            .filter_map(|p| p.candidate.as_mut())
        {
            if let Some(wheel) = built.get(&candidate.file.url) {
                *candidate = wheel.clone();
            }
        }
        Ok(resolution)
    }

    /// Drives a resolver to its end, with what the cache and the indexes have.
    pub(crate) fn solve(&self, problem: Problem) -> Result<Resolution, Error> {
        let own: Vec<Url> = [
            &problem.requirements,
            &problem.constraints,
            &problem.overrides,
        ]
        .into_iter()
        .flatten()
        .filter_map(|r| match &r.version_or_url {
            Some(VersionOrUrl::Url(url)) => Some(File::at(url.clone()).url),
            _ => None,
        })
        .collect();
        let mut resolver = Resolver::new(problem).map_err(Error::Resolution)?;
        let mut errors: Vec<(Request, Error)> = Vec::new();
        let mut step: Option<progress::Step> = None;
        loop {
            let requests = match resolver.step() {
                Step::Done(resolution) => {
                    if let Some(step) = step.take() {
                        step.finish();
                    }
                    for warning in &resolution.warnings {
                        self.progress.note(warning);
                    }
                    return Ok(resolution);
                }
                Step::Failed(why) => return Err(Error::Resolution(why)),
                Step::Blocked(request) => {
                    let at = errors.iter().position(|(failed, _)| *failed == request);
                    let at = at.expect("a resolver is blocked by what was answered with an error");
                    return Err(errors.swap_remove(at).1);
                }
                Step::Needs(requests) => requests,
            };
            // What the cache has needs no threads.
            let mut remote = Vec::new();
            for request in requests {
                match self.known(&request) {
                    Some(answer) => resolver.answer(&request, answer),
                    None => remote.push(request),
                }
            }
            if remote.is_empty() {
                continue;
            }
            let step = step.get_or_insert_with(|| {
                self.progress
                    .step("Find packages", "ask the index which versions there are")
            });
            step.message(&format!("{} answers are missing", remote.len()));
            let answers = parallel(&remote, |request| self.ask(request, &own));
            for (request, answer) in remote.into_iter().zip(answers) {
                match answer {
                    Ok(answer) => resolver.answer(&request, answer),
                    Err(error) => {
                        resolver.answer(&request, Answer::Failed);
                        errors.push((request, error));
                    }
                }
            }
        }
    }

    fn pages(&self) -> Pages<'_> {
        Pages {
            cache: self.cache,
            progress: self.progress,
            client: &self.client,
            refresh: self.refresh,
        }
    }

    /// The answer that the cache has.
    fn known(&self, request: &Request) -> Option<Answer> {
        match request {
            Request::Page { index, name } => {
                let found = self.pages().cached(&self.indexes[*index], name)?;
                Some(found.map_or(Answer::NoPage, Answer::Page))
            }
            Request::Metadata(candidate) => {
                let path = self.metadata_path(&candidate.file).ok()??;
                let text = match entry::read(&path) {
                    Entry::Found(text) => text,
                    Entry::Absent => return None,
                    Entry::Damaged => {
                        self.progress.note(&format!(
                            "the cached metadata of {} ({}) is damaged and is fetched again",
                            candidate.file.name,
                            path.display()
                        ));
                        return None;
                    }
                };
                let metadata = Metadata::parse(&text).ok()?;
                Some(Answer::Metadata(Box::new(metadata)))
            }
        }
    }

    /// The answer that the servers have.
    fn ask(&self, request: &Request, own: &[Url]) -> Result<Answer, Error> {
        match request {
            Request::Page { index, name } => {
                let found = self.pages().fetch(&self.indexes[*index], name)?;
                Ok(found.map_or(Answer::NoPage, Answer::Page))
            }
            Request::Metadata(candidate) => {
                let file = &candidate.file;
                let foreign = local(&file.url).is_some() && !own.contains(&file.url);
                if foreign {
                    return Ok(Answer::Unusable(format!(
                        "a package may not ask for a file on this machine ({})",
                        file.url
                    )));
                }
                let parsed = if candidate.source {
                    let wheel = self.build(candidate)?;
                    let (path, _) = self.wheel(&wheel, &|_| {})?;
                    lock(&self.built).insert(file.url.clone(), wheel);
                    Metadata::parse(Archive::open(&path)?.metadata_text())
                } else {
                    Metadata::parse(&self.metadata_text(candidate)?)
                };
                let metadata = match parsed {
                    Ok(metadata) => metadata,
                    Err(why) => return Ok(Answer::Unusable(why)),
                };
                // What is built may be built differently tomorrow.
                if !candidate.source
                    && let Some(path) = self.metadata_path(file)?
                {
                    entry::write(&path, metadata.essence().as_bytes())?;
                }
                Ok(Answer::Metadata(Box::new(metadata)))
            }
        }
    }

    /// Where the metadata of a file is kept; nowhere if nothing identifies the file.
    fn metadata_path(&self, file: &File) -> Result<Option<PathBuf>, Error> {
        match &file.sha256 {
            Some(hash) if hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => {
                Ok(Some(self.cache.folder("metadata")?.join(hash)))
            }
            _ => Ok(None),
        }
    }

    /// METADATA as the index has it beside the wheel, or from inside the wheel.
    fn metadata_text(&self, candidate: &Candidate) -> Result<Vec<u8>, Error> {
        let file = &candidate.file;
        if let Some(text) = self.published_metadata(file)? {
            return Ok(text);
        }
        if local(&file.url).is_none()
            && let Some(text) = remote::metadata(
                &self.client,
                &file.url,
                &file.name.parse().map_err(wheel::Error::from)?,
            )?
        {
            return Ok(text);
        }
        let (path, _) = self.wheel(candidate, &|_| {})?;
        Ok(Archive::open(&path)?.metadata_text().to_owned())
    }

    /// PEP 658: the index may serve METADATA beside the wheel.
    fn published_metadata(&self, file: &File) -> Result<Option<Vec<u8>>, Error> {
        let Some(hash) = &file.metadata else {
            return Ok(None);
        };
        let url = file.metadata_url();
        // An index that promises it and does not have it: the wheel itself has it too.
        let Fetched::Page(page) = self.client.page(&url, "*/*", None, METADATA_LIMIT)? else {
            return Ok(None);
        };
        let actual = hex::encode(Sha256::digest(&page.body));
        match hash {
            Some(expected) if !expected.eq_ignore_ascii_case(&actual) => Err(Error::Hash {
                url: redact(url.as_str()),
                expected: expected.clone(),
                actual,
            }),
            _ => Ok(Some(page.body)),
        }
    }

    /// Downloads a wheel unless it is there, and returns its path and sha256.
    pub(crate) fn wheel(
        &self,
        candidate: &Candidate,
        seen: &(dyn Fn(u64) + Sync),
    ) -> Result<(PathBuf, String), Error> {
        let file = &candidate.file;
        if let Some(path) = local(&file.url) {
            let hash = match &file.sha256 {
                Some(hash) => hash.clone(),
                None => hash_file(&path)?,
            };
            return Ok((path, hash));
        }
        // Without a hash from the index the address is all that identifies the file.
        let key = Key::of("wheel 1").text("file", &file.name);
        let key = match &file.sha256 {
            Some(hash) => key.text("sha256", hash),
            None => key.text("url", file.url.as_str()),
        }
        .finish();
        let dir = self.fetch("wheels", file, &key, seen)?;
        let hash = fs::read_to_string(dir.join("sha256")).map_err(Error::io("read", &dir))?;
        Ok((dir.join(&file.name), hash))
    }

    fn fetch(
        &self,
        kind: &str,
        file: &File,
        key: &Key,
        seen: &(dyn Fn(u64) + Sync),
    ) -> Result<PathBuf, Error> {
        let product = Product {
            kind,
            key,
            what: &file.name,
            needs: file.size.unwrap_or(1 << 20),
        };
        self.cache.product(
            product,
            |holder| self.progress.note(&holder.to_string()),
            |build| self.download(file, build.dir(), seen),
        )
    }

    fn download(&self, file: &File, dir: &Path, seen: &(dyn Fn(u64) + Sync)) -> Result<(), Error> {
        let path = dir.join(&file.name);
        let open = || FsFile::create(&path).map_err(Error::io("create", &path));
        let actual = self.client.file(&file.url, open, seen)?;
        if let Some(expected) = &file.sha256
            && *expected != actual
        {
            return Err(Error::Hash {
                url: redact(file.url.as_str()),
                expected: expected.clone(),
                actual,
            });
        }
        let note = dir.join("sha256");
        fs::write(&note, actual).map_err(Error::io("write", &note))
    }

    /// Downloads many at once, with one progress step for all.
    pub(crate) fn wheels(&self, picks: &[Candidate]) -> Result<Vec<(PathBuf, String)>, Error> {
        let total: u64 = picks.iter().filter_map(|c| c.file.size).sum();
        let received = Mutex::new(HashMap::<String, u64>::new());
        let step = Mutex::new(None);
        let results = parallel(picks, |candidate| {
            self.wheel(candidate, &|bytes| {
                let mut received = lock(&received);
                received.insert(candidate.file.name.clone(), bytes);
                let sum: u64 = received.values().sum();
                let mut step = lock(&step);
                // Only a transfer that really happens shows a step.
                let step = step.get_or_insert_with(|| {
                    self.progress
                        .step("Download packages", "wheels that the script asks for")
                });
                step.message(&format!(
                    "{} of {}",
                    cache::human(sum),
                    if total == 0 {
                        "?".to_owned()
                    } else {
                        cache::human(total)
                    }
                ));
                if total > 0 {
                    #[expect(clippy::cast_precision_loss, reason = "a share to be shown")]
                    step.set_share(sum as f64 / total as f64);
                }
            })
        });
        let results = results.into_iter().collect::<Result<Vec<_>, _>>()?;
        if let Some(step) = lock(&step).take() {
            step.finish();
        }
        Ok(results)
    }

    /// The wheel that a source archive makes.
    fn build(&self, candidate: &Candidate) -> Result<Candidate, Error> {
        let source = &candidate.file;
        let failed = |why: String| Error::Build {
            file: source.name.clone(),
            why,
        };
        let builder = self
            .builder
            .ok_or_else(|| failed("building is not allowed here".to_owned()))?;
        // What may run must be what the index means.
        let hash = source
            .sha256
            .as_ref()
            .ok_or_else(|| failed("the index gives no hash for it".to_owned()))?;
        let key = Key::of("source 1").text("sha256", hash).finish();
        let archive = self
            .fetch("sdists", source, &key, &|_| {})?
            .join(&source.name);
        let system = build::system(&archive).map_err(failed)?;
        let product = Product {
            kind: "built",
            key: &Key::of("built 1")
                .text("sha256", hash)
                .text("target", self.target.tags.summary())
                .finish(),
            what: &source.name,
            needs: 16 << 20,
        };
        let dir = self.cache.product(
            product,
            |holder| self.progress.note(&holder.to_string()),
            |under_way| {
                let step = self.progress.step(
                    &format!("Build {}", source.name),
                    "it has no wheel that fits; only Python code is built, inside WebAssembly",
                );
                let wanted: Vec<Requirement> = system
                    .requires
                    .iter()
                    .map(|text| wheel::parse_requirement(text).map_err(|e| failed(e.to_string())))
                    .collect::<Result<_, _>>()?;
                // What builds must itself come as wheels, or this could go on for ever.
                let tools = Store::new(
                    self.cache,
                    self.progress,
                    self.indexes.clone(),
                    self.target,
                    None,
                    self.refresh,
                );
                let picks = environment::files(&tools.resolve(wanted)?);
                let site = environment::install(self.cache, self.progress, &tools, &picks)?;
                let source = Source {
                    archive: &archive,
                    site: &site,
                    system: &system,
                    work: under_way.work()?,
                    out: under_way.dir(),
                };
                builder.build(&source).map_err(failed)?;
                step.finish();
                Ok::<(), Error>(())
            },
        )?;
        let wheel = fs::read_dir(&dir)
            .map_err(Error::io("read", &dir))?
            .flatten()
            .map(|e| e.path())
            .find(|p| p.extension().is_some_and(|e| e == "whl"))
            .ok_or_else(|| failed("the build made no wheel".to_owned()))?;
        let url = Url::from_file_path(&wheel)
            .map_err(|()| failed("the cache has no absolute path".to_owned()))?;
        let name = WheelName::from_str(&File::at(url.clone()).name).map_err(wheel::Error::from)?;
        self.target.tags.check(&name).map_err(wheel::Error::from)?;
        let mut file = File::at(url);
        file.sha256 = Some(hash_file(&wheel)?);
        Ok(Candidate {
            version: name.version,
            file,
            source: false,
            direct: false,
        })
    }
}

/// The path behind a `file:` URL.
pub(crate) fn local(url: &Url) -> Option<PathBuf> {
    (url.scheme() == "file")
        .then(|| url.to_file_path().ok())
        .flatten()
}

/// Runs `work` on all items, a few at a time, and keeps their order.
fn parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let results: Vec<Mutex<Option<R>>> = items.iter().map(|_| Mutex::new(None)).collect();
    std::thread::scope(|scope| {
        for _ in 0..TRANSFERS.min(items.len()) {
            scope.spawn(|| {
                loop {
                    let i = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some(item) = items.get(i) else { break };
                    *lock(&results[i]) = Some(work(item));
                }
            });
        }
    });
    results
        .into_iter()
        .filter_map(|r| r.into_inner().unwrap_or_else(PoisonError::into_inner))
        .collect()
}

/// Writes a small file of the cache so that no reader sees half of it.
pub(crate) fn keep(path: &Path, text: &[u8]) -> Result<(), Error> {
    let dir = path.parent().unwrap_or(path);
    let temp = tempfile::NamedTempFile::new_in(dir).map_err(Error::io("write in", dir))?;
    fs::write(temp.path(), text).map_err(Error::io("write", path))?;
    temp.persist(path)
        .map_err(|e| Error::io("write", path)(e.error))?;
    Ok(())
}

pub(crate) fn hash_file(path: &Path) -> Result<String, Error> {
    let mut file = FsFile::open(path).map_err(Error::io("open", path))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => hash.update(&buffer[..n]),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(Error::io("read", path)(e)),
        }
    }
    Ok(hex::encode(hash.finalize()))
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panicking thread leaves in these maps is whole: they are only inserted into.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
