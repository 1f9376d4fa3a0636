//! Running a job now, letting one rest, breaking the lock.

use async_graphql::{Context, InputObject, Object, SimpleObject};
use bellwether_domain::error::{Error, Problem};

use super::ACCESS;
use super::types::{Job, SchedulerLock};
use crate::context::Request;
use crate::field::{Field, Payload, mutate};
use crate::problems::UserError;

/// A job to be run now.
#[derive(InputObject)]
struct RunJobInput {
    /// The name of the job.
    job: String,
}

/// A job to rest.
#[derive(InputObject)]
struct PauseJobInput {
    /// The name of the job.
    job: String,
}

/// A job whose rest is over.
#[derive(InputObject)]
struct ResumeJobInput {
    /// The name of the job.
    job: String,
}

/// A term to be ended.
#[derive(InputObject)]
struct BreakSchedulerLockInput {
    /// The number of the term, as schedulerStatus tells it: so that no other is ended than the one that was seen.
    fencing_token: String,
}

macro_rules! job_payload {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Default, SimpleObject)]
        pub(crate) struct $name {
            /// The job as it stands now; null when refused.
            job: Option<Job>,
            /// What to mend; empty when done.
            user_errors: Vec<UserError>,
        }

        impl Payload for $name {
            fn refused(user_errors: Vec<UserError>) -> Self {
                Self { user_errors, ..Self::default() }
            }
        }
    };
}

job_payload! {
    /// What asking for a run did.
    RunJobPayload
}
job_payload! {
    /// What pausing did.
    PauseJobPayload
}
job_payload! {
    /// What resuming did.
    ResumeJobPayload
}

/// What breaking the lock did.
#[derive(Default, SimpleObject)]
pub(crate) struct BreakSchedulerLockPayload {
    /// The lock as it stands now; null when refused.
    lock: Option<SchedulerLock>,
    /// What to mend; empty when done.
    user_errors: Vec<UserError>,
}

impl Payload for BreakSchedulerLockPayload {
    fn refused(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
}

/// Manages the scheduler.
#[derive(Debug, Default)]
pub(crate) struct SchedulerMutation;

#[Object]
impl SchedulerMutation {
    /// Asks for a run of a job as soon as may be, by whichever instance holds the lock, also while the job rests. Asked again before it has ended, it is one run. Needs SCHEDULER_MANAGE.
    async fn run_job(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which job.")] input: RunJobInput,
    ) -> Field<RunJobPayload> {
        mutate(ctx, ACCESS, async move |request: Request| {
            let job = request.domain.run_job(request.viewer(), &input.job, request.client()).await?;
            Ok(RunJobPayload { job: Some(job.into()), user_errors: Vec::new() })
        })
        .await
    }

    /// Lets a job rest: its schedule does not start it until it is resumed. A run that is under way goes on. Needs SCHEDULER_MANAGE.
    async fn pause_job(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which job.")] input: PauseJobInput,
    ) -> Field<PauseJobPayload> {
        mutate(ctx, ACCESS, async move |request: Request| {
            let job = request.domain.pause_job(request.viewer(), &input.job, request.client()).await?;
            Ok(PauseJobPayload { job: Some(job.into()), user_errors: Vec::new() })
        })
        .await
    }

    /// Ends a job's rest; what it missed meanwhile is run once, at once. Needs SCHEDULER_MANAGE.
    async fn resume_job(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which job.")] input: ResumeJobInput,
    ) -> Field<ResumeJobPayload> {
        mutate(ctx, ACCESS, async move |request: Request| {
            let job = request.domain.resume_job(request.viewer(), &input.job, request.client()).await?;
            Ok(ResumeJobPayload { job: Some(job.into()), user_errors: Vec::new() })
        })
        .await
    }

    /// Takes the lock from its holder: what that one still writes is refused, and any instance may take the lock. For a holder that hangs; one that is gone loses it by itself. Needs SCHEDULER_MANAGE.
    async fn break_scheduler_lock(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which term.")] input: BreakSchedulerLockInput,
    ) -> Field<BreakSchedulerLockPayload> {
        mutate(ctx, ACCESS, async move |request: Request| {
            let token = input.fencing_token.parse::<i64>().map_err(|_| {
                let path = ["input", "fencingToken"];
                Error::from(Problem::validation(&path, "expected a number, as schedulerStatus tells it"))
            })?;
            let lock = request.domain.break_scheduler_lock(request.viewer(), token, request.client()).await?;
            Ok(BreakSchedulerLockPayload { lock: Some(lock.into()), user_errors: Vec::new() })
        })
        .await
    }
}
