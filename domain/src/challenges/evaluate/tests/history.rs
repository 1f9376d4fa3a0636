//! Looking again and again says what one would say who has the whole history before him.
//!
//! [`History`] is that one: it keeps nothing from look to look, and computes each figure from all that was seen until then,
//! in decimal fractions. That it knows nothing of what comes later is why a verdict can't depend on it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::TimeDelta;
use chrono_tz::Tz;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use rust_decimal::{Decimal, RoundingStrategy};

use super::*;
use crate::challenges::Room;

const BEGUN: &str = "2026-03-20 09:00";

/// All that was seen until now; the last is now.
#[derive(Clone, Copy)]
struct History<'a> {
    rules: &'a Rules,
    ends: Option<DateTime<Utc>>,
    seen: &'a [Observation],
}

fn amount(money: Money) -> Decimal {
    Decimal::new(money.raw(), 4)
}

/// A percentage as a fraction.
fn fraction(percent: Percent) -> Decimal {
    Decimal::new(percent.raw(), 6)
}

impl History<'_> {
    fn now(&self) -> &Observation {
        self.seen.last().unwrap()
    }

    fn initial(&self) -> Decimal {
        amount(self.rules.initial_balance)
    }

    fn day(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.rules.timezone).date_naive()
    }

    /// The looks of each day.
    fn days(&self) -> BTreeMap<NaiveDate, Vec<&Observation>> {
        let mut days = BTreeMap::from([(self.day(at(BEGUN)), Vec::new())]);
        for seen in self.seen {
            days.entry(self.day(seen.at)).or_insert_with(Vec::new).push(seen);
        }
        days
    }

    /// The balance at the midnight that each day but the first begins with.
    fn midnights(&self) -> Vec<Decimal> {
        let days: Vec<NaiveDate> = self.days().into_keys().skip(1).collect();
        let before = |day: &NaiveDate| self.seen.iter().rfind(|seen| self.day(seen.at) < *day);
        days.iter().map(|day| before(day).map_or(self.initial(), |seen| amount(seen.balance))).collect()
    }

    fn base(&self) -> Decimal {
        let Some(balance) = self.midnights().last().copied() else { return self.initial() };
        let equity = amount(self.days().into_values().next_back().unwrap()[0].equity);
        match self.rules.daily_base {
            DailyBase::Balance => balance,
            DailyBase::HigherOfBalanceAndEquity => balance.max(equity),
        }
    }

    fn anchor(&self) -> Decimal {
        let above = match self.rules.drawdown_anchor {
            DrawdownAnchor::Static => Vec::new(),
            DrawdownAnchor::EndOfDayBalance => self.midnights(),
            DrawdownAnchor::EquityPeak => self.seen.iter().map(|seen| amount(seen.equity)).collect(),
        };
        above.into_iter().fold(self.initial(), Decimal::max)
    }

    fn daily_floor(&self) -> Option<Decimal> {
        let limit = fraction(self.rules.daily_loss?);
        Some(match self.rules.daily_loss_basis {
            DailyLossBasis::PercentOfBase => self.base() * (Decimal::ONE - limit),
            DailyLossBasis::AmountOfInitial => self.base() - self.initial() * limit,
        })
    }

    fn drawdown_floor(&self) -> Option<Decimal> {
        let limit = fraction(self.rules.drawdown?);
        let floor = match self.rules.drawdown_basis {
            DrawdownBasis::PercentOfPeak => self.anchor() * (Decimal::ONE - limit),
            DrawdownBasis::AmountOfInitial => self.anchor() - self.initial() * limit,
        };
        Some(if self.rules.lock_at_initial { floor.min(self.initial()) } else { floor })
    }

    fn breaks_daily_loss(&self) -> bool {
        self.daily_floor().is_some_and(|floor| amount(self.now().equity) < floor)
    }

    fn breaks_drawdown(&self) -> bool {
        self.drawdown_floor().is_some_and(|floor| amount(self.now().equity) < floor)
    }

    fn breaks_position(&self) -> bool {
        let most = self.rules.position.map(|limit| self.initial() * fraction(limit));
        most.is_some_and(|most| amount(self.now().largest_position) > most)
    }

    /// Whether a look of today, before this one, broke the daily loss.
    fn was_locked(&self) -> bool {
        let today = self.day(self.now().at);
        (1..self.seen.len()).any(|length| {
            let before = History { seen: &self.seen[..length], ..*self };
            self.day(before.now().at) == today && before.breaks_daily_loss()
        })
    }

    fn profit(&self) -> Decimal {
        amount(self.now().balance) - self.initial()
    }

    fn best_day(&self) -> Decimal {
        let mut opening = self.initial();
        let mut best = Decimal::ZERO;
        for seen in self.days().into_values().filter_map(|day| day.last().copied()) {
            best = best.max(amount(seen.balance) - opening);
            opening = amount(seen.balance);
        }
        best
    }

    fn days_traded(&self) -> usize {
        let opened = self.seen.iter().filter(|seen| seen.opened);
        opened.map(|seen| self.day(seen.at)).collect::<BTreeSet<_>>().len()
    }

    fn needs_no_profit(&self) -> Option<bool> {
        let reached = self.profit() >= self.initial() * fraction(self.rules.profit_target?);
        let share = self.rules.consistency.map_or(Decimal::MAX, fraction);
        Some(reached && self.best_day() / self.profit() <= share)
    }

    fn verdict(&self) -> (&'static str, Option<RuleKind>) {
        let now = self.now();
        let locks = self.rules.on_daily_breach == OnDailyBreach::LockUntilReset;
        let is_flat = now.open_trades + now.pending_orders == 0;
        if self.ends.is_some_and(|ends| ends <= now.at) {
            ("EXPIRE", None)
        } else if !locks && self.breaks_daily_loss() {
            ("FAIL", Some(RuleKind::DailyLoss))
        } else if self.breaks_drawdown() {
            ("FAIL", Some(RuleKind::MaxDrawdown))
        } else if self.breaks_position() {
            ("FAIL", Some(RuleKind::PositionSize))
        } else if locks && self.was_locked() {
            ("CONTINUE", None)
        } else if locks && self.breaks_daily_loss() {
            ("LOCK", Some(RuleKind::DailyLoss))
        } else if self.needs_no_profit() == Some(true)
            && is_flat
            && self.days_traded() >= usize::try_from(self.rules.minimum_days).unwrap()
        {
            ("PASS", None)
        } else {
            ("CONTINUE", None)
        }
    }
}

fn named(verdict: &Verdict) -> (&'static str, Option<RuleKind>) {
    match verdict {
        Verdict::Continue => ("CONTINUE", None),
        Verdict::Lock(breach) => ("LOCK", Some(breach.rule)),
        Verdict::Fail(breach) => ("FAIL", Some(breach.rule)),
        Verdict::Pass => ("PASS", None),
        Verdict::Expire => ("EXPIRE", None),
    }
}

fn one_of(percentages: &'static [&'static str]) -> impl Strategy<Value = Option<Percent>> {
    prop::option::weighted(0.7, prop::sample::select(percentages).prop_map(percent))
}

fn any_rules() -> impl Strategy<Value = Rules> {
    let limits = (
        one_of(&["3", "5.5", "9.1"]),
        one_of(&["2", "5", "7.7777"]),
        one_of(&["4", "10", "12.3456"]),
        one_of(&["20"]),
        one_of(&["30", "55", "80"]),
    );
    let settings = (
        prop::sample::select(DailyBase::ALL),
        prop::sample::select(DailyLossBasis::ALL),
        prop::sample::select(DrawdownBasis::ALL),
        prop::sample::select(DrawdownAnchor::ALL),
        any::<bool>(),
        prop::sample::select(OnDailyBreach::ALL),
    );
    let zones =
        [Tz::UTC, Tz::Europe__Paris, Tz::America__Santiago, Tz::Asia__Beirut, Tz::Asia__Kolkata, Tz::Pacific__Apia];
    let days = (0_u32..4, prop::sample::select(&[None, Some(5), Some(20)][..]), prop::sample::select(zones.to_vec()));
    let initial = prop::sample::select(&["10000", "9999.9997"][..]);
    (initial, limits, settings, days).prop_map(
        |(initial, limits, settings, (minimum_days, duration_days, timezone))| {
            let (profit_target, daily_loss, drawdown, position, consistency) = limits;
            let (daily_base, daily_loss_basis, drawdown_basis, drawdown_anchor, lock_at_initial, on_daily_breach) =
                settings;
            rules(initial, |rules| {
                *rules = Rules {
                    profit_target,
                    daily_loss,
                    drawdown,
                    minimum_days,
                    position,
                    consistency,
                    duration_days,
                    timezone,
                    daily_base,
                    daily_loss_basis,
                    drawdown_basis,
                    drawdown_anchor,
                    lock_at_initial,
                    on_daily_breach,
                    ..rules.clone()
                };
            })
        },
    )
}

/// Amounts in ten-thousandths: round ones, so that limits are met exactly, and others.
fn any_change() -> impl Strategy<Value = i64> {
    prop_oneof![2 => Just(0), 3 => (-8_i64..=8).prop_map(|fifties| fifties * 500_000), 2 => -4_000_000_i64..4_000_000]
}

/// What changed since the look before: minutes, balance, what is floating, whether a trade was opened, and the rest.
type Step = (i64, i64, i64, bool, u32, u32, &'static str);

fn any_steps() -> impl Strategy<Value = Vec<Step>> {
    let minutes = prop_oneof![2 => Just(0_i64), 5 => 1_i64..300, 3 => 300_i64..2_000, 1 => 2_000_i64..6_000];
    let open = prop_oneof![3 => Just(0_u32), 1 => Just(1)];
    let pending = prop_oneof![5 => Just(0_u32), 1 => Just(1)];
    let position = prop_oneof![30 => Just("0"), 2 => Just("1999.9994"), 1 => Just("2000"), 1 => Just("2000.0001")];
    prop::collection::vec((minutes, any_change(), any_change(), any::<bool>(), open, pending, position), 1..30)
}

/// The looks of these steps. The first of a day is of the account as the day found it.
fn looks(rules: &Rules, steps: &[Step]) -> Vec<Observation> {
    let (mut moment, mut balance) = (at(BEGUN), rules.initial_balance.raw());
    let mut look = |&(minutes, change, floating, opened, open_trades, pending_orders, position): &Step| {
        let before = rules.day_of(moment);
        moment += TimeDelta::minutes(minutes);
        let is_first = rules.day_of(moment) > before;
        balance += if is_first { 0 } else { change };
        Observation {
            at: moment,
            balance: Money::from_raw(balance),
            equity: Money::from_raw(balance + floating),
            open_trades,
            pending_orders,
            largest_position: money(position),
            opened: opened && !is_first,
        }
    };
    steps.iter().map(&mut look).collect()
}

fn any_course() -> impl Strategy<Value = (Rules, Vec<Observation>)> {
    (any_rules(), any_steps()).prop_map(|(rules, steps)| {
        let seen = looks(&rules, &steps);
        (rules, seen)
    })
}

/// Judges look after look until the challenge is over, and holds each to the history.
fn agrees(rules: &Rules, seen: &[Observation]) -> Result<Vec<(&'static str, Option<RuleKind>)>, TestCaseError> {
    let mut course = Course::begin(rules.clone(), BEGUN);
    let mut verdicts = Vec::new();
    for (index, now) in seen.iter().enumerate() {
        let history = History { rules, ends: course.ends, seen: &seen[..=index] };
        let verdict = course.see(now);
        prop_assert_eq!(named(&verdict), history.verdict(), "look {} of {:?}", index, seen);
        verdicts.push(named(&verdict));
        if verdict == Verdict::Expire {
            break;
        }
        figures_agree(&course.state, &history)?;
        room_agrees(&course.state, &history)?;

        // The same look once more finds nothing new.
        let once = course.state.clone();
        let again = course.see(&Observation { opened: false, ..*now });
        prop_assert_eq!(&course.state, &once);
        let expected = if matches!(verdict, Verdict::Lock(_)) { Verdict::Continue } else { verdict };
        prop_assert_eq!(again, expected);

        if let Verdict::Fail(breach) | Verdict::Lock(breach) = verdict {
            prop_assert!(breach.value > breach.limit);
        }
        if matches!(verdict, Verdict::Fail(_) | Verdict::Pass) {
            break;
        }
    }
    Ok(verdicts)
}

fn figures_agree(state: &State, history: &History<'_>) -> Result<(), TestCaseError> {
    let rules = history.rules;
    prop_assert_eq!(state.day, history.day(history.now().at));
    prop_assert_eq!(amount(state.day_base), history.base());
    prop_assert_eq!(amount(state.anchor), history.anchor());
    prop_assert_eq!(amount(state.profit(rules)), history.profit());
    prop_assert_eq!(amount(state.best_day_yet()), history.best_day());
    prop_assert_eq!(usize::try_from(state.days_traded).unwrap(), history.days_traded());
    let locks = rules.on_daily_breach == OnDailyBreach::LockUntilReset && history.verdict().0 != "FAIL";
    prop_assert!(!locks || state.is_locked == (history.was_locked() || history.breaks_daily_loss()));
    let share = history.best_day() * Decimal::ONE_HUNDRED;
    let share = (history.profit() > Decimal::ZERO)
        .then(|| (share / history.profit()).round_dp_with_strategy(4, RoundingStrategy::AwayFromZero));
    prop_assert_eq!(state.best_day_share(rules).map(|share| Decimal::new(share.raw(), 4)), share);
    Ok(())
}

fn room_agrees(state: &State, history: &History<'_>) -> Result<(), TestCaseError> {
    let (rules, now) = (history.rules, history.now());
    let room = Room::of(rules, state, now);
    for (room, floor) in [(room.daily_loss, history.daily_floor()), (room.drawdown, history.drawdown_floor())] {
        let (Some(room), Some(floor)) = (room, floor) else {
            prop_assert!(room.is_none() && floor.is_none());
            continue;
        };
        let least = floor.round_dp_with_strategy(4, RoundingStrategy::ToPositiveInfinity);
        prop_assert_eq!(amount(room.floor), least);
        prop_assert_eq!(amount(room.left), amount(now.equity) - least);
        prop_assert_eq!(room.left_percent.raw() < 0, amount(now.equity) < floor);
        prop_assert_eq!(room.used >= percent("100"), amount(now.equity) <= floor);
    }
    prop_assert_eq!(room.position.is_some_and(|room| room.left.raw() < 0), history.breaks_position());
    prop_assert_eq!(room.profit_needed.map(|needed| needed == Money::ZERO), history.needs_no_profit());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn look_by_look_is_as_from_the_whole_history((rules, seen) in any_course()) {
        agrees(&rules, &seen)?;
    }
}

#[test]
fn these_histories_have_every_end() {
    let mut runner = TestRunner::deterministic();
    let mut ends: HashMap<_, u32> = HashMap::new();
    for _ in 0..1_500 {
        let (rules, seen) = any_course().new_tree(&mut runner).unwrap().current();
        for verdict in agrees(&rules, &seen).unwrap() {
            *ends.entry(verdict).or_default() += 1;
        }
    }
    for end in [
        ("CONTINUE", None),
        ("LOCK", Some(RuleKind::DailyLoss)),
        ("FAIL", Some(RuleKind::DailyLoss)),
        ("FAIL", Some(RuleKind::MaxDrawdown)),
        ("FAIL", Some(RuleKind::PositionSize)),
        ("PASS", None),
        ("EXPIRE", None),
    ] {
        assert!(ends.get(&end).is_some_and(|count| *count >= 20), "{end:?} of {ends:?}");
    }
}
