//! Every way that a run can end, with jobs made for it.

use std::sync::Arc;

use bellwether_migrations::Migrator;
use futures_util::future::BoxFuture;
use sea_orm_migration::MigratorTrait;
use secrecy::ExposeSecret;

use super::*;
use crate::backup::NoBackups;
use crate::clock::SystemClock;
use crate::db::{Db, DbConfig};
use crate::entropy::Entropy;
use crate::error::{Fault, Problem};
use crate::identity::{PasswordCost, SigningKeys};
use crate::mail::{Letter, MailError, Mailer};
use crate::scheduler::schedule::Schedule;
use crate::signals::{Alert, AlertReader};
use crate::{Domain, DomainConfig, Ports};

struct NoAlerts;

impl AlertReader for NoAlerts {
    fn read(&self, _: &[u8]) -> Result<Alert, String> {
        Err("there are none".to_owned())
    }
}

struct NoMail;

#[async_trait::async_trait]
impl Mailer for NoMail {
    async fn send(&self, _: &Letter) -> Result<(), MailError> {
        Ok(())
    }
}

const TTL: Duration = Duration::from_secs(3_600);

async fn domain(folder: &tempfile::TempDir) -> Domain {
    let db = Db::connect(&DbConfig::new(format!("sqlite://{}", folder.path().join("a.db").display()))).await.unwrap();
    Migrator::up(db.writer(), None).await.unwrap();
    let entropy = Entropy::from_seed(5);
    let keys = SigningKeys::from_jwks(SigningKeys::generate(&entropy).expose_secret()).unwrap();
    let ports = Ports {
        clock: Arc::new(SystemClock),
        entropy,
        keys,
        alerts: Arc::new(NoAlerts),
        mailer: Arc::new(NoMail),
        backups: Arc::new(NoBackups),
        market_sources: Vec::new(),
        model: None,
    };
    let password_cost = PasswordCost { memory_kib: 8, iterations: 1, parallelism: 1 };
    Domain::new(db, DomainConfig { password_cost, ..DomainConfig::default() }, ports).unwrap()
}

async fn term(domain: &Domain) -> Term {
    let grant = domain.acquire_scheduler_lock("me", TTL).await.unwrap().unwrap();
    Term { domain: domain.clone(), owner: "me".into(), token: grant.token }
}

const fn job(name: &'static str, run: fn(JobRun) -> BoxFuture<'static, Result<(), Stopped>>) -> Job {
    let (schedule, timeout) = (Schedule::Every(3_600), Duration::from_millis(200));
    Job { name, description: "For tests.", schedule, timeout, run }
}

static GOOD: Job = job("good", |run| {
    Box::pin(async move {
        run.moved(3);
        Ok(())
    })
});
static HANGING: Job = job("hanging", |run| {
    Box::pin(async move {
        run.moved(2);
        std::future::pending().await
    })
});
static PANICKING: Job = job("panicking", |_| Box::pin(async { panic!("a wall") }));
static FAILING: Job = job("failing", |_| {
    Box::pin(async {
        let long = format!("a\nb{}", "ü".repeat(600));
        Err(Stopped::Failed(Problem::validation(&[], long).into()))
    })
});
static SECRETIVE: Job = job("secretive", |_| {
    Box::pin(async {
        let error = sea_orm::DbErr::Custom("SELECT password FROM users".to_owned());
        Err(Stopped::Failed(Fault::Database(error).into()))
    })
});

async fn ran(term: &Term, job: &'static Job) -> run::Model {
    let scheduled_for = lock::database_time(term.domain.db().reader()).await.unwrap();
    run_once(term, &Occasion { job, scheduled_for, requested_by: None }).await;
    run::newest(term.domain.db().reader(), job.name, 1).await.unwrap().remove(0)
}

#[tokio::test]
async fn every_end_of_a_run_is_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let domain = domain(&folder).await;
    let term = term(&domain).await;
    for (job, status, items, notes) in [
        (&GOOD, RunStatus::Succeeded, 3, None),
        (&HANGING, RunStatus::TimedOut, 2, Some("it took longer than 0 s")),
        (&PANICKING, RunStatus::Failed, 0, Some("it panicked: a wall")),
        (&SECRETIVE, RunStatus::Failed, 0, Some("the database refused a statement")),
    ] {
        let run = ran(&term, job).await;
        assert_eq!((run.status, run.items, run.notes.as_deref()), (status, items, notes), "{}", job.name);
        assert_eq!((run.owner_id.as_str(), run.fencing_token), ("me", term.token));
        assert!(run.finished_at.is_some_and(|at| at >= run.started_at), "{run:?}");
    }
    let notes = ran(&term, &FAILING).await.notes.unwrap();
    assert_eq!((notes.chars().count(), notes.starts_with("abü")), (500, true), "{notes}");
}

#[tokio::test]
async fn failures_are_counted_until_a_run_succeeds() {
    let folder = tempfile::tempdir().unwrap();
    let domain = domain(&folder).await;
    let term = term(&domain).await;
    for failures in 1..=4 {
        ran(&term, &PANICKING).await;
        assert_eq!(metrics::refresh(&domain, PANICKING.name).await.unwrap(), failures);
    }
    assert_eq!(metrics::refresh(&domain, GOOD.name).await.unwrap(), 0);
    static MENDED: Job = job("panicking", |_| Box::pin(async { Ok(()) }));
    ran(&term, &MENDED).await;
    assert_eq!(metrics::refresh(&domain, PANICKING.name).await.unwrap(), 0);
}

/// Whoever comes back after its term changes nothing: neither by its job nor by the record of it.
#[tokio::test]
async fn a_run_of_an_old_term_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let domain = domain(&folder).await;
    let old = term(&domain).await;
    let reader = domain.db().reader();
    let scheduled_for = lock::database_time(reader).await.unwrap();
    let occasion = Occasion { job: &GOOD, scheduled_for, requested_by: None };
    let id = begin(&old, &occasion).await.unwrap();
    let expired = "UPDATE scheduler_lock SET expires_at = '2020-01-01T00:00:00.000+00:00'";
    sea_orm::ConnectionTrait::execute_unprepared(domain.db().writer(), expired).await.unwrap();
    let grant = domain.acquire_scheduler_lock("other", TTL).await.unwrap().unwrap();
    assert_eq!((grant.token, grant.taken_from.as_deref(), grant.abandoned), (old.token + 1, Some("me"), 1));

    let before = run::newest(reader, GOOD.name, 10).await.unwrap();
    assert_eq!((before.len(), before[0].id, before[0].status), (1, id, RunStatus::Abandoned));
    let over = finish(&old, &occasion, id, RunStatus::Succeeded, 1, None).await;
    assert!(matches!(over, Err(Stopped::TermOver)), "{over:?}");
    assert!(matches!(begin(&old, &occasion).await, Err(Stopped::TermOver)));
    let written = JobRun::new(old).write(|tx| Box::pin(async move { abandon(tx, None, "by an old term").await })).await;
    assert!(matches!(written, Err(Stopped::TermOver)));
    assert_eq!(run::newest(reader, GOOD.name, 10).await.unwrap(), before);
}

/// Should two ever believe to hold the lock, the table itself lets one of them run a job.
#[tokio::test]
async fn a_time_that_a_job_is_due_at_is_run_once() {
    let folder = tempfile::tempdir().unwrap();
    let domain = domain(&folder).await;
    let term = term(&domain).await;
    let run = ran(&term, &GOOD).await;
    let again = Occasion { job: &GOOD, scheduled_for: run.scheduled_for, requested_by: None };
    assert!(begin(&term, &again).await.is_err());
    let other =
        Occasion { job: &GOOD, scheduled_for: run.scheduled_for + chrono::TimeDelta::hours(1), requested_by: None };
    begin(&term, &other).await.unwrap();
    let third =
        Occasion { job: &GOOD, scheduled_for: run.scheduled_for + chrono::TimeDelta::hours(2), requested_by: None };
    assert!(begin(&term, &third).await.is_err(), "one is under way");
}
