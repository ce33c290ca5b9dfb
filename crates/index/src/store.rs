//! What was learned and downloaded, in memory for this run and in the cache for the next.
//!
//! Cache layout: `wheels/<key>/NAME.whl` (a product, checked by its hash) and
//! `metadata/<sha256>` (the text of METADATA).

use std::collections::HashMap;
use std::fs::{self, File as FsFile};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cache::{Cache, Key, Product};
use pep508_rs::{PackageName, Requirement, VersionOrUrl};
use progress::Progress;
use sha2::{Digest, Sha256};
use url::Url;
use wheel::{Archive, Metadata, WheelName};

use crate::Error;
use crate::build::{self, Builder, Source};
use crate::client::Client;
use crate::config::{Index, redact, take_login};
use crate::environment;
use crate::page::{self, File};
use crate::project::{Candidate, Project};
use crate::resolve::{NewestFirst, Provider, Resolver};
use crate::target::Target;

/// Transfers at a time: enough to hide latency, few enough for a small machine.
const TRANSFERS: usize = 6;

/// Everything known of packages, with the means to learn more.
pub(crate) struct Store<'a> {
    cache: &'a Cache,
    progress: &'a Progress,
    client: Client,
    indexes: Vec<Index>,
    target: &'a Target,
    projects: Mutex<HashMap<PackageName, Option<Arc<Project>>>>,
    metadata: Mutex<HashMap<Url, Arc<Metadata>>>,
    builder: Option<&'a dyn Builder>,
}

impl<'a> Store<'a> {
    pub(crate) fn new(
        cache: &'a Cache,
        progress: &'a Progress,
        indexes: Vec<Index>,
        target: &'a Target,
        builder: Option<&'a dyn Builder>,
    ) -> Self {
        Self {
            cache,
            progress,
            client: Client::new(&indexes),
            indexes,
            target,
            projects: Mutex::default(),
            metadata: Mutex::default(),
            builder,
        }
    }

    /// The candidate for a wheel at a URL or in a local file.
    ///
    /// A local file is hashed here, so that an environment made from it is made anew
    /// when it changes.
    pub(crate) fn candidate(&self, url: &Url) -> Result<Candidate, Error> {
        let (mut url, sha256) = page::without_fragment(url.clone());
        take_login(&mut url);
        let last = url
            .path_segments()
            .and_then(Iterator::last)
            .unwrap_or_default();
        let name = percent_encoding::percent_decode_str(last)
            .decode_utf8_lossy()
            .into_owned();
        let wheel = WheelName::from_str(&name)?;
        self.target.tags.check(&wheel).map_err(wheel::Error::from)?;
        let mut file = File {
            name,
            url,
            sha256,
            requires_python: None,
            yanked: None,
            metadata: None,
            size: None,
        };
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
        }
        Ok(Candidate {
            wheel,
            file,
            direct: true,
        })
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

    fn load_project(&self, name: &PackageName) -> Result<Option<Arc<Project>>, Error> {
        let mut files = Vec::new();
        let mut found = false;
        for index in &self.indexes {
            let url = index.project(name.as_ref());
            let Some((body, kind)) = self.client.page(&url, page::ACCEPT)? else {
                continue;
            };
            found = true;
            files.extend(page::parse(&body, &kind, &url).map_err(|why| Error::Page {
                url: redact(url.as_str()),
                why,
            })?);
        }
        Ok(found.then(|| Arc::new(Project::new(name.clone(), files, self.target))))
    }

    fn load_metadata(&self, candidate: &Candidate) -> Result<Arc<Metadata>, Error> {
        let file = &candidate.file;
        let kept = match &file.sha256 {
            Some(hash) => Some(self.cache.folder("metadata")?.join(hash)),
            None => None,
        };
        if let Some(path) = &kept
            && let Ok(text) = fs::read(path)
            && let Ok(metadata) = Metadata::parse(&text)
        {
            return Ok(Arc::new(metadata));
        }
        let text = if let Some(text) = self.published_metadata(file)? {
            text
        } else {
            let (path, _) = self.wheel(candidate, &|_| {})?;
            Archive::open(&path)?.metadata_text().to_owned()
        };
        let metadata = Metadata::parse(&text).map_err(|why| Error::Metadata {
            what: file.name.clone(),
            why,
        })?;
        if let Some(path) = kept {
            keep(&path, &text)?;
        }
        Ok(Arc::new(metadata))
    }

    /// PEP 658: the index may serve METADATA beside the wheel.
    fn published_metadata(&self, file: &File) -> Result<Option<Vec<u8>>, Error> {
        let Some(hash) = &file.metadata else {
            return Ok(None);
        };
        let mut url = file.url.clone();
        url.set_path(&format!("{}.metadata", url.path()));
        // An index that promises it and does not have it: the wheel itself has it too.
        let Some((text, _)) = self.client.page(&url, "*/*")? else {
            return Ok(None);
        };
        let actual = hex::encode(Sha256::digest(&text));
        match hash {
            Some(expected) if !expected.eq_ignore_ascii_case(&actual) => Err(Error::Hash {
                url: redact(url.as_str()),
                expected: expected.clone(),
                actual,
            }),
            _ => Ok(Some(text)),
        }
    }
}

impl Provider for Store<'_> {
    fn project(&self, name: &PackageName) -> Result<Option<Arc<Project>>, Error> {
        if let Some(known) = lock(&self.projects).get(name) {
            return Ok(known.clone());
        }
        let project = self.load_project(name)?;
        lock(&self.projects).insert(name.clone(), project.clone());
        Ok(project)
    }

    fn metadata(&self, candidate: &Candidate) -> Result<Arc<Metadata>, Error> {
        if let Some(known) = lock(&self.metadata).get(&candidate.file.url) {
            return Ok(known.clone());
        }
        let metadata = self.load_metadata(candidate)?;
        lock(&self.metadata).insert(candidate.file.url.clone(), metadata.clone());
        Ok(metadata)
    }

    fn direct(&self, requirement: &Requirement) -> Result<Candidate, Error> {
        let Some(VersionOrUrl::Url(url)) = &requirement.version_or_url else {
            unreachable!("asked only for requirements with a URL");
        };
        let candidate = self.candidate(&url.to_url())?;
        if candidate.wheel.name != requirement.name {
            return Err(Error::Requirement {
                text: redact(&requirement.to_string()),
                why: format!("the wheel is of {}", candidate.wheel.name),
            });
        }
        Ok(candidate)
    }

    fn build(&self, name: &PackageName, source: &File) -> Result<Option<Candidate>, Error> {
        let Some(builder) = self.builder else {
            return Ok(None);
        };
        let failed = |why: String| Error::Build {
            name: name.to_string(),
            file: source.name.clone(),
            why,
        };
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
                    .map(|text| Requirement::from_str(text).map_err(|e| failed(e.to_string())))
                    .collect::<Result<_, _>>()?;
                // What builds must itself come as wheels, or this could go on for ever.
                let tools = Store::new(
                    self.cache,
                    self.progress,
                    self.indexes.clone(),
                    self.target,
                    None,
                );
                let picks = NewestFirst.resolve(&wanted, &[], self.target, &tools)?;
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
        let mut candidate = self.candidate(&url)?;
        candidate.direct = false;
        Ok(Some(candidate))
    }

    fn expect(&self, projects: &[PackageName], metadata: &[Candidate]) {
        let new: Vec<&PackageName> = {
            let known = lock(&self.projects);
            projects
                .iter()
                .filter(|n| !known.contains_key(*n))
                .collect()
        };
        // An error comes back when the answer is really needed.
        parallel(&new, |name| drop(self.project(name)));
        parallel(metadata, |candidate| drop(self.metadata(candidate)));
    }

    fn indexes(&self) -> String {
        let urls: Vec<&str> = self.indexes.iter().map(|i| i.url.as_str()).collect();
        urls.join(", ")
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

fn hash_file(path: &Path) -> Result<String, Error> {
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panicking thread leaves in these maps is whole: they are only inserted into.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
