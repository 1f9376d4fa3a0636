//! What is told of the jobs: by the one that runs them, and by the one that ran them before.

use bellwether_tests::{Client, PATIENCE, Port, both_databases, far_from_the_hour};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::takeover::pause_between_writes;
use super::{ask_for, brisk, hear, leads, owner, said, settled};
use crate::place::Place;
use crate::server::{Server, http, until};

const AGAIN_AND_AGAIN: &str = "a job fails again and again: see schedulerRuns";

/// A server with an address of its own for metrics.
async fn serve_measured(place: &Place) -> (Server, Port) {
    let metrics = Port::hold();
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("BELLWETHER__METRICS__LISTEN", metrics.address.to_string());
    (Server::start(command, place).await, metrics)
}

/// Waits until a server tells all of these lines.
async fn tells(metrics: &Port, wanted: &[String]) {
    until(PATIENCE, "it is told", async || {
        let text = http().get(format!("http://{}/metrics", metrics.address)).send().await.ok()?.text().await.ok()?;
        let missing: Vec<_> = wanted.iter().filter(|line| !text.lines().any(|told| told == line.as_str())).collect();
        if missing.is_empty() {
            Some(())
        } else {
            eprintln!("not yet: {missing:?}");
            None
        }
    })
    .await;
}

/// Asks for a run that will fail, and waits for its end.
async fn fail(client: &Client, failures: u64) {
    ask_for(client, "audit_verification").await;
    let query = "{ schedulerStatus { jobs { name failuresInARow requestedAt lastSucceededAt lastRun { notes } } } }";
    until(PATIENCE, "the run has failed", async || {
        let status = client.data(query, json!({})).await;
        let jobs = status["schedulerStatus"]["jobs"].as_array().unwrap().clone();
        let job = jobs.into_iter().find(|job| job["name"] == "audit_verification").unwrap();
        (job["failuresInARow"].as_u64() >= Some(failures) && job["requestedAt"] == Value::Null).then_some(())
    })
    .await;
}

/// Changes an entry of the audit log, as somebody who got into the database would.
async fn tamper(place: &Place) {
    let db = place.database().await;
    let changed = "UPDATE audit_log SET address = '10.9.8.7' WHERE sequence = 1";
    assert_eq!(db.execute_unprepared(changed).await.unwrap().rows_affected(), 1);
    db.close().await.unwrap();
}

both_databases! {
    /// Three failures in a row are a warning, not fewer; every instance tells the number, and also whoever leads next warns.
    /// What an instance told while it held the lock is not what it tells for ever.
    async fn failures_in_a_row_are_told_by_all_and_by_a_former_holder(app: Place) {
        far_from_the_hour().await;
        let app = brisk(app);
        let (one, at_one) = serve_measured(&app).await;
        let first = leads(&one, "scheduler lock acquired").await;
        settled(&app).await;
        let job = |failures: u64| format!("bellwether_job_failures_in_a_row{{job=\"audit_verification\"}} {failures}");
        let held = |held: u8| format!("bellwether_scheduler_lock_held {held}");
        tells(&at_one, &[job(0), held(1)]).await;

        let (two, at_two) = serve_measured(&app).await;
        let client = owner(&two).await;
        pause_between_writes(&app, &one).await;
        assert_eq!(leads(&two, "scheduler lock taken over").await, first + 1);
        one.go_on();
        assert_eq!(hear(&one, "scheduler lock lost", 1).await["token"], first);

        tamper(&app).await;
        for failures in 1..=2 {
            fail(&client, failures).await;
        }
        assert!(said(&two, AGAIN_AND_AGAIN).is_empty(), "{}", two.log());
        fail(&client, 3).await;
        let warning = hear(&two, AGAIN_AND_AGAIN, 1).await;
        assert_eq!([&warning["level"], &warning["job"], &warning["failures"]], [&json!("WARN"), &json!("audit_verification"), &json!(3)]);
        tells(&at_two, &[job(3), held(1)]).await;
        tells(&at_one, &[job(3), held(0)]).await;
        assert!(said(&one, AGAIN_AND_AGAIN).is_empty(), "it does not run the jobs: {}", one.log());

        // Who takes over warns too: it may be the first that somebody reads.
        two.ask_to_stop();
        leads(&one, "scheduler lock acquired").await;
        hear(&one, AGAIN_AND_AGAIN, 1).await;
        tells(&at_one, &[job(3), held(1)]).await;
    }
}
