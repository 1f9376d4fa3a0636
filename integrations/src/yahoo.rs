//! Yahoo's chart endpoint, `/v8/finance/chart/{symbol}`: quotes and candles of international assets.
//!
//! Nobody promises that it stays as it is, and its terms allow personal use: it is off until an installation switches it
//! on (docs/market-data.md). What it sends is not believed: an answer for another asset or in another currency, a price
//! that is none, a candle that is not of its timeframe are all left out.

mod chart;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bellwether_domain::clock::Clock;
use bellwether_domain::market::{
    Asset, CandleRequest, Listing, MarketSource, QuoteAnswer, SourceError, SourceHealth, SourceName, Tidied, Timeframe,
};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{StreamExt, stream};
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue, USER_AGENT};
use reqwest::{Client, Url};

use crate::upstream::{Manners, Upstream};
use chart::Chart;

/// Where it is.
pub const YAHOO: &str = "https://query1.finance.yahoo.com";
/// What a browser says: another program is answered with 429.
const BROWSER: HeaderValue =
    HeaderValue::from_static("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0");
/// How it is asked.
const MANNERS: Manners = Manners {
    timeout: Duration::from_secs(8),
    retries: 2,
    first_wait: Duration::from_millis(300),
    per_minute: NonZeroU32::new(60).unwrap(),
    turn_within: Duration::from_secs(10),
    good_for: Duration::from_secs(10),
};
/// Assets that are asked for at the same time.
const AT_ONCE: usize = 4;

/// Yahoo.
pub struct Yahoo {
    base: Url,
    upstream: Upstream<Chart>,
    refresh_after: TimeDelta,
    clock: Arc<dyn Clock>,
}

impl Yahoo {
    /// Yahoo at an address, which is [`YAHOO`] but in tests. A quote is good for so long.
    ///
    /// # Errors
    /// When the address is none, or TLS cannot be set up.
    pub fn new(base: &str, refresh_after: TimeDelta, clock: Arc<dyn Clock>) -> Result<Self, SourceError> {
        Self::with_manners(base, refresh_after, clock, MANNERS)
    }

    fn with_manners(
        base: &str,
        refresh_after: TimeDelta,
        clock: Arc<dyn Clock>,
        manners: Manners,
    ) -> Result<Self, SourceError> {
        let unusable = |error: &dyn std::fmt::Display| SourceError::Unreachable(error.to_string());
        let client = Client::builder()
            .connect_timeout(manners.timeout)
            .timeout(manners.timeout)
            .build()
            .map_err(|error| unusable(&error))?;
        let headers =
            HeaderMap::from_iter([(USER_AGENT, BROWSER), (ACCEPT, HeaderValue::from_static("application/json"))]);
        Ok(Self {
            base: Url::parse(base).map_err(|error| unusable(&error))?,
            upstream: Upstream::new(client, headers, manners, Arc::clone(&clock)),
            refresh_after,
            clock,
        })
    }

    async fn chart(&self, listing: &Listing, query: &[(&str, String)]) -> Result<Arc<Chart>, SourceError> {
        let symbol = listing.asset.symbol_at(SourceName::Yahoo).ok_or(SourceError::Unknown)?;
        let mut url = self.base.clone();
        let no_base = |()| SourceError::Unreachable("the address takes no path".to_owned());
        url.path_segments_mut().map_err(no_base)?.pop_if_empty().extend(["v8", "finance", "chart", symbol]);
        url.query_pairs_mut().extend_pairs(query);
        self.upstream.get(url, |answer| Chart::read(answer, symbol)).await
    }
}

impl std::fmt::Debug for Yahoo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Yahoo")
    }
}

#[async_trait]
impl MarketSource for Yahoo {
    fn name(&self) -> SourceName {
        SourceName::Yahoo
    }

    fn knows(&self, asset: &Asset) -> bool {
        asset.symbol_at(SourceName::Yahoo).is_some()
    }

    fn refresh_after(&self) -> TimeDelta {
        self.refresh_after
    }

    /// Its prices are up to a quarter of an hour late, and closing auctions come after the session.
    fn closing_after(&self) -> TimeDelta {
        TimeDelta::minutes(25)
    }

    fn timeframes(&self) -> &'static [Timeframe] {
        &[Timeframe::M1, Timeframe::M5, Timeframe::M15, Timeframe::H1, Timeframe::D1]
    }

    async fn quotes(&self, listings: &[Listing]) -> Vec<QuoteAnswer> {
        // The previous close is only told of a range of one day.
        let query = [("interval", "1d".to_owned()), ("range", "1d".to_owned())];
        let query = &query;
        let answers = listings.iter().cloned().map(|listing| async move {
            let quote = match self.chart(&listing, query).await {
                Ok(chart) => chart.quote(&listing.asset),
                Err(error) => Err(error),
            };
            (listing.asset.id, quote)
        });
        stream::iter(answers).buffered(AT_ONCE).collect().await
    }

    async fn candles(&self, listing: &Listing, request: CandleRequest) -> Result<Tidied, SourceError> {
        let CandleRequest { timeframe, from, until } = request;
        let Some((interval, reach)) = interval(timeframe) else { return Ok(Tidied::default()) };
        let from = from.max(self.clock.now() - reach);
        if from >= until {
            return Ok(Tidied::default());
        }
        let second = |time: DateTime<Utc>| time.timestamp().to_string();
        let query = [("interval", interval.to_owned()), ("period1", second(from)), ("period2", second(until))];
        self.chart(listing, &query).await?.candles(listing, timeframe)
    }

    fn health(&self) -> SourceHealth {
        self.upstream.health()
    }
}

/// Yahoo's word for a timeframe, and how far back it goes.
const fn interval(timeframe: Timeframe) -> Option<(&'static str, TimeDelta)> {
    Some(match timeframe {
        Timeframe::M1 => ("1m", TimeDelta::days(7)),
        Timeframe::M5 => ("5m", TimeDelta::days(59)),
        Timeframe::M15 => ("15m", TimeDelta::days(59)),
        Timeframe::H1 => ("1h", TimeDelta::days(729)),
        Timeframe::D1 => ("1d", TimeDelta::days(36_500)),
        Timeframe::H4 | Timeframe::W1 => return None,
    })
}

#[cfg(test)]
mod tests;
