//! The volume-weighted average price.

use super::Indicator;
use super::window::{Ring, sum_of};
use crate::Bar;

/// The mean typical price of the last `n` candles, each weighing as much as its volume; where none of them has a volume
/// they weigh the same. First at candle `n`. Rolling, so that it means the same in markets that never close.
#[derive(Clone, Debug)]
pub struct Vwap {
    volumes: Ring,
    /// Typical price times volume.
    values: Ring,
    prices: Ring,
    missing: usize,
}

impl Vwap {
    /// Over `n` candles, at least one.
    pub fn new(n: usize) -> Self {
        let ring = Ring::new(n, 0.0);
        Self { missing: ring.len(), volumes: ring.clone(), values: ring.clone(), prices: ring }
    }
}

impl Indicator for Vwap {
    type Value = f64;

    #[inline]
    fn next(&mut self, bar: &Bar) -> Option<f64> {
        let price = bar.typical();
        self.prices.replace(price);
        self.volumes.replace(bar.volume);
        self.values.replace(price * bar.volume);
        self.missing = self.missing.saturating_sub(1);
        if self.missing > 0 {
            return None;
        }
        let volume = sum_of(self.volumes.as_slice(), |volume| volume);
        Some(if volume > 0.0 {
            sum_of(self.values.as_slice(), |value| value) / volume
        } else {
            sum_of(self.prices.as_slice(), |price| price) / self.prices.len() as f64
        })
    }
}
