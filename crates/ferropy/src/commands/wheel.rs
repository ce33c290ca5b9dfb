//! `ferropy wheel check`.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use audit::{Finding, MainModule, Report, Severity};
use miette::Result;
use progress::Progress;
use serde_json::json;
use wheel::Archive;

use crate::cli::{CheckArgs, WheelArgs, WheelCommand};
use crate::distribution;
use crate::report::{advised, hinted, out};

pub(crate) fn run(args: &WheelArgs) -> Result<ExitCode> {
    match &args.command {
        WheelCommand::Check(args) => check(args),
    }
}

fn check(args: &CheckArgs) -> Result<ExitCode> {
    // Before anything is built, what was asked for is looked at.
    let mut archives = Vec::new();
    for path in &args.wheels {
        archives.push(Archive::open(path).map_err(hinted)?);
    }
    let dist = distribution::ensure(&Progress::new())?;
    let main = main_module(&dist)?;
    let mut reports = Vec::new();
    for archive in &mut archives {
        reports.push(audit::audit(archive, &main, &index::ours().tags).map_err(hinted)?);
    }
    if args.json.json {
        out(&format!("{:#}\n", json!(reports)))?;
    } else {
        for report in &reports {
            out(&describe(report))?;
        }
    }
    let failed =
        |report: &Report| report.has_errors() || (args.strict && !report.findings.is_empty());
    Ok(if reports.iter().any(failed) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// What extension modules find in the interpreter of a distribution.
fn main_module(dist: &Path) -> Result<MainModule> {
    let unreadable = |path: &Path, why: &dyn std::fmt::Display| {
        advised(
            format!("{} cannot be read: {why}", path.display()),
            "build the distribution again: ferropy dist --force",
        )
    };
    let wasm = dist.join("ferropy.asm.wasm");
    let glue = dist.join("ferropy.asm.mjs");
    let bytes = fs::read(&wasm).map_err(|e| unreadable(&wasm, &e))?;
    let text = fs::read_to_string(&glue).map_err(|e| unreadable(&glue, &e))?;
    MainModule::read(&bytes, &text).map_err(|e| unreadable(&wasm, &e))
}

fn describe(report: &Report) -> String {
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let mut text = format!(
        "{}: {}, {} from the interpreter\n",
        report.wheel,
        count(report.modules, "module"),
        count(report.symbols, "symbol"),
    );
    for finding in &report.findings {
        text.push_str(&line(finding));
    }
    if report.findings.is_empty() {
        text.push_str("  nothing to complain about\n");
    }
    text
}

fn line(finding: &Finding) -> String {
    let (word, colour) = match finding.severity {
        Severity::Error => ("error", AnsiColor::Red),
        Severity::Warning => ("warning", AnsiColor::Yellow),
    };
    let style = Style::new().fg_color(Some(colour.into()));
    let place = finding
        .file
        .as_ref()
        .map_or(String::new(), |file| format!("{file}: "));
    let Finding { what, fix, .. } = finding;
    format!("  {style}{word}{style:#}: {place}{what}\n    {fix}\n")
}
