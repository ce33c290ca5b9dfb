//! What `ferropy lock` is asked for, gathered from arguments and files.

use std::path::{Path, PathBuf};

use imports::Import;
use index::Wanted;
use miette::{Report, Result};
use pep508_rs::PackageName;
use requirements::{Line, Project, TextFile};
use wheel::{Requirement, WheelName, parse_requirement};

use crate::cli::LockArgs;
use crate::report::{advised, hinted};
use crate::script;

/// All that bears on a lock.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    pub(crate) wanted: Vec<Wanted>,
    pub(crate) constraints: Vec<Requirement>,
    pub(crate) overrides: Vec<Requirement>,
    pub(crate) imports: Vec<Import>,
    pub(crate) index_url: Option<String>,
    pub(crate) extra_index_urls: Vec<String>,
    pub(crate) prereleases: bool,
    /// The hashes that a line of a requirements file allows.
    pub(crate) hashes: Vec<(PackageName, Line)>,
    /// Where every package has to have such a line.
    pub(crate) require_hashes: Option<PathBuf>,
}

impl Inputs {
    /// Reads everything that the arguments name.
    pub(crate) fn read(args: &LockArgs) -> Result<Self> {
        let cwd = std::env::current_dir()
            .map_err(|e| hinted(format!("the current folder is gone: {e}")))?;
        let mut out = Self {
            prereleases: args.pre,
            ..Self::default()
        };
        for path in &args.requirement {
            let file = TextFile::read(path).map_err(|e| of_file(&e))?;
            out.text_file(file, path, &cwd)?;
        }
        let here = [".".to_owned()];
        let inputs: &[String] = if args.names_nothing() {
            &here
        } else {
            &args.inputs
        };
        let mut projects = 0;
        for text in inputs {
            projects += usize::from(out.input(text, args, &cwd)?);
        }
        if projects == 0 && !(args.extra.is_empty() && args.group.is_empty()) {
            return Err(advised(
                "--extra and --group belong to a project, and none was named",
                "name the project's folder as well, for example `.`",
            ));
        }
        for path in &args.constraint {
            let lines = TextFile::read_constraints(path).map_err(|e| of_file(&e))?;
            out.constrain(&lines)?;
        }
        for text in &args.r#override {
            let requirement =
                parse_requirement(text).map_err(|e| bad_requirement(&e.to_string()))?;
            out.overrides.push(requirement);
        }
        for path in &args.from_imports {
            let found = imports::program(path).map_err(|e| {
                advised(
                    causes(&e),
                    "a program in Python, or a folder of them, is needed",
                )
            })?;
            out.imports.extend(found);
        }
        // The command line is nearer than a file.
        out.index_url = args.index_url.clone().or(out.index_url);
        out.extra_index_urls
            .splice(0..0, args.extra_index_url.iter().cloned());
        Ok(out)
    }

    /// One argument; true if it was a project.
    fn input(&mut self, text: &str, args: &LockArgs, cwd: &Path) -> Result<bool> {
        let path = Path::new(text);
        if path.is_dir() || path.file_name().is_some_and(|n| n == "pyproject.toml") {
            let project = Project::read(path).map_err(|e| of_file(&e))?;
            let python = &index::ours().python;
            let all = project
                .requirements(&args.extra, &args.group, python)
                .map_err(|e| of_file(&e))?;
            for text in all {
                self.wanted.push(Wanted::parse(&text, cwd)?);
            }
            return Ok(true);
        }
        if path.extension().is_some_and(|e| e == "py") {
            if !path.is_file() {
                return Err(advised(
                    format!("there is no script {text}"),
                    "check its name",
                ));
            }
            let metadata = script::metadata(path, &index::ours().python)?.ok_or_else(|| {
                advised(
                    format!("{text} has no `# /// script` block that says what it needs"),
                    format!("lock what it imports with `--from-imports {text}`"),
                )
            })?;
            let folder = path.parent().map_or(cwd.to_owned(), |p| cwd.join(p));
            for text in &metadata.dependencies {
                self.wanted.push(Wanted::parse(text, &folder)?);
            }
            return Ok(false);
        }
        if path.extension().is_some_and(|e| e == "txt") && path.is_file() {
            return Err(advised(
                format!("{text} is a file, not a requirement"),
                format!("read it with `-r {text}`"),
            ));
        }
        self.wanted.push(Wanted::parse(text, cwd)?);
        Ok(false)
    }

    fn text_file(&mut self, file: TextFile, path: &Path, cwd: &Path) -> Result<()> {
        for line in file.wanted {
            let wanted = Wanted::parse(&line.text, cwd).map_err(|e| at(&line, &e.into()))?;
            if let (false, Some(name)) = (line.sha256.is_empty(), name_of(&wanted)) {
                self.hashes.push((name, line));
            }
            self.wanted.push(wanted);
        }
        self.constrain(&file.constraints)?;
        self.index_url = file.index_url.or(self.index_url.take());
        self.extra_index_urls.extend(file.extra_index_urls);
        self.prereleases |= file.prereleases;
        if file.require_hashes {
            self.require_hashes = Some(path.to_owned());
        }
        Ok(())
    }

    fn constrain(&mut self, lines: &[Line]) -> Result<()> {
        for line in lines {
            let requirement = parse_requirement(&line.text)
                .map_err(|e| at(line, &bad_requirement(&e.to_string())))?;
            self.constraints.push(requirement);
        }
        Ok(())
    }

    /// Whether a picked file has a hash that the requirements files allow.
    pub(crate) fn check_hash(&self, name: &PackageName, file: &str, sha256: &str) -> Result<()> {
        let mut lines = self.hashes.iter().filter(|(of, _)| of == name).peekable();
        if let (None, Some(path)) = (lines.peek(), &self.require_hashes) {
            return Err(advised(
                format!("{} requires hashes, and {name} has none", path.display()),
                format!("add «{name}=={{version}} --hash=sha256:{sha256}» to it"),
            ));
        }
        for (_, line) in lines {
            if !line.sha256.iter().any(|allowed| allowed == sha256) {
                return Err(advised(
                    format!(
                        "{}, line {}: {file} has another hash than the line allows\n  allowed: {}\n  is:      {sha256}",
                        line.file.display(),
                        line.line,
                        line.sha256.join("\n           "),
                    ),
                    "pin the version (NAME==VERSION) and list the hash of the wheel for this platform, if you trust it",
                ));
            }
        }
        Ok(())
    }
}

/// The package that is wanted.
fn name_of(wanted: &Wanted) -> Option<PackageName> {
    match wanted {
        Wanted::Named(requirement) => Some(requirement.name.clone()),
        Wanted::Wheel(url) => {
            let file = resolver::File::at(url.clone());
            let name: Option<WheelName> = file.name.parse().ok();
            name.map(|wheel| wheel.name)
        }
    }
}

fn bad_requirement(why: &str) -> Report {
    advised(why.to_owned(), "write NAME, NAME==1.2 or NAME[extra]>=1,<2")
}

fn of_file(error: &requirements::Error) -> Report {
    advised(causes(error), error.fix())
}

/// An error with its cause on one line.
fn causes(error: &dyn std::error::Error) -> String {
    match error.source() {
        // Some messages hold their cause already.
        Some(source) if !error.to_string().contains(&source.to_string()) => {
            format!("{error}: {source}")
        }
        _ => error.to_string(),
    }
}

/// An error with the place it comes from.
fn at(line: &Line, error: &Report) -> Report {
    let fix = error.help().map_or(String::new(), |help| help.to_string());
    advised(
        format!("{}, line {}: {error}", line.file.display(), line.line),
        fix,
    )
}
