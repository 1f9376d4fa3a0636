//! Simulated prices: the same for everybody at the same moment, computed and never stored, for demos and tests.
//!
//! Every asset has a path through time (`path.rs`) that can be asked for its price at any moment. Quotes are its price at
//! the last moment that the market was open; candles are what it did in the market's sessions. What comes from here is
//! marked DEMO wherever it shows.

mod path;

use std::sync::Arc;

use async_trait::async_trait;
use bellwether_domain::clock::Clock;
use bellwether_domain::fixed::{Price, Quantity};
use bellwether_domain::market::{
    Asset, AssetKind, Candle, CandleRequest, Listing, MarketSource, NewQuote, QuoteAnswer, SourceError, SourceHealth,
    SourceName, Tidied, Timeframe, bucket,
};
use chrono::{DateTime, Days, TimeDelta, Utc};

use path::Path;

/// Candles that one answer holds at most.
const MOST_CANDLES: usize = 60_000;
/// What is traded in less time of a day than this makes no daily candle: the Sunday evening of currencies.
const SHORTEST_DAY: TimeDelta = TimeDelta::hours(3);

/// Simulated prices.
pub struct Demo {
    clock: Arc<dyn Clock>,
    refresh_after: TimeDelta,
}

impl Demo {
    /// Prices by this clock, of which a quote is good for so long.
    pub fn new(clock: Arc<dyn Clock>, refresh_after: TimeDelta) -> Self {
        Self { clock, refresh_after }
    }

    fn quote(listing: &Listing, now: DateTime<Utc>) -> Result<NewQuote, SourceError> {
        let (asset, exchange) = (&listing.asset, &listing.exchange);
        let (calendar, zone) = (&exchange.calendar, exchange.time_zone);
        let path = Path::of(asset);
        let at = calendar.last_open(zone, now).ok_or(SourceError::Unknown)?;
        let price = rounded(path.price(at), asset);
        let before = calendar.last_open(zone, bucket(Timeframe::D1, at));
        let (bid, ask) = (price.checked_sub(asset.tick_size), price.checked_add(asset.tick_size));
        Ok(NewQuote {
            asset_id: asset.id,
            price,
            bid: bid.ok().filter(|bid| bid.is_positive()),
            ask: ask.ok(),
            previous_close: before.map(|before| rounded(path.price(before), asset)),
            exchange_time: at,
        })
    }

    fn series(listing: &Listing, request: CandleRequest, now: DateTime<Utc>) -> Vec<Candle> {
        let (asset, exchange) = (&listing.asset, &listing.exchange);
        let (timeframe, until) = (request.timeframe, request.until.min(now));
        if request.from >= until {
            return Vec::new();
        }
        // Only what fits from the end: a session market has fewer, so the bound is generous.
        let most = timeframe.span() * i32::try_from(MOST_CANDLES).unwrap_or(i32::MAX);
        let from = request.from.max(until - most);
        // Local days may begin a day before, and end a day after, those of UTC.
        let first = from.date_naive().checked_sub_days(Days::new(1)).unwrap_or(from.date_naive());
        let last = until.date_naive().checked_add_days(Days::new(1)).unwrap_or(until.date_naive());
        let path = Path::of(asset);
        let mut candles: Vec<Candle> = Vec::new();
        let mut day: Option<Making> = None;
        for (opens, closes) in exchange.calendar.spans(exchange.time_zone, first, last) {
            // From the session's own opening in whole spans, whatever is asked for.
            let before = ((from - opens).num_seconds() / timeframe.span().num_seconds()).max(1) - 1;
            let (mut start, end) = (opens + timeframe.span() * i32::try_from(before).unwrap_or(0), closes.min(until));
            while start < end {
                let open_time = if timeframe == Timeframe::D1 { bucket(timeframe, start) } else { start };
                let next =
                    if timeframe == Timeframe::D1 { open_time + timeframe.span() } else { start + timeframe.span() };
                let stop = next.min(end);
                let piece = Making::of(&path, open_time, start, stop, step(timeframe));
                match &mut day {
                    Some(made) if made.open_time == open_time => made.add(&piece),
                    _ => candles.extend(day.replace(piece).and_then(|made| made.finish(asset, timeframe))),
                }
                start = stop;
            }
        }
        candles.extend(day.and_then(|made| made.finish(asset, timeframe)));
        candles.retain(|candle| candle.open_time >= from && candle.open_time + timeframe.span() <= until);
        candles
    }
}

/// How far apart the path is looked at within a candle.
fn step(timeframe: Timeframe) -> TimeDelta {
    match timeframe {
        Timeframe::D1 | Timeframe::W1 => TimeDelta::hours(1),
        Timeframe::H1 | Timeframe::H4 => TimeDelta::minutes(5),
        Timeframe::M15 | Timeframe::M5 | Timeframe::M1 => TimeDelta::seconds(30),
    }
}

/// A candle that is being made, in floats.
struct Making {
    open_time: DateTime<Utc>,
    traded: TimeDelta,
    open: f64,
    high: f64,
    low: f64,
    close: f64,
    volume: f64,
}

impl Making {
    fn of(path: &Path, open_time: DateTime<Utc>, start: DateTime<Utc>, stop: DateTime<Utc>, step: TimeDelta) -> Self {
        let (open, close) = (path.price(start), path.price(stop));
        let (mut high, mut low) = (open.max(close), open.min(close));
        let mut at = start + step;
        while at < stop {
            let price = path.price(at);
            (high, low) = (high.max(price), low.min(price));
            at += step;
        }
        Self { open_time, traded: stop - start, open, high, low, close, volume: path.volume(start, stop) }
    }

    fn add(&mut self, later: &Self) {
        self.traded += later.traded;
        self.high = self.high.max(later.high);
        self.low = self.low.min(later.low);
        self.close = later.close;
        self.volume += later.volume;
    }

    fn finish(self, asset: &Asset, timeframe: Timeframe) -> Option<Candle> {
        if timeframe == Timeframe::D1 && self.traded < SHORTEST_DAY {
            return None;
        }
        let price = |price| rounded(price, asset);
        let volume = match asset.kind {
            AssetKind::Fx => Quantity::ZERO,
            _ => lots(self.volume, asset),
        };
        let (open, high, low, close) = (price(self.open), price(self.high), price(self.low), price(self.close));
        Candle::new(self.open_time, open, high, low, close, volume).ok()
    }
}

/// The nearest price that the asset can have.
#[expect(clippy::cast_possible_truncation, reason = "a float turned into an integer saturates")]
fn rounded(price: f64, asset: &Asset) -> Price {
    let tick = asset.tick_size.raw().max(1);
    let ticks = (price * 1e8 / tick as f64).round() as i64;
    Price::from_raw(ticks.max(1).saturating_mul(tick))
}

#[expect(clippy::cast_possible_truncation, reason = "a float turned into an integer saturates")]
fn lots(volume: f64, asset: &Asset) -> Quantity {
    let lot = asset.lot_size.raw().max(1);
    Quantity::from_raw(((volume * 1e8 / lot as f64).round() as i64).max(0).saturating_mul(lot))
}

impl std::fmt::Debug for Demo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Demo")
    }
}

#[async_trait]
impl MarketSource for Demo {
    fn name(&self) -> SourceName {
        SourceName::Demo
    }

    /// Every asset: whoever wants true prices puts a source that has them before this one.
    fn knows(&self, _: &Asset) -> bool {
        true
    }

    fn refresh_after(&self) -> TimeDelta {
        self.refresh_after
    }

    fn closing_after(&self) -> TimeDelta {
        TimeDelta::zero()
    }

    fn timeframes(&self) -> &'static [Timeframe] {
        &[Timeframe::M1, Timeframe::M5, Timeframe::M15, Timeframe::H1, Timeframe::D1]
    }

    async fn quotes(&self, listings: &[Listing]) -> Vec<QuoteAnswer> {
        let now = self.clock.now();
        listings.iter().map(|listing| (listing.asset.id, Self::quote(listing, now))).collect()
    }

    async fn candles(&self, listing: &Listing, request: CandleRequest) -> Result<Tidied, SourceError> {
        Ok(Self::series(listing, request, self.clock.now()).into())
    }

    fn health(&self) -> SourceHealth {
        SourceHealth { last_success_at: Some(self.clock.now()), ..SourceHealth::default() }
    }
}

#[cfg(test)]
mod tests;
