//! Signals: reading, following and recording them, and the sources that deliver them.

pub(crate) mod filter;
mod mutations;
mod queries;
mod source_mutations;
mod sources;
mod subscriptions;
mod types;

pub(crate) use filter::Words;
pub(crate) use mutations::SignalMutation;
pub(crate) use queries::SignalQuery;
pub(crate) use source_mutations::SourceMutation;
pub(crate) use sources::{SignalDelivery, SignalSource};
pub(crate) use subscriptions::SignalSubscription;
pub(crate) use types::{Signal, Timeframe};
