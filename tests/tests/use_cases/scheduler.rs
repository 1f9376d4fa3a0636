//! The scheduler: the lock's statements, what jobs do, and what the owner can do about them.

mod retention;
mod runs;

use std::time::Duration;

use bellwether_domain::paging::PageArgs;
use bellwether_domain::permission::Role;
use bellwether_domain::scheduler::{JobStatus, Run, RunFilter, RunStatus, SchedulerSettings};
use bellwether_domain::signals::Compare;
use bellwether_domain::viewer::ClientInfo;
use bellwether_domain::{Domain, Error, ProblemCode, Viewer};
use bellwether_tests::app::{domain_on, test_config};
use bellwether_tests::{Backend, PATIENCE, TestDomain, both_databases, far_from_the_hour};
use futures_util::StreamExt;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;
use sea_orm::{ConnectionTrait, Statement};
use tokio_util::sync::{CancellationToken, DropGuard};

/// So long that the time a test takes is nothing to it.
const HOUR: Duration = Duration::from_secs(3_600);

/// Runs the jobs until it is dropped.
pub fn scheduling(domain: &Domain, owner: &str) -> DropGuard {
    let shutdown = CancellationToken::new();
    let settings = SchedulerSettings { owner: owner.to_owned(), ttl: HOUR, heartbeat: HOUR / 3 };
    tokio::spawn(domain.clone().run_scheduler(settings, shutdown.clone()));
    shutdown.drop_guard()
}

async fn execute(app: &TestDomain, sqlite: &str, postgres: &str) -> u64 {
    let statement = if app.database.backend == Backend::Sqlite { sqlite } else { postgres };
    app.domain.db().writer().execute_unprepared(statement).await.unwrap().rows_affected()
}

async fn count(app: &TestDomain, from: &str) -> i64 {
    let db = app.domain.db();
    let query = Statement::from_string(db.backend(), format!("SELECT count(*) AS n FROM {from}"));
    db.reader().query_one_raw(query).await.unwrap().unwrap().try_get("", "n").unwrap()
}

/// Asks again and again until there is an answer.
async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            match ask().await {
                Some(answer) => return answer,
                None => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("it never came that {what}"))
}

async fn job(app: &TestDomain, owner: &Viewer, name: &str) -> JobStatus {
    let jobs = app.domain.scheduler_status(owner).await.unwrap().jobs;
    jobs.into_iter().find(|job| job.name == name).unwrap()
}

/// The runs of a job, newest first.
async fn runs(app: &TestDomain, owner: &Viewer, name: &str) -> Vec<Run> {
    let filter = RunFilter { job: Some(Compare::equal(name.to_owned())), ..RunFilter::default() };
    app.domain.runs_page(owner, &filter, &PageArgs::default()).await.unwrap().items
}

/// Asks for a run and waits for its end.
pub async fn run(app: &TestDomain, owner: &Viewer, name: &str) -> Run {
    let asked_for = async || runs(app, owner, name).await.into_iter().find(|run| run.requested_by.is_some());
    let before = asked_for().await.map(|run| run.id);
    app.domain.run_job(owner, name, &ClientInfo::default()).await.unwrap();
    until("the run is over", async || {
        let newest = asked_for().await.filter(|run| Some(run.id) != before)?;
        let is_over = newest.finished_at.is_some() && job(app, owner, name).await.requested_at.is_none();
        is_over.then_some(newest)
    })
    .await
}

/// Waits until each of so many jobs has a run that is over; those that are due again may have another by then.
async fn every_job_has_run(app: &TestDomain, jobs: i64) {
    let done = "(SELECT DISTINCT job FROM scheduler_run WHERE finished_at IS NOT NULL) AS done";
    until("every job has run", async || (count(app, done).await == jobs).then_some(())).await;
}

/// The lock as the statements are meant to keep it.
#[derive(Default)]
struct Model {
    owner: Option<usize>,
    token: i64,
    is_live: bool,
}

impl Model {
    fn holds(&self, owner: usize, token: i64) -> bool {
        self.is_live && self.owner == Some(owner) && self.token == token
    }
}

async fn expire(app: &TestDomain) {
    execute(
        app,
        "UPDATE scheduler_lock SET expires_at = strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now', '-1 seconds')",
        "UPDATE scheduler_lock SET expires_at = clock_timestamp() - interval '1 second'",
    )
    .await;
}

both_databases! {
    /// Three instances ask in any order, for what is theirs and what is not; the statements answer as the model does
    /// whose safety `domain/src/scheduler/lease/tests.rs` searches.
    async fn the_statements_keep_the_lock_as_the_model_does(app: TestDomain) {
        let owner = app.viewer("a", Role::Owner).await;
        let names = ["one", "two", "three"];
        let mut random = ChaCha20Rng::seed_from_u64(11);
        let (mut model, mut granted, mut refused) = (Model::default(), 0, 0);
        for step in 0..400 {
            let who = random.random_range(0..names.len());
            // Mostly the present token, sometimes an old one or none that ever was.
            let token = (model.token - i64::from(random.random_range(0..8_u32) / 6)).max(0);
            let (expected, answered) = match random.next_u32() % 12 {
                0..4 => {
                    let expected = !model.is_live;
                    let grant = app.domain.acquire_scheduler_lock(names[who], HOUR).await.unwrap();
                    if expected {
                        assert_eq!(grant.as_ref().map(|grant| grant.token), Some(model.token + 1), "step {step}");
                        let before = model.owner.map(|before| names[before]);
                        assert_eq!(grant.as_ref().and_then(|grant| grant.taken_from.as_deref()), before, "step {step}");
                        model = Model { owner: Some(who), token: model.token + 1, is_live: true };
                    }
                    (expected, grant.is_some())
                }
                4..8 => {
                    let expected = model.holds(who, token);
                    (expected, app.domain.renew_scheduler_lock(names[who], token, HOUR).await.unwrap())
                }
                8 => {
                    let expected = model.holds(who, token);
                    if expected {
                        model = Model { owner: None, is_live: false, ..model };
                    }
                    (expected, app.domain.release_scheduler_lock(names[who], token).await.unwrap())
                }
                9 => {
                    let expected = model.is_live && model.token == token;
                    if expected {
                        model = Model { owner: None, token: model.token + 1, is_live: false };
                    }
                    let broken = app.domain.break_scheduler_lock(&owner, token, &ClientInfo::default()).await;
                    assert!(broken.as_ref().is_ok_and(|lock| lock.held.is_none()) || broken.is_err());
                    (expected, broken.is_ok())
                }
                _ => {
                    expire(&app).await;
                    model.is_live = false;
                    (true, true)
                }
            };
            assert_eq!(answered, expected, "step {step}: {} asked with token {token}", names[who]);
            granted += u32::from(expected);
            refused += u32::from(!expected);
        }
        assert!(granted > 100 && refused > 100, "{granted} {refused}");
    }

    /// Twenty instances ask for a free lock at once: one has it.
    async fn a_free_lock_is_granted_to_one(app: TestDomain) {
        for round in 1..=5 {
            let asking = (0..20).map(|number| {
                let domain = app.domain.clone();
                tokio::spawn(async move {
                    // On a busy PostgreSQL one may lose to the others again and again: it is told so, not granted.
                    domain.acquire_scheduler_lock(&format!("instance {number}"), HOUR).await.ok().flatten()
                })
            });
            let grants = futures_util::future::join_all(asking).await;
            let grants: Vec<_> = grants.into_iter().filter_map(|grant| grant.unwrap()).collect();
            assert_eq!(grants.iter().map(|grant| grant.token).collect::<Vec<_>>(), [round]);
            expire(&app).await;
        }
    }

    async fn a_first_start_runs_every_job_once(app: TestDomain) {
        let owner = app.viewer("a", Role::Owner).await;
        let before = app.domain.scheduler_status(&owner).await.unwrap();
        assert!(before.lock.is_none());
        assert!(before.jobs.iter().all(|job| job.last_run.is_none() && job.next_due_at.is_some()), "{before:?}");
        let _scheduling = scheduling(&app.domain, "one");
        let status = until("every job has run", async || {
            let status = app.domain.scheduler_status(&owner).await.unwrap();
            status.jobs.iter().all(|job| job.last_succeeded_at.is_some()).then_some(status)
        })
        .await;
        let lock = status.lock.unwrap();
        assert_eq!((lock.fencing_token, lock.held.as_ref().map(|held| held.owner.as_str())), (1, Some("one")));
        for job in status.jobs {
            // Those that are due every minute may be at it again by now: the first run is the oldest.
            let run = runs(&app, &owner, job.name).await.pop().unwrap();
            assert_eq!((run.status, run.owner_id.as_str(), run.fencing_token), (RunStatus::Succeeded, "one", 1));
            assert!(run.requested_by.is_none() && job.failures_in_a_row == 0, "{run:?}");
            assert!(job.next_due_at.unwrap() > run.started_at, "{run:?}");
        }
        let twice = "(SELECT job FROM scheduler_run GROUP BY job, scheduled_for HAVING count(*) > 1) AS twice";
        assert_eq!(count(&app, twice).await, 0, "none twice for one time");
    }

    /// What was missed while nobody was there is made good once; what was done is not done again.
    async fn a_restart_neither_skips_nor_repeats(app: TestDomain) {
        far_from_the_hour().await;
        let owner = app.viewer("a", Role::Owner).await;
        let first = scheduling(&app.domain, "one");
        let jobs = status_jobs(&app, &owner).await;
        every_job_has_run(&app, jobs).await;
        drop(first);
        until("the lock is given back", async || {
            app.domain.scheduler_status(&owner).await.unwrap().lock.unwrap().held.is_none().then_some(())
        })
        .await;
        // As if the hourly sessions had last been looked after days ago.
        let missed = execute(
            &app,
            "UPDATE scheduler_run SET scheduled_for = '2026-01-01T00:00:00+00:00' WHERE job = 'session_retention'",
            "UPDATE scheduler_run SET scheduled_for = '2026-01-01T00:00:00Z' WHERE job = 'session_retention'",
        );
        assert_eq!(missed.await, 1);
        let _second = scheduling(&app.domain, "two");
        until("what was missed is done", async || {
            let newest = runs(&app, &owner, "session_retention").await;
            newest.first().is_some_and(|run| run.owner_id == "two" && run.finished_at.is_some()).then_some(())
        })
        .await;
        run(&app, &owner, "audit_verification").await;
        assert_eq!(runs(&app, &owner, "session_retention").await.len(), 2, "once, however many hours were missed");
        assert_eq!(runs(&app, &owner, "delivery_retention").await.len(), 1, "what was done this hour is not done again");
    }

    async fn a_job_that_rests_runs_only_when_it_is_asked_to(app: TestDomain) {
        far_from_the_hour().await;
        let (owner, nobody) = (app.viewer("a", Role::Owner).await, ClientInfo::default());
        let audited = |action: &str| format!("audit_log WHERE action = '{action}'");
        let paused = app.domain.pause_job(&owner, "session_retention", &nobody).await.unwrap();
        assert!(paused.paused_at.is_some() && paused.next_due_at.is_none(), "{paused:?}");
        let again = app.domain.pause_job(&owner, "session_retention", &nobody).await.unwrap();
        assert_eq!(again.paused_at, paused.paused_at);
        assert_eq!(count(&app, &audited("JOB_PAUSED")).await, 1, "what changes nothing is no news");

        let _scheduling = scheduling(&app.domain, "one");
        until("the others have run", async || {
            let status = app.domain.scheduler_status(&owner).await.unwrap();
            let others = status.jobs.iter().filter(|job| job.name != "session_retention");
            others.into_iter().all(|job| job.last_succeeded_at.is_some()).then_some(())
        })
        .await;
        assert!(job(&app, &owner, "session_retention").await.last_run.is_none());
        let asked = run(&app, &owner, "session_retention").await;
        assert_eq!((asked.status, asked.requested_by), (RunStatus::Succeeded, Some(app.user("a", Role::Owner))));
        assert_eq!(count(&app, &audited("JOB_RUN_REQUESTED")).await, 1);

        // Due again, and left alone.
        execute(
            &app,
            "UPDATE scheduler_run SET scheduled_for = '2026-01-01T00:00:00+00:00' WHERE job = 'session_retention'",
            "UPDATE scheduler_run SET scheduled_for = '2026-01-01T00:00:00Z' WHERE job = 'session_retention'",
        )
        .await;
        run(&app, &owner, "audit_verification").await;
        assert_eq!(runs(&app, &owner, "session_retention").await.len(), 1);
        app.domain.resume_job(&owner, "session_retention", &nobody).await.unwrap();
        until("it runs again by itself", async || {
            let newest = runs(&app, &owner, "session_retention").await;
            (newest.len() == 2 && newest[0].requested_by.is_none() && newest[0].finished_at.is_some()).then_some(())
        })
        .await;
        assert_eq!(count(&app, &audited("JOB_RESUMED")).await, 1);
        let unknown = app.domain.run_job(&owner, "sesion_retention", &nobody).await;
        let Err(Error::Problems(problems)) = unknown else { panic!("{unknown:?}") };
        assert_eq!((problems[0].code, problems[0].path.as_slice()), (ProblemCode::NotFound, &["input".to_owned(), "job".to_owned()][..]));
        assert!(problems[0].message.contains("session_retention"), "{problems:?}");
        for nothing_like_it in ["", "x", "every job", "💥"] {
            let unknown = app.domain.pause_job(&owner, nothing_like_it, &nobody).await;
            let Err(Error::Problems(problems)) = unknown else { panic!("{unknown:?}") };
            assert_eq!(problems[0].message, "there is no such job: schedulerStatus lists them", "{nothing_like_it}");
        }
    }

    /// A broken audit chain is found, told, counted, and keeps nothing else from being done.
    async fn a_job_that_fails_stops_no_other(app: TestDomain) {
        far_from_the_hour().await;
        let owner = app.viewer("a", Role::Owner).await;
        app.viewer("b", Role::Trader).await;
        let broken = "UPDATE audit_log SET details = '{\"role\":\"OWNER\"}' WHERE sequence = 2";
        assert_eq!(execute(&app, broken, broken).await, 2, "in both tenants");
        let _scheduling = scheduling(&app.domain, "one");
        until("it has failed by itself", async || (job(&app, &owner, "audit_verification").await.failures_in_a_row == 1).then_some(())).await;
        for failures in 2..=3 {
            let failed = run(&app, &owner, "audit_verification").await;
            assert_eq!(failed.status, RunStatus::Failed);
            assert_eq!(failed.notes.as_deref(), Some("the audit chain is broken: a at entry 2, b at entry 2"));
            assert_eq!(failed.items, 2);
            assert_eq!(job(&app, &owner, "audit_verification").await.failures_in_a_row, failures);
        }
        assert_eq!(run(&app, &owner, "run_retention").await.status, RunStatus::Succeeded);
        assert!(job(&app, &owner, "audit_verification").await.last_succeeded_at.is_none());
    }

    /// The holder notices, stops, and may take the lock again like any other.
    async fn a_broken_lock_ends_the_term_of_its_holder(app: TestDomain) {
        let (owner, nobody) = (app.viewer("a", Role::Owner).await, ClientInfo::default());
        let held = async |token: i64| {
            let lock = app.domain.scheduler_status(&owner).await.unwrap().lock?;
            (lock.held.is_some() && lock.fencing_token == token).then_some(())
        };
        let _scheduling = scheduling(&app.domain, "one");
        until("the lock is held", async || held(1).await).await;
        let broken = app.domain.break_scheduler_lock(&owner, 1, &nobody).await.unwrap();
        assert_eq!((broken.fencing_token, broken.held), (2, None));
        assert!(!app.domain.renew_scheduler_lock("one", 1, HOUR).await.unwrap());
        // Its heartbeat is twenty minutes away.
        until("the term is over and the next has begun", async || held(3).await).await;
        assert_eq!(run(&app, &owner, "audit_verification").await.fencing_token, 3);
        let again = app.domain.break_scheduler_lock(&owner, 1, &nobody).await;
        let Err(Error::Problems(problems)) = again else { panic!("{again:?}") };
        assert_eq!(problems[0].code, ProblemCode::Conflict);
        assert_eq!(count(&app, "audit_log WHERE action = 'SCHEDULER_LOCK_BROKEN'").await, 1);
    }

    /// A run is told to whoever follows, also in another process.
    async fn finished_runs_are_followed_across_processes(app: TestDomain) {
        let owner = app.viewer("a", Role::Owner).await;
        let other = domain_on(&app.database, test_config(), app.clock.clone(), &app.mail).await;
        tokio::spawn(other.clone().run_scheduler_feed());
        let _scheduling = scheduling(&app.domain, "one");
        run(&app, &owner, "audit_verification").await;
        let mut followed = Box::pin(other.follow_runs(&owner).await.unwrap());
        let asked = run(&app, &owner, "audit_verification").await;
        let told = tokio::time::timeout(PATIENCE, async {
            loop {
                let told = followed.next().await.unwrap().unwrap();
                assert!(told.finished_at.is_some(), "{told:?}");
                if told.id == asked.id {
                    return told;
                }
            }
        });
        assert_eq!(*told.await.expect("nothing was told"), asked);
        let refused = other.follow_runs(&app.viewer("a", Role::Admin).await).await;
        assert!(matches!(refused.map(drop), Err(Error::Fault(_))));
    }
}

async fn status_jobs(app: &TestDomain, owner: &Viewer) -> i64 {
    app.domain.scheduler_status(owner).await.unwrap().jobs.len() as i64
}
