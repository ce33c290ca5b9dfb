//! `ferropy cache`.

use std::fmt::Write as _;
use std::process::ExitCode;

use cache::{Cache, human};
use serde_json::json;

use crate::cli::CacheCommand;
use crate::report::{hinted, out};

pub(crate) fn run(command: &CacheCommand) -> miette::Result<ExitCode> {
    let cache = Cache::open().map_err(hinted)?;
    let text = match command {
        CacheCommand::Dir(arg) => {
            let dir = cache.dir().display().to_string();
            if arg.json {
                json!({ "dir": dir }).to_string()
            } else {
                dir
            }
        }
        CacheCommand::Size(arg) => size(&cache, arg.json)?,
        CacheCommand::Clean { kind, json } => {
            let freed = cache.clean(kind.as_deref()).map_err(hinted)?;
            if json.json {
                json!({ "freed": freed }).to_string()
            } else {
                format!("{} freed", human(freed))
            }
        }
    };
    out(&format!("{text}\n"))?;
    Ok(ExitCode::SUCCESS)
}

fn size(cache: &Cache, as_json: bool) -> miette::Result<String> {
    let kinds = cache.size().map_err(hinted)?;
    let total: u64 = kinds.iter().map(|k| k.bytes).sum();
    if as_json {
        let kinds: Vec<_> = kinds
            .iter()
            .map(|k| json!({ "kind": k.kind, "entries": k.products, "bytes": k.bytes }))
            .collect();
        return Ok(json!({ "bytes": total, "kinds": kinds }).to_string());
    }
    let width = kinds.iter().map(|k| k.kind.len()).max().unwrap_or(0).max(5);
    let mut text = String::new();
    for kind in &kinds {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{:width$}  {:>10}  {} {}",
            kind.kind,
            human(kind.bytes),
            kind.products,
            if kind.products == 1 {
                "entry"
            } else {
                "entries"
            }
        );
    }
    let _ = write!(text, "{:width$}  {:>10}", "total", human(total));
    Ok(text)
}
