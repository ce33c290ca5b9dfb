//! One module per command; each reads its arguments, calls the crates, prints.

pub(crate) mod cache;
pub(crate) mod completions;
pub(crate) mod dist;
pub(crate) mod doctor;
pub(crate) mod download;
pub(crate) mod lock;
pub(crate) mod run;
pub(crate) mod serve;
pub(crate) mod tree;
pub(crate) mod wheel;
