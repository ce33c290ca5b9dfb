//! From package names to an installed environment for our interpreter.
//!
//! The path of one request: [`Wanted`] → index pages → [`Resolver`] → wheels (checked
//! by hash, kept in the cache) → an environment keyed by the set of wheels. Nothing that
//! is downloaded is executed here: building a source archive, for a project without a
//! wheel that fits, is the caller's ([`Builder`]), who does it inside the sandbox.

mod build;
mod client;
mod config;
mod environment;
mod error;
mod page;
mod project;
mod resolve;
mod store;
mod target;

pub use build::{Builder, Source, System};
pub use config::Index;
pub use environment::{Options, Wanted, environment, pick};
pub use error::Error;
pub use page::File;
pub use project::{Candidate, Project};
pub use resolve::{NewestFirst, Provider, Resolver};
pub use target::Target;
