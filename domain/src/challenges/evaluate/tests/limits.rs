//! Exactly at a limit is no breach, a ten-thousandth beyond it is: for every rule and setting. What a pass needs.

use proptest::prelude::*;

use super::*;

const LEAST: Money = Money::from_raw(1);

/// After a day that ended with this balance, an equity that was once so high, and a trade that is held overnight.
fn second_day(rules: Rules, balance: &str, peak: &str, midnight: &str) -> Course {
    let mut course = Course::begin(rules, "2026-03-02 09:00");
    assert_eq!(course.look("2026-03-02 15:00", balance, peak), Verdict::Continue);
    assert_eq!(course.look("2026-03-03 00:00", balance, midnight), Verdict::Continue);
    course
}

/// An equity on the floor breaks nothing; one a ten-thousandth lower breaks the rule, and is said to be beyond its limit.
fn holds(course: &Course, floor: &str, rule: RuleKind) {
    let of = |equity: Money| Observation { equity, ..account("2026-03-03 12:00", "10000", floor) };
    let on = money(floor);
    assert_eq!(course.clone().see(&of(on)), Verdict::Continue, "{floor}");
    let verdict = course.clone().see(&of(on.checked_sub(LEAST).unwrap()));
    let (Verdict::Fail(breach) | Verdict::Lock(breach)) = verdict else { panic!("{verdict:?} below {floor}") };
    assert_eq!(breach.rule, rule);
    assert!(breach.value > breach.limit, "{breach:?} below {floor}");
}

#[test]
fn every_setting_of_the_daily_loss() {
    use {DailyBase::*, DailyLossBasis::*};
    for (base, basis, floor) in [
        (Balance, PercentOfBase, "9880"),
        (Balance, AmountOfInitial, "9900"),
        (HigherOfBalanceAndEquity, PercentOfBase, "9927.5"),
        (HigherOfBalanceAndEquity, AmountOfInitial, "9950"),
    ] {
        for breach in OnDailyBreach::ALL {
            let rules = rules("10000", |rules| {
                rules.daily_loss = Some(percent("5"));
                rules.daily_base = base;
                rules.daily_loss_basis = basis;
                rules.on_daily_breach = *breach;
            });
            let course = second_day(rules, "10400", "10500", "10450");
            assert_eq!(course.daily_floor(), floor, "{base} {basis}");
            holds(&course, floor, RuleKind::DailyLoss);
        }
    }
}

#[test]
fn the_higher_of_balance_and_equity_may_be_the_balance() {
    let rules = rules("10000", |rules| {
        rules.daily_loss = Some(percent("5"));
        rules.daily_base = DailyBase::HigherOfBalanceAndEquity;
    });
    assert_eq!(second_day(rules, "10400", "10500", "10100").daily_floor(), "9880");
}

#[test]
fn every_setting_of_the_drawdown() {
    use {DrawdownAnchor::*, DrawdownBasis::*};
    // The floors of a day that ended at 10,400 with a peak of 10,500; of one that ended at 11,500 with a peak of 12,000; and
    // of that where the floor stops at the initial balance.
    for (anchor, basis, near, far, locked) in [
        (EquityPeak, PercentOfPeak, "9450", "10800", "10000"),
        (EquityPeak, AmountOfInitial, "9500", "11000", "10000"),
        (EndOfDayBalance, PercentOfPeak, "9360", "10350", "10000"),
        (EndOfDayBalance, AmountOfInitial, "9400", "10500", "10000"),
        (Static, PercentOfPeak, "9000", "9000", "9000"),
        (Static, AmountOfInitial, "9000", "9000", "9000"),
    ] {
        for (lock, balance, peak, midnight, floor) in [
            (false, "10400", "10500", "10450", near),
            (true, "10400", "10500", "10450", near),
            (false, "11500", "12000", "11800", far),
            (true, "11500", "12000", "11800", locked),
        ] {
            let rules = rules("10000", |rules| {
                rules.drawdown = Some(percent("10"));
                rules.drawdown_anchor = anchor;
                rules.drawdown_basis = basis;
                rules.lock_at_initial = lock;
            });
            let course = second_day(rules, balance, peak, midnight);
            assert_eq!(course.drawdown_floor(), floor, "{anchor} {basis} {lock} {balance}");
            holds(&course, floor, RuleKind::MaxDrawdown);
        }
    }
}

#[test]
fn a_floor_that_stopped_is_the_limit_and_not_more() {
    let rules = rules("50000", |rules| {
        rules.drawdown = Some(percent("4"));
        rules.drawdown_basis = DrawdownBasis::AmountOfInitial;
        rules.lock_at_initial = true;
    });
    let course = second_day(rules, "55000", "55000", "55000");
    let floor = course.state.drawdown_floor(&course.rules).unwrap();
    // 1,000 above the floor half of the 2,000 is used, however far below the peak that is.
    let equity = money("51000");
    assert_eq!(
        (floor.reference, floor.value(equity), floor.used(equity)),
        (money("52000"), percent("2"), percent("50"))
    );
}

#[test]
fn a_floor_between_two_amounts_is_not_rounded() {
    // 5 % of 10,000.0001 under it lie at 9,500.000095.
    let course = Course::begin(rules("10000.0001", |rules| rules.daily_loss = Some(percent("5"))), "2026-03-02 09:00");
    holds(&course, "9500.0001", RuleKind::DailyLoss);
}

#[test]
fn a_balance_below_nothing_may_lose_no_more() {
    let rules = rules("10000", |rules| {
        rules.daily_loss = Some(percent("5"));
        rules.on_daily_breach = OnDailyBreach::LockUntilReset;
    });
    let mut course = Course::begin(rules, "2026-03-02 09:00");
    assert!(matches!(course.look("2026-03-02 10:00", "-100", "-100"), Verdict::Lock(_)));
    assert_eq!(course.look("2026-03-03 00:00", "-100", "-100"), Verdict::Continue);
    holds(&course, "-100", RuleKind::DailyLoss);
    let floor = course.state.daily_floor(&course.rules).unwrap();
    assert_eq!((floor.used(money("-99")), floor.used(money("-100"))), (Percent::ZERO, percent("100")));
}

#[test]
fn a_position_may_cost_its_share_of_the_initial_balance() {
    let mut course = Course::begin(rules("10000", |rules| rules.position = Some(percent("20"))), "2026-03-02 09:00");
    // Of the initial balance, whatever the account has become.
    let held =
        |cost: &str| Observation { largest_position: money(cost), ..account("2026-03-02 11:00", "30000", "30000") };
    assert_eq!(course.see(&held("2000")), Verdict::Continue);
    assert_eq!(course.see(&held("2000.0001")), failed(RuleKind::PositionSize, "20.0001", "20"));
}

fn to_pass() -> Rules {
    rules("10000", |rules| rules.profit_target = Some(percent("10")))
}

#[test]
fn a_pass_is_exactly_at_the_target() {
    let course = Course::begin(to_pass(), "2026-03-02 09:00");
    assert_eq!(course.clone().look("2026-03-02 11:00", "10999.9999", "10999.9999"), Verdict::Continue);
    assert_eq!(course.clone().look("2026-03-02 11:00", "11000", "11000"), Verdict::Pass);
    // A target between two amounts is reached by the higher one: 1,000.00001.
    let course = Course::begin(Rules { initial_balance: money("10000.0001"), ..to_pass() }, "2026-03-02 09:00");
    assert_eq!(course.clone().look("2026-03-02 11:00", "11000.0001", "11000.0001"), Verdict::Continue);
    assert_eq!(course.clone().look("2026-03-02 11:00", "11000.0002", "11000.0002"), Verdict::Pass);
}

#[test]
fn a_pass_waits_for_what_is_open_and_what_is_pending() {
    let mut course = Course::begin(to_pass(), "2026-03-02 09:00");
    let flat = account("2026-03-02 11:00", "11000", "11000");
    assert_eq!(course.see(&Observation { open_trades: 1, ..flat }), Verdict::Continue);
    assert_eq!(course.see(&Observation { pending_orders: 1, ..flat }), Verdict::Continue);
    assert_eq!(course.see(&flat), Verdict::Pass);
}

#[test]
fn only_realized_profit_reaches_the_target() {
    let mut course = Course::begin(to_pass(), "2026-03-02 09:00");
    assert_eq!(course.look("2026-03-02 11:00", "10500", "11500"), Verdict::Continue);
    // It was reached, and is not when the account is flat.
    assert_eq!(course.look("2026-03-02 12:00", "10900", "10900"), Verdict::Continue);
}

#[test]
fn without_a_target_nothing_is_passed() {
    let mut course = Course::begin(rules("10000", |_| {}), "2026-03-02 09:00");
    assert_eq!(course.look("2026-03-02 11:00", "20000", "20000"), Verdict::Continue);
}

#[test]
fn too_large_a_best_day_delays_a_pass_until_it_is_small_enough() {
    let rules = Rules { consistency: Some(percent("30")), ..to_pass() };
    let mut course = Course::begin(rules, "2026-03-02 09:00");
    let mut day = 2;
    let mut trade = |balance: &str| {
        let verdict = course.look(&format!("2026-03-{day:02} 15:00"), balance, balance);
        day += 1;
        assert_eq!(course.look(&format!("2026-03-{day:02} 00:00"), balance, balance), verdict, "{balance}");
        verdict
    };
    // 1,500 at 30 % need 5,000 in all; a day that loses counts against it.
    assert_eq!(trade("11500"), Verdict::Continue);
    assert_eq!(trade("12500"), Verdict::Continue);
    assert_eq!(trade("13900"), Verdict::Continue);
    assert_eq!(trade("13800"), Verdict::Continue);
    assert_eq!(trade("14999.9999"), Verdict::Continue);
    assert_eq!(trade("15000"), Verdict::Pass);
}

#[test]
fn today_may_be_the_best_day() {
    let rules = Rules { consistency: Some(percent("50")), ..to_pass() };
    let mut course = Course::begin(rules, "2026-03-02 09:00");
    assert_eq!(course.look("2026-03-02 15:00", "10500", "10500"), Verdict::Continue);
    assert_eq!(course.look("2026-03-03 00:00", "10500", "10500"), Verdict::Continue);
    let before = course.clone();
    assert_eq!(course.look("2026-03-03 15:00", "11000", "11000"), Verdict::Pass);
    // A ten-thousandth more, and today's is more than half.
    let mut course = before;
    assert_eq!(course.look("2026-03-03 15:00", "11000.0001", "11000.0001"), Verdict::Continue);
    assert_eq!(course.state.best_day_share(&course.rules), Some(percent("50.0001")));
}

fn any_rules() -> impl Strategy<Value = Rules> {
    let settings = (
        prop::sample::select(DailyLossBasis::ALL),
        prop::sample::select(DrawdownBasis::ALL),
        prop::sample::select(DrawdownAnchor::ALL),
        any::<bool>(),
    );
    (1_i64..10_i64.pow(12), 1_i64..=1_000_000, 1_i64..=1_000_000, settings).prop_map(
        |(initial, daily, drawdown, (daily_loss_basis, drawdown_basis, drawdown_anchor, lock_at_initial))| Rules {
            daily_loss: Some(Percent::from_raw(daily)),
            drawdown: Some(Percent::from_raw(drawdown)),
            daily_loss_basis,
            drawdown_basis,
            drawdown_anchor,
            lock_at_initial,
            ..Rules::unlimited(PhaseKind::Evaluation, Money::from_raw(initial))
        },
    )
}

proptest! {
    #[test]
    fn a_floor_is_where_all_of_its_figures_turn(rules in any_rules(), base in -100_i64..10_i64.pow(12), peak in 0_i64..10_i64.pow(12)) {
        let mut state = State::begin(&rules, at("2026-03-02 09:00"));
        state.day_base = Money::from_raw(base);
        state.anchor = Money::from_raw(rules.initial_balance.raw() + peak);
        for floor in [state.daily_floor(&rules).unwrap(), state.drawdown_floor(&rules).unwrap()] {
            let least = floor.least_equity();
            let beyond = least.checked_sub(LEAST).unwrap();
            prop_assert_eq!(floor.breach(RuleKind::DailyLoss, least), None);
            prop_assert!(floor.breach(RuleKind::DailyLoss, beyond).is_some());
            prop_assert!(floor.value(least) <= floor.limit && floor.value(beyond) > floor.limit);
            prop_assert!(floor.used(least) <= percent("100") && floor.used(beyond) >= percent("100"));
            if floor.exact % WHOLE == 0 {
                prop_assert_eq!(floor.used(least), percent("100"));
            }
            if floor.whole.is_positive() {
                prop_assert_eq!(floor.used(floor.reference), Percent::ZERO);
            }
        }
    }

    #[test]
    fn the_least_equity_breaks_nothing(rules in any_rules(), peak in 0_i64..10_i64.pow(9)) {
        let initial = rules.initial_balance.raw();
        let mut course = Course { state: State::begin(&rules, at("2026-03-02 09:00")), ends: None, rules };
        course.state.anchor = Money::from_raw(initial + peak);
        let daily = course.state.daily_floor(&course.rules).unwrap().least_equity();
        let least = daily.max(course.state.drawdown_floor(&course.rules).unwrap().least_equity());
        let seen = Observation { equity: least, ..account("2026-03-02 10:00", "0", "0") };
        prop_assert_eq!(course.clone().see(&seen), Verdict::Continue);
        let rule = if least == daily { RuleKind::DailyLoss } else { RuleKind::MaxDrawdown };
        let verdict = course.see(&Observation { equity: least.checked_sub(LEAST).unwrap(), ..seen });
        prop_assert!(matches!(verdict, Verdict::Fail(breach) if breach.rule == rule), "{verdict:?}");
    }
}
