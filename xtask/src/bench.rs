//! `cargo xtask bench NAME`: starts a benchmark's own program, after its npm packages are there.

use clap::Args;
use miette::{Result, bail};

use crate::shell;

/// Options of `cargo xtask bench`.
#[derive(Args)]
pub struct Options {
    /// Which benchmark: a folder of `benches/` with a `run.mjs`.
    name: String,
    /// The benchmark's own arguments, such as --quick, --json FILE or --peer-only.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

/// Runs one benchmark.
pub fn run(options: &Options) -> Result<()> {
    let program = format!("benches/{}/run.mjs", options.name);
    if !shell::repo().join(&program).is_file() {
        bail!(
            help = "the folders of benches/ are the names",
            "there is no benchmark '{}'",
            options.name
        );
    }
    install_npm_packages("tests")?;
    let mut command = shell::command("node", &[&program]);
    shell::run(command.args(&options.args))
}

/// `npm ci` in a folder, unless what is installed already matches its lock file.
pub fn install_npm_packages(folder: &str) -> Result<()> {
    let folder = shell::repo().join(folder);
    let lock = std::fs::read(folder.join("package-lock.json")).unwrap_or_default();
    // A copy of the lock file beside the packages says which one they were installed from.
    let stamp = folder.join("node_modules").join(".installed-from");
    if std::fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    // Scripts of packages are not needed, and some download browsers.
    let mut command = shell::command(
        "npm",
        &["ci", "--ignore-scripts", "--no-audit", "--no-fund"],
    );
    shell::run(command.current_dir(&folder))?;
    std::fs::write(&stamp, &lock)
        .map_err(|error| miette::miette!("cannot write {}: {error}", stamp.display()))
}
