//! Judging a challenge: pure. What was known before, the rules, and what an account is worth at a moment make what is known
//! afterwards, and a verdict.
//!
//! Every limit is a floor under the equity, computed exactly: an equity on the floor breaks nothing, one below it does. The
//! order is fixed: the challenge's days, then the daily loss, the drawdown and the position, then the target. What a later
//! rule would have said is not looked at. A daily loss that only locks the day is no violation, and comes after those that
//! are. What is said of a limit in percent is rounded up: it is more than the limit exactly where the limit is broken.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::rules::Rules;
use super::vocabulary::{
    ChallengeStatus, DailyBase, DailyLossBasis, DrawdownAnchor, DrawdownBasis, OnDailyBreach, RuleKind,
};
use crate::fixed::{Money, Percent};

/// Money times a share of a millionth, in which floors are exact.
const WHOLE: i128 = 1_000_000;

/// What is known of a running challenge beside its account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, sea_orm::FromJsonQueryResult)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct State {
    /// The day that it was last judged on, in the rules' time zone.
    pub day: NaiveDate,
    /// What that day's loss is counted from.
    pub day_base: Money,
    /// The balance that the day began with.
    pub day_opening: Money,
    /// What the drawdown is counted from.
    pub anchor: Money,
    /// The balance.
    pub balance: Money,
    /// The most that was realized on one day that is over; zero where none was.
    pub best_day: Money,
    /// Days on which a trade was opened.
    pub days_traded: u32,
    /// The last of them.
    pub last_traded: Option<NaiveDate>,
    /// Whether nothing is traded until the day is over.
    pub is_locked: bool,
}

/// What an account is at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Observation {
    /// The moment.
    pub at: DateTime<Utc>,
    /// The realized cash.
    pub balance: Money,
    /// That, and what the open trades would gain.
    pub equity: Money,
    /// Trades that are open.
    pub open_trades: u32,
    /// Orders that wait.
    pub pending_orders: u32,
    /// What the open trades of one asset have cost, of the asset where that is most.
    pub largest_position: Money,
    /// Whether a trade was opened.
    pub opened: bool,
}

/// A limit that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Breach {
    /// Which.
    pub rule: RuleKind,
    /// What there was.
    pub value: Percent,
    /// What there may be.
    pub limit: Percent,
}

/// What a look at a challenge says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "SCREAMING_SNAKE_CASE", deny_unknown_fields)]
pub enum Verdict {
    /// It goes on.
    Continue,
    /// It goes on, with nothing traded until the day is over.
    Lock(Breach),
    /// A limit was broken.
    Fail(Breach),
    /// The target was reached.
    Pass,
    /// Its days were over first.
    Expire,
}

/// A floor under the equity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Floor {
    /// What the loss is counted from: as far above the floor as may be lost.
    pub reference: Money,
    /// What the percentages are of; not below zero.
    whole: Money,
    /// The limit, in percent of that.
    pub limit: Percent,
    /// The floor, in millionths of a ten-thousandth.
    exact: i128,
}

impl Floor {
    /// A share of the whole under the reference.
    fn under(reference: Money, whole: Money, limit: Percent) -> Self {
        let whole = whole.max(Money::ZERO);
        let mut floor = Self { reference, whole, limit, exact: exactly(reference) };
        floor.exact -= floor.allowed();
        floor
    }

    /// The same, but no higher than this: a floor that stopped rising there.
    fn at_most(mut self, highest: Money) -> Self {
        if self.exact > exactly(highest) {
            self.exact = exactly(highest);
            self.reference = Money::from_raw(saturate(divide_up(self.exact + self.allowed(), WHOLE)));
        }
        self
    }

    /// What may be lost, as exactly as the floor.
    fn allowed(&self) -> i128 {
        i128::from(self.whole.raw()) * i128::from(self.limit.raw())
    }

    /// What is lost, as exactly as the floor; below zero where the equity lies above the reference.
    fn lost(&self, equity: Money) -> i128 {
        self.exact + self.allowed() - exactly(equity)
    }

    /// The least equity that breaks nothing.
    pub fn least_equity(&self) -> Money {
        Money::from_raw(saturate(divide_up(self.exact, WHOLE)))
    }

    /// How far the equity lies below the reference, in percent as the limit is, rounded up: more than the limit exactly where
    /// the equity is below the floor. Below zero where it lies above the reference.
    pub fn value(&self, equity: Money) -> Percent {
        Percent::from_raw(saturate(divide_up(self.lost(equity), i128::from(self.whole.raw().max(1)))))
    }

    /// How much of the way down to the floor is used, in percent, rounded down: 100 on it, 0 at the reference or above.
    pub fn used(&self, equity: Money) -> Percent {
        let (lost, allowed) = (self.lost(equity), self.allowed());
        if allowed == 0 {
            // A share of nothing: the floor is where the reference is.
            return Percent::from_raw(if lost < 0 { 0 } else { 1_000_000 });
        }
        Percent::from_raw(saturate(lost.max(0).saturating_mul(1_000_000) / allowed))
    }

    fn breach(&self, rule: RuleKind, equity: Money) -> Option<Breach> {
        (exactly(equity) < self.exact).then(|| Breach { rule, value: self.value(equity), limit: self.limit })
    }
}

/// An amount as floors are kept.
fn exactly(amount: Money) -> i128 {
    i128::from(amount.raw()) * WHOLE
}

/// `dividend / divisor` for a positive divisor, rounded up.
pub(super) fn divide_up(dividend: i128, divisor: i128) -> i128 {
    -(-dividend).div_euclid(divisor)
}

/// The number, or the largest or smallest that there is.
pub(super) fn saturate(raw: i128) -> i64 {
    i64::try_from(raw).unwrap_or(if raw < 0 { i64::MIN } else { i64::MAX })
}

/// A part of a positive whole in percent, rounded up.
pub(super) fn percent_of(part: Money, whole: Money) -> Percent {
    Percent::from_raw(saturate(divide_up(exactly(part), i128::from(whole.raw().max(1)))))
}

impl Verdict {
    /// What a running challenge is after it.
    pub const fn leads_to(&self) -> ChallengeStatus {
        match self {
            Self::Continue | Self::Lock(_) => ChallengeStatus::Active,
            Self::Fail(_) => ChallengeStatus::Failed,
            Self::Pass => ChallengeStatus::Passed,
            Self::Expire => ChallengeStatus::Expired,
        }
    }

    /// The limit that it says was broken.
    pub const fn rule(&self) -> Option<RuleKind> {
        match self {
            Self::Lock(breach) | Self::Fail(breach) => Some(breach.rule),
            Self::Continue | Self::Pass | Self::Expire => None,
        }
    }
}

impl State {
    /// What is known when a challenge begins.
    pub fn begin(rules: &Rules, at: DateTime<Utc>) -> Self {
        let initial = rules.initial_balance;
        Self {
            day: rules.day_of(at),
            day_base: initial,
            day_opening: initial,
            anchor: initial,
            balance: initial,
            best_day: Money::ZERO,
            days_traded: 0,
            last_traded: None,
            is_locked: false,
        }
    }

    /// The floor of the daily loss.
    pub fn daily_floor(&self, rules: &Rules) -> Option<Floor> {
        let limit = rules.daily_loss?;
        let whole = match rules.daily_loss_basis {
            DailyLossBasis::PercentOfBase => self.day_base,
            DailyLossBasis::AmountOfInitial => rules.initial_balance,
        };
        Some(Floor::under(self.day_base, whole, limit))
    }

    /// The floor of the drawdown.
    pub fn drawdown_floor(&self, rules: &Rules) -> Option<Floor> {
        let limit = rules.drawdown?;
        let whole = match rules.drawdown_basis {
            DrawdownBasis::PercentOfPeak => self.anchor,
            DrawdownBasis::AmountOfInitial => rules.initial_balance,
        };
        let floor = Floor::under(self.anchor, whole, limit);
        Some(if rules.lock_at_initial { floor.at_most(rules.initial_balance) } else { floor })
    }

    /// The realized profit so far.
    pub fn profit(&self, rules: &Rules) -> Money {
        Money::from_raw(self.balance.raw().saturating_sub(rules.initial_balance.raw()))
    }

    /// The most that was realized on one day, today among them.
    pub fn best_day_yet(&self) -> Money {
        self.best_day.max(Money::from_raw(self.balance.raw().saturating_sub(self.day_opening.raw())))
    }

    /// The best day's share of the total profit, rounded up; none where there is no profit to share.
    pub fn best_day_share(&self, rules: &Rules) -> Option<Percent> {
        let profit = self.profit(rules);
        profit.is_positive().then(|| percent_of(self.best_day_yet(), profit))
    }

    /// The day of the observation has begun: what counts by the day counts anew. However many days nobody traded on, the
    /// balance at each of their midnights was the same.
    fn roll(&mut self, rules: &Rules, seen: &Observation) {
        let today = rules.day_of(seen.at);
        if today <= self.day {
            return;
        }
        self.best_day = self.best_day_yet();
        self.day = today;
        self.day_opening = self.balance;
        self.day_base = match rules.daily_base {
            DailyBase::Balance => self.balance,
            DailyBase::HigherOfBalanceAndEquity => self.balance.max(seen.equity),
        };
        if rules.drawdown_anchor == DrawdownAnchor::EndOfDayBalance {
            self.anchor = self.anchor.max(self.balance);
        }
        self.is_locked = false;
    }

    /// Whether the target is reached and nothing stands against a pass. A day that is locked is over for a pass too.
    fn is_passed(&self, rules: &Rules, seen: &Observation) -> bool {
        let is_reached = rules.target().is_some_and(|target| self.profit(rules) >= target);
        let is_flat = seen.open_trades == 0 && seen.pending_orders == 0;
        let share = self.best_day_share(rules);
        let is_consistent = rules.consistency.is_none_or(|limit| share.is_some_and(|share| share <= limit));
        is_reached && is_flat && self.days_traded >= rules.minimum_days && is_consistent && !self.is_locked
    }
}

/// Judges a running challenge that expires at `ends`.
///
/// An observation of a new day must be of the account as that day found it: what is traded on the day is observed after.
pub fn evaluate(rules: &Rules, ends: Option<DateTime<Utc>>, state: &State, seen: &Observation) -> (State, Verdict) {
    let mut state = state.clone();
    if ends.is_some_and(|ends| seen.at >= ends) {
        return (state, Verdict::Expire);
    }
    state.roll(rules, seen);
    state.balance = seen.balance;
    if rules.drawdown_anchor == DrawdownAnchor::EquityPeak {
        state.anchor = state.anchor.max(seen.equity);
    }
    if seen.opened && state.last_traded != Some(state.day) {
        state.days_traded += 1;
        state.last_traded = Some(state.day);
    }
    let verdict = verdict(rules, &state, seen);
    state.is_locked |= matches!(verdict, Verdict::Lock(_));
    (state, verdict)
}

fn verdict(rules: &Rules, state: &State, seen: &Observation) -> Verdict {
    // A day that is locked has broken its limit, and breaks it no more.
    let daily = state.daily_floor(rules).filter(|_| !state.is_locked);
    let daily = daily.and_then(|floor| floor.breach(RuleKind::DailyLoss, seen.equity));
    if let Some(breach) = daily.filter(|_| rules.on_daily_breach == OnDailyBreach::Fail) {
        return Verdict::Fail(breach);
    }
    let drawdown = state.drawdown_floor(rules).and_then(|floor| floor.breach(RuleKind::MaxDrawdown, seen.equity));
    if let Some(breach) = drawdown.or_else(|| position_breach(rules, seen)) {
        return Verdict::Fail(breach);
    }
    match daily {
        Some(breach) => Verdict::Lock(breach),
        None if state.is_passed(rules, seen) => Verdict::Pass,
        None => Verdict::Continue,
    }
}

fn position_breach(rules: &Rules, seen: &Observation) -> Option<Breach> {
    let (limit, held) = (rules.position?, seen.largest_position);
    let value = percent_of(held, rules.initial_balance);
    (value > limit).then_some(Breach { rule: RuleKind::PositionSize, value, limit })
}

#[cfg(test)]
pub(super) mod tests;
