//! Looking after the record of runs.

use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::ids::{Id, RunId, first_uuid_at};
use crate::scheduler::run::{Column, Entity, RunStatus};
use crate::scheduler::term::{BATCH, JobRun, Stopped};

/// Removes old runs after which their job has succeeded: what remains tells when each job last did, what became of it
/// since, and what is due.
pub(super) async fn remove_old(run: JobRun) -> Result<(), Stopped> {
    let domain = run.domain();
    let bound = RunId::from_uuid(first_uuid_at(domain.now() - domain.config().retention.runs));
    run.in_batches(|tx| {
        Box::pin(async move {
            let later = Alias::new("later");
            let has_succeeded_since = Query::select()
                .expr(Expr::val(1))
                .from_as(Entity, later.clone())
                .and_where(Expr::col((later.clone(), Column::Job)).equals((Entity, Column::Job)))
                .and_where(Expr::col((later.clone(), Column::Id)).gt(Expr::col((Entity, Column::Id))))
                .and_where(Expr::col((later, Column::Status)).eq(RunStatus::Succeeded.as_str()))
                .to_owned();
            let old: Vec<RunId> = Entity::unscoped()
                .select_only()
                .column(Column::Id)
                .filter(Column::Id.lt(bound))
                .filter(Column::Status.ne(RunStatus::Running))
                .filter(Expr::exists(has_succeeded_since))
                .order_by_asc(Column::Id)
                .limit(BATCH)
                .into_tuple()
                .all(tx)
                .await?;
            if old.is_empty() {
                return Ok(0);
            }
            Ok(Entity::delete_many().filter(Column::Id.is_in(old)).exec(tx).await?.rows_affected)
        })
    })
    .await
}
