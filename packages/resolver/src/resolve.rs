//! Resolving: a [`Resolver`] for each question, which the loader drives. What the loader has to fetch for it and
//! what came travels by the number of the request.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::str::FromStr;

use resolver::{
    ACCEPT, Answer, Explanation, File, Page, Prereleases, Problem, Request, Resolver, Step,
    parse_page,
};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;
use wheel::{Metadata, Requirement, WheelName, parse_requirement};

use crate::Interpreter;
use crate::memory::{Failure, packed};

/// What is asked, in the words of the loader.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    interpreter: Interpreter,
    /// The version of Emscripten, for markers.
    emscripten: String,
    /// Requirements, or addresses of wheels.
    requirements: Vec<String>,
    constraints: Vec<String>,
    /// Packages that are there; they are taken as they are.
    installed: Vec<Installed>,
    /// Packages of the lock file; they are taken if they fit.
    locked: Vec<Locked>,
    /// Addresses of indexes, with `{package_name}` where the name goes, or to be followed by it.
    indexes: Vec<String>,
    /// Whether versions such as `2.0rc1` are like any other.
    pre: bool,
    /// Whether what the packages need is looked at.
    deps: bool,
    /// The time, in milliseconds.
    now: f64,
}

#[derive(Deserialize)]
struct Installed {
    /// A text such as METADATA.
    metadata: String,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    url: String,
    sha256: String,
    /// Unless only its METADATA says it.
    depends: Option<Vec<String>>,
}

/// A question under way.
struct Session {
    resolver: Resolver,
    /// What the loader was asked for, by number.
    requests: Vec<Request>,
    /// Where those for this resolver begin.
    first: usize,
    /// Their addresses; the first one of the resolver's is not among them, see [`KNOWN`].
    indexes: Vec<String>,
    /// What is known without asking, by normalised name.
    known: BTreeMap<String, Known>,
    /// Whether indexes are asked about packages of the lock file: only if it has no solution itself.
    beyond_lock: bool,
    deps: bool,
    /// When it began.
    now: f64,
}

/// A package in the one version that is installed, or that the lock file has.
struct Known {
    page: Page,
    url: Url,
    metadata: Metadata,
    /// Whether `metadata` has what it needs; or else it is to be fetched.
    told: bool,
    installed: bool,
}

/// What an index said, and when.
struct Kept {
    at: f64,
    answer: Answer,
}

/// How long what an index said stays true, in milliseconds: as long as the large indexes say of their pages.
const FRESH: f64 = 600_000.0;

thread_local! {
    static SESSIONS: RefCell<HashMap<u32, Session>> = RefCell::default();
    static NEXT: RefCell<u32> = const { RefCell::new(1) };
    /// By the address of a page, or of the wheel whose METADATA it is.
    static KEPT: RefCell<HashMap<String, Kept>> = RefCell::default();
}

/// The scheme of files that need not be fetched.
const HERE: &str = "installed";
/// What the resolver takes for its first index: the packages that are known.
const KNOWN: &str = "the lock file";

fn failure(kind: &str, message: String, hint: Option<&str>) -> Failure {
    Failure {
        kind: kind.to_owned(),
        message,
        hint: hint.map(str::to_owned),
    }
}

impl From<Explanation> for Failure {
    fn from(why: Explanation) -> Self {
        failure("resolution", why.message, Some(&why.hint))
    }
}

/// A requirement, or the one that means a wheel at an address.
fn requirement(text: &str) -> Result<Requirement, Failure> {
    let text = text.trim();
    let path = text.split(['#', '?']).next().unwrap_or(text);
    if path.to_ascii_lowercase().ends_with(".whl") && !text.contains(" @ ") {
        let url = Url::parse(text).map_err(|e| {
            let hint = "write a URL (https:, emfs:, file:) or the name of a package";
            failure(
                "requirement",
                format!("«{text}» is no address of a wheel: {e}"),
                Some(hint),
            )
        })?;
        let name = WheelName::from_str(&File::at(url.clone()).name)
            .map_err(|e| failure("requirement", e.to_string(), None))?;
        return parse_requirement(&format!("{} @ {url}", name.name))
            .map_err(|e| failure("requirement", e.to_string(), None));
    }
    parse_requirement(text).map_err(|e| {
        let hint = "write NAME, NAME==1.2, NAME[extra]>=1 or the URL of a wheel";
        failure(
            "requirement",
            format!("a requirement cannot be read: {e}"),
            Some(hint),
        )
    })
}

fn requirements(texts: &[String]) -> Result<Vec<Requirement>, Failure> {
    texts.iter().map(|text| requirement(text)).collect()
}

/// The page and metadata of a package that is known already.
fn known(
    metadata: Metadata,
    url: &str,
    sha256: Option<&str>,
    installed: bool,
) -> Result<(String, Known), Failure> {
    let name = metadata.name.clone();
    let bad = |why: &dyn std::fmt::Display| {
        failure("known", format!("{name} cannot be used: {why}"), None)
    };
    let url = Url::parse(url).map_err(|e| bad(&e))?;
    let mut file = File::at(url.clone());
    file.sha256 = sha256.map(str::to_owned);
    // Whatever its tags say, this interpreter has it.
    file.name = format!(
        "{}-{}-py3-none-any.whl",
        name.as_dist_info_name(),
        metadata.version
    );
    let page = Page::new(&name, url.clone(), vec![file]);
    let known = Known {
        page,
        url,
        metadata,
        told: true,
        installed,
    };
    Ok((name.to_string(), known))
}

pub(crate) fn begin(query: Query) -> Result<Value, Failure> {
    let (major, minor) = query.interpreter.python;
    let python = format!("{major}.{minor}.0");
    let target = query.interpreter.target(&python, &query.emscripten)?;
    let indexes = std::iter::once(KNOWN.to_owned()).chain(query.indexes.iter().cloned());
    let mut problem = Problem::new(
        requirements(&query.requirements)?,
        target,
        indexes.collect(),
    );
    problem.constraints = requirements(&query.constraints)?;
    if query.pre {
        problem.prereleases = Prereleases::Allow;
    }
    let mut here = BTreeMap::new();
    let versions: HashMap<&str, &str> = query
        .locked
        .iter()
        .map(|one| (one.name.as_str(), one.version.as_str()))
        .collect();
    for locked in &query.locked {
        let needs: Vec<String> = locked
            .depends
            .iter()
            .flatten()
            .map(|name| match versions.get(name.as_str()) {
                Some(version) => format!("Requires-Dist: {name}=={version}\n"),
                None => format!("Requires-Dist: {name}\n"),
            })
            .collect();
        let text = format!(
            "Name: {}\nVersion: {}\n{}",
            locked.name,
            locked.version,
            needs.concat()
        );
        let metadata = Metadata::parse(text.as_bytes()).map_err(|why| {
            failure(
                "lock",
                format!("the lock file's entry {}: {why}", locked.name),
                None,
            )
        })?;
        problem
            .preferences
            .insert(metadata.name.clone(), metadata.version.clone());
        let (name, mut known) = known(metadata, &locked.url, Some(&locked.sha256), false)?;
        known.told = locked.depends.is_some();
        here.insert(name, known);
    }
    for installed in &query.installed {
        // What Python itself cannot read is not there.
        let Ok(metadata) = Metadata::parse(installed.metadata.as_bytes()) else {
            continue;
        };
        let url = format!("{HERE}:/{}", metadata.name);
        let (name, known) = known(metadata, &url, None, true)?;
        here.insert(name, known);
    }
    let resolver = Resolver::new(problem)?;
    let number = NEXT.with_borrow_mut(|next| {
        *next += 1;
        *next
    });
    let session = Session {
        resolver,
        requests: Vec::new(),
        first: 0,
        indexes: query.indexes,
        known: here,
        beyond_lock: false,
        deps: query.deps,
        now: query.now,
    };
    KEPT.with_borrow_mut(|kept| kept.retain(|_, one| query.now - one.at < FRESH));
    SESSIONS.with_borrow_mut(|sessions| sessions.insert(number, session));
    Ok(json!(number))
}

impl Session {
    /// What is known without asking.
    fn answer_here(&self, request: &Request) -> Option<Answer> {
        match request {
            Request::Page { index, name } => match (self.known.get(name.as_ref()), index) {
                (Some(known), 0) => Some(Answer::Page(known.page.clone())),
                (Some(known), _) if known.installed || !self.beyond_lock => Some(Answer::NoPage),
                (None, 0) => Some(Answer::NoPage),
                _ => self.kept(request),
            },
            Request::Metadata(candidate) => {
                let mut known = self.known.values();
                match known.find(|known| known.told && known.url == candidate.file.url) {
                    Some(known) => {
                        Some(self.trimmed(Answer::Metadata(Box::new(known.metadata.clone()))))
                    }
                    None => self.kept(request),
                }
            }
        }
    }

    /// What an earlier resolution was told.
    fn kept(&self, request: &Request) -> Option<Answer> {
        let address = self.address(request).ok()?;
        let answer = KEPT.with_borrow(|kept| Some(kept.get(&address)?.answer.clone()))?;
        Some(self.trimmed(answer))
    }

    /// Under which a request's answer is kept.
    fn address(&self, request: &Request) -> Result<String, String> {
        match request {
            Request::Page { index, name } => Ok(self.page_url(*index, name.as_ref())?.into()),
            Request::Metadata(candidate) => Ok(candidate.file.url.to_string()),
        }
    }

    /// Without what the package needs, if nobody wants to know.
    fn trimmed(&self, mut answer: Answer) -> Answer {
        if let Answer::Metadata(metadata) = &mut answer
            && !self.deps
        {
            metadata.requires.clear();
        }
        answer
    }

    /// The address of a project's page.
    fn page_url(&self, index: usize, name: &str) -> Result<Url, String> {
        let text = &self.indexes[index - 1];
        let url = if text.contains("{package_name}") {
            text.replace("{package_name}", name)
        } else {
            format!("{}/{name}/", text.trim_end_matches('/'))
        };
        Url::parse(&url).map_err(|e| format!("the index «{text}» is no address: {e}"))
    }

    fn step(&mut self) -> Result<Value, Failure> {
        loop {
            match self.resolver.step() {
                Step::Needs(requests) => {
                    let mut open = false;
                    let mut needs = Vec::new();
                    for request in requests {
                        if let Some(answer) = self.answer_here(&request) {
                            self.resolver.answer(&request, answer);
                            continue;
                        }
                        open = true;
                        // What is on its way already is not asked for twice.
                        if !self.requests[self.first..].contains(&request) {
                            needs.push(self.describe(&request).map_err(|why| {
                                failure("index", why, Some("set_index_urls takes a list of URLs"))
                            })?);
                            self.requests.push(request);
                        }
                    }
                    if open {
                        return Ok(json!({ "needs": needs }));
                    }
                }
                Step::Done(resolution) => {
                    let picks: Vec<Value> = resolution
                        .picks
                        .iter()
                        .filter_map(|pick| {
                            let file = &pick.candidate.as_ref()?.file;
                            let installed = file.url.scheme() == HERE;
                            let known = self.known.values().any(|known| known.url == file.url);
                            let depends: Vec<&str> = pick
                                .requires
                                .iter()
                                .map(|needed| needed.name.as_ref())
                                .collect();
                            let wanted = &self.resolver.problem().requirements;
                            Some(json!({
                                "requested": wanted.iter().any(|one| one.name == pick.name),
                                "name": pick.name.as_ref(),
                                "version": pick.version.to_string(),
                                "url": file.url.as_str(),
                                "file": file.name,
                                "sha256": file.sha256,
                                "size": file.size,
                                "depends": depends,
                                "installed": installed,
                                "locked": known && !installed,
                            }))
                        })
                        .collect();
                    return Ok(json!({ "picks": picks, "warnings": resolution.warnings }));
                }
                Step::Failed(why) => {
                    if self.beyond_lock || self.known.values().all(|known| known.installed) {
                        return Err(self.failed(why));
                    }
                    self.beyond_lock = true;
                    self.first = self.requests.len();
                    self.resolver = Resolver::new(self.resolver.problem().clone())?;
                }
                Step::Blocked(request) => {
                    return Ok(json!({ "blocked": self.describe(&request).unwrap_or_default() }));
                }
            }
        }
    }

    /// The failure; packages that are there already are a reason that the resolver does not know.
    fn failed(&self, why: Explanation) -> Failure {
        let named: BTreeSet<String> = self
            .known
            .iter()
            .filter(|(name, known)| known.installed && why.message.contains(name.as_str()))
            .map(|(name, known)| format!("{name} {}", known.metadata.version))
            .collect();
        let mut failure = Failure::from(why);
        if !named.is_empty() {
            let named: Vec<String> = named.into_iter().collect();
            failure.hint = Some(format!(
                "installed already: {}; reinstall=True, or uninstalling first, allows another version",
                named.join(", ")
            ));
        }
        failure
    }

    /// What the loader has to fetch.
    fn describe(&self, request: &Request) -> Result<Value, String> {
        Ok(match request {
            Request::Page { index, name } => {
                json!({ "page": self.page_url(*index, name.as_ref())?.as_str(), "accept": ACCEPT, "name": name.as_ref() })
            }
            Request::Metadata(candidate) => {
                let file = &candidate.file;
                json!({
                    "wheel": file.url.as_str(),
                    "file": file.name,
                    "size": file.size,
                    "sha256": file.sha256,
                    "metadata": file.metadata.as_ref().map(|_| file.metadata_url().to_string()),
                    "metadata_sha256": file.metadata.clone().flatten(),
                })
            }
        })
    }

    /// Takes what came for a request.
    fn take(&mut self, arrival: &Arrival, body: &[u8]) -> Result<(), Failure> {
        let Arrival {
            request,
            came,
            url,
            content_type,
            ..
        } = arrival;
        let Some(request) = self.requests.get(*request).cloned() else {
            return Err(Failure::misuse(format!("there is no request {request}")));
        };
        let answer = match (came, &request) {
            (Came::Failed, _) => Answer::Failed,
            (Came::Nothing, _) => Answer::NoPage,
            (Came::Content, Request::Page { name, .. }) => {
                let base = Url::parse(url).map_err(|e| Failure::misuse(e.to_string()))?;
                let listing = parse_page(body, content_type, &base).map_err(|why| {
                    let hint = "an index answers with PEP 691's JSON or PEP 503's HTML";
                    failure(
                        "index",
                        format!("the page of {name} cannot be read ({url}): {why}"),
                        Some(hint),
                    )
                })?;
                Answer::Page(Page::listed(name, listing))
            }
            (Came::Content, Request::Metadata(_)) => match Metadata::parse(body) {
                Ok(metadata) => Answer::Metadata(Box::new(metadata)),
                Err(why) => Answer::Unusable(why),
            },
        };
        if !matches!(came, Came::Failed) {
            let address = self.address(&request).map_err(Failure::misuse)?;
            let at = self.now;
            let answer = answer.clone();
            KEPT.with_borrow_mut(|kept| kept.insert(address, Kept { at, answer }));
        }
        let answer = self.trimmed(answer);
        self.resolver.answer(&request, answer);
        Ok(())
    }
}

/// What came for a request.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Came {
    Content,
    Nothing,
    Failed,
}

fn with<T>(
    session: u32,
    use_it: impl FnOnce(&mut Session) -> Result<T, Failure>,
) -> Result<T, Failure> {
    SESSIONS.with_borrow_mut(|sessions| match sessions.get_mut(&session) {
        Some(session) => use_it(session),
        None => Err(Failure::misuse(format!("there is no resolution {session}"))),
    })
}

pub(crate) fn step(session: u32) -> Result<Value, Failure> {
    with(session, Session::step)
}

pub(crate) fn end(session: u32) {
    SESSIONS.with_borrow_mut(|sessions| sessions.remove(&session));
}

/// What the loader says of an answer.
#[derive(Deserialize)]
struct Arrival {
    session: u32,
    /// The number of the request.
    request: usize,
    came: Came,
    /// Where it came from, after redirections.
    url: String,
    content_type: String,
}

/// Takes an answer: what is said of it as JSON, and its bytes. Returns an answer as `call` does.
///
/// # Safety
/// Both are memory that the loader has filled.
#[unsafe(no_mangle)]
unsafe extern "C" fn resolve_answer(
    text: *const u8,
    text_length: usize,
    body: *const u8,
    body_length: usize,
) -> u64 {
    // SAFETY: the caller's promise.
    let (text, body) = unsafe {
        (
            std::slice::from_raw_parts(text, text_length),
            std::slice::from_raw_parts(body, body_length),
        )
    };
    let result = serde_json::from_slice::<Arrival>(text)
        .map_err(|e| Failure::misuse(e.to_string()))
        .and_then(|arrival| with(arrival.session, |session| session.take(&arrival, body)));
    packed(result.map(|()| Value::Null))
}
