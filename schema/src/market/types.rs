//! Assets, exchanges and where prices come from.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use bellwether_domain::error::Error;
use bellwether_domain::market;
use chrono::{DateTime, Utc};

use crate::context::Request;
use crate::field::{Access, Field, field};
use crate::paging::Item;
use crate::scalars::{Date, Decimal};
use crate::signals::Words;

/// Something with a price.
#[derive(Clone, Debug)]
pub(crate) struct Asset(pub(crate) Arc<market::Asset>);

impl Item for Asset {
    const NAME: &str = "Asset";
}

/// Something with a price.
#[Object(serial)]
impl Asset {
    /// The id, `ast_…`.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The symbol, such as AAPL, BTC-USD, EURUSD=X or ATW.CS.
    async fn symbol(&self) -> &str {
        &self.0.symbol
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What sort of thing it is.
    async fn kind(&self) -> AssetKind {
        self.0.kind.into()
    }

    /// Where it trades, the code of an exchange such as NASDAQ.
    async fn exchange(&self) -> &str {
        &self.0.exchange
    }

    /// The currency of its price, ISO 4217.
    async fn currency(&self) -> &str {
        &self.0.currency
    }

    /// The smallest step of its price.
    async fn tick_size(&self) -> Decimal {
        self.0.tick_size.into()
    }

    /// The smallest step of a quantity of it.
    async fn lot_size(&self) -> Decimal {
        self.0.lot_size.into()
    }

    /// The part of the economy it belongs to; null where that is not known or makes no sense.
    async fn sector(&self) -> Option<&str> {
        self.0.sector.as_deref()
    }

    /// The exchange it trades on. For everybody.
    async fn listing(&self, ctx: &Context<'_>) -> Field<Exchange> {
        let asset = Arc::clone(&self.0);
        field(ctx, Access::Open, async move |request: Request| Ok(Exchange(request.domain.exchange_of(&asset)))).await
    }

    /// Whether its market is open now. For everybody.
    async fn market_status(&self, ctx: &Context<'_>) -> Field<MarketStatus> {
        let asset = Arc::clone(&self.0);
        field(ctx, Access::Open, async move |request: Request| {
            Ok(request.domain.market_status(&asset, request.domain.now()).into())
        })
        .await
    }
}

/// What sort of thing an asset is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "bellwether_domain::market::AssetKind")]
pub(crate) enum AssetKind {
    /// A share of a company.
    Stock,
    /// A fund that is traded like a share.
    Etf,
    /// An index, which is followed and not itself traded.
    Index,
    /// A currency against a currency.
    Fx,
    /// A crypto currency against a currency.
    Crypto,
    /// A commodity, mostly as its front future.
    Commodity,
}

/// Which assets. Every part that is given must hold.
#[derive(Clone, Debug, Default, InputObject)]
pub(crate) struct AssetFilter {
    /// What sort of thing it is.
    kind: Option<Words<AssetKind>>,
    /// The code of its exchange, in any case.
    exchange: Option<Words<String>>,
    /// The currency of its price, in any case.
    currency: Option<Words<String>>,
    /// The part of the economy it belongs to, in any case.
    sector: Option<Words<String>>,
}

impl AssetFilter {
    pub(super) fn into_domain(self) -> Result<market::AssetFilter, Error> {
        let text = |words: Option<Words<String>>, name: &str| {
            words.map(|words| words.into_compare(&["filter", name], Ok)).transpose()
        };
        Ok(market::AssetFilter {
            kind: self.kind.map(|words| words.into_compare(&["filter", "kind"], |kind| Ok(kind.into()))).transpose()?,
            exchange: text(self.exchange, "exchange")?,
            currency: text(self.currency, "currency")?,
            sector: text(self.sector, "sector")?,
        })
    }
}

/// Where assets trade, and when.
#[derive(Clone, Debug)]
pub(crate) struct Exchange(pub(crate) Arc<market::Exchange>);

/// Where assets trade, and when.
#[Object]
impl Exchange {
    /// The code, such as NASDAQ.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The country, ISO 3166-1 alpha-2; null for what is everywhere, such as currencies.
    async fn country(&self) -> Option<&str> {
        self.0.country.as_deref()
    }

    /// The time zone by its name in the IANA database, such as America/New_York.
    async fn time_zone(&self) -> &str {
        self.0.time_zone.name()
    }

    /// The currency that most of it trades in, ISO 4217; null where there is no such.
    async fn currency(&self) -> Option<&str> {
        self.0.currency.as_deref()
    }

    /// The sessions of an ordinary week, in the exchange's own time.
    async fn sessions(&self) -> Vec<ExchangeSession> {
        self.0.calendar.sessions.iter().map(ExchangeSession::from).collect()
    }

    /// Times of other hours, such as Ramadan.
    async fn seasons(&self) -> Vec<ExchangeSeason> {
        let season = |season: &market::Season| ExchangeSeason {
            from: season.from.into(),
            until: season.until.into(),
            sessions: season.sessions.iter().map(ExchangeSession::from).collect(),
        };
        self.0.calendar.seasons.iter().map(season).collect()
    }

    /// The days that it is closed or closes early, as far as they are known here.
    async fn holidays(&self) -> Vec<ExchangeHoliday> {
        let holiday = |closing: &market::Closing| ExchangeHoliday {
            date: closing.date.into(),
            name: closing.name.clone(),
            closes: closing.closes.map(clock),
        };
        self.0.calendar.holidays.iter().map(holiday).collect()
    }

    /// The first day whose holidays are known; null where there are none to know, or nobody said.
    async fn holidays_from(&self) -> Option<Date> {
        self.0.calendar.holidays_known.map(|days| days.from.into())
    }

    /// The last day whose holidays are known; null where there are none to know, or nobody said.
    async fn holidays_until(&self) -> Option<Date> {
        self.0.calendar.holidays_known.map(|days| days.until.into())
    }

    /// Whether it is open now. For everybody.
    async fn status(&self, ctx: &Context<'_>) -> Field<MarketStatus> {
        let exchange = Arc::clone(&self.0);
        field(ctx, Access::Open, async move |request: Request| {
            Ok(exchange.calendar.status(exchange.time_zone, request.domain.now()).into())
        })
        .await
    }
}

/// Hours on some days of the week, in the exchange's own time.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct ExchangeSession {
    /// On which days.
    days: Vec<Weekday>,
    /// When it opens, such as 09:30.
    opens: String,
    /// When it closes, such as 16:00; 24:00 for midnight.
    closes: String,
}

impl From<&market::Session> for ExchangeSession {
    fn from(session: &market::Session) -> Self {
        Self {
            days: session.days.iter().copied().map(Weekday::from).collect(),
            opens: clock(session.opens),
            closes: clock(session.closes),
        }
    }
}

/// Other hours for a while.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct ExchangeSeason {
    /// The first day, such as 2026-02-19.
    from: Date,
    /// The last day.
    until: Date,
    /// The sessions of a week in it.
    sessions: Vec<ExchangeSession>,
}

/// A day that is not like others.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct ExchangeHoliday {
    /// The day, such as 2026-12-25.
    date: Date,
    /// Why, such as Christmas.
    name: String,
    /// When it closes early, such as 13:00; null where it does not open.
    closes: Option<String>,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "chrono::Weekday")]
pub(crate) enum Weekday {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

/// Minutes after midnight as people write them.
fn clock(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Whether a market is open, and until when that stays so.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub(crate) struct MarketStatus {
    /// Whether it is open.
    is_open: bool,
    /// When it next opens or closes; null for a market that never closes.
    next_change: Option<DateTime<Utc>>,
    /// Whether the holidays of that day are known here; where they are not, the day is taken for an ordinary one.
    holidays_known: bool,
}

impl From<market::MarketStatus> for MarketStatus {
    fn from(status: market::MarketStatus) -> Self {
        Self { is_open: status.is_open, next_change: status.next_change, holidays_known: status.are_holidays_known }
    }
}

/// Where a price comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "bellwether_domain::market::SourceName")]
pub(crate) enum MarketSource {
    /// Yahoo: international assets.
    Yahoo,
    /// The Casablanca exchange's own pages.
    Casablanca,
    /// A file that somebody imported.
    Csv,
    /// Simulated: not a price that anybody paid.
    Demo,
}

/// Who may be shown a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "bellwether_domain::market::LicenceClass")]
pub(crate) enum LicenceClass {
    /// Everybody, also on public pages.
    Public,
    /// Whoever is signed in: not to be shown on public pages.
    Internal,
}

/// Whether a source is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "bellwether_domain::market::BreakerState")]
pub(crate) enum BreakerState {
    /// It is asked.
    Closed,
    /// It failed too often of late: it is left alone until its next try.
    Open,
    /// It is being tried again.
    HalfOpen,
}

/// A source of prices that is switched on, and how it does.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct SourceHealth {
    /// Which source.
    name: MarketSource,
    /// Whether it is asked.
    breaker: BreakerState,
    /// How often it failed in a row.
    failures: u32,
    /// When it last answered as it should; null where it never did.
    last_success_at: Option<DateTime<Utc>>,
    /// What last went wrong; null where nothing did.
    last_error: Option<String>,
    /// When that was; null where nothing did.
    last_error_at: Option<DateTime<Utc>>,
    /// When it is tried again; null while it is asked.
    next_try_at: Option<DateTime<Utc>>,
    /// When all this was noted; null where it was not asked yet.
    noted_at: Option<DateTime<Utc>>,
}

impl From<market::SourceStatus> for SourceHealth {
    fn from(market::SourceStatus { name, health, noted_at }: market::SourceStatus) -> Self {
        Self {
            name: name.into(),
            breaker: health.breaker.into(),
            failures: health.failures,
            last_success_at: health.last_success_at,
            last_error: health.last_error,
            last_error_at: health.last_error_at,
            next_try_at: health.next_try_at,
            noted_at,
        }
    }
}

/// What one unit of a currency is in another.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct ExchangeRate {
    /// The currency that prices were in, ISO 4217.
    from: String,
    /// The currency that they are in now, ISO 4217.
    to: String,
    /// What they were multiplied with.
    rate: Decimal,
    /// Where the rate comes from; null where it needs no source.
    source: Option<MarketSource>,
    /// When it was that.
    at: DateTime<Utc>,
    /// Whether it is older than a price should be while its market is open.
    stale: bool,
    /// Who may be shown it, and what was converted at it.
    licence: LicenceClass,
}

impl ExchangeRate {
    pub(super) fn new(from: &str, to: &str, rate: &market::Rate) -> Self {
        Self {
            from: from.to_owned(),
            to: to.to_owned(),
            rate: rate.rate.into(),
            source: rate.source.map(MarketSource::from),
            at: rate.at,
            stale: rate.is_stale,
            licence: rate.licence.into(),
        }
    }
}
