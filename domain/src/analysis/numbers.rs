//! Between the exact numbers of the business and those of the mathematics.

use bellwether_engine::Bar;

use crate::fixed::Price;
use crate::market::Candle;

/// Smallest units of a price in one.
const UNITS: f64 = 1e8;

/// The candle for the mathematics.
pub(super) fn bar(candle: &Candle) -> Bar {
    Bar {
        open: float(candle.open),
        high: float(candle.high),
        low: float(candle.low),
        close: float(candle.close),
        // A quantity has as many decimals as a price.
        volume: candle.volume.raw() as f64 / UNITS,
    }
}

fn float(price: Price) -> f64 {
    price.raw() as f64 / UNITS
}

/// The multiple of the tick that is nearest; none where that is not above zero or too large.
pub(super) fn to_tick(price: f64, tick: Price) -> Option<Price> {
    let tick = tick.raw().max(1);
    let ticks = (price * UNITS / tick as f64).round();
    // Beyond 2^53 neighbouring whole numbers are one float: no price is that large.
    if !(1.0..9e15).contains(&ticks) {
        return None;
    }
    (ticks as i64).checked_mul(tick).map(Price::from_raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_rounded_to_ticks() {
        let tick = |text: &str| text.parse::<Price>().unwrap();
        for (price, step, expected) in [
            (189.5049, "0.01", Some("189.5")),
            (189.505_1, "0.01", Some("189.51")),
            (540.37, "0.1", Some("540.4")),
            (0.000_423_4, "0.00000001", Some("0.0004234")),
            (0.004, "0.01", None),
            (-1.0, "0.01", None),
            (f64::NAN, "0.01", None),
            (1e300, "0.01", None),
        ] {
            assert_eq!(to_tick(price, tick(step)), expected.map(tick), "{price} in steps of {step}");
        }
    }
}
