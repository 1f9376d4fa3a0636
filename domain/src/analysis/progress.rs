//! The table of how far candles were analysed by the job that waits for them to close.

use sea_orm::entity::prelude::*;

use crate::ids::AssetId;
use crate::signals::Timeframe;

/// Up to which candle of an asset signals were made.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "analysis_progress")]
pub struct Model {
    /// The asset.
    #[sea_orm(primary_key, auto_increment = false)]
    pub asset_id: AssetId,
    /// The span of its candles.
    #[sea_orm(primary_key, auto_increment = false)]
    pub timeframe: Timeframe,
    /// When the last of them opened.
    pub candle_time: DateTimeUtc,
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
