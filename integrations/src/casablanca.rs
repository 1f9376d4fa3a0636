//! The Casablanca exchange's own pages: quotes of all shares from one page, and daily candles.
//!
//! To be able to read a page is no licence to pass on what it says: it is off until an installation switches it on
//! (docs/market-data.md). One question an interval serves everybody.
//!
//! The exchange's server sends its own certificate alone and not the intermediate one that a client needs to verify it
//! with. Verification stays on: the intermediate certificate is given in the configuration.

mod pages;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bellwether_domain::clock::Clock;
use bellwether_domain::market::{
    Asset, CandleRequest, Listing, MarketSource, QuoteAnswer, SourceError, SourceHealth, SourceName, Tidied, Timeframe,
    tidy,
};
use chrono::{NaiveDate, TimeDelta};
use reqwest::header::{ACCEPT_LANGUAGE, HeaderMap, HeaderValue, REFERER, USER_AGENT};
use reqwest::{Certificate, Client, Url};

use crate::upstream::{Manners, Upstream};
use pages::{History, Page, Snapshot};

/// Where it is.
pub const CASABLANCA: &str = "https://www.casablanca-bourse.com";
/// What a browser says.
const BROWSER: HeaderValue =
    HeaderValue::from_static("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0");
/// How it is asked.
const MANNERS: Manners = Manners {
    timeout: Duration::from_secs(10),
    retries: 2,
    first_wait: Duration::from_millis(500),
    per_minute: NonZeroU32::new(20).unwrap(),
    turn_within: Duration::from_secs(10),
    good_for: Duration::from_secs(30),
};
/// How many days one question about the past may span, and how far back there is something.
const WINDOW: TimeDelta = TimeDelta::days(360);
const REACH: TimeDelta = TimeDelta::days(3 * 365);

/// The Casablanca exchange.
pub struct Casablanca {
    base: Url,
    upstream: Upstream<Page>,
    refresh_after: TimeDelta,
    clock: Arc<dyn Clock>,
}

impl Casablanca {
    /// The exchange at an address, which is [`CASABLANCA`] but in tests. A quote is good for so long; `authority` is a
    /// certificate in PEM that is trusted besides the system's.
    ///
    /// # Errors
    /// When the address is none, or the certificate cannot be used.
    pub fn new(
        base: &str,
        refresh_after: TimeDelta,
        authority: Option<&[u8]>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SourceError> {
        Self::with_manners(base, refresh_after, authority, clock, MANNERS)
    }

    fn with_manners(
        base: &str,
        refresh_after: TimeDelta,
        authority: Option<&[u8]>,
        clock: Arc<dyn Clock>,
        manners: Manners,
    ) -> Result<Self, SourceError> {
        let unusable = |error: &dyn std::fmt::Display| SourceError::Unreachable(error.to_string());
        let mut client = Client::builder().connect_timeout(manners.timeout).timeout(manners.timeout);
        if let Some(pem) = authority {
            client = client.tls_certs_merge([Certificate::from_pem(pem).map_err(|error| unusable(&error))?]);
        }
        let client = client.build().map_err(|error| unusable(&error))?;
        let referer = HeaderValue::from_str(base).map_err(|error| unusable(&error))?;
        let headers = HeaderMap::from_iter([
            (USER_AGENT, BROWSER),
            // Without it the server has let questions time out.
            (ACCEPT_LANGUAGE, HeaderValue::from_static("fr-FR,fr;q=0.9")),
            (REFERER, referer),
        ]);
        Ok(Self {
            base: Url::parse(base).map_err(|error| unusable(&error))?,
            upstream: Upstream::new(client, headers, manners, Arc::clone(&clock)),
            refresh_after,
            clock,
        })
    }

    fn address(&self, path: &str) -> Result<Url, SourceError> {
        self.base.join(path).map_err(|error| SourceError::Unreachable(error.to_string()))
    }

    async fn history(&self, ticker: &str, from: NaiveDate, until: NaiveDate) -> Result<Arc<Page>, SourceError> {
        let mut url = self.address("/api/boursenova/stock-historical")?;
        url.query_pairs_mut().extend_pairs([
            ("instrument", ticker),
            ("market", "comptant"),
            ("type", "actions"),
            ("startDate", &from.to_string()),
            ("endDate", &until.to_string()),
            ("pageNumber", "1"),
            ("pageSize", "1000"),
        ]);
        self.upstream.get(url, |answer| History::read(answer).map(Page::History)).await
    }
}

#[async_trait]
impl MarketSource for Casablanca {
    fn name(&self) -> SourceName {
        SourceName::Casablanca
    }

    fn knows(&self, asset: &Asset) -> bool {
        asset.symbol_at(SourceName::Casablanca).is_some()
    }

    fn refresh_after(&self) -> TimeDelta {
        self.refresh_after
    }

    /// The closing auction and the trading at its price end twenty minutes after the session; its pages are a quarter of an
    /// hour late.
    fn closing_after(&self) -> TimeDelta {
        TimeDelta::minutes(40)
    }

    fn timeframes(&self) -> &'static [Timeframe] {
        &[Timeframe::D1]
    }

    async fn quotes(&self, listings: &[Listing]) -> Vec<QuoteAnswer> {
        let page = match self.address("/live-market/actions") {
            Ok(url) => self.upstream.get(url, |answer| Snapshot::read(answer).map(Page::Snapshot)).await,
            Err(error) => Err(error),
        };
        let now = self.clock.now();
        let quote = |listing: &Listing| {
            let ticker = listing.asset.symbol_at(SourceName::Casablanca).ok_or(SourceError::Unknown)?;
            match page.as_deref() {
                Ok(Page::Snapshot(snapshot)) => snapshot.quote(&listing.asset, ticker, now),
                Ok(Page::History(_)) => Err(SourceError::Unexpected("another page".to_owned())),
                Err(error) => Err(error.clone()),
            }
        };
        listings.iter().map(|listing| (listing.asset.id, quote(listing))).collect()
    }

    async fn candles(&self, listing: &Listing, request: CandleRequest) -> Result<Tidied, SourceError> {
        if request.timeframe != Timeframe::D1 {
            return Ok(Tidied::default());
        }
        let ticker = listing.asset.symbol_at(SourceName::Casablanca).ok_or(SourceError::Unknown)?;
        let (mut start, until) = (request.from.max(self.clock.now() - REACH), request.until);
        let mut raw = Vec::new();
        while start < until {
            let end = (start + WINDOW).min(until);
            if let Page::History(history) = &*self.history(ticker, start.date_naive(), end.date_naive()).await? {
                raw.extend(history.candles(ticker)?);
            }
            start = end;
        }
        Ok(tidy(raw))
    }

    fn health(&self) -> SourceHealth {
        self.upstream.health()
    }
}

impl std::fmt::Debug for Casablanca {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Casablanca")
    }
}

#[cfg(test)]
mod tests;
