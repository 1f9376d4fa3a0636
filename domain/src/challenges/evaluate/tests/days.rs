//! When a day begins, what counts by the day, and a day that is locked.

use chrono_tz::Tz;

use super::*;

fn locking() -> Rules {
    rules("10000", |rules| {
        rules.daily_loss = Some(percent("5"));
        rules.drawdown = Some(percent("20"));
        rules.profit_target = Some(percent("2"));
        rules.on_daily_breach = OnDailyBreach::LockUntilReset;
    })
}

/// A day that began at 11,000 with a day traded, and was locked at 10,400.
fn locked() -> Course {
    let mut course = Course::begin(Rules { minimum_days: 2, ..locking() }, "2026-03-02 09:00");
    assert_eq!(course.open("2026-03-02 15:00", "11000", "11000"), Verdict::Continue);
    assert_eq!(course.look("2026-03-03 00:00", "11000", "11000"), Verdict::Continue);
    let lock = Verdict::Lock(breach(RuleKind::DailyLoss, "5.4546", "5"));
    assert_eq!(course.open("2026-03-03 10:00", "11000", "10400"), lock);
    course
}

#[test]
fn a_locked_day_has_no_second_verdict() {
    let mut course = locked();
    assert!(course.state.is_locked);
    assert_eq!(course.look("2026-03-03 10:00", "11000", "10400"), Verdict::Continue);
    assert_eq!(course.look("2026-03-03 10:01", "10300", "10300"), Verdict::Continue);
    // It is flat, over its target and traded on two days: the pass waits for the next one.
    assert_eq!(course.look("2026-03-03 23:59", "10300", "10300"), Verdict::Continue);
    assert_eq!(course.look("2026-03-04 00:00", "10300", "10300"), Verdict::Pass);
}

#[test]
fn a_lock_ends_with_the_day_and_the_next_one_may_lock_again() {
    let mut course = locked();
    assert_eq!(course.look("2026-03-03 10:01", "10100", "10100"), Verdict::Continue);
    assert_eq!(course.look("2026-03-04 00:00", "10100", "10100"), Verdict::Continue);
    assert!(!course.state.is_locked);
    assert_eq!(course.daily_floor(), "9595");
    assert_eq!(course.look("2026-03-04 10:00", "10100", "9595"), Verdict::Continue);
    let lock = Verdict::Lock(breach(RuleKind::DailyLoss, "5.0001", "5"));
    assert_eq!(course.look("2026-03-04 10:00", "10100", "9594.9999"), lock);
}

#[test]
fn a_locked_day_can_break_the_drawdown() {
    let mut course = locked();
    assert_eq!(course.look("2026-03-03 10:01", "8800", "8800"), Verdict::Continue);
    let broken = failed(RuleKind::MaxDrawdown, "20.0001", "20");
    assert_eq!(course.look("2026-03-03 10:01", "8799.9999", "8799.9999"), broken);
}

#[test]
fn what_only_locks_comes_after_what_fails() {
    let mut course = Course::begin(locking(), "2026-03-02 09:00");
    assert_eq!(course.look("2026-03-02 10:00", "10000", "7900"), failed(RuleKind::MaxDrawdown, "21", "20"));
    let mut course = Course::begin(Rules { position: Some(percent("20")), ..locking() }, "2026-03-02 09:00");
    let both = Observation { largest_position: money("2100"), ..account("2026-03-02 10:00", "10000", "9400") };
    assert_eq!(course.see(&both), failed(RuleKind::PositionSize, "21", "20"));
}

#[test]
fn a_lock_comes_before_a_pass() {
    let mut course = Course::begin(locking(), "2026-03-02 09:00");
    let held = Observation { open_trades: 1, ..account("2026-03-02 10:00", "11000", "11000") };
    assert_eq!(course.see(&held), Verdict::Continue);
    assert_eq!(course.see(&Observation { at: at("2026-03-03 00:00"), ..held }), Verdict::Continue);
    let lock = Verdict::Lock(breach(RuleKind::DailyLoss, "6.3637", "5"));
    assert_eq!(course.look("2026-03-03 10:00", "10300", "10300"), lock);
}

#[test]
fn days_that_nobody_traded_on_change_nothing() {
    let rules = rules("10000", |rules| {
        rules.daily_loss = Some(percent("5"));
        rules.drawdown = Some(percent("10"));
        rules.drawdown_anchor = DrawdownAnchor::EndOfDayBalance;
    });
    let mut course = Course::begin(rules, "2026-03-02 09:00");
    assert_eq!(course.open("2026-03-02 15:00", "10600", "10600"), Verdict::Continue);
    let mut watched = course.clone();
    for day in 3..=9 {
        assert_eq!(watched.look(&format!("2026-03-{day:02} 00:00"), "10600", "10600"), Verdict::Continue);
    }
    assert_eq!(course.look("2026-03-09 00:00", "10600", "10600"), Verdict::Continue);
    assert_eq!(course.state, watched.state);
    let State { day_base, anchor, best_day, days_traded, .. } = course.state;
    assert_eq!((day_base, anchor, best_day, days_traded), (money("10600"), money("10600"), money("600"), 1));
}

#[test]
fn a_day_counts_once_and_where_a_trade_is_opened() {
    let mut course = Course::begin(rules("10000", |_| {}), "2026-03-02 09:00");
    for (moment, opened, days) in [
        ("2026-03-02 10:00", false, 0),
        ("2026-03-02 11:00", true, 1),
        ("2026-03-02 12:00", true, 1),
        // It is held over this day, and closed on it.
        ("2026-03-03 00:00", false, 1),
        ("2026-03-03 12:00", false, 1),
        ("2026-03-04 12:00", true, 2),
    ] {
        course.see(&Observation { opened, ..account(moment, "10000", "10000") });
        assert_eq!(course.state.days_traded, days, "{moment}");
    }
}

#[test]
fn a_day_that_loses_is_no_best_day() {
    let mut course = Course::begin(rules("10000", |_| {}), "2026-03-02 09:00");
    course.look("2026-03-02 15:00", "9900", "9900");
    course.look("2026-03-03 00:00", "9900", "9900");
    assert_eq!((course.state.best_day_yet(), course.state.best_day_share(&course.rules)), (Money::ZERO, None));
    course.look("2026-03-03 15:00", "10100", "10100");
    // 200 today, of 100 in all.
    assert_eq!(course.state.best_day_share(&course.rules), Some(percent("200")));
}

#[test]
fn an_hour_more_or_less_is_the_days() {
    let paris = rules("10000", |rules| {
        rules.timezone = Tz::Europe__Paris;
        rules.daily_loss = Some(percent("5"));
    });
    // The day that clocks are set forward on has 23 hours in March, and the one that they are set back on 25 in October.
    for (begun, before, after) in [
        ("2026-03-29 10:00", "2026-03-29 21:59", "2026-03-29 22:00"),
        ("2026-03-28 10:00", "2026-03-28 22:59", "2026-03-28 23:00"),
        ("2026-10-25 10:00", "2026-10-25 22:59", "2026-10-25 23:00"),
        ("2026-10-24 10:00", "2026-10-24 21:59", "2026-10-24 22:00"),
    ] {
        let mut course = Course::begin(paris.clone(), begun);
        course.look(before, "10200", "10200");
        assert_eq!(course.daily_floor(), "9500", "{before}");
        course.look(after, "10200", "10200");
        assert_eq!(course.daily_floor(), "9690", "{after}");
    }
}

#[test]
fn a_look_from_before_begins_no_day() {
    let mut course = Course::begin(locking(), "2026-03-02 09:00");
    course.look("2026-03-03 00:00", "10100", "10100");
    let before = course.state.clone();
    course.look("2026-03-02 23:59", "10100", "10100");
    assert_eq!(course.state, before);
}

#[test]
fn states_and_verdicts_read_back() {
    let mut course = locked();
    course.look("2026-03-03 10:01", "10300.5", "10300.5");
    let text = serde_json::to_string(&course.state).unwrap();
    assert_eq!(
        text,
        r#"{"day":"2026-03-03","dayBase":"11000","dayOpening":"11000","anchor":"11000","balance":"10300.5","bestDay":"1000","daysTraded":2,"lastTraded":"2026-03-03","isLocked":true}"#
    );
    assert_eq!(serde_json::from_str::<State>(&text).unwrap(), course.state);
    let broken = breach(RuleKind::DailyLoss, "5.4546", "5");
    for (verdict, text) in [
        (Verdict::Continue, r#"{"is":"CONTINUE"}"#),
        (Verdict::Lock(broken), r#"{"is":"LOCK","rule":"DAILY_LOSS","value":"5.4546","limit":"5"}"#),
        (Verdict::Fail(broken), r#"{"is":"FAIL","rule":"DAILY_LOSS","value":"5.4546","limit":"5"}"#),
        (Verdict::Pass, r#"{"is":"PASS"}"#),
        (Verdict::Expire, r#"{"is":"EXPIRE"}"#),
    ] {
        assert_eq!(serde_json::to_string(&verdict).unwrap(), text);
        assert_eq!(serde_json::from_str::<Verdict>(text).unwrap(), verdict);
    }
    let seen = account("2026-03-02 10:00", "1.5", "1.25");
    assert_eq!(serde_json::from_str::<Observation>(&serde_json::to_string(&seen).unwrap()).unwrap(), seen);
}
