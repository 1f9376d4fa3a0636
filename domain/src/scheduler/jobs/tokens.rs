//! Looking after the tokens that letters carry.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::identity::user_token::{Column, Entity};
use crate::scheduler::term::{BATCH, JobRun, Stopped};

/// Removes tokens that ran out: nobody can show one any more.
pub(super) async fn remove_expired(run: JobRun) -> Result<(), Stopped> {
    let now = run.domain().now();
    run.in_batches(|tx| {
        Box::pin(async move {
            #[expect(clippy::disallowed_methods, reason = "the installation cleans up for every tenant")]
            let expired = Entity::find().filter(Column::ExpiresAt.lt(now));
            let hashes = expired.select_only().column(Column::TokenHash).order_by_asc(Column::ExpiresAt).limit(BATCH);
            let old: Vec<Vec<u8>> = hashes.into_tuple().all(tx).await?;
            if old.is_empty() {
                return Ok(0);
            }
            Ok(Entity::delete_many().filter(Column::TokenHash.is_in(old)).exec(tx).await?.rows_affected)
        })
    })
    .await
}
