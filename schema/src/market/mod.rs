//! The market: assets and exchanges, prices, charts and watchlists.

mod candles;
mod mutations;
mod queries;
mod quotes;
mod subscriptions;
mod types;
mod watchlists;

pub(crate) use mutations::WatchlistMutation;
pub(crate) use queries::MarketQuery;
pub(crate) use subscriptions::MarketSubscription;
pub(crate) use types::{Asset, AssetKind};
pub(crate) use watchlists::Watchlist;
