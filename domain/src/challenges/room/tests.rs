use super::super::evaluate::tests::{Course, account, at, money, percent, rules};
use super::super::rules::Rules;
use super::super::{DrawdownAnchor, Verdict};
use super::*;

fn pro() -> Rules {
    rules("50000", |rules| {
        rules.profit_target = Some(percent("10"));
        rules.daily_loss = Some(percent("5"));
        rules.drawdown = Some(percent("10"));
        rules.position = Some(percent("20"));
        rules.consistency = Some(percent("40"));
        rules.minimum_days = 5;
    })
}

/// The room that this look leaves.
fn room(course: &mut Course, moment: &str, balance: &str, equity: &str) -> Room {
    let seen = account(moment, balance, equity);
    course.see(&seen);
    Room::of(&course.rules, &course.state, &seen)
}

#[test]
fn it_says_what_is_left_and_what_is_needed() {
    let mut course = Course::begin(pro(), "2026-03-02 09:00");
    course.open("2026-03-02 15:00", "52400", "52400");
    course.look("2026-03-03 00:00", "52400", "52400");
    let seen = Observation { largest_position: money("7500"), ..account("2026-03-03 14:30", "52000", "51090") };
    assert_eq!(course.see(&seen), Verdict::Continue);
    assert_eq!(
        Room::of(&course.rules, &course.state, &seen),
        Room {
            daily_loss: Some(LimitRoom {
                reference: money("52400"),
                floor: money("49780"),
                value: percent("2.5"),
                limit: percent("5"),
                left: money("1310"),
                left_percent: percent("2.5"),
                used: percent("50"),
            }),
            drawdown: Some(LimitRoom {
                reference: money("52400"),
                floor: money("47160"),
                value: percent("2.5"),
                limit: percent("10"),
                left: money("3930"),
                left_percent: percent("7.5"),
                used: percent("25"),
            }),
            position: Some(PositionRoom {
                held: money("7500"),
                most: money("10000"),
                value: percent("15"),
                limit: percent("20"),
                left: money("2500"),
                left_percent: percent("5"),
            }),
            risk: RiskLevel::Medium,
            target: Some(money("5000")),
            profit: money("2000"),
            // The best day's 2,400 are 40 % of 6,000, which is more than the target.
            profit_needed: Some(money("4000")),
            progress: Some(percent("40")),
            best_day_share: Some(percent("120")),
            days_traded: 1,
            days_needed: 4,
            resets_at: at("2026-03-04 00:00"),
            is_locked: false,
        }
    );
}

#[test]
fn what_is_not_limited_has_no_room_to_it() {
    let mut course = Course::begin(rules("50000", |_| {}), "2026-03-02 09:00");
    let room = room(&mut course, "2026-03-02 15:00", "49000", "48000");
    assert_eq!((room.daily_loss, room.drawdown, room.position), (None, None, None));
    assert_eq!((room.target, room.profit_needed, room.progress), (None, None, None));
    assert_eq!((room.profit, room.best_day_share, room.days_needed), (money("-1000"), None, 0));
    assert_eq!(room.risk, RiskLevel::Low);
}

#[test]
fn what_is_broken_has_less_than_nothing_left() {
    let mut course = Course::begin(pro(), "2026-03-02 09:00");
    let seen = Observation { largest_position: money("10500"), ..account("2026-03-02 15:00", "50000", "44000") };
    course.see(&seen);
    let room = Room::of(&course.rules, &course.state, &seen);
    let (daily, drawdown, position) = (room.daily_loss.unwrap(), room.drawdown.unwrap(), room.position.unwrap());
    assert_eq!((daily.left, daily.left_percent, daily.used), (money("-3500"), percent("-7"), percent("240")));
    assert_eq!((drawdown.left, drawdown.left_percent, drawdown.used), (money("-1000"), percent("-2"), percent("120")));
    assert_eq!((position.left, position.left_percent), (money("-500"), percent("-1")));
    assert_eq!(room.risk, RiskLevel::High);
}

#[test]
fn the_nearest_limit_is_the_risk() {
    // 5 % of 50,000 are 2,500: half of it is 1,250, four fifths are 2,000.
    for (equity, risk) in [
        ("51000", RiskLevel::Low),
        ("48750.0001", RiskLevel::Low),
        ("48750", RiskLevel::Medium),
        ("48000.0001", RiskLevel::Medium),
        ("48000", RiskLevel::High),
        ("47500", RiskLevel::High),
    ] {
        let mut course = Course::begin(pro(), "2026-03-02 09:00");
        assert_eq!(room(&mut course, "2026-03-02 15:00", "50000", equity).risk, risk, "{equity}");
    }
    // On another day the drawdown is nearer.
    let mut course = Course::begin(pro(), "2026-03-02 09:00");
    course.look("2026-03-02 15:00", "47600", "47600");
    let room = room(&mut course, "2026-03-03 00:00", "46000", "46000");
    assert_eq!((room.daily_loss.unwrap().used, room.drawdown.unwrap().used), (percent("67.2268"), percent("80")));
    assert_eq!(room.risk, RiskLevel::High);
}

#[test]
fn above_the_reference_nothing_is_used() {
    let rules = Rules { drawdown_anchor: DrawdownAnchor::Static, ..pro() };
    let mut course = Course::begin(rules, "2026-03-02 09:00");
    let drawdown = room(&mut course, "2026-03-02 15:00", "50000", "53000").drawdown.unwrap();
    assert_eq!((drawdown.value, drawdown.used), (percent("-6"), Percent::ZERO));
    assert_eq!((drawdown.left, drawdown.left_percent), (money("8000"), percent("16")));
}

#[test]
fn progress_stays_between_nothing_and_all() {
    let rules = Rules { consistency: None, ..pro() };
    for (balance, progress, needed) in [
        ("49000", "0", "6000"),
        ("50000", "0", "5000"),
        ("54999.9999", "99.9999", "0.0001"),
        ("55000", "100", "0"),
        ("60000", "100", "0"),
    ] {
        let mut course = Course::begin(rules.clone(), "2026-03-02 09:00");
        let room = room(&mut course, "2026-03-02 15:00", balance, balance);
        assert_eq!((room.progress, room.profit_needed), (Some(percent(progress)), Some(money(needed))), "{balance}");
    }
}

#[test]
fn the_profit_that_the_best_day_asks_for_is_what_passes() {
    // 1,500 are 30 % of 5,000; 1,000 of 3,333.33333…
    for (best, needed) in [("51500", "3500"), ("51000", "2333.3334")] {
        let rules =
            Rules { consistency: Some(percent("30")), profit_target: Some(percent("1")), minimum_days: 0, ..pro() };
        let mut course = Course::begin(rules, "2026-03-02 09:00");
        assert_eq!(room(&mut course, "2026-03-02 15:00", best, best).profit_needed, Some(money(needed)), "{best}");
        // Earned in tenths, a day each, so that no day is better.
        let left = money(needed).raw();
        for tenths in 1..10_i64 {
            let before = course.state.balance.to_string();
            course.look(&format!("2026-03-{:02} 00:00", tenths + 2), &before, &before);
            let balance = Money::from_raw(money(best).raw() + left * tenths / 10).to_string();
            assert_eq!(course.look(&format!("2026-03-{:02} 15:00", tenths + 2), &balance, &balance), Verdict::Continue);
        }
        let total = money(best).checked_add(money(needed)).unwrap();
        let short = total.checked_sub(Money::from_raw(1)).unwrap().to_string();
        assert_eq!(course.look("2026-03-11 16:00", &short, &short), Verdict::Continue, "{best}");
        let total = total.to_string();
        assert_eq!(course.look("2026-03-11 17:00", &total, &total), Verdict::Pass, "{best}");
    }
}
