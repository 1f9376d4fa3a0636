//! The table of runs.

use std::fmt;

use sea_orm::entity::prelude::*;
use sea_orm::{ConnectionTrait, QueryOrder, QuerySelect};

use crate::error::Result;
use crate::ids::{RunId, UserId};

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RunStatus {
    /// It is under way.
    Running,
    /// It did what it is for.
    Succeeded,
    /// It met an error.
    Failed,
    /// It took longer than the job may.
    TimedOut,
    /// Its instance was stopped or lost, and did not finish it.
    Abandoned,
}

impl RunStatus {
    /// Every one of them.
    pub const ALL: [Self; 5] = [Self::Running, Self::Succeeded, Self::Failed, Self::TimedOut, Self::Abandoned];

    /// The name in the contract.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Abandoned => "ABANDONED",
        }
    }
}

impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One run of a job.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "scheduler_run")]
pub struct Model {
    /// Its id, made of the database's time: runs sort by when they started, whichever instance ran them.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RunId,
    /// The job's name.
    pub job: String,
    /// The instance that ran it.
    pub owner_id: String,
    /// The token of that instance's term.
    pub fencing_token: i64,
    /// The time that it was due at, or asked for.
    pub scheduled_for: DateTimeUtc,
    /// Who asked for it; none where its schedule did.
    pub requested_by: Option<UserId>,
    /// When it began.
    pub started_at: DateTimeUtc,
    /// When it ended; none while it is under way.
    pub finished_at: Option<DateTimeUtc>,
    /// How it stands.
    pub status: RunStatus,
    /// How many things it moved.
    pub items: i64,
    /// What went wrong, at most 500 characters.
    pub notes: Option<String>,
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// Every run: they are the installation's, and whoever asks was asked for the permission.
    pub(super) fn unscoped() -> Select<Self> {
        #[expect(clippy::disallowed_methods, reason = "this is the scope")]
        Self::find()
    }
}

/// The newest runs of a job, newest first.
pub(super) async fn newest(db: &impl ConnectionTrait, job: &str, most: u64) -> Result<Vec<Model>> {
    let runs = Entity::unscoped().filter(Column::Job.eq(job)).order_by_desc(Column::Id).limit(most);
    Ok(runs.all(db).await?)
}

/// The last run of a job that succeeded.
pub(super) async fn last_success(db: &impl ConnectionTrait, job: &str) -> Result<Option<Model>> {
    let succeeded = Entity::unscoped().filter(Column::Job.eq(job)).filter(Column::Status.eq(RunStatus::Succeeded));
    Ok(succeeded.order_by_desc(Column::Id).one(db).await?)
}

/// How many runs of a job have ended otherwise since it last succeeded.
pub(super) async fn failures_since(db: &impl ConnectionTrait, job: &str, success: Option<RunId>) -> Result<u64> {
    let failed = [RunStatus::Failed, RunStatus::TimedOut, RunStatus::Abandoned];
    let mut failures = Entity::unscoped().filter(Column::Job.eq(job)).filter(Column::Status.is_in(failed));
    if let Some(success) = success {
        failures = failures.filter(Column::Id.gt(success));
    }
    Ok(failures.count(db).await?)
}

/// The names of all jobs that have runs, also of those that this version has no more.
pub(super) async fn jobs(db: &impl ConnectionTrait) -> Result<Vec<String>> {
    Ok(Entity::unscoped().select_only().column(Column::Job).distinct().into_tuple().all(db).await?)
}

/// The newest run of a job but for so many; none where it has no more than those.
pub(super) async fn newest_but(db: &impl ConnectionTrait, job: &str, so_many: u64) -> Result<Option<RunId>> {
    let newest = Entity::unscoped().select_only().column(Column::Id).filter(Column::Job.eq(job));
    Ok(newest.order_by_desc(Column::Id).offset(so_many).into_tuple().one(db).await?)
}
