//! Moving average convergence and divergence.

use super::{Ema, Indicator};
use crate::Bar;

/// What MACD shows at one candle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MacdValue {
    /// The fast average less the slow one.
    pub macd: f64,
    /// The average of that.
    pub signal: f64,
    /// `macd − signal`: above zero where the fast average pulls away upward.
    pub histogram: f64,
}

/// `MACD(fast, slow, signal)`. Both averages begin at candle `slow` (so the fast one is seeded with the `fast` candles up
/// to there, as TA-Lib's is); first at candle `slow + signal − 1`.
#[derive(Clone, Debug)]
pub struct Macd {
    /// Candles that the fast average waits.
    waits: usize,
    fast: Ema,
    slow: Ema,
    signal: Ema,
}

impl Macd {
    /// Over so many candles, at least one each; the shorter of `fast` and `slow` is the fast one.
    pub fn new(fast: usize, slow: usize, signal: usize) -> Self {
        let (fast, slow) = (fast.min(slow).max(1), slow.max(fast).max(1));
        Self { waits: slow - fast, fast: Ema::new(fast), slow: Ema::new(slow), signal: Ema::new(signal) }
    }
}

impl Default for Macd {
    /// MACD(12, 26, 9).
    fn default() -> Self {
        Self::new(12, 26, 9)
    }
}

impl Indicator for Macd {
    type Value = MacdValue;

    #[inline]
    fn next(&mut self, bar: &Bar) -> Option<MacdValue> {
        let slow = self.slow.push(bar.close);
        if self.waits > 0 {
            self.waits -= 1;
            return None;
        }
        let fast = self.fast.push(bar.close);
        let macd = fast? - slow?;
        let signal = self.signal.push(macd)?;
        Some(MacdValue { macd, signal, histogram: macd - signal })
    }
}
