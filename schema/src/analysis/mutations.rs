//! Analysing on demand, and switching strategies.

use async_graphql::{Context, InputObject, Object, SimpleObject};
use bellwether_domain::analysis;
use bellwether_domain::error::Error;
use bellwether_domain::permission::Permission;

use super::types::Strategy;
use crate::context::Request;
use crate::field::{Access, Field, Payload, mutate, refused_by_default};
use crate::problems::{UserError, under};
use crate::signals::{Mode, RecordOutcome, Signal, Timeframe};

/// What to analyse.
#[derive(Clone, Debug, InputObject)]
struct AnalyzeInput {
    /// The symbol of the asset, in any case.
    symbol: String,
    /// The span of its candles.
    timeframe: Timeframe,
    /// The horizon: how far away target and stop are, and how long they are given.
    mode: Mode,
    /// The name of the strategy; null for the consensus of all.
    strategy: Option<String>,
}

/// A strategy to be switched.
#[derive(Clone, Debug, InputObject)]
struct SwitchStrategyInput {
    /// The name of the strategy.
    strategy: String,
    /// Whether signals are to be made by it.
    is_on: bool,
}

/// What an analysis came to.
#[derive(Default, SimpleObject)]
pub(crate) struct AnalyzePayload {
    /// Whether the signal is new or was there already; null when refused.
    outcome: Option<RecordOutcome>,
    /// The signal about the newest closed candle; null when refused.
    signal: Option<Signal>,
    /// What to mend; empty when done.
    user_errors: Vec<UserError>,
}

/// What switching a strategy did.
#[derive(Default, SimpleObject)]
pub(crate) struct SwitchStrategyPayload {
    /// The strategy as it stands now; null when refused.
    strategy: Option<Strategy>,
    /// What to mend; empty when done.
    user_errors: Vec<UserError>,
}

refused_by_default!(AnalyzePayload SwitchStrategyPayload);

/// Analyses.
#[derive(Debug, Default)]
pub(crate) struct AnalysisMutation;

#[Object]
impl AnalysisMutation {
    /// Judges the newest closed candle of an asset and records what comes of it as a private signal of yours: once for each candle, however often you ask. Needs SIGNALS_WRITE.
    async fn analyze(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to analyse.")] input: AnalyzeInput,
    ) -> Field<AnalyzePayload> {
        mutate(ctx, Access::Needs(Permission::SignalsWrite), async move |request: Request| {
            let analysis = analysis::Analysis {
                symbol: input.symbol,
                timeframe: input.timeframe.into(),
                mode: input.mode.into(),
                strategy: input.strategy,
            };
            match request.domain.analyze(request.viewer(), analysis).await {
                Ok(recorded) => {
                    let signal = request.domain.view_signals(vec![recorded.signal]).await?.pop();
                    Ok(AnalyzePayload {
                        outcome: Some(recorded.outcome.into()),
                        signal: signal.map(Signal::from),
                        user_errors: Vec::new(),
                    })
                }
                Err(Error::Problems(problems)) => Ok(AnalyzePayload::refused(under(&["input"], problems))),
                Err(fault) => Err(fault),
            }
        })
        .await
    }

    /// Switches a strategy on or off for your tenant. Off, nothing is made by it any more; what it said stays, and the consensus still hears it. Needs STRATEGIES_MANAGE.
    async fn switch_strategy(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The strategy and how it is to be.")] input: SwitchStrategyInput,
    ) -> Field<SwitchStrategyPayload> {
        mutate(ctx, Access::Needs(Permission::StrategiesManage), async move |request: Request| {
            let SwitchStrategyInput { strategy, is_on } = input;
            let status = request.domain.switch_strategy(request.viewer(), &strategy, is_on, request.client()).await?;
            Ok(SwitchStrategyPayload { strategy: Some(status.into()), user_errors: Vec::new() })
        })
        .await
    }
}
