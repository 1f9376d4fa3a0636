//! The lock: one row, four statements. Each says in its WHERE what must be so, and changes nothing where it is not.
//!
//! The time is the database's, read in the statement itself. On PostgreSQL that is the server's clock, so instances
//! whose clocks differ agree; SQLite is a library and reads the clock of the machine that it runs on, which is one, for
//! a SQLite file is used by the processes of one machine.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Statement, Value};

use crate::Domain;
use crate::error::{Fault, Result};

/// The name of the only lock there is.
pub(super) const LOCK: &str = "scheduler";

/// The row as it was found.
#[derive(Clone, Debug)]
pub(super) struct LockRow {
    /// Who took it last; empty where it was given back or broken.
    pub(super) owner: String,
    /// The number of the last term.
    pub(super) token: i64,
    /// When that term began.
    pub(super) acquired_at: DateTime<Utc>,
    /// When it ends or ended.
    pub(super) expires_at: DateTime<Utc>,
    /// When the row was read, by the same clock.
    pub(super) now: DateTime<Utc>,
}

impl LockRow {
    /// Whether somebody holds it.
    pub(super) fn is_held(&self) -> bool {
        !self.owner.is_empty() && self.expires_at > self.now
    }
}

/// A term that was granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Its number, larger than every one before.
    pub token: i64,
    /// Whose time ran out; none where the lock was free.
    pub taken_from: Option<String>,
    /// How many runs were left behind unfinished.
    pub abandoned: u64,
}

/// The database's "now", in SQL.
fn now(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Sqlite => "strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')",
        _ => "clock_timestamp()",
    }
}

/// So many seconds after that, of which the statement's first parameter tells how many.
fn later(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Sqlite => "strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now', $1 || ' seconds')",
        _ => "clock_timestamp() + $1 * interval '1 second'",
    }
}

fn statement<const N: usize>(db: &impl ConnectionTrait, sql: &str, values: [Value; N]) -> Statement {
    let backend = db.get_database_backend();
    let sql = sql.replace("{now}", now(backend)).replace("{later}", later(backend));
    Statement::from_sql_and_values(backend, sql, values)
}

/// What time the database has.
pub(super) async fn database_time(db: &impl ConnectionTrait) -> Result<DateTime<Utc>> {
    let row = db.query_one_raw(statement(db, "SELECT {now} AS now", [])).await?;
    let row = row.ok_or_else(|| Fault::Bug("the database does not tell the time".to_owned()))?;
    Ok(row.try_get("", "now")?)
}

/// The row; none where nobody has ever taken the lock.
pub(super) async fn read(db: &impl ConnectionTrait) -> Result<Option<LockRow>> {
    let sql = "SELECT owner_id, fencing_token, acquired_at, expires_at, {now} AS now \
               FROM scheduler_lock WHERE lock_name = $1";
    let Some(row) = db.query_one_raw(statement(db, sql, [LOCK.into()])).await? else { return Ok(None) };
    Ok(Some(LockRow {
        owner: row.try_get("", "owner_id")?,
        token: row.try_get("", "fencing_token")?,
        acquired_at: row.try_get("", "acquired_at")?,
        expires_at: row.try_get("", "expires_at")?,
        now: row.try_get("", "now")?,
    }))
}

/// Takes the lock if nobody holds it, under a token of its own.
async fn acquire(tx: &DatabaseTransaction, owner: &str, seconds: f64) -> Result<Option<i64>> {
    let sql = "INSERT INTO scheduler_lock AS held \
               (lock_name, owner_id, fencing_token, acquired_at, expires_at, updated_at) \
               VALUES ($2, $3, 1, {now}, {later}, {now}) \
               ON CONFLICT (lock_name) DO UPDATE SET owner_id = excluded.owner_id, \
               fencing_token = held.fencing_token + 1, acquired_at = excluded.acquired_at, \
               expires_at = excluded.expires_at, updated_at = excluded.updated_at \
               WHERE held.expires_at <= excluded.acquired_at RETURNING fencing_token";
    let row = tx.query_one_raw(statement(tx, sql, [seconds.into(), LOCK.into(), owner.into()])).await?;
    Ok(row.map(|row| row.try_get("", "fencing_token")).transpose()?)
}

/// Whether a term still lasts, as the transaction sees it: what the transaction writes is then written within the term.
pub(super) async fn is_held(tx: &DatabaseTransaction, owner: &str, token: i64) -> Result<bool> {
    let sql = "SELECT 1 AS held FROM scheduler_lock \
               WHERE lock_name = $1 AND owner_id = $2 AND fencing_token = $3 AND expires_at > {now}";
    let row = tx.query_one_raw(statement(tx, sql, [LOCK.into(), owner.into(), token.into()])).await?;
    Ok(row.is_some())
}

/// Ends the term of this token, whoever holds it; false where it is another's turn.
pub(super) async fn break_term(tx: &DatabaseTransaction, token: i64) -> Result<bool> {
    // A token is spent with it, so that what its holder still writes is refused from now on.
    let sql = "UPDATE scheduler_lock SET owner_id = '', fencing_token = fencing_token + 1, expires_at = {now}, \
               updated_at = {now} WHERE lock_name = $1 AND fencing_token = $2 AND owner_id <> '' AND expires_at > {now}";
    let broken = tx.execute_raw(statement(tx, sql, [LOCK.into(), token.into()])).await?;
    Ok(broken.rows_affected() == 1)
}

impl Domain {
    /// Takes the scheduler's lock for an instance, if nobody holds it; none where somebody does, also itself. What was left
    /// running by whoever had it is abandoned in the same transaction.
    ///
    /// # Errors
    /// When the database does not answer: nobody knows then whether the lock was taken.
    pub async fn acquire_scheduler_lock(&self, owner: &str, ttl: Duration) -> Result<Option<Grant>> {
        let (owner, seconds) = (owner.to_owned(), ttl.as_secs_f64());
        self.db()
            .write(|tx| {
                let owner = owner.clone();
                Box::pin(async move {
                    let before = read(tx).await?;
                    let Some(token) = acquire(tx, &owner, seconds).await? else { return Ok(None) };
                    let abandoned = super::work::abandon(tx, None, "its instance was lost").await?;
                    let taken_from = before.map(|row| row.owner).filter(|owner| !owner.is_empty());
                    Ok(Some(Grant { token, taken_from, abandoned }))
                })
            })
            .await
    }

    /// Takes more time for a term of an instance that still lasts; false where it does not.
    ///
    /// # Errors
    /// When the database does not answer: nobody knows then whether the term was made longer.
    pub async fn renew_scheduler_lock(&self, owner: &str, token: i64, ttl: Duration) -> Result<bool> {
        let (owner, seconds) = (owner.to_owned(), ttl.as_secs_f64());
        self.db()
            .write(|tx| {
                let owner = owner.clone();
                Box::pin(async move {
                    let sql = "UPDATE scheduler_lock SET expires_at = {later}, updated_at = {now} \
                               WHERE lock_name = $2 AND owner_id = $3 AND fencing_token = $4 AND expires_at > {now}";
                    let values = [seconds.into(), LOCK.into(), owner.into(), token.into()];
                    let renewed = tx.execute_raw(statement(tx, sql, values)).await?;
                    Ok(renewed.rows_affected() == 1)
                })
            })
            .await
    }

    /// Ends a term of an instance in an orderly way: what it did not finish is abandoned, and the lock is free at once.
    /// False where the term was over already.
    ///
    /// # Errors
    /// When the database does not answer: if the term was not ended, it runs out.
    pub async fn release_scheduler_lock(&self, owner: &str, token: i64) -> Result<bool> {
        let owner = owner.to_owned();
        self.db()
            .write(|tx| {
                let owner = owner.clone();
                Box::pin(async move {
                    let sql = "UPDATE scheduler_lock SET owner_id = '', expires_at = {now}, updated_at = {now} \
                               WHERE lock_name = $1 AND owner_id = $2 AND fencing_token = $3 AND expires_at > {now}";
                    let released =
                        tx.execute_raw(statement(tx, sql, [LOCK.into(), owner.into(), token.into()])).await?;
                    if released.rows_affected() == 0 {
                        return Ok(false);
                    }
                    super::work::abandon(tx, None, "its instance was stopped").await?;
                    Ok(true)
                })
            })
            .await
    }
}
