//! Signals: what one is, recording them so that each exists once, reading them, and following them as they come.
//!
//! They come in through [`record`](crate::Domain::record_signals) (the API, imports, the demo data) and through the
//! ingest journal (webhooks). Both write through [`write`](self), so a signal is the same whichever way it took.

pub(crate) mod delivery;
mod draft;
mod feed;
mod filter;
mod hindsight;
mod ingest;
mod journal;
mod list;
pub(crate) mod open;
mod record;
pub(crate) mod recorder;
mod remembered;
pub(crate) mod signal;
mod source;
mod sources;
mod strategies;
mod strategy;
mod view;
pub(crate) mod vocabulary;
mod write;

pub use delivery::Model as Delivery;
pub(crate) use draft::MOST_REASONS;
pub use draft::{LARGEST_PAYLOAD, NewSignal, OnDuplicate};
pub use feed::{FeedError, SignalFeed};
pub use filter::{Compare, SignalFilter};
pub use ingest::{Alert, AlertReader, IngestWorker};
pub use journal::{DeliveryFilter, DeliveryKey};
pub use list::{SignalKey, SignalOrder, SortDirection, SortField};
pub use record::{RecordOutcome, Recorded, Recording};
pub use remembered::RememberedSignals;
pub use signal::{Model as Signal, Reason, Reasons};
pub use source::{Model as Source, SymbolMap};
pub use sources::{NewSource, SourceChange};
pub use strategies::StrategyNames;
pub use view::SignalView;
pub use vocabulary::{Audience, Direction, Mode, Outcome, SignalOrigin, Timeframe, Verdict};
