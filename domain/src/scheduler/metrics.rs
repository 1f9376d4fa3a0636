//! What is measured of the lock and the jobs.

use std::time::Duration;

use super::jobs::JOBS;
use super::run::{self, RunStatus};
use crate::Domain;
use crate::error::Result;

/// Says what the metrics of the scheduler are.
pub(crate) fn describe() {
    use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
    describe_gauge!("bellwether_scheduler_lock_held", "1 while this instance holds the scheduler's lock, else 0");
    // Told also by an instance that takes no part: where none does, that is what the alarm sees.
    lock_held(false);
    describe_counter!("bellwether_job_runs_total", "Runs of jobs in this instance, by job and how they ended");
    describe_histogram!("bellwether_job_duration_seconds", Unit::Seconds, "From a run's start to its end, by job");
    describe_gauge!("bellwether_job_failures_in_a_row", "Runs that did not succeed since the last one that did");
    describe_gauge!(
        "bellwether_job_last_success_timestamp_seconds",
        Unit::Seconds,
        "When the job last succeeded, since 1970; 0 for never"
    );
}

pub(super) fn lock_held(is_held: bool) {
    metrics::gauge!("bellwether_scheduler_lock_held").set(f64::from(u8::from(is_held)));
}

pub(super) fn ran(job: &'static str, status: RunStatus, took: Duration) {
    metrics::counter!("bellwether_job_runs_total", "job" => job, "status" => status.as_str()).increment(1);
    metrics::histogram!("bellwether_job_duration_seconds", "job" => job).record(took.as_secs_f64());
}

/// Brings the gauges of every job to what the runs say, whichever instance ran them: one that has lost the lock would
/// tell of its own last runs for ever.
pub(crate) async fn refresh_all(domain: &Domain) -> Result<()> {
    for job in JOBS {
        refresh(domain, job.name).await?;
    }
    Ok(())
}

/// Brings the gauges of a job to what its runs say; how many have failed in a row.
pub(super) async fn refresh(domain: &Domain, job: &'static str) -> Result<u64> {
    let reader = domain.db().reader();
    let success = run::last_success(reader, job).await?;
    let failures = run::failures_since(reader, job, success.as_ref().map(|run| run.id)).await?;
    let at = success.and_then(|run| run.finished_at).map_or(0, |at| at.timestamp());
    metrics::gauge!("bellwether_job_failures_in_a_row", "job" => job).set(failures as f64);
    metrics::gauge!("bellwether_job_last_success_timestamp_seconds", "job" => job).set(at as f64);
    Ok(failures)
}
