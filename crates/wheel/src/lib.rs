//! Wheels: what their names mean, whether they fit our interpreter, whether the
//! file is sound, and how it is unpacked.
//!
//! This crate reads and writes local files only. It does not download, does not
//! resolve dependencies and does not run anything it finds in a wheel.
//!
//! The path of one wheel: [`WheelName`] → [`Tags::rank`] (or [`Mismatch`]) →
//! [`Archive::open`] (every check) → [`Archive::install`] (atomic).

mod archive;
mod error;
mod install;
mod metadata;
mod name;
mod record;
mod tags;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use archive::{Archive, Limits};
pub use error::Error;
pub use install::{ArchiveInfo, DirectUrl, Scheme};
pub use metadata::{Metadata, WheelInfo};
pub use name::WheelName;
pub use tags::{Mismatch, Tags};
