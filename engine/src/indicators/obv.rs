//! On-balance volume.

use super::Indicator;
use crate::Bar;

/// The volume of candles that closed higher less that of those that closed lower, begun with the first candle's volume.
/// First at candle 1 (TA-Lib's OBV).
#[derive(Clone, Debug, Default)]
pub struct Obv {
    value: f64,
    close: Option<f64>,
}

impl Indicator for Obv {
    type Value = f64;

    #[inline]
    fn next(&mut self, bar: &Bar) -> Option<f64> {
        let Some(before) = self.close.replace(bar.close) else {
            self.value = bar.volume;
            return Some(self.value);
        };
        // Without a branch: whether a candle rose is nothing that a processor can guess.
        let sign = f64::from(bar.close > before) - f64::from(bar.close < before);
        self.value += sign * bar.volume;
        Some(self.value)
    }
}
