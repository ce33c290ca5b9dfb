//! `ferropy`: Python in WebAssembly from the command line.
//!
//! This crate reads arguments, calls the library crates and prints. What can be used
//! without a terminal lives in those crates; the only errors made here are about
//! arguments, scripts and Node.

mod cli;
mod commands;
mod distribution;
mod inputs;
mod lockfile;
mod node;
mod python_args;
mod report;
mod sandbox;
mod script;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use crate::cli::{Cli, Command};

fn main() -> ExitCode {
    report::install();
    let args: Vec<OsString> = std::env::args_os().collect();
    let cli = match parse(args) {
        Ok(cli) => cli,
        // clap's own printing: help on stdout with 0, usage errors on stderr with 2.
        Err(error) => error.exit(),
    };
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            report::print(&error);
            ExitCode::FAILURE
        }
    }
}

/// Reads the command line; what follows a script belongs to Python, unread.
fn parse(mut args: Vec<OsString>) -> Result<Cli, clap::Error> {
    if args.get(1).is_some_and(|a| a == "run") {
        let options = cli::run_options();
        let rest = python_args::split(&args.split_off(2), &options);
        args.extend(rest.own);
        // After `--` clap takes everything as it is.
        args.push("--".into());
        args.extend(rest.python);
    }
    let matches = Cli::command().try_get_matches_from(args)?;
    Cli::from_arg_matches(&matches)
}

fn run(cli: Cli) -> miette::Result<ExitCode> {
    match cli.command {
        None => commands::run::bare(),
        Some(Command::Run(args)) => commands::run::run(args),
        Some(Command::Lock(args)) => commands::lock::run(&args),
        Some(Command::Download(args)) => commands::download::run(&args),
        Some(Command::Tree(args)) => commands::tree::tree(&args),
        Some(Command::Why(args)) => commands::tree::why(&args),
        Some(Command::Wheel(args)) => commands::wheel::run(&args),
        Some(Command::Dist(args)) => commands::dist::run(&args),
        Some(Command::Serve(args)) => commands::serve::run(args),
        Some(Command::Doctor(args)) => commands::doctor::run(&args),
        Some(Command::Cache(args)) => commands::cache::run(&args.command),
        Some(Command::Completions(args)) => commands::completions::run(&args),
    }
}
