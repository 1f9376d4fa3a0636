//! Reading the scheduler.

use async_graphql::{Context, Object};
use bellwether_domain::paging::{PageArgs, encode_cursor};
use bellwether_domain::scheduler::RunKey;

use super::ACCESS;
use super::types::{SchedulerRun, SchedulerRunFilter, SchedulerStatus};
use crate::context::Request;
use crate::field::{Field, field};
use crate::paging::Connection;

/// Reads the scheduler.
#[derive(Debug, Default)]
pub(crate) struct SchedulerQuery;

#[Object]
impl SchedulerQuery {
    /// Which instance runs the jobs, and how each job stands. Needs SCHEDULER_MANAGE.
    async fn scheduler_status(&self, ctx: &Context<'_>) -> Field<SchedulerStatus> {
        field(ctx, ACCESS, async move |request: Request| {
            Ok(request.domain.scheduler_status(request.viewer()).await?.into())
        })
        .await
    }

    /// The runs of the jobs, newest first. Needs SCHEDULER_MANAGE.
    async fn scheduler_runs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which runs; null for all.")] filter: Option<SchedulerRunFilter>,
        #[graphql(desc = "How many, at most 100; 20 where nothing is given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Field<Connection<SchedulerRun>> {
        let selected = ctx.look_ahead();
        let with_total = selected.field("totalCount").exists();
        let requested_by = [selected.field("nodes"), selected.field("edges").field("node")]
            .map(|run| run.field("requestedBy").exists());
        field(ctx, ACCESS, async move |request: Request| {
            let (domain, viewer) = (&request.domain, request.viewer());
            let filter = filter.unwrap_or_default().into_domain()?;
            let args = PageArgs { first, after, ..PageArgs::default() };
            let page = domain.runs_page(viewer, &filter, &args).await?;
            let total = if with_total { Some(domain.count_runs(viewer, &filter).await?) } else { None };
            let runs = async |runs| SchedulerRun::many(&request, runs, requested_by.contains(&true)).await;
            let page = page.try_map(runs).await?;
            Ok(Connection::of(page, total, |run| encode_cursor(RunKey::ORDER, &RunKey(run.run().id))))
        })
        .await
    }
}
