//! When a job is due.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use croner::Cron;

/// When a job is due, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// At every multiple of so many seconds since 1970: the same moments whichever instance counts them.
    Every(u32),
    /// At the times of a cron line: minute, hour, day of the month, month, day of the week.
    Cron(&'static str),
}

impl Schedule {
    /// The last time at or before `now` that the job was due at.
    pub(crate) fn latest(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Every(seconds) => now.duration_trunc(span(seconds)).ok(),
            Self::Cron(line) => Cron::from_str(line).ok()?.find_previous_occurrence(&now, true).ok(),
        }
    }

    /// The first time after `now` that the job is due at.
    pub(crate) fn next(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Every(seconds) => self.latest(now).map(|latest| latest + span(seconds)),
            Self::Cron(line) => Cron::from_str(line).ok()?.find_next_occurrence(&now, false).ok(),
        }
    }
}

fn span(seconds: u32) -> TimeDelta {
    TimeDelta::seconds(seconds.max(1).into())
}

impl fmt::Display for Schedule {
    /// For people: `every 15 min`, or the cron line and its zone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Every(seconds) if seconds % 3_600 == 0 => write!(f, "every {} h", seconds / 3_600),
            Self::Every(seconds) if seconds % 60 == 0 => write!(f, "every {} min", seconds / 60),
            Self::Every(seconds) => write!(f, "every {seconds} s"),
            Self::Cron(line) => write!(f, "{line} (UTC)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> DateTime<Utc> {
        time.parse().unwrap()
    }

    #[test]
    fn the_times_of_a_schedule_do_not_depend_on_when_they_are_asked_for() {
        for (schedule, now, latest, next) in [
            (Schedule::Every(900), "2026-11-22T10:14:59.9Z", "2026-11-22T10:00:00Z", "2026-11-22T10:15:00Z"),
            (Schedule::Every(900), "2026-11-22T10:15:00Z", "2026-11-22T10:15:00Z", "2026-11-22T10:30:00Z"),
            (Schedule::Every(7), "1970-01-01T00:00:20Z", "1970-01-01T00:00:14Z", "1970-01-01T00:00:21Z"),
            (Schedule::Cron("30 3 * * *"), "2026-11-22T03:29:59Z", "2026-11-21T03:30:00Z", "2026-11-22T03:30:00Z"),
            (Schedule::Cron("30 3 * * *"), "2026-11-22T03:30:00Z", "2026-11-22T03:30:00Z", "2026-11-23T03:30:00Z"),
            (Schedule::Cron("30 3 * * *"), "2026-11-22T03:30:00.5Z", "2026-11-22T03:30:00Z", "2026-11-23T03:30:00Z"),
            (Schedule::Cron("0 0 1 * *"), "2026-03-15T00:00:00Z", "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z"),
        ] {
            assert_eq!(schedule.latest(at(now)), Some(at(latest)), "{schedule} at {now}");
            assert_eq!(schedule.next(at(now)), Some(at(next)), "{schedule} at {now}");
        }
    }

    #[test]
    fn a_schedule_is_told_to_people() {
        assert_eq!(Schedule::Every(3_600).to_string(), "every 1 h");
        assert_eq!(Schedule::Every(60).to_string(), "every 1 min");
        assert_eq!(Schedule::Every(10).to_string(), "every 10 s");
        assert_eq!(Schedule::Cron("30 3 * * *").to_string(), "30 3 * * * (UTC)");
    }
}
