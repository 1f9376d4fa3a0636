//! Challenges that are looked at, one look after the other.

mod days;
mod history;
mod limits;
mod published;
mod scenarios;

use chrono::NaiveDateTime;

use super::*;
use crate::challenges::PhaseKind;

pub(in crate::challenges) fn money(text: &str) -> Money {
    text.parse().unwrap()
}

pub(in crate::challenges) fn percent(text: &str) -> Percent {
    text.parse().unwrap()
}

/// A moment in UTC, such as "2026-03-02 14:30".
pub(in crate::challenges) fn at(text: &str) -> DateTime<Utc> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap().and_utc()
}

/// The rules of an evaluation that begins with so much, and what else there is of them.
pub(in crate::challenges) fn rules(initial: &str, also: impl FnOnce(&mut Rules)) -> Rules {
    let mut rules = Rules::unlimited(PhaseKind::Evaluation, money(initial));
    also(&mut rules);
    assert_eq!(rules.problems(), Vec::<String>::new());
    rules
}

/// An account of so much; what it is worth beside its balance is one open trade.
pub(in crate::challenges) fn account(moment: &str, balance: &str, equity: &str) -> Observation {
    let (balance, equity) = (money(balance), money(equity));
    Observation {
        at: at(moment),
        balance,
        equity,
        open_trades: (balance != equity).into(),
        pending_orders: 0,
        largest_position: Money::ZERO,
        opened: false,
    }
}

/// A running challenge.
#[derive(Clone, Debug)]
pub(in crate::challenges) struct Course {
    pub(in crate::challenges) rules: Rules,
    pub(in crate::challenges) ends: Option<DateTime<Utc>>,
    pub(in crate::challenges) state: State,
}

impl Course {
    pub(in crate::challenges) fn begin(rules: Rules, moment: &str) -> Self {
        let begun = at(moment);
        Self { ends: rules.expires_at(begun), state: State::begin(&rules, begun), rules }
    }

    pub(in crate::challenges) fn see(&mut self, seen: &Observation) -> Verdict {
        let (state, verdict) = evaluate(&self.rules, self.ends, &self.state, seen);
        self.state = state;
        verdict
    }

    pub(in crate::challenges) fn look(&mut self, moment: &str, balance: &str, equity: &str) -> Verdict {
        self.see(&account(moment, balance, equity))
    }

    /// A look after a trade was opened.
    pub(in crate::challenges) fn open(&mut self, moment: &str, balance: &str, equity: &str) -> Verdict {
        self.see(&Observation { opened: true, ..account(moment, balance, equity) })
    }

    /// Where the daily loss ends.
    fn daily_floor(&self) -> String {
        self.state.daily_floor(&self.rules).unwrap().least_equity().to_string()
    }

    /// Where the drawdown ends.
    fn drawdown_floor(&self) -> String {
        self.state.drawdown_floor(&self.rules).unwrap().least_equity().to_string()
    }
}

pub(in crate::challenges) fn breach(rule: RuleKind, value: &str, limit: &str) -> Breach {
    Breach { rule, value: percent(value), limit: percent(limit) }
}

/// A failure of this rule, at this percentage where that is the limit.
pub(in crate::challenges) fn failed(rule: RuleKind, value: &str, limit: &str) -> Verdict {
    Verdict::Fail(breach(rule, value, limit))
}
