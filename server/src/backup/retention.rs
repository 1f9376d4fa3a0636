//! Which backups are kept.

use std::collections::BTreeSet;

use chrono::{Datelike, TimeDelta};

use super::name::Name;

/// How many backups are kept: the newest of each of so many days, and of each of so many months.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keep {
    /// Days that have a backup, counted back from the newest; at least 1.
    pub(crate) daily: usize,
    /// Months that have one.
    pub(crate) monthly: usize,
}

/// The backups of an installation that are to go. What is not older than a day before the newest stays, so that one
/// that was made by hand is not gone with the next. Other installations' are never among them, nor is the newest.
pub(super) fn outdated(names: &[Name], installation: &str, keep: Keep) -> Vec<Name> {
    let mut newest_first: Vec<&Name> = names.iter().filter(|name| name.installation == installation).collect();
    newest_first.sort_unstable_by(|a, b| b.cmp(a));
    let Some(newest) = newest_first.first().map(|name| name.at) else { return Vec::new() };
    let (mut days, mut months) = (BTreeSet::new(), BTreeSet::new());
    let mut outdated = Vec::new();
    for name in newest_first {
        let is_of_a_day = days.len() < keep.daily.max(1) && days.insert(name.at.date_naive());
        let is_of_a_month = months.len() < keep.monthly && months.insert((name.at.year(), name.at.month()));
        let is_fresh = newest - name.at <= TimeDelta::days(1);
        if !is_of_a_day && !is_of_a_month && !is_fresh {
            outdated.push(name.clone());
        }
    }
    outdated
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use proptest::prelude::*;

    use super::*;

    const OURS: &str = "0123456789abcdef";

    fn name(installation: &str, at: DateTime<Utc>) -> Name {
        Name { at, installation: installation.to_owned() }
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// A backup each night at 01:30, run through the rule every night as the job does.
    #[test]
    fn two_years_of_nights_leave_thirty_days_and_twelve_months() {
        let first = at("2025-01-01T01:30:00Z");
        let mut kept = Vec::new();
        for night in 0..730 {
            kept.push(name(OURS, first + TimeDelta::days(night)));
            let gone = outdated(&kept, OURS, Keep { daily: 30, monthly: 12 });
            kept.retain(|name| !gone.contains(name));
        }
        let newest = at("2026-12-31T01:30:00Z");
        let nights: Vec<_> = (0..30).rev().map(|back| newest - TimeDelta::days(back)).collect();
        let mut wanted: Vec<_> = [
            "2026-01-31",
            "2026-02-28",
            "2026-03-31",
            "2026-04-30",
            "2026-05-31",
            "2026-06-30",
            "2026-07-31",
            "2026-08-31",
            "2026-09-30",
            "2026-10-31",
            "2026-11-30",
        ]
        .map(|day| at(&format!("{day}T01:30:00Z")))
        .into();
        wanted.extend(nights);
        assert_eq!(kept.iter().map(|name| name.at).collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn what_was_made_within_a_day_stays() {
        let names = ["2026-11-22T09:00:00Z", "2026-11-22T08:00:00Z", "2026-11-21T09:00:00Z", "2026-11-21T08:00:00Z"];
        let names = names.map(|time| name(OURS, at(time)));
        assert_eq!(outdated(&names, OURS, Keep { daily: 2, monthly: 0 }), [names[3].clone()]);
        assert_eq!(outdated(&names, OURS, Keep { daily: 0, monthly: 0 }), [names[3].clone()]);
    }

    #[test]
    fn days_without_a_backup_do_not_count() {
        let names = ["2026-11-22T01:00:00Z", "2026-09-01T01:00:00Z", "2026-03-01T01:00:00Z", "2025-01-01T01:00:00Z"];
        let names = names.map(|time| name(OURS, at(time)));
        assert_eq!(outdated(&names, OURS, Keep { daily: 3, monthly: 0 }), [names[3].clone()]);
    }

    proptest! {
        /// Whatever there is, the newest stays, as does what others have; and what stays is not outdated the next time.
        #[test]
        fn the_newest_and_others_stay(
            hours in prop::collection::vec((0_i64..20_000, any::<bool>()), 0..80),
            daily in 0_usize..5,
            monthly in 0_usize..5,
        ) {
            let keep = Keep { daily, monthly };
            let names: Vec<Name> = hours.iter().map(|(hour, ours)| {
                let installation = if *ours { OURS } else { "fedcba9876543210" };
                name(installation, DateTime::UNIX_EPOCH + TimeDelta::hours(*hour))
            }).collect();
            let gone = outdated(&names, OURS, keep);
            prop_assert!(gone.iter().all(|name| name.installation == OURS));
            if let Some(newest) = names.iter().filter(|name| name.installation == OURS).max() {
                prop_assert!(!gone.contains(newest));
            }
            let stay: Vec<Name> = names.into_iter().filter(|name| !gone.contains(name)).collect();
            prop_assert_eq!(outdated(&stay, OURS, keep), Vec::<Name>::new());
        }
    }
}
