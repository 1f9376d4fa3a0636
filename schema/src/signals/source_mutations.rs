//! Making, changing and revoking sources of signals, and trying a delivery again.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use bellwether_domain::permission::Permission;
use bellwether_domain::signals::{NewSource, SourceChange};

use super::sources::{SignalDelivery, SignalSource};
use super::types::{Audience, Mode, Timeframe};
use crate::context::Request;
use crate::field::{Access, Field, Payload, mutate, refused_by_default};
use crate::node::parse_id;
use crate::problems::UserError;

/// What a ticker of a source means.
#[derive(Clone, Debug, InputObject)]
struct SymbolMappingInput {
    /// The ticker as it is delivered, in any case, such as BINANCE:BTCUSDT.
    ticker: String,
    /// The symbol of the asset that it means.
    symbol: String,
}

/// A source to be made.
#[derive(Clone, Debug, InputObject)]
struct CreateSignalSourceInput {
    /// The name, 1 to 60 characters.
    name: String,
    /// Who may see what comes in; null for PRIVATE. TENANT needs SIGNALS_PUBLISH.
    audience: Option<Audience>,
    /// The mode of a delivery that names none; null for INTRADAY.
    mode: Option<Mode>,
    /// The timeframe of a delivery that names none; null for H1.
    timeframe: Option<Timeframe>,
    /// The strategy of a delivery that names none; null for none.
    strategy: Option<String>,
    /// The confidence of a delivery that names none, 0 to 100; null for 50.
    confidence: Option<i32>,
    /// What its tickers mean where that can't be guessed, at most 500; null for nothing.
    symbols: Option<Vec<SymbolMappingInput>>,
    /// How old a delivered candle may be after it closed, 60 to 31536000 seconds; null for 3600.
    max_age_seconds: Option<i32>,
    /// How often it is expected to deliver, 60 to 31536000 seconds; null for whenever.
    cadence_seconds: Option<i32>,
    /// Whether a direction may not follow itself on one asset; null for no.
    alternates: Option<bool>,
}

/// What is to change of a source. What is left out stays as it is.
#[derive(Clone, Debug, InputObject)]
struct UpdateSignalSourceInput {
    /// The source, `src_…`.
    id: ID,
    /// The name, 1 to 60 characters.
    name: Option<String>,
    /// Who may see what comes in. TENANT needs SIGNALS_PUBLISH.
    audience: Option<Audience>,
    /// The mode of a delivery that names none.
    mode: Option<Mode>,
    /// The timeframe of a delivery that names none.
    timeframe: Option<Timeframe>,
    /// The strategy of a delivery that names none; null takes it away.
    strategy: MaybeUndefined<String>,
    /// The confidence of a delivery that names none, 0 to 100.
    confidence: Option<i32>,
    /// What its tickers mean: the whole list, at most 500.
    symbols: Option<Vec<SymbolMappingInput>>,
    /// How old a delivered candle may be after it closed, 60 to 31536000 seconds.
    max_age_seconds: Option<i32>,
    /// How often it is expected to deliver, 60 to 31536000 seconds; null takes it away.
    cadence_seconds: MaybeUndefined<i32>,
    /// Whether a direction may not follow itself on one asset.
    alternates: Option<bool>,
}

/// A source to be revoked.
#[derive(Clone, Debug, InputObject)]
struct RevokeSignalSourceInput {
    /// The source, `src_…`.
    id: ID,
}

/// A delivery to be tried again.
#[derive(Clone, Debug, InputObject)]
struct RedriveSignalDeliveryInput {
    /// The delivery, `dlv_…`.
    id: ID,
}

fn pairs(symbols: Vec<SymbolMappingInput>) -> Vec<(String, String)> {
    symbols.into_iter().map(|mapping| (mapping.ticker, mapping.symbol)).collect()
}

/// What making a source did.
#[derive(Default, SimpleObject)]
pub(crate) struct CreateSignalSourcePayload {
    /// The source; null when refused.
    source: Option<SignalSource>,
    /// Where to deliver to, token included: what TradingView asks for as the webhook's URL. Shown this once; null when refused.
    url: Option<String>,
    /// The token alone. Shown this once; null when refused.
    token: Option<String>,
    /// What to mend; empty when done.
    user_errors: Vec<UserError>,
}

/// What changing a source did.
#[derive(Default, SimpleObject)]
pub(crate) struct UpdateSignalSourcePayload {
    /// The source as it is now; null when refused.
    source: Option<SignalSource>,
    /// What to mend; empty when done.
    user_errors: Vec<UserError>,
}

/// What revoking a source did.
#[derive(Default, SimpleObject)]
pub(crate) struct RevokeSignalSourcePayload {
    /// The source as it is now; null when refused.
    source: Option<SignalSource>,
    /// What to mend; empty when done.
    user_errors: Vec<UserError>,
}

/// What trying a delivery again did.
#[derive(Default, SimpleObject)]
pub(crate) struct RedriveSignalDeliveryPayload {
    /// The delivery with its new verdict; null when refused.
    delivery: Option<SignalDelivery>,
    /// What to mend; empty when done.
    user_errors: Vec<UserError>,
}

refused_by_default! {
    CreateSignalSourcePayload UpdateSignalSourcePayload RevokeSignalSourcePayload RedriveSignalDeliveryPayload
}

/// Manages sources of signals.
#[derive(Debug, Default)]
pub(crate) struct SourceMutation;

const ACCESS: Access = Access::Needs(Permission::SourcesManage);

#[Object]
impl SourceMutation {
    /// Makes a source that signals can be delivered to. Needs SOURCES_MANAGE.
    async fn create_signal_source(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The source.")] input: CreateSignalSourceInput,
    ) -> Field<CreateSignalSourcePayload> {
        mutate(ctx, ACCESS, async move |request: Request| {
            let new = NewSource {
                name: input.name,
                audience: input.audience.map(Into::into),
                mode: input.mode.map(Into::into),
                timeframe: input.timeframe.map(Into::into),
                strategy: input.strategy,
                confidence: input.confidence,
                symbols: pairs(input.symbols.unwrap_or_default()),
                max_age_seconds: input.max_age_seconds,
                cadence_seconds: input.cadence_seconds,
                alternates: input.alternates.unwrap_or_default(),
            };
            let domain = &request.domain;
            let (source, token) = domain.create_source(request.viewer(), new, request.client()).await?;
            Ok(CreateSignalSourcePayload {
                source: Some(SignalSource::new(source, domain.now())),
                url: Some(format!("{}/hooks/tradingview/{}", domain.config().public_url, token.expose())),
                token: Some(token.expose().to_owned()),
                user_errors: Vec::new(),
            })
        })
        .await
    }

    /// Changes a source. Needs SOURCES_MANAGE, and SOURCES_MANAGE_ALL for another's.
    async fn update_signal_source(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is to change.")] input: UpdateSignalSourceInput,
    ) -> Field<UpdateSignalSourcePayload> {
        mutate(ctx, ACCESS, async move |request: Request| {
            let change = SourceChange {
                name: input.name,
                audience: input.audience.map(Into::into),
                mode: input.mode.map(Into::into),
                timeframe: input.timeframe.map(Into::into),
                strategy: input.strategy.into(),
                confidence: input.confidence,
                symbols: input.symbols.map(pairs),
                max_age_seconds: input.max_age_seconds,
                cadence_seconds: input.cadence_seconds.into(),
                alternates: input.alternates,
            };
            let (domain, id) = (&request.domain, parse_id(&input.id, &["input", "id"])?);
            let source = domain.update_source(request.viewer(), id, change, request.client()).await?;
            let source = Some(SignalSource::new(source, domain.now()));
            Ok(UpdateSignalSourcePayload { source, user_errors: Vec::new() })
        })
        .await
    }

    /// Revokes the token of a source: what is delivered with it from now on is refused. Needs SOURCES_MANAGE, and SOURCES_MANAGE_ALL for another's.
    async fn revoke_signal_source(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which source.")] input: RevokeSignalSourceInput,
    ) -> Field<RevokeSignalSourcePayload> {
        mutate(ctx, ACCESS, async move |request: Request| {
            let (domain, id) = (&request.domain, parse_id(&input.id, &["input", "id"])?);
            let source = domain.revoke_source(request.viewer(), id, request.client()).await?;
            let source = Some(SignalSource::new(source, domain.now()));
            Ok(RevokeSignalSourcePayload { source, user_errors: Vec::new() })
        })
        .await
    }

    /// Judges a delivery again that was REJECTED, STALE or LIMITED, after what held it up was mended. Needs SOURCES_MANAGE, and SOURCES_MANAGE_ALL for another's.
    async fn redrive_signal_delivery(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which delivery.")] input: RedriveSignalDeliveryInput,
    ) -> Field<RedriveSignalDeliveryPayload> {
        mutate(ctx, ACCESS, async move |request: Request| {
            let id = parse_id(&input.id, &["input", "id"])?;
            let delivery = request.domain.redrive_delivery(request.viewer(), id).await?;
            let delivery = SignalDelivery::one(&request, delivery).await?;
            Ok(RedriveSignalDeliveryPayload { delivery, user_errors: Vec::new() })
        })
        .await
    }
}
