//! The command line as clap sees it. No behaviour.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use pep508_rs::PackageName;

use crate::python_args::OwnOption;

/// Python in WebAssembly: runs scripts, builds and serves the distribution.
///
/// Without a command it starts the interactive interpreter, or runs what comes on
/// standard input, as python3 does.
#[derive(Debug, Parser)]
#[command(name = "ferropy", version, after_long_help = EXIT_CODES, styles = STYLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

const STYLES: clap::builder::Styles = clap::builder::Styles::styled();

const EXIT_CODES: &str = "\
Exit codes:
  0    success
  1    ferropy could not do it (standard error says why and what to do), the
       script ended with an uncaught exception, `doctor` misses something,
       `lock --check` would change the lock file, or `wheel check` found faults
  2    wrong usage, or the script does not exist
  130  interrupted with Ctrl-C
  N    the script's own status, as given to sys.exit(N)

Environment:
  FERROPY_CACHE      folder for everything that is built or downloaded
  FERROPY_DIST       a ready distribution to use instead of building one
  FERROPY_NODE       the Node.js to run it with
  FERROPY_INDEX_URL  the package index (else pip's own configuration decides)
  FERROPY_LOG        what to log to standard error, such as `debug`
  NO_COLOR           never colour the output";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(RunArgs),
    Lock(Box<LockArgs>),
    Download(DownloadArgs),
    Tree(TreeArgs),
    Why(WhyArgs),
    Wheel(WheelArgs),
    Dist(DistArgs),
    Serve(ServeArgs),
    Doctor(DoctorArgs),
    Cache(CacheArgs),
    Completions(CompletionsArgs),
}

/// Run Python: a script, a command, a module or standard input.
///
/// Everything after SCRIPT, -c CODE or -m MODULE belongs to Python, unread. Python's own
/// flags (-i -O -q -s -u -W ARG -X OPT -E -B -v …) may come before. After `--` nothing is
/// ferropy's any more. Standard input and output, arguments, environment, the current
/// folder and the exit code are those of the script.
///
/// A script's `# /// script` block (PEP 723) is honoured: its dependencies are installed
/// and its requires-python is checked.
#[derive(Debug, Args)]
#[command(
    override_usage = "ferropy run [OPTIONS] [PYTHON FLAGS] (SCRIPT | -c CODE | -m MODULE | -) [ARGS]..."
)]
pub(crate) struct RunArgs {
    /// Install a package for this run: NAME, NAME==1.2, NAME[extra], a .whl file or its URL
    #[arg(long, value_name = "PACKAGE")]
    pub(crate) with: Vec<String>,
    /// Install exactly what this lock file names
    #[arg(long, value_name = "LOCK", conflicts_with = "with")]
    pub(crate) locked: Option<PathBuf>,
    /// The package index to use
    #[arg(long, value_name = "URL")]
    pub(crate) index_url: Option<String>,
    /// Ask the package index again, even if it answered within the last minutes
    #[arg(long)]
    pub(crate) refresh: bool,
    /// What Python gets
    #[arg(value_name = "PYTHON ARGUMENTS", hide = true)]
    pub(crate) python: Vec<OsString>,
}

/// Choose versions once and write them, with addresses and hashes, to a lock file.
///
/// What is wanted may come from requirements, from projects (a folder or its pyproject.toml),
/// from scripts with a `# /// script` block, from requirements files and from the imports of
/// a program, all together. Without any of them, it is the project in this folder. Versions
/// that an existing lock file has are kept unless they are to be upgraded.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line")]
pub(crate) struct LockArgs {
    /// Requirements, wheels (paths or URLs), projects and scripts
    #[arg(value_name = "REQUIREMENT | PROJECT | SCRIPT")]
    pub(crate) inputs: Vec<String>,
    /// Read a requirements.txt
    #[arg(short, long, value_name = "FILE")]
    pub(crate) requirement: Vec<PathBuf>,
    /// Find the packages that a program or a folder of programs imports
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) from_imports: Vec<PathBuf>,
    /// Bound versions without asking for the packages
    #[arg(short, long, value_name = "FILE")]
    pub(crate) constraint: Vec<PathBuf>,
    /// Take the place of every requirement on its package
    #[arg(long, value_name = "REQUIREMENT")]
    pub(crate) r#override: Vec<String>,
    /// An extra of the projects
    #[arg(long, value_name = "NAME")]
    pub(crate) extra: Vec<String>,
    /// A dependency group of the projects
    #[arg(long, value_name = "NAME")]
    pub(crate) group: Vec<String>,
    /// Write here instead of pyodide-lock.json or pylock.toml; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// The format; by default FILE's ending decides
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
    /// Take the newest versions, whatever the lock file has
    #[arg(long)]
    pub(crate) upgrade: bool,
    /// Take the newest version of this package
    #[arg(long, value_name = "NAME")]
    pub(crate) upgrade_package: Vec<PackageName>,
    /// Only check that the lock file answers what is wanted; ask no index
    #[arg(long, conflicts_with_all = ["upgrade", "upgrade_package", "check"])]
    pub(crate) frozen: bool,
    /// Write nothing; exit with 1 and say what would change, if something would
    #[arg(long)]
    pub(crate) check: bool,
    /// Take pre-releases like any other version
    #[arg(long)]
    pub(crate) pre: bool,
    /// The package index to use
    #[arg(long, value_name = "URL")]
    pub(crate) index_url: Option<String>,
    /// A further package index
    #[arg(long, value_name = "URL")]
    pub(crate) extra_index_url: Vec<String>,
    /// Ask the package index again, even if it answered within the last minutes
    #[arg(long)]
    pub(crate) refresh: bool,
    #[command(flatten)]
    pub(crate) json: JsonArg,
}

impl LockArgs {
    /// True when it is the project in the current folder that is meant.
    pub(crate) fn names_nothing(&self) -> bool {
        self.inputs.is_empty() && self.requirement.is_empty() && self.from_imports.is_empty()
    }
}

/// The formats of lock files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// pyodide-lock.json, which loadPyodide reads
    Pyodide,
    /// pylock.toml (PEP 751), which uv and pip read
    Pylock,
}

/// Make a folder with all files of a lock file, that works offline.
#[derive(Debug, Args)]
pub(crate) struct DownloadArgs {
    /// The lock file; pyodide-lock.json or pylock.toml in this folder if left out
    pub(crate) lock: Option<PathBuf>,
    /// The folder
    #[arg(short, long, value_name = "DIR")]
    pub(crate) dir: PathBuf,
    #[command(flatten)]
    pub(crate) json: JsonArg,
}

/// Show what needs what in a lock file.
#[derive(Debug, Args)]
pub(crate) struct TreeArgs {
    /// The lock file; pyodide-lock.json or pylock.toml in this folder if left out
    pub(crate) lock: Option<PathBuf>,
    /// Show what needs a package below it
    #[arg(long)]
    pub(crate) invert: bool,
    /// Show only so many levels below the first
    #[arg(long, value_name = "LEVELS")]
    pub(crate) depth: Option<usize>,
    #[command(flatten)]
    pub(crate) json: JsonArg,
}

/// Say why a package is in a lock file.
#[derive(Debug, Args)]
pub(crate) struct WhyArgs {
    /// The package
    pub(crate) name: PackageName,
    /// The lock file; pyodide-lock.json or pylock.toml in this folder if left out
    pub(crate) lock: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) json: JsonArg,
}

/// Look into wheels.
#[derive(Debug, Args)]
pub(crate) struct WheelArgs {
    #[command(subcommand)]
    pub(crate) command: WheelCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum WheelCommand {
    Check(CheckArgs),
}

/// Check whether wheels will work in the interpreter, without running them.
///
/// Each symbol that an extension module takes has to be given by the interpreter or by a library
/// in the wheel, with the same type; names, tags and licence have to be right. Exits with 1 if
/// something will not work.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The wheels
    #[arg(value_name = "WHEEL", required = true)]
    pub(crate) wheels: Vec<PathBuf>,
    /// Exit with 1 for warnings as well
    #[arg(long)]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) json: JsonArg,
}

/// Build the distribution and say where it is.
#[derive(Debug, Args)]
pub(crate) struct DistArgs {
    /// Copy it to this folder
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Look at the content of every input again, and replace what is in the output folder
    #[arg(long)]
    pub(crate) force: bool,
    /// Put a .br copy beside each file, for servers that send them
    #[arg(long)]
    pub(crate) brotli: bool,
    /// Print nothing but the path
    #[arg(long)]
    pub(crate) print_path: bool,
}

/// Serve a folder, by default the distribution with its REPL page.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The folder; the built distribution if left out
    pub(crate) dir: Option<PathBuf>,
    /// The port; 0 takes a free one
    #[arg(short, long, default_value_t = 8000)]
    pub(crate) port: u16,
    /// The address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) host: IpAddr,
    /// Open the page in a browser
    #[arg(long)]
    pub(crate) open: bool,
    /// Leave COOP, COEP and CORP out: pages then have no `SharedArrayBuffer`
    #[arg(long)]
    pub(crate) no_isolation: bool,
    /// Send this Content-Security-Policy
    #[arg(long, value_name = "POLICY")]
    pub(crate) csp: Option<String>,
}

/// Show what this machine has, what is missing and how to get it.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Look at the cache or empty it.
#[derive(Debug, Args)]
pub(crate) struct CacheArgs {
    #[command(subcommand)]
    pub(crate) command: CacheCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CacheCommand {
    /// Print the cache's folder
    Dir(JsonArg),
    /// Print how much is in it, by kind
    Size(JsonArg),
    /// Remove everything in it that no running ferropy uses
    Clean {
        /// Only this kind (see `cache size`)
        kind: Option<String>,
        #[command(flatten)]
        json: JsonArg,
    },
}

#[derive(Debug, Args, Clone, Copy)]
pub(crate) struct JsonArg {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Print a completion script for a shell.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: Shell,
}

/// The options of `run` that are not Python's, read off the definition above.
pub(crate) fn run_options() -> Vec<OwnOption> {
    let mut command = Cli::command();
    command.build();
    let Some(run) = command.find_subcommand("run") else {
        return Vec::new();
    };
    run.get_arguments()
        .filter_map(|arg| {
            Some(OwnOption {
                long: arg.get_long()?.to_owned(),
                takes_value: arg.get_action().takes_values(),
            })
        })
        .chain(std::iter::once(OwnOption {
            long: "help".to_owned(),
            takes_value: false,
        }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn run_options_are_found() {
        let found = run_options();
        let value = |long: &str| found.iter().find(|o| o.long == long).map(|o| o.takes_value);
        assert_eq!(value("with"), Some(true));
        assert_eq!(value("locked"), Some(true));
        assert_eq!(value("refresh"), Some(false));
        assert_eq!(value("help"), Some(false));
    }
}
