//! Putting the rows of an archive into a database, all or none.

use std::path::Path;

use anyhow::{Context, bail};
use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait,
};
use tokio::sync::mpsc;

use super::catalog::{self, Catalog};
use super::manifest::Manifest;
use super::{archive, lines, snapshot};

/// How many pieces of the archive are read ahead.
const AHEAD: usize = 4;

/// Puts the rows of an archive into the tables of a database that the archive's migrations made, instead of what is in
/// them, in one transaction; tells which tables there are.
///
/// # Errors
/// When the archive is not whole, or the database refuses a row; then nothing was written.
pub(super) async fn load(db: &DatabaseConnection, archive: &Path, manifest: &Manifest) -> anyhow::Result<Catalog> {
    let tables = tables(db, manifest).await?;
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    #[expect(clippy::disallowed_methods, reason = "one long transaction of a database that nobody else uses")]
    let tx = db.begin_with_options(options).await.context("the database does not answer")?;
    match fill(&tx, &tables, archive, manifest).await {
        Ok(()) => tx.commit().await.context("the rows could not be kept")?,
        Err(error) => {
            if let Err(rollback) = tx.rollback().await {
                tracing::warn!(error = %rollback, "the restoring transaction could not be rolled back");
            }
            return Err(error);
        }
    }
    Ok(tables)
}

/// The archive's tables as this database has them.
async fn tables(db: &DatabaseConnection, manifest: &Manifest) -> anyhow::Result<Catalog> {
    let there = catalog::read(db).await?;
    let tables = manifest.tables.keys().map(|name| {
        let table = there.get(name).with_context(|| format!("the migrations made no table {name}"))?;
        Ok((name.clone(), table.understand(name)?))
    });
    tables.collect()
}

async fn fill(tx: &DatabaseTransaction, tables: &Catalog, archive: &Path, manifest: &Manifest) -> anyhow::Result<()> {
    snapshot::without_timeouts(tx).await?;
    let backend = tx.get_database_backend();
    if backend == DbBackend::Postgres {
        // A server that starts meanwhile waits, and finds the business whole; SQLite's transaction keeps everybody out.
        let all: Vec<String> = tables.keys().map(|name| format!("\"{name}\"")).collect();
        tx.execute_unprepared(&format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", all.join(", "))).await?;
    }
    tx.execute_unprepared(&look_at_keys_later(backend)).await?;
    for name in tables.keys() {
        tx.execute_unprepared(&format!("DELETE FROM \"{name}\"")).await?;
    }
    let (sender, mut receiver) = mpsc::channel::<(String, Vec<u8>)>(AHEAD);
    let path = archive.to_owned();
    let reading = tokio::task::spawn_blocking(move || {
        archive::read(&path, |table, lines| {
            sender.blocking_send((table.to_owned(), lines)).context("the database refused a row")
        })
    });
    while let Some((name, content)) = receiver.recv().await {
        let known = tables.get(&name).zip(manifest.tables.get(&name));
        let (table, layout) = known.with_context(|| format!("the archive is damaged: it holds {name}"))?;
        let insert = lines::insert(backend, &name, table, layout)?;
        let insert = Statement::from_sql_and_values(backend, insert, [lines::batch(content)?.into()]);
        tx.execute_raw(insert).await.with_context(|| format!("the database refused rows of {name}"))?;
    }
    let read = reading.await??;
    if read.tables != manifest.tables {
        bail!("the archive was changed while it was read");
    }
    tx.execute_unprepared(&look_at_keys_now(backend)).await.context("the rows do not fit together")?;
    for (name, contents) in &manifest.tables {
        let count = format!("SELECT count(*) AS rows FROM \"{name}\"");
        let row = tx.query_one_raw(Statement::from_string(backend, count)).await?;
        let rows: i64 = row.context("the database does not answer")?.try_get("", "rows")?;
        if u64::try_from(rows)? != contents.rows {
            bail!("{rows} of {} rows of {name} are there", contents.rows);
        }
    }
    Ok(())
}

/// Rows come table by table, in no order that foreign keys would need: they are looked at when all are there.
fn look_at_keys_later(backend: DbBackend) -> String {
    match backend {
        DbBackend::Sqlite => "PRAGMA defer_foreign_keys = ON".to_owned(),
        _ => for_every_key("DEFERRABLE INITIALLY DEFERRED"),
    }
}

/// Makes PostgreSQL's keys what they were, after a look at every row. SQLite looks when the transaction is committed, and
/// has forgotten its pragma afterwards.
fn look_at_keys_now(backend: DbBackend) -> String {
    match backend {
        DbBackend::Sqlite => String::new(),
        _ => format!("SET CONSTRAINTS ALL IMMEDIATE; {}", for_every_key("NOT DEFERRABLE")),
    }
}

fn for_every_key(change: &str) -> String {
    format!(
        "DO $$ DECLARE key RECORD; BEGIN \
         FOR key IN SELECT conrelid::regclass AS owner, conname FROM pg_constraint \
             WHERE contype = 'f' AND conparentid = 0 AND connamespace = current_schema()::regnamespace \
         LOOP EXECUTE format('ALTER TABLE %s ALTER CONSTRAINT %I {change}', key.owner, key.conname); \
         END LOOP; END $$"
    )
}
