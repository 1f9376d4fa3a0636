//! What is to be asked for now.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::EntityTrait;

use super::asset::Model as Asset;
use super::refresh::asked_from;
use super::series::head;
use super::{Timeframe, bucket};
use crate::Domain;
use crate::error::Result;
use crate::ids::AssetId;

/// How far back the daily candles of every asset go, and the hourly ones of those that are wanted.
pub(super) const DAILY: TimeDelta = TimeDelta::days(400);
pub(super) const HOURLY: TimeDelta = TimeDelta::days(60);

impl Domain {
    /// The assets that somebody wants and whose quotes are due, those first that were asked for longest ago: where time
    /// runs out, or a source takes no more questions, before the last of them, it is their turn the next time.
    pub(crate) async fn due_quotes(&self) -> Result<Vec<Arc<Asset>>> {
        let (now, mut wanted) = (self.now(), self.wanted_assets().await?);
        let known = self.known_quotes(wanted.iter().map(|asset| asset.id).collect()).await?;
        let asked_at = |asset: &Asset| self.asked().at((asset.id, None));
        // One that did not answer is asked again no sooner than one that did.
        let is_soon = |asset: &Asset| {
            let source = self.source_of(asset);
            asked_at(asset).zip(source).is_some_and(|(at, source)| now - at < source.refresh_after())
        };
        wanted.retain(|asset| !is_soon(asset) && self.is_quote_due(asset, known.get(&asset.id), now));
        wanted
            .sort_by_cached_key(|asset| asked_at(asset).or_else(|| known.get(&asset.id).map(|quote| quote.fetched_at)));
        Ok(wanted)
    }

    /// Series in which a candle may have closed since a source was asked for them, with when each is to begin; those that
    /// have waited longest first, at most so many.
    pub(crate) async fn due_series(&self, most: usize) -> Result<Vec<(Arc<Asset>, Timeframe, DateTime<Utc>)>> {
        let now = self.now();
        let known: HashMap<(AssetId, Timeframe), head::Model> =
            self.all_series().await?.into_iter().map(|series| ((series.asset_id, series.timeframe), series)).collect();
        let wanted: HashSet<AssetId> = self.wanted_assets().await?.into_iter().map(|asset| asset.id).collect();
        let mut due = Vec::new();
        for asset in self.known_assets().await?.by_symbol.values() {
            let Some(source) = self.source_of(asset) else { continue };
            for (timeframe, reach) in [(Timeframe::D1, DAILY), (Timeframe::H1, HOURLY)] {
                let is_wanted = timeframe == Timeframe::D1 || wanted.contains(&asset.id);
                let (question, from) = ((asset.id, Some(timeframe)), bucket(Timeframe::D1, now - reach));
                let series = known.get(&(asset.id, timeframe));
                let asked_at = series.and_then(|series| series.asked_at);
                let is_behind = asked_at.is_none_or(|at| at < bucket(timeframe, now));
                // What there was none of is what would be asked for, not all that is kept.
                let is_had = source.timeframes().contains(&timeframe)
                    && asked_from(source.name(), series, timeframe, from, now)
                        .is_some_and(|wanted| !self.asked().had_nothing(question, wanted, now));
                if is_wanted && is_behind && is_had {
                    due.push((self.asked().at(question).max(asked_at), Arc::clone(asset), timeframe, from));
                }
            }
        }
        due.sort_by_key(|(asked_at, ..)| *asked_at);
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
