//! The `bellwether` command.

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

/// It gives what a password's hashing took (19 MiB each) back to the system; glibc's allocator keeps it, once for
/// every thread that ever hashed.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    bellwether::cli::Cli::parse().run()
}
