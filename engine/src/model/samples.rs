//! What a model learns from: candles, and what the price had done a horizon later.

use super::features::{Features, features};
use crate::Bar;
use crate::strategies::Analyst;

/// A candle, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// When the candle closed, in seconds since 1970.
    pub at: i64,
    /// When it was known what came of it: when the candle a horizon later closed.
    pub known_at: i64,
    /// What the indicators showed at the candle.
    pub features: Features,
    /// Whether the close was higher then.
    pub is_higher: bool,
}

/// The samples of one asset's candles, each with when it closed, oldest first: of every `step`-th candle that has features
/// and another one a horizon later. A close that is the same is no sample.
pub fn samples(candles: &[(i64, Bar)], horizon: usize, step: usize) -> Vec<Sample> {
    let mut analyst = Analyst::default();
    let mut all = Vec::new();
    for (i, (at, bar)) in candles.iter().enumerate() {
        analyst.next(bar);
        let Some((known_at, later)) = candles.get(i + horizon) else { break };
        if i % step.max(1) != 0 || later.close == bar.close {
            continue;
        }
        if let Some(features) = features(&analyst) {
            all.push(Sample { at: *at, known_at: *known_at, features, is_higher: later.close > bar.close });
        }
    }
    all
}
