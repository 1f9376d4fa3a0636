//! Larger candles out of smaller ones.

use chrono::{DateTime, TimeDelta, Utc};

use super::candle::Candle;
use super::Timeframe;
use crate::fixed::Quantity;

/// Seconds from Thursday, 1 January 1970, to the Monday after it.
const FIRST_MONDAY: i64 = 4 * 86_400;

/// When the candle of this timeframe opens that a moment is in: multiples of its span since 1970; weeks begin on Mondays.
pub fn bucket(timeframe: Timeframe, at: DateTime<Utc>) -> DateTime<Utc> {
    let span = timeframe.span().num_seconds();
    let shift = if timeframe == Timeframe::W1 { FIRST_MONDAY } else { 0 };
    let into = (at.timestamp() - shift).rem_euclid(span);
    at - TimeDelta::seconds(into) - TimeDelta::nanoseconds(at.timestamp_subsec_nanos().into())
}

/// The candles of a larger timeframe that these make up: the first open, the highest high, the lowest low, the last close
/// and the sum of the volumes (at most what a quantity holds) of each.
///
/// The first and the last of them may be of a part of their span: whoever asks knows whether they are.
pub fn aggregate(candles: &[Candle], timeframe: Timeframe) -> Vec<Candle> {
    let mut made: Vec<Candle> = Vec::new();
    for candle in candles {
        let open_time = bucket(timeframe, candle.open_time);
        match made.last_mut() {
            Some(last) if last.open_time == open_time => {
                last.high = last.high.max(candle.high);
                last.low = last.low.min(candle.low);
                last.close = candle.close;
                last.volume = last.volume.checked_add(candle.volume).unwrap_or(Quantity::MAX);
            }
            _ => made.push(Candle { open_time, ..*candle }),
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixed::Price;

    fn at(time: &str) -> DateTime<Utc> {
        time.parse().unwrap()
    }

    #[test]
    fn a_bucket_begins_at_a_round_time() {
        for (timeframe, time, opens) in [
            (Timeframe::M5, "2026-11-22T10:14:59.5Z", "2026-11-22T10:10:00Z"),
            (Timeframe::H4, "2026-11-22T11:30:00Z", "2026-11-22T08:00:00Z"),
            (Timeframe::D1, "2026-11-22T23:59:59Z", "2026-11-22T00:00:00Z"),
            (Timeframe::W1, "2026-11-22T10:00:00Z", "2026-11-16T00:00:00Z"),
            (Timeframe::W1, "2026-11-23T00:00:00Z", "2026-11-23T00:00:00Z"),
            (Timeframe::D1, "1969-12-31T23:00:00Z", "1969-12-31T00:00:00Z"),
        ] {
            assert_eq!(bucket(timeframe, at(time)), at(opens), "{timeframe} {time}");
        }
    }

    #[test]
    fn a_week_is_made_of_its_days() {
        let day = |day: &str, prices: [i64; 4], volume: i64| {
            let [open, high, low, close] = prices.map(Price::from_raw);
            Candle::new(at(&format!("2026-11-{day}T00:00:00Z")), open, high, low, close, Quantity::from_raw(volume)).unwrap()
        };
        let days = [
            day("13", [5, 6, 4, 5], 1),
            day("16", [10, 12, 9, 11], 3),
            day("18", [11, 15, 11, 14], 4),
            day("20", [14, 14, 7, 8], 5),
            day("23", [8, 9, 8, 9], 1),
        ];
        let weeks = aggregate(&days, Timeframe::W1);
        assert_eq!(weeks.len(), 3);
        let [open, high, low, close] = [10, 15, 7, 8].map(Price::from_raw);
        let whole = Candle::new(at("2026-11-16T00:00:00Z"), open, high, low, close, Quantity::from_raw(12)).unwrap();
        assert_eq!(weeks[1], whole);
        assert!(aggregate(&[], Timeframe::W1).is_empty());
    }
}
