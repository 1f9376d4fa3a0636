//! A candle that cannot be wrong, and the making of a series out of what a source sent.

use chrono::{DateTime, Timelike, Utc};

use crate::clock::is_storable;
use crate::fixed::{Price, Quantity};

/// What an asset's price did in one span of time.
///
/// `low <= open, close <= high`, all above zero; the volume is not below it. Only [`Candle::new`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Candle {
    /// When the span began. Of a daily candle midnight UTC of the trading day, of a weekly one that of its Monday.
    pub open_time: DateTime<Utc>,
    /// The first price.
    pub open: Price,
    /// The highest price.
    pub high: Price,
    /// The lowest price.
    pub low: Price,
    /// The last price.
    pub close: Price,
    /// How much was traded, in units of the asset; nothing where the source does not say.
    pub volume: Quantity,
}

/// Which rule a candle breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CandleError {
    /// A part is missing.
    #[error("open, high, low and close must all be there")]
    Incomplete,
    /// A price is not one.
    #[error("prices must be above zero")]
    NotPositive,
    /// The high is not the highest.
    #[error("the high must not be below the open, the close or the low")]
    HighTooLow,
    /// The low is not the lowest.
    #[error("the low must not be above the open or the close")]
    LowTooHigh,
    /// Less than nothing was traded.
    #[error("the volume must not be below zero")]
    NegativeVolume,
    /// The time is not one that a candle opens at.
    #[error("a candle opens at a whole second of the years 1 to 9999")]
    Time,
}

impl Candle {
    /// A candle, if it keeps the rules.
    ///
    /// # Errors
    /// The first rule it breaks.
    pub fn new(
        open_time: DateTime<Utc>,
        open: Price,
        high: Price,
        low: Price,
        close: Price,
        volume: Quantity,
    ) -> Result<Self, CandleError> {
        if !is_storable(open_time) || open_time.nanosecond() != 0 {
            return Err(CandleError::Time);
        }
        if [open, high, low, close].iter().any(|price| !price.is_positive()) {
            return Err(CandleError::NotPositive);
        }
        if high < open || high < close || high < low {
            return Err(CandleError::HighTooLow);
        }
        if low > open || low > close {
            return Err(CandleError::LowTooHigh);
        }
        if volume < Quantity::ZERO {
            return Err(CandleError::NegativeVolume);
        }
        Ok(Self { open_time, open, high, low, close, volume })
    }
}

/// A candle as a source sent it: parts of it may be missing or wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawCandle {
    /// When the span began.
    pub open_time: DateTime<Utc>,
    /// The first price.
    pub open: Option<Price>,
    /// The highest price.
    pub high: Option<Price>,
    /// The lowest price.
    pub low: Option<Price>,
    /// The last price.
    pub close: Option<Price>,
    /// How much was traded; none counts as nothing.
    pub volume: Option<Quantity>,
}

impl TryFrom<RawCandle> for Candle {
    type Error = CandleError;

    fn try_from(raw: RawCandle) -> Result<Self, CandleError> {
        let (Some(open), Some(high), Some(low), Some(close)) = (raw.open, raw.high, raw.low, raw.close) else {
            return Err(CandleError::Incomplete);
        };
        Self::new(raw.open_time, open, high, low, close, raw.volume.unwrap_or(Quantity::ZERO))
    }
}

/// A series, and how many candles were refused on the way to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tidied {
    /// Ascending, without duplicates.
    pub candles: Vec<Candle>,
    /// How many broke a rule.
    pub refused: u64,
}

impl From<Vec<Candle>> for Tidied {
    /// Sorts, and keeps the last of those that open at the same time.
    fn from(mut candles: Vec<Candle>) -> Self {
        // The sort is stable: of equals the last is still last, and reversed the first, which is the one that stays.
        candles.sort_by_key(|candle| candle.open_time);
        candles.reverse();
        candles.dedup_by_key(|candle| candle.open_time);
        candles.reverse();
        Self { candles, refused: 0 }
    }
}

/// Makes a series of what a source sent: ascending, without duplicates, only what keeps the rules. A candle of which all
/// is missing is a gap, and no more refused than one that was never sent.
pub fn tidy(raw: impl IntoIterator<Item = RawCandle>) -> Tidied {
    let (mut candles, mut refused) = (Vec::new(), 0);
    for raw in raw {
        if raw.open.is_none() && raw.high.is_none() && raw.low.is_none() && raw.close.is_none() {
            continue;
        }
        match Candle::try_from(raw) {
            Ok(candle) => candles.push(candle),
            Err(_) => refused += 1,
        }
    }
    Tidied { refused, ..Tidied::from(candles) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    fn raw(second: i64, prices: [Option<i64>; 4], volume: Option<i64>) -> RawCandle {
        let [open, high, low, close] = prices.map(|price| price.map(Price::from_raw));
        RawCandle { open_time: at(second), open, high, low, close, volume: volume.map(Quantity::from_raw) }
    }

    #[test]
    fn a_candle_keeps_its_rules() {
        let new = |o: &str, h: &str, l: &str, c: &str, v: &str| {
            Candle::new(at(0), price(o), price(h), price(l), price(c), v.parse().unwrap()).map(drop)
        };
        assert_eq!(new("10", "12", "9", "11", "5"), Ok(()));
        assert_eq!(new("10", "10", "10", "10", "0"), Ok(()), "a price that did not move");
        assert_eq!(new("0", "12", "9", "11", "5"), Err(CandleError::NotPositive));
        assert_eq!(new("10", "12", "-1", "11", "5"), Err(CandleError::NotPositive));
        assert_eq!(new("10", "10.5", "9", "11", "5"), Err(CandleError::HighTooLow));
        assert_eq!(new("13", "12", "9", "11", "5"), Err(CandleError::HighTooLow));
        assert_eq!(new("10", "12", "10.5", "11", "5"), Err(CandleError::LowTooHigh));
        assert_eq!(new("10", "12", "9", "11", "-5"), Err(CandleError::NegativeVolume));
        let one = price("1");
        let odd = at(0) + chrono::TimeDelta::milliseconds(1);
        assert_eq!(Candle::new(odd, one, one, one, one, Quantity::ZERO), Err(CandleError::Time));
    }

    #[test]
    fn what_a_source_sent_becomes_a_series() {
        let good = [Some(10), Some(12), Some(9), Some(11)];
        let tidied = tidy([
            raw(60, good, None),
            raw(0, good, Some(5)),
            raw(120, [None; 4], None),
            raw(180, [Some(10), None, Some(9), Some(11)], Some(1)),
            raw(240, [Some(10), Some(9), Some(9), Some(11)], Some(1)),
            raw(60, [Some(10), Some(13), Some(9), Some(11)], Some(7)),
        ]);
        assert_eq!(tidied.refused, 2, "the one without a high, and the one whose high is too low");
        let opened: Vec<i64> = tidied.candles.iter().map(|candle| candle.open_time.timestamp()).collect();
        assert_eq!(opened, [0, 60]);
        assert_eq!(tidied.candles[1].high, Price::from_raw(13), "the later of two stays");
    }

    proptest! {
        #[test]
        fn a_series_is_always_ascending_and_keeps_the_rules(
            sent in prop::collection::vec((0_i64..50, prop::array::uniform4(prop::option::of(-2_i64..20)), prop::option::of(-2_i64..20)), 0..80)
        ) {
            let sent: Vec<RawCandle> = sent.into_iter().map(|(second, prices, volume)| raw(second, prices, volume)).collect();
            let tidied = tidy(sent.clone());
            prop_assert!(tidied.candles.windows(2).all(|pair| pair[0].open_time < pair[1].open_time));
            for candle in &tidied.candles {
                prop_assert!(candle.low.is_positive() && candle.volume >= Quantity::ZERO);
                prop_assert!(candle.low <= candle.open.min(candle.close) && candle.high >= candle.open.max(candle.close));
            }
            prop_assert!(tidied.candles.len() as u64 + tidied.refused <= sent.len() as u64);
        }
    }
}
