//! The rules, each by itself.

use super::{Finding, Observation, Scene, Side};
use crate::indicators::Level;

/// RSI below this is oversold.
const OVERSOLD: f64 = 30.0;
/// RSI above this is overbought.
const OVERBOUGHT: f64 = 70.0;
/// A level is touched from this many ATR away.
const TOUCH: f64 = 0.25;
/// A level is broken by a close this many ATR beyond it.
const BREAK: f64 = 0.1;
/// Bands are narrow up to this many times their least width.
const NARROW: f64 = 1.1;
/// Volume spikes from this many times its average.
const SPIKE: f64 = 2.0;

fn finding(side: Side, strength: f64, observation: Observation) -> Option<Finding> {
    Some(Finding { side, strength: strength.clamp(0.0, 1.0), observation })
}

/// The share of the way from nothing to `full`, 0 to 1.
fn share(value: f64, full: f64) -> f64 {
    (value / full).clamp(0.0, 1.0)
}

pub(super) fn oversold(scene: &Scene<'_>) -> Option<Finding> {
    let (rsi, average) = (scene.now.rsi?, scene.now.sma50?);
    if rsi >= OVERSOLD || scene.now.bar.close <= average {
        return None;
    }
    let strength = 0.5 + 0.5 * share(OVERSOLD - rsi, 20.0);
    finding(Side::Buy, strength, Observation::Oversold { rsi, average })
}

pub(super) fn overbought(scene: &Scene<'_>) -> Option<Finding> {
    let (rsi, average) = (scene.now.rsi?, scene.now.sma50?);
    if rsi <= OVERBOUGHT || scene.now.bar.close >= average {
        return None;
    }
    let strength = 0.5 + 0.5 * share(rsi - OVERBOUGHT, 20.0);
    finding(Side::Sell, strength, Observation::Overbought { rsi, average })
}

pub(super) fn macd_crossed(scene: &Scene<'_>) -> Option<Finding> {
    let (before, histogram) = (scene.before.macd?.histogram, scene.now.macd?.histogram);
    let up = if before <= 0.0 && histogram > 0.0 {
        true
    } else if before >= 0.0 && histogram < 0.0 {
        false
    } else {
        return None;
    };
    let strength = 0.5 + 0.5 * share(histogram.abs(), 0.1 * scene.now.movement()?);
    finding(side(up), strength, Observation::MacdCrossed { up, histogram })
}

pub(super) fn averages_crossed(scene: &Scene<'_>) -> Option<Finding> {
    let (fast_before, slow_before) = (scene.before.sma50?, scene.before.sma200?);
    let (fast, slow) = (scene.now.sma50?, scene.now.sma200?);
    let up = if fast_before <= slow_before && fast > slow {
        true
    } else if fast_before >= slow_before && fast < slow {
        false
    } else {
        return None;
    };
    let strength = 0.6 + 0.4 * share((fast - fast_before).abs(), 0.1 * scene.now.movement()?);
    finding(side(up), strength, Observation::AveragesCrossed { up, fast, slow })
}

pub(super) fn bounced(scene: &Scene<'_>) -> Option<Finding> {
    let (level, atr, bar) = (scene.before.levels?.support?, scene.now.movement()?, &scene.now.bar);
    let is_touched = bar.low <= level.price + TOUCH * atr;
    let turned_up = bar.close > level.price && bar.close > bar.open;
    if is_touched && turned_up { finding(Side::Buy, standing(&level), Observation::Bounced(level)) } else { None }
}

pub(super) fn rejected(scene: &Scene<'_>) -> Option<Finding> {
    let (level, atr, bar) = (scene.before.levels?.resistance?, scene.now.movement()?, &scene.now.bar);
    let is_touched = bar.high >= level.price - TOUCH * atr;
    let turned_down = bar.close < level.price && bar.close < bar.open;
    if is_touched && turned_down { finding(Side::Sell, standing(&level), Observation::Rejected(level)) } else { None }
}

pub(super) fn broke_out(scene: &Scene<'_>) -> Option<Finding> {
    let (level, atr) = (scene.before.levels?.resistance?, scene.now.movement()?);
    let is_broken = scene.now.bar.close > level.price + BREAK * atr;
    if is_broken { finding(Side::Buy, standing(&level), Observation::BrokeOut(level)) } else { None }
}

pub(super) fn broke_down(scene: &Scene<'_>) -> Option<Finding> {
    let (level, atr) = (scene.before.levels?.support?, scene.now.movement()?);
    let is_broken = scene.now.bar.close < level.price - BREAK * atr;
    if is_broken { finding(Side::Sell, standing(&level), Observation::BrokeDown(level)) } else { None }
}

pub(super) fn squeeze_released(scene: &Scene<'_>) -> Option<Finding> {
    let (width, narrowest) = (scene.before.bands?.width(), scene.before.narrowest?);
    let (bands, atr, close) = (scene.now.bands?, scene.now.movement()?, scene.now.bar.close);
    if width > NARROW * narrowest {
        return None;
    }
    let (up, beyond) = if close > bands.upper {
        (true, close - bands.upper)
    } else if close < bands.lower {
        (false, bands.lower - close)
    } else {
        return None;
    };
    finding(side(up), 0.5 + 0.5 * share(beyond, 0.5 * atr), Observation::SqueezeReleased { up, width })
}

pub(super) fn volume_spiked(scene: &Scene<'_>) -> Option<Finding> {
    // The average of the candles before, so that the spike does not hide in its own average.
    let (average, atr) = (scene.before.volume.filter(|average| *average > 0.0)?, scene.now.movement()?);
    let (times, step) = (scene.now.bar.volume / average, scene.now.bar.close - scene.before.bar.close);
    if times < SPIKE || step.abs() < 0.5 * atr {
        return None;
    }
    let up = step > 0.0;
    finding(side(up), 0.4 + 0.6 * share(times - SPIKE, 4.0), Observation::VolumeSpiked { up, times })
}

fn side(up: bool) -> Side {
    if up { Side::Buy } else { Side::Sell }
}

/// A level counts more the more often the market turned there: 0.5 for once, 0.9 from five times on.
fn standing(level: &Level) -> f64 {
    0.4 + 0.1 * f64::from(level.touches.min(5))
}
