//! Ranking: who traded best in a week, a month and since ever, and what each trader has achieved.
//!
//! Everything here follows from the trades that were closed and the challenges that were passed: `round_trip.rs` makes one
//! of a trade and its parts, `figures.rs` says what an account's came to in a period, `record.rs` what its trader has done.
//! They are pure; `trader.rs` reads what they need. A booking leaves a row in a queue (`queue.rs`); `refresh.rs` works it off by computing the trader anew, and
//! `check.rs` does so for everybody and says where that came out otherwise. `leaderboard.rs` and `profiles.rs` read.

mod achievement;
mod check;
mod entry;
mod figures;
mod leaderboard;
mod period;
mod profile;
mod profiles;
mod queue;
mod record;
mod refresh;
mod result;
mod round_trip;
mod trader;
mod vocabulary;

pub use check::RankingReport;
pub use entry::Model as Standing;
pub use figures::FEWEST_TRADES;
pub use leaderboard::{Board, RankKey, Ranked};
pub use period::begins;
pub use profiles::{AchievementProgress, Profile};
pub use record::{badges, points};
pub use refresh::RankingUpdate;
pub use result::Model as TraderResult;
pub use vocabulary::{AchievementKind, Badge, Level, Period, Scope};

/// Says what the metrics of ranking are.
pub(crate) fn describe_metrics() {
    let what = "Traders whose ranking the hourly check found other than their trades say, and mended";
    metrics::describe_counter!("bellwether_ranking_corrections_total", what);
}
