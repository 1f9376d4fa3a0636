//! `bellwether seed`

use std::io::Write;
use std::process::ExitCode;

use anyhow::bail;
use bellwether_domain::Domain;

use super::block_on;
use crate::app;
use crate::config::Config;

/// Puts in the reference data, and the demo data where that is asked for.
pub(crate) fn run(config: Config, demo: bool) -> anyhow::Result<ExitCode> {
    block_on(async move {
        let domain = app::open_unsigned(&config).await?;
        require_migrated(&domain).await?;
        let assets = bellwether_seeds::reference(&domain).await?;
        let mut out = std::io::stdout();
        writeln!(out, "{assets} assets are known")?;
        if demo {
            let done = bellwether_seeds::demo(&domain).await?;
            writeln!(out, "demo data: {done}")?;
        }
        domain.db().clone().close().await?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Refuses a database that lacks migrations.
pub(crate) async fn require_migrated(domain: &Domain) -> anyhow::Result<()> {
    match app::pending_migrations(domain.db()).await? {
        0 => Ok(()),
        pending => bail!("the database lacks {pending} migration(s): run bellwether migrate up"),
    }
}
