//! Building source archives inside our own interpreter: no compiler, no native code.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use index::{Builder, Source};

/// The program that runs inside.
const PROGRAM: &str = include_str!("build.py");
/// How much of a failed build's output is worth showing.
const TAIL_LINES: usize = 12;

/// Node and the distribution to build with.
pub(crate) struct Sandbox {
    pub(crate) node: PathBuf,
    pub(crate) dist: PathBuf,
}

impl Builder for Sandbox {
    fn build(&self, source: &Source<'_>) -> Result<(), String> {
        let log = source.work.join("build.log");
        let tree = source.work.join("tree");
        // A killed build may have left its files.
        if tree.exists() {
            fs::remove_dir_all(&tree).map_err(|e| e.to_string())?;
        }
        let out = File::create(&log).map_err(|e| e.to_string())?;
        let errors = out.try_clone().map_err(|e| e.to_string())?;
        let status = Command::new(&self.node)
            .arg(self.dist.join("node/python.mjs"))
            .args(["-c", PROGRAM])
            .args([source.archive, &tree, source.out])
            .arg(&source.system.build_backend)
            .args(&source.system.backend_path)
            .env("FERROPY_SITE", source.site)
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(errors)
            .status()
            .map_err(|e| e.to_string())?;
        if status.success() {
            return Ok(());
        }
        Err(format!("the build failed:\n{}", tail(&log)))
    }
}

fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}
