//! Reading what assets cost, and how old that is.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::asset::Model as Asset;
use super::quote::{Column, Entity, Model, Quote};
use crate::Domain;
use crate::error::{Fault, Result};
use crate::ids::AssetId;

impl Domain {
    /// What an asset costs, as far as is known. Asks no source: that is what refreshing is for.
    ///
    /// # Errors
    /// MARKET_DATA_UNAVAILABLE where nothing is known; when the database does not answer.
    pub async fn quote_of(&self, asset: &Asset) -> Result<Quote> {
        let found = self.known_quotes(vec![asset.id]).await?.remove(&asset.id);
        Ok(found.ok_or_else(|| Fault::MarketDataUnavailable(asset.symbol.clone()))?)
    }

    /// What these assets cost, of those of which something is known.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn known_quotes(&self, assets: Vec<AssetId>) -> Result<HashMap<AssetId, Quote>> {
        if assets.is_empty() {
            return Ok(HashMap::new());
        }
        #[expect(clippy::disallowed_methods, reason = "quotes belong to no tenant")]
        let rows = Entity::find().filter(Column::AssetId.is_in(assets)).all(self.db().reader()).await?;
        let quotes = self.view_quotes(rows).await?;
        Ok(quotes.into_iter().map(|quote| (quote.asset_id, quote)).collect())
    }

    /// The rows with what they name and whether they are stale now.
    pub(super) async fn view_quotes(&self, rows: Vec<Model>) -> Result<Vec<Quote>> {
        let now = self.now();
        let mut quotes = Vec::with_capacity(rows.len());
        for row in rows {
            let asset = self.asset_by_id(row.asset_id).await?;
            let asset: Arc<Asset> = asset.ok_or_else(|| Fault::Bug(format!("{} is gone", row.asset_id)))?;
            let is_stale = self.is_stale(&asset, row.exchange_time, now);
            quotes.push(Quote::new(row, &asset, is_stale));
        }
        Ok(quotes)
    }

    /// Whether a price of this time is older than it should be: by more than `market.stale_after_seconds` at the last
    /// moment that the asset's market was open. Over a night or a weekend a price grows no older.
    fn is_stale(&self, asset: &Asset, exchange_time: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        let exchange = self.exchange_of(asset);
        let last_open = exchange.calendar.last_open(exchange.time_zone, now);
        last_open.is_some_and(|open| open - exchange_time > self.config().market.stale_after)
    }
}
