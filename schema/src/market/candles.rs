//! Charts.

use async_graphql::{Enum, Object};
use bellwether_domain::market;
use chrono::{DateTime, Utc};

use super::types::{Asset, ExchangeRate, LicenceClass, MarketSource};
use crate::paging::InTurn;
use crate::scalars::Decimal;
use crate::signals::Timeframe;

/// How far back, from now or from the last moment that the market was open. 1D, 1W, … are written with the letter first, as timeframes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "Range", remote = "bellwether_domain::market::ChartRange")]
pub(crate) enum ChartRange {
    /// A day.
    #[graphql(name = "D1")]
    Day,
    /// A week.
    #[graphql(name = "W1")]
    Week,
    /// A month: 31 days.
    #[graphql(name = "M1")]
    Month,
    /// Three months: 92 days.
    #[graphql(name = "M3")]
    Quarter,
    /// A year: 366 days.
    #[graphql(name = "Y1")]
    Year,
    /// Five years: 1,827 days.
    #[graphql(name = "Y5")]
    FiveYears,
}

/// What an asset's price did in one span of time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candle(market::Candle);

/// What an asset's price did in one span of time.
#[Object]
impl Candle {
    /// When the span began: of a daily candle midnight UTC of the trading day, of a weekly one that of its Monday.
    async fn open_time(&self) -> DateTime<Utc> {
        self.0.open_time
    }

    /// The first price.
    async fn open(&self) -> Decimal {
        self.0.open.into()
    }

    /// The highest price.
    async fn high(&self) -> Decimal {
        self.0.high.into()
    }

    /// The lowest price.
    async fn low(&self) -> Decimal {
        self.0.low.into()
    }

    /// The last price.
    async fn close(&self) -> Decimal {
        self.0.close.into()
    }

    /// How much was traded, in units of the asset; 0 where the source does not say.
    async fn volume(&self) -> Decimal {
        self.0.volume.into()
    }
}

/// Candles of one asset, and where they come from.
#[derive(Clone, Debug)]
pub(crate) struct CandleSeries(pub(super) market::CandleSeries);

/// Candles of one asset, and where they come from.
#[Object]
impl CandleSeries {
    /// The symbol of the asset.
    async fn symbol(&self) -> &str {
        &self.0.asset.symbol
    }

    /// The asset.
    async fn asset(&self) -> Asset {
        Asset(self.0.asset.clone())
    }

    /// How long each candle lasts.
    async fn timeframe(&self) -> Timeframe {
        self.0.timeframe.into()
    }

    /// The candles that have closed, the oldest first, the newest 5,000 of the range.
    async fn candles(&self) -> InTurn<Candle> {
        InTurn::new(self.0.candles.iter().copied().map(Candle).collect())
    }

    /// Whether the range has earlier candles that did not fit.
    async fn has_earlier(&self) -> bool {
        self.0.has_earlier
    }

    /// The currency of the prices, ISO 4217.
    async fn currency(&self) -> &str {
        &self.0.currency
    }

    /// Where the newest candles come from. DEMO is simulated.
    async fn source(&self) -> MarketSource {
        self.0.source.into()
    }

    /// Who may be shown the candles.
    async fn licence(&self) -> LicenceClass {
        self.0.source.licence().into()
    }

    /// The timeframe of the candles that these were made of; the same as `timeframe` where they were not made.
    async fn made_of(&self) -> Timeframe {
        self.0.made_of.into()
    }

    /// How many candles of the series were refused so far, because they broke a rule.
    async fn refused(&self) -> u64 {
        self.0.refused
    }

    /// When the series was last brought up to date.
    async fn fetched_at(&self) -> DateTime<Utc> {
        self.0.fetched_at
    }

    /// Whether candles have closed since that are missing.
    async fn stale(&self) -> bool {
        self.0.is_stale
    }

    /// The rate from the asset's own currency, which is today's for every candle; null where nothing was converted.
    async fn rate(&self) -> Option<ExchangeRate> {
        let series = &self.0;
        series.rate.as_ref().map(|rate| ExchangeRate::new(&series.asset.currency, &series.currency, rate))
    }
}
