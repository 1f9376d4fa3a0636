//! What an asset costs now.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use rust_decimal::{Decimal, RoundingStrategy};
use sea_orm::entity::prelude::*;

use super::asset;
use super::source::{LicenceClass, SourceName};
use crate::fixed::{Percent, Price};
use crate::ids::AssetId;

/// The last known price of an asset, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "quotes")]
pub struct Model {
    /// The asset.
    #[sea_orm(primary_key, auto_increment = false)]
    pub asset_id: AssetId,
    /// The last price.
    pub price: Price,
    /// What a buyer offers.
    pub bid: Price,
    /// What a seller asks.
    pub ask: Price,
    /// The currency of all prices here, ISO 4217.
    pub currency: String,
    /// The last close before the session of the price, where it is known.
    pub previous_close: Option<Price>,
    /// When the price was that at the exchange.
    pub exchange_time: DateTimeUtc,
    /// When it came here.
    pub fetched_at: DateTimeUtc,
    /// Where it comes from.
    pub source: SourceName,
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A price to be put away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewQuote {
    /// The asset.
    pub asset_id: AssetId,
    /// The last price, in the asset's currency.
    pub price: Price,
    /// What a buyer offers; where the source does not say, the price.
    pub bid: Option<Price>,
    /// What a seller asks; where the source does not say, the price.
    pub ask: Option<Price>,
    /// The last close before the session of the price, where it is known.
    pub previous_close: Option<Price>,
    /// When the price was that at the exchange.
    pub exchange_time: DateTime<Utc>,
}

/// What an asset costs, where that comes from and how old it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The asset.
    pub asset_id: AssetId,
    /// Its symbol.
    pub symbol: String,
    /// The last price.
    pub price: Price,
    /// What a buyer offers; the price where the source does not say.
    pub bid: Price,
    /// What a seller asks; the price where the source does not say.
    pub ask: Price,
    /// The currency of all prices here, ISO 4217.
    pub currency: String,
    /// The last close before the session of the price, where it is known.
    pub previous_close: Option<Price>,
    /// When the price was that at the exchange.
    pub exchange_time: DateTime<Utc>,
    /// When it came here.
    pub fetched_at: DateTime<Utc>,
    /// Where it comes from.
    pub source: SourceName,
    /// Who may be shown it.
    pub licence: LicenceClass,
    /// Whether it is older than it should be: see `market.stale_after_seconds`.
    pub is_stale: bool,
}

impl Quote {
    /// How far the price is from the previous close, in percent of that, rounded to two decimals, half to even; none where
    /// that is not known or it would not fit.
    pub fn change_percent(&self) -> Option<Percent> {
        let before = Decimal::from(self.previous_close?.raw());
        let change = Decimal::from(self.price.raw()) - before;
        let percent = change.checked_mul(Decimal::ONE_HUNDRED)?.checked_div(before)?;
        percent.round_dp_with_strategy(2, RoundingStrategy::MidpointNearestEven).normalize().to_string().parse().ok()
    }

    pub(super) fn new(row: Model, asset: &Arc<asset::Model>, is_stale: bool) -> Self {
        Self {
            asset_id: row.asset_id,
            symbol: asset.symbol.clone(),
            price: row.price,
            bid: row.bid,
            ask: row.ask,
            currency: row.currency,
            previous_close: row.previous_close,
            exchange_time: row.exchange_time,
            fetched_at: row.fetched_at,
            source: row.source,
            licence: row.source.licence(),
            is_stale,
        }
    }
}
