//! Asking the sources, and putting away what they answer.
//!
//! A source that fails fails nothing here: what is known stays, and grows older.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::asset::Model as Asset;
use super::candle::Tidied;
use super::due::{DAILY, HOURLY};
use super::quote::Quote;
use super::source::{CandleRequest, Listing, MarketSource, SourceError, SourceName};
use super::{Timeframe, bucket};
use crate::Domain;
use crate::error::Result;

/// What asking the sources brought.
#[derive(Clone, Debug, Default)]
pub struct Refreshed {
    /// The quotes that are new.
    pub quotes: Vec<Arc<Quote>>,
    /// How many assets a source had no answer for.
    pub failed: usize,
}

impl Domain {
    /// The source that is asked for an asset: the first of those switched on that knows it.
    pub(super) fn source_of(&self, asset: &Asset) -> Option<&Arc<dyn MarketSource>> {
        self.market_sources().iter().find(|source| source.knows(asset))
    }

    pub(super) fn listing(&self, asset: &Arc<Asset>) -> Listing {
        Listing { asset: Arc::clone(asset), exchange: self.exchange_of(asset) }
    }

    /// Asks the sources what these assets cost, and puts the answers away.
    ///
    /// # Errors
    /// When the database does not answer. That a source does not is no error.
    pub async fn refresh_quotes(&self, assets: &[Arc<Asset>]) -> Result<Refreshed> {
        let mut by_source: BTreeMap<SourceName, (&Arc<dyn MarketSource>, Vec<Listing>)> = BTreeMap::new();
        for asset in assets {
            if let Some(source) = self.source_of(asset) {
                by_source.entry(source.name()).or_insert_with(|| (source, Vec::new())).1.push(self.listing(asset));
            }
        }
        let mut refreshed = Refreshed::default();
        for (name, (source, listings)) in by_source {
            let mut quotes = Vec::with_capacity(listings.len());
            for (asset, answer) in source.quotes(&listings).await {
                match answer {
                    Ok(quote) => quotes.push(quote),
                    Err(error) => {
                        refreshed.failed += 1;
                        tracing::debug!(source = %name, %asset, %error, "no quote");
                    }
                }
            }
            self.note_health(source).await?;
            metrics::counter!("bellwether_market_quotes_total", "source" => name.as_str())
                .increment(quotes.len() as u64);
            refreshed.quotes.extend(self.put_quotes(name, quotes).await?);
        }
        Ok(refreshed)
    }

    /// Brings the candles of an asset in a timeframe that its source has up to date, and back to `from`. Returns how many
    /// were put away.
    ///
    /// # Errors
    /// When the database does not answer. That a source does not is no error.
    pub async fn refresh_candles(
        &self,
        asset: &Arc<Asset>,
        timeframe: Timeframe,
        from: DateTime<Utc>,
    ) -> Result<usize> {
        let Some(source) = self.source_of(asset).filter(|source| source.timeframes().contains(&timeframe)) else {
            return Ok(0);
        };
        let now = self.now();
        let series = self.series_of(asset.id).await?.into_iter().find(|series| series.timeframe == timeframe);
        let mut wanted = from;
        if let Some(series) = series {
            if source.name().is_simulated() && !series.source.is_simulated() {
                return Ok(0);
            }
            let is_of_source = source.name().is_simulated() == series.source.is_simulated();
            let has_beginning = series.covered_from.is_some_and(|covered| covered <= from);
            if is_of_source && has_beginning {
                if series.fetched_at >= bucket(timeframe, now) {
                    return Ok(0);
                }
                // The last ones again: a source may have corrected them since. From those that are there, for a source that
                // had nothing for a while, or a file, has left nothing behind.
                let newest = self.closed_candles(asset, timeframe, None, now, 1).await?;
                wanted = newest.last().map_or(from, |newest| from.max(newest.open_time - timeframe.span() * 2));
            }
        }
        let request = CandleRequest { timeframe, from: wanted, until: now };
        let answer = source.candles(&self.listing(asset), request).await;
        self.note_health(source).await?;
        match answer {
            Ok(tidied) => {
                let refused = tidied.refused;
                metrics::counter!("bellwether_market_candles_refused_total", "source" => source.name().as_str())
                    .increment(refused);
                self.put_fetched_candles(asset, timeframe, source.name(), tidied, Some(from)).await
            }
            // There is nothing to be had: that is known now, and not asked again before the next candle.
            Err(SourceError::Unknown) => {
                self.put_fetched_candles(asset, timeframe, source.name(), Tidied::default(), Some(from)).await
            }
            Err(error) => {
                tracing::info!(source = %source.name(), symbol = asset.symbol, %timeframe, %error, "no candles");
                Ok(0)
            }
        }
    }

    /// Brings the daily candles of every asset up to date, the hourly ones of these too, and every quote, as far as sources
    /// that simulate know them; for the demo, which is to have a past when it starts.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn simulate_past(&self, hourly: &[&str]) -> Result<usize> {
        let (now, mut put) = (self.now(), 0);
        let simulated = |asset: &&Arc<Asset>| self.source_of(asset).is_some_and(|source| source.name().is_simulated());
        let known = self.known_assets().await?;
        let assets: Vec<Arc<Asset>> = known.by_symbol.values().filter(simulated).cloned().collect();
        for asset in &assets {
            put += self.refresh_candles(asset, Timeframe::D1, bucket(Timeframe::D1, now - DAILY)).await?;
            if hourly.contains(&asset.symbol.as_str()) {
                put += self.refresh_candles(asset, Timeframe::H1, bucket(Timeframe::D1, now - HOURLY)).await?;
            }
        }
        self.refresh_quotes(&assets).await?;
        Ok(put)
    }

    /// Whether a quote of the asset is due: there is none, or while the market is open it came longer ago than its source
    /// wants, or the market has closed since it came.
    pub(super) fn is_quote_due(&self, asset: &Asset, known: Option<&Quote>, now: DateTime<Utc>) -> bool {
        let Some(source) = self.source_of(asset) else { return false };
        let Some(quote) = known else { return true };
        if quote.source.is_simulated() && !source.name().is_simulated() {
            return true;
        }
        if source.name().is_simulated() && !quote.source.is_simulated() {
            return false;
        }
        let exchange = self.exchange_of(asset);
        let last_open = exchange.calendar.last_open(exchange.time_zone, now);
        // Once after the close: what came before it is not the last price.
        let settles = TimeDelta::minutes(1);
        match last_open {
            Some(open) if open == now => now - quote.fetched_at >= source.refresh_after(),
            Some(closed) => quote.fetched_at < closed + settles && now >= closed + settles,
            None => false,
        }
    }
}
