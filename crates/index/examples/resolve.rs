//! Prints what requirements resolve to: `resolve TARGET REQUIREMENT…`.
//!
//! TARGET is `ours` or what [`Target::native`] reads. To be replaced by `ferropy lock`.

use std::process::ExitCode;

use cache::Cache;
use progress::Progress;
use resolver::{Problem, Target};
use wheel::parse_requirement;

fn main() -> ExitCode {
    match run() {
        Ok(lines) => {
            println!("{lines}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<String, String> {
    let mut args = std::env::args().skip(1);
    let target = match args.next().as_deref() {
        Some("ours") => index::ours().clone(),
        Some(name) => Target::native(name)?,
        None => return Err("usage: resolve TARGET REQUIREMENT…".to_owned()),
    };
    let wanted = args
        .map(|text| parse_requirement(&text).map_err(|e| e.to_string()))
        .collect::<Result<_, _>>()?;
    let cache = Cache::open().map_err(|e| e.to_string())?;
    let problem = Problem::new(wanted, target, Vec::new());
    let options = index::Options::default();
    let resolution = index::solve(&cache, &Progress::new(), problem, &options);
    let resolution = resolution.map_err(|e| {
        let hint = miette::Diagnostic::help(&e).map(|h| format!("\nhint: {h}"));
        format!("{e}{}", hint.unwrap_or_default())
    })?;
    let lines = resolution
        .picks
        .iter()
        .map(|p| format!("{}=={}", p.name, p.version));
    Ok(lines.collect::<Vec<_>>().join("\n"))
}
