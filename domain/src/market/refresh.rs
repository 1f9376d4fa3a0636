//! Asking the sources, and putting away what they answer.
//!
//! A source that fails fails nothing here: what is known stays, and grows older.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::asset::Model as Asset;
use super::candle::Tidied;
use super::candle_series::deepest;
use super::due::{DAILY, HOURLY};
use super::quote::{NewQuote, Quote};
use super::series::head;
use super::source::{CandleRequest, Listing, MarketSource, SourceError, SourceName};
use super::{Timeframe, bucket};
use crate::Domain;
use crate::error::{Error, Result};

/// Assets that a source is asked for before what it answered is put away.
const AT_ONCE: usize = 20;

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

    /// Asks the sources what these assets cost, and puts the answers away, a few at a time and in this order, so that whoever
    /// stops waiting for the last has the first.
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
            for few in listings.chunks(AT_ONCE) {
                let (quotes, failed) = self.ask_for_quotes(source, few).await;
                self.note_health(source).await?;
                count_quotes(name, quotes.len(), failed);
                refreshed.failed += failed;
                refreshed.quotes.extend(self.put_quotes(name, quotes).await?);
            }
        }
        Ok(refreshed)
    }

    /// What a source answers, and for how many it has no answer.
    async fn ask_for_quotes(&self, source: &Arc<dyn MarketSource>, listings: &[Listing]) -> (Vec<NewQuote>, usize) {
        let questions = listings.iter().map(|listing| (listing.asset.id, None)).collect();
        let under_way = self.asked().begin(questions, self.now());
        let (mut quotes, mut failed) = (Vec::with_capacity(listings.len()), 0);
        for (asset, answer) in source.quotes(listings).await {
            let (question, now) = ((asset, None), self.now());
            match answer {
                Ok(quote) => {
                    self.asked().note_answer(question, now);
                    quotes.push(quote);
                }
                Err(error) => {
                    match error {
                        SourceError::Unknown => self.asked().note_nothing(question, None, now),
                        SourceError::NoTurn | SourceError::LeftAlone => self.asked().take_back(question),
                        _ => {}
                    }
                    failed += 1;
                    tracing::debug!(source = %source.name(), %asset, %error, "no quote");
                }
            }
        }
        drop(under_way);
        (quotes, failed)
    }

    /// Brings the candles of an asset in a timeframe that its source has up to date, and back to `from`. Returns how many
    /// were put away.
    ///
    /// A source is asked from where its own candles end, whatever a file brought since: only what it answered with counts as
    /// asked for. To answer nothing does not; it is asked again after a while. Those who ask for the same at once wait for one
    /// answer.
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
        let (now, question) = (self.now(), (asset.id, Some(timeframe)));
        let missing = async || {
            let series = self.series_of(asset.id).await?.into_iter().find(|series| series.timeframe == timeframe);
            Ok::<_, Error>(asked_from(source.name(), series.as_ref(), timeframe, from, now))
        };
        let Some(mut wanted) = missing().await? else { return Ok(0) };
        let (_turn, has_waited) = self.asked().turn(question).await;
        if has_waited {
            match missing().await? {
                // What the other was answered is there; where that was nothing, it would be nothing again.
                None => return Ok(0),
                Some(still) if still == wanted => return Ok(0),
                Some(still) => wanted = still,
            }
        }
        if self.asked().had_nothing(question, wanted, now) {
            return Ok(0);
        }
        let request = CandleRequest { timeframe, from: wanted, until: now };
        let under_way = self.asked().begin(vec![question], now);
        let answer = source.candles(&self.listing(asset), request).await;
        self.note_health(source).await?;
        let put = match answer {
            Ok(tidied) => {
                count_candles(source.name(), &tidied);
                let put = self.put_fetched_candles(asset, timeframe, source.name(), tidied, Some(from)).await?;
                match put {
                    0 => self.asked().note_nothing(question, Some(wanted), now),
                    _ => self.asked().note_answer(question, now),
                }
                put
            }
            Err(SourceError::Unknown) => {
                self.asked().note_nothing(question, None, now);
                0
            }
            Err(error) => {
                if matches!(error, SourceError::NoTurn | SourceError::LeftAlone) {
                    self.asked().take_back(question);
                }
                tracing::info!(source = %source.name(), symbol = asset.symbol, %timeframe, %error, "no candles");
                0
            }
        };
        drop(under_way);
        Ok(put)
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
    /// wants, or it came before the source could have the closing price, which it can have now.
    pub(super) fn is_quote_due(&self, asset: &Asset, known: Option<&Quote>, now: DateTime<Utc>) -> bool {
        let Some(source) = self.source_of(asset) else { return false };
        let question = (asset.id, None);
        if self.asked().had_nothing(question, now, now) {
            return false;
        }
        let Some(quote) = known else { return true };
        if quote.source.is_simulated() && !source.name().is_simulated() {
            return true;
        }
        if source.name().is_simulated() && !quote.source.is_simulated() {
            return false;
        }
        let exchange = self.exchange_of(asset);
        // A source that answers with an older price than is known has answered all the same.
        let answered_at = self.asked().answered_at(question).map_or(quote.fetched_at, |at| at.max(quote.fetched_at));
        match exchange.calendar.last_open(exchange.time_zone, now) {
            Some(open) if open == now => now - answered_at >= source.refresh_after(),
            Some(closed) => {
                let settled = closed + source.closing_after();
                answered_at < settled && now >= settled
            }
            None => false,
        }
    }
}

/// From when on a source is asked for candles that are to go back to `from`; none where there is nothing to ask it for.
pub(super) fn asked_from(
    source: SourceName,
    series: Option<&head::Model>,
    timeframe: Timeframe,
    from: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let Some(series) = series else { return Some(from) };
    if source.is_simulated() && !series.source.is_simulated() {
        return None;
    }
    let is_of_source = source.is_simulated() == series.source.is_simulated();
    let has_beginning = series.covered_from.is_some_and(|covered| covered <= from);
    if !is_of_source || !has_beginning {
        return Some(from);
    }
    if series.asked_at.is_some_and(|at| at >= bucket(timeframe, now)) {
        return None;
    }
    // The last ones again: a source may have corrected them since. However late `from` is: what lies before it, and after
    // these, would count as covered without having been asked for.
    let oldest = now - deepest(timeframe);
    Some(series.covered_until.map_or(from, |newest| oldest.max(newest - timeframe.span() * 2)))
}

fn count_quotes(source: SourceName, answered: usize, failed: usize) {
    let source = source.as_str();
    metrics::counter!("bellwether_market_quotes_total", "source" => source).increment(answered as u64);
    metrics::counter!("bellwether_market_quotes_missed_total", "source" => source).increment(failed as u64);
}

fn count_candles(source: SourceName, tidied: &Tidied) {
    let source = source.as_str();
    metrics::counter!("bellwether_market_candles_total", "source" => source).increment(tidied.candles.len() as u64);
    metrics::counter!("bellwether_market_candles_refused_total", "source" => source).increment(tidied.refused);
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use uuid::Uuid;

    use super::*;
    use crate::ids::{AssetId, Id};

    #[test]
    fn a_source_is_asked_from_where_its_own_candles_end_wherever_the_question_begins() {
        let now: DateTime<Utc> = "2026-03-02T12:00:00Z".parse().unwrap();
        let ago = |days: i64| now - TimeDelta::days(days);
        let known = head::Model {
            id: 1,
            asset_id: AssetId::from_uuid(Uuid::nil()),
            timeframe: Timeframe::D1,
            source: SourceName::Yahoo,
            refused: 0,
            covered_from: Some(ago(100)),
            covered_until: Some(ago(30)),
            asked_at: Some(ago(29)),
            fetched_at: ago(29),
        };
        let ask = |source, series: &head::Model, days| asked_from(source, Some(series), Timeframe::D1, ago(days), now);
        assert_eq!(asked_from(SourceName::Yahoo, None, Timeframe::D1, ago(9), now), Some(ago(9)), "the first time");
        assert_eq!(ask(SourceName::Yahoo, &known, 5), Some(ago(32)), "no hole between a month ago and five days ago");
        assert_eq!(ask(SourceName::Yahoo, &known, 90), Some(ago(32)));
        assert_eq!(ask(SourceName::Yahoo, &known, 200), Some(ago(200)), "further back than was asked for");
        let long_ago = head::Model { covered_from: Some(ago(9_000)), covered_until: Some(ago(8_000)), ..known.clone() };
        assert_eq!(ask(SourceName::Yahoo, &long_ago, 5), Some(ago(3_660)), "no further than anybody has candles");
        let just_now = head::Model { asked_at: Some(now), ..known.clone() };
        assert_eq!(ask(SourceName::Yahoo, &just_now, 5), None, "no candle has closed since");
        assert_eq!(ask(SourceName::Demo, &known, 5), None, "true ones are there");
        let simulated = head::Model { source: SourceName::Demo, ..known };
        assert_eq!(ask(SourceName::Yahoo, &simulated, 5), Some(ago(5)), "true ones begin anew");
    }
}
