//! The table of what traders' closed trades came to.

use sea_orm::Select;
use sea_orm::entity::prelude::*;

use crate::fixed::Money;
use crate::ids::{TenantId, UserId};

/// What a trader's closed trades came to on all accounts in one currency.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "trader_results")]
pub struct Model {
    /// Whose they are.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    /// The currency, ISO 4217.
    #[sea_orm(primary_key, auto_increment = false)]
    pub currency: String,
    /// The tenant.
    pub tenant_id: TenantId,
    /// What they gained after fees.
    pub profit: Money,
    /// The most that one gained.
    pub best_trade: Money,
    /// The least that one gained.
    pub worst_trade: Money,
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// Every result, for work on those of users that were found in a scope.
    pub(super) fn unscoped() -> Select<Self> {
        #[expect(clippy::disallowed_methods, reason = "this is the scope")]
        Self::find()
    }
}
