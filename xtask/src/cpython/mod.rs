//! `cargo xtask cpython-tests`: `CPython`'s own test modules, each in a process of its own.
//!
//! A whole run writes docs/cpython-tests.md, tests/cpython/results.json and tests/cpython/subset.txt; the subset
//! is what CI repeats. Reading regrtest's output is in [`outcome`].

mod outcome;
mod report;

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use clap::Args;
use miette::{IntoDiagnostic, Result, WrapErr, bail};

use crate::shell::{self, command};
use crate::suite::{self, Count};
use outcome::{Kind, Outcome};

const SUBSET: &str = "tests/cpython/subset.txt";

/// Options of `cargo xtask cpython-tests`.
#[derive(Args)]
pub struct Options {
    /// Run every module and write the reports.
    #[arg(long, conflicts_with = "subset")]
    all: bool,
    /// Run the modules of tests/cpython/subset.txt, as CI does.
    #[arg(long)]
    subset: bool,
    /// Modules to run, such as `test_json`; without any, --all or --subset is needed.
    names: Vec<String>,
    /// Processes at a time.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Seconds after which one module is stopped.
    #[arg(long, default_value_t = 300)]
    timeout: u64,
    /// The Python to test, as words; default: this repository's `ferropy run`.
    #[arg(long, num_args = 1.., value_terminator = ";")]
    python: Vec<String>,
    /// Print the whole output of modules that do not pass.
    #[arg(long)]
    verbose: bool,
}

/// Runs what the options ask for.
pub fn run(options: &Options) -> Result<()> {
    let python = Python::find(&options.python)?;
    if options.subset {
        let count = subset(&python, options.jobs)?;
        println!("{count}");
        if count.failed > 0 {
            std::process::exit(1);
        }
        return Ok(());
    }
    let names = if options.all {
        python.list_modules()?
    } else {
        options.names.clone()
    };
    if names.is_empty() {
        bail!(
            help = "name modules, or use --all or --subset",
            "nothing to run"
        );
    }
    let timeout = Duration::from_secs(options.timeout);
    let outcomes = run_modules(&python, &names, options.jobs, timeout, options.verbose)?;
    if options.all {
        report::write(&outcomes)?;
    }
    let count = report::count(&outcomes);
    println!("{count}");
    if count.failed > 0 && !options.all {
        std::process::exit(1);
    }
    Ok(())
}

/// What `cargo xtask test` runs.
pub fn run_subset() -> Result<Count> {
    subset(&Python::find(&[])?, 2)
}

/// The command that stands for `python3`.
struct Python(Vec<String>);

impl Python {
    fn find(given: &[String]) -> Result<Self> {
        if !given.is_empty() {
            return Ok(Self(given.to_vec()));
        }
        // Builds the tool and the distribution once; after that the binary itself starts each module.
        suite::dist_path()?;
        shell::run(&mut command("cargo", &["build", "--release", "--quiet"]))?;
        let target = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| shell::repo().join("target"), PathBuf::from);
        let binary = target.join("release").join("ferropy");
        if !binary.is_file() {
            bail!("cargo built no {}", binary.display());
        }
        Ok(Self(vec![binary.display().to_string(), "run".to_owned()]))
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = command(&self.0[0], &[]);
        command.args(&self.0[1..]).args(args);
        command
    }

    /// All test modules, with packages such as `test_asyncio` split as regrtest splits them.
    fn list_modules(&self) -> Result<Vec<String>> {
        let listed = shell::output(&mut self.command(&["-m", "test", "--list-tests"]))?;
        let names: Vec<_> = listed
            .lines()
            .map(str::trim)
            .filter(|line| line.contains("test_"))
            .map(ToOwned::to_owned)
            .collect();
        if names.is_empty() {
            bail!("`-m test --list-tests` printed no module names:\n{listed}");
        }
        Ok(names)
    }
}

/// Runs modules, `jobs` at a time, and reports each as it ends.
fn run_modules(
    python: &Python,
    names: &[String],
    jobs: usize,
    timeout: Duration,
    verbose: bool,
) -> Result<BTreeMap<String, Outcome>> {
    let queue: Mutex<VecDeque<&String>> = Mutex::new(names.iter().collect());
    let done = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.max(1))
            .map(|_| {
                scope.spawn(|| -> Result<()> {
                    loop {
                        let Some(name) =
                            queue.lock().expect("no thread panics with it").pop_front()
                        else {
                            return Ok(());
                        };
                        let (outcome, text) = run_module(python, name, timeout)?;
                        let mut done = done.lock().expect("no thread panics with it");
                        println!("[{}/{}] {name}: {outcome}", done.len() + 1, names.len());
                        if verbose && !matches!(outcome.kind, Kind::Passed | Kind::Skipped) {
                            println!("{text}");
                        }
                        done.insert(name.clone(), outcome);
                    }
                })
            })
            .collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().expect("workers do not panic"))
    })?;
    Ok(done.into_inner().expect("no thread panics with it"))
}

/// Runs one module in a process and a folder of its own.
fn run_module(python: &Python, name: &str, timeout: Duration) -> Result<(Outcome, String)> {
    let folder = tempfile::tempdir().into_diagnostic()?;
    let (finished, text, seconds) = run_regrtest(python, &[name], timeout, folder.path())?;
    let mut outcome = outcome::read(name, &text, finished);
    outcome.seconds = seconds;
    Ok((outcome, text))
}

/// How a process ended: its exit code, `None` after a signal; `Err` when time ran out.
type Finished = std::result::Result<Option<i32>, Duration>;

fn run_regrtest(
    python: &Python,
    names: &[&str],
    timeout: Duration,
    folder: &Path,
) -> Result<(Finished, String, f64)> {
    let log = folder.join("output.txt");
    let file = File::create(&log).into_diagnostic()?;
    let work = folder.join("work");
    std::fs::create_dir(&work).into_diagnostic()?;
    let mut command = python.command(&["-m", "test", "-v"]);
    command
        .args(names)
        .current_dir(&work)
        // Regrtest's own colours would get into the reasons.
        .env("NO_COLOR", "1")
        .env("PYTHON_COLORS", "0")
        .stdin(Stdio::null())
        .stdout(file.try_clone().into_diagnostic()?)
        .stderr(file);
    let begin = Instant::now();
    let shown = shell::words(&command);
    let mut child = command
        .spawn()
        .into_diagnostic()
        .wrap_err_with(|| format!("cannot start `{shown}`"))?;
    let finished = wait(&mut child, timeout)?;
    let text = String::from_utf8_lossy(&std::fs::read(&log).into_diagnostic()?).into_owned();
    Ok((finished, text, begin.elapsed().as_secs_f64()))
}

fn wait(child: &mut Child, timeout: Duration) -> Result<Finished> {
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait().into_diagnostic()? {
            return Ok(Ok(status.code()));
        }
        if begin.elapsed() > timeout {
            child.kill().into_diagnostic()?;
            child.wait().into_diagnostic()?;
            return Ok(Err(timeout));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The subset's modules in batches, so that 300 of them do not pay for 300 starts. What a batch does not say
/// passed runs once more by itself, and that result counts.
fn subset(python: &Python, jobs: usize) -> Result<Count> {
    const BATCH: usize = 15;
    let text = std::fs::read_to_string(shell::repo().join(SUBSET))
        .into_diagnostic()
        .wrap_err_with(|| {
            format!("cannot read {SUBSET}: `cargo xtask cpython-tests --all` writes it")
        })?;
    let (floor, names) = parse_subset(&text)?;
    if names.len() < floor {
        bail!(
            help = "put the missing modules back; the number is never lowered",
            "{SUBSET} lists {} modules, its first line promises at least {floor}",
            names.len()
        );
    }
    let batches: Mutex<VecDeque<Vec<&str>>> = Mutex::new(
        names
            .chunks(BATCH)
            .map(|batch| batch.iter().map(String::as_str).collect())
            .collect(),
    );
    let unsure = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.max(1))
            .map(|_| {
                scope.spawn(|| -> Result<()> {
                    loop {
                        let Some(batch) = batches
                            .lock()
                            .expect("no thread panics with it")
                            .pop_front()
                        else {
                            return Ok(());
                        };
                        let folder = tempfile::tempdir().into_diagnostic()?;
                        let limit = Duration::from_mins(3);
                        let (finished, text, seconds) =
                            run_regrtest(python, &batch, limit, folder.path())?;
                        let whole = finished == Ok(Some(0));
                        println!(
                            "{} modules in {seconds:.1} s{}",
                            batch.len(),
                            if whole { "" } else { ": not all" }
                        );
                        if !whole {
                            let left = batch
                                .iter()
                                .filter(|name| !outcome::passed_in_batch(name, &text));
                            unsure
                                .lock()
                                .expect("no thread panics with it")
                                .extend(left.map(ToString::to_string));
                        }
                    }
                })
            })
            .collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().expect("workers do not panic"))
    })?;
    let unsure = unsure.into_inner().expect("no thread panics with it");
    let again = run_modules(python, &unsure, jobs, Duration::from_mins(2), true)?;
    let failed = again
        .values()
        .filter(|outcome| outcome.kind != Kind::Passed)
        .count() as u64;
    Ok(Count {
        passed: names.len() as u64 - failed,
        failed,
        skipped: 0,
    })
}

/// The promised number of modules, from the first line, and the modules.
fn parse_subset(text: &str) -> Result<(usize, Vec<String>)> {
    let floor = text.lines().next().and_then(|line| {
        line.strip_prefix("# at least ")?
            .split_whitespace()
            .next()?
            .parse()
            .ok()
    });
    let Some(floor) = floor else {
        bail!("{SUBSET} does not begin with `# at least N modules`");
    };
    let names = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok((floor, names.map(ToOwned::to_owned).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subset_has_a_floor() {
        let (floor, names) =
            parse_subset("# at least 2 modules\n# more\ntest_a\n\ntest_b\n").unwrap();
        assert_eq!(
            (floor, names),
            (2, vec!["test_a".to_owned(), "test_b".to_owned()])
        );
        assert!(parse_subset("test_a\n").is_err());
    }

    #[test]
    fn a_module_that_hangs_is_stopped() {
        let python = Python(vec![
            "sh".to_owned(),
            "-c".to_owned(),
            "echo started; exec sleep 60".to_owned(),
        ]);
        let (outcome, text) = run_module(&python, "test_x", Duration::from_millis(300)).unwrap();
        assert_eq!(outcome.kind, Kind::TimedOut);
        assert_eq!(text, "started\n");
    }

    #[test]
    fn a_module_that_ends_without_a_result_crashed() {
        let python = Python(vec![
            "sh".to_owned(),
            "-c".to_owned(),
            "echo RuntimeError: unreachable; exit 134".to_owned(),
        ]);
        let (outcome, _) = run_module(&python, "test_x", Duration::from_secs(10)).unwrap();
        assert_eq!(outcome.kind, Kind::Crashed);
        assert!(outcome.reason.contains("unreachable"), "{}", outcome.reason);
    }
}
