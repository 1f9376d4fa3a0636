//! The stochastic oscillator.

use super::{Highest, Indicator, Sma};
use crate::Bar;

/// What the stochastic shows at one candle, 0 to 100 each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StochasticValue {
    /// Where the close lies in the span of the last candles, smoothed.
    pub k: f64,
    /// The average of that.
    pub d: f64,
}

/// Lane's slow stochastic: `100 · (close − lowest) / (highest − lowest)` of the last `span` candles, 0 where they have no
/// span; its simple average over `smooth` is K, and K's over `signal` is D. First at candle `span + smooth + signal − 2`
/// (TA-Lib's STOCH).
#[derive(Clone, Debug)]
pub struct Stochastic {
    highest: Highest,
    /// Of the lows, negated.
    lowest: Highest,
    k: Sma,
    d: Sma,
}

impl Stochastic {
    /// Over so many candles, at least one each.
    pub fn new(span: usize, smooth: usize, signal: usize) -> Self {
        Self { highest: Highest::new(span), lowest: Highest::new(span), k: Sma::new(smooth), d: Sma::new(signal) }
    }
}

impl Default for Stochastic {
    /// STOCH(5, 3, 3).
    fn default() -> Self {
        Self::new(5, 3, 3)
    }
}

impl Indicator for Stochastic {
    type Value = StochasticValue;

    #[inline]
    fn next(&mut self, bar: &Bar) -> Option<StochasticValue> {
        let (highest, lowest) = (self.highest.push(bar.high), self.lowest.push(-bar.low));
        let (highest, lowest) = (highest?, -lowest?);
        let span = highest - lowest;
        let raw = if span > 0.0 { 100.0 * (bar.close - lowest) / span } else { 0.0 };
        let k = self.k.push(raw)?;
        Some(StochasticValue { k, d: self.d.push(k)? })
    }
}
