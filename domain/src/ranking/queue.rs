//! The queue of traders whose ranking is to be looked at again.

use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, Select};

use crate::Domain;
use crate::error::Result;
use crate::ids::{TenantId, UserId};

/// A change of one of a trader's accounts.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ranking_queue")]
pub struct Model {
    /// A UUIDv7 of its moment.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The tenant.
    pub tenant_id: TenantId,
    /// The trader.
    pub user_id: UserId,
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// All that waits.
    pub(super) fn unscoped() -> Select<Self> {
        #[expect(clippy::disallowed_methods, reason = "this is the scope")]
        Self::find()
    }
}

impl Domain {
    /// Leaves word, in the transaction that changes one of their accounts, that a trader's ranking is to be looked at again.
    /// A row for each change, so that nobody ever waits for another's.
    pub(crate) async fn queue_ranking(
        &self,
        tx: &DatabaseTransaction,
        (tenant_id, user_id): (TenantId, UserId),
    ) -> Result<()> {
        let row = ActiveModel::from(Model { id: self.new_uuid(), tenant_id, user_id }).reset_all();
        Entity::insert(row).exec_without_returning(tx).await?;
        Ok(())
    }
}
