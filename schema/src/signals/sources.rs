//! Sources of signals, and what they delivered.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{Enum, ID, InputObject, Object, SimpleObject};
use bellwether_domain::Error;
use bellwether_domain::permission::Permission;
use bellwether_domain::signals::{self, SignalView};
use chrono::{DateTime, Utc};

use super::filter::{Range, Words, times};
use super::types::{Audience, Mode, Signal, Timeframe};
use crate::context::Request;
use crate::node::parse_id;
use crate::paging::Item;

/// Somewhere signals are delivered to from outside, such as a TradingView webhook.
#[derive(Clone, Debug)]
pub(crate) struct SignalSource {
    source: signals::Source,
    is_silent: bool,
}

impl SignalSource {
    /// A source as it is at this moment.
    pub(crate) fn new(source: signals::Source, now: DateTime<Utc>) -> Self {
        Self { is_silent: source.is_silent(now), source }
    }
}

/// What a ticker of a source means.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct SymbolMapping {
    /// The ticker as it is delivered, in upper case.
    ticker: String,
    /// The symbol of the asset that it means.
    symbol: String,
}

/// Somewhere signals are delivered to from outside, such as a TradingView webhook.
#[Object]
impl SignalSource {
    /// The id, `src_…`.
    pub(crate) async fn id(&self) -> ID {
        self.source.id.to_string().into()
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.source.name
    }

    /// The start of its token, to tell one from another.
    async fn token_prefix(&self) -> &str {
        &self.source.token_prefix
    }

    /// Who may see what comes in.
    async fn audience(&self) -> Audience {
        self.source.audience.into()
    }

    /// The mode of a delivery that names none.
    async fn mode(&self) -> Mode {
        self.source.mode.into()
    }

    /// The timeframe of a delivery that names none.
    async fn timeframe(&self) -> Timeframe {
        self.source.timeframe.into()
    }

    /// The strategy of a delivery that names none; null for none.
    async fn strategy(&self) -> Option<&str> {
        self.source.strategy.as_deref()
    }

    /// The confidence of a delivery that names none, 0 to 100.
    async fn confidence(&self) -> i32 {
        self.source.confidence
    }

    /// What its tickers mean where that can't be guessed.
    async fn symbols(&self) -> Vec<SymbolMapping> {
        let mapping =
            |(ticker, symbol): (&String, &String)| SymbolMapping { ticker: ticker.clone(), symbol: symbol.clone() };
        self.source.symbols.0.iter().map(mapping).collect()
    }

    /// How old a delivered candle may be, in seconds after it closed; an older one is STALE.
    async fn max_age_seconds(&self) -> i32 {
        self.source.max_age_seconds
    }

    /// How often it is expected to deliver, in seconds; null for whenever.
    async fn cadence_seconds(&self) -> Option<i32> {
        self.source.cadence_seconds
    }

    /// Whether it has been silent for longer than its cadence.
    async fn is_silent(&self) -> bool {
        self.is_silent
    }

    /// Whether a direction may not follow itself on one asset (no buy after a buy).
    async fn alternates(&self) -> bool {
        self.source.alternates
    }

    /// When it last delivered; null for never.
    async fn last_received_at(&self) -> Option<DateTime<Utc>> {
        self.source.last_received_at
    }

    /// When its token was revoked; null while it is good.
    async fn revoked_at(&self) -> Option<DateTime<Utc>> {
        self.source.revoked_at
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.source.created_at
    }
}

/// One delivery to a source, as it came.
#[derive(Clone, Debug)]
pub(crate) struct SignalDelivery {
    delivery: signals::Delivery,
    signal: Option<Arc<SignalView>>,
}

impl SignalDelivery {
    /// A delivery with its signal.
    pub(crate) async fn one(request: &Request, delivery: signals::Delivery) -> Result<Option<Self>, Error> {
        Ok(Self::many(request, vec![delivery], true).await?.pop())
    }

    /// Deliveries of a list; with their signals, read at once, where these are wanted and the viewer may read any.
    pub(super) async fn many(
        request: &Request,
        deliveries: Vec<signals::Delivery>,
        with_signal: bool,
    ) -> Result<Vec<Self>, Error> {
        let viewer = request.viewer();
        let ids = deliveries.iter().filter_map(|delivery| delivery.signal_id);
        let ids = if with_signal && viewer.may(Permission::SignalsRead) { ids.collect() } else { Vec::new() };
        let signals = if ids.is_empty() { HashMap::new() } else { request.domain.signals_by_id(viewer, ids).await? };
        let signal = |delivery: &signals::Delivery| delivery.signal_id.and_then(|id| signals.get(&id).cloned());
        Ok(deliveries.into_iter().map(|delivery| Self { signal: signal(&delivery), delivery }).collect())
    }

    pub(super) fn row(&self) -> &signals::Delivery {
        &self.delivery
    }
}

impl Item for SignalDelivery {
    const NAME: &str = "SignalDelivery";
}

/// One delivery to a source, as it came.
#[Object]
impl SignalDelivery {
    /// The id, `dlv_…`.
    pub(crate) async fn id(&self) -> ID {
        self.delivery.id.to_string().into()
    }

    /// The id of the source it was delivered to, `src_…`.
    async fn source_id(&self) -> ID {
        self.delivery.source_id.to_string().into()
    }

    /// When it came.
    async fn received_at(&self) -> DateTime<Utc> {
        self.delivery.received_at
    }

    /// What it said it was; null where it said nothing.
    async fn content_type(&self) -> Option<&str> {
        self.delivery.content_type.as_deref()
    }

    /// The body as it came; bytes that are no UTF-8 are shown as �.
    async fn body(&self) -> String {
        String::from_utf8_lossy(&self.delivery.body).into_owned()
    }

    /// What became of it; null while it waits.
    async fn verdict(&self) -> Option<Verdict> {
        self.delivery.verdict.map(Verdict::from)
    }

    /// Why it did not become a signal; null where it did or waits.
    async fn reason(&self) -> Option<&str> {
        self.delivery.reason.as_deref()
    }

    /// The signal that it became or repeats; null where it did not, or you may not read signals.
    async fn signal(&self) -> Option<Signal> {
        self.signal.clone().map(Signal::from)
    }

    /// When that was decided; null while it waits.
    async fn judged_at(&self) -> Option<DateTime<Utc>> {
        self.delivery.judged_at
    }
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "signals::Verdict", name = "DeliveryVerdict")]
pub(crate) enum Verdict {
    /// It became a new signal.
    Inserted,
    /// The signal was there already.
    Duplicate,
    /// It is older than the source allows.
    Stale,
    /// It could not be read, or breaks a rule of the source; the reason says which.
    Rejected,
    /// A limit was met.
    Limited,
}

/// Which deliveries. Every part that is given must hold.
#[derive(Clone, Debug, Default, InputObject)]
pub(crate) struct SignalDeliveryFilter {
    /// To this source, `src_…`.
    source_id: Option<ID>,
    /// With this verdict, or one of these.
    verdict: Option<Words<Verdict>>,
    /// Whether it still waits for its verdict.
    is_waiting: Option<bool>,
    /// When it came.
    received_at: Option<Range<DateTime<Utc>>>,
}

impl SignalDeliveryFilter {
    pub(super) fn into_domain(self) -> Result<signals::DeliveryFilter, Error> {
        let verdict = self.verdict.map(|words| words.into_compare(&["filter", "verdict"], |word| Ok(word.into())));
        Ok(signals::DeliveryFilter {
            source: self.source_id.map(|id| parse_id(&id, &["filter", "sourceId"])).transpose()?,
            verdict: verdict.transpose()?,
            waiting: self.is_waiting,
            received_at: self.received_at.map(|range| times(range, &["filter", "receivedAt"])).transpose()?,
        })
    }
}
