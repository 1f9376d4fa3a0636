//! The database: two pools and the one way to write.
//!
//! SQLite has one writer connection and several readers, so that a write waits its turn in our queue and never meets
//! SQLITE_BUSY inside this process; WAL lets readers go on meanwhile. PostgreSQL's two pools differ in what a connection is
//! told once, when it is opened, instead of for each transaction: those that write are serializable.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use log::LevelFilter;
use rand::RngExt;
use sea_orm::sea_query::Expr;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    Condition, ConnectOptions, ConnectionTrait, Database as SeaOrm, DatabaseConnection, DatabaseTransaction, DbBackend,
    DbErr, QueryResult, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};

use crate::error::{Error, Result, code};
use crate::wall;

/// The future that a write's closure returns.
pub type Work<'t, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 't>>;

/// How to reach the database.
#[derive(Clone, Debug)]
pub struct DbConfig {
    /// `sqlite://PATH` or `postgres://…`.
    pub url: String,
    /// Connections that read, at most; as many write on PostgreSQL, and one on SQLite.
    pub connections: u32,
    /// How long a request waits for a connection before it is UNAVAILABLE.
    pub acquire_timeout: Duration,
    /// Whether PostgreSQL confines each connection to the tenant that it works for (see [`crate::wall`]).
    pub row_level_security: bool,
}

impl DbConfig {
    /// The usual sizes for a database at `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), connections: 8, acquire_timeout: Duration::from_secs(5), row_level_security: true }
    }
}

/// The file that a URL of a SQLite database names; none for another database.
pub fn sqlite_file(url: &str) -> Option<PathBuf> {
    let options = url.starts_with("sqlite:").then(|| SqliteConnectOptions::from_str(url))?;
    options.ok().map(|options| options.get_filename().to_owned())
}

/// Both pools.
#[derive(Clone, Debug)]
pub struct Db {
    reader: DatabaseConnection,
    writer: DatabaseConnection,
    is_walled: bool,
    statements: Arc<AtomicU64>,
}

/// How long a statement may run, and wait for a lock, on PostgreSQL.
const POSTGRES_SESSION: [(&str, &str); 3] =
    [("statement_timeout", "15s"), ("lock_timeout", "5s"), ("idle_in_transaction_session_timeout", "30s")];
/// SQLite's result code where another connection is in the way.
const SQLITE_BUSY: &str = "5";
/// How long a statement waits for another process that writes, on SQLite.
const SQLITE_WAITS: Duration = Duration::from_secs(5);
/// How many rows SQLite's thread may be ahead of who reads them: a page of the largest size.
const ROW_BUFFER: usize = 128;
/// How often a transaction that lost to another is tried in all.
const MOST_ATTEMPTS: u32 = 12;

impl Db {
    /// Opens the pools. A SQLite file that does not exist is made.
    ///
    /// # Errors
    /// When the database cannot be reached or opened.
    pub async fn connect(config: &DbConfig) -> Result<Self, DbErr> {
        let (reader, writer) = if config.url.starts_with("sqlite:") {
            (Self::sqlite(config, config.connections, true), Self::sqlite(config, 1, false))
        } else {
            (Self::postgres_reader(config), Self::postgres_writer(config))
        };
        // First the one that makes the file.
        let writer = Self::open_writer(writer).await?;
        let reader = SeaOrm::connect(reader).await?;
        let is_walled = config.row_level_security && reader.get_database_backend() == DbBackend::Postgres;
        Ok(Self::counting(reader, writer, is_walled))
    }

    /// Opens the pool that writes. To make a new SQLite file one with a write-ahead log is the one thing that waits for
    /// nobody who has it open just then, as another process does that starts at the same time: it is tried again for as
    /// long as a statement would wait.
    async fn open_writer(options: ConnectOptions) -> Result<DatabaseConnection, DbErr> {
        let until = Instant::now() + SQLITE_WAITS;
        loop {
            match SeaOrm::connect(options.clone()).await {
                Err(error) if code(&error).as_deref() == Some(SQLITE_BUSY) && Instant::now() < until => {
                    tokio::time::sleep(pause(4)).await;
                }
                done => return done,
            }
        }
    }

    /// The pools, each of whose statements is counted and timed.
    fn counting(mut reader: DatabaseConnection, mut writer: DatabaseConnection, is_walled: bool) -> Self {
        let statements = Arc::new(AtomicU64::new(0));
        for (pool, name) in [(&mut reader, "reader"), (&mut writer, "writer")] {
            let statements = Arc::clone(&statements);
            pool.set_metric_callback(move |statement| {
                statements.fetch_add(1, Ordering::Relaxed);
                metrics::histogram!("bellwether_db_statement_duration_seconds", "pool" => name)
                    .record(statement.elapsed.as_secs_f64());
            });
        }
        Self { reader, writer, is_walled, statements }
    }

    /// How many statements were run, but for BEGIN and COMMIT.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    fn common(config: &DbConfig, connections: u32) -> ConnectOptions {
        let mut options = ConnectOptions::new(&config.url);
        options
            .max_connections(connections)
            .min_connections(0)
            .acquire_timeout(config.acquire_timeout)
            .connect_timeout(config.acquire_timeout)
            // A connection that a restarted PostgreSQL closed is thrown away when it is next used idle, not each time.
            .test_before_acquire(false)
            .test_before_acquire_if_idle_for(Duration::from_secs(1))
            .sqlx_logging_level(LevelFilter::Trace)
            .sqlx_slow_statements_logging_settings(LevelFilter::Warn, Duration::from_millis(250))
            .record_stmt_in_spans(false);
        options
    }

    fn sqlite(config: &DbConfig, connections: u32, read_only: bool) -> ConnectOptions {
        let mut options = Self::common(config, connections);
        // Ours are files: a connection that idles or grows old costs nothing to keep.
        options.idle_timeout(None).max_lifetime(None).min_connections(1);
        options.map_sqlx_sqlite_opts(move |sqlite| {
            let sqlite = sqlite
                .create_if_missing(!read_only)
                .foreign_keys(true)
                .busy_timeout(SQLITE_WAITS)
                .statement_cache_capacity(256)
                // A page of the largest size comes in one go: a full buffer would stop the reading thread in its middle.
                .row_buffer_size(ROW_BUFFER);
            if read_only {
                sqlite.pragma("query_only", "ON")
            } else {
                sqlite.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full)
            }
        });
        options
    }

    /// Connections that each time they are taken are told the tenant of the task that takes them.
    fn postgres_reader(config: &DbConfig) -> ConnectOptions {
        let mut options = Self::postgres(config, if config.row_level_security { &[] } else { &[wall::EVERYTHING] });
        if config.row_level_security {
            // The one is called for connections that were used before, the other for new ones.
            options.map_sqlx_postgres_before_acquire(|connection, _| {
                Box::pin(async { wall::stand(connection).await.map(|()| true) })
            });
            options.map_sqlx_postgres_pool_opts(|pool| {
                pool.after_connect(|connection, _| Box::pin(wall::stand(connection)))
            });
        }
        options
    }

    /// Connections for [`Db::begin`], which confines the transaction.
    fn postgres_writer(config: &DbConfig) -> ConnectOptions {
        Self::postgres(config, &[wall::EVERYTHING, ("default_transaction_isolation", "serializable")])
    }

    fn postgres(config: &DbConfig, session: &'static [(&str, &str)]) -> ConnectOptions {
        let mut options = Self::common(config, config.connections);
        if config.connections == 1 {
            // What is set on the only one, such as a lock, is to last as long as the pool does.
            options.idle_timeout(None).max_lifetime(None);
        }
        options.map_sqlx_postgres_opts(move |postgres| {
            postgres.options(POSTGRES_SESSION).options(session.iter().copied()).application_name("bellwether")
        });
        options
    }

    /// For reading. On SQLite these connections cannot write; on PostgreSQL each is told its tenant when it is taken.
    pub fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// The writing pool itself, for migrations and other work on the schema; all else writes through [`Db::write`]. On
    /// PostgreSQL its connections see every tenant.
    pub fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// The name of each pool, how many connections it has, and how many of them are idle.
    pub(crate) fn pools(&self) -> Vec<(&'static str, usize, usize)> {
        let (reader, writer) = (("reader", &self.reader), ("writer", &self.writer));
        let sizes = |(name, pool): (_, &DatabaseConnection)| match self.backend() {
            DbBackend::Sqlite => {
                let pool = pool.get_sqlite_connection_pool();
                (name, pool.size() as usize, pool.num_idle())
            }
            _ => {
                let pool = pool.get_postgres_connection_pool();
                (name, pool.size() as usize, pool.num_idle())
            }
        };
        vec![sizes(reader), sizes(writer)]
    }

    /// Which of the two databases this is.
    pub fn backend(&self) -> DbBackend {
        self.reader.get_database_backend()
    }

    /// Whether the database would hold no wall against us: PostgreSQL lets superusers and roles with BYPASSRLS through
    /// its policies.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn is_above_the_wall(&self) -> Result<bool, DbErr> {
        if self.backend() != DbBackend::Postgres {
            return Ok(false);
        }
        let query = "SELECT rolsuper OR rolbypassrls AS above FROM pg_roles WHERE rolname = current_user";
        let row = self.reader.query_one_raw(Statement::from_string(self.backend(), query)).await?;
        row.map_or(Ok(false), |row| row.try_get("", "above"))
    }

    /// Closes both pools; for SQLite this also folds the write-ahead log into the file.
    ///
    /// # Errors
    /// When a connection cannot be closed.
    pub async fn close(self) -> Result<(), DbErr> {
        let is_sqlite = self.backend() == DbBackend::Sqlite;
        self.reader.close().await?;
        if is_sqlite {
            // Refreshes what the planner knows of tables that have grown. It can wait for the next time, and not for others.
            let optimize = "PRAGMA busy_timeout = 0; PRAGMA optimize";
            if let Err(error) = self.writer.execute_unprepared(optimize).await {
                tracing::info!(%error, "the planner's statistics were not refreshed");
            }
        }
        self.writer.close().await
    }

    /// Runs `work` in a transaction and commits it: BEGIN IMMEDIATE on SQLite, SERIALIZABLE on PostgreSQL.
    ///
    /// A transaction that lost to another one is run again, up to twelve times with growing, jittered pauses: `work`
    /// must be fit to run again and touch nothing but the transaction. Expected conflicts go through ON CONFLICT: an
    /// error that is caught inside a PostgreSQL transaction has already undone it.
    ///
    /// # Errors
    /// What `work` returned, after everything it wrote was rolled back; or the database's own.
    pub async fn write<T, F>(&self, work: F) -> Result<T>
    where
        F: for<'t> Fn(&'t DatabaseTransaction) -> Work<'t, T> + Send + Sync,
        T: Send,
    {
        retried(|| Box::pin(self.attempt(&work))).await
    }

    /// Runs one statement that is a transaction by itself, and returns its first row: as [`Db::write`] does, without the
    /// round trips that begin and end one.
    ///
    /// # Errors
    /// The database's own.
    pub async fn write_at_once(&self, statement: &Statement) -> Result<Option<QueryResult>> {
        if self.is_walled && wall::is_confined() {
            let run = self.write(|tx| {
                let statement = statement.clone();
                Box::pin(async move { Ok(tx.query_one_raw(statement).await?) })
            });
            return run.await;
        }
        retried(|| Box::pin(async { Ok(self.writer.query_one_raw(statement.clone()).await?) })).await
    }

    /// Runs one statement that decides everything by itself, such as an upsert that counts, and tells how many rows it
    /// touched. Those who meet at one row wait for each other; were they serializable, all but one would have to begin
    /// again.
    ///
    /// # Errors
    /// The database's own.
    pub(crate) async fn run(&self, statement: Statement) -> Result<u64, DbErr> {
        let pool = if self.backend() == DbBackend::Sqlite { &self.writer } else { &self.reader };
        Ok(pool.execute_raw(statement).await?.rows_affected())
    }

    /// Begins a transaction that whoever stops waiting for it leaves nothing of. sqlx forgets a BEGIN that it has sent to
    /// PostgreSQL where its future is dropped before the answer (a client that hangs up, a request out of time): the
    /// pool would hand on a connection with a transaction open that nobody ever commits. A task of its own comes to its
    /// end whatever happens, and a transaction that nobody takes is rolled back. On SQLite sqlx does so by itself.
    async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let (writer, is_walled) = (self.writer.clone(), self.is_walled);
        #[expect(clippy::disallowed_methods, reason = "the one place that begins a transaction")]
        let begun = async move {
            let tx = writer.begin_with_options(options).await?;
            if is_walled {
                wall::stand_in(&tx).await?;
            }
            Ok(tx)
        };
        if self.backend() == DbBackend::Sqlite {
            return begun.await;
        }
        let begun = tokio::spawn(wall::confined_alike(begun)).await;
        begun.unwrap_or_else(|error| Err(DbErr::Custom(format!("beginning a transaction: {error}"))))
    }

    async fn attempt<T, F>(&self, work: &F) -> Result<T>
    where
        F: for<'t> Fn(&'t DatabaseTransaction) -> Work<'t, T> + Send + Sync,
    {
        let tx = self.begin().await?;
        match work(&tx).await {
            Ok(value) => {
                tx.commit().await?;
                Ok(value)
            }
            Err(error) => {
                // SQLite may have rolled back already, and then says that there is nothing to: the cause is what counts.
                if let Err(rollback) = tx.rollback().await {
                    tracing::warn!(error = %rollback, "a transaction could not be rolled back");
                }
                Err(error)
            }
        }
    }
}

/// Does something again for as long as it loses to another transaction and may be tried again.
async fn retried<'a, T>(work: impl Fn() -> Work<'a, T>) -> Result<T> {
    let mut attempt = 1;
    loop {
        match work().await {
            Err(error) if attempt < most_attempts(&error) => {
                tokio::time::sleep(pause(attempt)).await;
                attempt += 1;
            }
            done => return done,
        }
    }
}

/// The condition that no row meets.
pub(crate) fn nothing() -> Condition {
    Condition::all().add(Expr::cust("1 = 0"))
}

/// How often a transaction that failed like this may be run in all: PostgreSQL's 40001 and 40P01 and SQLite's 517 say
/// that it lost to another one. So does 23505 where both took what they saw to be free, such as the next place in a
/// chain (PostgreSQL's manual, 13.5); a conflict that is expected goes through ON CONFLICT and is no error. SQLite's 5 has
/// waited for another process for as long as it may.
fn most_attempts(error: &Error) -> u32 {
    match error.database().and_then(code).as_deref() {
        Some("40001" | "40P01" | "23505" | "517") => MOST_ATTEMPTS,
        _ => 1,
    }
}

/// 2 ms, doubled by each attempt up to 256 ms, of which a random half to whole is slept.
fn pause(attempt: u32) -> Duration {
    let most = Duration::from_millis(1 << attempt.min(8));
    #[expect(clippy::disallowed_methods, reason = "the jitter of a pause decides nothing that could be observed")]
    let share = rand::rng().random_range(0.5..1.0);
    most.mul_f64(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_a_url_is_the_one_that_is_opened() {
        let file = |url: &str| sqlite_file(url).map(|file| file.display().to_string());
        assert_eq!(file("sqlite:///var/my%20data/b.db?mode=rwc").as_deref(), Some("/var/my data/b.db"));
        assert_eq!(file("sqlite://data/b.db").as_deref(), Some("data/b.db"));
        assert_eq!(file("postgres://localhost/b"), None);
    }
}
