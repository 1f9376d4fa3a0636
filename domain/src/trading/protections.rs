//! What keeps traders from themselves: rules that an account's owner switches on, as freqtrade's protections do.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::trade::Model as Trade;
use super::vocabulary::CloseReason;
use crate::error::{Problem, ProblemCode};
use crate::fixed::{Money, Percent};

/// The protections of an account; none of them unless it was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, sea_orm::FromJsonQueryResult)]
pub struct Protections {
    /// No order for so many seconds after a trade that lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cooldown_seconds: Option<i32>,
    /// No order for a while after so many stops.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_guard: Option<StopGuard>,
    /// No order while the equity lies so far below its highest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_drawdown: Option<DrawdownLock>,
}

/// No order for a while after so many stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopGuard {
    /// How many stops.
    pub stops: i32,
    /// Within how many seconds.
    pub window_seconds: i32,
    /// For how many seconds after the last of them.
    pub pause_seconds: i32,
}

/// No order while the equity lies so far below its highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawdownLock {
    /// How far, in ten-thousandths of a percent.
    percent_raw: i64,
    /// Of the highest within how many seconds.
    pub window_seconds: i32,
}

impl DrawdownLock {
    /// A lock at this drawdown.
    pub const fn new(percent: Percent, window_seconds: i32) -> Self {
        Self { percent_raw: percent.raw(), window_seconds }
    }

    /// The drawdown that locks.
    pub const fn percent(&self) -> Percent {
        Percent::from_raw(self.percent_raw)
    }
}

/// A closed trade, as protections see it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closed {
    pub(super) at: DateTime<Utc>,
    pub(super) pnl: Money,
    pub(super) reason: CloseReason,
}

impl Closed {
    /// A trade, if it is closed.
    pub(super) fn of(trade: &Trade) -> Option<Self> {
        Some(Self { at: trade.closed_at?, pnl: trade.realized_pnl?, reason: trade.close_reason? })
    }
}

/// Why no order is taken, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lock {
    pub(super) message: String,
    /// In how many seconds it ends; none where that depends on the equity.
    pub(super) seconds: Option<u32>,
}

impl Lock {
    /// What an order is refused with.
    pub(super) fn problem(&self) -> Problem {
        let problem = Problem::new(ProblemCode::LimitExceeded, &["input"], self.message.clone());
        Problem { retry_after_seconds: self.seconds, ..problem }
    }
}

impl Protections {
    /// The longest window or pause: 31 days.
    const LONGEST: i32 = 31 * 86_400;

    /// How far back the protections look; none where nothing is switched on that looks at trades.
    pub(super) fn trades_since(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let guard = self.stop_guard.map(|guard| guard.window_seconds.max(guard.pause_seconds));
        let seconds = self.cooldown_seconds.max(guard)?;
        // A window's first stop may lie a window before the last one, which began the pause.
        Some(now - TimeDelta::seconds(i64::from(seconds) * 2))
    }

    /// Whether an order is refused now. `trades` are those closed since [`Self::trades_since`], the newest last; `highest`
    /// is the highest equity of the drawdown's window, with that of now in it.
    pub(super) fn lock(&self, trades: &[Closed], equity: Money, highest: Money, now: DateTime<Utc>) -> Option<Lock> {
        self.cooldown(trades, now).or_else(|| self.stops(trades, now)).or_else(|| self.drawdown(equity, highest))
    }

    fn cooldown(&self, trades: &[Closed], now: DateTime<Utc>) -> Option<Lock> {
        let seconds = self.cooldown_seconds?;
        let lost = trades.iter().rev().find(|trade| trade.pnl < Money::ZERO)?;
        let seconds = left(lost.at, seconds, now)?;
        Some(Lock { message: "the account cools down after a loss".to_owned(), seconds: Some(seconds) })
    }

    fn stops(&self, trades: &[Closed], now: DateTime<Utc>) -> Option<Lock> {
        let guard = self.stop_guard?;
        let is_stop = |trade: &&Closed| matches!(trade.reason, CloseReason::StopLoss | CloseReason::StopOut);
        let stopped: Vec<_> = trades.iter().filter(is_stop).collect();
        let last = stopped.last()?;
        let window = TimeDelta::seconds(guard.window_seconds.into());
        let within = stopped.iter().filter(|trade| last.at - trade.at <= window).count();
        if within < usize::try_from(guard.stops).unwrap_or(usize::MAX) {
            return None;
        }
        let seconds = left(last.at, guard.pause_seconds, now)?;
        Some(Lock { message: format!("the account pauses after {within} stops"), seconds: Some(seconds) })
    }

    fn drawdown(&self, equity: Money, highest: Money) -> Option<Lock> {
        let lock = self.max_drawdown?;
        let fallen = i128::from(highest.raw()) - i128::from(equity.raw());
        let is_locked =
            highest.is_positive() && fallen * 1_000_000 >= i128::from(highest.raw()) * i128::from(lock.percent_raw);
        let message = || format!("the equity is {} % or more below its highest", lock.percent());
        is_locked.then(|| Lock { message: message(), seconds: None })
    }

    /// Every problem with what was asked for.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut seconds = |path: &[&str], seconds: i32| {
            if !(1..=Self::LONGEST).contains(&seconds) {
                let message = format!("expected 1 to {} seconds, got {seconds}", Self::LONGEST);
                problems.push(Problem::validation(&[&["input", "protections"], path].concat(), message));
            }
        };
        if let Some(cooldown) = self.cooldown_seconds {
            seconds(&["cooldownSeconds"], cooldown);
        }
        if let Some(guard) = self.stop_guard {
            seconds(&["stopGuard", "windowSeconds"], guard.window_seconds);
            seconds(&["stopGuard", "pauseSeconds"], guard.pause_seconds);
        }
        if let Some(lock) = self.max_drawdown {
            seconds(&["maxDrawdown", "windowSeconds"], lock.window_seconds);
        }
        if let Some(guard) = self.stop_guard.filter(|guard| !(1..=100).contains(&guard.stops)) {
            let message = format!("expected 1 to 100 stops, got {}", guard.stops);
            problems.push(Problem::validation(&["input", "protections", "stopGuard", "stops"], message));
        }
        if let Some(lock) = self.max_drawdown.filter(|lock| !(1..=1_000_000).contains(&lock.percent_raw)) {
            let message = format!("expected more than 0 and at most 100 %, got {}", lock.percent());
            problems.push(Problem::validation(&["input", "protections", "maxDrawdown", "percent"], message));
        }
        problems
    }
}

/// The seconds until a pause that began then is over, rounded up; none where it is.
fn left(began: DateTime<Utc>, seconds: i32, now: DateTime<Utc>) -> Option<u32> {
    let millis = (began + TimeDelta::seconds(seconds.into()) - now).num_milliseconds();
    u32::try_from((millis + 999).div_euclid(1_000)).ok().filter(|seconds| *seconds > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn closed(seconds: i64, pnl: i64, reason: CloseReason) -> Closed {
        Closed { at: at(seconds), pnl: Money::from_int(pnl).unwrap(), reason }
    }

    fn money(whole: i64) -> Money {
        Money::from_int(whole).unwrap()
    }

    #[test]
    fn a_loss_cools_down_and_a_gain_does_not() {
        let protections = Protections { cooldown_seconds: Some(60), ..Protections::default() };
        let lock = |trades: &[Closed], now| {
            protections.lock(trades, money(100), money(100), at(now)).and_then(|lock| lock.seconds)
        };
        let (lost, won) = (closed(100, -5, CloseReason::Manual), closed(130, 5, CloseReason::Manual));
        assert_eq!(lock(&[], 100), None);
        assert_eq!(lock(&[won], 131), None);
        assert_eq!(lock(&[lost, won], 131), Some(29), "a gain afterwards ends no cooldown");
        assert_eq!((lock(&[lost], 159), lock(&[lost], 160)), (Some(1), None));
    }

    #[test]
    fn stops_within_a_window_pause() {
        let guard = StopGuard { stops: 2, window_seconds: 50, pause_seconds: 100 };
        let protections = Protections { stop_guard: Some(guard), ..Protections::default() };
        let stop = |seconds| closed(seconds, -1, CloseReason::StopLoss);
        let is_locked = |trades: &[Closed], now| protections.lock(trades, money(1), money(1), at(now)).is_some();
        assert!(!is_locked(&[stop(10)], 20), "one is not two");
        assert!(!is_locked(&[stop(10), stop(70)], 80), "not within the window");
        assert!(!is_locked(&[stop(10), closed(20, -1, CloseReason::Manual)], 30), "not by a stop");
        assert!(is_locked(&[closed(10, -1, CloseReason::StopOut), stop(60)], 159), "a stop-out is a stop");
        assert!(is_locked(&[stop(10), stop(60)], 159) && !is_locked(&[stop(10), stop(60)], 160));
    }

    #[test]
    fn a_drawdown_locks_until_the_equity_is_back() {
        let lock = DrawdownLock::new("10".parse().unwrap(), 86_400);
        let protections = Protections { max_drawdown: Some(lock), ..Protections::default() };
        for (equity, highest, locked) in [(100, 100, false), (91, 100, false), (90, 100, true), (50, 100, true)] {
            let got = protections.lock(&[], money(equity), money(highest), at(0));
            assert_eq!(got.is_some(), locked, "{equity} of {highest}");
            assert!(got.is_none_or(|lock| lock.seconds.is_none()));
        }
    }

    #[test]
    fn what_is_asked_for_is_bounded_and_reads_back() {
        let protections = Protections {
            cooldown_seconds: Some(0),
            stop_guard: Some(StopGuard { stops: 0, window_seconds: -1, pause_seconds: i32::MAX }),
            max_drawdown: Some(DrawdownLock::new(Percent::ZERO, 1)),
        };
        let paths: Vec<_> = protections.problems().into_iter().map(|problem| problem.path[2..].join(".")).collect();
        let expected = [
            "cooldownSeconds",
            "stopGuard.windowSeconds",
            "stopGuard.pauseSeconds",
            "stopGuard.stops",
            "maxDrawdown.percent",
        ];
        assert_eq!(paths, expected);
        let text = serde_json::to_string(&protections).unwrap();
        assert_eq!(serde_json::from_str::<Protections>(&text).unwrap(), protections);
        assert_eq!(serde_json::from_str::<Protections>("{}").unwrap(), Protections::default());
    }
}
