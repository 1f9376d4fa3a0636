//! The table of what accounts were worth, from time to time.

use chrono::{DateTime, Utc};
use sea_orm::Select;
use sea_orm::entity::prelude::*;
use uuid::Uuid;

use crate::fixed::Money;
use crate::ids::{AccountId, TenantId};

/// What an account was worth at one moment.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "equity_points")]
pub struct Model {
    /// A UUIDv7 of that moment.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The tenant.
    pub tenant_id: TenantId,
    /// Which account.
    pub account_id: AccountId,
    /// The day of the moment in UTC, such as 2026-11-22.
    pub day: String,
    /// The moment.
    pub at: DateTimeUtc,
    /// The account's version then, which tells apart what was noted at one moment.
    pub version: i64,
    /// The balance.
    pub balance: Money,
    /// The balance and what open trades would have gained.
    pub equity: Money,
    /// Whether it was noted because an order was filled.
    pub traded: bool,
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// The points of an account that was found in a scope.
    pub(crate) fn of(account: AccountId) -> Select<Self> {
        #[expect(clippy::disallowed_methods, reason = "this is the scope")]
        let all = Self::find();
        all.filter(Column::AccountId.eq(account))
    }
}

/// The day of a moment, in UTC, as it is stored.
pub(super) fn day_of(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d").to_string()
}
