//! What an installation decides about analysis.

use crate::signals::Timeframe;

/// Which signals are made without being asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnalysisSettings {
    /// The timeframes in which every asset that has candles is analysed; none for nothing.
    pub timeframes: Vec<Timeframe>,
}

impl Default for AnalysisSettings {
    fn default() -> Self {
        Self { timeframes: vec![Timeframe::H1, Timeframe::D1] }
    }
}
