//! Looking after what the outbox has done.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::outbox::row::{Column, Entity};
use crate::scheduler::term::{BATCH, JobRun, Stopped};

/// Removes messages that were delivered long ago. Dead letters stay, and what waits.
pub(super) async fn remove_old(run: JobRun) -> Result<(), Stopped> {
    let before = run.domain().now() - run.domain().config().retention.letters;
    run.in_batches(|tx| {
        Box::pin(async move {
            #[expect(clippy::disallowed_methods, reason = "the installation cleans up for every tenant")]
            let delivered = Entity::find().filter(Column::DeliveredAt.lt(before));
            let ids = delivered.select_only().column(Column::Id).order_by_asc(Column::DeliveredAt).limit(BATCH);
            let old: Vec<Uuid> = ids.into_tuple().all(tx).await?;
            if old.is_empty() {
                return Ok(0);
            }
            Ok(Entity::delete_many().filter(Column::Id.is_in(old)).exec(tx).await?.rows_affected)
        })
    })
    .await
}
