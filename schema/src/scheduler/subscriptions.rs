//! Following runs.

use async_graphql::{Context, Subscription};
use futures_util::{Stream, StreamExt};

use super::types::SchedulerRun;
use crate::context::Request;
use crate::errors::field_error;

/// Follows the scheduler.
#[derive(Debug, Default)]
pub(crate) struct SchedulerSubscription;

#[Subscription]
impl SchedulerSubscription {
    /// The runs of the jobs as they finish, whichever instance runs them. Ends with RESYNC_REQUIRED when some were missed, never with a silent gap, and with the session; schedulerRuns lists them all. Needs SCHEDULER_MANAGE.
    async fn scheduler_run_finished(
        &self,
        ctx: &Context<'_>,
    ) -> async_graphql::Result<impl Stream<Item = async_graphql::Result<SchedulerRun>> + use<>> {
        let request = Request::of(ctx).map_err(|fault| field_error(&fault.into()))?;
        let runs = request.domain.follow_runs(request.viewer()).await.map_err(|error| field_error(&error))?;
        Ok(runs.map(|run| match run {
            Ok(run) => Ok(SchedulerRun::one((*run).clone())),
            Err(fault) => Err(field_error(&fault.into())),
        }))
    }
}
