//! The `bellwether` command.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    bellwether::cli::Cli::parse().run()
}
