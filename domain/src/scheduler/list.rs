//! Reading the runs.

use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect};
use uuid::Uuid;

use super::run::{Column, Entity, Model, RunStatus};
use crate::Domain;
use crate::error::{Error, Result};
use crate::ids::{Id, RunId};
use crate::paging::{CursorKey, Page, PageArgs, PageRequest};
use crate::permission::Permission;
use crate::signals::Compare;
use crate::viewer::Viewer;

/// Which runs; what is none does not matter.
#[derive(Clone, Debug, Default)]
pub struct RunFilter {
    /// Of this job.
    pub job: Option<Compare<String>>,
    /// That stand like this.
    pub status: Option<Compare<RunStatus>>,
    /// That began then.
    pub started_at: Option<Compare<DateTimeUtc>>,
}

/// A position among the runs, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunKey(pub RunId);

impl CursorKey for RunKey {
    fn encode(&self) -> String {
        self.0.uuid().simple().to_string()
    }

    fn decode(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(|uuid| Self(RunId::from_uuid(uuid)))
    }
}

impl RunKey {
    /// The text that the cursors of runs carry.
    pub const ORDER: &str = "runs";
}

impl Domain {
    /// A page of the runs, newest first.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; a problem with the page's arguments.
    pub async fn runs_page(&self, viewer: &Viewer, filter: &RunFilter, args: &PageArgs) -> Result<Page<Model>> {
        viewer.permitted(Permission::SchedulerManage)?;
        let request: PageRequest<RunKey> = args.parse(RunKey::ORDER).map_err(Error::Problems)?;
        let mut query = matching(filter).limit(request.fetch());
        if let Some(RunKey(id)) = request.after {
            query = query.filter(Column::Id.lt(id));
        }
        Ok(request.page(query.order_by_desc(Column::Id).all(self.db().reader()).await?))
    }

    /// How many runs the filter finds.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn count_runs(&self, viewer: &Viewer, filter: &RunFilter) -> Result<u64> {
        viewer.permitted(Permission::SchedulerManage)?;
        Ok(matching(filter).count(self.db().reader()).await?)
    }

    /// A run.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn scheduler_run(&self, viewer: &Viewer, id: RunId) -> Result<Option<Model>> {
        viewer.permitted(Permission::SchedulerManage)?;
        Ok(Entity::unscoped().filter(Column::Id.eq(id)).one(self.db().reader()).await?)
    }
}

fn matching(filter: &RunFilter) -> Select<Entity> {
    let mut query = Entity::unscoped();
    if let Some(job) = &filter.job {
        query = query.filter(job.condition(Column::Job));
    }
    if let Some(status) = &filter.status {
        query = query.filter(status.condition(Column::Status));
    }
    if let Some(started_at) = &filter.started_at {
        query = query.filter(started_at.condition(Column::StartedAt));
    }
    query
}
