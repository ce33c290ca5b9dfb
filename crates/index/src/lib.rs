//! From package names to an installed environment for our interpreter.
//!
//! The path of one request: [`Wanted`] → the resolver's questions → index pages and
//! metadata → wheels (checked by hash, kept in the cache) → an environment keyed by the set
//! of wheels. Which versions are taken is decided in the crate `resolver`; this one fetches.
//! Nothing that is downloaded is executed here: building a source archive, for a project
//! without a wheel that fits, is the caller's ([`Builder`]), who does it inside the sandbox.

mod build;
mod client;
mod config;
mod entry;
mod environment;
mod error;
mod locked;
mod logins;
mod pages;
mod remote;
mod store;
mod target;

pub use build::{Builder, Source, System};
pub use config::Index;
pub use environment::{Options, Wanted, environment, indexes, offered, pick, solve};
pub use error::Error;
pub use locked::{Ready, fetch, gather, locked_environment};
pub use target::ours;
