//! The simple moving average.

use super::Indicator;
use super::window::RollingSum;
use crate::Bar;

/// The mean of the last `n` closes. First at candle `n` (TA-Lib's SMA).
#[derive(Clone, Debug)]
pub struct Sma {
    sum: RollingSum,
    share: f64,
}

impl Sma {
    /// Over `n` candles, at least one.
    pub fn new(n: usize) -> Self {
        let n = n.max(1);
        Self { sum: RollingSum::new(n), share: 1.0 / n as f64 }
    }

    /// The mean of the last `n` numbers with this one.
    #[inline]
    pub fn push(&mut self, value: f64) -> Option<f64> {
        Some(self.sum.push(value)? * self.share)
    }
}

impl Indicator for Sma {
    type Value = f64;

    #[inline]
    fn next(&mut self, bar: &Bar) -> Option<f64> {
        self.push(bar.close)
    }
}
