//! Reading indicators, strategies and how signals did.

use async_graphql::{Context, ID, Object};
use bellwether_domain::analysis::{IndicatorRequest, StatsGroup};
use bellwether_domain::market::CandleQuery;
use bellwether_domain::permission::Permission;

use super::indicators::{IndicatorInput, IndicatorSeries};
use super::types::{SignalStats, SignalStatsGroup, SimilarSignal, Strategy};
use crate::context::Request;
use crate::field::{Access, Field, field};
use crate::market::ChartRange;
use crate::node::parse_id;
use crate::signals::Timeframe;
use crate::signals::filter::SignalFilter;

/// Reads analyses.
#[derive(Debug, Default)]
pub(crate) struct AnalysisQuery;

const SIGNALS: Access = Access::Needs(Permission::SignalsRead);
const MARKET: Access = Access::Needs(Permission::MarketRead);

#[Object]
impl AnalysisQuery {
    /// Indicators of an asset's closed candles over a range back from now, in the order of the kinds. Earlier candles are looked at too, so that values do not begin with the range. Needs MARKET_READ.
    async fn indicators(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The symbol, in any case.")] symbol: String,
        #[graphql(desc = "How long each candle lasts.")] timeframe: Timeframe,
        #[graphql(desc = "Which indicators, 1 to 12.")] kinds: Vec<IndicatorInput>,
        #[graphql(desc = "How far back; null for a year.")] range: Option<ChartRange>,
    ) -> Field<Vec<IndicatorSeries>> {
        field(ctx, MARKET, async move |request: Request| {
            let (timeframe, range) = (timeframe.into(), range.map(Into::into));
            let query = CandleQuery { symbol, timeframe, range, from: None, to: None, currency: None };
            let kinds: Vec<_> = kinds.into_iter().map(IndicatorRequest::from).collect();
            let series = request.domain.indicators(request.viewer(), &query, &kinds).await?;
            Ok(series.into_iter().map(IndicatorSeries).collect())
        })
        .await
    }

    /// Every strategy with its rules, and whether your tenant has it switched on. Needs SIGNALS_READ.
    async fn strategies(&self, ctx: &Context<'_>) -> Field<Vec<Strategy>> {
        field(ctx, SIGNALS, async move |request: Request| {
            let statuses = request.domain.strategy_statuses(request.viewer()).await?;
            Ok(statuses.into_iter().map(Strategy::from).collect())
        })
        .await
    }

    /// How the signals did that you may see: a row for each group, the largest first; without a group one row for all. More than 500 groups are refused with VALIDATION: filter, then. Grouped by CONFIDENCE it shows the win rate of each ten points. Needs SIGNALS_READ.
    async fn signal_stats(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which signals; null for all.")] filter: Option<SignalFilter>,
        #[graphql(desc = "By what they are put together; null for all in one.")] group_by: Option<SignalStatsGroup>,
        #[graphql(desc = "Whether signals count that were given in hindsight.", default)] include_hindsight: bool,
    ) -> Field<Vec<SignalStats>> {
        field(ctx, SIGNALS, async move |request: Request| {
            let filter = filter.unwrap_or_default().into_domain()?;
            let group = group_by.map(StatsGroup::from);
            let stats = request.domain.signal_stats(request.viewer(), &filter, group, include_hindsight).await?;
            Ok(stats.into_iter().map(|stats| SignalStats::new(stats, group_by)).collect())
        })
        .await
    }

    /// The judged signals of the same tenant, direction and timeframe that are most like one, the most alike first: by strategy, indicators, asset, horizon and confidence. Null where there is no such signal that you may see. Needs SIGNALS_READ.
    async fn similar_signals(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The signal, `sig_…`.")] id: ID,
        #[graphql(desc = "How many, 1 to 50; 10 where nothing is given.")] first: Option<i32>,
    ) -> Field<Option<Vec<SimilarSignal>>> {
        field(ctx, SIGNALS, async move |request: Request| {
            let found = request.domain.similar_signals(request.viewer(), parse_id(&id, &["id"])?, first).await?;
            Ok(found.map(|found| found.into_iter().map(SimilarSignal::from).collect()))
        })
        .await
    }
}
