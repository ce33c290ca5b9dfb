//! `ferropy serve`.

use std::process::ExitCode;

use cache::Cache;
use progress::Progress;
use serve::{Options, Server};

use crate::cli::ServeArgs;
use crate::distribution;
use crate::report::{hinted, out};

/// The page that the distribution opens with.
const HOME: &str = "console.html";

pub(crate) fn run(args: ServeArgs) -> miette::Result<ExitCode> {
    let root = if let Some(dir) = args.dir {
        dir
    } else {
        let progress = Progress::new();
        let dist = distribution::ensure(&progress)?;
        progress.clear();
        dist
    };
    let cache = Cache::open().map_err(hinted)?;
    let home = root.join(HOME).is_file().then(|| HOME.to_owned());
    let server = Server::start(Options {
        root,
        host: args.host,
        port: args.port,
        isolation: !args.no_isolation,
        csp: args.csp,
        home,
        compressed: Some(cache.folder("compressed").map_err(hinted)?),
    })?;
    let mut said = Ok(());
    server.wait(|url| {
        said = out(&format!("Serving on {url} (Ctrl-C stops)\n"));
        if args.open
            && let Err(error) = open::that_detached(url)
        {
            eprintln!("no browser could be opened: {error}");
        }
    })?;
    said?;
    Ok(ExitCode::SUCCESS)
}
