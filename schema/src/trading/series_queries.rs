//! Reading the figures of an account.

use async_graphql::{Context, ID, Object};
use bellwether_domain::clock::is_storable;
use bellwether_domain::error::Problem;
use chrono::{DateTime, TimeDelta, Utc};

use super::READ;
use super::figures::{AccountMetrics, CurveResolution, DailyPnl, EquityPoint, TradeDistributions};
use super::queries::readable;
use crate::context::Request;
use crate::field::{Field, field};

/// Reads the figures of an account.
#[derive(Debug, Default)]
pub(crate) struct TradingSeriesQuery;

#[Object]
impl TradingSeriesQuery {
    /// The figures of an account: what it earned, how, and at what risk; null where there is no such account that you may read. Needs TRADING_READ.
    async fn account_metrics(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account, `acc_…`.")] account_id: ID,
    ) -> Field<Option<AccountMetrics>> {
        field(ctx, READ, async move |request: Request| {
            let Some(account) = readable(&request, &account_id).await? else { return Ok(None) };
            Ok(Some(request.domain.account_metrics(&account).await?.into()))
        })
        .await
    }

    /// What an account was worth, the first point first: with DAILY one a day and now, at most ten years; with INTRADAY the newest 2,000 since a moment. Null where there is no such account that you may read. Needs TRADING_READ.
    async fn equity_curve(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account, `acc_…`.")] account_id: ID,
        #[graphql(desc = "How fine; null for DAILY.")] resolution: Option<CurveResolution>,
        #[graphql(desc = "For INTRADAY, since when; null for the last 24 hours.")] since: Option<DateTime<Utc>>,
    ) -> Field<Option<Vec<EquityPoint>>> {
        field(ctx, READ, async move |request: Request| {
            let Some(account) = readable(&request, &account_id).await? else { return Ok(None) };
            let domain = &request.domain;
            if resolution == Some(CurveResolution::Intraday) {
                let since = since.unwrap_or_else(|| domain.now() - TimeDelta::days(1));
                if !is_storable(since) {
                    return Err(Problem::validation(&["since"], "expected a time of the years 1 to 9999").into());
                }
                let points = domain.intraday_curve(&account, since).await?;
                return Ok(Some(points.into_iter().map(EquityPoint::from).collect()));
            }
            let days = domain.daily_curve(&account).await?;
            Ok(Some(days.into_iter().map(EquityPoint::from).collect()))
        })
        .await
    }

    /// What an account gained on each day (UTC) on which that was noted, the first first, at most ten years; null where there is no such account that you may read. Needs TRADING_READ.
    async fn daily_pnl(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account, `acc_…`.")] account_id: ID,
    ) -> Field<Option<Vec<DailyPnl>>> {
        field(ctx, READ, async move |request: Request| {
            let Some(account) = readable(&request, &account_id).await? else { return Ok(None) };
            let days = request.domain.daily_pnl(&account).await?;
            Ok(Some(days.into_iter().map(DailyPnl::from).collect()))
        })
        .await
    }

    /// How an account's closed trades came out: histograms of gains and durations, and counts by symbol; null where there is no such account that you may read. Needs TRADING_READ.
    async fn trade_distributions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account, `acc_…`.")] account_id: ID,
    ) -> Field<Option<TradeDistributions>> {
        field(ctx, READ, async move |request: Request| {
            let Some(account) = readable(&request, &account_id).await? else { return Ok(None) };
            let found = request.domain.distributions(&account).await?;
            TradeDistributions::new(&request, found).await.map(Some)
        })
        .await
    }
}
