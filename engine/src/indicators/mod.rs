//! Indicators. Definitions and warm-up are those of TA-Lib wherever it has the indicator.

mod adx;
mod atr;
mod bollinger;
mod ema;
mod kind;
mod levels;
mod macd;
mod obv;
mod rsi;
mod sma;
mod stochastic;
mod volume;
mod vwap;
mod window;

pub use adx::Adx;
pub use atr::Atr;
pub use bollinger::{Bands, Bollinger};
pub use ema::Ema;
pub use kind::{Kind, KindError, Line, Parameters};
pub use levels::{Level, Levels, Nearest};
pub use macd::{Macd, MacdValue};
pub use obv::Obv;
pub use rsi::Rsi;
pub use sma::Sma;
pub use stochastic::{Stochastic, StochasticValue};
pub use volume::VolumeAverage;
pub use vwap::Vwap;
pub use window::Highest;

use crate::Bar;

/// What TA-Lib takes for zero (its `TA_EPSILON`).
const NOTHING: f64 = 1e-14;

/// Something that is computed from candle to candle.
pub trait Indicator {
    /// What it shows at one candle.
    type Value: Copy;

    /// What it shows at the next candle; none while it warms up. Once there is a value, every further candle has one.
    fn next(&mut self, bar: &Bar) -> Option<Self::Value>;
}

/// The values of an indicator over a series of candles, oldest first, from the first that it has: it is none for the
/// `bars.len() - values.len()` candles before.
pub fn series<I: Indicator>(mut indicator: I, bars: &[Bar]) -> Vec<I::Value> {
    let mut values = Vec::new();
    let mut bars = bars.iter();
    let Some(first) = bars.find_map(|bar| indicator.next(bar)) else { return values };
    values.reserve_exact(bars.len() + 1);
    values.push(first);
    // Every further candle has a value: so many that the loop need not ask for room.
    let mut last = first;
    values.extend(bars.map(|bar| {
        last = indicator.next(bar).unwrap_or(last);
        last
    }));
    values
}
