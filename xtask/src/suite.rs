//! `cargo xtask test`: everything that CI runs, part by part, and one closing line that counts it all.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use clap::Args;
use miette::{IntoDiagnostic, Result, bail};
use regex::Regex;

use crate::bench::install_npm_packages;
use crate::shell::{self, command};
use crate::{cpython, tidy};

/// Options of `cargo xtask test`.
#[derive(Args)]
pub struct Options {
    /// Run only these parts (see --list); may be repeated or separated by commas.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// List the parts and what they do.
    #[arg(long)]
    list: bool,
    /// Go on with the next part after a failed one is the default; this stops instead.
    #[arg(long)]
    fail_fast: bool,
}

/// How many tests a part ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    pub passed: u64,
    pub failed: u64,
    pub skipped: u64,
}

struct Part {
    name: &'static str,
    what: &'static str,
    run: fn() -> Result<Count>,
}

const PARTS: &[Part] = &[
    Part {
        name: "tidy",
        what: "the repository's own rules",
        run: || check(tidy::run()),
    },
    Part {
        name: "fmt",
        what: "rustfmt",
        run: fmt,
    },
    Part {
        name: "clippy",
        what: "clippy, warnings are errors",
        run: clippy,
    },
    Part {
        name: "dist",
        what: "build the distribution",
        run: dist,
    },
    Part {
        name: "rust",
        what: "native tests (cargo nextest)",
        run: rust,
    },
    Part {
        name: "tsc",
        what: "TypeScript, strict; the published types take the place of the peer's",
        run: tsc,
    },
    Part {
        name: "js",
        what: "unit tests of the TypeScript",
        run: js,
    },
    Part {
        name: "node",
        what: "runtime tests in Node",
        run: || runtime(&["--engine", "node"]),
    },
    Part {
        name: "browsers",
        what: "runtime tests in Chromium and Firefox, window and worker",
        run: browsers,
    },
    Part {
        name: "no-isolation",
        what: "runtime tests in a page without cross-origin isolation",
        run: no_isolation,
    },
    Part {
        name: "cpython",
        what: "the subset of CPython's own tests",
        run: cpython::run_subset,
    },
];

/// Runs the chosen parts and prints `N passed, N failed, N skipped` last.
pub fn run(options: &Options) -> Result<()> {
    if options.list {
        for part in PARTS {
            println!("{:<14}{}", part.name, part.what);
        }
        return Ok(());
    }
    if let Some(unknown) = options
        .only
        .iter()
        .find(|name| PARTS.iter().all(|part| part.name != name.as_str()))
    {
        bail!(
            help = "`cargo xtask test --list` names the parts",
            "there is no part '{unknown}'"
        );
    }
    let chosen: Vec<_> = PARTS
        .iter()
        .filter(|part| options.only.is_empty() || options.only.iter().any(|n| n == part.name))
        .collect();
    let begin = Instant::now();
    let mut rows = BTreeMap::new();
    let mut total = Count::default();
    for (number, part) in chosen.iter().enumerate() {
        println!(
            "\n=== [{}/{}] {}: {}",
            number + 1,
            chosen.len(),
            part.name,
            part.what
        );
        let started = Instant::now();
        let count = (part.run)().unwrap_or_else(|error| {
            println!("{error:?}");
            Count {
                failed: 1,
                ..Count::default()
            }
        });
        let seconds = started.elapsed().as_secs_f64();
        println!("=== {}: {count} in {seconds:.1} s", part.name);
        total.passed += count.passed;
        total.failed += count.failed;
        total.skipped += count.skipped;
        rows.insert(number, (part.name, count, seconds));
        if options.fail_fast && count.failed > 0 {
            break;
        }
    }
    println!(
        "\n{:<14} {:>7} {:>7} {:>7} {:>9}",
        "part", "passed", "failed", "skipped", "seconds"
    );
    for (name, count, seconds) in rows.values() {
        println!(
            "{name:<14} {:>7} {:>7} {:>7} {seconds:>9.1}",
            count.passed, count.failed, count.skipped
        );
    }
    println!(
        "in all {:.1} minutes\n",
        begin.elapsed().as_secs_f64() / 60.0
    );
    println!("{total}");
    // The closing line says what failed; a second error report below it would hide it from who reads only that.
    if total.failed > 0 {
        std::process::exit(1);
    }
    Ok(())
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

/// A check that either holds or does not: one test.
fn check(result: Result<()>) -> Result<Count> {
    result.map(|()| Count {
        passed: 1,
        ..Count::default()
    })
}

fn fmt() -> Result<Count> {
    shell::run(&mut command("cargo", &["fmt", "--all", "--check"]))?;
    // Rust for wasm is in workspaces of its own.
    for folder in ["runtime", "packages"] {
        let mut cargo = command("cargo", &["fmt", "--all", "--check"]);
        shell::run(cargo.current_dir(shell::repo().join(folder)))?;
    }
    check(Ok(()))
}

fn clippy() -> Result<Count> {
    let arguments = [
        "clippy",
        "--quiet",
        "--workspace",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ];
    shell::run(&mut command("cargo", &arguments))?;
    // The runtime's compiles for Emscripten only.
    let mut packages = command("cargo", &arguments);
    packages.current_dir(shell::repo().join("packages"));
    check(shell::run(&mut packages))
}

fn rust() -> Result<Count> {
    let nextest = Command::new("cargo")
        .args(["nextest", "--version"])
        .output()
        .is_ok_and(|o| o.status.success());
    if nextest {
        counted(
            &mut command(
                "cargo",
                &[
                    "nextest",
                    "run",
                    "--workspace",
                    "--no-fail-fast",
                    "--status-level",
                    "fail",
                ],
            ),
            nextest_count,
        )
    } else {
        counted(
            &mut command("cargo", &["test", "--workspace", "--no-fail-fast"]),
            cargo_test_count,
        )
    }
}

fn dist() -> Result<Count> {
    let path = dist_path()?;
    println!("{path}");
    check(Ok(()))
}

/// Builds the distribution when it is out of date and returns its folder.
pub fn dist_path() -> Result<String> {
    if let Ok(given) = std::env::var("FERROPY_DIST") {
        return Ok(given);
    }
    shell::output(&mut command(
        "cargo",
        &["run", "--release", "--quiet", "--", "dist", "--print-path"],
    ))
}

fn tsc() -> Result<Count> {
    install_npm_packages("js")?;
    install_npm_packages("tests")?;
    let mut tsc = command("npm", &["run", "--silent", "check"]);
    check(shell::run(tsc.current_dir(shell::repo().join("js"))))?;
    let mut count = counted(
        &mut command("node", &["--test", "tests/types/types.test.mjs"]),
        node_test_count,
    )?;
    // The sources themselves are one more.
    count.passed += 1;
    Ok(count)
}

fn js() -> Result<Count> {
    install_npm_packages("js")?;
    let folder = shell::repo().join("js");
    let manifest = std::fs::read_to_string(folder.join("package.json")).into_diagnostic()?;
    let manifest: serde_json::Value = serde_json::from_str(&manifest).into_diagnostic()?;
    if manifest["scripts"]["test"].is_null() {
        println!("js/package.json has no script `test`: nothing to run");
        return Ok(Count::default());
    }
    counted(
        command("npm", &["test"]).current_dir(folder),
        node_test_count,
    )
}

fn runtime(args: &[&str]) -> Result<Count> {
    install_npm_packages("tests")?;
    let dist = dist_path()?;
    counted(
        command("node", &["tests/run.mjs", "--dist", &dist]).args(args),
        closing_line,
    )
}

fn browsers() -> Result<Count> {
    install_browsers()?;
    runtime(&[
        "--engine",
        "chromium,chromium-worker,firefox,firefox-worker",
    ])
}

fn no_isolation() -> Result<Count> {
    install_browsers()?;
    runtime(&[
        "--engine",
        "chromium,firefox",
        "--file",
        "run",
        "--no-isolation",
    ])
}

/// Installs the browsers that tests drive, when this is root on Debian; otherwise says how.
fn install_browsers() -> Result<()> {
    // Debian's packages; elsewhere the browsers have other names, which the test runner knows.
    let missing: Vec<_> = [
        ("chromium", ["chromium", "google-chrome"]),
        ("firefox-esr", ["firefox-esr", "firefox"]),
    ]
    .into_iter()
    .filter(|(_, programs)| !programs.iter().any(|program| shell::on_path(program)))
    .map(|(package, _)| package)
    .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let root = shell::output(&mut command("id", &["-u"]))? == "0";
    if !root || !shell::on_path("apt-get") {
        bail!(
            help = format!(
                "install them, for example: apt-get install {}",
                missing.join(" ")
            ),
            "browsers are missing: {}",
            missing.join(", ")
        );
    }
    shell::run(&mut command("apt-get", &["update", "-qq"]))?;
    let mut install = command(
        "apt-get",
        &["install", "-y", "-qq", "--no-install-recommends"],
    );
    shell::run(
        install
            .args(&missing)
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )
}

/// Runs a test program, passes its output on and reads its counts from it.
fn counted(command: &mut Command, parse: fn(&str) -> Option<Count>) -> Result<Count> {
    let name = shell::words(command);
    // Both streams through one pipe: test runners disagree on where they print their summary.
    let (reader, writer) = std::io::pipe().into_diagnostic()?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(writer.try_clone().into_diagnostic()?)
        .stderr(writer)
        .spawn()
        .into_diagnostic()?;
    // The command keeps copies of the pipe's write end; without this the loop below never ends.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut text = String::new();
    for line in BufReader::new(reader).split(b'\n') {
        let line = String::from_utf8_lossy(&line.into_diagnostic()?).into_owned();
        println!("{line}");
        text.push_str(&line);
        text.push('\n');
    }
    let status = child.wait().into_diagnostic()?;
    let Some(mut count) = parse(&text) else {
        bail!("`{name}` ended with {status} and counted no tests");
    };
    if !status.success() {
        count.failed = count.failed.max(1);
    }
    Ok(count)
}

fn number(text: &str, pattern: &str) -> Option<u64> {
    let found = Regex::new(pattern)
        .expect("a valid pattern")
        .captures_iter(text)
        .last()?;
    found[1].parse().ok()
}

/// `N passed, N failed, N skipped`, as our own runners end.
fn closing_line(text: &str) -> Option<Count> {
    let pattern =
        Regex::new(r"(?m)^(\d+) passed, (\d+) failed, (\d+) skipped$").expect("a valid pattern");
    let found = pattern.captures_iter(text).last()?;
    let part = |index: usize| found[index].parse().ok();
    Some(Count {
        passed: part(1)?,
        failed: part(2)?,
        skipped: part(3)?,
    })
}

/// `Summary [ 1.2s] 55 tests run: 54 passed (1 slow), 1 failed, 2 skipped`
fn nextest_count(text: &str) -> Option<Count> {
    let plain = Regex::new("\x1b\\[[0-9;]*m")
        .expect("a valid pattern")
        .replace_all(text, "");
    let line = plain
        .lines()
        .rfind(|line| line.contains("tests run:") || line.contains("test run:"))?;
    Some(Count {
        passed: number(line, r"(\d+) passed").unwrap_or(0),
        failed: number(line, r"(\d+) failed").unwrap_or(0)
            + number(line, r"(\d+) timed out").unwrap_or(0),
        skipped: number(line, r"(\d+) skipped").unwrap_or(0),
    })
}

/// `test result: ok. 3 passed; 0 failed; 1 ignored; …`, once per test program.
fn cargo_test_count(text: &str) -> Option<Count> {
    let pattern =
        Regex::new(r"(\d+) passed; (\d+) failed; (\d+) ignored").expect("a valid pattern");
    let mut total = None;
    for found in pattern.captures_iter(text) {
        let count: &mut Count = total.get_or_insert_default();
        count.passed += found[1].parse::<u64>().ok()?;
        count.failed += found[2].parse::<u64>().ok()?;
        count.skipped += found[3].parse::<u64>().ok()?;
    }
    total
}

/// `# pass 3` or `ℹ pass 3`, `fail`, `skipped`, as node's runner ends.
fn node_test_count(text: &str) -> Option<Count> {
    Some(Count {
        passed: number(text, r"(?m)^(?:#|ℹ) pass (\d+)$")?,
        failed: number(text, r"(?m)^(?:#|ℹ) fail (\d+)$")?,
        skipped: number(text, r"(?m)^(?:#|ℹ) skipped (\d+)$").unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(passed: u64, failed: u64, skipped: u64) -> Count {
        Count {
            passed,
            failed,
            skipped,
        }
    }

    #[test]
    fn reads_our_closing_line() {
        assert_eq!(
            closing_line("ok - a\n\n12 passed, 3 failed, 4 skipped\n"),
            Some(count(12, 3, 4))
        );
        assert_eq!(closing_line("no tests"), None);
    }

    #[test]
    fn reads_nextest() {
        let text = "     Summary [   0.5s] 10 tests run: 8 passed (1 slow), 1 failed, 1 timed out, 3 skipped";
        assert_eq!(nextest_count(text), Some(count(8, 2, 3)));
        assert_eq!(nextest_count("error: could not compile"), None);
    }

    #[test]
    fn adds_up_cargo_test() {
        let text = "test result: ok. 3 passed; 0 failed; 1 ignored; 0\ntest result: FAILED. 2 passed; 1 failed; 0 ignored;";
        assert_eq!(cargo_test_count(text), Some(count(5, 1, 1)));
    }

    #[test]
    fn reads_node_test() {
        assert_eq!(
            node_test_count("ℹ pass 7\nℹ fail 1\nℹ skipped 2\n"),
            Some(count(7, 1, 2))
        );
    }

    #[test]
    fn a_program_that_counts_nothing_is_an_error() {
        assert!(counted(&mut command("true", &[]), closing_line).is_err());
    }

    #[test]
    fn a_failing_exit_code_is_a_failure_whatever_was_counted() {
        let script = "echo '5 passed, 0 failed, 0 skipped'; exit 3";
        let found = counted(&mut command("sh", &["-c", script]), closing_line).unwrap();
        assert_eq!(
            found,
            Count {
                passed: 5,
                failed: 1,
                skipped: 0
            }
        );
    }
}
