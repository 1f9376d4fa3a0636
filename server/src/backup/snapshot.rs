//! Reading every row of a database as it was at one moment.

use anyhow::Context;
use futures_util::TryStreamExt;
use sea_orm_migration::sea_orm::{
    self, AccessMode, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, IsolationLevel, Statement,
    TransactionOptions, TransactionTrait,
};
use tokio::sync::mpsc;

use super::catalog::Catalog;
use super::lines;
use super::manifest::Contents;

/// How much of a table is handed on at a time.
const CHUNK: usize = 1 << 20;
/// How many of those wait for whoever takes them.
const AHEAD: usize = 4;

/// Rows of a table as the database wrote them, one after the other.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    /// The table's name.
    pub(super) table: String,
    columns: usize,
    lines: Vec<String>,
    bytes: usize,
}

impl Chunk {
    fn of(table: &str, columns: usize) -> Self {
        Self { table: table.to_owned(), columns, ..Self::default() }
    }

    /// The lines in the form that all databases share. Work for a thread of its own.
    pub(super) fn normalised(&self) -> anyhow::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(self.bytes);
        for line in &self.lines {
            lines::normalise(line, self.columns, &mut bytes).with_context(|| format!("in the table {}", self.table))?;
        }
        Ok(bytes)
    }
}

/// Begins to read: everything that this transaction reads is of the moment of its first statement. Others write
/// meanwhile.
pub(super) async fn begin(db: &DatabaseConnection) -> anyhow::Result<DatabaseTransaction> {
    let is_postgres = db.get_database_backend() == DbBackend::Postgres;
    let options = TransactionOptions {
        isolation_level: is_postgres.then_some(IsolationLevel::RepeatableRead),
        access_mode: is_postgres.then_some(AccessMode::ReadOnly),
        ..TransactionOptions::default()
    };
    #[expect(clippy::disallowed_methods, reason = "it reads alone, for as long as it takes")]
    let tx = db.begin_with_options(options).await.context("the database does not answer")?;
    without_timeouts(&tx).await?;
    Ok(tx)
}

/// Takes away PostgreSQL's limits of time for this transaction.
pub(super) async fn without_timeouts(tx: &DatabaseTransaction) -> anyhow::Result<()> {
    if tx.get_database_backend() == DbBackend::Postgres {
        let settings = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; \
                        SET LOCAL idle_in_transaction_session_timeout = 0";
        tx.execute_unprepared(settings).await?;
    }
    Ok(())
}

/// Reads the tables and hands their rows to `take`, which runs on a thread of its own; what it made of them.
///
/// # Errors
/// When the database does not answer; what `take` failed with.
pub(super) async fn read<T: Send + 'static>(
    tx: &DatabaseTransaction,
    catalog: &Catalog,
    layouts: &[(String, Contents)],
    take: impl FnOnce(mpsc::Receiver<Chunk>) -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    let taking = tokio::task::spawn_blocking(move || take(receiver));
    let sent = send(tx, catalog, layouts, &sender).await;
    drop(sender);
    // Where the taker failed the sender did too, and the taker knows why.
    let taken = taking.await??;
    sent.map(|()| taken)
}

async fn send(
    tx: &DatabaseTransaction,
    catalog: &Catalog,
    layouts: &[(String, Contents)],
    to: &mpsc::Sender<Chunk>,
) -> anyhow::Result<()> {
    let backend = tx.get_database_backend();
    for (name, layout) in layouts {
        let table = catalog.get(name).with_context(|| format!("there is no table {name}"))?;
        let query = lines::select(backend, name, table, layout)?;
        let cannot = || format!("the table {name} cannot be read");
        let query = Statement::from_string(backend, query);
        let mut rows = sea_orm::StreamTrait::stream_raw(tx, query).await.with_context(cannot)?;
        let mut chunk = Chunk::of(name, layout.columns.len());
        while let Some(row) = rows.try_next().await.with_context(cannot)? {
            let line: String = row.try_get_by_index(0).with_context(cannot)?;
            chunk.bytes += line.len() + 1;
            chunk.lines.push(line);
            if chunk.bytes >= CHUNK {
                let full = std::mem::replace(&mut chunk, Chunk::of(name, layout.columns.len()));
                to.send(full).await.context("nobody takes the rows")?;
            }
        }
        if !chunk.lines.is_empty() {
            to.send(chunk).await.context("nobody takes the rows")?;
        }
    }
    Ok(())
}
