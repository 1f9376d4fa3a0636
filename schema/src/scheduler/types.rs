//! The lock, the jobs and the runs.

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use bellwether_domain::error::{Error, Problem};
use bellwether_domain::scheduler;
use chrono::{DateTime, Utc};

use crate::context::Request;
use crate::field::{Access, Field, field};
use crate::identity::User;
use crate::paging::Item;
use crate::signals::filter::{Range, Words, times};

/// How the scheduler stands.
#[derive(Debug, SimpleObject)]
pub(super) struct SchedulerStatus {
    /// The lock, which one instance at a time holds; null where none has ever taken it.
    lock: Option<SchedulerLock>,
    /// Every job.
    jobs: Vec<Job>,
}

impl From<scheduler::SchedulerStatus> for SchedulerStatus {
    fn from(status: scheduler::SchedulerStatus) -> Self {
        Self { lock: status.lock.map(Into::into), jobs: status.jobs.into_iter().map(Into::into).collect() }
    }
}

/// The lock that one instance at a time runs the jobs under.
#[derive(Debug, SimpleObject)]
pub(super) struct SchedulerLock {
    /// Its name.
    name: String,
    /// The instance that holds it; null while none does.
    holder: Option<String>,
    /// The number of the present term, or of the last one: each is larger than those before. A string, for it may outgrow an Int.
    fencing_token: String,
    /// When the present term began; null while nobody holds it.
    acquired_at: Option<DateTime<Utc>>,
    /// When it ends unless it is renewed; null while nobody holds it.
    expires_at: Option<DateTime<Utc>>,
    /// Whether an instance holds it.
    is_held: bool,
}

impl From<scheduler::LockStatus> for SchedulerLock {
    fn from(lock: scheduler::LockStatus) -> Self {
        Self {
            name: lock.name,
            fencing_token: lock.fencing_token.to_string(),
            is_held: lock.held.is_some(),
            acquired_at: lock.held.as_ref().map(|held| held.acquired_at),
            expires_at: lock.held.as_ref().map(|held| held.expires_at),
            holder: lock.held.map(|held| held.owner),
        }
    }
}

/// Something that is done again and again.
#[derive(Debug, SimpleObject)]
pub(super) struct Job {
    /// What it is called.
    name: &'static str,
    /// What it does.
    description: &'static str,
    /// When it is due: such as `every 15 min`, or a cron line (minute, hour, day of the month, month, day of the week) in UTC.
    schedule: String,
    /// How long a run may take, in seconds.
    timeout_seconds: u64,
    /// Whether it rests: its schedule does not start it.
    is_paused: bool,
    /// Since when it rests; null while it does not.
    paused_at: Option<DateTime<Utc>>,
    /// Since when a run is asked for that has not ended; null where none is.
    requested_at: Option<DateTime<Utc>>,
    /// Its newest run; null where it never ran.
    last_run: Option<SchedulerRun>,
    /// When it last succeeded; null for never.
    last_succeeded_at: Option<DateTime<Utc>>,
    /// How many runs have ended otherwise since.
    failures_in_a_row: u64,
    /// When it is due next; in the past where it is due already, null while it rests.
    next_due_at: Option<DateTime<Utc>>,
}

impl From<scheduler::JobStatus> for Job {
    fn from(job: scheduler::JobStatus) -> Self {
        Self {
            name: job.name,
            description: job.description,
            schedule: job.schedule.to_string(),
            timeout_seconds: job.timeout.as_secs(),
            is_paused: job.paused_at.is_some(),
            paused_at: job.paused_at,
            requested_at: job.requested_at,
            last_run: job.last_run.map(SchedulerRun::one),
            last_succeeded_at: job.last_succeeded_at,
            failures_in_a_row: job.failures_in_a_row,
            next_due_at: job.next_due_at,
        }
    }
}

/// One run of a job.
#[derive(Clone, Debug)]
pub(crate) struct SchedulerRun {
    run: scheduler::Run,
    /// Who asked for it, where a list has read those of all its runs at once.
    requested_by: Option<Option<User>>,
}

impl SchedulerRun {
    /// One run; who asked for it is read when asked for.
    pub(crate) fn one(run: scheduler::Run) -> Self {
        Self { run, requested_by: None }
    }

    /// Runs of a list; with those who asked for them, read at once, where these are wanted.
    pub(super) async fn many(
        request: &Request,
        runs: Vec<scheduler::Run>,
        with_requested_by: bool,
    ) -> Result<Vec<Self>, Error> {
        if !with_requested_by {
            return Ok(runs.into_iter().map(Self::one).collect());
        }
        let mut ids: Vec<_> = runs.iter().filter_map(|run| run.requested_by).collect();
        ids.sort();
        ids.dedup();
        let users = request.domain.users(request.viewer(), ids).await?;
        let user = |run: &scheduler::Run| {
            let user = run.requested_by.and_then(|id| users.get(&id));
            user.map(|user| User::new(user.clone(), request.viewer()))
        };
        Ok(runs.into_iter().map(|run| Self { requested_by: Some(user(&run)), run }).collect())
    }

    pub(super) fn run(&self) -> &scheduler::Run {
        &self.run
    }
}

impl Item for SchedulerRun {
    const NAME: &str = "SchedulerRun";
}

/// One run of a job.
#[Object]
impl SchedulerRun {
    /// The id, `run_…`.
    pub(crate) async fn id(&self) -> ID {
        self.run.id.to_string().into()
    }

    /// The name of the job.
    async fn job(&self) -> &str {
        &self.run.job
    }

    /// The instance that ran it.
    async fn holder(&self) -> &str {
        &self.run.owner_id
    }

    /// The number of the term that it was run in.
    async fn fencing_token(&self) -> String {
        self.run.fencing_token.to_string()
    }

    /// The time that it was due at, or asked for.
    async fn scheduled_for(&self) -> DateTime<Utc> {
        self.run.scheduled_for
    }

    /// Who asked for it; null where its schedule did.
    async fn requested_by(&self, ctx: &Context<'_>) -> Field<Option<User>> {
        let (known, id) = (self.requested_by.clone(), self.run.requested_by);
        field(ctx, Access::SignedIn, async move |request: Request| match (known, id) {
            (Some(known), _) => Ok(known),
            (None, None) => Ok(None),
            (None, Some(id)) => {
                let user = request.domain.user(request.viewer(), id).await?;
                Ok(user.map(|user| User::new(user, request.viewer())))
            }
        })
        .await
    }

    /// When it began.
    async fn started_at(&self) -> DateTime<Utc> {
        self.run.started_at
    }

    /// When it ended; null while it is under way.
    async fn finished_at(&self) -> Option<DateTime<Utc>> {
        self.run.finished_at
    }

    /// How it stands.
    async fn status(&self) -> RunStatus {
        self.run.status.into()
    }

    /// How many things it moved, also where it did not come to its end.
    async fn items(&self) -> i64 {
        self.run.items
    }

    /// What went wrong, at most 500 characters; null where nothing did.
    async fn notes(&self) -> Option<&str> {
        self.run.notes.as_deref()
    }
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "scheduler::RunStatus", name = "SchedulerRunStatus")]
pub(crate) enum RunStatus {
    /// It is under way.
    Running,
    /// It did what it is for.
    Succeeded,
    /// It met an error; the notes say which. It is run again at its job's next time.
    Failed,
    /// It took longer than its job may. It is run again at its job's next time.
    TimedOut,
    /// Its instance was stopped or lost, and did not finish it. It is run again at once, by whoever holds the lock then.
    Abandoned,
}

/// Which runs. Every part that is given must hold.
#[derive(Clone, Debug, Default, InputObject)]
pub(super) struct SchedulerRunFilter {
    /// Of this job, or one of these.
    job: Option<Words<String>>,
    /// That stand like this, or in one of these ways.
    status: Option<Words<RunStatus>>,
    /// That began then.
    started_at: Option<Range<DateTime<Utc>>>,
}

impl SchedulerRunFilter {
    pub(super) fn into_domain(self) -> Result<scheduler::RunFilter, Error> {
        let path = ["filter", "job"];
        let problem = || Problem::validation(&path, "a text in it has a NUL character").into();
        let name = |name: String| if name.contains('\0') { Err(problem()) } else { Ok(name) };
        let job = self.job.map(|words| words.into_compare(&path, name));
        let status = self.status.map(|words| words.into_compare(&["filter", "status"], |word| Ok(word.into())));
        let started_at = self.started_at.map(|range| times(range, &["filter", "startedAt"]));
        Ok(scheduler::RunFilter {
            job: job.transpose()?,
            status: status.transpose()?,
            started_at: started_at.transpose()?,
        })
    }
}
