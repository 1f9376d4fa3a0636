//! What is to run now: computed from the runs that are in the database, so that a restart neither skips nor repeats one.

use chrono::{DateTime, Utc};

use super::run::{Model as Run, RunStatus};
use super::schedule::Schedule;

/// How many runs in a row may be abandoned before the job waits for its next time: should it be the job that takes its
/// instance down, it is not to take down one after the other.
pub(super) const MOST_ABANDONED: usize = 3;

/// The time that the job is due at, if it is due: the latest of its schedule's that no run stands for.
///
/// `newest` are its newest runs, newest first, at least [`MOST_ABANDONED`] of them where there are as many. What was
/// missed is made good once, however many times were missed; a run that was abandoned stands for nothing, so it is due
/// again at once; one that failed is due at its next time.
pub(super) fn due(schedule: Schedule, newest: &[Run], now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let latest = schedule.latest(now)?;
    let abandoned = newest.iter().take_while(|run| run.status == RunStatus::Abandoned).count();
    let stands = |run: &Run| run.status != RunStatus::Abandoned || abandoned >= MOST_ABANDONED;
    // Not only the newest: one that was asked for may be newer and stand for an earlier time.
    let is_done = newest.iter().any(|run| stands(run) && run.scheduled_for >= latest);
    (!is_done).then_some(latest)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use uuid::Uuid;

    use super::*;
    use crate::ids::{Id, RunId};

    const HOURLY: Schedule = Schedule::Every(3_600);

    fn at(hour: i64, minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hour) + TimeDelta::minutes(minute)
    }

    fn run(scheduled_for: DateTime<Utc>, status: RunStatus) -> Run {
        Run {
            id: RunId::from_uuid(Uuid::nil()),
            job: "job".to_owned(),
            owner_id: "me".to_owned(),
            fencing_token: 1,
            scheduled_for,
            requested_by: None,
            started_at: scheduled_for,
            finished_at: None,
            status,
            items: 0,
            notes: None,
        }
    }

    #[test]
    fn a_job_is_due_once_for_each_time() {
        use RunStatus::{Failed, Running, Succeeded, TimedOut};
        assert_eq!(due(HOURLY, &[], at(5, 20)), Some(at(5, 0)), "one that never ran");
        for status in [Running, Succeeded, Failed, TimedOut] {
            assert_eq!(due(HOURLY, &[run(at(5, 0), status)], at(5, 59)), None, "{status}");
            assert_eq!(due(HOURLY, &[run(at(5, 0), status)], at(6, 0)), Some(at(6, 0)), "{status}");
        }
        let missed = [run(at(5, 0), Succeeded)];
        assert_eq!(due(HOURLY, &missed, at(9, 30)), Some(at(9, 0)), "what was missed is made good once");
        let wish = [run(at(4, 59), Succeeded), run(at(5, 0), Succeeded)];
        assert_eq!(due(HOURLY, &wish, at(5, 1)), None, "one that was asked for hides none of the schedule's");
        let asked = [run(at(5, 17), Succeeded), run(at(5, 0), Succeeded)];
        assert_eq!(due(HOURLY, &asked, at(5, 59)), None);
        assert_eq!(due(HOURLY, &asked, at(6, 1)), Some(at(6, 0)), "one that was asked for changes no time");
        assert_eq!(due(HOURLY, &missed, at(4, 0)), None, "a clock that was set back repeats nothing");
    }

    #[test]
    fn an_abandoned_run_is_repeated_but_not_for_ever() {
        use RunStatus::{Abandoned, Succeeded};
        let done = run(at(4, 0), Succeeded);
        let lost = || run(at(5, 0), Abandoned);
        assert_eq!(due(HOURLY, &[lost()], at(5, 1)), Some(at(5, 0)));
        assert_eq!(due(HOURLY, &[lost(), done.clone()], at(5, 1)), Some(at(5, 0)));
        assert_eq!(due(HOURLY, &[lost(), lost(), done.clone()], at(5, 1)), Some(at(5, 0)));
        assert_eq!(due(HOURLY, &[lost(), lost(), lost()], at(5, 1)), None);
        assert_eq!(due(HOURLY, &[lost(), lost(), lost()], at(6, 0)), Some(at(6, 0)));
        assert_eq!(due(HOURLY, &[lost(), run(at(5, 0), Succeeded)], at(5, 1)), None, "it was done before");
    }
}
