//! The words that the two databases call differently, and the running of a script written with them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Placeholder, SQLite's word, PostgreSQL's word.
///
/// SQLite's tables are STRICT, so the column types are the storage classes: a UUID is its 16 bytes, a time is RFC 3339
/// text in UTC (which sorts as time does), JSON is text.
const WORDS: [(&str, &str, &str); 7] = [
    ("{uuid}", "BLOB", "UUID"),
    ("{time}", "TEXT", "TIMESTAMPTZ"),
    ("{bytes}", "BLOB", "BYTEA"),
    ("{bigint}", "INTEGER", "BIGINT"),
    ("{bool}", "INTEGER", "BOOLEAN"),
    ("{json}", "TEXT", "JSONB"),
    ("{strict}", "STRICT", ""),
];

/// Runs a script of statements, each ended by a semicolon at the end of its line.
pub(crate) async fn run(manager: &SchemaManager<'_>, script: &str) -> Result<(), DbErr> {
    let backend = manager.get_database_backend();
    let mut script = script.to_owned();
    for (placeholder, sqlite, postgres) in WORDS {
        script = script.replace(placeholder, if backend == DbBackend::Sqlite { sqlite } else { postgres });
    }
    for statement in script.split(";\n").map(str::trim).filter(|s| !s.is_empty()) {
        manager.get_connection().execute_unprepared(statement).await?;
    }
    Ok(())
}

/// Runs the script that was written for this database: for what cannot be said to both in one text.
pub(crate) async fn run_either(manager: &SchemaManager<'_>, sqlite: &str, postgres: &str) -> Result<(), DbErr> {
    run(manager, if manager.get_database_backend() == DbBackend::Sqlite { sqlite } else { postgres }).await
}

/// Walls off every table that has a `tenant_id`, and the tenants themselves: on PostgreSQL a statement sees and writes
/// only the rows of the tenant that `bellwether.tenant` names; those of all where it says `*`, and none where it says
/// nothing. Also for the tables' owner (FORCE); superusers and roles with BYPASSRLS stand above it. SQLite has no such
/// thing.
///
/// A migration that makes such a table ends with this; what is walled off already stays so.
pub(crate) async fn raise_wall(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    for_postgres(manager, include_str!("wall/raise.sql")).await
}

/// Takes the wall away.
pub(crate) async fn raze_wall(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    for_postgres(manager, include_str!("wall/raze.sql")).await
}

async fn for_postgres(manager: &SchemaManager<'_>, script: &str) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Postgres {
        manager.get_connection().execute_unprepared(script).await?;
    }
    Ok(())
}
