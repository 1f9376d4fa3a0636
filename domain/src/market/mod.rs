//! The market: what has a price, where and when it trades, what it costs now and what it cost before.
//!
//! Assets and exchanges are reference data of the installation, the same for every tenant, and are kept in memory
//! (`catalog.rs`). Prices come from sources (`source.rs`: the trait; what implements it knows a company's format) through
//! `refresh.rs`, or from files, and are put away by [`put_quotes`](crate::Domain::put_quotes) and
//! [`put_candles`](crate::Domain::put_candles). Every reader reads what was put away, so a source that fails makes a price
//! older and never an answer an error. When a market is open is decided by `calendar.rs` alone.

mod aggregate;
mod ask_quotes;
mod asked;
mod asset;
mod bring_candles;
mod calendar;
mod candle;
mod candle_series;
mod catalog;
mod conversion;
mod due;
mod exchange;
mod follow_quotes;
mod health;
mod interest;
mod patience;
mod put_candles;
mod put_quotes;
mod quote;
mod quote_feed;
mod rate;
mod read_candles;
mod read_quotes;
mod refresh;
mod search;
mod series;
mod settings;
mod source;
mod status;
mod symbol;
mod watchlist;
mod watchlists;
mod with_candles;

pub use crate::signals::Timeframe;
pub use aggregate::{aggregate, bucket};
pub use ask_quotes::PricedQuote;
pub use asked::Asked;
pub use asset::{AssetKind, Column as AssetColumn, Entity as AssetEntity, Model as Asset, SourceSymbols};
pub use calendar::{Calendar, Closing, KnownDays, MarketStatus, Season, Session};
pub use candle::{Candle, CandleError, RawCandle, Tidied, tidy};
pub use candle_series::{CandleQuery, CandleSeries, ChartRange, MOST_CANDLES};
pub use catalog::{AssetCatalog, NewAsset};
pub use exchange::{Exchange, NewExchange};
pub use health::SourceStatus;
pub(crate) use health::{describe as describe_metrics, measure};
pub use interest::Interest;
pub use quote::{NewQuote, Quote};
pub use quote_feed::QuoteFeed;
pub use rate::Rate;
pub use refresh::Refreshed;
pub use search::{AssetFilter, AssetKey, FoundAssets};
pub(crate) use series::row as candle_row;
pub use settings::MarketSettings;
pub use source::{
    BreakerState, CandleRequest, LicenceClass, Listing, MarketSource, QuoteAnswer, SourceError, SourceHealth,
    SourceName,
};
pub use symbol::{Symbol, SymbolError};
pub use watchlist::Model as WatchlistHead;
pub use watchlists::Watchlist;
