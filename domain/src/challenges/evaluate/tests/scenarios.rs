//! The scenarios that challenges are specified by.

use super::*;

fn daily_and_target() -> Rules {
    rules("10000", |rules| {
        rules.profit_target = Some(percent("10"));
        rules.daily_loss = Some(percent("5"));
        rules.duration_days = Some(30);
    })
}

#[test]
fn one_a_profit_beyond_the_target_passes() {
    let mut course = Course::begin(daily_and_target(), "2026-03-02 09:00");
    assert_eq!(course.open("2026-03-02 10:00", "10000", "10000"), Verdict::Continue);
    assert_eq!(course.look("2026-03-02 11:00", "10800", "10800"), Verdict::Continue);
    assert_eq!(course.look("2026-03-02 12:00", "11500", "11500"), Verdict::Pass);
}

#[test]
fn two_a_day_that_loses_too_much_fails() {
    let mut course = Course::begin(daily_and_target(), "2026-03-02 09:00");
    assert_eq!(course.look("2026-03-02 11:00", "9400", "9400"), failed(RuleKind::DailyLoss, "6", "5"));
}

#[test]
fn three_a_fall_from_the_peak_fails() {
    let mut course = Course::begin(rules("10000", |rules| rules.drawdown = Some(percent("10"))), "2026-03-02 09:00");
    assert_eq!(course.look("2026-03-02 11:00", "10000", "11000"), Verdict::Continue);
    assert_eq!(course.look("2026-03-03 11:00", "10000", "9800"), failed(RuleKind::MaxDrawdown, "10.9091", "10"));
}

#[test]
fn four_its_days_are_over() {
    let mut course = Course::begin(daily_and_target(), "2026-03-02 09:00");
    assert_eq!(course.look("2026-04-01 08:59", "10500", "10500"), Verdict::Continue);
    let before = course.state.clone();
    assert_eq!(course.look("2026-04-01 09:00", "10500", "10500"), Verdict::Expire);
    assert_eq!(course.state, before);
    // Whatever else is true of it then.
    assert_eq!(course.look("2026-04-01 09:00", "12000", "12000"), Verdict::Expire);
    assert_eq!(course.look("2026-04-01 09:00", "5000", "5000"), Verdict::Expire);
}

#[test]
fn five_of_limits_broken_at_once_the_first_decides() {
    let all = rules("10000", |rules| {
        rules.profit_target = Some(percent("1"));
        rules.daily_loss = Some(percent("5"));
        rules.drawdown = Some(percent("10"));
        rules.position = Some(percent("20"));
        rules.consistency = Some(percent("30"));
    });
    // Twelve percent are lost, and a quarter is held of one asset; nothing is consistent.
    let broken = Observation { largest_position: money("2500"), ..account("2026-03-02 11:00", "10500", "8800") };
    let verdict = |without: &[RuleKind]| {
        let mut rules = all.clone();
        for rule in without {
            match rule {
                RuleKind::DailyLoss => rules.daily_loss = None,
                RuleKind::MaxDrawdown => rules.drawdown = None,
                RuleKind::PositionSize => rules.position = None,
                RuleKind::Consistency => rules.consistency = None,
            }
        }
        Course::begin(rules, "2026-03-02 09:00").see(&broken)
    };
    assert_eq!(verdict(&[]), failed(RuleKind::DailyLoss, "12", "5"));
    assert_eq!(verdict(&[RuleKind::DailyLoss]), failed(RuleKind::MaxDrawdown, "12", "10"));
    assert_eq!(verdict(&RuleKind::ALL[..2]), failed(RuleKind::PositionSize, "25", "20"));
    // The best day never fails.
    assert_eq!(verdict(&RuleKind::ALL[..3]), Verdict::Continue);
}

#[test]
fn five_a_limit_comes_before_the_target() {
    let mut position = rules("10000", |rules| rules.position = Some(percent("20")));
    position.profit_target = Some(percent("10"));
    let mut course = Course::begin(position, "2026-03-02 09:00");
    let reached = Observation { largest_position: money("2500"), ..account("2026-03-02 11:00", "11000", "11000") };
    assert_eq!(course.see(&reached), failed(RuleKind::PositionSize, "25", "20"));
}

#[test]
fn six_the_drawdown_is_the_peaks() {
    let mut course = Course::begin(rules("10000", |rules| rules.drawdown = Some(percent("10"))), "2026-03-02 09:00");
    for (moment, equity, floor) in [
        ("2026-03-02 11:00", "11000", "9900"),
        ("2026-03-03 11:00", "10000", "9900"),
        ("2026-03-04 11:00", "10900", "9900"),
        ("2026-03-05 11:00", "11500", "10350"),
    ] {
        assert_eq!(course.look(moment, equity, equity), Verdict::Continue, "{moment}");
        assert_eq!(course.drawdown_floor(), floor, "{moment}");
    }
    assert_eq!(course.look("2026-03-06 11:00", "10300", "10300"), failed(RuleKind::MaxDrawdown, "10.4348", "10"));
}

#[test]
fn seven_the_days_loss_counts_anew_at_midnight_with_a_trade_held() {
    let mut course = Course::begin(rules("10000", |rules| rules.daily_loss = Some(percent("5"))), "2026-03-02 09:00");
    // 4 % in the red overnight, which is 4 % of the next day too: the base is the balance.
    assert_eq!(course.look("2026-03-02 23:59", "10000", "9600"), Verdict::Continue);
    assert_eq!(course.look("2026-03-03 00:00", "10000", "9600"), Verdict::Continue);
    assert_eq!(course.daily_floor(), "9500");
    // The loss is realized, and more of the day's 5 % than of yesterday's.
    assert_eq!(course.look("2026-03-03 15:00", "9600", "9600"), Verdict::Continue);
    assert_eq!(course.look("2026-03-04 00:00", "9600", "9600"), Verdict::Continue);
    assert_eq!(course.daily_floor(), "9120");
    assert_eq!(course.look("2026-03-04 15:00", "9200", "9200"), Verdict::Continue);
    assert_eq!(course.look("2026-03-04 16:00", "9100", "9100"), failed(RuleKind::DailyLoss, "5.2084", "5"));
}

#[test]
fn eight_the_target_waits_for_the_minimum_of_days() {
    let mut days = daily_and_target();
    days.minimum_days = 3;
    let mut course = Course::begin(days, "2026-03-02 09:00");
    assert_eq!(course.open("2026-03-02 10:00", "10000", "10000"), Verdict::Continue);
    assert_eq!(course.look("2026-03-02 11:00", "11200", "11200"), Verdict::Continue);
    assert_eq!(course.open("2026-03-03 10:00", "11200", "11200"), Verdict::Continue);
    // Two trades on a day are one day.
    assert_eq!(course.open("2026-03-03 11:00", "11200", "11200"), Verdict::Continue);
    assert_eq!(course.state.days_traded, 2);
    assert_eq!(course.look("2026-03-04 00:00", "11200", "11200"), Verdict::Continue);
    // It is the day's trade that is missing: with it, and flat, it passes.
    assert_eq!(course.open("2026-03-04 10:00", "11200", "11190"), Verdict::Continue);
    assert_eq!(course.look("2026-03-04 10:05", "11195", "11195"), Verdict::Pass);
}
