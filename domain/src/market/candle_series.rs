//! The candles of a chart, for whoever asks.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::Timeframe;
use super::ask_quotes::parse_currency;
use super::asset::Model as Asset;
use super::candle::Candle;
use super::patience::{BRIEF, wait_for};
use super::rate::Rate;
use super::read_candles::{itself_or_smaller, series_to_read};
use super::series::head;
use super::source::SourceName;
use crate::Domain;
use crate::clock::is_storable;
use crate::error::{Fault, Problem, Result};
use crate::fixed::FixedError;
use crate::viewer::Viewer;

/// Candles that one answer holds at most.
pub const MOST_CANDLES: usize = 5_000;
/// How long a source is waited for where nothing is known that reaches back as far as was asked.
const PATIENCE: Duration = Duration::from_secs(5);

/// How far back from now, or from the last moment that the market was open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChartRange {
    /// A day.
    Day,
    /// A week.
    Week,
    /// A month: 31 days.
    Month,
    /// Three months: 92 days.
    Quarter,
    /// A year: 366 days.
    Year,
    /// Five years: 1,827 days.
    FiveYears,
}

impl ChartRange {
    const fn span(self) -> TimeDelta {
        TimeDelta::days(match self {
            Self::Day => 1,
            Self::Week => 7,
            Self::Month => 31,
            Self::Quarter => 92,
            Self::Year => 366,
            Self::FiveYears => 1_827,
        })
    }
}

/// Which candles.
#[derive(Clone, Debug)]
pub struct CandleQuery {
    /// Whose.
    pub symbol: String,
    /// How long each lasts.
    pub timeframe: Timeframe,
    /// How far back; a year where nothing is given. Not together with `from` and `to`.
    pub range: Option<ChartRange>,
    /// From when on.
    pub from: Option<DateTime<Utc>>,
    /// Until when they have closed; none for now.
    pub to: Option<DateTime<Utc>>,
    /// The currency of the prices; none for the asset's own.
    pub currency: Option<String>,
}

/// Candles of one asset, and where they come from.
#[derive(Clone, Debug)]
pub struct CandleSeries {
    /// Whose.
    pub asset: Arc<Asset>,
    /// How long each lasts.
    pub timeframe: Timeframe,
    /// The newest that fit, ascending, at most [`MOST_CANDLES`].
    pub candles: Vec<Candle>,
    /// Whether there are earlier ones in the range that did not fit.
    pub has_earlier: bool,
    /// Where the newest of them come from.
    pub source: SourceName,
    /// The timeframe of the candles that these were made of; their own where they were not made.
    pub made_of: Timeframe,
    /// How many candles of this series were refused so far, because they broke a rule.
    pub refused: u64,
    /// When they were last brought up to date.
    pub fetched_at: DateTime<Utc>,
    /// When a source last answered for them; none where they are of files alone.
    pub asked_at: Option<DateTime<Utc>>,
    /// Whether candles are missing that have closed since.
    pub is_stale: bool,
    /// The currency of the prices, ISO 4217.
    pub currency: String,
    /// The rate from the asset's currency, which is that of today for every candle; none where nothing was converted.
    pub rate: Option<Rate>,
}

impl Domain {
    /// The candles of an asset. Its source is asked first where candles are missing; where that does not answer in time
    /// the answer is what is stored.
    ///
    /// # Errors
    /// A problem with an argument; UNAUTHENTICATED, FORBIDDEN where the prices' licence is not for everybody;
    /// MARKET_DATA_UNAVAILABLE where the asset has no candles at all.
    pub async fn candle_series(&self, viewer: &Viewer, query: &CandleQuery) -> Result<CandleSeries> {
        let asset = self.asset_named(&query.symbol).await?;
        let asset = asset.map_err(|(code, message)| Problem::new(code, &["symbol"], message))?;
        let currency = query.currency.as_deref().map(parse_currency).transpose()?;
        let now = self.now();
        let (from, until) = self.bounds(&asset, query, now)?;
        self.wants(std::slice::from_ref(&asset)).await;
        let timeframe = query.timeframe;
        if let Some(stored) = self.timeframe_to_ask(&asset, timeframe) {
            self.ask_for_candles(&asset, stored, from.max(now - deepest(stored))).await?;
        }
        let series = self.series_of(asset.id).await?;
        let stored =
            series_to_read(&series, timeframe).ok_or_else(|| Fault::MarketDataUnavailable(asset.symbol.clone()))?;
        viewer.may_see_price(stored.source.licence())?;
        let mut candles = self.closed_candles(&asset, timeframe, Some(from), until, MOST_CANDLES + 1).await?;
        let has_earlier = candles.len() > MOST_CANDLES;
        if has_earlier {
            candles.remove(0);
        }
        let is_stale = self.lags_behind(&asset, stored, timeframe.span(), now).await?;
        let mut found = CandleSeries {
            timeframe,
            candles,
            has_earlier,
            source: stored.source,
            made_of: stored.timeframe,
            refused: u64::try_from(stored.refused).unwrap_or(0),
            fetched_at: stored.fetched_at,
            asked_at: stored.asked_at,
            is_stale,
            currency: asset.currency.clone(),
            rate: None,
            asset,
        };
        if let Some(currency) = currency.filter(|currency| *currency != found.currency) {
            self.ask_for_rate(&found.currency, &currency, BRIEF).await?;
            let rate = self.rate(&found.currency, &currency).await?;
            // Whoever has the one price and the other has the rate.
            viewer.may_see_price(rate.licence)?;
            let too_large = |_| Fault::MarketDataUnavailable(format!("{} in {currency}", found.asset.symbol));
            for candle in &mut found.candles {
                *candle = converted(candle, &rate).map_err(too_large)?;
            }
            (found.currency, found.rate) = (currency, Some(rate));
        }
        Ok(found)
    }

    /// Has the asset's source asked for candles back to `from`, and waits for it: but not for long where they are known that
    /// far back, or are being asked for already.
    async fn ask_for_candles(&self, asset: &Arc<Asset>, timeframe: Timeframe, from: DateTime<Utc>) -> Result<()> {
        let series = self.series_of(asset.id).await?;
        let known = series.iter().find(|series| series.timeframe == timeframe);
        let reaches = known.and_then(|series| series.covered_from).is_some_and(|covered| covered <= from);
        if reaches && self.asked().is_under_way((asset.id, Some(timeframe))) {
            return Ok(());
        }
        let (domain, asset) = (self.clone(), Arc::clone(asset));
        let asking = async move { domain.refresh_candles(&asset, timeframe, from).await };
        wait_for(if reaches { BRIEF } else { PATIENCE }, asking).await;
        Ok(())
    }

    /// Whether candles of a series have closed that are not there, as far as the market's hours tell: neither a source was
    /// asked nor has a file brought any for longer than one of them, and what a price may be old, by the last moment that
    /// the market was open.
    async fn lags_behind(
        &self,
        asset: &Asset,
        series: &head::Model,
        span: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let exchange = self.exchange_of(asset);
        let Some(last_open) = exchange.calendar.last_open(exchange.time_zone, now) else { return Ok(false) };
        let may_lag = span + self.config().market.stale_after;
        if series.asked_at.is_some_and(|at| at + may_lag >= last_open) {
            return Ok(false);
        }
        let newest = self.closed_candles(asset, series.timeframe, None, now, 1).await?;
        Ok(newest.last().is_none_or(|newest| newest.open_time + series.timeframe.span() + may_lag < last_open))
    }

    /// From when until when, of what was asked.
    fn bounds(&self, asset: &Asset, query: &CandleQuery, now: DateTime<Utc>) -> Result<(DateTime<Utc>, DateTime<Utc>)> {
        let problem = |name: &str, message: &str| Err(Problem::validation(&[name], message).into());
        if query.range.is_some() && (query.from.is_some() || query.to.is_some()) {
            return problem("range", "give range, or from and to, not both");
        }
        for (name, time) in [("from", query.from), ("to", query.to)] {
            if time.is_some_and(|time| !is_storable(time)) {
                return problem(name, "expected a time of the years 1 to 9999");
            }
        }
        let until = query.to.unwrap_or(now).min(now);
        let Some(from) = query.from else {
            // On a Sunday the last day is Friday.
            let exchange = self.exchange_of(asset);
            let anchor = exchange.calendar.last_open(exchange.time_zone, until).unwrap_or(until);
            return Ok((anchor - query.range.unwrap_or(ChartRange::Year).span(), until));
        };
        if query.to.is_some_and(|to| from >= to) {
            return problem("from", "expected a time before `to`");
        }
        if from >= now {
            return problem("from", "expected a time in the past");
        }
        Ok((from, until))
    }

    /// The timeframe that the asset's source is asked for, to have candles of this one.
    pub(super) fn timeframe_to_ask(&self, asset: &Asset, timeframe: Timeframe) -> Option<Timeframe> {
        let source = self.source_of(asset)?;
        itself_or_smaller(timeframe).find(|candidate| source.timeframes().contains(candidate))
    }
}

/// How far back a source is asked: beyond that nobody has candles, or more than an answer may hold.
pub(super) const fn deepest(timeframe: Timeframe) -> TimeDelta {
    TimeDelta::days(match timeframe {
        Timeframe::M1 => 7,
        Timeframe::M5 | Timeframe::M15 => 30,
        Timeframe::H1 | Timeframe::H4 => 730,
        Timeframe::D1 | Timeframe::W1 => 3_660,
    })
}

fn converted(candle: &Candle, rate: &Rate) -> Result<Candle, FixedError> {
    Ok(Candle {
        open: rate.convert(candle.open)?,
        high: rate.convert(candle.high)?,
        low: rate.convert(candle.low)?,
        close: rate.convert(candle.close)?,
        ..*candle
    })
}
