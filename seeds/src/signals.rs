//! The demo's signals. Which there are and what they say is drawn from a fixed seed; their prices are those of the simulated
//! candles they are about, so that what became of them is what the market did.

use std::sync::Arc;

use bellwether_domain::fixed::Price;
use bellwether_domain::market::{Asset, Candle, Symbol};
use bellwether_domain::signals::{Audience, Direction, Mode, NewSignal, Reason, Timeframe};
use bellwether_domain::{Domain, Fault, Result};
use chrono::{DateTime, TimeDelta, Utc};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;

/// The assets that signals are made for.
pub(crate) const SYMBOLS: [&str; 8] = ["AAPL", "MSFT", "NVDA", "BTC-USD", "ETH-USD", "EURUSD=X", "GC=F", "ATW.CS"];

/// What signals are made for: the mode with its timeframe, how many of each asset there are, and how far away the target is,
/// in thousandths of the price; the stop is half as far.
const HORIZONS: [(Mode, Timeframe, usize, i64); 3] = [
    (Mode::Scalp, Timeframe::M15, 20, 4),
    (Mode::Intraday, Timeframe::H1, 30, 12),
    (Mode::Swing, Timeframe::D1, 24, 50),
];

/// A signal comes every one to so many candles.
const SPARSEST: usize = 3;

/// How far back the candles of fifteen minutes go: enough of them over a long weekend of a market that is open for a few
/// hours a day.
const QUARTER_HOURS: TimeDelta = TimeDelta::days(14);

/// An asset of the demo.
pub(crate) async fn asset(domain: &Domain, symbol: &str) -> Result<Arc<Asset>> {
    let missing = || Fault::Bug(format!("{symbol} was not made"));
    let symbol = Symbol::try_from(symbol).map_err(|_| missing())?;
    domain.asset_by_symbol(&symbol).await?.ok_or_else(|| missing().into())
}

/// Brings the candles of fifteen minutes up to date, which nothing else asks for; returns how many were made. A demo that has
/// run for longer has its signals, and is not given what was removed since.
pub(crate) async fn quarter_hours(domain: &Domain, anchor: DateTime<Utc>) -> Result<usize> {
    let mut made = 0;
    if domain.now() - anchor > QUARTER_HOURS {
        return Ok(made);
    }
    for symbol in SYMBOLS {
        made += domain.refresh_candles(&asset(domain, symbol).await?, Timeframe::M15, anchor - QUARTER_HOURS).await?;
    }
    Ok(made)
}

/// The signals of the `author`-th person: about candles that had closed at the anchor; every `share`-th of them.
pub(crate) async fn of(
    domain: &Domain,
    author: usize,
    anchor: DateTime<Utc>,
    audience: Audience,
    share: usize,
) -> Result<Vec<NewSignal>> {
    let mut signals = Vec::new();
    for (place, symbol) in SYMBOLS.into_iter().enumerate() {
        let asset = asset(domain, symbol).await?;
        for (horizon, (mode, timeframe, count, reach)) in HORIZONS.into_iter().enumerate() {
            // Each series draws for itself: one whose candles are no longer kept changes no other.
            let mut rng =
                ChaCha20Rng::seed_from_u64(((author * SYMBOLS.len() + place) * HORIZONS.len() + horizon) as u64);
            let candles = domain.closed_candles(&asset, timeframe, None, anchor, count * SPARSEST).await?;
            let mut back = 0;
            for draw in 0..count {
                back += rng.random_range(1..=SPARSEST);
                let Some(candle) = candles.len().checked_sub(back).and_then(|at| candles.get(at)) else { break };
                let signal = signal(&mut rng, &asset, (mode, timeframe, reach), candle, audience);
                // By the draws of its own series, for the same reason.
                if draw % share == 0 {
                    signals.push(signal);
                }
            }
        }
    }
    Ok(signals)
}

fn signal(
    rng: &mut ChaCha20Rng,
    asset: &Asset,
    (mode, timeframe, reach): (Mode, Timeframe, i64),
    candle: &Candle,
    audience: Audience,
) -> NewSignal {
    let rsi: f64 = rng.random_range(15.0..85.0);
    let is_trending = rng.random_bool(0.5);
    let (direction, says) = if rsi < 32.0 {
        (Direction::Buy, "oversold")
    } else if rsi > 68.0 {
        (Direction::Sell, "overbought")
    } else {
        (Direction::Hold, "neutral")
    };
    let (strategy, trend) = if is_trending {
        ("trend-follow", "price above its average")
    } else {
        ("rsi-reversal", "price below its average")
    };
    // So many half thousandths of the price away, on the asset's tick.
    let away = |halves: i64| {
        let (price, tick) = (candle.close.raw(), asset.tick_size.raw().max(1));
        let exact = price + price / 2_000 * halves;
        Price::from_raw(exact - exact % tick).to_string()
    };
    let (target, stop) = match direction {
        Direction::Buy => (Some(away(2 * reach)), Some(away(-reach))),
        Direction::Sell => (Some(away(-2 * reach)), Some(away(reach))),
        Direction::Hold => (None, None),
    };
    let symbol = &asset.symbol;
    NewSignal {
        symbol: symbol.clone(),
        mode: Some(mode),
        timeframe: Some(timeframe),
        signal_time: Some(candle.open_time),
        direction: Some(direction),
        confidence: match direction {
            Direction::Hold => rng.random_range(20..55),
            Direction::Buy | Direction::Sell => rng.random_range(50..96),
        },
        strategy: Some(strategy.to_owned()),
        entry: Some(candle.close.to_string()),
        target,
        stop,
        summary: Some(format!("{direction} {symbol} on {timeframe}: RSI {rsi:.1} is {says} (simulated).")),
        reasons: vec![
            Reason { indicator: "RSI".to_owned(), value: Some(format!("{rsi:.1}")), says: says.to_owned() },
            Reason { indicator: "SMA 50".to_owned(), value: None, says: trend.to_owned() },
        ],
        audience: Some(audience),
        ..NewSignal::default()
    }
}
