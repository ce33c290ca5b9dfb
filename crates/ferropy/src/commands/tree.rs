//! `ferropy tree` and `ferropy why`.

use std::process::ExitCode;

use ::lock::{Branch, Graph};
use miette::Result;
use serde_json::{Value, json};

use crate::cli::{TreeArgs, WhyArgs};
use crate::lockfile;
use crate::report::{advised, out};

pub(crate) fn tree(args: &TreeArgs) -> Result<ExitCode> {
    let path = lockfile::find(args.lock.as_deref())?;
    let lock = lockfile::read(&path)?;
    let graph = Graph::new(&lock);
    let tops = graph.tops(args.invert);
    let branches = graph.tree(&tops, args.invert, args.depth.unwrap_or(usize::MAX));
    if args.json.json {
        let below = if args.invert { "needed_by" } else { "needs" };
        let all: Vec<Value> = branches.iter().map(|b| as_json(b, below)).collect();
        out(&format!("{:#}\n", Value::from(all)))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = String::new();
    for branch in &branches {
        draw(branch, "", "", &mut text);
    }
    if text.contains(CUT) {
        text.push_str("(*) more below it: shown above, or deeper than --depth\n");
    }
    out(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Marks a package that is not opened.
const CUT: &str = " (*)";

/// `first` stands before the package itself, `rest` before what is below it.
fn draw(branch: &Branch, first: &str, rest: &str, text: &mut String) {
    let cut = if branch.cut { CUT } else { "" };
    text.extend([first, branch.name.as_ref(), " ", &branch.version, cut, "\n"]);
    for (place, child) in branch.children.iter().enumerate() {
        let last = place + 1 == branch.children.len();
        let (fork, line) = if last {
            ("`-- ", "    ")
        } else {
            ("|-- ", "|   ")
        };
        draw(
            child,
            &format!("{rest}{fork}"),
            &format!("{rest}{line}"),
            text,
        );
    }
}

fn as_json(branch: &Branch, below: &str) -> Value {
    let children: Vec<Value> = branch.children.iter().map(|b| as_json(b, below)).collect();
    json!({
        "name": branch.name,
        "version": branch.version,
        below: children,
        "more": branch.cut,
    })
}

pub(crate) fn why(args: &WhyArgs) -> Result<ExitCode> {
    let path = lockfile::find(args.lock.as_deref())?;
    let lock = lockfile::read(&path)?;
    let name = &args.name;
    let Some(package) = lock.packages.get(name) else {
        let has: Vec<&str> = lock.packages.keys().map(AsRef::as_ref).collect();
        return Err(advised(
            format!("{name} is not in {}", path.display()),
            format!("it has: {}", has.join(", ")),
        ));
    };
    let chains = Graph::new(&lock).why(name);
    if args.json.json {
        let report = json!({ "name": name, "version": package.version, "chains": chains });
        out(&format!("{report:#}\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = format!(
        "{name} {} is in {} because of\n",
        package.version,
        path.display()
    );
    for chain in chains {
        let names: Vec<&str> = chain.iter().map(AsRef::as_ref).collect();
        let line = match names.as_slice() {
            [_] => "itself: it was asked for, or nothing else needs it".to_owned(),
            names => names.join(" -> "),
        };
        text.extend(["  ", &line, "\n"]);
    }
    out(&text)?;
    Ok(ExitCode::SUCCESS)
}
