//! How the scheduler stands: who holds the lock, and what each job did and is to do.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::due::{MOST_ABANDONED, due};
use super::jobs::{JOBS, Job};
use super::{Run, Schedule, lock, run, wishes};
use crate::Domain;
use crate::error::Result;
use crate::permission::Permission;
use crate::viewer::Viewer;

/// How the scheduler stands.
#[derive(Clone, Debug)]
pub struct SchedulerStatus {
    /// The lock; none where no instance has ever taken it.
    pub lock: Option<LockStatus>,
    /// Every job.
    pub jobs: Vec<JobStatus>,
}

/// Who holds the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockStatus {
    /// Its name.
    pub name: String,
    /// The number of the present term, or of the last one.
    pub fencing_token: i64,
    /// Who holds it; none where nobody does.
    pub held: Option<HeldBy>,
}

/// A term that lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldBy {
    /// The instance.
    pub owner: String,
    /// Since when.
    pub acquired_at: DateTime<Utc>,
    /// Until when, unless it is renewed.
    pub expires_at: DateTime<Utc>,
}

/// How a job stands.
#[derive(Clone, Debug)]
pub struct JobStatus {
    /// What it is called.
    pub name: &'static str,
    /// What it does.
    pub description: &'static str,
    /// When it is due.
    pub schedule: Schedule,
    /// How long a run may take.
    pub timeout: Duration,
    /// Since when it rests; none where it does not.
    pub paused_at: Option<DateTime<Utc>>,
    /// Since when a run is asked for that has not ended.
    pub requested_at: Option<DateTime<Utc>>,
    /// Its newest run; none where it never ran.
    pub last_run: Option<Run>,
    /// When it last succeeded.
    pub last_succeeded_at: Option<DateTime<Utc>>,
    /// How many runs have ended otherwise since.
    pub failures_in_a_row: u64,
    /// When it is due next, in the past where it is due already; none while it rests.
    pub next_due_at: Option<DateTime<Utc>>,
}

impl Domain {
    /// How the scheduler stands.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn scheduler_status(&self, viewer: &Viewer) -> Result<SchedulerStatus> {
        viewer.permitted(Permission::SchedulerManage)?;
        let (wishes, now) = (wishes::all(self.db().reader()).await?, lock::database_time(self.db().reader()).await?);
        let mut jobs = Vec::with_capacity(JOBS.len());
        for job in JOBS {
            jobs.push(self.job_status(job, &wishes, now).await?);
        }
        Ok(SchedulerStatus { lock: self.lock_status().await?, jobs })
    }

    /// How the lock stands; none where no instance has ever taken it.
    pub(super) async fn lock_status(&self) -> Result<Option<LockStatus>> {
        let row = lock::read(self.db().reader()).await?;
        Ok(row.map(|row| {
            let is_held = row.is_held();
            let lock::LockRow { owner, token, acquired_at, expires_at, .. } = row;
            LockStatus {
                name: lock::LOCK.to_owned(),
                fencing_token: token,
                held: is_held.then_some(HeldBy { owner, acquired_at, expires_at }),
            }
        }))
    }

    /// How a job stands.
    pub(super) async fn job_status(
        &self,
        job: &'static Job,
        wishes: &HashMap<String, wishes::Model>,
        now: DateTime<Utc>,
    ) -> Result<JobStatus> {
        let reader = self.db().reader();
        let newest = run::newest(reader, job.name, MOST_ABANDONED as u64).await?;
        let success = run::last_success(reader, job.name).await?;
        let failures_in_a_row = run::failures_since(reader, job.name, success.as_ref().map(|run| run.id)).await?;
        let wish = wishes.get(job.name);
        let (paused_at, requested_at) = (wish.and_then(|wish| wish.paused_at), wish.and_then(|wish| wish.requested_at));
        let scheduled = due(job.schedule, &newest, now).or_else(|| job.schedule.next(now));
        Ok(JobStatus {
            name: job.name,
            description: job.description,
            schedule: job.schedule,
            timeout: job.timeout,
            paused_at,
            requested_at,
            next_due_at: requested_at.or(scheduled.filter(|_| paused_at.is_none())),
            last_run: newest.into_iter().next(),
            last_succeeded_at: success.and_then(|run| run.finished_at),
            failures_in_a_row,
        })
    }
}
