//! The relative strength index.

use super::Indicator;
use super::ema::Ema;
use crate::Bar;

/// Wilder's RSI: `100 · gain / (gain + loss)`, both smoothed by Wilder over `n` steps; 0 where nothing moved. First at
/// candle `n + 1` (TA-Lib's RSI).
#[derive(Clone, Debug)]
pub struct Rsi {
    gain: Ema,
    loss: Ema,
    close: Option<f64>,
}

impl Rsi {
    /// Over `n` steps, at least one.
    pub fn new(n: usize) -> Self {
        Self { gain: Ema::wilder(n), loss: Ema::wilder(n), close: None }
    }
}

impl Indicator for Rsi {
    type Value = f64;

    #[inline]
    fn next(&mut self, bar: &Bar) -> Option<f64> {
        let step = bar.close - self.close.replace(bar.close)?;
        let (gain, loss) = (self.gain.push(step.max(0.0)), self.loss.push((-step).max(0.0)));
        let (gain, loss) = (gain?, loss?);
        let moved = gain + loss;
        Some(if moved < super::NOTHING { 0.0 } else { 100.0 * gain / moved })
    }
}
