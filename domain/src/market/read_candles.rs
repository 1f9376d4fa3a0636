//! Reading candles.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::asset::Model as Asset;
use super::candle::Candle;
use super::series::{head, row};
use super::{Timeframe, aggregate, bucket};
use crate::Domain;
use crate::error::{Fault, Result};
use crate::fixed::{Price, Quantity};
use crate::ids::AssetId;

/// The timeframes that the candles of this one can be made of, the largest first.
fn smaller(timeframe: Timeframe) -> &'static [Timeframe] {
    match timeframe {
        Timeframe::M1 => &[],
        Timeframe::M5 => &[Timeframe::M1],
        Timeframe::M15 => &[Timeframe::M5, Timeframe::M1],
        Timeframe::H1 => &[Timeframe::M15, Timeframe::M5, Timeframe::M1],
        Timeframe::H4 => &[Timeframe::H1],
        Timeframe::D1 => &[Timeframe::H4, Timeframe::H1],
        Timeframe::W1 => &[Timeframe::D1],
    }
}

/// A timeframe, and then those that its candles can be made of.
pub(super) fn itself_or_smaller(timeframe: Timeframe) -> impl Iterator<Item = Timeframe> {
    std::iter::once(timeframe).chain(smaller(timeframe).iter().copied())
}

/// The series of an asset that candles of a timeframe are read from: its own, else the one that they are made of.
pub(super) fn series_to_read(series: &[head::Model], timeframe: Timeframe) -> Option<&head::Model> {
    itself_or_smaller(timeframe).find_map(|part| series.iter().find(|series| series.timeframe == part))
}

impl Domain {
    /// The newest `limit` candles of an asset that opened at or after `from` and closed at or before `until`, ascending.
    ///
    /// Where none of this timeframe are stored they are made of smaller ones, as far as those reach.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn closed_candles(
        &self,
        asset: &Asset,
        timeframe: Timeframe,
        from: Option<DateTime<Utc>>,
        until: DateTime<Utc>,
        limit: usize,
    ) -> Result<Vec<Candle>> {
        let series = self.series_of(asset.id).await?;
        let Some(head) = series_to_read(&series, timeframe) else { return Ok(Vec::new()) };
        let part = head.timeframe;
        if part == timeframe {
            return self.stored_candles(timeframe, head.id, from, until, limit).await;
        }
        let parts = (timeframe.span().num_seconds() / part.span().num_seconds()).max(1);
        let parts = usize::try_from(parts).unwrap_or(1).saturating_mul(limit.saturating_add(1));
        // Only whole candles: from the beginning of the first, and to the end of the last.
        let from = from.map(|from| {
            let opens = bucket(timeframe, from);
            if opens < from { opens + timeframe.span() } else { opens }
        });
        let mut stored = self.stored_candles(part, head.id, from, until, parts).await?;
        let is_cut = stored.len() == parts;
        let reached = until.min(self.reach(asset, head, stored.last().map(|newest| newest.open_time + part.span())));
        // Hours of shares open at half past: the last of four hours closes after them.
        let is_aligned = stored.iter().all(|candle| bucket(part, candle.open_time) == candle.open_time);
        let end = bucket(timeframe, if is_aligned { reached } else { reached - part.span() });
        stored.retain(|candle| candle.open_time < end);
        let mut made = aggregate(&stored, timeframe);
        if is_cut && !made.is_empty() {
            made.remove(0);
        }
        Ok(made.split_off(made.len().saturating_sub(limit)))
    }

    /// Until when all candles of a series are known: until a source last answered, or the newest closed. From there to the
    /// next opening there are none.
    fn reach(&self, asset: &Asset, series: &head::Model, newest: Option<DateTime<Utc>>) -> DateTime<Utc> {
        let newest = newest.map(|closed| match self.market_status(asset, closed) {
            status if status.is_open => closed,
            status => status.next_change.unwrap_or(closed),
        });
        series.asked_at.max(newest).unwrap_or(DateTime::UNIX_EPOCH)
    }

    /// The series that an asset has.
    pub(super) async fn series_of(&self, asset: AssetId) -> Result<Vec<head::Model>> {
        #[expect(clippy::disallowed_methods, reason = "candles belong to no tenant")]
        let all = head::Entity::find();
        Ok(all.filter(head::Column::AssetId.eq(asset)).all(self.db().reader()).await?)
    }

    async fn stored_candles(
        &self,
        timeframe: Timeframe,
        series: i32,
        from: Option<DateTime<Utc>>,
        until: DateTime<Utc>,
        limit: usize,
    ) -> Result<Vec<Candle>> {
        let newest = (until - timeframe.span()).timestamp();
        #[expect(clippy::disallowed_methods, reason = "candles belong to no tenant")]
        let mut query = row::Entity::find()
            .select_only()
            .columns([
                row::Column::OpenTime,
                row::Column::Open,
                row::Column::High,
                row::Column::Low,
                row::Column::Close,
                row::Column::Volume,
            ])
            .filter(row::Column::Timeframe.eq(timeframe))
            .filter(row::Column::SeriesId.eq(series))
            .filter(row::Column::OpenTime.lte(newest));
        if let Some(from) = from {
            // A part of a second later is the next second.
            let first = from.timestamp() + i64::from(from.timestamp_subsec_nanos() > 0);
            query = query.filter(row::Column::OpenTime.gte(first));
        }
        let rows: Vec<(i64, Price, Price, Price, Price, Quantity)> =
            query.order_by_desc(row::Column::OpenTime).limit(limit as u64).into_tuple().all(self.db().reader()).await?;
        let candle = |&(open_time, open, high, low, close, volume): &(i64, _, _, _, _, _)| {
            let open_time = DateTime::from_timestamp(open_time, 0)?;
            Candle::new(open_time, open, high, low, close, volume).ok()
        };
        let candles: Option<Vec<Candle>> = rows.iter().rev().map(candle).collect();
        Ok(candles.ok_or_else(|| Fault::Bug(format!("series {series} holds a candle that breaks a rule")))?)
    }
}
