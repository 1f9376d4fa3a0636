//! The average volume.

use super::Indicator;
use super::window::{Ring, sum_of};
use crate::Bar;

/// The mean volume of the last `n` candles. First at candle `n`.
///
/// Added up anew at each candle: volumes differ by so much that what a large one leaves behind in a carried sum would
/// look like volume.
#[derive(Clone, Debug)]
pub struct VolumeAverage {
    ring: Ring,
    missing: usize,
    share: f64,
}

impl VolumeAverage {
    /// Over `n` candles, at least one.
    pub fn new(n: usize) -> Self {
        let n = n.max(1);
        Self { ring: Ring::new(n, 0.0), missing: n, share: 1.0 / n as f64 }
    }
}

impl Indicator for VolumeAverage {
    type Value = f64;

    #[inline]
    fn next(&mut self, bar: &Bar) -> Option<f64> {
        self.ring.replace(bar.volume);
        self.missing = self.missing.saturating_sub(1);
        (self.missing == 0).then(|| sum_of(self.ring.as_slice(), |volume| volume) * self.share)
    }
}
