//! Reads what regrtest printed about one module. Starts nothing and writes nothing.

use std::fmt;
use std::time::Duration;

use regex::Regex;
use serde::{Deserialize, Serialize};

/// What became of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Passed,
    Failed,
    Skipped,
    TimedOut,
    Crashed,
}

/// One module's result.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Outcome {
    pub kind: Kind,
    /// Why it did not pass; empty when it did.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Single tests that ran.
    pub tests: u64,
    /// Wall time.
    pub seconds: f64,
    /// Processor time, start of the interpreter included.
    pub cpu_seconds: f64,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.word();
        write!(f, "{kind}, {} tests, {:.1} s", self.tests, self.seconds)?;
        if self.reason.is_empty() {
            Ok(())
        } else {
            write!(f, ": {}", self.reason)
        }
    }
}

impl Kind {
    /// As it is written in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::TimedOut => "timed out",
            Self::Crashed => "crashed",
        }
    }
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a valid pattern")
}

/// Judges a module by its output and how its process ended.
pub fn read(name: &str, text: &str, finished: Result<Option<i32>, Duration>) -> Outcome {
    let tests = pattern(r"(?m)^Ran (\d+) tests? in")
        .captures_iter(text)
        .filter_map(|found| found[1].parse::<u64>().ok())
        .sum();
    let outcome = |kind, reason: String| Outcome {
        kind,
        reason: shorten(&reason),
        tests,
        seconds: 0.0,
        cpu_seconds: 0.0,
    };
    let code = match finished {
        Err(limit) => {
            return outcome(
                Kind::TimedOut,
                format!(
                    "no end after {} s; last: {}",
                    limit.as_secs(),
                    last_test(text)
                ),
            );
        }
        Ok(code) => code,
    };
    let result = pattern(r"(?m)^Result: (.+)$")
        .captures_iter(text)
        .last()
        .map(|found| found[1].to_owned());
    if let Some(reason) = skip_reason(name, text) {
        return outcome(Kind::Skipped, reason);
    }
    match result.as_deref() {
        Some("NO TESTS RAN") => outcome(Kind::Skipped, no_tests_reason(text)),
        Some(words) if words.starts_with("SUCCESS") && code == Some(0) => {
            if tests > 0 && all_skipped(text, tests) {
                outcome(Kind::Skipped, no_tests_reason(text))
            } else {
                outcome(Kind::Passed, String::new())
            }
        }
        Some(_) => outcome(Kind::Failed, failure_reason(text)),
        None => {
            let end =
                code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
            outcome(
                Kind::Crashed,
                format!("{end} in {}: {}", last_test(text), crash_reason(text)),
            )
        }
    }
}

/// Whether the output of a batch says that this module passed: `0:00:01 [2/9] test_x passed`.
pub fn passed_in_batch(name: &str, text: &str) -> bool {
    pattern(&format!(
        r"(?m)^\S.*\] {} passed(?: in .*)?$",
        regex::escape(name)
    ))
    .is_match(text)
}

/// `test_x skipped -- reason`, regrtest's word for a module that skips itself as a whole.
fn skip_reason(name: &str, text: &str) -> Option<String> {
    let line = pattern(&format!(
        r"(?m)^(?:.*\] )?{} skipped(?: --)? (.+)$",
        regex::escape(name)
    ));
    line.captures(text).map(|found| found[1].trim().to_owned())
}

/// Whether every single test that ran was a skip.
fn all_skipped(text: &str, tests: u64) -> bool {
    let skipped: u64 = pattern(r"(?m)^OK \(.*?skipped=(\d+)")
        .captures_iter(text)
        .filter_map(|found| found[1].parse::<u64>().ok())
        .sum();
    skipped >= tests
}

fn no_tests_reason(text: &str) -> String {
    pattern(r"skipped ['\x22](.+?)['\x22]\s*$|(?m)skipped ['\x22](.+)['\x22]$")
        .captures(text)
        .and_then(|found| found.get(1).or(found.get(2)))
        .map_or_else(
            || "no test applies here".to_owned(),
            |found| found.as_str().to_owned(),
        )
}

/// The failed single tests and the first few errors.
fn failure_reason(text: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    for found in pattern(r"(?m)^(?:FAIL|ERROR): (\S+)").captures_iter(text) {
        let name = found.get(1).expect("the group takes part").as_str();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut errors: Vec<&str> = Vec::new();
    // The line that ends a traceback is not indented and begins with the exception's name.
    let error = pattern(
        r"(?m)^((?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Exit|Interrupt|Warning|Iteration|Group)\b.*)$",
    );
    for found in error.captures_iter(text) {
        let line = found.get(1).expect("the group takes part").as_str();
        if !errors.contains(&line) {
            errors.push(line);
        }
    }
    let count = names.len();
    let list = names.into_iter().take(4).collect::<Vec<_>>().join(", ");
    let more = if count > 4 {
        format!(" and {} more", count - 4)
    } else {
        String::new()
    };
    let why = errors.into_iter().take(3).collect::<Vec<_>>().join("; ");
    match (list.is_empty(), why.is_empty()) {
        (false, _) => format!("{list}{more}: {why}"),
        (true, false) => why,
        (true, true) => crash_reason(text),
    }
}

/// The last words before the end.
fn crash_reason(text: &str) -> String {
    let telling = pattern(r"(?i)error|fatal|abort|unreachable|out of memory|maximum call stack");
    let lines: Vec<_> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let found = lines
        .iter()
        .rev()
        .take(40)
        .find(|line| telling.is_match(line))
        .or(lines.last());
    found.map_or_else(|| "no output".to_owned(), ToString::to_string)
}

/// The single test that was running: `test_a (test.test_x.C.test_a) ...`.
fn last_test(text: &str) -> String {
    pattern(r"(?m)^(test\w*) \(([\w.]+)\)")
        .captures_iter(text)
        .last()
        .map_or_else(
            || "the module itself".to_owned(),
            |found| found[1].to_owned(),
        )
}

/// One line, short enough for a table; memory addresses and temporary names differ from run to run.
fn shorten(reason: &str) -> String {
    let steady = pattern(r"0x[0-9a-f]{4,}").replace_all(reason, "0x…");
    let steady = pattern(r"test_python_worker_\w+|/tmp/\.?tmp\w+").replace_all(&steady, "…");
    let line = steady.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() > 300 {
        line.chars().take(299).chain(['…']).collect()
    } else {
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OK: &str = "0:00:00 [1/1] test_json\ntest_a (test.test_json.A.test_a) ... ok\n\nRan 181 tests in 2.1s\n\nOK (skipped=3)\n\n== Tests result: SUCCESS ==\n\nResult: SUCCESS\n";

    #[test]
    fn success() {
        let outcome = read("test_json", OK, Ok(Some(0)));
        assert_eq!((outcome.kind, outcome.tests), (Kind::Passed, 181));
    }

    #[test]
    fn failure_names_tests_and_errors() {
        let text = "ERROR: test_b (test.test_x.A.test_b)\n-----\nTraceback (most recent call last):\n  File \"x\", line 1\nOSError: [Errno 138] Not supported\n\nFAIL: test_c (test.test_x.A.test_c)\nAssertionError: 1 != 2\nRan 9 tests in 0.1s\nFAILED (failures=1, errors=1)\nResult: FAILURE\n";
        let outcome = read("test_x", text, Ok(Some(2)));
        assert_eq!(outcome.kind, Kind::Failed);
        assert_eq!(
            outcome.reason,
            "test_b, test_c: OSError: [Errno 138] Not supported; AssertionError: 1 != 2"
        );
    }

    #[test]
    fn skipped_as_a_whole() {
        let text = "0:00:00 [1/1] test_curses\ntest_curses skipped -- No module named '_curses'\n\nResult: SUCCESS\n";
        let outcome = read("test_curses", text, Ok(Some(0)));
        assert_eq!(
            (outcome.kind, outcome.reason.as_str()),
            (Kind::Skipped, "No module named '_curses'")
        );
    }

    #[test]
    fn every_test_skipped_is_a_skip() {
        let text = "test_a (test.test_x.A.test_a) ... skipped 'requires working threading'\nRan 1 test in 0.0s\nOK (skipped=1)\nResult: SUCCESS\n";
        let outcome = read("test_x", text, Ok(Some(0)));
        assert_eq!(
            (outcome.kind, outcome.reason.as_str()),
            (Kind::Skipped, "requires working threading")
        );
    }

    #[test]
    fn a_crash_names_the_test() {
        let text = "test_deep (test.test_x.A.test_deep) ... RangeError: Maximum call stack size exceeded\n";
        let outcome = read("test_x", text, Ok(Some(134)));
        assert_eq!(outcome.kind, Kind::Crashed);
        assert!(
            outcome.reason.starts_with("exit code 134 in test_deep: "),
            "{}",
            outcome.reason
        );
    }

    #[test]
    fn only_what_a_batch_calls_passed_has_passed() {
        let text = "0:00:00 [1/4] test_a\n0:00:00 [1/4] test_a passed\n0:00:01 [2/4] test_b\ntest test_b failed -- Traceback\n\
                    0:00:01 [2/4/1] test_b failed (1 error)\n0:00:02 [3/4/1] test_c skipped\n\
                    0:00:02 [4/4/1] test_d passed in 31.0 sec\n0:00:03 [5/5/1] test_killed\n";
        let passed: Vec<_> = ["test_a", "test_b", "test_c", "test_d", "test_killed"]
            .into_iter()
            .filter(|n| passed_in_batch(n, text))
            .collect();
        assert_eq!(passed, ["test_a", "test_d"]);
    }
}
