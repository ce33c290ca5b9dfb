//! From package names to an installed environment for our interpreter.
//!
//! The path of one request: [`Wanted`] → index pages → [`Resolver`] → wheels (checked
//! by hash, kept in the cache) → an environment keyed by the set of wheels. Source
//! archives are never built here, and nothing that is downloaded is executed.

mod client;
mod config;
mod environment;
mod error;
mod page;
mod project;
mod resolve;
mod store;
mod target;

pub use config::Index;
pub use environment::{Options, Wanted, environment, pick};
pub use error::Error;
pub use page::File;
pub use project::{Candidate, Project};
pub use resolve::{NewestFirst, Provider, Resolver};
pub use target::Target;
