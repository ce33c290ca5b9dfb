//! An index in memory, written as text.
//!
//! One line for each file: `NAME VERSION [FLAG…] [: REQUIREMENT | REQUIREMENT]`. Flags:
//! `sdist`, `yanked`, `tag=cp315-cp315-win_amd64`, `py=<3.15`, `build=1`, `broken` (its
//! metadata cannot be read), `extras=a,b`, `index=1`.

#![allow(dead_code, reason = "each test uses a part")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::str::FromStr;

use resolver::{
    Answer, Explanation, File, Page, Problem, Request, Resolution, Resolver, Step, Target,
};
use url::Url;
use wheel::{Metadata, Requirement, parse_requirement};

#[derive(Default)]
pub struct Index {
    files: BTreeMap<(usize, String), Vec<File>>,
    metadata: BTreeMap<String, Result<String, String>>,
    pub indexes: usize,
}

pub fn target() -> Target {
    Target::emscripten("3.15.0", "9.9.1", &["plat_wasm32".to_owned()]).unwrap()
}

pub fn requirements(texts: &[&str]) -> Vec<Requirement> {
    texts
        .iter()
        .map(|t| parse_requirement(t).unwrap())
        .collect()
}

impl Index {
    pub fn new(text: &str) -> Self {
        let mut out = Self {
            indexes: 1,
            ..Self::default()
        };
        for line in text.lines().map(str::trim).filter(|l| !l.is_empty()) {
            out.line(line);
        }
        out
    }

    fn line(&mut self, line: &str) {
        let (head, needs) = line.split_once(": ").unwrap_or((line, ""));
        let mut words = head.split_whitespace();
        let (name, version) = (words.next().unwrap(), words.next().unwrap());
        let escaped = name.replace('-', "_");
        let (mut tag, mut build, mut index) = ("py3-none-any", String::new(), 0);
        let (mut sdist, mut yanked, mut broken, mut python) = (false, false, false, None);
        let mut headers = String::new();
        for flag in words {
            match flag.split_once('=').unwrap_or((flag, "")) {
                ("sdist", _) => sdist = true,
                ("yanked", _) => yanked = true,
                ("broken", _) => broken = true,
                ("tag", value) => tag = value,
                ("build", value) => build = format!("-{value}"),
                ("py", value) => python = Some(value.parse().unwrap()),
                ("index", value) => index = value.parse().unwrap(),
                ("extras", value) => {
                    for extra in value.split(',') {
                        let _ = writeln!(headers, "Provides-Extra: {extra}");
                    }
                }
                _ => panic!("{line}: unknown flag {flag}"),
            }
        }
        self.indexes = self.indexes.max(index + 1);
        let file = if sdist {
            format!("{escaped}-{version}.tar.gz")
        } else {
            format!("{escaped}-{}{build}-{tag}.whl", version.replace('+', "_"))
        };
        let mut file = File::at(Url::parse(&format!("http://i{index}.test/{file}")).unwrap());
        file.requires_python = python;
        file.yanked = yanked.then(|| "oops".to_owned());
        for need in needs.split('|').map(str::trim).filter(|n| !n.is_empty()) {
            let _ = writeln!(headers, "Requires-Dist: {need}");
        }
        let metadata = format!("Name: {name}\nVersion: {version}\n{headers}");
        let metadata = if broken {
            Err("it cannot be read".to_owned())
        } else {
            Ok(metadata)
        };
        self.metadata.insert(file.url.to_string(), metadata);
        let name = name.to_lowercase().replace(['_', '.'], "-");
        self.files.entry((index, name)).or_default().push(file);
    }

    pub fn answer(&self, request: &Request) -> Answer {
        let base = || Url::parse("http://i.test/").unwrap();
        match request {
            Request::Page { index, name } => match self.files.get(&(*index, name.to_string())) {
                Some(files) => Answer::Page(Page::new(name, base(), files.clone())),
                None => Answer::NoPage,
            },
            Request::Metadata(candidate) => match self.metadata.get(candidate.file.url.as_str()) {
                Some(Ok(text)) => {
                    Answer::Metadata(Box::new(Metadata::parse(text.as_bytes()).unwrap()))
                }
                Some(Err(why)) => Answer::Unusable(why.clone()),
                None => Answer::Failed,
            },
        }
    }

    pub fn problem(&self, wanted: &[&str]) -> Problem {
        let indexes = (0..self.indexes).map(|i| format!("http://i{i}.test/"));
        Problem::new(requirements(wanted), target(), indexes.collect())
    }

    /// Resolves with all answers of a round at once; also says how many rounds it took.
    pub fn run(&self, problem: Problem) -> (Result<Resolution, Explanation>, usize) {
        let mut resolver = match Resolver::new(problem) {
            Ok(resolver) => resolver,
            Err(why) => return (Err(why), 0),
        };
        for rounds in 0.. {
            match resolver.step() {
                Step::Needs(requests) => {
                    assert!(!requests.is_empty());
                    for request in requests {
                        resolver.answer(&request, self.answer(&request));
                    }
                }
                Step::Done(resolution) => return (Ok(resolution), rounds),
                Step::Failed(why) => return (Err(why), rounds),
                Step::Blocked(request) => panic!("blocked by {request:?}"),
            }
        }
        unreachable!()
    }

    pub fn solve(&self, problem: Problem) -> String {
        match self.run(problem).0 {
            Ok(resolution) => {
                let mut lines: Vec<String> = resolution
                    .picks
                    .iter()
                    .map(|p| {
                        let extras: Vec<&str> = p.extras.iter().map(AsRef::as_ref).collect();
                        let extras = if extras.is_empty() {
                            String::new()
                        } else {
                            format!("[{}]", extras.join(","))
                        };
                        format!("{}{extras}=={}", p.name, p.version)
                    })
                    .collect();
                lines.extend(resolution.warnings);
                lines.join(" ")
            }
            Err(why) => format!("{why}\nhint: {}", why.hint),
        }
    }

    pub fn pick(&self, wanted: &[&str]) -> String {
        self.solve(self.problem(wanted))
    }
}

pub fn pick(index: &str, wanted: &[&str]) -> String {
    Index::new(index).pick(wanted)
}

pub fn version(text: &str) -> pep440_rs::Version {
    pep440_rs::Version::from_str(text).unwrap()
}
