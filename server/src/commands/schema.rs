//! `bellwether schema`

use std::io::Write;
use std::process::ExitCode;

/// Prints the schema.
pub(crate) fn print() -> anyhow::Result<ExitCode> {
    std::io::stdout().write_all(bellwether_schema::sdl().as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
