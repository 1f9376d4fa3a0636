//! What a trader has done.

use async_graphql::{Enum, Object, SimpleObject};
use bellwether_domain::ranking;
use chrono::{DateTime, Utc};

use super::count;
use crate::scalars::Decimal;

/// How far a trader has come: 10 points for the first trade, 5 for each that gained, 100 for each challenge passed, 50 for once having been among the ten best of all time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "ranking::Level")]
pub(crate) enum TraderLevel {
    /// From 0 points.
    Novice,
    /// From 101 points.
    Trader,
    /// From 501 points.
    Advanced,
    /// From 1,001 points.
    Expert,
    /// From 5,001 points.
    Master,
}

/// A badge that a trader has, and keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "ranking::Badge")]
pub(crate) enum TraderBadge {
    /// 10 closed trades.
    Bronze,
    /// 50 closed trades.
    Silver,
    /// 100 closed trades.
    Gold,
    /// 500 closed trades.
    Diamond,
    /// Three challenges passed.
    ChallengeMaster,
    /// Once among the ten best of all time, with a gain.
    TopTen,
}

/// What can be achieved, each once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "ranking::AchievementKind")]
pub(crate) enum AchievementKind {
    /// The first trade was opened.
    FirstTrade,
    /// The first trade was closed with a gain.
    FirstProfitableTrade,
    /// Ten trades that were closed one after the other gained.
    TenWinsInARow,
    /// All closed trades together have gained 1,000 US dollars, other currencies at the last known rate.
    #[graphql(name = "PROFIT_1000")]
    Profit1000,
    /// All closed trades together have gained 10,000 US dollars, other currencies at the last known rate.
    #[graphql(name = "PROFIT_10000")]
    Profit10000,
    /// A challenge was passed with all its phases.
    ChallengePassed,
    /// An account was among the ten best of all time, with a gain.
    TopTen,
    /// A trade was opened on thirty days, Monday to Friday, one after the other.
    #[graphql(name = "STREAK_30_DAYS")]
    Streak30Days,
}

/// How far you have come with something that can be achieved.
#[derive(SimpleObject)]
pub(crate) struct Achievement {
    /// What.
    kind: AchievementKind,
    /// When it was achieved, for good; null while it is not.
    unlocked_at: Option<DateTime<Utc>>,
    /// How much there is, at most the goal.
    progress: Decimal,
    /// How much there must be: trades, days, challenges, places, or US dollars.
    goal: Decimal,
}

/// What closed trades, and closed parts of trades, came to on all accounts in one currency, after fees.
#[derive(SimpleObject)]
pub(crate) struct TraderResult {
    /// The currency, ISO 4217.
    currency: String,
    /// What they gained.
    profit: Decimal,
    /// The most that one gained.
    best_trade: Decimal,
    /// The least that one gained.
    worst_trade: Decimal,
}

/// What you have done as a trader, on all your accounts, the closed ones too. A trade that was closed in parts counts once, when the last of it is closed; what it gained, when each part is.
pub(crate) struct TraderProfile(pub(super) ranking::Profile);

/// What you have done as a trader, on all your accounts, the closed ones too. A trade that was closed in parts counts once, when the last of it is closed; what it gained, when each part is.
#[Object(serial)]
impl TraderProfile {
    /// The name that others see on leaderboards; empty before you have traded or chosen one.
    async fn display_name(&self) -> &str {
        &self.0.display_name
    }

    /// Whether that is your own name, and no pseudonym.
    async fn shows_name(&self) -> bool {
        self.0.row.shows_name
    }

    /// Trades that were opened.
    async fn opened_trades(&self) -> i32 {
        count(self.0.row.opened)
    }

    /// Trades of which all was closed.
    async fn closed_trades(&self) -> i32 {
        count(self.0.row.closed)
    }

    /// Those of them that gained.
    async fn wins(&self) -> i32 {
        count(self.0.row.won)
    }

    /// How many of a hundred closed trades gained; null before the first.
    async fn win_rate(&self) -> Option<Decimal> {
        self.0.win_rate().map(Decimal::from)
    }

    /// The most that gained one after the other.
    async fn longest_win_run(&self) -> i32 {
        count(self.0.row.longest_win_run)
    }

    /// The most days, Monday to Friday, on which a trade was opened, one after the other.
    async fn longest_day_run(&self) -> i32 {
        count(self.0.row.longest_day_run)
    }

    /// Challenges that were passed with all their phases.
    async fn challenges_passed(&self) -> i32 {
        count(self.0.row.challenges_passed)
    }

    /// What the closed trades came to, by the currency of the accounts.
    async fn results(&self) -> Vec<TraderResult> {
        let told = |result: &ranking::TraderResult| TraderResult {
            currency: result.currency.clone(),
            profit: result.profit.into(),
            best_trade: result.best_trade.into(),
            worst_trade: result.worst_trade.into(),
        };
        self.0.results.iter().map(told).collect()
    }

    /// The points.
    async fn points(&self) -> i32 {
        count(self.0.points())
    }

    /// The level of the points.
    async fn level(&self) -> TraderLevel {
        self.0.level().into()
    }

    /// The points that the next level begins at; null at the last.
    async fn next_level_at(&self) -> Option<i32> {
        self.0.level().next_at().map(count)
    }

    /// The badges.
    async fn badges(&self) -> Vec<TraderBadge> {
        self.0.badges().into_iter().map(TraderBadge::from).collect()
    }

    /// Everything that can be achieved, with how far you have come.
    async fn achievements(&self) -> Vec<Achievement> {
        let told = |known: &ranking::AchievementProgress| Achievement {
            kind: known.kind.into(),
            unlocked_at: known.unlocked_at,
            progress: known.progress.into(),
            goal: known.goal.into(),
        };
        self.0.achievements.iter().map(told).collect()
    }
}
