//! The database that a backup is tried on: a SQLite file that is gone afterwards, whatever the original is.
//!
//! An archive's form is the same for both databases, so trying it needs no right to make databases on a PostgreSQL
//! server, and puts no load on it. The tables have the same keys, CHECKs and foreign keys there.

use std::path::Path;

use anyhow::{Context, bail};
use bellwether_migrations::Migrator;
use sea_orm_migration::MigratorTrait;
use sea_orm_migration::sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteLockingMode, SqliteSynchronous};
use sea_orm_migration::sea_orm::{ConnectOptions, Database, DatabaseConnection};
use tokio::sync::mpsc;

use super::catalog::{self, Catalog};
use super::load::load;
use super::manifest::Manifest;
use super::snapshot::{self, Chunk};
use super::tally::Tally;
use crate::soundness;

/// An empty database with the tables of some migrations.
pub(super) struct Scratch(DatabaseConnection);

impl Scratch {
    /// Makes one in a folder, with so many migrations applied.
    pub(super) async fn create(folder: &Path, migrations: u32) -> anyhow::Result<Self> {
        let path = folder.join("scratch.db");
        let mut options = ConnectOptions::new(format!("sqlite://{}", path.display()));
        options.max_connections(1).min_connections(1).sqlx_logging(false);
        options.idle_timeout(None).max_lifetime(None);
        // It need not outlive this process.
        options.map_sqlx_sqlite_opts(|sqlite| {
            let sqlite = sqlite.create_if_missing(true).foreign_keys(true).locking_mode(SqliteLockingMode::Exclusive);
            sqlite.journal_mode(SqliteJournalMode::Memory).synchronous(SqliteSynchronous::Off)
        });
        let db = Database::connect(options).await.context("the scratch database cannot be made")?;
        Migrator::up(&db, Some(migrations)).await.context("the scratch database's tables cannot be made")?;
        Ok(Self(db))
    }

    /// The tables that it has.
    pub(super) async fn tables(&self) -> anyhow::Result<Catalog> {
        catalog::read_ours(&self.0).await
    }

    /// Restores an archive into it and reads it again from there.
    ///
    /// # Errors
    /// Where what is read is not what the manifest says.
    pub(super) async fn try_out(self, archive: &Path, manifest: &Manifest) -> anyhow::Result<()> {
        let catalog = load(&self.0, archive, manifest).await?;
        let mut complaints = soundness::integrity(&self.0).await?;
        complaints.extend(soundness::foreign_keys(&self.0).await?);
        if !complaints.is_empty() {
            bail!("the restored database is not sound: {}", complaints.join("; "));
        }
        let layouts: Vec<_> = manifest.tables.clone().into_iter().collect();
        let tx = snapshot::begin(&self.0).await?;
        let tally = snapshot::read(&tx, &catalog, &layouts, tally).await?;
        tx.rollback().await?;
        for (name, contents) in &layouts {
            let (rows, sha256) = tally.of(name);
            if (rows, &sha256) != (contents.rows, &contents.sha256) {
                bail!("the restored rows of {name} are not those that were backed up");
            }
        }
        self.0.close().await.context("the scratch database cannot be closed")
    }
}

fn tally(mut chunks: mpsc::Receiver<Chunk>) -> anyhow::Result<Tally> {
    let mut tally = Tally::default();
    while let Some(chunk) = chunks.blocking_recv() {
        tally.add(&chunk.table, &chunk.normalised()?);
    }
    Ok(tally)
}
