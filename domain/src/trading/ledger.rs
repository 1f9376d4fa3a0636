//! The table of the ledger: every change of a balance. The balance is its last entry's, and stands nowhere else.

use sea_orm::Select;
use sea_orm::entity::prelude::*;

use super::vocabulary::LedgerKind;
use crate::fixed::Money;
use crate::ids::{AccountId, FillId, TenantId, TradeId};

/// One change of a balance.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_entries")]
pub struct Model {
    /// Of which account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    /// Its number in the account, from 1 and without gaps.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    /// The tenant.
    pub tenant_id: TenantId,
    /// What it is.
    pub kind: LedgerKind,
    /// How much, below zero for what was taken.
    pub amount: Money,
    /// The balance with it.
    pub balance_after: Money,
    /// What open trades tie up after it.
    pub margin_after: Money,
    /// The fill that it is for.
    pub fill_id: Option<FillId>,
    /// The trade that it is for.
    pub trade_id: Option<TradeId>,
    /// What there is to say of it.
    pub note: Option<String>,
    /// When.
    pub at: DateTimeUtc,
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// The entries of an account that was found in a scope.
    pub(crate) fn of(account: AccountId) -> Select<Self> {
        Self::unscoped().filter(Column::AccountId.eq(account))
    }

    /// Every entry, to be checked.
    pub(crate) fn unscoped() -> Select<Self> {
        #[expect(clippy::disallowed_methods, reason = "this is the scope")]
        Self::find()
    }
}
