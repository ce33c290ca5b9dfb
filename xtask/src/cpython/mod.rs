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
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub struct Options {
    /// Run every module and write the reports.
    #[arg(long, conflicts_with = "subset")]
    all: bool,
    /// Run the modules of tests/cpython/subset.txt, as CI does.
    #[arg(long)]
    subset: bool,
    /// Modules to run, such as `test_json`; without any, --all or --subset is needed.
    names: Vec<String>,
    /// With --all: go on after a run that was stopped, with what it had found (same build only).
    #[arg(long, requires = "all")]
    resume: bool,
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
    let journal = options.all.then(journal_file).transpose()?;
    let mut outcomes = match &journal {
        Some(file) if options.resume => report::read_journal(file)?,
        _ => BTreeMap::new(),
    };
    let left: Vec<_> = names
        .iter()
        .filter(|name| !outcomes.contains_key(*name))
        .cloned()
        .collect();
    if let Some(file) = journal.as_ref().filter(|_| outcomes.is_empty()) {
        std::fs::write(file, "").into_diagnostic()?;
    }
    let run = Run {
        python: &python,
        jobs: options.jobs,
        timeout,
        verbose: options.verbose,
        journal: journal.as_deref(),
    };
    outcomes.extend(run.modules(&left)?);
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

/// Where a whole run notes each result as it comes.
fn journal_file() -> Result<PathBuf> {
    let folder = shell::repo().join("target");
    std::fs::create_dir_all(&folder).into_diagnostic()?;
    Ok(folder.join("cpython-tests.jsonl"))
}

/// How a set of modules runs.
struct Run<'a> {
    python: &'a Python,
    jobs: usize,
    timeout: Duration,
    /// Print the whole output of modules that do not pass.
    verbose: bool,
    journal: Option<&'a Path>,
}

impl Run<'_> {
    /// Runs modules, `jobs` at a time, and reports each as it ends.
    fn modules(&self, names: &[String]) -> Result<BTreeMap<String, Outcome>> {
        let queue: Mutex<VecDeque<&String>> = Mutex::new(names.iter().collect());
        let done = Mutex::new(BTreeMap::new());
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..self.jobs.max(1))
                .map(|_| {
                    scope.spawn(|| -> Result<()> {
                        loop {
                            let Some(name) =
                                queue.lock().expect("no thread panics with it").pop_front()
                            else {
                                return Ok(());
                            };
                            let (outcome, text) = run_module(self.python, name, self.timeout)?;
                            let mut done = done.lock().expect("no thread panics with it");
                            println!("[{}/{}] {name}: {outcome}", done.len() + 1, names.len());
                            if self.verbose && !matches!(outcome.kind, Kind::Passed | Kind::Skipped)
                            {
                                println!("{text}");
                            }
                            if let Some(journal) = self.journal {
                                report::append(journal, name, &outcome)?;
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
}

/// Runs one module in a process and a folder of its own.
fn run_module(python: &Python, name: &str, timeout: Duration) -> Result<(Outcome, String)> {
    let folder = tempfile::tempdir().into_diagnostic()?;
    let run = run_regrtest(python, &[name], timeout, folder.path())?;
    let mut outcome = outcome::read(name, &run.text, run.finished);
    outcome.seconds = run.seconds;
    outcome.cpu_seconds = run.cpu_seconds;
    Ok((outcome, run.text))
}

/// How a process ended: its exit code, `None` after a signal; `Err` when time ran out.
type Finished = std::result::Result<Option<i32>, Duration>;

/// A process of regrtest that has ended.
struct Ended {
    finished: Finished,
    text: String,
    seconds: f64,
    cpu_seconds: f64,
}

fn run_regrtest(
    python: &Python,
    names: &[&str],
    timeout: Duration,
    folder: &Path,
) -> Result<Ended> {
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
    let (finished, cpu_seconds) = wait(&mut child, timeout)?;
    let seconds = begin.elapsed().as_secs_f64();
    let text = String::from_utf8_lossy(&std::fs::read(&log).into_diagnostic()?).into_owned();
    Ok(Ended {
        finished,
        text,
        seconds,
        cpu_seconds: cpu_seconds.unwrap_or(seconds),
    })
}

/// Waits, with the processor time that was last seen: unlike wall time it does not depend on what else runs.
fn wait(child: &mut Child, timeout: Duration) -> Result<(Finished, Option<f64>)> {
    let begin = Instant::now();
    let mut cpu = None;
    loop {
        if let Some(status) = child.try_wait().into_diagnostic()? {
            return Ok((Ok(status.code()), cpu));
        }
        if begin.elapsed() > timeout {
            child.kill().into_diagnostic()?;
            child.wait().into_diagnostic()?;
            return Ok((Err(timeout), cpu));
        }
        cpu = cpu_seconds(child.id()).or(cpu);
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// User and system time of a process so far, all its threads together; `None` where /proc does not tell.
fn cpu_seconds(pid: u32) -> Option<f64> {
    /// The kernel's unit for these fields, the same on every Linux architecture that runs Node.
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The program's name, in parentheses, may hold blanks; the fields after it may not.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks: u32 = fields
        .next()?
        .parse::<u32>()
        .ok()?
        .checked_add(fields.next()?.parse().ok()?)?;
    Some(f64::from(ticks) / TICKS_PER_SECOND)
}

/// The subset's modules in batches, so that 300 of them do not pay for 300 starts. What a batch does not say
/// passed runs by itself, and that result counts.
fn subset(python: &Python, jobs: usize) -> Result<Count> {
    const BATCH: usize = 15;
    /// Some modules measure time, and a busy machine fails them now and then, but not every time.
    const ATTEMPTS_ALONE: usize = 2;
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
                        let run = run_regrtest(python, &batch, limit, folder.path())?;
                        let whole = run.finished == Ok(Some(0));
                        println!(
                            "{} modules in {:.1} s{}",
                            batch.len(),
                            run.seconds,
                            if whole { "" } else { ": not all" }
                        );
                        if !whole {
                            let left = batch
                                .iter()
                                .filter(|name| !outcome::passed_in_batch(name, &run.text));
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
    let alone = Run {
        python,
        jobs,
        timeout: Duration::from_mins(2),
        verbose: true,
        journal: None,
    };
    let mut unsure = unsure;
    for _ in 0..ATTEMPTS_ALONE {
        let again = alone.modules(&unsure)?;
        unsure.retain(|name| again.get(name).is_none_or(|o| o.kind != Kind::Passed));
    }
    let failed = unsure.len() as u64;
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
    fn processor_time_is_seen() {
        let script = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; sleep 0.1";
        let mut child = Command::new("sh").args(["-c", script]).spawn().unwrap();
        let (finished, cpu) = wait(&mut child, Duration::from_mins(1)).unwrap();
        assert_eq!(finished, Ok(Some(0)));
        assert!(cpu.unwrap() > 0.02, "{cpu:?}");
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
