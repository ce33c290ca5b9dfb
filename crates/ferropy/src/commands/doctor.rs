//! `ferropy doctor`.

use std::fmt::Write as _;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use cache::Cache;
use serde::Serialize;
use toolchain::doctor::Check;

use crate::cli::DoctorArgs;
use crate::report::{hinted, out};

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    ok: bool,
    version: &'static str,
    python: &'static str,
    platform: &'static str,
    checks: &'a [Check],
}

pub(crate) fn run(args: &DoctorArgs) -> miette::Result<ExitCode> {
    let cache = Cache::open().map_err(hinted)?;
    let checks = toolchain::doctor::doctor(&cache);
    let ok = checks.iter().all(|c| c.ok || !c.needed);
    if args.json {
        let pins = pins::pins();
        let report = Report {
            ok,
            version: env!("CARGO_PKG_VERSION"),
            python: &pins.cpython.version,
            platform: &pins.abi.platform,
            checks: &checks,
        };
        let text = serde_json::to_string_pretty(&report).map_err(hinted)?;
        out(&format!("{text}\n"))?;
    } else {
        out(&table(&checks, ok))?;
    }
    Ok(if ok {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// One line per check, and below it what to do where something is missing.
fn table(checks: &[Check], ok: bool) -> String {
    let colour = |c: AnsiColor| Style::new().bold().fg_color(Some(c.into()));
    let width = checks
        .iter()
        .map(|c| c.name.chars().count())
        .max()
        .unwrap_or_default();
    let mut text = String::new();
    for check in checks {
        let (style, word) = match (check.ok, check.needed) {
            (true, _) => (colour(AnsiColor::Green), "ok     "),
            (false, true) => (colour(AnsiColor::Red), "missing"),
            (false, false) => (colour(AnsiColor::Yellow), "absent "),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{style}{word}{style:#}  {:width$}  {}",
            check.name, check.found
        );
        if !check.fix.is_empty() {
            let dim = Style::new().dimmed();
            let _ = writeln!(
                text,
                "         {:width$}  {dim}fix: {}{dim:#}",
                "", check.fix
            );
        }
    }
    let last = if ok {
        "Everything that is needed is here."
    } else {
        "Something that is needed is missing; see the fixes above."
    };
    let _ = writeln!(text, "\n{last}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_shows_fixes_and_the_verdict() {
        let check = |name: &str, ok, fix: &str| Check {
            name: name.to_owned(),
            found: "v1".to_owned(),
            ok,
            needed: true,
            fix: fix.to_owned(),
        };
        let checks = [
            check("Node.js", true, ""),
            check("npm", false, "install npm"),
        ];
        let plain = anstream::adapter::strip_str(&table(&checks, false)).to_string();
        assert!(plain.contains("ok       Node.js  v1\n"), "{plain}");
        assert!(
            plain.contains("missing  npm      v1\n                  fix: install npm\n"),
            "{plain}"
        );
        assert!(
            plain.ends_with("missing; see the fixes above.\n"),
            "{plain}"
        );
    }
}
