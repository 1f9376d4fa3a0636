//! Indicators of an asset, for whoever asks.

use bellwether_engine::Bar;
use bellwether_engine::indicators::{Kind, Line, Parameters};
use chrono::{DateTime, Utc};

use super::numbers::bar;
use crate::Domain;
use crate::error::{Error, Problem, Result};
use crate::market::{Asset, CandleQuery, CandleSeries, Timeframe};
use crate::viewer::Viewer;

/// Indicators that one answer holds at most.
const MOST: usize = 12;
/// Candles before the range that are looked at, so that averages have warmed up and what is smoothed has forgotten where
/// it began.
const WARM_UP: usize = 1_000;

/// Which indicator, with which parameters.
#[derive(Clone, Copy, Debug)]
pub struct IndicatorRequest {
    /// Which.
    pub kind: Kind,
    /// Its parameters.
    pub parameters: Parameters,
}

/// One indicator over a range of candles.
#[derive(Clone, Debug)]
pub struct IndicatorSeries {
    /// Which.
    pub kind: Kind,
    /// It and its parameters in words, such as RSI(14).
    pub label: String,
    /// When each candle opened, ascending.
    pub times: Vec<DateTime<Utc>>,
    /// Its lines, each with a value for each candle.
    pub lines: Vec<Line>,
}

impl Domain {
    /// Indicators of an asset's candles, in the order they were asked for. Their values do not begin with the range:
    /// earlier candles are looked at where there are any.
    ///
    /// # Errors
    /// As reading the candles; a problem with a parameter.
    pub async fn indicators(
        &self,
        viewer: &Viewer,
        query: &CandleQuery,
        requests: &[IndicatorRequest],
    ) -> Result<Vec<IndicatorSeries>> {
        if requests.is_empty() || requests.len() > MOST {
            let message = format!("expected 1 to {MOST} kinds, got {}", requests.len());
            return Err(Problem::validation(&["kinds"], message).into());
        }
        let labels = labels(requests)?;
        let CandleSeries { asset, timeframe, candles, .. } = self.candle_series(viewer, query).await?;
        let mut bars = match candles.first() {
            Some(first) => self.warm_up(&asset, timeframe, first.open_time).await?,
            None => Vec::new(),
        };
        let earlier = bars.len();
        bars.extend(candles.iter().map(bar));
        let times: Vec<_> = candles.iter().map(|candle| candle.open_time).collect();
        let series = requests.iter().zip(labels).map(|(request, label)| {
            let lines = request.kind.lines(&request.parameters, &bars);
            let mut lines = lines.map_err(|error| Problem::validation(&["kinds", error.parameter], error.message))?;
            for line in &mut lines {
                line.values.drain(..earlier);
            }
            Ok(IndicatorSeries { kind: request.kind, label, times: times.clone(), lines })
        });
        series.collect()
    }

    async fn warm_up(&self, asset: &Asset, timeframe: Timeframe, until: DateTime<Utc>) -> Result<Vec<Bar>> {
        let earlier = self.closed_candles(asset, timeframe, None, until, WARM_UP).await?;
        Ok(earlier.iter().map(bar).collect())
    }
}

/// The indicators in words; every problem with their parameters at once.
fn labels(requests: &[IndicatorRequest]) -> Result<Vec<String>> {
    let (mut labels, mut problems) = (Vec::with_capacity(requests.len()), Vec::new());
    for (index, request) in requests.iter().enumerate() {
        match request.kind.label(&request.parameters) {
            Ok(label) => labels.push(label),
            Err(error) => {
                problems.push(Problem::validation(&["kinds", &index.to_string(), error.parameter], error.message));
            }
        }
    }
    if problems.is_empty() { Ok(labels) } else { Err(Error::Problems(problems)) }
}
