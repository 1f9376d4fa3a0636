//! What is to be asked for now.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::EntityTrait;

use super::asset::Model as Asset;
use super::series::head;
use super::{Timeframe, bucket};
use crate::Domain;
use crate::error::Result;
use crate::ids::AssetId;

/// How far back the daily candles of every asset go, and the hourly ones of those that are wanted.
pub(super) const DAILY: TimeDelta = TimeDelta::days(400);
pub(super) const HOURLY: TimeDelta = TimeDelta::days(60);

impl Domain {
    /// The assets that somebody wants and whose quotes are due.
    pub(crate) async fn due_quotes(&self) -> Result<Vec<Arc<Asset>>> {
        let (now, mut wanted) = (self.now(), self.wanted_assets().await?);
        let known = self.known_quotes(wanted.iter().map(|asset| asset.id).collect()).await?;
        wanted.retain(|asset| self.is_quote_due(asset, known.get(&asset.id), now));
        Ok(wanted)
    }

    /// Series in which a candle may have closed since they were brought up to date, with when each is to begin; those that
    /// have waited longest first, at most so many.
    pub(crate) async fn due_series(&self, most: usize) -> Result<Vec<(Arc<Asset>, Timeframe, DateTime<Utc>)>> {
        let now = self.now();
        let known: HashMap<(AssetId, Timeframe), DateTime<Utc>> = self
            .all_series()
            .await?
            .into_iter()
            .map(|series| ((series.asset_id, series.timeframe), series.fetched_at))
            .collect();
        let wanted: HashSet<AssetId> = self.wanted_assets().await?.into_iter().map(|asset| asset.id).collect();
        let mut due = Vec::new();
        for asset in self.known_assets().await?.by_symbol.values() {
            let Some(source) = self.source_of(asset) else { continue };
            for (timeframe, reach) in [(Timeframe::D1, DAILY), (Timeframe::H1, HOURLY)] {
                let is_wanted = timeframe == Timeframe::D1 || wanted.contains(&asset.id);
                let fetched_at = known.get(&(asset.id, timeframe)).copied();
                let is_behind = fetched_at.is_none_or(|at| at < bucket(timeframe, now));
                if is_wanted && is_behind && source.timeframes().contains(&timeframe) {
                    due.push((fetched_at, Arc::clone(asset), timeframe, bucket(Timeframe::D1, now - reach)));
                }
            }
        }
        due.sort_by_key(|(fetched_at, ..)| *fetched_at);
        due.truncate(most);
        Ok(due.into_iter().map(|(_, asset, timeframe, from)| (asset, timeframe, from)).collect())
    }

    /// Every series.
    pub(crate) async fn all_series(&self) -> Result<Vec<head::Model>> {
        #[expect(clippy::disallowed_methods, reason = "candles belong to no tenant")]
        let all = head::Entity::find();
        Ok(all.all(self.db().reader()).await?)
    }
}
