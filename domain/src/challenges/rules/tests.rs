use proptest::prelude::*;

use super::*;
use crate::challenges::Phases;
use crate::challenges::evaluate::tests::{at, money, percent};

/// Rules of which no field is as at first.
fn all() -> Rules {
    Rules {
        phase: PhaseKind::Verification,
        currency: "EUR".to_owned(),
        initial_balance: money("25000.5"),
        leverage: 30,
        profit_target: Some(percent("8")),
        daily_loss: Some(percent("5")),
        drawdown: Some(percent("10")),
        minimum_days: 4,
        position: Some(percent("250")),
        consistency: Some(percent("33.3333")),
        duration_days: Some(60),
        timezone: Tz::Europe__Prague,
        daily_base: DailyBase::HigherOfBalanceAndEquity,
        daily_loss_basis: DailyLossBasis::AmountOfInitial,
        drawdown_basis: DrawdownBasis::AmountOfInitial,
        drawdown_anchor: DrawdownAnchor::Static,
        lock_at_initial: true,
        on_daily_breach: OnDailyBreach::LockUntilReset,
    }
}

const TEXT: &str = concat!(
    r#"{"phase":"VERIFICATION","currency":"EUR","initialBalance":"25000.5","leverage":30,"profitTarget":"8","#,
    r#""dailyLoss":"5","drawdown":"10","minimumDays":4,"position":"250","consistency":"33.3333","durationDays":60,"#,
    r#""timezone":"Europe/Prague","dailyBase":"HIGHER_OF_BALANCE_AND_EQUITY","dailyLossBasis":"AMOUNT_OF_INITIAL","#,
    r#""drawdownBasis":"AMOUNT_OF_INITIAL","drawdownAnchor":"STATIC","lockAtInitial":true,"onDailyBreach":"LOCK_UNTIL_RESET"}"#,
);

/// A tier of one phase.
fn phases(rules: &Rules) -> Phases {
    Phases::new(vec![rules.clone()]).unwrap()
}

fn read(text: &str) -> serde_json::Result<Rules> {
    serde_json::from_str(text)
}

#[test]
fn they_are_frozen_as_a_text_that_reads_back() {
    let rules = all();
    assert_eq!(phases(&rules).text(), format!("[{TEXT}]"));
    assert_eq!(Phases::read(phases(&rules).text().to_owned()).unwrap(), phases(&rules));
    assert_eq!(read(TEXT).unwrap(), rules);
    let none = Rules::unlimited(PhaseKind::Funded, money("1"));
    assert_eq!(phases(&none).rules(), std::slice::from_ref(&none));
    assert_eq!((rules.problems(), none.problems()), (Vec::new(), Vec::new()));
}

#[test]
fn each_field_changes_the_hash() {
    let first = Rules::unlimited(PhaseKind::Evaluation, money("10000"));
    let first_fields = serde_json::to_value(&first).unwrap();
    let other_fields = serde_json::to_value(all()).unwrap();
    let mut hashes = std::collections::HashSet::from([phases(&first).hash()]);
    for (name, value) in other_fields.as_object().unwrap() {
        let mut fields = first_fields.clone();
        assert_ne!(fields[name], *value, "{name}");
        fields[name] = value.clone();
        let changed: Rules = serde_json::from_value(fields).unwrap();
        assert!(hashes.insert(phases(&changed).hash()), "{name}");
    }
    assert_eq!(hashes.len(), 19);
    assert_eq!(phases(&first).hash(), phases(&first.clone()).hash());
    assert_eq!(phases(&first).hash().len(), 32);
}

#[test]
fn what_is_not_known_is_not_read() {
    let refuses = |from: &str, to: &str, says: &str| {
        let text = TEXT.replacen(from, to, 1);
        assert_ne!(text, TEXT, "{from}");
        let error = read(&text).unwrap_err().to_string();
        assert!(error.contains(says), "{to}: {error}");
    };
    refuses("{", r#"{"maxLots":3,"#, "unknown field `maxLots`");
    refuses(r#""leverage":30,"#, "", "missing field `leverage`");
    refuses(r#""leverage":30,"#, r#""leverage":30,"leverage":31,"#, "duplicate field `leverage`");
    refuses(r#""8""#, "8", "expected a string");
    refuses(r#""8""#, r#""8.00001""#, "at most 4 digits");
    refuses("Europe/Prague", "Europe/Atlantis", "Europe/Atlantis");
    for (word, known) in [
        ("VERIFICATION", "EVALUATION, VERIFICATION, FUNDED"),
        ("HIGHER_OF_BALANCE_AND_EQUITY", "BALANCE, HIGHER_OF_BALANCE_AND_EQUITY"),
        ("STATIC", "EQUITY_PEAK, END_OF_DAY_BALANCE, STATIC"),
        ("LOCK_UNTIL_RESET", "FAIL, LOCK_UNTIL_RESET"),
    ] {
        refuses(word, &word.to_lowercase(), &format!("expected one of {known}, got {:?}", word.to_lowercase()));
    }
    for (field, known) in [
        ("dailyLossBasis", "PERCENT_OF_BASE, AMOUNT_OF_INITIAL"),
        ("drawdownBasis", "PERCENT_OF_PEAK, AMOUNT_OF_INITIAL"),
    ] {
        let (from, to) = (format!(r#""{field}":"AMOUNT_OF_INITIAL""#), format!(r#""{field}":"AMOUNT""#));
        refuses(&from, &to, &format!("expected one of {known}, got \"AMOUNT\""));
    }
}

#[test]
fn each_field_that_is_wrong_is_named() {
    let problems = |change: &dyn Fn(&mut Rules)| {
        let mut rules = all();
        change(&mut rules);
        rules.problems()
    };
    let one = |problem: &str, change: &dyn Fn(&mut Rules)| assert_eq!(problems(change), [problem]);
    one("the initial balance: expected more than 0", &|rules| rules.initial_balance = Money::ZERO);
    one("the currency: XXY is not known", &|rules| "XXY".clone_into(&mut rules.currency));
    one("the leverage: expected 1 to 100, got 0", &|rules| rules.leverage = 0);
    one("the leverage: expected 1 to 100, got 101", &|rules| rules.leverage = 101);
    type Field = fn(&mut Rules) -> &mut Option<Percent>;
    let percentages: [(&str, &str, &str, Field); 5] = [
        ("profit target", "10000", "10000.0001", |rules| &mut rules.profit_target),
        ("daily loss", "100", "100.0001", |rules| &mut rules.daily_loss),
        ("drawdown", "100", "100.0001", |rules| &mut rules.drawdown),
        ("position", "10000", "10000.0001", |rules| &mut rules.position),
        ("consistency", "100", "100.0001", |rules| &mut rules.consistency),
    ];
    for (name, most, more, field) in percentages {
        for wrong in ["0", "-1", more] {
            let problem = format!("the {name}: expected more than 0 and at most {most} percent, got {wrong}");
            one(&problem, &|rules| *field(rules) = Some(percent(wrong)));
        }
        for right in ["0.0001", most] {
            assert_eq!(problems(&|rules| *field(rules) = Some(percent(right))), Vec::<String>::new(), "{name} {right}");
        }
        assert_eq!(problems(&|rules| *field(rules) = None), Vec::<String>::new(), "{name}");
    }
    one("the duration: expected 1 to 3650 days, got 3651", &|rules| rules.duration_days = Some(3_651));
    one("the duration: expected 1 to 3650 days, got 0", &|rules| {
        (rules.duration_days, rules.minimum_days) = (Some(0), 0);
    });
    one("the minimum of trading days: expected no more than the duration", &|rules| rules.minimum_days = 61);
    assert_eq!(problems(&|rules| rules.minimum_days = 60), Vec::<String>::new());
    one("the profit target: a funded account has none", &|rules| rules.phase = PhaseKind::Funded);
    // All of them are told at once.
    let wrong = problems(&|rules| {
        rules.leverage = 0;
        rules.daily_loss = Some(Percent::ZERO);
    });
    assert_eq!(wrong.len(), 2);
}

#[test]
fn shares_of_the_initial_balance_are_rounded_to_what_is_true() {
    let mut rules = Rules::unlimited(PhaseKind::Evaluation, money("10000.0001"));
    assert_eq!((rules.target(), rules.largest_position()), (None, None));
    (rules.profit_target, rules.position) = (Some(percent("10")), Some(percent("20")));
    // 1,000.00001 must be reached, and 2,000.00002 may be held.
    assert_eq!((rules.target(), rules.largest_position()), (Some(money("1000.0001")), Some(money("2000"))));
    (rules.initial_balance, rules.profit_target) = (Money::MAX, Some(percent("10000")));
    assert_eq!(rules.target(), Some(Money::MAX));
}

#[test]
fn a_challenge_ends_after_so_many_times_24_hours() {
    assert_eq!(all().expires_at(at("2026-03-02 09:15")), Some(at("2026-05-01 09:15")));
    assert_eq!(Rules { duration_days: None, ..all() }.expires_at(at("2026-03-02 09:15")), None);
    assert_eq!(Rules { duration_days: Some(u32::MAX), ..all() }.expires_at(at("2026-03-02 09:15")), None);
}

fn in_zone(timezone: Tz) -> Rules {
    Rules { timezone, ..Rules::unlimited(PhaseKind::Evaluation, money("10000")) }
}

#[test]
fn a_day_begins_at_its_zones_midnight() {
    for (zone, moment, reset) in [
        (Tz::UTC, "2026-03-02 00:00", "2026-03-03 00:00"),
        (Tz::UTC, "2026-03-02 23:59", "2026-03-03 00:00"),
        (Tz::Asia__Kolkata, "2026-03-02 18:29", "2026-03-02 18:30"),
        (Tz::Asia__Kolkata, "2026-03-02 18:30", "2026-03-03 18:30"),
        // 23 hours, and 25.
        (Tz::Europe__Paris, "2026-03-28 23:00", "2026-03-29 22:00"),
        (Tz::Europe__Paris, "2026-10-24 22:00", "2026-10-25 23:00"),
        (Tz::America__New_York, "2026-03-08 05:00", "2026-03-09 04:00"),
        // Where midnight is left out, the day begins at one.
        (Tz::America__Santiago, "2026-09-05 12:00", "2026-09-06 04:00"),
        (Tz::Africa__Cairo, "2026-04-23 12:00", "2026-04-23 22:00"),
        (Tz::Asia__Beirut, "2026-03-28 12:00", "2026-03-28 22:00"),
        // Where it comes after an hour that is there twice, the day begins after the second.
        (Tz::America__Santiago, "2026-04-04 12:00", "2026-04-05 04:00"),
        (Tz::America__Santiago, "2026-04-05 02:59", "2026-04-05 04:00"),
        (Tz::America__Santiago, "2026-04-05 03:00", "2026-04-05 04:00"),
        (Tz::Africa__Cairo, "2026-10-29 21:30", "2026-10-29 22:00"),
        (Tz::Asia__Beirut, "2026-10-24 21:00", "2026-10-24 22:00"),
        // Where the first hour is there twice, with the first.
        (Tz::America__Havana, "2026-10-31 12:00", "2026-11-01 04:00"),
        (Tz::America__Havana, "2026-11-01 04:30", "2026-11-02 05:00"),
        // Clocks were once set back a minute after midnight, into the day before.
        (Tz::America__St_Johns, "2010-11-06 12:00", "2010-11-07 02:30"),
        (Tz::America__St_Johns, "2010-11-07 03:00", "2010-11-07 03:30"),
        // And a day was once left out.
        (Tz::Pacific__Apia, "2011-12-30 00:00", "2011-12-30 10:00"),
    ] {
        assert_eq!(in_zone(zone).next_reset(at(moment)), at(reset), "{zone} {moment}");
    }
}

/// The reset after a moment is the first of the next day.
fn resets_once(rules: &Rules, moment: DateTime<Utc>) -> DateTime<Utc> {
    let (today, reset) = (rules.day_of(moment), rules.next_reset(moment));
    assert!(reset > moment, "{} {moment}", rules.timezone);
    assert_eq!(Some(rules.day_of(reset)), today.succ_opt(), "{} {moment}", rules.timezone);
    assert_eq!(rules.day_of(reset - TimeDelta::nanoseconds(1)), today, "{} {moment}", rules.timezone);
    reset
}

#[test]
fn every_zones_days_follow_each_other() {
    for zone in chrono_tz::TZ_VARIANTS {
        let rules = in_zone(zone);
        let mut moment = at("2026-01-01 12:00");
        while moment < at("2028-01-03 00:00") {
            moment = resets_once(&rules, moment);
        }
    }
}

#[test]
fn there_is_no_day_after_the_last() {
    let rules = in_zone(Tz::UTC);
    assert_eq!(rules.next_reset(DateTime::<Utc>::MAX_UTC), DateTime::<Utc>::MAX_UTC);
}

proptest! {
    #[test]
    fn every_moment_has_its_reset(zone in prop::sample::select(&chrono_tz::TZ_VARIANTS[..]), minutes in 0_i64..3 * 365 * 1_440) {
        resets_once(&in_zone(zone), at("2026-01-01 00:00") + TimeDelta::minutes(minutes));
    }
}
