//! Where the counters of a limit are kept: in this process's memory, or in the database for all that share it.
//!
//! Limits on trying credentials matter most where several replicas serve: each with a memory of its own would grant
//! them all again. The flood walls (requests, deliveries, points) stay in memory whatever is chosen: they protect the
//! process that counts, and a database round trip a request would cost more than they save.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, Statement};
use sha2::{Digest, Sha256};

use crate::clock::Clock;
use crate::db::Db;
use crate::error::{Fault, LimitScope, Result};
use crate::rate_limit::RateLimit;

/// Which store the limits on credentials use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LimitStoreKind {
    /// This process's memory: each replica counts for itself.
    #[default]
    Memory,
    /// The database: all who share it count together.
    Database,
}

/// A limit by key, wherever it counts.
#[async_trait]
pub trait LimitStore: fmt::Debug + Send + Sync {
    /// Counts one.
    ///
    /// # Errors
    /// RATE_LIMITED, and then it was not counted. UNAVAILABLE when the store does not answer.
    async fn check(&self, key: &str) -> Result<(), Fault>;

    /// Forgets the keys that have their whole limit again.
    ///
    /// # Errors
    /// UNAVAILABLE when the store does not answer.
    async fn forget_idle(&self) -> Result<(), Fault>;
}

#[async_trait]
impl LimitStore for RateLimit {
    async fn check(&self, key: &str) -> Result<(), Fault> {
        Self::check(self, key)
    }

    async fn forget_idle(&self) -> Result<(), Fault> {
        Self::forget_idle(self);
        Ok(())
    }
}

/// A limit that counts in the database.
///
/// The generic cell rate algorithm in one statement: a key's row says when it has its whole limit again, which each
/// count moves on by a share of a minute. The time is the replicas' own: clocks that differ by a second move a limit by
/// a second.
pub(crate) struct DatabaseLimit {
    db: Db,
    clock: Arc<dyn Clock>,
    scope: LimitScope,
    per_minute: i64,
}

/// A minute in microseconds.
const MINUTE: i64 = 60_000_000;

impl DatabaseLimit {
    /// A limit of `per_minute`, at least 1, that shares its counters with every other of this scope.
    pub(crate) fn new(db: &Db, clock: &Arc<dyn Clock>, scope: LimitScope, per_minute: u32) -> Self {
        Self { db: db.clone(), clock: Arc::clone(clock), scope, per_minute: i64::from(per_minute.max(1)) }
    }

    /// What is stored of a key: emails and addresses need not lie there.
    fn hash(&self, key: &str) -> Vec<u8> {
        Sha256::new().chain_update(self.scope.as_str()).chain_update([0]).chain_update(key).finalize().to_vec()
    }
}

#[async_trait]
impl LimitStore for DatabaseLimit {
    async fn check(&self, key: &str) -> Result<(), Fault> {
        let (key, now, share) = (self.hash(key), self.clock.now().timestamp_micros(), MINUTE / self.per_minute);
        let most = share * self.per_minute;
        let backend = self.db.backend();
        let count = "INSERT INTO rate_limits (key, full_at) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET full_at = \
            CASE WHEN rate_limits.full_at > $3 THEN rate_limits.full_at ELSE $3 END + $4 \
            WHERE rate_limits.full_at <= $5";
        let latest = now + most - share;
        let values = [key.clone().into(), (now + share).into(), now.into(), share.into(), latest.into()];
        if self.db.run(Statement::from_sql_and_values(backend, count, values)).await? == 1 {
            return Ok(());
        }
        let read =
            Statement::from_sql_and_values(backend, "SELECT full_at FROM rate_limits WHERE key = $1", [key.into()]);
        let row = self.db.reader().query_one_raw(read).await?;
        let full_at = row.map(|row| row.try_get::<i64>("", "full_at")).transpose()?.unwrap_or(now);
        let seconds = u64::try_from(full_at - latest).unwrap_or(0).div_ceil(1_000_000);
        Err(Fault::RateLimited {
            scope: self.scope,
            retry_after_seconds: u32::try_from(seconds).unwrap_or(u32::MAX).max(1),
        })
    }

    async fn forget_idle(&self) -> Result<(), Fault> {
        let now = self.clock.now().timestamp_micros();
        let delete = "DELETE FROM rate_limits WHERE full_at < $1";
        self.db.run(Statement::from_sql_and_values(self.db.backend(), delete, [now.into()])).await?;
        Ok(())
    }
}

impl fmt::Debug for DatabaseLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseLimit({} {} a minute)", self.per_minute, self.scope)
    }
}
