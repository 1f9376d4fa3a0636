//! Judging a challenge: pure. What was known before, the rules, and what an account is worth at a moment make what is known
//! afterwards, and a verdict.
//!
//! Every limit is a floor under the equity, computed exactly: an equity on the floor breaks nothing, one below it does. The
//! order is fixed: the challenge's days, then the daily loss, the drawdown and the position, then the target. What a later
//! rule would have said is not looked at.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::rules::Rules;
use super::vocabulary::{
    ChallengeStatus, DailyBase, DailyLossBasis, DrawdownAnchor, DrawdownBasis, OnDailyBreach, RuleKind,
};
use crate::fixed::{Money, Percent, divide_half_even};

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
    /// What the loss is counted from.
    pub reference: Money,
    /// What the percentages are of.
    whole: Money,
    /// The limit, in percent of that.
    pub limit: Percent,
    /// The floor, in ten-thousandths of a unit's millionth.
    exact: i128,
}

impl Floor {
    /// The least equity that breaks nothing.
    pub fn least_equity(&self) -> Money {
        let raw = -(-self.exact).div_euclid(WHOLE);
        Money::from_raw(<i64 as TryFrom<i128>>::try_from(raw).unwrap_or(i64::MAX))
    }

    /// How far the equity lies below the reference, in percent as the limit is; below zero where it lies above.
    pub fn value(&self, equity: Money) -> Percent {
        let lost = i128::from(self.reference.raw()) - i128::from(equity.raw());
        percent_of(lost, self.whole)
    }

    /// How much of the way down to the floor is used, in percent; 100 on it, 0 at the reference or above.
    pub fn used(&self, equity: Money) -> Percent {
        let (reference, equity) = (i128::from(self.reference.raw()) * WHOLE, i128::from(equity.raw()) * WHOLE);
        let room = reference - self.exact;
        if room <= 0 {
            // The floor has caught up with the reference: there is room above it alone.
            return Percent::from_raw(if equity < self.exact { 1_000_000 } else { 0 });
        }
        let raw = (reference - equity).max(0).saturating_mul(1_000_000) / room;
        Percent::from_raw(<i64 as TryFrom<i128>>::try_from(raw).unwrap_or(i64::MAX))
    }

    fn breach(&self, rule: RuleKind, equity: Money) -> Option<Breach> {
        let is_below = i128::from(equity.raw()) * WHOLE < self.exact;
        is_below.then(|| Breach { rule, value: self.value(equity), limit: self.limit })
    }
}

fn percent_of(part: i128, whole: Money) -> Percent {
    let raw = divide_half_even(part * WHOLE, i128::from(whole.raw().max(1)));
    Percent::from_raw(<i64 as TryFrom<i128>>::try_from(raw).unwrap_or(i64::MAX))
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
        Some(Floor { reference: self.day_base, whole, limit, exact: below(self.day_base, whole, limit) })
    }

    /// The floor of the drawdown.
    pub fn drawdown_floor(&self, rules: &Rules) -> Option<Floor> {
        let limit = rules.drawdown?;
        let whole = match rules.drawdown_basis {
            DrawdownBasis::PercentOfPeak => self.anchor,
            DrawdownBasis::AmountOfInitial => rules.initial_balance,
        };
        let mut exact = below(self.anchor, whole, limit);
        if rules.lock_at_initial {
            exact = exact.min(i128::from(rules.initial_balance.raw()) * WHOLE);
        }
        Some(Floor { reference: self.anchor, whole, limit, exact })
    }

    /// The realized profit so far.
    pub fn profit(&self, rules: &Rules) -> Money {
        Money::from_raw(self.balance.raw().saturating_sub(rules.initial_balance.raw()))
    }

    /// The most that was realized on one day, today among them.
    pub fn best_day_yet(&self) -> Money {
        self.best_day.max(Money::from_raw(self.balance.raw().saturating_sub(self.day_opening.raw())))
    }

    /// The best day's share of the total profit; none where there is no profit to share.
    pub fn best_day_share(&self, rules: &Rules) -> Option<Percent> {
        let profit = self.profit(rules);
        profit.is_positive().then(|| percent_of(i128::from(self.best_day_yet().raw()), profit))
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

    /// Why a pass has to wait, if it has to.
    fn waits_for(&self, rules: &Rules, seen: &Observation) -> bool {
        let Some(target) = rules.profit_target else { return true };
        let (profit, initial) = (i128::from(self.profit(rules).raw()), i128::from(rules.initial_balance.raw()));
        let is_reached = profit * WHOLE >= initial * i128::from(target.raw());
        let is_flat = seen.open_trades == 0 && seen.pending_orders == 0;
        let is_consistent = rules
            .consistency
            .is_none_or(|limit| i128::from(self.best_day_yet().raw()) * WHOLE <= profit * i128::from(limit.raw()));
        !(is_reached && is_flat && self.days_traded >= rules.minimum_days && is_consistent)
    }
}

/// The reference less a share of the whole, exactly.
fn below(reference: Money, whole: Money, limit: Percent) -> i128 {
    i128::from(reference.raw()) * WHOLE - i128::from(whole.raw()) * i128::from(limit.raw())
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
        None if state.waits_for(rules, seen) => Verdict::Continue,
        None => Verdict::Pass,
    }
}

fn position_breach(rules: &Rules, seen: &Observation) -> Option<Breach> {
    let limit = rules.position?;
    let held = i128::from(seen.largest_position.raw());
    let is_beyond = held * WHOLE > i128::from(rules.initial_balance.raw()) * i128::from(limit.raw());
    let value = percent_of(held, rules.initial_balance);
    is_beyond.then_some(Breach { rule: RuleKind::PositionSize, value, limit })
}
