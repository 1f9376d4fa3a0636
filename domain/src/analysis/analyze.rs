//! Analysing an asset on demand.

use std::sync::Arc;

use bellwether_engine::strategies::{Analyst, Opinion, Side, Strategy, plan};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::cache::Stretch;
use super::freshness::{Freshness, Origin};
use super::numbers::{bar, to_tick};
use crate::Domain;
use crate::error::{Error, Fault, Problem, ProblemCode, Result};
use crate::ids::AssetId;
use crate::market::{Asset, Candle, CandleQuery, CandleSeries};
use crate::permission::Permission;
use crate::signals::{Direction, MOST_REASONS, Mode, NewSignal, Reason, Recorded, Recording, SignalOrigin, Timeframe};
use crate::viewer::Viewer;

/// Candles that are looked at: enough for the longest average, and for what is smoothed to forget where it began.
pub(super) const CANDLES: usize = 500;
/// What is asked where no strategy is named.
const USUAL: &str = "consensus";

/// What to analyse.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// The symbol of the asset.
    pub symbol: String,
    /// The span of its candles.
    pub timeframe: Timeframe,
    /// The horizon: how far away target and stop are.
    pub mode: Mode,
    /// The name of the strategy; none for the consensus of all.
    pub strategy: Option<String>,
}

/// How far back there are as many candles in markets that are closed at night and at weekends.
fn reach(timeframe: Timeframe) -> TimeDelta {
    (timeframe.span() * 3_000).clamp(TimeDelta::days(10), TimeDelta::days(20_000))
}

impl Domain {
    /// Judges the newest candle that has closed (the asset's source is asked first where it is missing) and records what comes of it as a private signal of the viewer's, once
    /// for each candle, however often it is asked for.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN, RATE_LIMITED; NOT_FOUND for an unknown symbol or strategy, CONFLICT for one that the
    /// tenant switched off, VALIDATION where there are too few candles, STALE_QUOTE where the newest is
    /// not new and its source has no other; MARKET_DATA_UNAVAILABLE where there are none.
    pub async fn analyze(&self, viewer: &Viewer, analysis: Analysis) -> Result<Recorded> {
        let member = viewer.permitted(Permission::SignalsWrite)?;
        self.limits().analyses.check(&member.user_id.to_string())?;
        let strategy = self.strategy_on(member.tenant_id, analysis.strategy.as_deref().unwrap_or(USUAL)).await?;
        if !self.judges(strategy, analysis.timeframe) {
            let message = format!("the model was not trained on candles of {}", analysis.timeframe);
            return Err(Problem::validation(&["timeframe"], message).into());
        }
        let query = CandleQuery {
            symbol: analysis.symbol,
            timeframe: analysis.timeframe,
            range: None,
            from: Some(self.now() - reach(analysis.timeframe)),
            to: None,
            currency: None,
        };
        let CandleSeries { asset, mut candles, source, fetched_at, asked_at, .. } =
            self.candle_series(viewer, &query).await?;
        let candles = candles.split_off(candles.len().saturating_sub(CANDLES));
        let Some(newest) = candles.last() else {
            return Err(Fault::MarketDataUnavailable(asset.symbol.clone()).into());
        };
        if candles.len() < strategy.needs {
            let (needs, there) = (strategy.needs, candles.len());
            let message = format!(
                "{} needs {needs} closed candles of {}, and there are {there} of {}: take a smaller timeframe or another strategy",
                strategy.name, analysis.timeframe, asset.symbol
            );
            return Err(Problem::validation(&["timeframe"], message).into());
        }
        let age = self.age_to_tell(&asset, analysis.timeframe, newest, Origin { source, asked_at })?;
        let analyst = self.analyst(asset.id, analysis.timeframe, fetched_at, &candles).await;
        let place = Place {
            asset: &asset,
            timeframe: analysis.timeframe,
            mode: analysis.mode,
            candle: newest,
            is_simulated: source.is_simulated(),
        };
        let mut signal = signal_of(&place, strategy, &self.opinion(strategy, &analyst), &analyst);
        signal.reasons.truncate(MOST_REASONS - usize::from(age.is_some()));
        signal.reasons.extend(age);
        let recording = Recording {
            tenant_id: member.tenant_id,
            author_id: Some(member.user_id),
            origin: SignalOrigin::Engine,
            may_publish: false,
        };
        let answer = self.record_signals_as(&recording, vec![signal]).await?.pop();
        answer.unwrap_or_else(|| Err(Fault::Bug("no answer to a signal".to_owned()).into()))
    }

    /// The analyst that has seen these candles of a series last fetched then.
    pub(super) async fn analyst(
        &self,
        asset: AssetId,
        timeframe: Timeframe,
        fetched_at: DateTime<Utc>,
        candles: &[Candle],
    ) -> Arc<Analyst> {
        let stretch = Stretch::of(asset, timeframe, fetched_at, candles);
        self.analysis_cache().analyst(stretch, || Analyst::of(candles.iter().map(bar))).await
    }

    /// What is to be said of the age of the newest candle; none where it is the newest that can be there.
    ///
    /// # Errors
    /// STALE_QUOTE where a later one is due, and the asset's source was not heard of or has none any more.
    fn age_to_tell(
        &self,
        asset: &Asset,
        timeframe: Timeframe,
        newest: &Candle,
        origin: Origin,
    ) -> Result<Option<Reason>> {
        let closed = newest.open_time + timeframe.span();
        let age = in_words(self.now() - closed);
        match self.freshness(asset, timeframe, newest.open_time, origin) {
            Freshness::Fresh => Ok(None),
            Freshness::Aged => Ok(Some(Reason {
                indicator: "Candle".to_owned(),
                says: format!("the newest candle there is closed {age} ago, at {}", closed.format("%FT%RZ")),
                value: Some(age),
            })),
            Freshness::Stale => {
                let message = format!(
                    "the newest candle of {} on {timeframe} closed {age} ago, and its source has none since: try again later",
                    asset.symbol
                );
                Err(Problem::new(ProblemCode::StaleQuote, &["symbol"], message).into())
            }
        }
    }

    /// The strategy of this name, if the tenant has it switched on.
    async fn strategy_on(&self, tenant: crate::ids::TenantId, name: &str) -> Result<&'static Strategy> {
        let path = &["strategy"];
        let Some(strategy) = self.catalog().find(|strategy| strategy.name == name) else {
            let names: Vec<&str> = self.catalog().map(|known| known.name).collect();
            let message = format!("there is no strategy of this name; there are {}", names.join(", "));
            return Err(Problem::new(ProblemCode::NotFound, path, message).into());
        };
        if self.strategies_off().await?.is_off(tenant, strategy.name) {
            let message = format!("{} is switched off here", strategy.name);
            return Err(Error::from(Problem::new(ProblemCode::Conflict, path, message)));
        }
        Ok(strategy)
    }
}

/// A span of time for people, such as 3 hours.
fn in_words(span: TimeDelta) -> String {
    let (number, unit) = match (span.num_days(), span.num_hours(), span.num_minutes()) {
        (days @ 2.., ..) => (days, "days"),
        (_, hours @ 2.., _) => (hours, "hours"),
        (.., minutes) => (minutes, "minutes"),
    };
    format!("{number} {unit}")
}

/// What an opinion is about.
pub(super) struct Place<'a> {
    pub(super) asset: &'a Asset,
    pub(super) timeframe: Timeframe,
    pub(super) mode: Mode,
    /// The newest candle that the analyst has seen.
    pub(super) candle: &'a Candle,
    /// Whether its prices are simulated.
    pub(super) is_simulated: bool,
}

/// The opinion as a signal.
pub(super) fn signal_of(place: &Place<'_>, strategy: &Strategy, opinion: &Opinion, analyst: &Analyst) -> NewSignal {
    let now = analyst.newest();
    let plan = opinion.side.and_then(|side| plan(now?, side, risk(place.mode)));
    let price = |price: f64| to_tick(price, place.asset.tick_size).map(|price| price.to_string());
    let direction = match opinion.side {
        Some(Side::Buy) => Direction::Buy,
        Some(Side::Sell) => Direction::Sell,
        None => Direction::Hold,
    };
    let reasons: Vec<Reason> = opinion
        .reasons()
        .into_iter()
        .map(|reason| Reason { indicator: reason.indicator.to_owned(), value: reason.value, says: reason.says })
        .collect();
    let because = reasons.first().map(|reason| reason.says.as_str()).unwrap_or_default();
    let marked = if place.is_simulated { " Simulated prices (DEMO)." } else { "" };
    let summary = format!(
        "{direction} {} on {}, confidence {} of 100: {because}.{marked}",
        place.asset.symbol, place.timeframe, opinion.confidence
    );
    NewSignal {
        symbol: place.asset.symbol.clone(),
        mode: Some(place.mode),
        timeframe: Some(place.timeframe),
        signal_time: Some(place.candle.open_time),
        direction: Some(direction),
        confidence: opinion.confidence.into(),
        strategy: Some(strategy.name.to_owned()),
        entry: Some(place.candle.close.to_string()),
        target: plan.and_then(|plan| price(plan.target)),
        stop: plan.and_then(|plan| price(plan.stop)),
        summary: Some(summary),
        reasons,
        audience: None,
        is_simulated: place.is_simulated,
        payload: Some(json!({
            "strategy": {"name": strategy.name, "version": strategy.version},
            "candles": analyst.seen(),
            "indicators": now.map(|now| json!({
                "close": now.bar.close, "sma50": now.sma50, "sma200": now.sma200, "rsi14": now.rsi,
                "macd": now.macd.map(|macd| json!({
                    "macd": macd.macd, "signal": macd.signal, "histogram": macd.histogram,
                })),
                "bollinger": now.bands.map(|bands| json!({
                    "upper": bands.upper, "middle": bands.middle, "lower": bands.lower,
                })),
                "atr14": now.atr, "adx14": now.adx, "volume": now.bar.volume, "volume20": now.volume,
                "support": now.levels.and_then(|near| near.support).map(|level| level.price),
                "resistance": now.levels.and_then(|near| near.resistance).map(|level| level.price),
            })),
        })),
        ..NewSignal::default()
    }
}

/// How far away the stop is, in ATR(14).
const fn risk(mode: Mode) -> f64 {
    match mode {
        Mode::Scalp => 1.0,
        Mode::Intraday => 1.5,
        Mode::Swing => 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_words() {
        for (minutes, words) in
            [(7, "7 minutes"), (119, "119 minutes"), (120, "2 hours"), (47 * 60, "47 hours"), (48 * 60, "2 days")]
        {
            assert_eq!(in_words(TimeDelta::minutes(minutes)), words);
        }
    }
}
