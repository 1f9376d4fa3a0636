//! Reading the runs: which, in which order, page by page.

use bellwether_domain::paging::PageArgs;
use bellwether_domain::permission::Role;
use bellwether_domain::scheduler::{Run, RunFilter, RunKey, RunStatus};
use bellwether_domain::signals::Compare;
use bellwether_domain::{Error, Viewer, paging};
use bellwether_tests::{TestDomain, both_databases};
use chrono::{DateTime, Utc};

use super::execute;

/// Runs of the past: a job, a minute and how it ended.
const RUNS: [(&str, u32, &str); 7] = [
    ("backup", 1, "SUCCEEDED"),
    ("order_fill", 2, "FAILED"),
    ("backup", 3, "FAILED"),
    ("order_fill", 4, "TIMED_OUT"),
    ("backup", 5, "ABANDONED"),
    ("backup", 6, "SUCCEEDED"),
    ("equity_note", 7, "RUNNING"),
];

fn at(minute: u32) -> DateTime<Utc> {
    format!("2026-01-05T10:{minute:02}:00Z").parse().unwrap()
}

async fn record(app: &TestDomain) {
    for (job, minute, status) in RUNS {
        // Ids sort by when a run began.
        let id = format!("{:012x}70008000000000000000", at(minute).timestamp_millis());
        let finished =
            if status == "RUNNING" { "NULL".to_owned() } else { format!("'2026-01-05T10:{minute:02}:30+00:00'") };
        let row = |id: &str| {
            format!(
                "INSERT INTO scheduler_run (id, job, owner_id, fencing_token, scheduled_for, started_at, finished_at, status) \
                 VALUES ({id}, '{job}', 'one', 1, '2026-01-05T10:{minute:02}:00+00:00', '2026-01-05T10:{minute:02}:00+00:00', \
                 {finished}, '{status}')"
            )
        };
        assert_eq!(execute(app, &row(&format!("X'{id}'")), &row(&format!("'{id}'"))).await, 1);
    }
}

/// The minutes of the runs that a filter finds, and how many it says that there are.
async fn found(app: &TestDomain, owner: &Viewer, filter: &RunFilter) -> (Vec<i64>, u64) {
    let page = app.domain.runs_page(owner, filter, &PageArgs::default()).await.unwrap();
    let total = app.domain.count_runs(owner, filter).await.unwrap();
    (page.items.iter().map(minute).collect(), total)
}

fn minute(run: &Run) -> i64 {
    (run.started_at - at(0)).num_minutes()
}

both_databases! {
    async fn runs_are_found_by_job_status_and_time(app: TestDomain) {
        let owner = app.viewer("a", Role::Owner).await;
        record(&app).await;
        let job = |jobs: &[&str]| Some(Compare { one_of: Some(jobs.iter().map(|&job| job.to_owned()).collect()), ..Compare::default() });
        let status = |statuses: &[RunStatus]| Some(Compare { one_of: Some(statuses.to_vec()), ..Compare::default() });
        let none = RunFilter::default();
        for (filter, minutes) in [
            (none.clone(), &[7, 6, 5, 4, 3, 2, 1][..]),
            (RunFilter { job: Some(Compare::equal("backup".to_owned())), ..none.clone() }, &[6, 5, 3, 1]),
            (RunFilter { job: job(&["equity_note", "order_fill"]), ..none.clone() }, &[7, 4, 2]),
            (RunFilter { job: job(&["no_such_job"]), ..none.clone() }, &[]),
            (RunFilter { status: Some(Compare::equal(RunStatus::Running)), ..none.clone() }, &[7]),
            (RunFilter { status: status(&[RunStatus::Failed, RunStatus::TimedOut]), ..none.clone() }, &[4, 3, 2]),
            (RunFilter { status: Some(Compare::equal(RunStatus::Abandoned)), ..none.clone() }, &[5]),
            (RunFilter { started_at: Some(Compare { gte: Some(at(3)), lt: Some(at(6)), ..Compare::default() }), ..none.clone() }, &[5, 4, 3]),
            (RunFilter { started_at: Some(Compare { gt: Some(at(3)), lte: Some(at(6)), ..Compare::default() }), ..none.clone() }, &[6, 5, 4]),
            (RunFilter { started_at: Some(Compare { gte: Some(at(6)), lt: Some(at(3)), ..Compare::default() }), ..none.clone() }, &[]),
            (
                RunFilter {
                    job: Some(Compare::equal("backup".to_owned())),
                    status: Some(Compare::equal(RunStatus::Succeeded)),
                    started_at: Some(Compare { gt: Some(at(1)), ..Compare::default() }),
                },
                &[6],
            ),
        ] {
            assert_eq!(found(&app, &owner, &filter).await, (minutes.to_vec(), minutes.len() as u64), "{filter:?}");
        }
    }

    async fn runs_are_read_page_by_page(app: TestDomain) {
        let owner = app.viewer("a", Role::Owner).await;
        record(&app).await;
        let filter = RunFilter { job: Some(Compare::equal("backup".to_owned())), ..RunFilter::default() };
        let (mut after, mut read) = (None, Vec::new());
        for is_last in [false, true] {
            let args = PageArgs { first: Some(2), after, ..PageArgs::default() };
            let page = app.domain.runs_page(&owner, &filter, &args).await.unwrap();
            assert_eq!((page.items.len(), page.has_next), (2, !is_last));
            read.extend(page.items.iter().map(minute));
            after = page.items.last().map(|run| paging::encode_cursor(RunKey::ORDER, &RunKey(run.id)));
        }
        assert_eq!(read, [6, 5, 3, 1]);
        for args in [
            PageArgs { first: Some(101), ..PageArgs::default() },
            PageArgs { first: Some(-1), ..PageArgs::default() },
            PageArgs { after: Some("nonsense".to_owned()), ..PageArgs::default() },
        ] {
            let refused = app.domain.runs_page(&owner, &filter, &args).await;
            assert!(matches!(refused, Err(Error::Problems(_))), "{args:?}");
        }
        for role in [Role::Admin, Role::Support, Role::Seller, Role::Trader] {
            let viewer = app.viewer("a", role).await;
            assert!(app.domain.runs_page(&viewer, &filter, &PageArgs::default()).await.is_err(), "{role:?}");
            assert!(app.domain.count_runs(&viewer, &filter).await.is_err(), "{role:?}");
        }
    }
}
