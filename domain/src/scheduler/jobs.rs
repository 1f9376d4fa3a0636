//! The table of jobs. A job takes no input: it reads the state and brings it forward in small batches, and can be run
//! again at any time. To add one, add its entry here and its function below.

mod analysis;
mod audit;
mod backups;
mod challenges;
mod deliveries;
mod letters;
mod market;
mod ranking;
mod runs;
mod sessions;
mod tokens;
mod trading;

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::schedule::Schedule;
use super::term::{JobRun, Stopped};

/// Something that is done again and again.
pub(super) struct Job {
    /// What it is called: never to change, for its runs are kept by it.
    pub(super) name: &'static str,
    /// What it does, in one sentence.
    pub(super) description: &'static str,
    /// When it is due.
    pub(super) schedule: Schedule,
    /// How long a run may take.
    pub(super) timeout: Duration,
    /// Does it once.
    pub(super) run: fn(JobRun) -> BoxFuture<'static, Result<(), Stopped>>,
}

const MINUTE: Duration = Duration::from_secs(60);

/// Every job.
pub(super) const JOBS: &[Job] = &[
    Job {
        name: "delivery_redrive",
        description: "Judges deliveries that were accepted and never judged, such as after a crash.",
        schedule: Schedule::Every(300),
        timeout: MINUTE,
        run: |run| deliveries::redrive(run).boxed(),
    },
    Job {
        name: "delivery_retention",
        description: "Removes judged deliveries that are older than retention.deliveries_days.",
        schedule: Schedule::Every(3_600),
        timeout: Duration::from_secs(600),
        run: |run| deliveries::remove_old(run).boxed(),
    },
    Job {
        name: "signal_generation",
        description: "Judges the newest closed candle of every asset by every strategy and records what says BUY or SELL.",
        schedule: Schedule::Every(900),
        timeout: Duration::from_secs(800),
        run: |run| analysis::generate(run).boxed(),
    },
    Job {
        name: "candle_close_signals",
        description: "The same for those assets of which a candle has closed since it last looked.",
        schedule: Schedule::Every(60),
        timeout: Duration::from_secs(600),
        run: |run| analysis::generate_at_close(run).boxed(),
    },
    Job {
        name: "signal_settlement",
        description: "Judges open signals whose target or stop was touched by a closed candle, or whose horizon ended.",
        schedule: Schedule::Every(300),
        timeout: Duration::from_secs(1_800),
        run: |run| analysis::settle(run).boxed(),
    },
    Job {
        name: "session_retention",
        description: "Removes sessions and used refresh tokens that ran out more than retention.sessions_days ago.",
        schedule: Schedule::Every(3_600),
        timeout: Duration::from_secs(600),
        run: |run| sessions::remove_old(run).boxed(),
    },
    Job {
        name: "token_retention",
        description: "Removes tokens of letters that ran out unused.",
        schedule: Schedule::Every(3_600),
        timeout: Duration::from_secs(600),
        run: |run| tokens::remove_expired(run).boxed(),
    },
    Job {
        name: "letter_retention",
        description: "Removes letters that were sent more than retention.letters_days ago. What could not be sent stays.",
        schedule: Schedule::Every(3_600),
        timeout: Duration::from_secs(600),
        run: |run| letters::remove_old(run).boxed(),
    },
    Job {
        name: "run_retention",
        description: "Removes runs of jobs that are older than retention.runs_days, but for the last that succeeded and a hundred since.",
        schedule: Schedule::Cron("45 2 * * *"),
        timeout: Duration::from_secs(600),
        run: |run| runs::remove_old(run).boxed(),
    },
    Job {
        name: "quote_refresh",
        description: "Asks the sources for the quotes that are due: of assets that are held, watched or were asked for within the hour.",
        schedule: Schedule::Every(15),
        timeout: MINUTE,
        run: |run| market::refresh_quotes(run).boxed(),
    },
    Job {
        name: "candle_refresh",
        description: "Asks the sources for candles that have closed: daily ones of every asset, hourly ones of those that are wanted.",
        schedule: Schedule::Every(300),
        timeout: Duration::from_secs(290),
        run: |run| market::refresh_candles(run).boxed(),
    },
    Job {
        name: "candle_retention",
        description: "Removes candles older than retention.minute_candles_days and retention.hour_candles_days; daily ones stay.",
        schedule: Schedule::Cron("25 2 * * *"),
        timeout: Duration::from_secs(3_600),
        run: |run| market::remove_old(run).boxed(),
    },
    Job {
        name: "calendar_check",
        description: "Looks how long the holidays of every exchange are known for; fails where today's are not.",
        schedule: Schedule::Cron("20 5 * * *"),
        timeout: MINUTE,
        run: |run| market::check_calendars(run).boxed(),
    },
    Job {
        name: "audit_verification",
        description: "Walks the audit chain of every tenant; fails where an entry was changed, removed or moved.",
        schedule: Schedule::Cron("15 3 * * *"),
        timeout: Duration::from_secs(3_600),
        run: |run| audit::verify(run).boxed(),
    },
    Job {
        name: "backup",
        description: "Backs the database up to backup.to and removes outdated backups; does nothing where that is not set.",
        schedule: Schedule::Cron("30 1 * * *"),
        timeout: Duration::from_secs(6 * 3_600),
        run: |run| backups::back_up(run).boxed(),
    },
    Job {
        name: "order_fill",
        description: "Fills pending orders, stops and targets that prices have touched and no process has filled.",
        schedule: Schedule::Every(60),
        timeout: Duration::from_secs(300),
        run: |run| trading::fill_pending(run).boxed(),
    },
    Job {
        name: "equity_note",
        description: "Notes what every paper account with open trades is worth.",
        schedule: Schedule::Every(300),
        timeout: Duration::from_secs(240),
        run: |run| trading::note_equity(run).boxed(),
    },
    Job {
        name: "equity_retention",
        description: "Thins out what was noted of accounts more than 30 days ago to the last of each day.",
        schedule: Schedule::Cron("10 4 * * *"),
        timeout: Duration::from_secs(600),
        run: |run| trading::thin_out_equity(run).boxed(),
    },
    Job {
        name: "ledger_verification",
        description: "Adds up the ledger of every paper account; fails where a balance or a fill does not fit.",
        schedule: Schedule::Cron("30 3 * * *"),
        timeout: Duration::from_secs(3_600),
        run: |run| trading::verify_ledgers(run).boxed(),
    },
    Job {
        name: "challenge_days",
        description: "Begins the day of running challenges whose midnight has passed, ends those whose days are over, and closes what they left open.",
        schedule: Schedule::Every(60),
        timeout: Duration::from_secs(300),
        run: |run| challenges::begin_days(run).boxed(),
    },
    Job {
        name: "challenge_judging",
        description: "Judges every running challenge at the prices of now.",
        schedule: Schedule::Every(3_600),
        timeout: Duration::from_secs(1_800),
        run: |run| challenges::judge_all(run).boxed(),
    },
    Job {
        name: "evidence_verification",
        description: "Judges every challenge again by its evidence; fails where a row was changed, removed or judged otherwise.",
        schedule: Schedule::Cron("45 3 * * *"),
        timeout: Duration::from_secs(3_600),
        run: |run| challenges::verify_evidence(run).boxed(),
    },
    Job {
        name: "ranking_update",
        description: "Ranks every trader anew of whom an order was filled or an account ended since it last looked.",
        schedule: Schedule::Every(15),
        timeout: Duration::from_secs(300),
        run: |run| ranking::update(run).boxed(),
    },
    Job {
        name: "ranking_check",
        description: "Ranks everybody anew and notes the ten best; fails where a ranking was other than the trades say, and mends it.",
        schedule: Schedule::Every(3_600),
        timeout: Duration::from_secs(1_800),
        run: |run| ranking::check(run).boxed(),
    },
];

/// The job of this name.
pub(super) fn named(name: &str) -> Option<&'static Job> {
    JOBS.iter().find(|job| job.name == name)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;

    #[test]
    fn every_job_is_due_some_day_and_has_a_name_of_its_own() {
        let day = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        for job in JOBS {
            let (latest, next) = (job.schedule.latest(day).unwrap(), job.schedule.next(day).unwrap());
            assert!(latest <= day && day < next && next - latest <= TimeDelta::days(31), "{}", job.name);
            assert!(job.name.len() <= 60 && job.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
            assert!(job.description.ends_with('.') && job.timeout >= MINUTE, "{}", job.name);
            assert_eq!(JOBS.iter().filter(|other| other.name == job.name).count(), 1, "{}", job.name);
        }
    }
}
