//! The table of what the owner decided about jobs.

use std::collections::HashMap;

use sea_orm::ConnectionTrait;
use sea_orm::entity::prelude::*;

use crate::error::Result;
use crate::ids::UserId;

/// What was decided about one job.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "scheduler_job")]
pub struct Model {
    /// The job's name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// Since when it rests; none where it does not.
    pub paused_at: Option<DateTimeUtc>,
    /// Who said so.
    pub paused_by: Option<UserId>,
    /// Since when a run is asked for that has not ended; none where none is.
    pub requested_at: Option<DateTimeUtc>,
    /// Who asked for it.
    pub requested_by: Option<UserId>,
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// What was decided, by the jobs' names; a job without an entry is as it was made.
pub(super) async fn all(db: &impl ConnectionTrait) -> Result<HashMap<String, Model>> {
    #[expect(clippy::disallowed_methods, reason = "jobs are the installation's, not a tenant's")]
    let rows = Entity::find().all(db).await?;
    Ok(rows.into_iter().map(|row| (row.name.clone(), row)).collect())
}
