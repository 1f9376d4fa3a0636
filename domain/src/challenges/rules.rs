//! The rules of a challenge: what its tier said when it was granted, frozen.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::evaluate::{divide_up, saturate};
use super::vocabulary::{DailyBase, DailyLossBasis, DrawdownAnchor, DrawdownBasis, OnDailyBreach, PhaseKind};
use crate::fixed::{Money, Percent};

/// The rules of one phase. What is none is not limited, or not asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rules {
    /// What the phase is.
    pub phase: PhaseKind,
    /// The currency of all amounts, ISO 4217.
    pub currency: String,
    /// What the account begins with.
    pub initial_balance: Money,
    /// How much can be held with one unit of its money, 1 to 100.
    pub leverage: i32,
    /// The realized profit to be reached, of the initial balance.
    pub profit_target: Option<Percent>,
    /// How far the equity may lie below the day's base.
    pub daily_loss: Option<Percent>,
    /// How far the equity may lie below the anchor.
    pub drawdown: Option<Percent>,
    /// The days with a trade opened that a pass needs.
    pub minimum_days: u32,
    /// What the open trades of one asset may have cost, of the initial balance.
    pub position: Option<Percent>,
    /// What the best day's profit may be of the total for a pass.
    pub consistency: Option<Percent>,
    /// After how many days it expires.
    pub duration_days: Option<u32>,
    /// Whose midnight a day begins with.
    pub timezone: Tz,
    /// What the loss of a day is counted from.
    pub daily_base: DailyBase,
    /// What the daily loss limit is a percentage of.
    pub daily_loss_basis: DailyLossBasis,
    /// What the drawdown limit is a percentage of.
    pub drawdown_basis: DrawdownBasis,
    /// What the drawdown is counted from.
    pub drawdown_anchor: DrawdownAnchor,
    /// Whether a trailing floor stops rising at the initial balance.
    pub lock_at_initial: bool,
    /// What breaking the daily loss limit leads to.
    pub on_daily_breach: OnDailyBreach,
}

impl Rules {
    /// Rules without any limit, and every setting at its default.
    pub fn unlimited(phase: PhaseKind, initial_balance: Money) -> Self {
        Self {
            phase,
            currency: "USD".to_owned(),
            initial_balance,
            leverage: 1,
            profit_target: None,
            daily_loss: None,
            drawdown: None,
            minimum_days: 0,
            position: None,
            consistency: None,
            duration_days: None,
            timezone: Tz::UTC,
            daily_base: DailyBase::Balance,
            daily_loss_basis: DailyLossBasis::PercentOfBase,
            drawdown_basis: DrawdownBasis::PercentOfPeak,
            drawdown_anchor: DrawdownAnchor::EquityPeak,
            lock_at_initial: false,
            on_daily_breach: OnDailyBreach::Fail,
        }
    }

    /// What is wrong with them; empty where nothing is.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if !self.initial_balance.is_positive() {
            problems.push("the initial balance: expected more than 0".to_owned());
        }
        if crate::trading::minor_digits(&self.currency).is_none() {
            problems.push(format!("the currency: {} is not known", self.currency));
        }
        if !(1..=100).contains(&self.leverage) {
            problems.push(format!("the leverage: expected 1 to 100, got {}", self.leverage));
        }
        let hundred = Percent::from_raw(1_000_000);
        let ten_thousand = Percent::from_raw(100_000_000);
        for (name, percent, most) in [
            ("profit target", self.profit_target, ten_thousand),
            ("daily loss", self.daily_loss, hundred),
            ("drawdown", self.drawdown, hundred),
            ("position", self.position, ten_thousand),
            ("consistency", self.consistency, hundred),
        ] {
            if let Some(percent) = percent.filter(|percent| !percent.is_positive() || *percent > most) {
                problems.push(format!("the {name}: expected more than 0 and at most {most} percent, got {percent}"));
            }
        }
        if let Some(days) = self.duration_days.filter(|days| !(1..=3_650).contains(days)) {
            problems.push(format!("the duration: expected 1 to 3650 days, got {days}"));
        }
        if self.duration_days.is_some_and(|days| days < self.minimum_days) {
            problems.push("the minimum of trading days: expected no more than the duration".to_owned());
        }
        if self.phase == PhaseKind::Funded && self.profit_target.is_some() {
            problems.push("the profit target: a funded account has none".to_owned());
        }
        problems
    }

    /// A share of the initial balance, in millionths of a ten-thousandth.
    fn of_initial(&self, percent: Percent) -> i128 {
        i128::from(self.initial_balance.raw()) * i128::from(percent.raw())
    }

    /// The most that one asset's open trades may have cost.
    pub fn largest_position(&self) -> Option<Money> {
        self.position.map(|percent| Money::from_raw(saturate(self.of_initial(percent).div_euclid(1_000_000))))
    }

    /// The least realized profit that reaches the target.
    pub fn target(&self) -> Option<Money> {
        self.profit_target.map(|percent| Money::from_raw(saturate(divide_up(self.of_initial(percent), 1_000_000))))
    }

    /// The day of a moment.
    pub fn day_of(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.timezone).date_naive()
    }

    /// When the day of a moment is over, and the loss of a day counts anew: the first moment of the next day that there is.
    pub fn next_reset(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        let next = self.day_of(at).succ_opt().unwrap_or(NaiveDate::MAX).and_time(NaiveTime::MIN);
        // Where clocks are set forward at midnight it begins later, and where they are set back its midnight comes twice.
        let begins = (0..=48).filter_map(|half_hours| next.checked_add_signed(TimeDelta::minutes(30 * half_hours)));
        let mut begins = begins.flat_map(|local| {
            let found = self.timezone.from_local_datetime(&local);
            [found.earliest(), found.latest()].into_iter().flatten()
        });
        begins.find(|begins| *begins > at).map_or(DateTime::<Utc>::MAX_UTC, |begins| begins.with_timezone(&Utc))
    }

    /// When a challenge that begins now expires, where it does.
    pub fn expires_at(&self, begun: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.duration_days.and_then(|days| begun.checked_add_signed(TimeDelta::days(days.into())))
    }
}

#[cfg(test)]
mod tests;
