//! Training, and finding out how good it is without looking ahead.
//!
//! The samples stand in the order of time. The later half is cut into five parts, and each part is forecast by a model that
//! learned from what was known when its first candle closed: a sample whose outcome was still to come then is left out, so
//! that between the last candle that was learned from and the first that is forecast there is a gap of the horizon. The model
//! that is kept learns from all.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::features::{FEATURES, Features};
use super::logistic::Logistic;
use super::report::Report;
use super::samples::Sample;
use super::{Model, Prediction, TrackRecord};
use crate::strategies::Side;

/// Which edition of the features and of the file this is.
pub const VERSION: u32 = 1;
/// Samples that are needed: with fewer a model learns chance.
const LEAST: usize = 1_000;
/// Samples that are needed before the first part.
const LEAST_BEFORE: usize = 200;
/// Parts that are forecast.
const PARTS: usize = 5;

/// A forecast of a candle that the model had not seen, and what came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// When the candle closed, in seconds since 1970.
    pub at: i64,
    /// How likely the model found a higher close, 0 to 1.
    pub probability: f64,
    /// Which share of the closes that it learned from was higher.
    pub base_rate: f64,
    /// Whether it was higher.
    pub is_higher: bool,
}

/// Why there is no model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainError {
    /// Too few candles with an outcome.
    TooFew {
        /// How many there are.
        there: usize,
        /// How many are needed.
        needed: usize,
    },
    /// In some part of time closes only rose, or only fell, or the features are not to be fitted.
    OneSided,
}

impl fmt::Display for TrainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFew { there, needed } => {
                write!(f, "a model needs {needed} candles of which it is known what came, and there are {there}")
            }
            Self::OneSided => f.write_str("the prices only rose, or only fell: there is nothing to learn from them"),
        }
    }
}

impl std::error::Error for TrainError {}

/// A model that was trained, as it is kept in a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trained {
    /// The edition of the features and of the file.
    pub version: u32,
    /// The timeframe of the candles.
    pub timeframe: String,
    /// How many candles ahead it looks.
    pub horizon: usize,
    /// Whether the prices that it learned from are simulated.
    pub is_simulated: bool,
    /// When the first candle closed that it learned from, in seconds since 1970.
    pub from: i64,
    /// When the last outcome was known.
    pub until: i64,
    /// How many samples it learned from.
    pub samples: usize,
    /// What the features are.
    pub features: Vec<String>,
    /// The model.
    pub logistic: Logistic,
    /// How good it was on candles that it had not seen.
    pub report: Report,
}

impl Trained {
    /// Whether this program can use it: its edition and its features are the ones that are computed here.
    pub fn is_current(&self) -> bool {
        self.version == VERSION && self.features.iter().map(String::as_str).eq(FEATURES)
    }
}

impl Model for Trained {
    fn timeframe(&self) -> &str {
        &self.timeframe
    }

    fn horizon(&self) -> usize {
        self.horizon
    }

    fn predict(&self, features: &Features) -> Prediction {
        Prediction::of(self.logistic.probability(features))
    }

    fn track_record(&self, prediction: Prediction) -> Option<TrackRecord> {
        let decile = self.report.decile(prediction.higher())?;
        let came_true = if prediction.side == Side::Buy { decile.came } else { 1.0 - decile.came };
        Some(TrackRecord { count: decile.forecasts, came_true })
    }
}

/// Trains a model on the samples of any number of assets, in any order.
///
/// # Errors
/// Too few samples, or none from which anything is to be learned.
pub fn train(
    mut samples: Vec<Sample>,
    timeframe: &str,
    horizon: usize,
    is_simulated: bool,
) -> Result<Trained, TrainError> {
    // A stable sort: samples of one moment stay in the order of the assets.
    samples.sort_by_key(|sample| sample.at);
    let forecasts = walk_forward(&samples)?;
    let report = Report::of(&forecasts).ok_or(TrainError::OneSided)?;
    let logistic = Logistic::fit(&samples.iter().collect::<Vec<_>>()).ok_or(TrainError::OneSided)?;
    Ok(Trained {
        version: VERSION,
        timeframe: timeframe.to_owned(),
        horizon,
        is_simulated,
        from: samples.first().map_or(0, |sample| sample.at),
        until: samples.iter().map(|sample| sample.known_at).max().unwrap_or(0),
        samples: samples.len(),
        features: FEATURES.map(str::to_owned).to_vec(),
        logistic,
        report,
    })
}

/// Forecasts the later half of the samples, which stand in the order of time, each part of it by what was known before.
///
/// # Errors
/// Too few samples, or none from which anything is to be learned.
pub fn walk_forward(samples: &[Sample]) -> Result<Vec<Forecast>, TrainError> {
    let too_few = |needed| TrainError::TooFew { there: samples.len(), needed };
    if samples.len() < LEAST {
        return Err(too_few(LEAST));
    }
    // Where a part begins: samples of one moment are in one part.
    let begins = |part: usize| {
        let index = samples.len() / 2 + part * (samples.len() - samples.len() / 2) / PARTS;
        samples.get(index).map_or(i64::MAX, |sample| sample.at)
    };
    let mut forecasts = Vec::with_capacity(samples.len() / 2);
    for part in 0..PARTS {
        let (from, until) = (begins(part), begins(part + 1));
        let known: Vec<&Sample> = samples.iter().filter(|sample| sample.known_at <= from).collect();
        if known.len() < LEAST_BEFORE {
            return Err(too_few(2 * LEAST));
        }
        let higher = known.iter().filter(|sample| sample.is_higher).count();
        if higher == 0 || higher == known.len() {
            return Err(TrainError::OneSided);
        }
        let base_rate = higher as f64 / known.len() as f64;
        let model = Logistic::fit(&known).ok_or(TrainError::OneSided)?;
        let of_part = samples.iter().filter(|sample| (from..until).contains(&sample.at));
        forecasts.extend(of_part.map(|sample| Forecast {
            at: sample.at,
            probability: model.probability(&sample.features),
            base_rate,
            is_higher: sample.is_higher,
        }));
    }
    Ok(forecasts)
}
