//! Models that learn from candles, beside the rules.
//!
//! A [`Model`] is given the [`Features`] of a candle and answers with a direction and a probability. The one that ships is
//! [`Trained`]: a logistic regression on what the indicators show, fitted to whether the close was higher a horizon later.
//! How good it is it was told by walking forward: it forecast candles that it had not seen, having learned from outcomes
//! alone that were known when the first of them closed (`train.rs`).

mod features;
mod logistic;
mod report;
mod samples;
mod train;

use std::fmt;

pub use features::{FEATURES, Features, features};
pub use logistic::Logistic;
pub use report::{Decile, Report};
pub use samples::{Sample, samples};
pub use train::{Forecast, TrainError, Trained, VERSION, train, walk_forward};

use crate::strategies::Side;

/// What a model makes of a candle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// Which way the close is more likely to be.
    pub side: Side,
    /// How likely that is, 0.5 to 1.
    pub probability: f64,
}

impl Prediction {
    /// From how likely a higher close is, 0 to 1.
    pub fn of(higher: f64) -> Self {
        if higher >= 0.5 {
            Self { side: Side::Buy, probability: higher }
        } else {
            Self { side: Side::Sell, probability: 1.0 - higher }
        }
    }

    /// How likely a higher close is, 0 to 1.
    pub fn higher(&self) -> f64 {
        if self.side == Side::Buy { self.probability } else { 1.0 - self.probability }
    }
}

/// How forecasts turned out on candles that the model had not seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackRecord {
    /// How many there were.
    pub count: usize,
    /// Which share of them came true, 0 to 1.
    pub came_true: f64,
}

/// Features in, direction and probability out.
pub trait Model: fmt::Debug + Send + Sync {
    /// The timeframe of the candles that it knows, such as 1d.
    fn timeframe(&self) -> &str;

    /// How many candles ahead it looks.
    fn horizon(&self) -> usize;

    /// What it makes of a candle.
    fn predict(&self, features: &Features) -> Prediction;

    /// How forecasts like this one turned out; none where there were none.
    fn track_record(&self, prediction: Prediction) -> Option<TrackRecord>;
}
