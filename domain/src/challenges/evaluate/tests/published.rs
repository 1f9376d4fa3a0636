//! What firms publish of their rules comes out as they publish it.
//!
//! Which of the amounts are theirs, and which are computed by what they say, is in `docs/challenges.md`.

use chrono_tz::Tz;

use super::*;

/// Days end with these balances, flat; after each the drawdown ends here.
fn trails(firm: &str, rules: Rules, ends: &[(&str, &str)]) {
    let mut course = Course::begin(rules, "2026-03-02 09:00");
    for (day, (balance, floor)) in (3..).zip(ends) {
        assert_eq!(
            course.look(&format!("2026-03-{day:02} 15:00"), balance, balance),
            Verdict::Continue,
            "{firm} {balance}"
        );
        // Noon: every zone's day has begun.
        assert_eq!(
            course.look(&format!("2026-03-{:02} 12:00", day + 1), balance, balance),
            Verdict::Continue,
            "{firm}"
        );
        assert_eq!(course.drawdown_floor(), *floor, "{firm} {balance}");
    }
}

/// Where the daily loss ends on a day that began with this balance and this equity.
fn ends_at(rules: Rules, balance: &str, equity: &str) -> String {
    let midnight = rules.next_reset(at("2026-06-02 09:00")).format("%Y-%m-%d %H:%M").to_string();
    let mut course = Course::begin(rules, "2026-06-01 09:00");
    assert_eq!(course.look("2026-06-02 09:00", balance, equity), Verdict::Continue);
    assert_eq!(course.look(&midnight, balance, equity), Verdict::Continue);
    course.daily_floor()
}

fn ftmo_two_step(initial: &str) -> Rules {
    rules(initial, |rules| {
        rules.timezone = Tz::Europe__Prague;
        rules.profit_target = Some(percent("10"));
        rules.minimum_days = 4;
        rules.daily_loss = Some(percent("5"));
        rules.daily_loss_basis = DailyLossBasis::AmountOfInitial;
        rules.drawdown = Some(percent("10"));
        rules.drawdown_anchor = DrawdownAnchor::Static;
    })
}

#[test]
fn ftmo_two_step_the_midnight_balance_less_five_percent_of_the_initial() {
    for (balance, floor) in [("100000", "95000"), ("104000", "99000"), ("97000", "92000")] {
        assert_eq!(ends_at(ftmo_two_step("100000"), balance, balance), floor);
    }
    trails(
        "FTMO 2-Step",
        ftmo_two_step("100000"),
        &[("100000", "90000"), ("104000", "90000"), ("108000", "90000"), ("105000", "90000")],
    );
}

#[test]
fn ftmo_two_step_a_floating_loss_survives_until_midnight() {
    // A profit of 4,000 today, then 13,000 in the red: 9,000 of the day's 10,000. At midnight the 4,000 are no longer there to lose.
    let mut course = Course::begin(ftmo_two_step("200000"), "2026-03-02 09:00");
    assert_eq!(course.look("2026-03-02 14:00", "204000", "204000"), Verdict::Continue);
    assert_eq!(course.look("2026-03-02 22:59", "204000", "191000"), Verdict::Continue);
    assert_eq!(course.look("2026-03-02 23:00", "204000", "191000"), failed(RuleKind::DailyLoss, "6.5", "5"));
}

fn ftmo_one_step() -> Rules {
    rules("100000", |rules| {
        rules.timezone = Tz::Europe__Prague;
        rules.profit_target = Some(percent("10"));
        rules.daily_loss = Some(percent("3"));
        rules.daily_loss_basis = DailyLossBasis::AmountOfInitial;
        rules.drawdown = Some(percent("10"));
        rules.drawdown_anchor = DrawdownAnchor::EndOfDayBalance;
        rules.drawdown_basis = DrawdownBasis::AmountOfInitial;
        rules.consistency = Some(percent("50"));
    })
}

#[test]
fn ftmo_one_step_the_floor_rises_with_the_days_ends() {
    trails("FTMO 1-Step", ftmo_one_step(), &[("100000", "90000"), ("104000", "94000"), ("103000", "94000")]);
}

#[test]
fn ftmo_one_step_does_not_trail_within_a_day() {
    let mut course = Course::begin(ftmo_one_step(), "2026-03-02 09:00");
    assert_eq!(course.look("2026-03-02 14:00", "105000", "108000"), Verdict::Continue);
    assert_eq!(course.drawdown_floor(), "90000");
}

#[test]
fn ftmo_one_step_the_best_day_delays_a_pass() {
    let mut course = Course::begin(ftmo_one_step(), "2026-03-02 09:00");
    assert_eq!(course.look("2026-03-02 14:00", "106000", "106000"), Verdict::Continue);
    assert_eq!(course.look("2026-03-03 00:00", "106000", "106000"), Verdict::Continue);
    assert_eq!(course.look("2026-03-03 14:00", "110000", "110000"), Verdict::Continue);
    assert_eq!(course.look("2026-03-04 00:00", "110000", "110000"), Verdict::Continue);
    assert_eq!(course.state.best_day_share(&course.rules), Some(percent("60")));
    assert_eq!(course.look("2026-03-04 14:00", "111999.9999", "111999.9999"), Verdict::Continue);
    assert_eq!(course.look("2026-03-04 15:00", "112000", "112000"), Verdict::Pass);
}

#[test]
fn the5ers_the_higher_of_balance_and_equity_at_its_midnight() {
    let high_stakes = rules("100000", |rules| {
        // Three hours ahead of UTC, all year. POSIX counts them the other way round.
        rules.timezone = Tz::Etc__GMTMinus3;
        rules.daily_loss = Some(percent("5"));
        rules.daily_base = DailyBase::HigherOfBalanceAndEquity;
        rules.drawdown = Some(percent("10"));
        rules.drawdown_anchor = DrawdownAnchor::Static;
    });
    assert_eq!(ends_at(high_stakes.clone(), "101000", "103000"), "97850");
    assert_eq!(ends_at(high_stakes.clone(), "103000", "101000"), "97850");
    trails("The5ers", high_stakes.clone(), &[("104000", "90000"), ("101000", "90000")]);
    let mut course = Course::begin(high_stakes, "2026-03-02 09:00");
    assert_eq!(course.look("2026-03-02 20:59", "103000", "103000"), Verdict::Continue);
    assert_eq!(course.daily_floor(), "95000");
    assert_eq!(course.look("2026-03-02 21:00", "103000", "103000"), Verdict::Continue);
    assert_eq!(course.daily_floor(), "97850");
}

#[test]
fn quantum_three_percent_below_the_higher_of_balance_and_equity() {
    let quantum = |limit: &str| {
        rules("100000", |rules| {
            rules.timezone = Tz::Europe__Berlin;
            rules.daily_loss = Some(percent(limit));
            rules.daily_base = DailyBase::HigherOfBalanceAndEquity;
        })
    };
    for (balance, equity) in [("102000", "102000"), ("101000", "102000"), ("102000", "101000")] {
        assert_eq!(ends_at(quantum("3"), balance, equity), "98940");
        assert_eq!(ends_at(quantum("5"), balance, equity), "96900");
    }
}

#[test]
fn breakout_four_percent_below_the_balance() {
    // It begins its day at 00:30 UTC. A time zone's days begin at midnight, so that the hour can't be set: this is the amount.
    let breakout = |limit: &str| rules("100000", |rules| rules.daily_loss = Some(percent(limit)));
    assert_eq!(ends_at(breakout("4"), "105000", "106000"), "100800");
    assert_eq!(ends_at(breakout("5"), "105000", "106000"), "99750");
}

fn topstep() -> Rules {
    rules("50000", |rules| {
        // Its session ends at 15:10 in Chicago and the next begins at 17:00. Here a day is one of the calendar.
        rules.timezone = Tz::America__Chicago;
        rules.daily_loss = Some(percent("2"));
        rules.daily_loss_basis = DailyLossBasis::AmountOfInitial;
        rules.on_daily_breach = OnDailyBreach::LockUntilReset;
        rules.drawdown = Some(percent("4"));
        rules.drawdown_basis = DrawdownBasis::AmountOfInitial;
        rules.drawdown_anchor = DrawdownAnchor::EndOfDayBalance;
        rules.lock_at_initial = true;
    })
}

#[test]
fn topstep_the_floor_stops_rising_at_the_initial_balance() {
    let ends = [
        ("50000", "48000"),
        ("50500", "48500"),
        ("50200", "48500"),
        ("52000", "50000"),
        ("54000", "50000"),
        ("53500", "50000"),
    ];
    trails("Topstep", topstep(), &ends);
}

#[test]
fn topstep_a_bad_day_is_over_and_no_violation() {
    let mut course = Course::begin(topstep(), "2026-03-02 14:00");
    assert_eq!(course.look("2026-03-02 15:00", "50000", "49000"), Verdict::Continue);
    let lock = Verdict::Lock(breach(RuleKind::DailyLoss, "2.002", "2"));
    assert_eq!(course.look("2026-03-02 15:01", "50000", "48999"), lock);
    assert_eq!(course.look("2026-03-02 15:02", "48998", "48998"), Verdict::Continue);
    assert!(course.state.is_locked);
    assert_eq!(course.look("2026-03-03 06:00", "48998", "48998"), Verdict::Continue);
    assert!(!course.state.is_locked);
}

#[test]
fn trailing_the_equity_within_the_day_takes_unrealized_peaks() {
    let intraday = rules("50000", |rules| {
        rules.drawdown = Some(percent("5"));
        rules.drawdown_basis = DrawdownBasis::AmountOfInitial;
    });
    let mut course = Course::begin(intraday, "2026-03-02 09:00");
    assert_eq!(course.look("2026-03-02 14:00", "50000", "51500"), Verdict::Continue);
    assert_eq!(course.drawdown_floor(), "49000");
}

#[test]
fn the_same_fall_breaks_an_amount_and_no_percentage() {
    // 11,000 to 9,950 is 9.55 % of the peak, and 10.5 % of the initial 10,000. To 9,800 it is beyond 10 % of either.
    for (basis, equity, expected) in [
        (DrawdownBasis::PercentOfPeak, "9950", Verdict::Continue),
        (DrawdownBasis::AmountOfInitial, "9950", failed(RuleKind::MaxDrawdown, "10.5", "10")),
        (DrawdownBasis::PercentOfPeak, "9800", failed(RuleKind::MaxDrawdown, "10.9091", "10")),
        (DrawdownBasis::AmountOfInitial, "9800", failed(RuleKind::MaxDrawdown, "12", "10")),
    ] {
        let rules = rules("10000", |rules| {
            rules.drawdown = Some(percent("10"));
            rules.drawdown_basis = basis;
        });
        let mut course = Course::begin(rules, "2026-03-02 09:00");
        assert_eq!(course.look("2026-03-02 14:00", "10000", "11000"), Verdict::Continue);
        assert_eq!(course.look("2026-03-02 15:00", "10000", equity), expected, "{basis} {equity}");
        if equity == "9950" {
            let floor = course.state.drawdown_floor(&course.rules).unwrap();
            let expected = if basis == DrawdownBasis::PercentOfPeak { "9.5455" } else { "10.5" };
            assert_eq!(floor.value(money("9950")), percent(expected));
        }
    }
}
