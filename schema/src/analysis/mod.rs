//! Analysis: indicators, strategies, analysing on demand, and how signals did.

mod indicators;
mod mutations;
mod queries;
mod types;

pub(crate) use mutations::AnalysisMutation;
pub(crate) use queries::AnalysisQuery;
