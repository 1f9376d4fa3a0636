//! A signal.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object};
use bellwether_domain::signals::{self, SignalView};
use chrono::{DateTime, Utc};

use crate::context::Request;
use crate::field::{Access, Field, field};
use crate::identity::User;
use crate::market::Asset;
use crate::paging::{InTurn, Item};
use crate::scalars::{Decimal, Json};

/// An opinion on one asset at one candle.
#[derive(Clone, Debug)]
pub(crate) struct Signal(Arc<SignalView>);

impl<V: Into<Arc<SignalView>>> From<V> for Signal {
    fn from(view: V) -> Self {
        Self(view.into())
    }
}

impl Signal {
    pub(super) fn view(&self) -> &SignalView {
        &self.0
    }
}

impl Item for Signal {
    const NAME: &str = "Signal";
}

/// An opinion on one asset at one candle.
#[Object(serial)]
impl Signal {
    /// The id, `sig_…`.
    pub(crate) async fn id(&self) -> ID {
        self.0.signal.id.to_string().into()
    }

    /// The symbol of its asset.
    async fn symbol(&self) -> &str {
        &self.0.asset.symbol
    }

    /// The asset it is about.
    async fn asset(&self) -> Asset {
        Asset(self.0.asset.clone())
    }

    /// The span of the candle it is about.
    async fn timeframe(&self) -> Timeframe {
        self.0.signal.timeframe.into()
    }

    /// The horizon it is made for.
    async fn mode(&self) -> Mode {
        self.0.signal.mode.into()
    }

    /// The name of the strategy that made it; null where it names none.
    async fn strategy(&self) -> Option<&str> {
        self.0.strategy.as_deref()
    }

    /// When the candle it is about opened.
    async fn signal_time(&self) -> DateTime<Utc> {
        self.0.signal.signal_time
    }

    /// What it says to do.
    async fn direction(&self) -> Direction {
        self.0.signal.direction.into()
    }

    /// How sure it is, 0 to 100.
    async fn confidence(&self) -> i32 {
        self.0.signal.confidence
    }

    /// The price to enter at, in the asset's currency; null where it names none.
    async fn entry(&self) -> Option<Decimal> {
        self.0.signal.entry.map(Decimal::from)
    }

    /// The price to take profit at, in the asset's currency; null where it names none.
    async fn target(&self) -> Option<Decimal> {
        self.0.signal.target.map(Decimal::from)
    }

    /// The price to give up at, in the asset's currency; null where it names none.
    async fn stop(&self) -> Option<Decimal> {
        self.0.signal.stop.map(Decimal::from)
    }

    /// What it says, in a sentence or two; null where it says nothing.
    async fn summary(&self) -> Option<&str> {
        self.0.signal.summary.as_deref()
    }

    /// Why, in order.
    async fn reasons(&self) -> InTurn<Reason<'_>> {
        InTurn::new(self.0.signal.reasons.0.iter().map(Reason).collect())
    }

    /// Where it came from.
    async fn source(&self) -> SignalOrigin {
        self.0.signal.source.into()
    }

    /// Who may see it.
    async fn audience(&self) -> Audience {
        self.0.signal.audience.into()
    }

    /// Who recorded it; null for the house.
    async fn author(&self, ctx: &Context<'_>) -> Field<Option<User>> {
        let author = self.0.author.clone();
        field(ctx, Access::SignedIn, async move |request: Request| {
            Ok(author.map(|author| User::new(author, request.viewer())))
        })
        .await
    }

    /// What came with it, as received; null for nothing.
    async fn payload(&self) -> Option<Json> {
        self.0.signal.payload.clone().map(Json)
    }

    /// How it turned out; null while it is open.
    async fn outcome(&self) -> Option<Outcome> {
        self.0.signal.outcome.map(Outcome::from)
    }

    /// What it brought, in percent of the entry; null while it is open, and where it expired because no candle ever came to judge it by.
    async fn return_percent(&self) -> Option<Decimal> {
        self.0.signal.return_percent.map(Decimal::from)
    }

    /// Whether what it says was recorded, or last changed, too late to be a forecast: more than one more span after its candle closed, with the market open since. It is judged like any other, but signalStats leaves it out. Imported history is so; the demo's own history is not.
    async fn in_hindsight(&self) -> bool {
        self.0.signal.in_hindsight
    }

    /// Whether it was made on simulated prices, or judged by them.
    async fn is_simulated(&self) -> bool {
        self.0.signal.is_simulated
    }

    /// When it was judged; null while it is open.
    async fn settled_at(&self) -> Option<DateTime<Utc>> {
        self.0.signal.settled_at
    }

    /// When it was recorded.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.signal.created_at
    }

    /// When it last changed.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.signal.updated_at
    }
}

/// One reason for a signal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reason<'a>(&'a signals::Reason);

/// One reason for a signal.
#[Object(serial)]
impl Reason<'_> {
    /// What was looked at, such as RSI.
    async fn indicator(&self) -> &str {
        &self.0.indicator
    }

    /// What it showed, such as 27.4; null where there is no figure.
    async fn value(&self) -> Option<&str> {
        self.0.value.as_deref()
    }

    /// What that says, such as oversold.
    async fn says(&self) -> &str {
        &self.0.says
    }
}

/// One reason for a signal.
#[derive(Clone, Debug, InputObject)]
pub(super) struct ReasonInput {
    /// What was looked at, 1 to 60 characters.
    indicator: String,
    /// What it showed, 1 to 60 characters; null where there is no figure.
    value: Option<String>,
    /// What that says, 1 to 300 characters.
    says: String,
}

impl From<ReasonInput> for signals::Reason {
    fn from(reason: ReasonInput) -> Self {
        Self { indicator: reason.indicator, value: reason.value, says: reason.says }
    }
}

/// What a signal says to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "signals::Direction")]
pub(crate) enum Direction {
    /// Buy.
    Buy,
    /// Sell.
    Sell,
    /// Do nothing.
    Hold,
}

/// The horizon an analysis is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "signals::Mode")]
pub(crate) enum Mode {
    /// Minutes.
    Scalp,
    /// Within a day.
    Intraday,
    /// Days to weeks.
    Swing,
}

/// The span of one candle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "signals::Timeframe")]
pub(crate) enum Timeframe {
    /// One minute.
    M1,
    /// Five minutes.
    M5,
    /// A quarter of an hour.
    M15,
    /// An hour.
    H1,
    /// Four hours.
    H4,
    /// A day.
    D1,
    /// A week.
    W1,
}

/// Who may see a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "signals::Audience")]
pub(crate) enum Audience {
    /// Its author alone.
    Private,
    /// Everyone in the tenant.
    Tenant,
}

/// Where a signal came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "signals::SignalOrigin")]
pub(crate) enum SignalOrigin {
    /// The analysis engine.
    Engine,
    /// A webhook, such as a TradingView alert.
    Webhook,
    /// The API, or an import.
    Api,
    /// The demo data.
    Seed,
    /// An agent pipeline.
    Pipeline,
}

/// How a signal turned out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "signals::Outcome", name = "SignalOutcome")]
pub(crate) enum Outcome {
    /// The target was touched first.
    Win,
    /// The stop was touched first.
    Loss,
    /// The horizon ended before either.
    Expired,
}
