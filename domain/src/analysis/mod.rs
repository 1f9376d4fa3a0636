//! Analysis: what candles say, what became of what was said, and how good it was.
//!
//! The mathematics is in the crate `engine`. Here it meets assets, tenants and the recorder: `analyze.rs` on demand and
//! `generate.rs` by a job make signals, `settle.rs` judges every signal by the rules of `verdict.rs`, and `stats.rs` tells
//! how they did. Only candles that have closed are ever looked at.

mod analyze;
mod cache;
mod freshness;
mod generate;
mod indicators;
mod numbers;
mod progress;
mod settings;
mod settle;
mod settle_now;
mod similar;
mod stats;
mod strategies;
mod switch;
mod train;
mod verdict;

pub use analyze::Analysis;
pub use bellwether_engine::indicators::{
    Kind as IndicatorKind, Line as IndicatorLine, Parameters as IndicatorParameters,
};
pub use bellwether_engine::model::{
    Features as ModelFeatures, Model, Prediction as ModelPrediction, TrackRecord as ModelTrackRecord, Trained,
};
pub use bellwether_engine::strategies::{Basis, Rule, Strategy, Vote};
pub(crate) use cache::AnalysisCache;
pub use indicators::{IndicatorRequest, IndicatorSeries};
pub use settings::AnalysisSettings;
pub(crate) use settle::Judging;
pub use similar::SimilarSignal;
pub use stats::{SignalStats, StatsGroup};
pub use strategies::StrategyStatus;
pub use verdict::{Settled, Terms, verdict};
