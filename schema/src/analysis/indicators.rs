//! Indicators.

use async_graphql::{Enum, InputObject, Object, SimpleObject};
use bellwether_domain::analysis::{self, IndicatorParameters, IndicatorRequest};
use chrono::{DateTime, Utc};

use crate::paging::InTurn;

/// Which indicator. Definitions and warm-up are TA-Lib's wherever it has the indicator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "analysis::IndicatorKind")]
pub(crate) enum IndicatorKind {
    /// The simple moving average of the closes. Line: sma.
    Sma,
    /// The exponential moving average of the closes. Line: ema.
    Ema,
    /// Wilder's relative strength index, 0 to 100. Line: rsi.
    Rsi,
    /// Moving average convergence and divergence. Lines: macd, signal, histogram.
    Macd,
    /// Bollinger bands. Lines: upper, middle, lower.
    Bollinger,
    /// Wilder's average true range. Line: atr.
    Atr,
    /// Wilder's average directional index, 0 to 100. Line: adx.
    Adx,
    /// Lane's slow stochastic, 0 to 100. Lines: k, d.
    Stochastic,
    /// On-balance volume, begun a thousand candles before the range. Line: obv.
    Obv,
    /// The volume-weighted average price of the last candles. Line: vwap.
    Vwap,
    /// The average volume. Line: average.
    VolumeAverage,
    /// The levels next to the close at which the market turned before. Lines: support, resistance.
    SupportResistance,
}

/// An indicator and its parameters; those that are not given are as usual.
#[derive(Clone, Debug, InputObject)]
pub(super) struct IndicatorInput {
    /// Which.
    kind: IndicatorKind,
    /// Candles, 1 to 500; null for 20 (averages, bands, VWAP), 14 (RSI, ATR, ADX) or 5 (stochastic). Not for MACD, OBV and support and resistance.
    period: Option<i32>,
    /// Candles of MACD's fast average; null for 12.
    fast: Option<i32>,
    /// Candles of MACD's slow average; null for 26.
    slow: Option<i32>,
    /// Candles of the average of MACD or of the stochastic's K; null for 9 and 3.
    signal: Option<i32>,
    /// Candles of the smoothing of the stochastic's K; null for 3.
    smooth: Option<i32>,
    /// How many deviations Bollinger bands are away from their middle, 0.1 to 10; null for 2.
    deviations: Option<f64>,
}

impl From<IndicatorInput> for IndicatorRequest {
    fn from(input: IndicatorInput) -> Self {
        let IndicatorInput { kind, period, fast, slow, signal, smooth, deviations } = input;
        Self { kind: kind.into(), parameters: IndicatorParameters { period, fast, slow, signal, smooth, deviations } }
    }
}

/// An indicator over a range of candles.
#[derive(Clone, Debug)]
pub(crate) struct IndicatorSeries(pub(super) analysis::IndicatorSeries);

/// An indicator over a range of candles.
#[Object]
impl IndicatorSeries {
    /// Which.
    async fn kind(&self) -> IndicatorKind {
        self.0.kind.into()
    }

    /// The indicator with its parameters, such as RSI(14).
    async fn label(&self) -> &str {
        &self.0.label
    }

    /// Its lines.
    async fn lines(&self) -> Vec<IndicatorLine> {
        let line = |line: &analysis::IndicatorLine| {
            let points = self.0.times.iter().zip(&line.values);
            let point =
                |(time, value): (&DateTime<Utc>, &Option<f64>)| Some(IndicatorPoint { time: *time, value: (*value)? });
            IndicatorLine { name: line.name, points: points.filter_map(point).collect() }
        };
        self.0.lines.iter().map(line).collect()
    }
}

/// One line of an indicator.
#[derive(Clone, Debug)]
pub(crate) struct IndicatorLine {
    name: &'static str,
    points: Vec<IndicatorPoint>,
}

/// One line of an indicator.
#[Object]
impl IndicatorLine {
    /// What the line is, such as upper.
    async fn name(&self) -> &str {
        self.name
    }

    /// A point for each candle at which the line has a value, the oldest first.
    async fn points(&self) -> InTurn<IndicatorPoint> {
        InTurn::new(self.points.clone())
    }
}

/// A value of an indicator.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub(crate) struct IndicatorPoint {
    /// When the candle opened.
    time: DateTime<Utc>,
    /// The value: a computed figure, in the unit of the price or the volume, or of its own.
    value: f64,
}
