//! Where to get in and out, from ATR and the levels.

use super::{Reading, Side};

/// What is won at the target for what is lost at the stop, where no level is in the way.
const REWARD: f64 = 2.0;

/// The prices of a trade.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// Where to get in: the close of the candle.
    pub entry: f64,
    /// Where to take the profit.
    pub target: f64,
    /// Where to give up.
    pub stop: f64,
}

/// The plan for a side. The stop is `risk` ATR(14) away, or a quarter of ATR beyond the level that lies between half and
/// one and a half times as far; the target is twice as far as the stop, or a tenth of ATR before the level in the way, if
/// that is at least as far as the stop. None where the market does not move, or a price would not be above zero.
pub fn plan(now: &Reading, side: Side, risk: f64) -> Option<Plan> {
    let (atr, entry) = (now.movement()?, now.bar.close);
    let toward = if side == Side::Buy { 1.0 } else { -1.0 };
    let levels = now.levels;
    let (support, resistance) = (levels.and_then(|near| near.support), levels.and_then(|near| near.resistance));
    let (behind, ahead) = if side == Side::Buy { (support, resistance) } else { (resistance, support) };
    // How far away a price is, counted in the direction of the trade.
    let distance = |price: f64| (price - entry) * toward;

    let usual = risk * atr;
    let beyond = behind.map(|level| -distance(level.price)).filter(|far| (0.5 * usual..=1.5 * usual).contains(far));
    let loss = beyond.map_or(usual, |far| far + 0.25 * atr);
    let before = ahead.map(|level| distance(level.price) - 0.1 * atr);
    let gain = before.filter(|far| (loss..REWARD * loss).contains(far)).unwrap_or(REWARD * loss);
    let plan = Plan { entry, target: entry + toward * gain, stop: entry - toward * loss };
    (plan.target > 0.0 && plan.stop > 0.0).then_some(plan)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Bar;
    use crate::strategies::Analyst;

    fn reading(close: f64) -> Reading {
        let bar = |i: usize| {
            let close = close + (i % 2) as f64;
            Bar { open: close, high: close + 0.5, low: close - 0.5, close, volume: 1.0 }
        };
        *Analyst::of((0..41).map(bar)).newest().unwrap()
    }

    #[test]
    fn a_plan_risks_atr_for_twice_as_much_or_up_to_a_level() {
        let now = reading(100.0);
        let atr = now.atr.unwrap();
        let free = Reading { levels: None, ..now };
        for (side, toward) in [(Side::Buy, 1.0), (Side::Sell, -1.0)] {
            let plan = plan(&free, side, 1.5).unwrap();
            assert_eq!(plan.entry, 100.0);
            assert!((plan.stop - (100.0 - toward * 1.5 * atr)).abs() < 1e-9);
            assert!((plan.target - (100.0 + toward * 3.0 * atr)).abs() < 1e-9);
        }
        assert_eq!(plan(&reading(1.0), Side::Buy, 2.0), None, "a stop below zero is none");
    }
}
