//! `bellwether migrate`

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use bellwether_domain::db::{Db, sqlite_file};
use bellwether_migrations::Migrator;
use sea_orm_migration::MigratorTrait;
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection};

use super::block_on;
use crate::app;
use crate::config::Config;

/// Any number that no other program uses for a lock on the same database.
const LOCK: &str = "7236287013021";

/// Applies what is pending.
pub(crate) fn up(config: &Config) -> anyhow::Result<ExitCode> {
    block_on(async {
        apply(config).await?;
        print_status(config).await
    })
}

/// Undoes the newest.
pub(crate) fn down(config: &Config, steps: u32) -> anyhow::Result<ExitCode> {
    block_on(async {
        let Alone { db, _file } = alone(config).await?;
        Migrator::down(db.writer(), Some(steps)).await.context("the migration could not be undone")?;
        db.close().await?;
        print_status(config).await
    })
}

/// Lists the migrations.
pub(crate) fn status(config: &Config) -> anyhow::Result<ExitCode> {
    block_on(print_status(config))
}

/// Applies what is pending, while nobody else does.
pub(crate) async fn apply(config: &Config) -> anyhow::Result<()> {
    let Alone { db, _file } = alone(config).await?;
    Migrator::up(db.writer(), None).await.context("the migrations could not be applied")?;
    db.close().await.context("the database could not be closed")
}

/// The database over a single connection, with a lock against other migrators: on PostgreSQL it belongs to the
/// connection, beside a SQLite file it is a file of its own that is locked until the process ends or `Alone` is dropped.
pub(crate) async fn alone(config: &Config) -> anyhow::Result<Alone> {
    let config =
        Config { database: crate::config::Database { connections: 1, ..config.database.clone() }, ..config.clone() };
    // A file's lock is taken before the file is opened: making it one with a write-ahead log waits for nobody, and fails
    // where another is making it.
    let file = match sqlite_file(&config.database_url()) {
        None => None,
        Some(path) => {
            app::make_database_folder(&config)?;
            Some(lock_beside(&path).await?)
        }
    };
    let db = app::connect(&config).await?;
    if file.is_none() {
        lock(db.writer()).await?;
    }
    Ok(Alone { db, _file: file })
}

/// The lock beside a SQLite file, waited for; given back when it is dropped.
pub(crate) async fn lock_beside(database: &Path) -> anyhow::Result<File> {
    let path = format!("{}.migrating", database.display());
    let file = File::create(&path).with_context(|| format!("{path} cannot be made"))?;
    tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await?.context("no lock can be had")
}

/// The database for one who migrates.
pub(crate) struct Alone {
    pub(crate) db: Db,
    /// Bound by name where the struct is taken apart: `..` would give the lock back at once.
    pub(crate) _file: Option<File>,
}

async fn lock(connection: &DatabaseConnection) -> anyhow::Result<()> {
    // A migration that has waited for a table is to see what was written to it meanwhile, and is not tried again.
    let settings =
        "SET lock_timeout = 0; SET statement_timeout = 0; SET default_transaction_isolation = 'read committed'";
    connection.execute_unprepared(settings).await?;
    connection.execute_unprepared(&format!("SELECT pg_advisory_lock({LOCK})")).await?;
    Ok(())
}

async fn print_status(config: &Config) -> anyhow::Result<ExitCode> {
    let db = app::connect(config).await?;
    let all =
        Migrator::get_migration_with_status_read_only(db.reader()).await.context("the database does not answer")?;
    let mut out = std::io::stdout().lock();
    for migration in &all {
        writeln!(out, "{:8} {}", migration.status(), migration.name())?;
    }
    db.close().await?;
    Ok(ExitCode::SUCCESS)
}
