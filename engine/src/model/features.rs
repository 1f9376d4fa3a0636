//! What a model is told of a candle: numbers without a unit, so that a share at 500 and a currency at 1.08 look alike.

use crate::strategies::{Analyst, Reading};

/// How many features there are.
const COUNT: usize = 12;

/// What each is, in order. A model that was trained on others is not read.
pub const FEATURES: [&str; COUNT] = [
    "(close - SMA50) / ATR14",
    "(SMA50 - SMA200) / ATR14",
    "(RSI14 - 50) / 50",
    "MACD histogram / ATR14",
    "(close - middle) / half the Bollinger width",
    "ADX14 / 100",
    "ln(volume / average of 20)",
    "(close - support) / ATR14",
    "(resistance - close) / ATR14",
    "(close - open) / ATR14",
    "(close - close before) / ATR14",
    "ln(ATR14 / close)",
];

/// The features of one candle, in the order of [`FEATURES`], each within ±10.
pub type Features = [f64; COUNT];

/// No feature is further from zero.
const FAR: f64 = 10.0;

/// The features of the newest candle that the analyst has seen; none while indicators warm up, and where the market stands
/// still.
pub fn features(analyst: &Analyst) -> Option<Features> {
    let (before, now) = analyst.pair(0)?;
    of(before, now)
}

fn of(before: &Reading, now: &Reading) -> Option<Features> {
    let (atr, bar) = (now.movement()?, &now.bar);
    let (sma50, sma200) = (now.sma50?, now.sma200?);
    let (macd, bands) = (now.macd?, now.bands?);
    let levels = now.levels;
    let half = bands.upper - bands.middle;
    let all = [
        (bar.close - sma50) / atr,
        (sma50 - sma200) / atr,
        (now.rsi? - 50.0) / 50.0,
        macd.histogram / atr,
        if half > 0.0 { (bar.close - bands.middle) / half } else { 0.0 },
        now.adx? / 100.0,
        // A market that does not tell its volume is as usual.
        now.volume
            .filter(|average| *average > 0.0 && bar.volume > 0.0)
            .map_or(0.0, |average| (bar.volume / average).ln()),
        levels.and_then(|near| near.support).map_or(FAR, |level| (bar.close - level.price) / atr),
        levels.and_then(|near| near.resistance).map_or(FAR, |level| (level.price - bar.close) / atr),
        (bar.close - bar.open) / atr,
        (bar.close - before.bar.close) / atr,
        (atr / bar.close).ln(),
    ];
    all.iter().all(|value| value.is_finite()).then(|| all.map(|value| value.clamp(-FAR, FAR)))
}
