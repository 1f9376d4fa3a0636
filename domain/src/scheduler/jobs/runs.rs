//! Looking after the record of runs.

use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::ids::{Id, RunId, first_uuid_at};
use crate::scheduler::run::{self, Column, Entity, RunStatus};
use crate::scheduler::term::{BATCH, JobRun, Stopped};

/// Old runs that stay of a job that does not succeed any more: far more than what it takes to be alarmed.
const SPARED: u64 = 100;

/// Removes old runs. What remains tells when each job last succeeded, what became of it since, and what is due; of a job
/// that fails for ever, the newest.
pub(super) async fn remove_old(run: JobRun) -> Result<(), Stopped> {
    let domain = run.domain();
    let reader = domain.db().reader();
    let bound = RunId::from_uuid(first_uuid_at(domain.now() - domain.config().retention.runs));
    for job in run::jobs(reader).await? {
        let success = run::last_success(reader, &job).await?.map(|run| run.id);
        let oldest_spared = run::newest_but(reader, &job, SPARED - 1).await?;
        let mut superseded = Condition::any();
        for later in [success, oldest_spared].into_iter().flatten() {
            superseded = superseded.add(Column::Id.lt(later));
        }
        if superseded.is_empty() {
            continue;
        }
        let mut old = Entity::unscoped()
            .select_only()
            .column(Column::Id)
            .filter(Column::Job.eq(&*job))
            .filter(Column::Id.lt(bound))
            .filter(Column::Status.ne(RunStatus::Running))
            .filter(superseded)
            .order_by_asc(Column::Id)
            .limit(BATCH);
        if let Some(success) = success {
            old = old.filter(Column::Id.ne(success));
        }
        run.in_batches(|tx| {
            let old = old.clone();
            Box::pin(async move {
                let old: Vec<RunId> = old.into_tuple().all(tx).await?;
                if old.is_empty() {
                    return Ok(0);
                }
                Ok(Entity::delete_many().filter(Column::Id.is_in(old)).exec(tx).await?.rows_affected)
            })
        })
        .await?;
    }
    Ok(())
}
