//! Restoring a backup into an empty database.

use std::path::PathBuf;

use anyhow::{Context, bail};
use bellwether_domain::db::{Db, sqlite_file};
use bellwether_integrations::object_storage::BucketSettings;
use bellwether_migrations::Migrator;
use sea_orm_migration::MigratorTrait;
use sea_orm_migration::sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteLockingMode};
use sea_orm_migration::sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use tempfile::TempDir;

use super::load::load;
use super::manifest::Manifest;
use super::place::{Location, Place};
use super::progress::Progress;
use super::scratch::Scratch;
use super::{archive, catalog};
use crate::app;
use crate::commands::migrate;
use crate::config::Config;

/// What is said of the database before what is wrong with an archive.
const UNTOUCHED: &str = "nothing was changed";

/// What was restored.
pub(crate) struct Restored {
    /// What the backup said of itself.
    pub(crate) manifest: Manifest,
    /// The database that it was restored into.
    pub(crate) backend: &'static str,
    /// How many migrations were applied to it afterwards.
    pub(crate) migrated: usize,
}

/// Restores a backup into the configured database, which must hold no business and be nobody else's meanwhile. Nothing
/// is changed before the whole archive was read and found whole; then its rows come in one transaction.
///
/// # Errors
/// Why it was not restored. The database holds no row of it then.
pub(crate) async fn restore(config: &Config, bucket: &BucketSettings, from: Location) -> anyhow::Result<Restored> {
    let progress = Progress::on_terminal()?;
    progress.step("reading the archive");
    let backup = Backup::fetch(from, bucket).await.context(UNTOUCHED)?;
    let (steps, _) = backup.scratch().await.context(UNTOUCHED)?;
    let target = Target::take(config).await?;
    progress.step("restoring the archive");
    let restored = fill(&target.connection, steps, &backup).await;
    target.release().await?;
    let (backend, migrated) = restored?;
    Ok(Restored { manifest: backup.manifest, backend, migrated })
}

async fn fill(db: &DatabaseConnection, steps: u32, backup: &Backup) -> anyhow::Result<(&'static str, usize)> {
    refuse_a_business(db).await?;
    // What may be there without a business is what seeding puts there: the archive has its own.
    Migrator::down(db, None).await.context("the empty tables could not be taken away")?;
    Migrator::up(db, Some(steps)).await.context("the backup's tables could not be made")?;
    load(db, &backup.archive, &backup.manifest).await.context("the backup was not restored")?;
    let pending = Migrator::get_pending_migrations_read_only(db).await?.len();
    let newer = "the backup was restored, and newer migrations could not be applied: try bellwether migrate up";
    Migrator::up(db, None).await.context(newer)?;
    if let Err(error) = db.execute_unprepared("ANALYZE").await {
        // Everything is there: it is only slower until somebody makes them.
        tracing::warn!(%error, "the planner's statistics could not be made: run ANALYZE in the database");
    }
    let backend = if db.get_database_backend() == DbBackend::Sqlite { "SQLite" } else { "PostgreSQL" };
    Ok((backend, pending))
}

/// Restores a backup into a scratch database, and nowhere else.
///
/// # Errors
/// What is wrong with it.
pub(crate) async fn prove(bucket: &BucketSettings, from: Location) -> anyhow::Result<Manifest> {
    let progress = Progress::on_terminal()?;
    progress.step("reading the archive");
    let backup = Backup::fetch(from, bucket).await?;
    progress.step("restoring the archive into a scratch database");
    let (_, scratch) = backup.scratch().await?;
    scratch.try_out(&backup.archive, &backup.manifest).await?;
    Ok(backup.manifest)
}

/// A backup at hand that was read to its end and found whole.
struct Backup {
    archive: PathBuf,
    manifest: Manifest,
    folder: TempDir,
}

impl Backup {
    async fn fetch(from: Location, bucket: &BucketSettings) -> anyhow::Result<Self> {
        let (location, name) = from.split()?;
        let folder = tempfile::tempdir().context("a temporary folder cannot be made")?;
        let archive = Place::open(location, bucket)?.fetch(&name, folder.path()).await?;
        let path = archive.clone();
        let manifest = tokio::task::spawn_blocking(move || archive::read(&path, |_, _| Ok(()))).await??;
        Ok(Self { archive, manifest, folder })
    }

    /// How many migrations its database had, and an empty one with those.
    ///
    /// # Errors
    /// When this version does not know them, or they make other tables than are in the archive.
    async fn scratch(&self) -> anyhow::Result<(u32, Scratch)> {
        const CANNOT: &str = "the backup cannot be restored";
        let steps = self.manifest.migration_steps().context(CANNOT)?;
        let scratch = Scratch::create(self.folder.path(), steps).await?;
        self.manifest.agree_with(&scratch.tables().await?).context(CANNOT)?;
        Ok((steps, scratch))
    }
}

/// The database that is restored into, for as long as nobody else may have it.
struct Target {
    connection: DatabaseConnection,
    _lock: Lock,
}

/// What keeps migrators away, until it is dropped.
enum Lock {
    File { _beside: std::fs::File },
    Connection { _own: Db },
}

impl Target {
    /// Takes the database.
    ///
    /// # Errors
    /// When a server or another command has it.
    async fn take(config: &Config) -> anyhow::Result<Self> {
        let url = config.database_url();
        if let Some(path) = sqlite_file(&url) {
            app::make_database_folder(config)?;
            let lock = Lock::File { _beside: migrate::lock_beside(&path).await? };
            return Ok(Self { connection: exclusively(&url).await?, _lock: lock });
        }
        let db = migrate::alone(config).await?.db;
        // One of our own two connections reads and one writes.
        let own = Statement::from_string(DbBackend::Postgres, "SELECT pg_backend_pid() AS pid");
        let reader = db.reader().query_one_raw(own).await?.map(|row| row.try_get::<i32>("", "pid")).transpose()?;
        let others = "SELECT count(*) AS others FROM pg_stat_activity WHERE datname = current_database() \
                      AND application_name = 'bellwether' AND pid <> pg_backend_pid() AND pid <> $1";
        let others = Statement::from_sql_and_values(DbBackend::Postgres, others, [reader.into()]);
        let connection = db.writer().clone();
        let row = connection.query_one_raw(others).await?;
        if row.map_or(Ok(0), |row| row.try_get::<i64>("", "others"))? > 0 {
            bail!("{IN_USE}");
        }
        Ok(Self { connection, _lock: Lock::Connection { _own: db } })
    }

    async fn release(self) -> anyhow::Result<()> {
        self.connection.close().await.context("the database could not be closed")
    }
}

const IN_USE: &str = "another Bellwether process has the database open: stop it first; nothing was changed";

/// Opens a SQLite database for nobody but us. Whoever has it open, reading or idle, holds a lock on it as long as it is
/// in WAL mode; leaving that mode needs the lock alone, and is refused as long as there is another. From then on the
/// lock is ours.
async fn exclusively(url: &str) -> anyhow::Result<DatabaseConnection> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).min_connections(1).sqlx_logging(false).idle_timeout(None).max_lifetime(None);
    options.map_sqlx_sqlite_opts(|sqlite| {
        let sqlite = sqlite.create_if_missing(true).foreign_keys(true).busy_timeout(std::time::Duration::ZERO);
        sqlite.locking_mode(SqliteLockingMode::Exclusive).journal_mode(SqliteJournalMode::Delete)
    });
    match Database::connect(options).await {
        Ok(connection) => {
            // With this the lock is taken, also where the database was not in WAL mode.
            connection.execute_unprepared("BEGIN EXCLUSIVE; COMMIT").await.context(IN_USE)?;
            Ok(connection)
        }
        Err(error) if error.to_string().contains("database is locked") => bail!("{IN_USE}"),
        Err(error) => Err(error).with_context(|| format!("the database ({url}) cannot be opened")),
    }
}

/// Everything of a business belongs to a tenant.
async fn refuse_a_business(db: &DatabaseConnection) -> anyhow::Result<()> {
    if !catalog::read(db).await?.contains_key("tenants") {
        return Ok(());
    }
    let count = Statement::from_string(db.get_database_backend(), "SELECT count(*) AS tenants FROM tenants");
    let row = db.query_one_raw(count).await.context("the database does not answer")?;
    let tenants: i64 = row.map_or(Ok(0), |row| row.try_get("", "tenants"))?;
    if tenants > 0 {
        bail!(
            "the database holds a business, of {tenants} tenant(s): nothing was changed. Restore into an empty database, \
             such as one in another folder (--data-dir)"
        );
    }
    Ok(())
}
