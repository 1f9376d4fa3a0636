//! The work of a term: starting what is due, and keeping the record of every run.

use std::any::Any;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, Set};
use tokio::task::{self, JoinSet};

use super::due::{MOST_ABANDONED, due};
use super::jobs::{JOBS, Job};
use super::run::{self, Column, Entity, RunStatus};
use super::term::{JobRun, Stopped, Term};
use super::{lock, metrics, wishes};
use crate::error::Result;
use crate::ids::{Id, RunId, UserId, uuid_at};

#[cfg(test)]
mod tests;

/// How often is looked for what is due or was asked for.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// After how many failures in a row it is time to tell somebody.
const ALARMING: u64 = 3;
/// Characters that are kept of what went wrong.
const LONGEST_NOTES: usize = 500;

/// The runs that are under way in this instance. Dropped, they are stopped.
#[derive(Default)]
pub(super) struct Running {
    tasks: JoinSet<()>,
    jobs: HashMap<task::Id, &'static str>,
}

impl Running {
    fn start(&mut self, job: &'static Job, work: impl Future<Output = ()> + Send + 'static) {
        let task = self.tasks.spawn(work);
        self.jobs.insert(task.id(), job.name);
    }

    fn has(&self, job: &Job) -> bool {
        self.jobs.values().any(|name| *name == job.name)
    }

    /// Waits until a run has ended; for ever where none is under way.
    async fn one_ended(&mut self) {
        let ended = match self.tasks.join_next_with_id().await {
            None => std::future::pending().await,
            Some(Ok((id, ()))) => id,
            Some(Err(error)) => error.id(),
        };
        self.jobs.remove(&ended);
    }

    /// Waits until every run has ended.
    pub(super) async fn all_ended(&mut self) {
        while self.tasks.join_next().await.is_some() {}
        self.jobs.clear();
    }

    /// Stops every run where it stands: what it had under way in the database is undone.
    pub(super) async fn stop(&mut self) {
        self.tasks.shutdown().await;
        self.jobs.clear();
    }
}

/// What a run is started for.
struct Occasion {
    job: &'static Job,
    scheduled_for: DateTime<Utc>,
    requested_by: Option<UserId>,
}

/// Starts what is due, until the lock is seen to be another's.
pub(super) async fn work(term: &Term, running: &mut Running) {
    for job in JOBS {
        tell_of_failures(term, job.name).await;
    }
    let mut complained = false;
    loop {
        match start_due(term, running).await {
            Ok(()) => complained = false,
            Err(Stopped::TermOver) => return,
            // Once an outage: it is looked again every second.
            Err(error) if !std::mem::replace(&mut complained, true) => {
                tracing::warn!(%error, "what is due could not be found out; trying again");
            }
            Err(_) => {}
        }
        tokio::select! {
            () = running.one_ended() => {}
            () = term.domain.scheduler().wake.notified() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

async fn start_due(term: &Term, running: &mut Running) -> Result<(), Stopped> {
    let reader = term.domain.db().reader();
    let is_ours = |row: &lock::LockRow| row.is_held() && row.owner == *term.owner && row.token == term.token;
    let row = lock::read(reader).await?.filter(is_ours);
    let now = row.ok_or(Stopped::TermOver)?.now;
    let wishes = wishes::all(reader).await?;
    for job in JOBS {
        if running.has(job) {
            continue;
        }
        let wish = wishes.get(job.name);
        let newest = run::newest(reader, job.name, MOST_ABANDONED as u64).await?;
        if newest.first().is_some_and(|run| run.status == RunStatus::Running) {
            // Begun, but the answer was lost on its way: nobody runs it.
            term.write(|tx| Box::pin(async move { abandon(tx, Some(job.name), "it did not begin").await })).await?;
            continue;
        }
        let asked = wish.and_then(|wish| Some((wish.requested_at?, wish.requested_by)));
        let occasion = match asked {
            Some((at, _)) if was_abandoned_too_often(&newest, at) => {
                term.write(|tx| Box::pin(async move { grant_wish(tx, job.name, at).await })).await?;
                None
            }
            Some((scheduled_for, requested_by)) => Some(Occasion { job, scheduled_for, requested_by }),
            None if wish.is_some_and(|wish| wish.paused_at.is_some()) => None,
            None => due(job.schedule, &newest, now).map(|at| Occasion { job, scheduled_for: at, requested_by: None }),
        };
        if let Some(occasion) = occasion {
            let term = term.clone();
            running.start(job, async move { run_once(&term, &occasion).await });
        }
    }
    Ok(())
}

/// Whether what was asked for was begun and abandoned as often as may be.
fn was_abandoned_too_often(newest: &[run::Model], asked_at: DateTime<Utc>) -> bool {
    let abandoned = |run: &&run::Model| run.status == RunStatus::Abandoned && run.scheduled_for == asked_at;
    newest.iter().filter(abandoned).count() >= MOST_ABANDONED
}

/// Runs a job once and keeps the record.
async fn run_once(term: &Term, occasion: &Occasion) {
    let job = occasion.job.name;
    let id = match begin(term, occasion).await {
        Ok(id) => id,
        Err(Stopped::TermOver) => return,
        Err(error) => {
            tracing::warn!(job, %error, "a run could not be begun; it stays due");
            // It counts as running meanwhile, so that it is not tried again at once and for ever.
            return tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    tracing::debug!(job, run = %id, token = term.token, "job started");
    let (handle, started) = (JobRun::new(term.clone()), Instant::now());
    let work = AssertUnwindSafe((occasion.job.run)(handle.clone())).catch_unwind();
    let (status, notes) = match tokio::time::timeout(occasion.job.timeout, work).await {
        Ok(Ok(Ok(()))) => (RunStatus::Succeeded, None),
        Ok(Ok(Err(Stopped::TermOver))) => return,
        Ok(Ok(Err(error))) => {
            tracing::error!(job, run = %id, cause = ?error, "a job failed");
            (RunStatus::Failed, Some(error.to_string()))
        }
        Ok(Err(panic)) => (RunStatus::Failed, Some(format!("it panicked: {}", text_of(&*panic)))),
        Err(_) => (RunStatus::TimedOut, Some(format!("it took longer than {} s", occasion.job.timeout.as_secs()))),
    };
    let notes = notes.map(|notes| notes.chars().filter(|c| !c.is_control()).take(LONGEST_NOTES).collect());
    let items = handle.items();
    // Until it is written down or the term is over: a run that stayed RUNNING would keep its job from running.
    loop {
        match finish(term, occasion, id, status, items, notes.clone()).await {
            Ok(true) => break,
            Ok(false) | Err(Stopped::TermOver) => return,
            Err(error) => tracing::warn!(job, run = %id, %error, "the end of a run could not be written; trying again"),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    term.domain.scheduler().feed.wake();
    metrics::ran(job, status, started.elapsed());
    if status == RunStatus::Succeeded && items == 0 {
        tracing::debug!(job, run = %id, token = term.token, %status, "job finished: there was nothing to do");
    } else {
        tracing::info!(job, run = %id, token = term.token, %status, items, notes, "job finished");
    }
    tell_of_failures(term, job).await;
}

/// Keeps the metrics of a job as its runs are, and warns where it fails again and again.
async fn tell_of_failures(term: &Term, job: &'static str) {
    match metrics::refresh(&term.domain, job).await {
        Ok(failures) if failures >= ALARMING => {
            tracing::warn!(job, failures, "a job fails again and again: see schedulerRuns");
        }
        Ok(_) => {}
        Err(error) => tracing::debug!(job, %error, "the metrics of a job could not be brought up to date"),
    }
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a text")
}

/// Writes down that a run begins.
async fn begin(term: &Term, occasion: &Occasion) -> Result<RunId, Stopped> {
    let (job, scheduled_for, requested_by) = (occasion.job.name, occasion.scheduled_for, occasion.requested_by);
    term.write(|tx| {
        let term = term.clone();
        Box::pin(async move {
            let now = lock::database_time(tx).await?;
            let id = RunId::from_uuid(uuid_at(now, term.domain.entropy()));
            let begun = run::ActiveModel {
                id: Set(id),
                job: Set(job.to_owned()),
                owner_id: Set(term.owner.to_string()),
                fencing_token: Set(term.token),
                scheduled_for: Set(scheduled_for),
                requested_by: Set(requested_by),
                started_at: Set(now),
                finished_at: Set(None),
                status: Set(RunStatus::Running),
                items: Set(0),
                notes: Set(None),
            };
            Entity::insert(begun).exec_without_returning(tx).await?;
            Ok(id)
        })
    })
    .await
}

/// Writes down that what was asked for at a moment is done.
async fn grant_wish(tx: &DatabaseTransaction, job: &'static str, asked_at: DateTime<Utc>) -> Result<()> {
    let granted = wishes::ActiveModel { requested_at: Set(None), requested_by: Set(None), ..Default::default() };
    wishes::Entity::update_many()
        .set(granted)
        .filter(wishes::Column::Name.eq(job))
        .filter(wishes::Column::RequestedAt.lte(asked_at))
        .exec(tx)
        .await?;
    Ok(())
}

/// Writes down how a run ended, unless it was abandoned meanwhile; a wish is granted with its end, so that one whose run
/// is abandoned stays.
async fn finish(
    term: &Term,
    occasion: &Occasion,
    id: RunId,
    status: RunStatus,
    items: u64,
    notes: Option<String>,
) -> Result<bool, Stopped> {
    let (token, job, at) = (term.token, occasion.job.name, occasion.scheduled_for);
    let is_wish = occasion.requested_by.is_some();
    term.write(|tx| {
        let notes = notes.clone();
        Box::pin(async move {
            let finished = run::ActiveModel {
                finished_at: Set(Some(lock::database_time(tx).await?)),
                status: Set(status),
                items: Set(i64::try_from(items).unwrap_or(i64::MAX)),
                notes: Set(notes),
                ..Default::default()
            };
            let finished = Entity::update_many()
                .set(finished)
                .filter(Column::Id.eq(id))
                .filter(Column::Status.eq(RunStatus::Running))
                .filter(Column::FencingToken.eq(token))
                .exec(tx)
                .await?;
            if finished.rows_affected == 0 {
                return Ok(false);
            }
            if is_wish {
                grant_wish(tx, job, at).await?;
            }
            Ok(true)
        })
    })
    .await
}

/// Writes down that nobody goes on with what is RUNNING, of one job or of all; how many that were.
pub(super) async fn abandon(tx: &DatabaseTransaction, job: Option<&'static str>, notes: &str) -> Result<u64> {
    let now = lock::database_time(tx).await?;
    let mut abandoned = Entity::update_many()
        .col_expr(Column::Status, Expr::value(RunStatus::Abandoned))
        .col_expr(Column::FinishedAt, Expr::value(Some(now)))
        .col_expr(Column::Notes, Expr::value(Some(notes.to_owned())))
        .filter(Column::Status.eq(RunStatus::Running));
    if let Some(job) = job {
        abandoned = abandoned.filter(Column::Job.eq(job));
    }
    Ok(abandoned.exec(tx).await?.rows_affected)
}
