//! What a source archive says about building it (PEP 517, PEP 518).
//!
//! Reads `pyproject.toml` only. The build itself is a [`Builder`]'s, because it runs
//! code of strangers: this crate does not decide where that may happen.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;

/// `[build-system]`, with PEP 517's answer where a project has none.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct System {
    /// Requirements of the build itself.
    pub requires: Vec<String>,
    /// `module` or `module:object`.
    #[serde(default = "legacy")]
    pub build_backend: String,
    /// Folders of the project that the backend is imported from.
    #[serde(default)]
    pub backend_path: Vec<String>,
}

fn legacy() -> String {
    "setuptools.build_meta:__legacy__".to_owned()
}

/// A source archive that is to become a wheel.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The `.tar.gz`, its hash checked.
    pub archive: &'a Path,
    /// `site-packages` with what the build requires.
    pub site: &'a Path,
    /// How the project wants to be built.
    pub system: &'a System,
    /// Scratch space.
    pub work: &'a Path,
    /// Where the wheel goes.
    pub out: &'a Path,
}

/// Makes wheels of source archives.
pub trait Builder: Sync {
    /// Leaves one wheel in [`Source::out`], or says why not.
    fn build(&self, source: &Source<'_>) -> Result<(), String>;
}

/// Reads `[build-system]` of an archive.
pub(crate) fn system(archive: &Path) -> Result<System, String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct Project {
        build_system: Option<System>,
    }
    let bad = |e: &dyn std::fmt::Display| format!("it cannot be read: {e}");
    let file = File::open(archive).map_err(|e| bad(&e))?;
    let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(file));
    for entry in tar.entries().map_err(|e| bad(&e))? {
        let mut entry = entry.map_err(|e| bad(&e))?;
        let path = entry.path().map_err(|e| bad(&e))?.into_owned();
        if path.components().count() == 2 && path.ends_with("pyproject.toml") {
            let mut text = String::new();
            entry.read_to_string(&mut text).map_err(|e| bad(&e))?;
            let project: Project =
                toml::from_str(&text).map_err(|e| format!("its pyproject.toml: {e}"))?;
            if let Some(system) = project.build_system {
                return Ok(system);
            }
            break;
        }
    }
    Ok(System {
        requires: vec!["setuptools".to_owned()],
        build_backend: legacy(),
        backend_path: Vec::new(),
    })
}
