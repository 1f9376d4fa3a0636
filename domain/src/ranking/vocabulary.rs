//! The words of ranking.

use std::fmt;

use sea_orm::{DeriveActiveEnum, EnumIter};

use crate::signals::vocabulary::words;

words! {
    /// What trades are counted: those that were closed within it, in UTC.
    Period {
        /// A week, from Monday.
        Week = "WEEK",
        /// A month.
        Month = "MONTH",
        /// Since ever.
        AllTime = "ALL_TIME",
    }
}

words! {
    /// Which accounts are held against each other.
    Scope {
        /// Those that their traders opened for themselves and have not closed.
        Paper = "PAPER",
        /// Those of challenges that run or are passed.
        Challenge = "CHALLENGE",
    }
}

words! {
    /// What can be achieved, each once.
    AchievementKind {
        /// The first trade was opened.
        FirstTrade = "FIRST_TRADE",
        /// The first trade was closed with a gain.
        FirstProfitableTrade = "FIRST_PROFITABLE_TRADE",
        /// Ten trades that were closed one after the other gained.
        TenWinsInARow = "TEN_WINS_IN_A_ROW",
        /// All closed trades together have gained 1,000 US dollars.
        Profit1000 = "PROFIT_1000",
        /// All closed trades together have gained 10,000 US dollars.
        Profit10000 = "PROFIT_10000",
        /// A challenge was passed with all its phases.
        ChallengePassed = "CHALLENGE_PASSED",
        /// An account was among the ten best of all time.
        TopTen = "TOP_TEN",
        /// A trade was opened on thirty days, Monday to Friday, one after the other.
        Streak30Days = "STREAK_30_DAYS",
    }
}

/// A badge: what a trader has, and keeps, by numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Badge {
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
    /// Once among the ten best of all time.
    TopTen,
}

/// How far a trader has come, by points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
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

impl Level {
    /// Every level, the lowest first, with the points that it begins at.
    const STEPS: [(i64, Self); 5] =
        [(0, Self::Novice), (101, Self::Trader), (501, Self::Advanced), (1_001, Self::Expert), (5_001, Self::Master)];

    /// The level of so many points.
    pub fn of(points: i64) -> Self {
        let reached = Self::STEPS.iter().rev().find(|(from, _)| points >= *from);
        reached.map_or(Self::Novice, |(_, level)| *level)
    }

    /// The points that the next level begins at; none after the last.
    pub fn next_at(self) -> Option<i64> {
        Self::STEPS.iter().find(|(_, level)| *level > self).map(|(from, _)| *from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_begin_where_they_are_said_to() {
        let cases = [
            (0, Level::Novice),
            (100, Level::Novice),
            (101, Level::Trader),
            (500, Level::Trader),
            (501, Level::Advanced),
            (1_000, Level::Advanced),
            (1_001, Level::Expert),
            (5_000, Level::Expert),
            (5_001, Level::Master),
            (i64::MAX, Level::Master),
        ];
        for (points, level) in cases {
            assert_eq!(Level::of(points), level, "{points}");
        }
        assert_eq!(
            (Level::Novice.next_at(), Level::Expert.next_at(), Level::Master.next_at()),
            (Some(101), Some(5_001), None)
        );
    }
}
