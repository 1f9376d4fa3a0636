//! Reading leaderboards and what one has achieved.

use async_graphql::{Context, Object};
use bellwether_domain::Error;
use bellwether_domain::paging::{PageArgs, encode_cursor};
use bellwether_domain::ranking::{Board, RankKey, Ranked};

use super::profile::TraderProfile;
use super::types::{LeaderboardEntry, LeaderboardPeriod, LeaderboardScope};
use crate::context::Request;
use crate::field::{Field, field};
use crate::paging::Connection;
use crate::scalars::Date;
use crate::trading::READ;

fn board(period: LeaderboardPeriod, scope: LeaderboardScope, on: Option<Date>) -> Board {
    Board { period: period.into(), scope: scope.into(), on: on.map(|Date(day)| day) }
}

/// Reads leaderboards and what one has achieved.
#[derive(Debug, Default)]
pub(crate) struct RankingQuery;

#[Object]
impl RankingQuery {
    /// A leaderboard of your tenant, the best first: each trader once, by the best account that has closed at least 5 trades within the period. It follows a trade within half a minute. Needs TRADING_READ.
    #[expect(clippy::too_many_arguments, reason = "these are Relay's arguments and the filter")]
    async fn leaderboard(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What trades are counted.")] period: LeaderboardPeriod,
        #[graphql(desc = "Which accounts are held against each other.", default_with = "LeaderboardScope::Paper")]
        scope: LeaderboardScope,
        #[graphql(
            desc = "A day in UTC within the period, such as 2026-11-29, for a week or month that is over; today where nothing is given. They are kept for 400 days."
        )]
        on: Option<Date>,
        #[graphql(
            desc = "Only traders whose name has this text in it, 1 to 100 characters, whatever its case (of letters beyond ASCII as it is typed, where the database is SQLite); each keeps the rank that they have among all."
        )]
        search: Option<String>,
        #[graphql(desc = "How many from the start, at most 100; 20 where neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Field<Connection<LeaderboardEntry>> {
        let with_total = ctx.look_ahead().field("totalCount").exists();
        field(ctx, READ, async move |request: Request| {
            let (domain, viewer) = (&request.domain, request.viewer());
            let board = board(period, scope, on);
            let search = search.as_deref();
            let page = domain.leaderboard(viewer, &board, search, &PageArgs { first, after, last, before }).await?;
            let total = if with_total { Some(domain.count_leaderboard(viewer, &board, search).await?) } else { None };
            let page = page.map(|ranked| LeaderboardEntry::of(&request, ranked));
            let cursor =
                |entry: &LeaderboardEntry| encode_cursor(Ranked::ORDER, &RankKey::from(&entry.ranked().standing));
            Ok(Connection::of(page, total, cursor))
        })
        .await
    }

    /// Your own place on a leaderboard; null where no account of yours has closed 5 trades within the period. Needs TRADING_READ.
    async fn my_rank(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What trades are counted.")] period: LeaderboardPeriod,
        #[graphql(desc = "Which accounts are held against each other.", default_with = "LeaderboardScope::Paper")]
        scope: LeaderboardScope,
        #[graphql(desc = "A day in UTC within the period, such as 2026-11-29; today where nothing is given.")]
        on: Option<Date>,
    ) -> Field<Option<LeaderboardEntry>> {
        field(ctx, READ, async move |request: Request| {
            let board = board(period, scope, on);
            let own = request.domain.own_rank(request.viewer(), &board).await?;
            Ok::<_, Error>(own.map(|ranked| LeaderboardEntry::of(&request, ranked)))
        })
        .await
    }

    /// What you have done as a trader: figures, points, badges and achievements. Needs TRADING_READ.
    async fn trader_profile(&self, ctx: &Context<'_>) -> Field<TraderProfile> {
        field(ctx, READ, async move |request: Request| {
            request.domain.trader_profile(request.viewer()).await.map(TraderProfile)
        })
        .await
    }
}
