//! Wheels: what their names mean, whether they fit our interpreter, whether the
//! file is sound, and how it is unpacked.
//!
//! This crate reads and writes local files only. It does not download, does not
//! resolve dependencies and does not run anything it finds in a wheel.
//!
//! The path of one wheel: [`WheelName`] → [`Tags::rank`] (or [`Mismatch`]) →
//! [`Archive::open`] (every check) → [`Archive::install`] (atomic).

//!
//! Without the feature `archive`, what is left does no I/O: names, tags, requirements
//! and metadata.

#[cfg(feature = "archive")]
mod archive;
#[cfg(feature = "archive")]
mod error;
#[cfg(feature = "archive")]
mod install;
mod metadata;
mod name;
#[cfg(feature = "archive")]
mod record;
mod requirement;
mod tags;
#[cfg(feature = "testing")]
pub mod testing;

#[cfg(feature = "archive")]
pub use archive::{Archive, Limits};
#[cfg(feature = "archive")]
pub use error::Error;
#[cfg(feature = "archive")]
pub use install::{ArchiveInfo, DirectUrl, Scheme};
pub use metadata::{Metadata, WheelInfo};
pub use name::{NameError, WheelName};
pub use requirement::{Requirement, RequirementError, parse_requirement};
pub use tags::{Mismatch, Tags};
