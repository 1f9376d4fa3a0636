//! Reading signals and the ingest journal.

use async_graphql::{Context, ID, Object};
use bellwether_domain::paging::{PageArgs, encode_cursor};
use bellwether_domain::permission::Permission;
use bellwether_domain::signals::{DeliveryKey, SignalOrder as DomainOrder};

use super::filter::{SignalFilter, SignalOrder};
use super::sources::{SignalDelivery, SignalDeliveryFilter, SignalSource};
use super::types::Signal;
use crate::context::Request;
use crate::field::{Access, Field, field};
use crate::node::parse_id;
use crate::paging::Connection;

/// Reads signals.
#[derive(Debug, Default)]
pub(crate) struct SignalQuery;

const SIGNALS: Access = Access::Needs(Permission::SignalsRead);
const SOURCES: Access = Access::Needs(Permission::SourcesManage);

#[Object]
impl SignalQuery {
    /// The signals that you may see, newest first unless another order is given. Needs SIGNALS_READ.
    #[expect(clippy::too_many_arguments, reason = "these are Relay's arguments")]
    async fn signals(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which signals; null for all.")] filter: Option<SignalFilter>,
        #[graphql(desc = "The order; null for the newest candle first.")] order_by: Option<SignalOrder>,
        #[graphql(desc = "How many from the start, at most 100; 20 where neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Field<Connection<Signal>> {
        let with_total = ctx.look_ahead().field("totalCount").exists();
        field(ctx, SIGNALS, async move |request: Request| {
            let (domain, viewer) = (&request.domain, request.viewer());
            let filter = filter.unwrap_or_default().into_domain()?;
            let order = order_by.map_or_else(DomainOrder::default, DomainOrder::from);
            let args = PageArgs { first, after, last, before };
            let page = domain.signals_page(viewer, &filter, order, &args).await?;
            let total = if with_total { Some(domain.count_signals(viewer, &filter).await?) } else { None };
            Ok(Connection::of(page.map(Signal::from), total, move |signal| order.cursor(signal.view())))
        })
        .await
    }

    /// The signal of this id; null where there is none that you may see. Needs SIGNALS_READ.
    async fn signal(&self, ctx: &Context<'_>, #[graphql(desc = "The id, `sig_…`.")] id: ID) -> Field<Option<Signal>> {
        field(ctx, SIGNALS, async move |request: Request| {
            let signal = request.domain.signal(request.viewer(), parse_id(&id, &["id"])?).await?;
            Ok(signal.map(Signal::from))
        })
        .await
    }

    /// The newest signal of each timeframe and mode of each of these assets, in the order of the symbols. Symbols that are not known have none. Needs SIGNALS_READ.
    async fn latest_signals(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Symbols, at most 100, in any case.")] symbols: Vec<String>,
    ) -> Field<Vec<Signal>> {
        field(ctx, SIGNALS, async move |request: Request| {
            let views = request.domain.latest_signals(request.viewer(), &symbols).await?;
            Ok(views.into_iter().map(Signal::from).collect())
        })
        .await
    }

    /// Your sources of signals, newest first, at most 100; for who may manage all, the tenant's. Needs SOURCES_MANAGE.
    async fn signal_sources(&self, ctx: &Context<'_>) -> Field<Vec<SignalSource>> {
        field(ctx, SOURCES, async move |request: Request| {
            let (sources, now) = (request.domain.sources(request.viewer()).await?, request.domain.now());
            Ok(sources.into_iter().map(|source| SignalSource::new(source, now)).collect())
        })
        .await
    }

    /// The ingest journal: every delivery to your sources and what became of it, newest first. Needs SOURCES_MANAGE.
    async fn signal_deliveries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which deliveries; null for all.")] filter: Option<SignalDeliveryFilter>,
        #[graphql(desc = "How many, at most 100; 20 where nothing is given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Field<Connection<SignalDelivery>> {
        let selected = ctx.look_ahead();
        let with_total = selected.field("totalCount").exists();
        let nodes = [selected.field("nodes"), selected.field("edges").field("node")];
        let with_signal = nodes.iter().any(|node| node.field("signal").exists());
        field(ctx, SOURCES, async move |request: Request| {
            let (domain, viewer) = (&request.domain, request.viewer());
            let filter = filter.unwrap_or_default().into_domain()?;
            let args = PageArgs { first, after, ..PageArgs::default() };
            let page = domain.deliveries_page(viewer, &filter, &args).await?;
            let total = if with_total { Some(domain.count_deliveries(viewer, &filter).await?) } else { None };
            let deliveries = async |deliveries| SignalDelivery::many(&request, deliveries, with_signal).await;
            let page = page.try_map(deliveries).await?;
            Ok(Connection::of(page, total, |delivery| {
                encode_cursor(DeliveryKey::ORDER, &DeliveryKey(delivery.row().id))
            }))
        })
        .await
    }
}
