//! Tiers and the rules that they come with.

use async_graphql::{Enum, SimpleObject};
use bellwether_domain::challenges;

use crate::scalars::Decimal;

/// A challenge that is offered: what it costs, and by which rules it is judged.
#[derive(SimpleObject)]
pub(crate) struct ChallengeTier {
    /// What it is known by, such as STARTER.
    code: String,
    /// What it is called.
    name: String,
    /// Whether it is the one to recommend.
    is_recommended: bool,
    /// What it costs, in priceCurrency; null where it is not sold.
    price: Option<Decimal>,
    /// In which currency, ISO 4217; null where it is not sold.
    price_currency: Option<String>,
    /// Whether the price is given back with a pass.
    is_refundable: bool,
    /// The rules of each phase, the first first.
    phases: Vec<ChallengeRules>,
}

impl From<challenges::Tier> for ChallengeTier {
    fn from(tier: challenges::Tier) -> Self {
        Self {
            code: tier.code,
            name: tier.name,
            is_recommended: tier.is_recommended,
            price: tier.price.map(Decimal::from),
            price_currency: tier.price_currency,
            is_refundable: tier.is_refundable,
            phases: tier.phases.rules().iter().map(ChallengeRules::from).collect(),
        }
    }
}

/// The rules of one phase. Amounts are in its currency.
#[derive(SimpleObject)]
pub(crate) struct ChallengeRules {
    /// What the phase is.
    phase: PhaseKind,
    /// The currency of all amounts, ISO 4217.
    currency: String,
    /// What the account begins with.
    initial_balance: Decimal,
    /// How much can be held with one unit of its money, 1 to 100.
    leverage: i32,
    /// The realized profit to be reached, in percent of the initial balance; null for a phase without a target.
    profit_target_percent: Option<Decimal>,
    /// The same as an amount; null for a phase without a target.
    profit_target: Option<Decimal>,
    /// How far the equity may lie below the day's base, in percent of what dailyLossBasis says. Exactly so far is no breach. Null for no limit.
    daily_loss_percent: Option<Decimal>,
    /// How far the equity may lie below the anchor, in percent of what drawdownBasis says. Exactly so far is no breach. Null for no limit.
    drawdown_percent: Option<Decimal>,
    /// The days with a trade opened that a pass needs.
    minimum_trading_days: u32,
    /// What the open trades of one asset may have cost, in percent of the initial balance; null for no limit.
    position_percent: Option<Decimal>,
    /// The same as an amount; null for no limit.
    largest_position: Option<Decimal>,
    /// What the best day's profit may be of the total for a pass, in percent; null for no limit. Delays a pass, never fails.
    consistency_percent: Option<Decimal>,
    /// After how many days it expires; null for never.
    duration_days: Option<u32>,
    /// Whose midnight a day begins with: a name of the IANA time zone database, such as UTC.
    timezone: &'static str,
    /// What the loss of a day is counted from.
    daily_base: DailyBase,
    /// What dailyLossPercent is a percentage of.
    daily_loss_basis: DailyLossBasis,
    /// What drawdownPercent is a percentage of.
    drawdown_basis: DrawdownBasis,
    /// What the drawdown is counted from.
    drawdown_anchor: DrawdownAnchor,
    /// Whether a trailing floor stops rising at the initial balance.
    lock_at_initial: bool,
    /// What breaking the daily loss limit leads to.
    on_daily_breach: OnDailyBreach,
}

impl From<&challenges::Rules> for ChallengeRules {
    fn from(rules: &challenges::Rules) -> Self {
        Self {
            phase: rules.phase.into(),
            currency: rules.currency.clone(),
            initial_balance: rules.initial_balance.into(),
            leverage: rules.leverage,
            profit_target_percent: rules.profit_target.map(Decimal::from),
            profit_target: rules.target().map(Decimal::from),
            daily_loss_percent: rules.daily_loss.map(Decimal::from),
            drawdown_percent: rules.drawdown.map(Decimal::from),
            minimum_trading_days: rules.minimum_days,
            position_percent: rules.position.map(Decimal::from),
            largest_position: rules.largest_position().map(Decimal::from),
            consistency_percent: rules.consistency.map(Decimal::from),
            duration_days: rules.duration_days,
            timezone: rules.timezone.name(),
            daily_base: rules.daily_base.into(),
            daily_loss_basis: rules.daily_loss_basis.into(),
            drawdown_basis: rules.drawdown_basis.into(),
            drawdown_anchor: rules.drawdown_anchor.into(),
            lock_at_initial: rules.lock_at_initial,
            on_daily_breach: rules.on_daily_breach.into(),
        }
    }
}

/// What a phase of a tier is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "challenges::PhaseKind")]
pub(crate) enum PhaseKind {
    /// The first: the target is to be reached.
    Evaluation,
    /// The second, where a tier has one: it is to be reached again.
    Verification,
    /// A simulated funded account: limits, and no target.
    Funded,
}

/// A rule of a challenge, in the order in which limits are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "challenges::RuleKind")]
pub(crate) enum RuleKind {
    /// The equity may lie so far below the day's base.
    DailyLoss,
    /// The equity may lie so far below the anchor.
    MaxDrawdown,
    /// What one asset's open trades cost may be so much of the initial balance.
    PositionSize,
    /// The best day may be so much of the total profit for a pass. Delays, never fails.
    Consistency,
}

/// What the loss of a day is counted from, at the midnight that it begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "challenges::DailyBase")]
pub(crate) enum DailyBase {
    /// The balance.
    Balance,
    /// The balance or the equity, whichever is higher.
    HigherOfBalanceAndEquity,
}

/// What the daily loss limit is a percentage of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "challenges::DailyLossBasis")]
pub(crate) enum DailyLossBasis {
    /// The day's base.
    PercentOfBase,
    /// The initial balance: the same amount every day.
    AmountOfInitial,
}

/// What the drawdown limit is a percentage of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "challenges::DrawdownBasis")]
pub(crate) enum DrawdownBasis {
    /// The anchor.
    PercentOfPeak,
    /// The initial balance: the same amount wherever the anchor lies.
    AmountOfInitial,
}

/// What the drawdown is counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "challenges::DrawdownAnchor")]
pub(crate) enum DrawdownAnchor {
    /// The highest equity so far.
    EquityPeak,
    /// The highest balance at a midnight so far, the initial one among them.
    EndOfDayBalance,
    /// The initial balance.
    Static,
}

/// What breaking the daily loss limit leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "challenges::OnDailyBreach")]
pub(crate) enum OnDailyBreach {
    /// The challenge is failed.
    Fail,
    /// What is open is closed, and nothing is traded until the day is over.
    LockUntilReset,
}
