//! The exponential moving average, and Wilder's.

use super::Indicator;
use crate::Bar;

/// `EMA = k · x + (1 − k) · EMA before`, begun with the mean of the first `n` numbers. First at candle `n` (TA-Lib's EMA).
#[derive(Clone, Debug)]
pub struct Ema {
    k: f64,
    rest: f64,
    n: usize,
    seen: usize,
    /// The sum of the first numbers, then the average.
    value: f64,
}

impl Ema {
    /// Over `n` candles, at least one: `k = 2 / (n + 1)`.
    pub fn new(n: usize) -> Self {
        let n = n.max(1);
        Self::with_weight(n, 2.0 / (n as f64 + 1.0))
    }

    /// Wilder's smoothing over `n`: `k = 1 / n`.
    pub(super) fn wilder(n: usize) -> Self {
        let n = n.max(1);
        Self::with_weight(n, 1.0 / n as f64)
    }

    fn with_weight(n: usize, k: f64) -> Self {
        Self { k, rest: 1.0 - k, n, seen: 0, value: 0.0 }
    }

    /// The average with this number; none until there are `n`.
    #[inline]
    pub fn push(&mut self, value: f64) -> Option<f64> {
        if self.seen >= self.n {
            self.value = value * self.k + self.value * self.rest;
            return Some(self.value);
        }
        self.seen += 1;
        self.value += value;
        if self.seen < self.n {
            return None;
        }
        self.value /= self.n as f64;
        Some(self.value)
    }
}

impl Indicator for Ema {
    type Value = f64;

    #[inline]
    fn next(&mut self, bar: &Bar) -> Option<f64> {
        self.push(bar.close)
    }
}
