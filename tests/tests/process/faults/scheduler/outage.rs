//! PostgreSQL goes and comes back in the middle of a job.

use bellwether_tests::{PATIENCE, far_from_the_hour};
use serde_json::json;

use super::{ask_for, assert_nothing_doubled, brisk, crowd, crowded, hear, leads, owner, runs, settled};
use crate::cluster::Cluster;
use crate::place::Place;
use crate::server::{attempt, until};

const MANY: usize = 60_000;

/// Longer than the lease: the holder stops, and begins a new term when the database is back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_is_done_over_after_the_database_was_away() {
    let Some(cluster) = Cluster::start() else { return };
    far_from_the_hour().await;
    let place = brisk(Place::postgres(cluster.url()));
    let server = place.serve().await;
    let first = leads(&server, "scheduler lock acquired").await;
    settled(&place).await;
    crowd(&place, MANY).await;
    ask_for(&owner(&server).await, "session_retention").await;
    until(PATIENCE, "the work is under way", async || (crowded(&place).await < MANY as i64 - 200).then_some(())).await;
    cluster.down();
    let lost = hear(&server, "scheduler lock lost", 1).await;
    assert_eq!(
        (lost["token"].as_i64(), lost["cause"].as_str()),
        (Some(first), Some("it could not be renewed in time"))
    );
    cluster.up();
    // Taken over from itself, or acquired, where its lease had not yet expired: it gave that back first.
    let second = first + 1;
    until(PATIENCE, "a new term", async || server.lines().find(|line| line["token"] == second)).await;
    until(PATIENCE, "the work is done", async || (crowded(&place).await == 0).then_some(())).await;
    let done = async || {
        let runs = runs(&place).await;
        let done = runs.iter().any(|run| run.is_done("session_retention", second));
        done.then_some(runs)
    };
    let runs = until(PATIENCE, "and written down", done).await;
    assert!(runs.iter().any(|run| (run.token, run.status.as_str()) == (first, "ABANDONED")), "{runs:#?}");
    assert_nothing_doubled(&place).await;
    assert_eq!(server.terminate().await.0, Some(0));
}

/// Shorter than the lease: nothing happens but that a renewal is sent again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_short_outage_ends_no_term() {
    let Some(cluster) = Cluster::start() else { return };
    far_from_the_hour().await;
    // The lease of every day.
    let place = Place::postgres(cluster.url());
    let place = place.with("LOG__LEVEL", "info,bellwether_domain::scheduler=debug").founded();
    let server = place.serve().await;
    let first = leads(&server, "scheduler lock acquired").await;
    settled(&place).await;
    let client = owner(&server).await;
    cluster.down();
    cluster.up();
    until(PATIENCE, "the owner is answered again", async || {
        let query = "mutation { runJob(input: {job: \"delivery_redrive\"}) { job { name } } }";
        attempt(&client, query, json!({})).await.filter(|answer| answer["data"]["runJob"]["job"].is_object())
    })
    .await;
    let asked = "SELECT count(*) AS figure FROM scheduler_run WHERE requested_by IS NOT NULL AND status = 'SUCCEEDED'";
    until(PATIENCE, "jobs run again", async || (place.figure(asked).await == 1).then_some(())).await;
    assert!(runs(&place).await.iter().all(|run| run.token == first));
    assert!(super::said(&server, "scheduler lock lost").is_empty(), "{}", server.log());
    assert_nothing_doubled(&place).await;
}
