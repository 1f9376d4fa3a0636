//! What was computed of candles within the last five minutes, so that whoever asks next for the same need not wait for it
//! again.
//!
//! A key names the candles that it was computed of, by the first, the newest and how many there are, and when they were last
//! fetched: so what was computed before a candle came, or was corrected, is not found any more. Candles belong to no tenant,
//! and who may see them is asked before this is.

use std::sync::Arc;
use std::time::Duration;

use bellwether_engine::indicators::Line;
use bellwether_engine::strategies::Analyst;
use chrono::{DateTime, Utc};
use moka::future::Cache;

use crate::ids::AssetId;
use crate::market::{Candle, Timeframe};

/// How long what was computed is kept.
const KEPT: Duration = Duration::from_secs(300);
/// Analysts that are kept: about 15 KB each.
const ANALYSTS: u64 = 2_000;
/// Values of indicators that are kept: 16 bytes each.
const VALUES: u64 = 4_000_000;

/// Some candles of an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Stretch {
    asset: AssetId,
    timeframe: Timeframe,
    fetched_at: DateTime<Utc>,
    first: Option<DateTime<Utc>>,
    newest: Option<DateTime<Utc>>,
    count: usize,
}

impl Stretch {
    /// These candles, ascending, of a series last fetched then.
    pub(super) fn of(asset: AssetId, timeframe: Timeframe, fetched_at: DateTime<Utc>, candles: &[Candle]) -> Self {
        let open = |candle: &Candle| candle.open_time;
        let (first, newest) = (candles.first().map(open), candles.last().map(open));
        Self { asset, timeframe, fetched_at, first, newest, count: candles.len() }
    }
}

/// What was computed of late.
pub(crate) struct AnalysisCache {
    analysts: Cache<Stretch, Arc<Analyst>>,
    lines: Cache<(Stretch, String), Arc<Vec<Line>>>,
}

impl Default for AnalysisCache {
    fn default() -> Self {
        let size = |_: &(Stretch, String), lines: &Arc<Vec<Line>>| {
            let values: usize = lines.iter().map(|line| line.values.len()).sum();
            u32::try_from(values).unwrap_or(u32::MAX)
        };
        Self {
            analysts: Cache::builder().max_capacity(ANALYSTS).time_to_live(KEPT).build(),
            lines: Cache::builder().max_capacity(VALUES).weigher(size).time_to_live(KEPT).build(),
        }
    }
}

impl AnalysisCache {
    /// The analyst that has seen these candles; of those who ask at once one makes it.
    pub(super) async fn analyst(&self, stretch: Stretch, make: impl FnOnce() -> Analyst) -> Arc<Analyst> {
        self.analysts.get_with(stretch, async { Arc::new(make()) }).await
    }

    /// An indicator over these candles, if it was computed.
    pub(super) async fn lines(&self, stretch: Stretch, label: &str) -> Option<Arc<Vec<Line>>> {
        self.lines.get(&(stretch, label.to_owned())).await
    }

    /// Keeps an indicator over these candles.
    pub(super) async fn keep_lines(&self, stretch: Stretch, label: &str, lines: &Arc<Vec<Line>>) {
        self.lines.insert((stretch, label.to_owned()), Arc::clone(lines)).await;
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::fixed::{Price, Quantity};
    use crate::ids::Id;

    fn candles(count: i64) -> Vec<Candle> {
        let one = Price::from_int(1).unwrap();
        let at = |hour| DateTime::UNIX_EPOCH + TimeDelta::hours(hour);
        (0..count).map(|hour| Candle::new(at(hour), one, one, one, one, Quantity::ZERO).unwrap()).collect()
    }

    #[tokio::test]
    async fn each_is_made_once_for_the_same_candles_and_anew_for_others() {
        let (cache, mut made) = (AnalysisCache::default(), 0);
        let asset = |n: u128| AssetId::from_uuid(uuid::Uuid::from_u128(n));
        let (then, all) = (DateTime::UNIX_EPOCH, candles(3));
        let stretch = Stretch::of(asset(1), Timeframe::H1, then, &all);
        let others = [
            ("another newest candle", Stretch::of(asset(1), Timeframe::H1, then, &candles(4))),
            ("fewer of them", Stretch::of(asset(1), Timeframe::H1, then, &all[1..])),
            ("fetched again", Stretch::of(asset(1), Timeframe::H1, then + TimeDelta::seconds(1), &all)),
            ("another asset", Stretch::of(asset(2), Timeframe::H1, then, &all)),
            ("another timeframe", Stretch::of(asset(1), Timeframe::H4, then, &all)),
        ];
        for _ in 0..3 {
            cache
                .analyst(stretch, || {
                    made += 1;
                    Analyst::default()
                })
                .await;
        }
        assert_eq!(made, 1);
        cache.keep_lines(stretch, "RSI(14)", &Arc::new(Vec::new())).await;
        assert!(cache.lines(stretch, "RSI(14)").await.is_some() && cache.lines(stretch, "RSI(9)").await.is_none());
        for (expected, (what, other)) in (2..).zip(others) {
            assert!(cache.lines(other, "RSI(14)").await.is_none(), "{what}");
            cache
                .analyst(other, || {
                    made += 1;
                    Analyst::default()
                })
                .await;
            assert_eq!(made, expected, "{what}");
        }
    }
}
