//! The average volume.

use super::Indicator;
use super::window::{Ring, RollingSum};
use crate::Bar;

/// The mean volume of the last `n` candles. First at candle `n`.
///
/// Where none of them has a volume it is 0 to the bit, so that what rounding leaves behind is not taken for volume.
#[derive(Clone, Debug)]
pub struct VolumeAverage {
    sum: RollingSum,
    /// 1 for each candle that has a volume.
    traded: Ring,
    count: f64,
    share: f64,
}

impl VolumeAverage {
    /// Over `n` candles, at least one.
    pub fn new(n: usize) -> Self {
        let n = n.max(1);
        Self { sum: RollingSum::new(n), traded: Ring::new(n, 0.0), count: 0.0, share: 1.0 / n as f64 }
    }
}

impl Indicator for VolumeAverage {
    type Value = f64;

    #[inline]
    fn next(&mut self, bar: &Bar) -> Option<f64> {
        let is_traded = f64::from(bar.volume > 0.0);
        self.count += is_traded - self.traded.replace(is_traded);
        let sum = self.sum.push(bar.volume)?;
        Some(if self.count > 0.0 { sum.max(0.0) * self.share } else { 0.0 })
    }
}
