//! Repository tasks: `cargo xtask test | tidy | bench | cpython-tests`.
//!
//! Each task is plain code over the repository's own programs. Nothing here is part of what users run.

mod bench;
mod cpython;
mod shell;
mod suite;
mod tidy;

use clap::{Parser, Subcommand};
use miette::Result;

/// Tasks of the ferropy repository.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run every test there is: checks, native tests, runtime tests in Node and browsers, `CPython`'s subset.
    Test(suite::Options),
    /// Check the repository itself: paths in ARCHITECTURE.md, file sizes, versions, hosts, formatting.
    Tidy,
    /// Run a benchmark, such as `peer`; further arguments are the benchmark's own.
    Bench(bench::Options),
    /// Run `CPython`'s own test modules in our runtime and write down what happened.
    CpythonTests(cpython::Options),
}

fn main() -> Result<()> {
    match Cli::parse().task {
        Task::Test(options) => suite::run(&options),
        Task::Tidy => tidy::run(),
        Task::Bench(options) => bench::run(&options),
        Task::CpythonTests(options) => cpython::run(&options),
    }
}
