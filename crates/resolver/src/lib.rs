//! Which versions of which packages a set of requirements means.
//!
//! This crate does no I/O: it has no files, threads, clock or network, and compiles for
//! `wasm32-unknown-unknown`. A caller makes a [`Problem`], and drives a [`Resolver`]:
//! [`Resolver::step`] says what it needs to know ([`Request`]); the caller fetches that,
//! best all at once, and tells it ([`Resolver::answer`]); and so on until the step is
//! [`Step::Done`] or [`Step::Failed`]. Steps begin anew with all that is known, so the
//! result depends on the answers and not on their order.
//!
//! The search is `pubgrub`'s. What is a version, and which of them may be taken when, is
//! said in the modules `world` (the rules), `solve` (the search and its look-ahead) and
//! `explain` (the sentences of a failure).

mod explain;
mod page;
mod problem;
mod project;
mod resolver;
mod set;
mod solve;
mod target;
mod world;

pub use explain::{Cause, Explanation};
pub use page::{ACCEPT, File, Listing, parse_page};
pub use problem::{Limits, Prereleases, Problem, Sources, Strategy};
pub use project::{Candidate, Page};
pub use resolver::{Answer, Pick, Request, Resolution, Resolver, Step};
pub use target::Target;
