//! The average directional index.

use super::{Indicator, NOTHING};
use crate::Bar;

/// Wilder's ADX over `n`: how much of the movement goes one way, 0 to 100, whichever way. First at candle `2n` (TA-Lib's
/// ADX).
///
/// Directional movement and true range are Wilder's sums: begun with `n − 1` candles, then `sum − sum / n + new`. DX is
/// `100 · |up − down| / (up + down)`, in which the true range cancels; a candle without movement leaves ADX as it is.
#[derive(Clone, Debug)]
pub struct Adx {
    n: usize,
    share: f64,
    rest: f64,
    before: Option<Bar>,
    steps: usize,
    up: f64,
    down: f64,
    range: f64,
    /// The sum of the first `n` DX, then ADX.
    value: f64,
}

impl Adx {
    /// Over `n` candles, at least two.
    pub fn new(n: usize) -> Self {
        let n = n.max(2);
        let share = 1.0 / n as f64;
        Self { n, share, rest: 1.0 - share, before: None, steps: 0, up: 0.0, down: 0.0, range: 0.0, value: 0.0 }
    }

    /// 100 times the share of the movement that went one way more than the other; none where nothing moved.
    #[inline]
    fn dx(&self) -> Option<f64> {
        let moved = self.up + self.down;
        // TA-Lib asks whether the sum of 100 · up / range and 100 · down / range is nothing.
        let is_nothing = self.range < NOTHING || moved * 100.0 < NOTHING * self.range;
        (!is_nothing).then(|| 100.0 * (self.up - self.down).abs() / moved)
    }
}

impl Indicator for Adx {
    type Value = f64;

    #[inline]
    fn next(&mut self, bar: &Bar) -> Option<f64> {
        let before = self.before.replace(*bar)?;
        let (rose, fell) = (bar.high - before.high, before.low - bar.low);
        let up = if rose > 0.0 && rose > fell { rose } else { 0.0 };
        let down = if fell > 0.0 && fell > rose { fell } else { 0.0 };
        let range = bar.true_range(before.close);
        // Counts no further than needed, so that a stream may be as long as it likes.
        self.steps = (self.steps + 1).min(2 * self.n);
        if self.steps < self.n {
            self.up += up;
            self.down += down;
            self.range += range;
            return None;
        }
        self.up = self.up * self.rest + up;
        self.down = self.down * self.rest + down;
        self.range = self.range * self.rest + range;
        if self.steps < 2 * self.n {
            self.value += self.dx().unwrap_or(0.0);
            if self.steps < 2 * self.n - 1 {
                return None;
            }
            self.value *= self.share;
        } else if let Some(dx) = self.dx() {
            self.value = self.value * self.rest + dx * self.share;
        }
        Some(self.value)
    }
}
