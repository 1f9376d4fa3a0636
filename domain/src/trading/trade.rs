//! The table of trades.

use sea_orm::Select;
use sea_orm::entity::prelude::*;

use super::vocabulary::{CloseReason, Side, TradeStatus};
use crate::fixed::{Money, Price, Quantity};
use crate::ids::{AccountId, AssetId, FillId, SignalId, TenantId, TradeId};

/// One lot from open to close. A part that is closed is a trade of its own under its parent, which keeps the rest.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "trades")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TradeId,
    /// The tenant.
    pub tenant_id: TenantId,
    /// On which account.
    pub account_id: AccountId,
    /// Of which asset.
    pub asset_id: AssetId,
    /// The signal that it follows, where its order said so.
    pub signal_id: Option<SignalId>,
    /// The trade that it is a closed part of; none for one that is whole or has what is left.
    pub parent_id: Option<TradeId>,
    /// BUY for a long one, SELL for a short one.
    pub side: Side,
    /// How much, without the parts that were closed.
    pub quantity: Quantity,
    /// The price that it was opened at.
    pub entry_price: Price,
    /// Its share of what opening cost.
    pub entry_fee: Money,
    /// What it ties up while it is open.
    pub margin: Money,
    /// What it cost when it was opened: price × quantity × rate, in the account's currency.
    pub notional: Money,
    /// The price that it is closed at to lose no more.
    pub stop_loss: Option<Price>,
    /// The price that it is closed at to keep what it gained.
    pub take_profit: Option<Price>,
    /// Whether it is still open.
    pub status: TradeStatus,
    /// The fill that opened it.
    pub open_fill_id: FillId,
    /// When.
    pub opened_at: DateTimeUtc,
    /// The fill that closed it.
    pub close_fill_id: Option<FillId>,
    /// The price that it was closed at.
    pub exit_price: Option<Price>,
    /// What closing it cost.
    pub exit_fee: Option<Money>,
    /// What it gained, before fees.
    pub gross_pnl: Option<Money>,
    /// What it gained, after both fees.
    pub realized_pnl: Option<Money>,
    /// What closed it.
    pub close_reason: Option<CloseReason>,
    /// When.
    pub closed_at: Option<DateTimeUtc>,
    /// The end of the candle that opened it; none where a quote did.
    pub watched_from: Option<DateTimeUtc>,
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// From when on prices may touch its stop and target.
    pub fn watched_since(&self) -> DateTimeUtc {
        self.watched_from.unwrap_or(self.opened_at)
    }
}

impl Entity {
    /// The trades of an account that was found in a scope.
    pub(crate) fn of(account: AccountId) -> Select<Self> {
        Self::unscoped().filter(Column::AccountId.eq(account))
    }

    /// The open trades of an account.
    pub(crate) fn open(account: AccountId) -> Select<Self> {
        Self::of(account).filter(Column::Status.eq(TradeStatus::Open))
    }

    /// Every trade, for the job that closes those whose stop or target is touched.
    pub(crate) fn unscoped() -> Select<Self> {
        #[expect(clippy::disallowed_methods, reason = "this is the scope")]
        Self::find()
    }
}
