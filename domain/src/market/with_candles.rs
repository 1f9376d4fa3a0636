//! The assets that there are candles of.

use std::sync::Arc;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use super::SourceName;
use super::asset::Model as Asset;
use super::series::head;
use crate::Domain;
use crate::error::Result;
use crate::ids::AssetId;

impl Domain {
    /// Every asset that has candles of any timeframe: true ones, but in a demo, where simulated ones are all there is. What
    /// is made of simulated prices would stand among the signals of a business like any other.
    pub(crate) async fn assets_with_candles(&self) -> Result<Vec<Arc<Asset>>> {
        #[expect(clippy::disallowed_methods, reason = "candles belong to no tenant")]
        let mut all = head::Entity::find();
        if self.demo_anchor().await?.is_none() {
            all = all.filter(head::Column::Source.ne(SourceName::Demo));
        }
        let ids: Vec<AssetId> =
            all.select_only().column(head::Column::AssetId).distinct().into_tuple().all(self.db().reader()).await?;
        let mut assets = Vec::with_capacity(ids.len());
        for id in ids {
            assets.extend(self.asset_by_id(id).await?);
        }
        assets.sort_by(|a, b| a.symbol.cmp(&b.symbol));
        Ok(assets)
    }
}
