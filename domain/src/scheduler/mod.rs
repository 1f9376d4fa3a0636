//! The scheduler: jobs that bring the state forward as time passes, run by one instance at a time.
//!
//! Every instance contends for a lease in the database (`lease.rs` decides, `lock.rs` asks). Whoever holds it has a term,
//! numbered by a fencing token, and in it starts what is due (`work.rs`, `due.rs`) from one table of jobs (`jobs.rs`); a
//! job gets at the database through its term alone (`term.rs`). A lease by itself keeps two instances from doing the same
//! work. What keeps a holder that was paused, and does not know that its term is over, from changing anything is the
//! token, which every write of a term is conditional on.

mod control;
mod due;
mod feed;
mod instance;
mod jobs;
mod lease;
mod list;
mod lock;
mod metrics;
mod run;
mod schedule;
mod status;
mod term;
mod wishes;
mod work;

use std::time::Duration;

use tokio::sync::Notify;

pub(crate) use feed::RunFeed;
pub use feed::RunFeedError;
pub use list::{RunFilter, RunKey};
pub use lock::Grant;
pub(crate) use metrics::{describe as describe_metrics, refresh_all as measure};
pub use run::{Model as Run, RunStatus};
pub use schedule::Schedule;
pub use status::{HeldBy, JobStatus, LockStatus, SchedulerStatus};

/// Who an instance is among the others, and for how long it may hold the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchedulerSettings {
    /// What the instance is called: no other may have the same name.
    pub owner: String,
    /// How long the lease lasts after it was last renewed.
    pub ttl: Duration,
    /// How often it is renewed: at most every third of its time.
    pub heartbeat: Duration,
}

/// What an instance knows of the scheduler, whether or not it holds the lock.
#[derive(Debug, Default)]
pub(crate) struct Scheduler {
    /// Wakes the work of a term: something was asked for.
    wake: Notify,
    /// Who follows the runs that finish.
    feed: RunFeed,
}
