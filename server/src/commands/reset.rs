//! `bellwether reset`

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, bail};
use bellwether_migrations::Migrator;
use sea_orm_migration::MigratorTrait;

use super::{block_on, migrate};
use crate::app;
use crate::config::Config;

/// Drops everything and starts again; only a database of demo data, unless it is forced.
pub(crate) fn run(config: Config, demo: bool, force: bool) -> anyhow::Result<ExitCode> {
    block_on(async move {
        let domain = app::open_unsigned(&config).await?;
        if !force && app::holds_a_business(&domain).await? {
            bail!("this database was not made by the demo: nothing was dropped (--force drops it all the same)");
        }
        let migrate::Alone { db, _file } = migrate::alone(&config).await?;
        Migrator::down(db.writer(), None).await.context("the tables could not be dropped")?;
        Migrator::up(db.writer(), None).await.context("the tables could not be made")?;
        db.close().await?;
        let assets = bellwether_seeds::reference(&domain).await?;
        let mut out = std::io::stdout();
        writeln!(out, "everything was dropped; {assets} assets are known")?;
        if demo {
            let done = bellwether_seeds::demo(&domain).await?;
            writeln!(out, "demo data: {done}")?;
        }
        domain.db().clone().close().await?;
        Ok(ExitCode::SUCCESS)
    })
}
