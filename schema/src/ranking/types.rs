//! A place on a leaderboard.

use async_graphql::{Enum, ID, Object};
use bellwether_domain::ranking::{self, Ranked};
use chrono::{DateTime, Utc};

use super::count;
use super::profile::{TraderBadge, TraderLevel};
use crate::context::Request;
use crate::paging::Item;
use crate::scalars::Decimal;

/// What trades a leaderboard counts: those that were closed within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "ranking::Period")]
pub(crate) enum LeaderboardPeriod {
    /// A week from Monday, in UTC.
    Week,
    /// A month, in UTC.
    Month,
    /// Since ever.
    AllTime,
}

/// Which accounts a leaderboard holds against each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "ranking::Scope")]
pub(crate) enum LeaderboardScope {
    /// Those that their traders opened for themselves with at least 1,000 of their currency, and that are active.
    Paper,
    /// Those of challenges that run or are passed.
    Challenge,
}

/// A trader's place on a leaderboard, by the best of their accounts.
pub(crate) struct LeaderboardEntry {
    ranked: Ranked,
    /// Whether it is the viewer's own.
    is_me: bool,
    /// Whether the viewer may know whose it is.
    is_open: bool,
}

impl LeaderboardEntry {
    pub(super) fn of(request: &Request, ranked: Ranked) -> Self {
        let viewer = request.viewer();
        let is_me = viewer.member().is_ok_and(|member| ranked.is_of(member.user_id));
        Self { is_open: ranked.is_open_to(viewer), is_me, ranked }
    }

    pub(super) fn ranked(&self) -> &Ranked {
        &self.ranked
    }
}

impl Item for LeaderboardEntry {
    const NAME: &str = "LeaderboardEntry";
}

/// A trader's place on a leaderboard, by the best of their accounts. Only what was closed counts: a trade once, when the last of it is; what it gained after fees, when each part is.
#[Object(serial)]
impl LeaderboardEntry {
    /// The place, from 1: by profit in percent, then by the smaller drawdown, then by who was there first.
    async fn rank(&self) -> i32 {
        i32::try_from(self.ranked.rank).unwrap_or(i32::MAX)
    }

    /// The trader's name where they chose to show it, else their pseudonym.
    async fn display_name(&self) -> &str {
        &self.ranked.display_name
    }

    /// Whether it is your own.
    async fn is_me(&self) -> bool {
        self.is_me
    }

    /// What was closed gained, in percent of the balance that the account was opened with.
    async fn profit_percent(&self) -> Decimal {
        self.ranked.standing.profit_percent().into()
    }

    /// How many trades were closed, at least 5.
    async fn trades(&self) -> i32 {
        count(self.ranked.standing.trades)
    }

    /// How many of them gained.
    async fn wins(&self) -> i32 {
        count(self.ranked.standing.wins)
    }

    /// How many of a hundred gained.
    async fn win_rate(&self) -> Decimal {
        self.ranked.win_rate().into()
    }

    /// How far the balance fell at worst below its highest before, in percent of that; it begins with the balance before the period.
    async fn drawdown_percent(&self) -> Decimal {
        self.ranked.standing.drawdown_percent.into()
    }

    /// What is left of a hundred when the best day's share of the gaining days' gains is taken away: 0 where all was gained on one day; null where no day gained.
    async fn consistency(&self) -> Option<Decimal> {
        self.ranked.standing.consistency.map(Decimal::from)
    }

    /// When the last of it was closed.
    async fn reached_at(&self) -> DateTime<Utc> {
        self.ranked.standing.reached_at
    }

    /// The trader's points.
    async fn points(&self) -> i32 {
        count(self.points_of())
    }

    /// The level of the points.
    async fn level(&self) -> TraderLevel {
        ranking::Level::of(self.points_of()).into()
    }

    /// The trader's badges.
    async fn badges(&self) -> Vec<TraderBadge> {
        let badges = ranking::badges(&self.ranked.profile, self.ranked.is_top_ten);
        badges.into_iter().map(TraderBadge::from).collect()
    }

    /// What was closed gained, in the account's currency; null for another's, unless you hold TRADING_READ_ALL.
    async fn profit(&self) -> Option<Decimal> {
        self.is_open.then(|| self.ranked.standing.profit.into())
    }

    /// The account's currency, ISO 4217; null for another's, unless you hold TRADING_READ_ALL.
    async fn currency(&self) -> Option<&str> {
        self.is_open.then_some(self.ranked.standing.currency.as_str())
    }

    /// The id of the account, `acc_…`; null for another's, unless you hold TRADING_READ_ALL.
    async fn account_id(&self) -> Option<ID> {
        self.is_open.then(|| self.ranked.standing.account_id.to_string().into())
    }

    /// The id of the trader, `usr_…`; null for another's, unless you hold TRADING_READ_ALL.
    async fn trader_id(&self) -> Option<ID> {
        self.is_open.then(|| self.ranked.standing.user_id.to_string().into())
    }
}

impl LeaderboardEntry {
    fn points_of(&self) -> i64 {
        ranking::points(&self.ranked.profile, self.ranked.is_top_ten)
    }
}
