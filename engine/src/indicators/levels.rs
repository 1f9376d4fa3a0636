//! Support and resistance.

use super::{Atr, Indicator};
use crate::Bar;

/// Candles on either side that a pivot stands out from.
const WING: usize = 3;
/// Candles after its last touch for which a level counts.
const MEMORY: u64 = 120;
/// A pivot belongs to a level that is no further away than this many ATR.
const REACH: f64 = 0.5;
/// Levels that are kept at most: the longest untouched goes first.
const MOST: usize = 32;

/// A price at which the market turned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// The mean of the pivots.
    pub price: f64,
    /// How many pivots it is made of.
    pub touches: u32,
    /// Which candle its last pivot was, from 1.
    last_touch: u64,
}

/// The levels next to the close at one candle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nearest {
    /// The highest level at or below the close; none where there is none.
    pub support: Option<Level>,
    /// The lowest level above the close; none where there is none.
    pub resistance: Option<Level>,
}

/// Levels of support and resistance. A pivot is a candle whose high is above that of the three before and not below that
/// of the three after, or whose low is so the other way round; it is known three candles later. A pivot within half an
/// ATR(14) of a level joins it, the nearest first, and moves it to the mean of its pivots; any other begins one. A level
/// is forgotten 120 candles after its last touch. What was resistance and lies below the close now is support. First at
/// candle 15.
#[derive(Clone, Debug)]
pub struct Levels {
    atr: Atr,
    seen: u64,
    highs: [f64; 2 * WING + 1],
    /// Negated, so that a low that stands out is the highest too.
    lows: [f64; 2 * WING + 1],
    levels: Vec<Level>,
}

impl Default for Levels {
    fn default() -> Self {
        Self {
            atr: Atr::new(14),
            seen: 0,
            highs: [f64::INFINITY; 2 * WING + 1],
            lows: [f64::INFINITY; 2 * WING + 1],
            levels: Vec::new(),
        }
    }
}

impl Levels {
    /// All levels that count now, in no order.
    pub fn all(&self) -> impl Iterator<Item = &Level> {
        self.levels.iter().filter(|level| self.seen - level.last_touch <= MEMORY)
    }

    fn touch(&mut self, pivot: f64, atr: f64) {
        let seen = self.seen;
        self.levels.retain(|level| seen - level.last_touch <= MEMORY);
        let distance = |level: &Level| (level.price - pivot).abs();
        let nearest = self.levels.iter_mut().min_by(|a, b| distance(a).total_cmp(&distance(b)));
        let last_touch = self.seen - WING as u64;
        match nearest {
            Some(level) if distance(level) <= REACH * atr => {
                level.price += (pivot - level.price) / f64::from(level.touches + 1);
                level.touches += 1;
                level.last_touch = last_touch;
            }
            _ => {
                if self.levels.len() == MOST
                    && let Some(oldest) = (0..MOST).min_by_key(|place| self.levels[*place].last_touch)
                {
                    self.levels.remove(oldest);
                }
                self.levels.push(Level { price: pivot, touches: 1, last_touch });
            }
        }
    }

    fn nearest(&self, close: f64) -> Nearest {
        let mut nearest = Nearest { support: None, resistance: None };
        for level in self.all() {
            if level.price <= close {
                if nearest.support.is_none_or(|best| level.price > best.price) {
                    nearest.support = Some(*level);
                }
            } else if nearest.resistance.is_none_or(|best| level.price < best.price) {
                nearest.resistance = Some(*level);
            }
        }
        nearest
    }
}

impl Indicator for Levels {
    type Value = Nearest;

    fn next(&mut self, bar: &Bar) -> Option<Nearest> {
        self.seen += 1;
        self.highs.rotate_left(1);
        self.lows.rotate_left(1);
        self.highs[2 * WING] = bar.high;
        self.lows[2 * WING] = -bar.low;
        let atr = self.atr.next(bar)?;
        if let Some(high) = pivot(&self.highs) {
            self.touch(high, atr);
        }
        if let Some(low) = pivot(&self.lows) {
            self.touch(-low, atr);
        }
        Some(self.nearest(bar.close))
    }
}

/// The middle number, if it stands out.
#[inline]
fn pivot(values: &[f64; 2 * WING + 1]) -> Option<f64> {
    let middle = values[WING];
    let stands_out =
        values[..WING].iter().all(|before| middle > *before) && values[WING + 1..].iter().all(|after| middle >= *after);
    stands_out.then_some(middle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zigzag(candles: usize) -> Vec<Bar> {
        let bar = |i: usize| {
            let phase = (i % 16) as f64;
            let close = 100.0 + if phase < 8.0 { phase } else { 16.0 - phase };
            Bar { open: close, high: close + 0.5, low: close - 0.5, close, volume: 0.0 }
        };
        (0..candles).map(bar).collect()
    }

    #[test]
    fn a_market_that_turns_at_the_same_prices_has_two_levels() {
        let mut levels = Levels::default();
        let last = zigzag(100).iter().filter_map(|bar| levels.next(bar)).last().unwrap();
        let (support, resistance) = (last.support.unwrap(), last.resistance.unwrap());
        assert_eq!((support.price, resistance.price), (99.5, 108.5));
        assert_eq!((support.touches, resistance.touches), (6, 5), "one of each a turn, once it is confirmed");
        assert_eq!(levels.all().count(), 2);
    }

    #[test]
    fn a_plateau_is_one_pivot_and_a_level_is_forgotten() {
        let mut levels = Levels::default();
        for bar in zigzag(40) {
            levels.next(&bar);
        }
        assert!(levels.all().count() > 0);
        let flat = Bar { open: 104.0, high: 104.5, low: 103.5, close: 104.0, volume: 0.0 };
        for _ in 0..MEMORY + 10 {
            levels.next(&flat);
        }
        assert_eq!(levels.all().count(), 0);
    }
}
