//! `bellwether backup` and `bellwether restore`

use std::io::Write;
use std::process::ExitCode;

use anyhow::bail;
use bellwether_migrations::Migrator;
use sea_orm_migration::MigratorTrait;

use super::block_on;
use crate::app;
use crate::backup::{self, Location, Progress};
use crate::config::Config;

/// Makes a backup.
pub(crate) fn make(mut config: Config, to: Option<String>) -> anyhow::Result<ExitCode> {
    if to.is_some() {
        config.backup.to = to;
        config.backup.location()?;
    }
    block_on(async move {
        app::require_file(&config)?;
        let progress = Progress::on_terminal()?;
        let domain = app::open_to_back_up(&config, progress.clone()).await?;
        if app::pending_migrations(domain.db()).await? == Migrator::migrations().len() {
            bail!("there is nothing to back up: the database has no tables (bellwether migrate up makes them)");
        }
        let made = domain.back_up().await;
        domain.db().clone().close().await?;
        // It clears its line when nobody has it any more, before anything else is told.
        drop((domain, progress));
        let Some(report) = made? else {
            bail!("there is no place to keep a backup: name one with --to, or as backup.to in the configuration")
        };
        let mut out = std::io::stdout();
        writeln!(
            out,
            "{}: {} rows of {} tables in {} bytes, restored into a scratch database and found whole",
            report.file, report.rows, report.tables, report.bytes
        )?;
        if report.removed > 0 {
            writeln!(out, "{} older backup(s) removed", report.removed)?;
        }
        if let Some(keys) = Some(config.keys_file()).filter(|file| file.exists()) {
            writeln!(out, "not in it: the keys ({}), which are to be kept elsewhere", keys.display())?;
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Restores a backup, or only tries it.
pub(crate) fn restore(config: Config, file: &str, check: bool) -> anyhow::Result<ExitCode> {
    let from: Location = file.parse()?;
    let bucket = config.backup.bucket()?;
    block_on(async move {
        let mut out = std::io::stdout();
        if check {
            let manifest = backup::prove(&bucket, from).await?;
            writeln!(
                out,
                "whole: {} rows of {} tables, as they were at {}, can be restored",
                manifest.rows(),
                manifest.table_count(),
                manifest.started_at.to_rfc3339()
            )?;
            return Ok(ExitCode::SUCCESS);
        }
        let restored = backup::restore(&config, &bucket, from).await?;
        let manifest = &restored.manifest;
        writeln!(
            out,
            "restored {} rows of {} tables, as they were at {} on {} under version {}, into {}",
            manifest.rows(),
            manifest.table_count(),
            manifest.started_at.to_rfc3339(),
            manifest.backend,
            manifest.product,
            restored.backend
        )?;
        if restored.migrated > 0 {
            writeln!(out, "{} newer migration(s) applied", restored.migrated)?;
        }
        if !config.keys_file().exists() {
            writeln!(
                out,
                "there are no keys yet: put those of the old installation at {}, so that everybody stays signed in",
                config.keys_file().display()
            )?;
        }
        Ok(ExitCode::SUCCESS)
    })
}
