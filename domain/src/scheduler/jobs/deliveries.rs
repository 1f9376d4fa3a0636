//! Looking after the ingest journal.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::ids::{DeliveryId, Id, first_uuid_at};
use crate::scheduler::term::{BATCH, JobRun, Stopped};
use crate::signals::delivery::{Column, Entity};

/// Batches of waiting deliveries that one run judges at most; what is left waits for the next.
const MOST_BATCHES: usize = 50;

/// Judges what waits. Every process judges what it accepted; this is for what none is left to judge.
///
/// A verdict and its signal are one transaction that does nothing where there is a verdict already, so it does not
/// matter that a process may be at it too.
pub(super) async fn redrive(run: JobRun) -> Result<(), Stopped> {
    for _ in 0..MOST_BATCHES {
        let judged = run.domain().judge_waiting().await?;
        run.moved(judged as u64);
        if judged == 0 {
            break;
        }
        run.breathe().await;
    }
    Ok(())
}

/// Removes what was judged and is old. What waits stays, however old.
pub(super) async fn remove_old(run: JobRun) -> Result<(), Stopped> {
    let domain = run.domain();
    // Ids are made of the time, so the primary key finds what is old.
    let bound = DeliveryId::from_uuid(first_uuid_at(domain.now() - domain.config().retention.deliveries));
    run.in_batches(|tx| {
        Box::pin(async move {
            let old: Vec<DeliveryId> = Entity::unscoped()
                .select_only()
                .column(Column::Id)
                .filter(Column::Id.lt(bound))
                .filter(Column::Verdict.is_not_null())
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
