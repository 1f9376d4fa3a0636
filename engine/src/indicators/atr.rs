//! The average true range.

use super::Indicator;
use super::ema::Ema;
use crate::Bar;

/// Wilder's average of the true range over `n` candles, in the price's unit. First at candle `n + 1` (TA-Lib's ATR).
#[derive(Clone, Debug)]
pub struct Atr {
    average: Ema,
    close: Option<f64>,
}

impl Atr {
    /// Over `n` candles, at least one.
    pub fn new(n: usize) -> Self {
        Self { average: Ema::wilder(n), close: None }
    }
}

impl Indicator for Atr {
    type Value = f64;

    #[inline]
    fn next(&mut self, bar: &Bar) -> Option<f64> {
        let before = self.close.replace(bar.close)?;
        self.average.push(bar.true_range(before))
    }
}
