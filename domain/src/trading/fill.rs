//! The table of fills.

use chrono::TimeDelta;
use sea_orm::Select;
use sea_orm::entity::prelude::*;

use super::vocabulary::{FillBasis, Side};
use crate::fixed::{Money, Price, Quantity};
use crate::ids::{AccountId, AssetId, FillId, OrderId, TenantId};
use crate::market::Timeframe;

/// How an order was executed, with everything that its price was made of.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "fills")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: FillId,
    /// The tenant.
    pub tenant_id: TenantId,
    /// On which account.
    pub account_id: AccountId,
    /// The version of the account that it made.
    pub account_version: i64,
    /// Of which order.
    pub order_id: OrderId,
    /// Of which asset.
    pub asset_id: AssetId,
    /// Which way.
    pub side: Side,
    /// How much.
    pub quantity: Quantity,
    /// At which price: the reference price after slippage.
    pub price: Price,
    /// The bid, ask, limit, stop price or open that was met.
    pub reference_price: Price,
    /// Whether it was a quote or a candle.
    pub basis: FillBasis,
    /// The quote's last price, or the candle's open.
    pub quote_price: Price,
    /// The time of the quote at its exchange, or when the candle opened.
    pub quote_time: DateTimeUtc,
    /// Who gave the quote or the candle.
    pub quote_source: String,
    /// How long the candle lasted; none for a quote.
    pub candle: Option<Timeframe>,
    /// What one unit of the asset's currency was worth in the account's.
    pub rate: Price,
    /// Who gave that rate; none where the currencies are the same.
    pub rate_source: Option<String>,
    /// When it was that, of a rate through a third currency the older of the two; none where the currencies are the same.
    pub rate_time: Option<DateTimeUtc>,
    /// What it cost, in the account's currency.
    pub fee: Money,
    /// When.
    pub filled_at: DateTimeUtc,
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// How much worse the reference price is than the quote's, a unit; below zero where it is better.
    pub const fn spread(&self) -> Price {
        Price::from_raw(self.side.sign() * (self.reference_price.raw() - self.quote_price.raw()))
    }

    /// How much worse the price is than the reference price, a unit.
    pub const fn slippage(&self) -> Price {
        Price::from_raw(self.side.sign() * (self.price.raw() - self.reference_price.raw()))
    }

    /// How old the quote was.
    pub fn quote_age(&self) -> TimeDelta {
        (self.filled_at - self.quote_time).max(TimeDelta::zero())
    }

    /// How old the rate was; none where the currencies are the same.
    pub fn rate_age(&self) -> Option<TimeDelta> {
        self.rate_time.map(|at| (self.filled_at - at).max(TimeDelta::zero()))
    }
}

impl Entity {
    /// The fills of an account that was found in a scope.
    pub(crate) fn of(account: AccountId) -> Select<Self> {
        Self::unscoped().filter(Column::AccountId.eq(account))
    }

    /// Every fill, to be found by its id and then by its account.
    pub(crate) fn unscoped() -> Select<Self> {
        #[expect(clippy::disallowed_methods, reason = "this is the scope")]
        Self::find()
    }
}
