//! The table of up to when candles were held against what waits.

use sea_orm::entity::prelude::*;

use crate::ids::AssetId;
use crate::market::Timeframe;

/// Up to when a series of candles was held against the pending orders and open trades of its asset.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "trading_watermarks")]
pub struct Model {
    /// The asset.
    #[sea_orm(primary_key, auto_increment = false)]
    pub asset_id: AssetId,
    /// How long each candle of the series lasts.
    #[sea_orm(primary_key, auto_increment = false)]
    pub timeframe: Timeframe,
    /// The end of the last candle.
    pub judged_until: DateTimeUtc,
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
