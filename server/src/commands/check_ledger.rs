//! `bellwether check ledger`

use std::io::Write;
use std::process::ExitCode;

use super::block_on;
use super::seed::require_migrated;
use crate::app;
use crate::config::Config;

/// Adds up every paper account's ledger, and computes it again from the fills; says what does not fit.
pub(crate) fn run(config: Config) -> anyhow::Result<ExitCode> {
    block_on(async move {
        let domain = app::open_unsigned(&config).await?;
        require_migrated(&domain).await?;
        let report = domain.check_ledgers().await?;
        let mut out = std::io::stdout();
        for fault in &report.faults {
            writeln!(out, "{fault}")?;
        }
        let counts = format!("{} accounts, {} entries, {} fills", report.accounts, report.entries, report.fills);
        domain.db().clone().close().await?;
        if report.faults.is_empty() {
            writeln!(out, "the ledgers are as they should be: {counts}")?;
            return Ok(ExitCode::SUCCESS);
        }
        writeln!(out, "{} ledgers are wrong, of {counts}", report.faults.len())?;
        Ok(ExitCode::FAILURE)
    })
}
