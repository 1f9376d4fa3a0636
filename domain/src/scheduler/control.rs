//! What the owner may do: run a job now, let one rest, break the lock. Each is written down in the audit log.

use sea_orm::sea_query::OnConflict;
use sea_orm::{DatabaseTransaction, EntityTrait, Set};
use serde_json::json;

use super::jobs::{self, Job};
use super::status::{JobStatus, LockStatus};
use super::{lock, wishes};
use crate::Domain;
use crate::audit::{Action, NewEntry};
use crate::error::{Error, Problem, ProblemCode, Result};
use crate::permission::Permission;
use crate::text::nearest;
use crate::viewer::{ClientInfo, Member, Viewer};

/// What is decided about a job.
#[derive(Clone, Copy)]
enum Wish {
    Run,
    Pause,
    Resume,
}

impl Domain {
    /// Asks for a run of a job as soon as may be, whichever instance holds the lock, also where the job rests. Asked
    /// again before it has ended, it is one run.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; NOT_FOUND for a job that there is not.
    pub async fn run_job(&self, viewer: &Viewer, job: &str, client: &ClientInfo) -> Result<JobStatus> {
        let status = self.decide(viewer, job, Wish::Run, client).await?;
        self.scheduler().wake.notify_one();
        Ok(status)
    }

    /// Lets a job rest: it is not started by its schedule until it is resumed. A run that is under way goes on.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; NOT_FOUND for a job that there is not.
    pub async fn pause_job(&self, viewer: &Viewer, job: &str, client: &ClientInfo) -> Result<JobStatus> {
        self.decide(viewer, job, Wish::Pause, client).await
    }

    /// Ends a job's rest. If it missed a time meanwhile, it is due at once.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; NOT_FOUND for a job that there is not.
    pub async fn resume_job(&self, viewer: &Viewer, job: &str, client: &ClientInfo) -> Result<JobStatus> {
        self.decide(viewer, job, Wish::Resume, client).await
    }

    /// Ends the term of this token: what its holder still writes is refused, and the lock is free at once.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; CONFLICT where that term is over.
    pub async fn break_scheduler_lock(&self, viewer: &Viewer, token: i64, client: &ClientInfo) -> Result<LockStatus> {
        let member = viewer.permitted(Permission::SchedulerManage)?;
        let details = json!({"fencingToken": token.to_string()});
        let entry = entry(member, Action::SchedulerLockBroken, lock::LOCK, details, client);
        let is_broken = self
            .db()
            .write(|tx: &DatabaseTransaction| {
                let (domain, entry) = (self.clone(), entry.clone());
                Box::pin(async move {
                    let is_broken = lock::break_term(tx, token).await?;
                    if is_broken {
                        domain.audit(tx, entry).await?;
                    }
                    Ok(is_broken)
                })
            })
            .await?;
        let over = || {
            let message = "nobody holds the lock under this token any more: see schedulerStatus";
            Error::from(Problem::new(ProblemCode::Conflict, &["input", "fencingToken"], message))
        };
        if !is_broken {
            return Err(over());
        }
        tracing::warn!(token, by = %member.user_id, "scheduler lock broken");
        self.lock_status().await?.ok_or_else(over)
    }

    async fn decide(&self, viewer: &Viewer, name: &str, wish: Wish, client: &ClientInfo) -> Result<JobStatus> {
        let member = viewer.permitted(Permission::SchedulerManage)?;
        let job = jobs::named(name).ok_or_else(|| no_such_job(name))?;
        let action = match wish {
            Wish::Run => Action::JobRunRequested,
            Wish::Pause => Action::JobPaused,
            Wish::Resume => Action::JobResumed,
        };
        let entry = entry(member, action, job.name, json!({}), client);
        let changed = self
            .db()
            .write(|tx: &DatabaseTransaction| {
                let (domain, entry, member) = (self.clone(), entry.clone(), member.clone());
                Box::pin(async move {
                    let present = wishes::all(tx).await?.remove(job.name);
                    let Some(change) = change(tx, &member, job, wish, present.as_ref()).await? else {
                        return Ok(false);
                    };
                    let mut present = OnConflict::column(wishes::Column::Name);
                    let present = present.update_columns(wishes_of(wish)).to_owned();
                    wishes::Entity::insert(change).on_conflict(present).exec_without_returning(tx).await?;
                    domain.audit(tx, entry).await?;
                    Ok(true)
                })
            })
            .await?;
        if changed {
            tracing::info!(job = job.name, action = action.as_str(), by = %member.user_id, "a job was changed by hand");
        }
        let reader = self.db().reader();
        self.job_status(job, &wishes::all(reader).await?, lock::database_time(reader).await?).await
    }
}

/// The columns that a decision is about.
fn wishes_of(wish: Wish) -> [wishes::Column; 2] {
    match wish {
        Wish::Run => [wishes::Column::RequestedAt, wishes::Column::RequestedBy],
        Wish::Pause | Wish::Resume => [wishes::Column::PausedAt, wishes::Column::PausedBy],
    }
}

/// The row as it is to be; none where it is so already.
async fn change(
    tx: &DatabaseTransaction,
    member: &Member,
    job: &Job,
    wish: Wish,
    present: Option<&wishes::Model>,
) -> Result<Option<wishes::ActiveModel>> {
    let name = Set(job.name.to_owned());
    let (now, by) = (Some(lock::database_time(tx).await?), Some(member.user_id));
    let is_paused = present.is_some_and(|row| row.paused_at.is_some());
    let is_requested = present.is_some_and(|row| row.requested_at.is_some());
    let row = wishes::ActiveModel { name, ..Default::default() };
    Ok(match wish {
        Wish::Run if !is_requested => {
            Some(wishes::ActiveModel { requested_at: Set(now), requested_by: Set(by), ..row })
        }
        Wish::Pause if !is_paused => Some(wishes::ActiveModel { paused_at: Set(now), paused_by: Set(by), ..row }),
        Wish::Resume if is_paused => Some(wishes::ActiveModel { paused_at: Set(None), paused_by: Set(None), ..row }),
        Wish::Run | Wish::Pause | Wish::Resume => None,
    })
}

fn no_such_job(name: &str) -> Error {
    let nearest = nearest(name, jobs::JOBS.iter().map(|job| job.name));
    let hint =
        nearest.map_or_else(|| "schedulerStatus lists them".to_owned(), |nearest| format!("the nearest is {nearest}"));
    Problem::new(ProblemCode::NotFound, &["input", "job"], format!("there is no such job: {hint}")).into()
}

fn entry(member: &Member, action: Action, subject: &str, details: serde_json::Value, client: &ClientInfo) -> NewEntry {
    NewEntry {
        tenant_id: member.tenant_id,
        actor_id: Some(member.user_id),
        action,
        subject: Some(subject.to_owned()),
        details,
        client: client.clone(),
    }
}
