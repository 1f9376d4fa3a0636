//! A database that is not there for a while.

use std::time::{Duration, Instant};

use bellwether_tests::{Answer, PATIENCE};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::{RECORD, outcome, signal};
use crate::cluster::Cluster;
use crate::place::Place;
use crate::server::{Server, http, until};

/// Fails unless an answer says that it is the service that is away, and when to come back.
#[track_caller]
fn assert_unavailable(answer: &Answer) {
    assert_eq!((answer.status.as_u16(), answer.code()), (503, Some("UNAVAILABLE")), "{}", answer.body);
    let extensions = &answer.body["errors"][0]["extensions"];
    assert_eq!(extensions["retryable"], true, "{extensions}");
    assert!(extensions["retryAfterSeconds"].as_u64().is_some_and(|seconds| seconds > 0), "{extensions}");
    assert!(extensions["requestId"].is_string(), "{extensions}");
    assert!(answer.headers.contains_key("retry-after"), "{:?}", answer.headers);
    assert_eq!(answer.leaks(), None, "{}", answer.body);
}

async fn ready(server: &Server) -> (u16, serde_json::Value) {
    let (status, body) = server.get("/ready").await.unwrap();
    (status, serde_json::from_str(&body).unwrap())
}

/// Somebody else writes to the file for longer than the busy timeout, such as a backup or a shell.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_sqlite_database_is_told_and_waited_for() {
    // What locks the database is not to wait for jobs that write.
    let place = Place::sqlite().with("SCHEDULER__ENABLED", "false").founded();
    let server = place.serve().await;
    let client = server.register("trader@acme.test").await;
    let first = client.data(RECORD, json!({"input": signal(0)})).await;
    assert_eq!(first["recordSignal"]["outcome"], "INSERTED");
    let source = client.data("mutation { createSignalSource(input: {name: \"alerts\"}) { token } }", json!({})).await;
    let source = source["createSignalSource"]["token"].as_str().unwrap().to_owned();

    let other = place.database().await;
    other.execute_unprepared("BEGIN EXCLUSIVE").await.unwrap();
    let started = Instant::now();
    let (one, two, hook) = tokio::join!(
        async { (client.send(RECORD, json!({"input": signal(1)})).await, started.elapsed()) },
        async { (client.send(RECORD, json!({"input": signal(2)})).await, started.elapsed()) },
        async {
            let url = format!("http://{}/hooks/tradingview/{source}", server.address);
            let answer = http().post(url).body("BUY MSFT 1h").send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap(), started.elapsed())
        },
    );
    eprintln!("while locked: answers after {:?} and {:?}; the webhook's after {:?}", one.1, two.1, hook.2);
    assert_unavailable(&one.0);
    assert_unavailable(&two.0);
    assert_eq!(hook.0, 503, "{}", hook.1);
    assert!(hook.1.contains("UNAVAILABLE"), "{}", hook.1);
    // Nobody is kept longer than a request may take, which is 30 s.
    assert!(started.elapsed() < Duration::from_secs(45), "{:?}", started.elapsed());
    // Reading goes on meanwhile.
    let read = client.data("{ signals(first: 10) { totalCount } }", json!({})).await;
    assert_eq!(read["signals"]["totalCount"], 1);
    assert_eq!(ready(&server).await.0, 200);
    other.execute_unprepared("ROLLBACK").await.unwrap();
    other.close().await.unwrap();

    for number in 0..3 {
        let recorded = until(PATIENCE, "signals are recorded again", async || {
            let answer = client.send(RECORD, json!({"input": signal(number)})).await;
            outcome(&answer.body).map(str::to_owned)
        });
        assert!(["INSERTED", "IGNORED"].contains(&recorded.await.as_str()));
    }
    assert_eq!(place.count("signals").await, 3);
    let answer = client.send(RECORD, json!({"input": signal(1)})).await;
    assert_eq!(outcome(&answer.body), Some("IGNORED"));
    // What was refused with 503 was not kept.
    assert_eq!(place.count("signal_deliveries").await, 0);
}

/// Whoever holds the file does not keep a server from stopping well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_stops_while_its_database_is_locked() {
    let place = Place::sqlite().founded();
    let mut server = place.serve().await;
    let client = server.register("trader@acme.test").await;
    assert_eq!(client.data(RECORD, json!({"input": signal(0)})).await["recordSignal"]["outcome"], "INSERTED");
    let other = place.database().await;
    until(PATIENCE, "the jobs leave a gap", async || other.execute_unprepared("BEGIN EXCLUSIVE").await.ok()).await;
    server.ask_to_stop();
    let status = server.ended().await;
    assert_eq!(status.code(), Some(0), "{}", server.log());
    other.execute_unprepared("ROLLBACK").await.unwrap();
    other.close().await.unwrap();
    assert_eq!(place.count("signals").await, 1);
}

/// PostgreSQL goes and comes back; the server stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_may_go_and_come_back() {
    let Some(cluster) = Cluster::start() else { return };
    let place = Place::postgres(cluster.url()).founded();
    let server = place.serve().await;
    let client = server.register("trader@acme.test").await;
    assert_eq!(client.data(RECORD, json!({"input": signal(0)})).await["recordSignal"]["outcome"], "INSERTED");
    let mut socket = server.socket(client.token.as_deref().unwrap()).await;
    super::streams::subscribe(&mut socket).await;
    super::streams::event(&mut socket).await;

    for round in 0..2 {
        cluster.down();
        let gone = Instant::now();
        let not_ready = until(PATIENCE, "it is not ready", async || {
            let (status, body) = ready(&server).await;
            (status == 503).then_some(body)
        });
        let not_ready = not_ready.await;
        assert!(not_ready["failed"].as_array().unwrap().contains(&json!("database")), "{not_ready}");
        assert_eq!(server.get("/health").await.unwrap().0, 200);
        let asked = Instant::now();
        let (write, read) = tokio::join!(
            client.send(RECORD, json!({"input": signal(1 + round)})),
            client.send("{ signals(first: 1) { nodes { id } } }", json!({})),
        );
        assert_unavailable(&write);
        assert_unavailable(&read);
        assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
        eprintln!("gone: answers after {:?}, {:?} after the outage began", asked.elapsed(), gone.elapsed());

        cluster.up();
        let back = Instant::now();
        until(PATIENCE, "it is ready again", async || (ready(&server).await.0 == 200).then_some(())).await;
        let recorded = until(PATIENCE, "signals are recorded again", async || {
            let answer = client.send(RECORD, json!({"input": signal(1 + round)})).await;
            outcome(&answer.body).map(str::to_owned)
        });
        assert_eq!(recorded.await, "INSERTED");
        eprintln!("back: recorded after {:?}", back.elapsed());
        // Whoever followed before is told.
        super::streams::event(&mut socket).await;
    }
    assert_eq!(place.count("signals").await, 3);
    // The log of an outage is for people to read, too.
    let complaints = server.lines().filter(|line| line["level"] == "WARN" || line["level"] == "ERROR").count();
    eprintln!("{complaints} warnings and errors in the log of two short outages");
    assert!(complaints < 200, "the log is flooded: {complaints} lines");
    let (code, _) = server.terminate().await;
    assert_eq!(code, Some(0));
}

/// A database that is there and does not answer keeps nobody waiting who asks whether the server is ready.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_hangs_is_told_within_a_second() {
    let Some(cluster) = Cluster::start() else { return };
    let place = Place::postgres(cluster.url()).with("SCHEDULER__ENABLED", "false").founded();
    let server = place.serve().await;
    assert_eq!(ready(&server).await.0, 200);
    cluster.pause();
    let asked = Instant::now();
    let (status, told) = ready(&server).await;
    let took = asked.elapsed();
    let health = server.get("/health").await.unwrap().0;
    cluster.go_on();
    assert_eq!((status, &told["failed"]), (503, &json!(["database", "migrations"])), "{told}");
    assert_eq!(told["checks"]["database"], "no answer within 1 s");
    // A statement would wait for fifteen.
    assert!(took >= Duration::from_secs(1) && took < Duration::from_secs(10), "{took:?}");
    assert_eq!(health, 200);
    until(PATIENCE, "it is ready again", async || (ready(&server).await.0 == 200).then_some(())).await;
}
