//! Ranking: leaderboards, and what a trader has achieved.

mod mutations;
mod profile;
mod queries;
mod types;

pub(crate) use mutations::RankingMutation;
pub(crate) use queries::RankingQuery;

/// A count for GraphQL's Int.
fn count(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
