//! `bellwether migrate`

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use bellwether_domain::db::Db;
use bellwether_migrations::Migrator;
use sea_orm_migration::MigratorTrait;
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};

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
        let db = alone(config).await?;
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
    let db = alone(config).await?;
    // The lock belongs to the connection, of which there is one: it goes when that is closed.
    Migrator::up(db.writer(), None).await.context("the migrations could not be applied")?;
    db.close().await.context("the database could not be closed")
}

/// The database over a single connection, on PostgreSQL holding a lock against other migrators. SQLite's own lock on
/// the file does the same.
pub(crate) async fn alone(config: &Config) -> anyhow::Result<Db> {
    let config =
        Config { database: crate::config::Database { connections: 1, ..config.database.clone() }, ..config.clone() };
    let db = app::connect(&config).await?;
    if db.backend() == DbBackend::Postgres {
        lock(db.writer()).await?;
    }
    Ok(db)
}

async fn lock(connection: &DatabaseConnection) -> anyhow::Result<()> {
    connection.execute_unprepared("SET lock_timeout = 0; SET statement_timeout = 0").await?;
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
