//! Bollinger bands.

use super::Indicator;
use super::window::{Ring, sum_of};
use crate::Bar;

/// The bands at one candle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bands {
    /// The mean plus so many deviations.
    pub upper: f64,
    /// The mean of the closes.
    pub middle: f64,
    /// The mean less so many deviations.
    pub lower: f64,
}

impl Bands {
    /// How far the bands are apart, as a share of the middle.
    pub fn width(&self) -> f64 {
        (self.upper - self.lower) / self.middle
    }
}

/// The mean of the last `n` closes and `deviations` population deviations on either side. First at candle `n` (TA-Lib's
/// BBANDS with a simple average).
///
/// Sums are of the distance to a close nearby (the last one of every `n`), so that a small deviation of a large price is
/// not lost in rounding.
#[derive(Clone, Debug)]
pub struct Bollinger {
    ring: Ring,
    missing: usize,
    share: f64,
    deviations: f64,
    near: f64,
    sum: f64,
    squares: f64,
}

impl Bollinger {
    /// Over `n` candles, at least one.
    pub fn new(n: usize, deviations: f64) -> Self {
        let n = n.max(1);
        let ring = Ring::new(n, 0.0);
        Self { ring, missing: n, share: 1.0 / n as f64, deviations, near: 0.0, sum: 0.0, squares: 0.0 }
    }
}

impl Default for Bollinger {
    /// BBANDS(20, 2).
    fn default() -> Self {
        Self::new(20, 2.0)
    }
}

impl Indicator for Bollinger {
    type Value = Bands;

    #[inline]
    fn next(&mut self, bar: &Bar) -> Option<Bands> {
        let oldest = self.ring.replace(bar.close);
        if self.ring.is_at_start() {
            let near = bar.close;
            self.near = near;
            self.sum = sum_of(self.ring.as_slice(), |close| close - near);
            self.squares = sum_of(self.ring.as_slice(), |close| (close - near) * (close - near));
        } else {
            let (new, old) = (bar.close - self.near, oldest - self.near);
            self.sum += new - old;
            self.squares += new * new - old * old;
        }
        self.missing = self.missing.saturating_sub(1);
        if self.missing > 0 {
            return None;
        }
        let mean = self.sum * self.share;
        let deviation = (self.squares * self.share - mean * mean).max(0.0).sqrt();
        let (middle, reach) = (self.near + mean, self.deviations * deviation);
        Some(Bands { upper: middle + reach, middle, lower: middle - reach })
    }
}
