//! Where prices come from: the port, and the words it speaks in.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};

use super::asset::Model as Asset;
use super::candle::Tidied;
use super::exchange::Exchange;
use super::quote::NewQuote;
use crate::ids::AssetId;
use crate::signals::Timeframe;

/// Where a price comes from.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum SourceName {
    /// Yahoo's chart endpoint: international assets.
    Yahoo,
    /// The Casablanca exchange's own pages.
    Casablanca,
    /// A file that somebody imported.
    Csv,
    /// Simulated: computed from a seed, for demos and tests.
    Demo,
}

impl SourceName {
    /// Every one of them.
    pub const ALL: [Self; 4] = [Self::Yahoo, Self::Casablanca, Self::Csv, Self::Demo];

    /// The name as it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Yahoo => "yahoo",
            Self::Casablanca => "casablanca",
            Self::Csv => "csv",
            Self::Demo => "demo",
        }
    }

    /// Who may be shown what comes from here.
    pub const fn licence(self) -> LicenceClass {
        match self {
            Self::Yahoo | Self::Casablanca => LicenceClass::Internal,
            Self::Csv => LicenceClass::Internal,
            Self::Demo => LicenceClass::Public,
        }
    }

    /// Whether its prices are simulated. They never stand among true ones, nor in their place.
    pub const fn is_simulated(self) -> bool {
        matches!(self, Self::Demo)
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who may be shown a price.
///
/// Of two the greater is the narrower, and that of what is made of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LicenceClass {
    /// Everybody, also on public pages.
    Public,
    /// Whoever is signed in. To show it to the public would need a licence of the source.
    Internal,
}

/// An asset and where it trades, as a source is asked for it.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The asset.
    pub asset: Arc<Asset>,
    /// Its exchange.
    pub exchange: Arc<Exchange>,
}

/// Which candles a source is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CandleRequest {
    /// How long each lasts.
    pub timeframe: Timeframe,
    /// From when on.
    pub from: DateTime<Utc>,
    /// Before when.
    pub until: DateTime<Utc>,
}

/// What a source answered for one asset.
pub type QuoteAnswer = (AssetId, Result<NewQuote, SourceError>);

/// Somebody who knows prices. What implements it keeps to its own timeouts, retries, rate limit and circuit breaker.
#[async_trait]
pub trait MarketSource: fmt::Debug + Send + Sync + 'static {
    /// Which it is.
    fn name(&self) -> SourceName;

    /// Whether it knows the asset.
    fn knows(&self, asset: &Asset) -> bool;

    /// How old a quote of an open market may be before it is asked for again.
    fn refresh_after(&self) -> TimeDelta;

    /// How long after a session's end it has the closing price.
    fn closing_after(&self) -> TimeDelta;

    /// In which timeframes it has candles. Others are made of these.
    fn timeframes(&self) -> &'static [Timeframe];

    /// The last prices, an answer for each asset.
    async fn quotes(&self, listings: &[Listing]) -> Vec<QuoteAnswer>;

    /// Candles, tidied; those that have not closed may be among them.
    async fn candles(&self, listing: &Listing, request: CandleRequest) -> Result<Tidied, SourceError>;

    /// How it does.
    fn health(&self) -> SourceHealth;
}

/// Why a source did not answer as it should. The text is for people who run the server and for `sourceHealth`; it holds
/// no address and no body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// It did not answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// It cannot be reached.
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    /// It answered that it is asked too often.
    #[error("asked too often")]
    TooOften {
        /// In how many seconds it may be asked again, where it says so.
        retry_after: Option<u64>,
    },
    /// It answered with an error of its own.
    #[error("answered with status {0}")]
    Status(u16),
    /// It does not know the asset.
    #[error("does not know the asset")]
    Unknown,
    /// It answered with something else than was asked for.
    #[error("answered unexpectedly: {0}")]
    Unexpected(String),
    /// So much is being asked that this was not, for its turn did not come.
    #[error("not asked: its turn did not come in time")]
    NoTurn,
    /// It failed too often of late and is left alone for a while.
    #[error("left alone for a while after repeated failures")]
    LeftAlone,
}

impl SourceError {
    /// Whether the source itself is in trouble, as against not having what was asked for.
    pub const fn is_outage(&self) -> bool {
        !matches!(self, Self::Unknown | Self::NoTurn | Self::LeftAlone)
    }

    /// Whether the same question may be answered a moment later.
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::TimedOut | Self::Unreachable(_) | Self::TooOften { .. } => true,
            Self::Status(status) => *status >= 500,
            Self::Unknown | Self::Unexpected(_) | Self::NoTurn | Self::LeftAlone => false,
        }
    }
}

/// Whether a source is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BreakerState {
    /// It is asked.
    Closed,
    /// It failed too often of late: it is left alone until its next try.
    Open,
    /// It is being tried again.
    HalfOpen,
}

/// How a source does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceHealth {
    /// Whether it is asked.
    pub breaker: BreakerState,
    /// How often it failed in a row.
    pub failures: u32,
    /// When it last answered as it should.
    pub last_success_at: Option<DateTime<Utc>>,
    /// What last went wrong.
    pub last_error: Option<String>,
    /// When that was.
    pub last_error_at: Option<DateTime<Utc>>,
    /// When it is tried again, while it is left alone.
    pub next_try_at: Option<DateTime<Utc>>,
}

impl Default for SourceHealth {
    fn default() -> Self {
        Self {
            breaker: BreakerState::Closed,
            failures: 0,
            last_success_at: None,
            last_error: None,
            last_error_at: None,
            next_try_at: None,
        }
    }
}
