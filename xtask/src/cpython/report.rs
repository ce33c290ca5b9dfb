//! Writes the results of a whole run: for readers, for programs and for CI.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use miette::{IntoDiagnostic, Result, WrapErr};

use super::outcome::{Kind, Outcome};
use super::{SUBSET, parse_subset};
use crate::shell::repo;
use crate::suite::Count;

/// Processor time that the subset may take, in seconds: below five minutes on two cores, with room to spare.
const SUBSET_SECONDS: f64 = 400.0;

/// A module that takes more processor time than this, in seconds, is left out of the subset.
const SLOW: f64 = 20.0;

/// What a module costs in a batch at least, in seconds of processor time, however little it does.
const LEAST: f64 = 0.3;

/// Passed and skipped as such, all else as failed.
pub fn count(outcomes: &BTreeMap<String, Outcome>) -> Count {
    let of = |wanted: fn(Kind) -> bool| {
        outcomes
            .values()
            .filter(|outcome| wanted(outcome.kind))
            .count() as u64
    };
    Count {
        passed: of(|kind| kind == Kind::Passed),
        skipped: of(|kind| kind == Kind::Skipped),
        failed: of(|kind| !matches!(kind, Kind::Passed | Kind::Skipped)),
    }
}

/// Writes all three files.
pub fn write(outcomes: &BTreeMap<String, Outcome>) -> Result<()> {
    put("docs/cpython-tests.md", &markdown(outcomes))?;
    let json = serde_json::to_string_pretty(outcomes).into_diagnostic()?;
    put("tests/cpython/results.json", &format!("{json}\n"))?;
    let floor = std::fs::read_to_string(repo().join(SUBSET))
        .ok()
        .and_then(|text| parse_subset(&text).ok());
    put(
        SUBSET,
        &subset(outcomes, floor.map_or(0, |(floor, _)| floor)),
    )
}

fn put(path: &str, text: &str) -> Result<()> {
    let file = repo().join(path);
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).into_diagnostic()?;
    }
    std::fs::write(&file, text)
        .into_diagnostic()
        .wrap_err_with(|| format!("cannot write {path}"))?;
    println!("wrote {path}");
    Ok(())
}

fn markdown(outcomes: &BTreeMap<String, Outcome>) -> String {
    let mut text = String::from(
        "# CPython's own tests\n\nWritten by `cargo xtask cpython-tests --all`; do not edit. Each module ran in a \
         process of its own, as `ferropy run -m test -v NAME`.\n\n| outcome | modules |\n| --- | ---: |\n",
    );
    let kinds = [
        Kind::Passed,
        Kind::Failed,
        Kind::Skipped,
        Kind::TimedOut,
        Kind::Crashed,
    ];
    for kind in kinds {
        let number = outcomes
            .values()
            .filter(|outcome| outcome.kind == kind)
            .count();
        let _ = writeln!(text, "| {} | {number} |", kind.word());
    }
    let tests: u64 = outcomes.values().map(|outcome| outcome.tests).sum();
    let _ = writeln!(
        text,
        "| all | {} |\n\n{tests} single tests ran.",
        outcomes.len()
    );
    for kind in [Kind::Failed, Kind::Crashed, Kind::TimedOut, Kind::Skipped] {
        let mut title = kind.word().to_owned();
        title[..1].make_ascii_uppercase();
        let _ = write!(text, "\n## {title}\n\n| module | reason |\n| --- | --- |\n");
        for (name, outcome) in outcomes.iter().filter(|(_, outcome)| outcome.kind == kind) {
            let _ = writeln!(
                text,
                "| {name} | {} |",
                outcome.reason.replace('|', "\\|").replace('<', "&lt;")
            );
        }
    }
    text.push_str("\n## Passed\n\n");
    let passed: Vec<_> = outcomes
        .iter()
        .filter(|(_, o)| o.kind == Kind::Passed)
        .map(|(n, _)| n.as_str())
        .collect();
    let _ = writeln!(text, "{}", passed.join(", "));
    text
}

/// The quickest modules that passed, as many as fit; never fewer promised than before.
fn subset(outcomes: &BTreeMap<String, Outcome>, floor: usize) -> String {
    // CI runs modules in batches, so what every single run paid for its own start does not count.
    let start = outcomes
        .values()
        .map(|o| o.cpu_seconds)
        .min_by(f64::total_cmp)
        .unwrap_or(0.0);
    let mut passed: Vec<_> = outcomes
        .iter()
        .filter(|(_, outcome)| outcome.kind == Kind::Passed)
        .map(|(name, outcome)| ((outcome.cpu_seconds - start).max(LEAST), name))
        .filter(|(cost, _)| *cost < SLOW)
        .collect();
    passed.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut left = SUBSET_SECONDS;
    let mut names: Vec<_> = passed
        .into_iter()
        .take_while(|(cost, _)| {
            left -= cost;
            left > 0.0
        })
        .map(|(_, name)| name.as_str())
        .collect();
    names.sort_unstable();
    let promised = floor.max(names.len());
    let mut text = format!(
        "# at least {promised} modules\n# Modules that pass, for CI; written by `cargo xtask cpython-tests --all`.\n",
    );
    for name in names {
        let _ = writeln!(text, "{name}");
    }
    text
}

/// Adds one result to the journal of a run.
pub fn append(journal: &Path, name: &str, outcome: &Outcome) -> Result<()> {
    let line = serde_json::to_string(&(name, outcome)).into_diagnostic()?;
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(journal)
        .into_diagnostic()?;
    writeln!(file, "{line}")
        .into_diagnostic()
        .wrap_err_with(|| format!("cannot write {}", journal.display()))
}

/// The results that a stopped run had noted; a line that it had only half written is left out.
pub fn read_journal(journal: &Path) -> Result<BTreeMap<String, Outcome>> {
    let text = std::fs::read_to_string(journal)
        .into_diagnostic()
        .wrap_err_with(|| {
            format!(
                "there is no run to go on with: cannot read {}",
                journal.display()
            )
        })?;
    Ok(text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(kind: Kind, seconds: f64, reason: &str) -> Outcome {
        Outcome {
            kind,
            reason: reason.to_owned(),
            tests: 1,
            seconds,
            cpu_seconds: seconds,
        }
    }

    fn sample() -> BTreeMap<String, Outcome> {
        [
            ("test_quick", outcome(Kind::Passed, 1.0, "")),
            ("test_slow", outcome(Kind::Passed, 100.0, "")),
            ("test_bad", outcome(Kind::Failed, 1.0, "A | B")),
            ("test_gone", outcome(Kind::Crashed, 1.0, "trap")),
            ("test_not", outcome(Kind::Skipped, 1.0, "no module")),
        ]
        .map(|(name, outcome)| (name.to_owned(), outcome))
        .into()
    }

    #[test]
    fn counts() {
        assert_eq!(
            count(&sample()),
            Count {
                passed: 2,
                failed: 2,
                skipped: 1
            }
        );
    }

    #[test]
    fn the_subset_is_quick_and_its_promise_never_falls() {
        let text = subset(&sample(), 7);
        let (floor, names) = parse_subset(&text).unwrap();
        assert_eq!((floor, names), (7, vec!["test_quick".to_owned()]));
    }

    #[test]
    fn a_half_written_journal_is_read_as_far_as_it_goes() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal");
        append(&journal, "test_a", &outcome(Kind::Failed, 2.0, "why")).unwrap();
        append(&journal, "test_b", &outcome(Kind::Passed, 1.0, "")).unwrap();
        let whole = std::fs::read_to_string(&journal).unwrap();
        std::fs::write(&journal, &whole[..whole.len() - 9]).unwrap();
        let found = read_journal(&journal).unwrap();
        assert_eq!(found.keys().collect::<Vec<_>>(), ["test_a"]);
        assert_eq!(found["test_a"].reason, "why");
    }

    #[test]
    fn markdown_escapes_what_would_break_the_table() {
        let text = markdown(&sample());
        assert!(text.contains("| test_bad | A \\| B |"), "{text}");
        assert!(text.contains("| crashed | 1 |"));
    }
}
