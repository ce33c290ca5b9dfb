//! The one place where errors become text: cause, then what to do.

use std::fmt::Display;
use std::io::Write;

use miette::{MietteDiagnostic, MietteHandlerOpts, Report};

/// Sets up errors and logging for this process.
pub(crate) fn install() {
    // Wrapped lines would break paths and commands that people copy.
    let hook = miette::set_hook(Box::new(|_| {
        Box::new(MietteHandlerOpts::new().wrap_lines(false).build())
    }));
    debug_assert!(hook.is_ok(), "set once, at the start");
    if let Ok(filter) = tracing_subscriber::EnvFilter::try_from_env("FERROPY_LOG") {
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .init();
    }
}

/// Prints an error to standard error.
pub(crate) fn print(error: &Report) {
    // Nothing is left to be done when standard error is closed.
    let _ = writeln!(anstream::stderr(), "Error: {error:?}");
}

/// An error of the build crates, whose text carries its advice as `(hint: …)`.
pub(crate) fn hinted<E: Display>(error: E) -> Report {
    let text = error.to_string();
    let (what, hint) = match text.rsplit_once("(hint: ") {
        Some((what, hint)) => (what, hint.strip_suffix(')')),
        None => (text.as_str(), None),
    };
    let mut diagnostic = MietteDiagnostic::new(what.trim_end());
    if let Some(hint) = hint {
        diagnostic = diagnostic.with_help(hint);
    }
    diagnostic.into()
}

/// What is wrong and what to do about it.
pub(crate) fn advised(what: impl Into<String>, fix: impl Into<String>) -> Report {
    MietteDiagnostic::new(what.into())
        .with_help(fix.into())
        .into()
}

/// Prints to standard output; a closed pipe ends the program quietly, as in any filter.
pub(crate) fn out(text: &str) -> miette::Result<()> {
    let mut stdout = anstream::stdout();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(hinted(format!("cannot write to standard output: {e}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_become_help() {
        let report = hinted("it broke: (why) (hint: mend `it(1)`)");
        assert_eq!(report.to_string(), "it broke: (why)");
        assert_eq!(report.help().unwrap().to_string(), "mend `it(1)`");
        assert!(hinted("plain").help().is_none());
    }
}
