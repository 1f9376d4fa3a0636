//! What a vote hears of a strategy: the newest candles, each less than the one after it.
//!
//! A strategy that spoke for a side several times is not several witnesses: of what it said, the one thing counts that
//! weighs most after fading. What it said before it last spoke for the other side it has taken back. So one more thing said
//! for a side, one said more strongly, or one said at a later candle, never makes what is heard for that side less, nor
//! what is heard for the other side more.

use super::Side;

/// Candles for which a strategy is heard.
pub(super) const HEARD: usize = 5;

/// What a strategy said at one of the newest candles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Said {
    /// For which side.
    pub side: Side,
    /// How much, 0 or more: the sum of weight times strength of its rules.
    pub weight: f64,
    /// How many candles ago.
    pub age: usize,
}

impl Said {
    /// What of it is still heard: a fifth less with each candle.
    pub fn faded(&self) -> f64 {
        self.weight * (1.0 - self.age.min(HEARD) as f64 / HEARD as f64)
    }
}

/// What is heard of one strategy: for each side the most that it said of late and did not take back.
pub fn heard(said: &[Said]) -> impl Iterator<Item = Said> + '_ {
    [Side::Buy, Side::Sell].into_iter().filter_map(|side| {
        let turned = said.iter().filter(|said| said.side != side && said.weight > 0.0).map(|said| said.age).min();
        let stands = |said: &&Said| said.side == side && turned.is_none_or(|turned| said.age <= turned);
        let most = said.iter().filter(stands).max_by(|a, b| a.faded().total_cmp(&b.faded()));
        most.filter(|said| said.faded() > 0.0).copied()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(side: Side, weight: f64, age: usize) -> Said {
        Said { side, weight, age }
    }

    #[test]
    fn the_most_of_each_side_is_heard_unless_it_was_taken_back() {
        use Side::{Buy, Sell};
        let all = |said: &[Said]| heard(said).collect::<Vec<_>>();
        assert_eq!(all(&[]), []);
        assert_eq!(all(&[said(Buy, 0.5, 0), said(Buy, 1.0, 1)]), [said(Buy, 1.0, 1)], "0.8 and not 0.5");
        assert_eq!(all(&[said(Buy, 0.5, 0), said(Buy, 0.6, 1)]), [said(Buy, 0.5, 0)], "0.5 and not 0.48");
        assert_eq!(all(&[said(Sell, 0.5, 0), said(Buy, 1.0, 1)]), [said(Sell, 0.5, 0)], "it turned");
        assert_eq!(all(&[said(Sell, 0.5, 2), said(Buy, 1.0, 2)]), [said(Buy, 1.0, 2), said(Sell, 0.5, 2)], "at once");
        assert_eq!(all(&[said(Sell, 0.5, HEARD)]), [], "too long ago");
    }
}
