//! Runs a tool with its whole output in a log file and its last line on the progress display.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use cache::{Build, Cache};
use progress::Step;

use crate::Error;

/// Lines of a failed tool's output that its error repeats.
const TAIL: usize = 20;

/// Where the tools of one step write, and what they keep locked.
#[derive(Debug)]
pub struct Output<'a> {
    log: PathBuf,
    step: &'a Step,
    lock: Option<File>,
}

impl<'a> Output<'a> {
    /// Starts a log named after the step; it replaces the log of an earlier run. `build`, when given,
    /// stays locked until the last tool that was started for it has ended.
    pub fn new(
        cache: &Cache,
        name: &str,
        step: &'a Step,
        build: Option<&Build>,
    ) -> Result<Self, Error> {
        let log = cache.folder("logs")?.join(format!("{name}.log"));
        File::create(&log).map_err(Error::io("write", &log))?;
        let lock = build.map(Build::lock_handle).transpose()?;
        Ok(Self { log, step, lock })
    }

    /// The log's path.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Runs `command` to its end. `what` names its purpose in errors.
    pub fn run(&self, command: &mut Command, what: &str) -> Result<(), Error> {
        self.run_watched(command, what, |_| {})
    }

    /// As [`Output::run`], and shows each line of output to `watch`, which may measure progress with it.
    pub fn run_watched(
        &self,
        command: &mut Command,
        what: &str,
        mut watch: impl FnMut(&str),
    ) -> Result<(), Error> {
        let program = program_of(command);
        let start = |source| Error::Start {
            what: what.to_owned(),
            program: program.clone(),
            source,
        };
        tracing::debug!(?command, "run");
        let mut log = OpenOptions::new()
            .append(true)
            .open(&self.log)
            .map_err(Error::io("write", &self.log))?;
        // The log says how to repeat the step by hand.
        writeln!(log, "+ {command:?}").map_err(Error::io("write", &self.log))?;
        let (reader, writer) = std::io::pipe().map_err(start)?;
        command
            .stdout(writer.try_clone().map_err(start)?)
            .stderr(writer);
        match &self.lock {
            // Reads as empty, and keeps the product locked while the tool or a child of it lives.
            Some(lock) => command.stdin(lock.try_clone().map_err(start)?),
            None => command.stdin(std::process::Stdio::null()),
        };
        let mut child = command.spawn().map_err(start)?;
        // The command keeps the write ends; while they are open the pipe has no end.
        command
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null());
        let mut tail = VecDeque::new();
        for line in BufReader::new(reader).split(b'\n') {
            let line = line.map_err(start)?;
            let line = String::from_utf8_lossy(&line);
            writeln!(log, "{line}").map_err(Error::io("write", &self.log))?;
            let shown = line.trim();
            if !shown.is_empty() {
                self.step.message(shown);
            }
            watch(&line);
            if tail.len() == TAIL {
                tail.pop_front();
            }
            tail.push_back(line.into_owned());
        }
        let status = child.wait().map_err(start)?;
        if status.success() {
            return Ok(());
        }
        Err(Error::Tool {
            what: what.to_owned(),
            program,
            status,
            tail: tail
                .iter()
                .map(|line| format!("  {line}"))
                .collect::<Vec<_>>()
                .join("\n"),
            log: self.log.clone(),
        })
    }
}

/// Runs `command` and returns its stdout, trimmed; for short questions to tools.
pub fn ask(command: &mut Command, what: &str) -> Result<String, Error> {
    let program = program_of(command);
    let output = command
        .stdin(std::process::Stdio::null())
        .output()
        .map_err(|source| Error::Start {
            what: what.to_owned(),
            program: program.clone(),
            source,
        })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(Error::Tool {
        what: what.to_owned(),
        program,
        status: output.status,
        tail: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        log: PathBuf::from("(no log)"),
    })
}

/// The tool that a person would name: the one inside the root when the command enters one.
fn program_of(command: &Command) -> String {
    let entered = command
        .get_args()
        .skip_while(|arg| *arg != crate::root::ENTERED)
        .nth(1);
    entered
        .unwrap_or_else(|| command.get_program())
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use progress::Progress;

    #[test]
    fn a_failed_tool_is_named_with_its_last_lines_and_its_log() {
        let dir = tempfile::tempdir().expect("temp dir");
        let cache = Cache::at(dir.path()).expect("cache");
        let progress = Progress::hidden();
        let step = progress.step("Try", "it");
        let output = Output::new(&cache, "try", &step, None).expect("log");
        let mut lines = 0;
        let error = output
            .run_watched(
                Command::new("sh").args(["-c", "seq 1 50; echo oops >&2; exit 3"]),
                "counting",
                |_| lines += 1,
            )
            .expect_err("must fail");
        assert_eq!(lines, 51);
        let text = error.to_string();
        assert!(
            text.contains("counting failed: `sh` ended with exit status: 3"),
            "{text}"
        );
        assert!(
            text.contains("oops") && text.contains("  50\n") && !text.contains("  31\n"),
            "{text}"
        );
        assert!(text.contains(&output.log().display().to_string()), "{text}");
        let log = std::fs::read_to_string(output.log()).expect("log");
        assert!(log.contains("\n1\n"), "the log has all lines: {log}");
    }

    #[test]
    fn a_tool_that_does_not_exist_is_named() {
        let dir = tempfile::tempdir().expect("temp dir");
        let cache = Cache::at(dir.path()).expect("cache");
        let progress = Progress::hidden();
        let step = progress.step("Try", "it");
        let output = Output::new(&cache, "try", &step, None).expect("log");
        let error = output
            .run(&mut Command::new("ferropy-no-such-tool"), "trying")
            .expect_err("must fail");
        assert!(
            error
                .to_string()
                .contains("cannot start `ferropy-no-such-tool` for trying"),
            "{error}"
        );
    }
}
