//! Ending several sessions of a user at once.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;
use sea_orm::{DatabaseTransaction, QuerySelect};

use super::session::{Column, Entity};
use crate::Domain;
use crate::error::Result;
use crate::ids::{SessionId, UserId};

impl Domain {
    /// Ends the open sessions of a user, all but `kept`; which they were, to be [forgotten](Domain::forget_sessions)
    /// once the transaction is committed.
    pub(super) async fn end_sessions(
        &self,
        tx: &DatabaseTransaction,
        user_id: UserId,
        kept: Option<SessionId>,
    ) -> Result<Vec<SessionId>> {
        #[expect(clippy::disallowed_methods, reason = "the sessions of one user, named in the filter")]
        let open: Vec<SessionId> = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::UserId.eq(user_id))
            .filter(Column::EndedAt.is_null())
            .into_tuple()
            .all(tx)
            .await?;
        let ending: Vec<SessionId> = open.into_iter().filter(|id| Some(*id) != kept).collect();
        Entity::update_many()
            .col_expr(Column::EndedAt, Expr::value(self.now()))
            .filter(Column::Id.is_in(ending.iter().copied()))
            .exec(tx)
            .await?;
        Ok(ending)
    }

    /// Makes the end of sessions take effect here at once.
    pub(super) async fn forget_sessions(&self, ended: &[SessionId]) {
        for id in ended {
            self.sessions().forget(*id).await;
        }
    }
}
