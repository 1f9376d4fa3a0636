//! The table of how accounts stand in each period.

use sea_orm::Select;
use sea_orm::entity::prelude::*;

use super::vocabulary::{Period, Scope};
use crate::fixed::{Money, Percent};
use crate::ids::{AccountId, TenantId, UserId};

/// What an account's trades that were closed within a period came to. A trade that was closed in parts counts once, when
/// the last of it is; what it gained, when each part is.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "leaderboard_entries")]
pub struct Model {
    /// Which account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    /// In what kind of period.
    #[sea_orm(primary_key, auto_increment = false)]
    pub period: Period,
    /// The day in UTC on which it begins, such as 2026-11-23.
    #[sea_orm(primary_key, auto_increment = false)]
    pub begins: String,
    /// The tenant.
    pub tenant_id: TenantId,
    /// Whose account it is.
    pub user_id: UserId,
    /// What it is held against.
    pub scope: Scope,
    /// The account's currency, ISO 4217.
    pub currency: String,
    /// How many trades.
    pub trades: i64,
    /// How many of them gained after fees.
    pub wins: i64,
    /// What they gained after fees.
    pub profit: Money,
    /// That with its sign turned, of the balance that the account was opened with.
    pub loss_percent: Percent,
    /// How far the balance fell at worst below its highest before, beginning with that before the period, of that.
    pub drawdown_percent: Percent,
    /// What is left of a hundred when the best day's share of the gaining days' gains is taken away; none where no day
    /// gained.
    pub consistency: Option<Percent>,
    /// When the last of it was closed.
    pub reached_at: DateTimeUtc,
    /// What comes last in the order, and tells nothing of the account.
    pub tiebreak: i64,
    /// Whether it is the one account by which its trader is ranked.
    pub is_best: bool,
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// What tells it from every other.
    pub(super) fn key(&self) -> (AccountId, Period, &str) {
        (self.account_id, self.period, &self.begins)
    }

    /// The least of these is the best: by profit, then by the smaller drawdown, then by the earlier. The statements that
    /// read a board have the same order.
    pub(super) fn order(&self) -> (Percent, Percent, DateTimeUtc, i64) {
        (self.loss_percent, self.drawdown_percent, self.reached_at, self.tiebreak)
    }

    /// What the trades gained after fees, of the balance that the account was opened with.
    pub fn profit_percent(&self) -> Percent {
        Percent::from_raw(self.loss_percent.raw().saturating_neg())
    }
}

impl Entity {
    /// Every entry, for work on those of users that were found in a scope.
    pub(super) fn unscoped() -> Select<Self> {
        #[expect(clippy::disallowed_methods, reason = "this is the scope")]
        Self::find()
    }
}
