//! A term: the right to act under one fencing token, and the only way to write under it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sea_orm::DatabaseTransaction;

use super::lock;
use crate::Domain;
use crate::db::Work;
use crate::error::Error;

/// How long a job leaves the database to others between two batches.
const BREATH: Duration = Duration::from_millis(10);

/// Why a job stopped before its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stopped {
    /// The term is over: somebody else runs the jobs now.
    #[error("the term is over")]
    TermOver,
    /// Something went wrong.
    #[error(transparent)]
    Failed(#[from] Error),
    /// What it looks after is not as it should be.
    #[error("{0}")]
    Found(String),
}

/// The time that one instance holds the lock. Cheap to clone.
#[derive(Clone)]
pub(super) struct Term {
    pub(super) domain: Domain,
    pub(super) owner: Arc<str>,
    pub(super) token: i64,
}

impl Term {
    /// Writes, if the term still lasts.
    ///
    /// Whether it does is read in the same transaction. On SQLite nobody else can write meanwhile; PostgreSQL's
    /// SERIALIZABLE refuses whichever of this transaction and another's taking the lock could not have come first.
    ///
    /// # Errors
    /// [`Stopped::TermOver`], and then nothing was written; else as `Db::write`.
    pub(super) async fn write<T, F>(&self, work: F) -> Result<T, Stopped>
    where
        F: for<'t> Fn(&'t DatabaseTransaction) -> Work<'t, T> + Send + Sync,
        T: Send + 'static,
    {
        let done = self.domain.db().write(|tx| {
            let (term, work) = (self.clone(), work(tx));
            Box::pin(async move {
                if lock::is_held(tx, &term.owner, term.token).await? { work.await.map(Some) } else { Ok(None) }
            })
        });
        done.await?.ok_or(Stopped::TermOver)
    }
}

/// One run of a job, as the job sees it. Cheap to clone.
#[derive(Clone)]
pub(super) struct JobRun {
    term: Term,
    items: Arc<AtomicU64>,
}

impl JobRun {
    pub(super) fn new(term: Term) -> Self {
        Self { term, items: Arc::default() }
    }

    /// The business.
    pub(super) fn domain(&self) -> &Domain {
        &self.term.domain
    }

    /// Writes, if the job's instance still holds the lock. Every write of a job goes through here, but for what any
    /// instance may do at any time, the lock or none: judging a delivery, ranking a trader.
    ///
    /// # Errors
    /// As [`Term::write`].
    pub(super) async fn write<T, F>(&self, work: F) -> Result<T, Stopped>
    where
        F: for<'t> Fn(&'t DatabaseTransaction) -> Work<'t, T> + Send + Sync,
        T: Send + 'static,
    {
        self.term.write(work).await
    }

    /// Notes that so many more things were moved; also what a run is told for that does not come to its end.
    pub(super) fn moved(&self, items: u64) {
        self.items.fetch_add(items, Ordering::Relaxed);
    }

    /// How many things were moved so far.
    pub(super) fn items(&self) -> u64 {
        self.items.load(Ordering::Relaxed)
    }

    /// Lets others come to the database.
    pub(super) async fn breathe(&self) {
        tokio::time::sleep(BREATH).await;
    }

    /// Does one small batch after the other until one moves nothing. A batch tells how many things it moved.
    ///
    /// # Errors
    /// As [`Term::write`].
    pub(super) async fn in_batches<F>(&self, batch: F) -> Result<(), Stopped>
    where
        F: for<'t> Fn(&'t DatabaseTransaction) -> Work<'t, u64> + Send + Sync,
    {
        loop {
            let moved = self.write(&batch).await?;
            self.moved(moved);
            if moved == 0 {
                return Ok(());
            }
            self.breathe().await;
        }
    }
}

/// Rows that one transaction of a job touches at most: a few milliseconds of the only writer that SQLite has.
pub(super) const BATCH: u64 = 200;
