//! Making a backup.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use async_trait::async_trait;
use bellwether_domain::backup::{BackupError, BackupReport, BackupRequest, Backups, KeptBackup};
use bellwether_domain::clock::Clock;
use bellwether_domain::db::{Db, DbConfig};
use bellwether_integrations::object_storage::BucketSettings;
use bellwether_migrations::Migrator;
use sea_orm_migration::MigratorTrait;
use sea_orm_migration::sea_orm::DbBackend;
use tokio::sync::mpsc;

use super::archive::Writer;
use super::catalog::{self, Catalog};
use super::manifest::{self, Contents, FORMAT, Manifest};
use super::name::Name;
use super::place::{Location, Place};
use super::progress::Progress;
use super::retention::{self, Keep};
use super::scratch::Scratch;
use super::snapshot::{self, Chunk};
use super::workshop::{self, Workshop};
use crate::plain::plain;

/// Makes backups of a database and keeps them in archives at one place.
pub(crate) struct ArchiveKeeper {
    /// The database.
    pub(crate) db: DbConfig,
    /// Where they are kept; none where there is no such place.
    pub(crate) to: Option<Location>,
    /// How buckets are reached.
    pub(crate) bucket: BucketSettings,
    /// Which are kept.
    pub(crate) keep: Keep,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Who is told what goes on.
    pub(crate) progress: Progress,
}

#[async_trait]
impl Backups for ArchiveKeeper {
    fn have_a_place(&self) -> bool {
        self.to.is_some()
    }

    async fn make(&self, request: &BackupRequest) -> Result<BackupReport, BackupError> {
        let location = self.to.as_ref().ok_or_else(|| BackupError("there is no place to keep backups".to_owned()))?;
        self.make_at(location, request).await.map_err(|error| BackupError(plain(&error)))
    }

    async fn newest(&self, installation: &str) -> Result<Option<KeptBackup>, BackupError> {
        let Some(location) = &self.to else { return Ok(None) };
        self.newest_at(location, installation).await.map_err(|error| BackupError(plain(&error)))
    }
}

impl ArchiveKeeper {
    async fn make_at(&self, location: &Location, request: &BackupRequest) -> anyhow::Result<BackupReport> {
        let place = Place::open(location.clone(), &self.bucket)?;
        place.reach().await.with_context(|| format!("no backup can be kept at {location}"))?;
        let name = Name::new(&request.installation, request.at);
        let workshop = Workshop::open(&place.workbench(), &name)?;
        workshop::clear_abandoned(&place.workbench(), &name.installation, request.at)?;
        // A connection of its own, which no tenant's wall and no limit of time confines.
        let db = Db::connect(&DbConfig { connections: 1, row_level_security: false, ..self.db.clone() }).await?;
        self.progress.step("reading the database");
        let written = self.write(&db, &workshop, request).await;
        db.close().await.context("the database could not be closed")?;
        let (manifest, scratch) = written?;
        self.progress.step("restoring the archive into a scratch database");
        scratch.try_out(&workshop.archive(), &manifest).await.context("the backup was not kept")?;
        self.progress.step("bringing the archive to its place");
        let bytes = std::fs::metadata(workshop.archive())?.len();
        place.keep(&workshop.archive(), &name).await?;
        // The backup is there: what cannot be removed is said, and is no reason to say that there is none.
        let removed = self.remove_outdated(&place, &name).await.unwrap_or_else(|error| {
            tracing::error!(error = plain(&error), backup = %name, "older backups could not be removed");
            0
        });
        let file = match location {
            Location::Folder(folder) => folder.join(name.to_string()).display().to_string(),
            Location::Bucket { .. } => format!("{location}/{name}"),
        };
        Ok(BackupReport { file, tables: manifest.table_count(), rows: manifest.rows(), bytes, removed })
    }

    async fn newest_at(&self, location: &Location, installation: &str) -> anyhow::Result<Option<KeptBackup>> {
        let place = Place::open(location.clone(), &self.bucket)?;
        let names = place.backups().await?;
        let Some(newest) = names.into_iter().filter(|name| name.installation == installation).max() else {
            return Ok(None);
        };
        Ok(Some(KeptBackup { at: newest.at, bytes: place.size(&newest).await? }))
    }

    /// Writes the archive, and the database to try it on.
    async fn write(
        &self,
        db: &Db,
        workshop: &Workshop,
        request: &BackupRequest,
    ) -> anyhow::Result<(Manifest, Scratch)> {
        let tx = snapshot::begin(db.reader()).await?;
        let applied = Migrator::get_applied_migrations_read_only(&tx).await;
        let applied = applied.context("it cannot be told which migrations are applied")?;
        let migrations: Vec<String> = applied.iter().map(|migration| migration.name().to_owned()).collect();
        let steps = manifest::steps_of(&migrations).context("the database cannot be backed up")?;
        let scratch = Scratch::create(workshop.path(), steps).await?;
        let (tables, layouts) = ours(catalog::read(&tx).await?, &scratch.tables().await?)?;
        let path = workshop.archive();
        let writer = snapshot::read(&tx, &tables, &layouts, move |chunks| write(&path, chunks)).await?;
        tx.rollback().await?;
        let tables = layouts.into_iter().map(|(name, contents)| {
            let (rows, sha256) = writer.tally.of(&name);
            (name, Contents { rows, sha256, ..contents })
        });
        let manifest = Manifest {
            format: FORMAT,
            product: env!("CARGO_PKG_VERSION").to_owned(),
            installation: request.installation.clone(),
            backend: if db.backend() == DbBackend::Sqlite { "SQLite" } else { "PostgreSQL" }.to_owned(),
            migrations,
            started_at: request.at,
            finished_at: self.clock.now(),
            tables: tables.collect(),
        };
        let written = manifest.clone();
        tokio::task::spawn_blocking(move || writer.finish(&written)).await??;
        Ok((manifest, scratch))
    }

    async fn remove_outdated(&self, place: &Place, newest: &Name) -> anyhow::Result<usize> {
        let names = place.backups().await?;
        // The newest is the one that was found whole just now; without it the rule would count from another.
        if !names.contains(newest) {
            bail!("the backup was kept and is not there: older ones were left alone");
        }
        let mut outdated = retention::outdated(&names, &newest.installation, self.keep);
        outdated.retain(|name| name != newest);
        for name in &outdated {
            place.remove(name).await?;
        }
        Ok(outdated.len())
    }
}

/// The tables that the migrations made, and how their rows are written down. The schema may hold those of others.
fn ours(
    there: std::collections::BTreeMap<String, catalog::RawTable>,
    made: &Catalog,
) -> anyhow::Result<(Catalog, Vec<(String, Contents)>)> {
    let (mut tables, mut layouts) = (Catalog::new(), Vec::new());
    for (name, expected) in made {
        let table =
            there.get(name).with_context(|| format!("the database lacks the table {name}"))?.understand(name)?;
        if table.sorted_columns() != expected.sorted_columns() {
            bail!("the table {name} has other columns than its migrations made");
        }
        let columns = table.columns.iter().map(|(column, _)| column.clone()).collect();
        let layout = Contents { columns, key: table.key.clone(), rows: 0, sha256: String::new() };
        layouts.push((name.clone(), layout));
        tables.insert(name.clone(), table);
    }
    Ok((tables, layouts))
}

fn write(path: &Path, mut chunks: mpsc::Receiver<Chunk>) -> anyhow::Result<Writer> {
    let mut writer = Writer::create(path)?;
    while let Some(chunk) = chunks.blocking_recv() {
        writer.append(&chunk.table, &chunk.normalised()?)?;
    }
    Ok(writer)
}
