//! Indicators of an asset, for whoever asks.

use std::sync::Arc;

use bellwether_engine::Bar;
use bellwether_engine::indicators::{Kind, Line, Parameters};
use chrono::{DateTime, Utc};

use super::cache::Stretch;
use super::numbers::bar;
use crate::Domain;
use crate::error::{Error, Problem, Result};
use crate::market::{Asset, Candle, CandleQuery, CandleSeries, Timeframe};
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
    pub lines: Arc<Vec<Line>>,
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
        let CandleSeries { asset, timeframe, candles, fetched_at, .. } = self.candle_series(viewer, query).await?;
        let stretch = Stretch::of(asset.id, timeframe, fetched_at, &candles);
        let times: Vec<_> = candles.iter().map(|candle| candle.open_time).collect();
        // Read where one was not computed of late.
        let mut warm = None;
        let mut all = Vec::with_capacity(requests.len());
        for (request, label) in requests.iter().zip(labels) {
            let lines = match self.analysis_cache().lines(stretch, &label).await {
                Some(lines) => lines,
                None => {
                    let (bars, earlier) = match &mut warm {
                        Some(warm) => warm,
                        none => none.insert(self.warmed_up(&asset, timeframe, &candles).await?),
                    };
                    let lines = Arc::new(lines(request, bars, *earlier)?);
                    self.analysis_cache().keep_lines(stretch, &label, &lines).await;
                    lines
                }
            };
            all.push(IndicatorSeries { kind: request.kind, label, times: times.clone(), lines });
        }
        Ok(all)
    }

    /// The candles with those before them, and how many these are.
    async fn warmed_up(&self, asset: &Asset, timeframe: Timeframe, candles: &[Candle]) -> Result<(Vec<Bar>, usize)> {
        let Some(first) = candles.first() else { return Ok((Vec::new(), 0)) };
        let mut before = self.closed_candles(asset, timeframe, None, first.open_time, WARM_UP).await?;
        let earlier = before.len();
        before.extend_from_slice(candles);
        Ok((before.iter().map(bar).collect(), earlier))
    }
}

/// An indicator of these candles, without the values of the earlier ones.
fn lines(request: &IndicatorRequest, bars: &[Bar], earlier: usize) -> Result<Vec<Line>> {
    let lines = request.kind.lines(&request.parameters, bars);
    let mut lines = lines.map_err(|error| Problem::validation(&["kinds", error.parameter], error.message))?;
    for line in &mut lines {
        line.values.drain(..earlier);
    }
    Ok(lines)
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
