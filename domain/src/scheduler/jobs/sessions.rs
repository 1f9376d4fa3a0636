//! Looking after sessions.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::error::Result;
use crate::identity::{session, spent_token};
use crate::ids::SessionId;
use crate::scheduler::term::{BATCH, JobRun, Stopped};

/// Removes sessions that ran out long ago: the tokens that they were renewed with first, for these name them, and are
/// many. Of sessions that go on, the used tokens that would have run out as long ago.
pub(super) async fn remove_old(run: JobRun) -> Result<(), Stopped> {
    let domain = run.domain();
    let before = domain.now() - domain.config().retention.sessions;
    let tokens = &domain.config().tokens;
    let spent_before = before - tokens.refresh.max(tokens.refresh_remembered);
    run.in_batches(|tx| {
        Box::pin(async move {
            let sessions = old_sessions(tx, before).await?;
            let tokens: Vec<Vec<u8>> = tokens_of(&sessions).limit(BATCH).into_tuple().all(tx).await?;
            if !tokens.is_empty() {
                let spent = spent_token::Entity::delete_many().filter(spent_token::Column::TokenHash.is_in(tokens));
                return Ok(spent.exec(tx).await?.rows_affected);
            }
            if sessions.is_empty() {
                return Ok(0);
            }
            let ended = session::Entity::delete_many().filter(session::Column::Id.is_in(sessions));
            Ok(ended.exec(tx).await?.rows_affected)
        })
    })
    .await?;
    run.in_batches(|tx| {
        Box::pin(async move {
            #[expect(clippy::disallowed_methods, reason = "the installation cleans up for every tenant")]
            let old = spent_token::Entity::find().filter(spent_token::Column::SpentAt.lt(spent_before));
            let old =
                old.select_only().column(spent_token::Column::TokenHash).order_by_asc(spent_token::Column::SpentAt);
            let old: Vec<Vec<u8>> = old.limit(BATCH).into_tuple().all(tx).await?;
            if old.is_empty() {
                return Ok(0);
            }
            let gone = spent_token::Entity::delete_many().filter(spent_token::Column::TokenHash.is_in(old));
            Ok(gone.exec(tx).await?.rows_affected)
        })
    })
    .await
}

async fn old_sessions(tx: &DatabaseTransaction, before: DateTime<Utc>) -> Result<Vec<SessionId>> {
    #[expect(clippy::disallowed_methods, reason = "the installation cleans up for every tenant")]
    let old = session::Entity::find().filter(session::Column::ExpiresAt.lt(before));
    let old = old.select_only().column(session::Column::Id).order_by_asc(session::Column::ExpiresAt).limit(BATCH);
    Ok(old.into_tuple().all(tx).await?)
}

fn tokens_of(sessions: &[SessionId]) -> sea_orm::Select<spent_token::Entity> {
    #[expect(clippy::disallowed_methods, reason = "the installation cleans up for every tenant")]
    let tokens = spent_token::Entity::find();
    let of_them = spent_token::Column::SessionId.is_in(sessions.iter().copied());
    tokens.select_only().column(spent_token::Column::TokenHash).filter(of_them)
}
