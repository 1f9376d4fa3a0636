//! The table of assets.

use sea_orm::entity::prelude::*;

use crate::ids::AssetId;

/// What sort of thing an asset is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AssetKind {
    /// A share of a company.
    Stock,
    /// A crypto currency against a currency.
    Crypto,
    /// A currency against a currency.
    Forex,
    /// A commodity, mostly as its front future.
    Commodity,
    /// An index.
    Index,
}

/// Something with a price.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "assets")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AssetId,
    /// Its symbol, unique, such as AAPL, BTC-USD, EURUSD=X or ATW.CS.
    pub symbol: String,
    /// Its name.
    pub name: String,
    /// What sort of thing it is.
    pub kind: AssetKind,
    /// Where it trades, a short code such as NASDAQ.
    pub exchange: String,
    /// The currency of its price, ISO 4217.
    pub currency: String,
    /// When it became known here.
    pub created_at: DateTimeUtc,
    /// When it last changed.
    pub updated_at: DateTimeUtc,
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
