//! Wheels: what their names mean, whether they fit our interpreter, whether the
//! file is sound, and how it is unpacked.
//!
//! Without the feature `host` it does no I/O and compiles for WebAssembly, where `packages/` uses it. It does
//! not download, does not resolve dependencies and does not run anything it finds in a wheel.
//!
//! The path of one wheel: [`WheelName`] → [`Tags::rank`] (or [`Mismatch`]) → [`Archive::new`] (every check) →
//! on a disk `Archive::install` (atomic), in a page [`Archive::plan`] and mounting.
//!
//! Without the feature `archive` what is left is what resolving needs: names, tags, requirements and metadata.

#[cfg(feature = "archive")]
mod archive;
#[cfg(feature = "archive")]
mod container;
#[cfg(feature = "archive")]
mod directory;
#[cfg(feature = "archive")]
mod error;
#[cfg(feature = "host")]
mod install;
#[cfg(feature = "archive")]
mod layout;
mod metadata;
mod name;
#[cfg(feature = "archive")]
pub mod partial;
#[cfg(feature = "archive")]
mod record;
mod requirement;
#[cfg(feature = "archive")]
mod scripts;
mod tags;
#[cfg(feature = "testing")]
pub mod testing;

#[cfg(feature = "archive")]
pub use archive::Archive;
#[cfg(feature = "archive")]
pub use container::{Container, Entry, Limits};
#[cfg(feature = "archive")]
pub use error::Error;
#[cfg(feature = "archive")]
pub use layout::{ArchiveInfo, DirectUrl, Plan, Scheme};
pub use metadata::{Metadata, Project, WheelInfo};
pub use name::{NameError, WheelName, parse_version};
pub use requirement::{Requirement, RequirementError, parse_requirement};
pub use tags::{Mismatch, Tags};
