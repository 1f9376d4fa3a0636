//! Strategies as data: named rules with weights, and what they make of the candles so far.
//!
//! An [`Analyst`] is fed candles as they close and keeps what the indicators show at the newest ones. A [`Strategy`] is
//! asked for its [`Opinion`] of the newest. Whether the candles came one by one over a year or in bulk a moment ago is
//! the same fold, so the opinion is the same.

mod catalog;
mod hearing;
mod judge;
mod modelled;
mod observation;
mod plan;
mod reading;
mod rules;

pub use catalog::{ALL, named};
pub use hearing::{Said, heard};
pub use judge::{Opinion, Weighed, confidence, weigh};
pub use modelled::{MODEL, modelled};
pub use observation::{Hold, Observation, Reason};
pub use plan::{Plan, plan};
pub use reading::{Analyst, Reading};

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Buy.
    Buy,
    /// Sell.
    Sell,
}

impl Side {
    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }
}

/// A named set of rules that has an opinion of each candle.
#[derive(Debug)]
pub struct Strategy {
    /// Its name: never to change, for signals are kept by it.
    pub name: &'static str,
    /// Which edition of its rules: raised with every change that can change an opinion.
    pub version: u32,
    /// What it does, in a sentence or two.
    pub about: &'static str,
    /// Candles that it needs to have an opinion.
    pub needs: usize,
    /// The evidence below which it holds, 0 to 1.
    pub least: f64,
    /// What its opinion is made of.
    pub basis: Basis,
}

/// What an opinion is made of.
#[derive(Debug)]
pub enum Basis {
    /// Rules, each weighing something.
    Rules(&'static [Rule]),
    /// The votes of other strategies, each weighing something.
    Votes(&'static [Vote]),
    /// A model, which is asked by [`modelled`]; to [`Strategy::judge`] it has nothing to say.
    Model,
}

/// One thing to look for at a candle.
#[derive(Debug)]
pub struct Rule {
    /// What it is called.
    pub name: &'static str,
    /// When it fires, and how strongly, in words.
    pub about: &'static str,
    /// What it counts where it fires with full strength, 0 to 1.
    pub weight: f64,
    /// Looks for it.
    judge: fn(&Scene<'_>) -> Option<Finding>,
}

/// A strategy that is heard by another.
#[derive(Debug)]
pub struct Vote {
    /// Whose.
    pub strategy: &'static Strategy,
    /// What it counts where the strategy is entirely sure, 0 to 1.
    pub weight: f64,
}

/// What a rule sees: the candle that is judged, and the one before it.
struct Scene<'a> {
    before: &'a Reading,
    now: &'a Reading,
}

/// What a rule found.
#[derive(Clone, Copy, Debug)]
struct Finding {
    side: Side,
    /// How strongly, 0 to 1.
    strength: f64,
    observation: Observation,
}
