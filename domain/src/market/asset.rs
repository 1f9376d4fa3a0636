//! The table of assets.

use std::collections::BTreeMap;

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::source::SourceName;
use crate::fixed::{Price, Quantity};
use crate::ids::AssetId;

/// What sort of thing an asset is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AssetKind {
    /// A share of a company.
    Stock,
    /// A fund that is traded like a share.
    Etf,
    /// An index, which is followed and not itself traded.
    Index,
    /// A currency against a currency.
    Fx,
    /// A crypto currency against a currency.
    Crypto,
    /// A commodity, mostly as its front future.
    Commodity,
}

/// What each source calls an asset; a source that is not in it does not know the asset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, sea_orm::FromJsonQueryResult)]
pub struct SourceSymbols(pub BTreeMap<SourceName, String>);

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
    /// Where it trades, the code of an exchange such as NASDAQ.
    pub exchange: String,
    /// The currency of its price, ISO 4217.
    pub currency: String,
    /// The smallest step of its price.
    pub tick_size: Price,
    /// The smallest step of a quantity of it.
    pub lot_size: Quantity,
    /// The part of the economy it belongs to, where that is known.
    pub sector: Option<String>,
    /// What each source calls it.
    pub source_symbols: SourceSymbols,
    /// When it became known here.
    pub created_at: DateTimeUtc,
    /// When it last changed.
    pub updated_at: DateTimeUtc,
}

impl Model {
    /// What a source calls the asset, if it knows it.
    pub fn symbol_at(&self, source: SourceName) -> Option<&str> {
        self.source_symbols.0.get(&source).map(String::as_str)
    }
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
