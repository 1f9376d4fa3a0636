//! The scheduler under everything that can happen to its holder and its database.

mod clocks;
mod full_disk;
mod outage;
mod takeover;
mod told;

use std::time::Duration;

use bellwether_tests::{Backend, Client, PATIENCE};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::place::{PASSWORD, Place};
use crate::server::{Server, until};

/// The lease in most tests: long enough for a busy machine to renew it in time.
const TTL: Duration = Duration::from_secs(6);

/// An installation with a short lease.
fn brisk(place: Place) -> Place {
    let place = place.with("SCHEDULER__TTL_SECONDS", "6").with("SCHEDULER__HEARTBEAT_SECONDS", "2");
    place.with("LOG__LEVEL", "info,bellwether_domain::scheduler=debug").founded()
}

/// The owner, signed in.
async fn owner(server: &Server) -> Client {
    server.sign_in("owner@acme.test", PASSWORD).await
}

/// The lines of a server's log with this message.
fn said(server: &Server, message: &str) -> Vec<Value> {
    server.lines().filter(|line| line["message"] == message).collect()
}

/// Waits until a server has said this so many times; the line that did.
async fn hear(server: &Server, message: &str, times: usize) -> Value {
    until(PATIENCE, message, async || said(server, message).into_iter().nth(times - 1)).await
}

/// Waits until a server leads: its token.
async fn leads(server: &Server, message: &str) -> i64 {
    hear(server, message, 1).await["token"].as_i64().unwrap()
}

/// Waits until every job has run as after a first start and none is under way, so that a run of `session_retention` that
/// is seen later is the one that was asked for.
async fn settled(place: &Place) {
    until(PATIENCE, "every job has run", async || {
        let runs = runs(place).await;
        let has_run =
            runs.iter().any(|run| (run.job.as_str(), run.status.as_str()) == ("session_retention", "SUCCEEDED"));
        (has_run && runs.iter().all(|run| run.status != "RUNNING")).then_some(())
    })
    .await;
}

/// Asks for a run; fails unless it is taken.
async fn ask_for(client: &Client, job: &str) {
    let query = "mutation ($job: String!) { runJob(input: {job: $job}) { job { name } userErrors { message } } }";
    let data = client.data(query, json!({"job": job})).await;
    assert_eq!(data["runJob"]["job"]["name"], job, "{data}");
}

/// Makes so many sessions that ran out long ago: work for `session_retention`, a batch every ten milliseconds or more.
async fn crowd(place: &Place, sessions: usize) {
    let make = match place.backend {
        Backend::Sqlite => format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {sessions}) \
             INSERT INTO sessions SELECT randomblob(16), tenant_id, id, randomblob(32), 0, NULL, NULL, \
             created_at, created_at, '2020-01-01T00:00:00+00:00', NULL FROM users, n"
        ),
        Backend::Postgres => format!(
            "INSERT INTO sessions SELECT gen_random_uuid(), tenant_id, id, sha256(gen_random_uuid()::text::bytea), \
             false, NULL, NULL, created_at, created_at, '2020-01-01T00:00:00Z', NULL \
             FROM users, generate_series(1, {sessions})"
        ),
    };
    let db = place.database().await;
    assert_eq!(db.execute_unprepared(&make).await.unwrap().rows_affected(), sessions as u64);
    db.close().await.unwrap();
}

/// How many of those sessions are there.
async fn crowded(place: &Place) -> i64 {
    place.figure("SELECT count(*) AS figure FROM sessions WHERE created_at > expires_at").await
}

/// A run as it stands in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Run {
    job: String,
    token: i64,
    status: String,
    started_at: String,
    finished_at: Option<String>,
    notes: Option<String>,
}

impl Run {
    /// Whether it is one of this job under this token that succeeded.
    fn is_done(&self, job: &str, token: i64) -> bool {
        (self.job.as_str(), self.token, self.status.as_str()) == (job, token, "SUCCEEDED")
    }
}

/// Every run, oldest first.
async fn runs(place: &Place) -> Vec<Run> {
    let db = place.database().await;
    let query = "SELECT job, fencing_token, status, CAST(started_at AS TEXT) AS started_at, \
                 CAST(finished_at AS TEXT) AS finished_at, notes FROM scheduler_run ORDER BY id";
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), query)).await.unwrap();
    let runs = rows.iter().map(|row| Run {
        job: row.try_get("", "job").unwrap(),
        token: row.try_get("", "fencing_token").unwrap(),
        status: row.try_get("", "status").unwrap(),
        started_at: row.try_get("", "started_at").unwrap(),
        finished_at: row.try_get("", "finished_at").unwrap(),
        notes: row.try_get("", "notes").unwrap(),
    });
    let runs = runs.collect();
    db.close().await.unwrap();
    runs
}

/// Fails where a job was run twice for one time, or beside itself, or where a term's work comes after that of a later one.
async fn assert_nothing_doubled(place: &Place) {
    let doubled = "SELECT count(*) AS figure FROM (SELECT job FROM scheduler_run WHERE status <> 'ABANDONED' \
                   GROUP BY job, scheduled_for HAVING count(*) > 1) AS doubled";
    assert_eq!(place.figure(doubled).await, 0, "{:#?}", runs(place).await);
    let overlapping = "SELECT count(*) AS figure FROM scheduler_run a JOIN scheduler_run b ON a.job = b.job AND a.id < b.id \
                       AND (a.finished_at IS NULL OR a.finished_at > b.started_at)";
    assert_eq!(place.figure(overlapping).await, 0, "{:#?}", runs(place).await);
    let all = runs(place).await;
    assert!(all.is_sorted_by_key(|run| run.token), "{all:#?}");
}
