//! Strategies and figures.

use async_graphql::{Enum, SimpleObject};
use bellwether_domain::analysis::{self, Basis, StrategyStatus};

use crate::scalars::Decimal;
use crate::signals::Signal;

/// A named set of rules that judges candles.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct Strategy {
    /// Its name, such as rsi-reversal.
    name: String,
    /// Which edition of its rules.
    version: u32,
    /// What it does, in a sentence or two.
    about: String,
    /// Closed candles that it needs.
    needs: u32,
    /// The evidence below which it holds, 0 to 1.
    least: f64,
    /// Whether signals are made by it in your tenant.
    is_on: bool,
    /// Its rules; empty where it is a vote of others, or a model.
    rules: Vec<StrategyRule>,
    /// The strategies whose vote it is; empty where it has rules of its own.
    votes: Vec<StrategyVote>,
}

/// One thing that a strategy looks for.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct StrategyRule {
    /// What it is called.
    name: String,
    /// When it fires, and how strongly.
    about: String,
    /// What it counts where it fires with full strength, 0 to 1.
    weight: f64,
}

/// A strategy that is heard by another.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct StrategyVote {
    /// The name of the strategy that is heard.
    strategy: String,
    /// What it counts where it is entirely sure, 0 to 1.
    weight: f64,
}

impl From<StrategyStatus> for Strategy {
    fn from(StrategyStatus { strategy, is_on }: StrategyStatus) -> Self {
        let (mut rules, mut votes) = (Vec::new(), Vec::new());
        match strategy.basis {
            Basis::Rules(all) => rules.extend(all.iter().map(|rule| StrategyRule {
                name: rule.name.to_owned(),
                about: rule.about.to_owned(),
                weight: rule.weight,
            })),
            Basis::Votes(all) => votes.extend(
                all.iter().map(|vote| StrategyVote { strategy: vote.strategy.name.to_owned(), weight: vote.weight }),
            ),
            Basis::Model => {}
        }
        Self {
            name: strategy.name.to_owned(),
            version: strategy.version,
            about: strategy.about.to_owned(),
            needs: u32::try_from(strategy.needs).unwrap_or(u32::MAX),
            least: strategy.least,
            is_on,
            rules,
            votes,
        }
    }
}

/// By what signals are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "analysis::StatsGroup")]
pub(crate) enum SignalStatsGroup {
    /// The strategy; those without one together.
    Strategy,
    /// What they say to do.
    Direction,
    /// The asset.
    Asset,
    /// The horizon.
    Mode,
    /// The span of the candle.
    Timeframe,
    /// The month of the candle, UTC.
    Month,
    /// Ten points of confidence: 0 to 9, 10 to 19, …, 90 to 100.
    Confidence,
}

/// How some signals did. Those that say HOLD count as signals, and for nothing else; those given in hindsight are left out unless they are asked for.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct SignalStats {
    /// What they have in common, such as rsi-reversal, BUY, AAPL, SWING, D1, 2026-11 or 70-79; null for all, and for those without a strategy.
    group: Option<String>,
    /// How many there are.
    count: i64,
    /// How many were given in hindsight, when a later candle was known: left out of every other figure, unless they are asked for.
    hindsight: i64,
    /// How many of them rest on simulated prices: nothing that they brought was to be had.
    simulated: i64,
    /// How many of them were judged, those that expired without a candle not counted.
    settled: i64,
    /// How many reached their target.
    hits: i64,
    /// How many were stopped.
    misses: i64,
    /// How many did neither before their horizon ended.
    expired: i64,
    /// Hits in percent of hits and misses; null without any.
    win_rate: Option<Decimal>,
    /// What those brought that brought something, in percent of the entry, on average; null without any.
    mean_gain: Option<Decimal>,
    /// What those brought that cost something, in percent of the entry, on average, below zero; null without any.
    mean_loss: Option<Decimal>,
    /// What a judged signal brought, in percent of the entry, on average; null without any.
    expectancy: Option<Decimal>,
    /// The strategy with the best expectancy of those with five judged signals or more; null where there is none.
    best_strategy: Option<String>,
}

impl SignalStats {
    pub(super) fn new(stats: analysis::SignalStats, group: Option<SignalStatsGroup>) -> Self {
        // Timeframes are stored as 1d and spelt D1 in this schema.
        let is_timeframe = group == Some(SignalStatsGroup::Timeframe);
        let spell = |word: String| match word.split_at_checked(word.len().saturating_sub(1)) {
            Some((number, unit)) if is_timeframe => format!("{}{number}", unit.to_uppercase()),
            _ => word,
        };
        Self {
            group: stats.group.map(spell),
            count: stats.count,
            hindsight: stats.hindsight,
            simulated: stats.simulated,
            settled: stats.settled,
            hits: stats.hits,
            misses: stats.misses,
            expired: stats.expired,
            win_rate: stats.win_rate.map(Decimal::from),
            mean_gain: stats.mean_gain.map(Decimal::from),
            mean_loss: stats.mean_loss.map(Decimal::from),
            expectancy: stats.expectancy.map(Decimal::from),
            best_strategy: stats.best_strategy,
        }
    }
}

/// A judged signal that is like another.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct SimilarSignal {
    /// How much: 0 for nothing in common but direction and timeframe, 100 for everything.
    similarity: i32,
    /// The signal, with how it turned out.
    signal: Signal,
}

impl From<analysis::SimilarSignal> for SimilarSignal {
    fn from(similar: analysis::SimilarSignal) -> Self {
        Self { similarity: similar.similarity.into(), signal: similar.view.into() }
    }
}
