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
        self.value += match self.close.replace(bar.close) {
            None => bar.volume,
            Some(before) if bar.close > before => bar.volume,
            Some(before) if bar.close < before => -bar.volume,
            Some(_) => 0.0,
        };
        Some(self.value)
    }
}
