//! `bellwether check`

use std::io::Write;
use std::process::ExitCode;

use crate::config::Config;

/// Prints the configuration with secrets masked.
pub(crate) fn config(config: &Config) -> anyhow::Result<ExitCode> {
    std::io::stdout().write_all(config.masked()?.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
