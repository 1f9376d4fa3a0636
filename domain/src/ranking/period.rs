//! The days on which periods begin. Pure.

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};

use super::vocabulary::Period;

/// How long the weeks and months that are over are kept.
const KEPT: Days = Days::new(400);

/// The first day of the period that a day lies in; of all time, 1 January 1970.
pub fn begins(period: Period, day: NaiveDate) -> NaiveDate {
    let back = match period {
        Period::Week => day.weekday().num_days_from_monday(),
        Period::Month => day.day0(),
        Period::AllTime => return NaiveDate::default(),
    };
    // Only before the year -262143 there is no such day.
    day.checked_sub_days(Days::new(back.into())).unwrap_or(day)
}

/// The day from which on weeks and months are kept: those that begin before it are not.
pub(super) fn kept_since(now: DateTime<Utc>) -> NaiveDate {
    let today = now.date_naive();
    today.checked_sub_days(KEPT).unwrap_or(today)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_begin_on_monday_and_months_on_the_first() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        for (of, week, month) in [
            ("2026-11-29", "2026-11-23", "2026-11-01"),
            ("2026-11-30", "2026-11-30", "2026-11-01"),
            ("2027-01-01", "2026-12-28", "2027-01-01"),
            ("2028-02-29", "2028-02-28", "2028-02-01"),
        ] {
            assert_eq!(
                (begins(Period::Week, day(of)), begins(Period::Month, day(of))),
                (day(week), day(month)),
                "{of}"
            );
            assert_eq!(begins(Period::AllTime, day(of)), day("1970-01-01"));
        }
    }
}
